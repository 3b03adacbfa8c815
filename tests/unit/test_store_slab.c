/* SPDX-License-Identifier: MPL-2.0 */
/* The slab against what was put in: blocks do not overlap, are used again, and cost little. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "lib/base/random.h"
#include "lib/store/slab.h"
#include "tests/support/failing_allocator.h"

enum { COUNT = 4000 };

typedef struct piece {
    zc_block_t block;
    size_t bytes;
    uint8_t filled;
} piece_t;

static zc_failing_allocator_t failing;
static zc_slab_t slab;
static piece_t pieces[COUNT];

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_slab_init(&slab, &failing.allocator);
}

static void stop(void) {
    zc_slab_check(&slab);
    zc_slab_fini(&slab);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(store_slab, .init = start, .fini = stop);

static void take(piece_t *piece, size_t bytes, uint8_t filled) {
    *piece = (piece_t){zc_slab_take(&slab, bytes), bytes, filled};
    cr_assert_neq(piece->block, ZC_BLOCK_NONE);
    cr_assert_eq((uintptr_t)zc_slab_at(&slab, piece->block) % 4, 0);
    memset(zc_slab_at(&slab, piece->block), filled, bytes);
}

static void give(piece_t *piece) {
    const uint8_t *bytes = zc_slab_at(&slab, piece->block);
    for (size_t i = 0; i < piece->bytes; i++) {
        cr_assert_eq(bytes[i], piece->filled);
    }
    zc_slab_give(&slab, piece->block);
    piece->block = ZC_BLOCK_NONE;
}

static size_t random_bytes(zc_random_t *random) {
    return 1 + zc_random_below(random, UINT64_C(1) << zc_random_below(random, 15));
}

Test(store_slab, blocks_of_all_sizes_keep_their_bytes) {
    zc_random_t random = {3};
    for (unsigned i = 0; i < 100000; i++) {
        piece_t *piece = &pieces[zc_random_below(&random, COUNT)];
        if (piece->block == ZC_BLOCK_NONE) {
            take(piece, random_bytes(&random), (uint8_t)i);
        } else {
            give(piece);
        }
        if (i % 10000 == 0) {
            zc_slab_check(&slab);
        }
    }
    for (unsigned i = 0; i < COUNT; i++) {
        if (pieces[i].block != ZC_BLOCK_NONE) {
            give(&pieces[i]);
        }
    }
    cr_assert_eq(slab.live, 0);
    cr_assert_eq(slab.page_bytes, slab.empty_bytes);
}

Test(store_slab, few_entries_take_a_few_kib) {
    take(&pieces[0], 100, 1);
    take(&pieces[1], 100, 1);
    cr_assert_leq(failing.bytes, 2048);
}

Test(store_slab, many_of_one_size_take_little_beside_themselves) {
    uint64_t live = 0;
    for (unsigned i = 0; i < 100000; i++) {
        cr_assert_neq(zc_slab_take(&slab, 124), ZC_BLOCK_NONE);
        live += 124;
    }
    cr_assert_eq(slab.live_bytes, live);
    cr_assert_lt(failing.bytes, live + live / 80 + ((uint64_t)1 << ZC_SIZES_PAGE_BITS));
}

Test(store_slab, empty_pages_serve_any_class) {
    zc_slab_pin(&slab);
    for (unsigned i = 0; i < COUNT; i++) {
        take(&pieces[i], 200, 1);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        give(&pieces[i]);
    }
    uint64_t bytes = slab.page_bytes;
    for (unsigned i = 0; i < COUNT; i++) {
        take(&pieces[i], 150, 2);
    }
    cr_assert_leq(slab.page_bytes, bytes);
}

Test(store_slab, blocks_come_from_the_fullest_page) {
    for (unsigned i = 0; i < COUNT; i++) {
        take(&pieces[i], 200, 1);
    }
    uint32_t page = zc_block_page(pieces[COUNT - 1].block);
    for (unsigned i = 0; i < COUNT; i++) {
        if (zc_block_page(pieces[i].block) == page) {
            give(&pieces[i]);
            break;
        }
    }
    unsigned given = 0;
    for (unsigned i = 0; given < 60; i++) {
        if (zc_block_page(pieces[i].block) != page && pieces[i].block != ZC_BLOCK_NONE) {
            give(&pieces[i]);
            given++;
        }
    }
    piece_t piece;
    take(&piece, 200, 2);
    const zc_page_t *from = zc_page_at(&slab.pages, zc_block_page(piece.block));
    for (uint32_t number = 1; number < slab.pages.end; number++) {
        const zc_page_t *other = zc_page_at(&slab.pages, number);
        if (other->live > 0 && other->live < other->blocks) {
            cr_assert_leq(other->bin, from->bin);
        }
    }
}

Test(store_slab, memory_goes_back_unless_a_reader_may_look_at_it) {
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            take(&pieces[i], 2000, 1);
        }
        uint64_t most = slab.page_bytes;
        if (round == 0) {
            zc_slab_pin(&slab);
        }
        for (unsigned i = 0; i < COUNT; i++) {
            give(&pieces[i]);
        }
        if (round == 0) {
            cr_assert_eq(slab.page_bytes, most);
            zc_slab_unpin(&slab);
        } else {
            cr_assert_lt(slab.page_bytes, most / 2);
        }
    }
}

Test(store_slab, large_blocks_are_the_allocators) {
    uint64_t before = failing.blocks;
    take(&pieces[0], ZC_SIZES_BYTES_MAX + 1, 1);
    take(&pieces[1], 100000, 2);
    cr_assert(zc_block_is_large(pieces[0].block) && zc_block_is_large(pieces[1].block));
    cr_assert_eq(slab.large_bytes, ZC_SIZES_BYTES_MAX + ZC_HALF_BYTES + 100000);
    zc_slab_check(&slab);
    give(&pieces[0]);
    take(&pieces[2], 9000, 3);
    give(&pieces[1]);
    give(&pieces[2]);
    cr_assert_eq(failing.blocks, before + 1, "the table of large blocks");
}

Test(store_slab, no_memory_leaves_it_as_it_was) {
    size_t sizes[] = {10, 200, ZC_SIZES_BYTES_MAX + 1};
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t n = 0;; n++) {
            zc_failing_allocator_fail_after(&failing, n);
            zc_block_t block = zc_slab_take(&slab, sizes[i]);
            bool failed = zc_failing_allocator_stop(&failing);
            zc_slab_check(&slab);
            if (!failed) {
                cr_assert_neq(block, ZC_BLOCK_NONE);
                break;
            }
            cr_assert_eq(block, ZC_BLOCK_NONE);
        }
    }
    cr_assert_eq(slab.live, 3);
}

Test(store_slab, block_is_not_given_twice, .signal = SIGABRT) {
    take(&pieces[0], 10, 1);
    take(&pieces[1], 10, 1);
    zc_slab_give(&slab, pieces[0].block);
    zc_slab_give(&slab, pieces[0].block);
}

Test(store_slab, check_finds_a_wrong_bit, .signal = SIGABRT) {
    take(&pieces[0], 10, 1);
    zc_page_at(&slab.pages, zc_block_page(pieces[0].block))->memory[0] ^= 2;
    zc_slab_check(&slab);
}

Test(store_slab, check_finds_wrong_bytes, .signal = SIGABRT) {
    take(&pieces[0], 10, 1);
    slab.live_bytes++;
    zc_slab_check(&slab);
}

Test(store_slab, check_finds_a_page_in_the_wrong_list, .signal = SIGABRT) {
    take(&pieces[0], 10, 1);
    zc_page_at(&slab.pages, zc_block_page(pieces[0].block))->bin++;
    zc_slab_check(&slab);
}
