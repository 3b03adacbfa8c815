/* SPDX-License-Identifier: MPL-2.0 */
/* Compaction: memory does not grow where sizes change, and nothing is lost on the way. */
#include <criterion/criterion.h>
#include <string.h>

#include "lib/base/random.h"
#include "lib/store/compact.h"
#include "tests/support/failing_allocator.h"

enum { COUNT = 300000 };

static zc_failing_allocator_t failing;
static zc_slab_t slab;
static zc_block_t blocks[COUNT];
static size_t sizes[COUNT];
static uint64_t moved;
static uint64_t highest; /* of bytes in use */

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_slab_init(&slab, &failing.allocator);
    slab.readers = 1; /* what is empty stays */
}

static void stop(void) {
    zc_slab_check(&slab);
    zc_slab_fini(&slab);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(store_compact, .init = start, .fini = stop);

/* Each block begins with its place, as a payload begins with its key. */
static void move_some(uint64_t written_bytes) {
    for (;; written_bytes = 0) {
        zc_block_t block = zc_compact_next(&slab, written_bytes);
        if (block == ZC_BLOCK_NONE) {
            return;
        }
        uint32_t owner;
        memcpy(&owner, zc_slab_at(&slab, block), sizeof owner);
        cr_assert_eq(blocks[owner], block);
        blocks[owner] = zc_compact_move(&slab, block);
        cr_assert_neq(blocks[owner], ZC_BLOCK_NONE);
        zc_slab_give(&slab, block);
        moved++;
    }
}

static void write(uint32_t owner, size_t bytes) {
    zc_block_t block = zc_slab_take(&slab, bytes);
    cr_assert_neq(block, ZC_BLOCK_NONE);
    memset(zc_slab_at(&slab, block), (int)owner, bytes);
    memcpy(zc_slab_at(&slab, block), &owner, sizeof owner);
    if (blocks[owner] != ZC_BLOCK_NONE) {
        zc_slab_give(&slab, blocks[owner]);
    }
    blocks[owner] = block;
    sizes[owner] = bytes;
    highest = slab.live_bytes > highest ? slab.live_bytes : highest;
    move_some(bytes);
}

static void check_all(void) {
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint8_t *bytes = zc_slab_at(&slab, blocks[i]);
        cr_assert_eq(memcmp(bytes, &i, sizeof i), 0);
        for (size_t at = sizeof i; at < sizes[i]; at++) {
            cr_assert_eq(bytes[at], (uint8_t)i);
        }
    }
    zc_slab_check(&slab);
}

Test(store_compact, memory_does_not_grow_where_sizes_change, .timeout = 100) {
    zc_random_t random = {5};
    for (size_t base = 40; base < 1600; base += base / 4) {
        /* As many bytes at each size, so that only the classes change. */
        uint32_t count = (uint32_t)(COUNT * 40 / base);
        for (uint32_t i = 0; i < 4 * count; i++) {
            write((uint32_t)zc_random_below(&random, count), base + zc_random_below(&random, 9));
        }
        for (uint32_t i = count; i < COUNT; i++) {
            write(i, 8);
        }
        cr_assert_lt(slab.page_bytes, highest + highest / 10 + (UINT64_C(8) << ZC_SIZES_PAGE_BITS));
    }
    cr_assert_gt(moved, 0);
    check_all();
}

Test(store_compact, nothing_moves_where_sizes_stay) {
    zc_random_t random = {6};
    for (unsigned i = 0; i < 10 * COUNT; i++) {
        write((uint32_t)zc_random_below(&random, COUNT), 100);
    }
    cr_assert_eq(moved, 0);
}

/* What was in the page may go, and others may take the room that was there for it. */
Test(store_compact, page_that_is_emptied_may_lose_its_blocks_and_its_room) {
    for (uint32_t i = 0; i < COUNT; i++) {
        write(i, 100);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        if (i % 8 != 0) {
            zc_slab_give(&slab, blocks[i]);
            blocks[i] = ZC_BLOCK_NONE;
        }
    }
    slab.compaction.due = true;
    zc_block_t first = zc_compact_next(&slab, 100);
    cr_assert_neq(first, ZC_BLOCK_NONE);
    uint32_t page = zc_block_page(first);
    const zc_page_t *emptied = zc_page_at(&slab.pages, page);
    while (slab.classes[zc_size_class(100)].free > (uint32_t)(emptied->blocks - emptied->live)) {
        cr_assert_neq(zc_block_page(zc_slab_take(&slab, 100)), page);
    }
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_compact_move(&slab, first), ZC_BLOCK_NONE);
    cr_assert(zc_failing_allocator_stop(&failing));
    cr_assert_eq(slab.compaction.page, ZC_PAGE_NONE);
    zc_slab_check(&slab);
    cr_assert_eq(zc_block_page(zc_slab_take(&slab, 100)), page);
}

Test(store_compact, page_whose_blocks_go_by_themselves_is_empty) {
    for (uint32_t i = 0; i < COUNT; i++) {
        write(i, 100);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        if (i % 8 != 0) {
            zc_slab_give(&slab, blocks[i]);
        }
    }
    slab.compaction.due = true;
    uint32_t page = zc_block_page(zc_compact_next(&slab, 100));
    uint64_t empty = slab.empty_bytes;
    for (uint32_t i = 0; i < COUNT; i += 8) {
        if (zc_block_page(blocks[i]) == page) {
            zc_slab_give(&slab, blocks[i]);
        }
    }
    cr_assert_eq(slab.compaction.page, ZC_PAGE_NONE);
    cr_assert_gt(slab.empty_bytes, empty);
}
