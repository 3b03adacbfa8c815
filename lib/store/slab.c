/* SPDX-License-Identifier: MPL-2.0 */
/* Taking blocks and giving them back. A page is in the bin of its class that its blocks in use make
 * it belong to, in no list where all are or where it is being emptied, and in a list of empty pages
 * where none is. */
#include "lib/store/slab.h"

#include <string.h>

#include "lib/base/assert.h"

enum { WORD_BITS = 64 };

/* Empty pages are kept, but for what is above this share of all and two whole pages. */
enum { EMPTY_SHARE = 16 };

/* The next page of a class is this share of its own pages, or of all, if that is more. */
enum { CLASS_SHARE = 8, ALL_SHARE = 1024 };

/* With fewer blocks in a page much would be left over at its end. */
enum { LEAST_BLOCKS = 4 };

static const uint64_t whole_bytes = UINT64_C(1) << ZC_SIZES_PAGE_BITS;

void zc_slab_init(zc_slab_t *slab, const zc_allocator_t *allocator) {
    memset(slab, 0, sizeof *slab);
    slab->allocator = allocator;
}

void zc_slab_fini(zc_slab_t *slab) {
    zc_pages_fini(&slab->pages, slab->allocator);
    zc_pages_fini(&slab->large, slab->allocator);
}

static uint64_t bytes_of(const zc_page_t *page) {
    return UINT64_C(1) << page->bits;
}

static uint64_t *words_of(const zc_page_t *page) {
    return (uint64_t *)(void *)page->memory;
}

/* Readers may take it for part of a block that was there before. */
static void set_word(const zc_page_t *page, size_t place, uint64_t word) {
    zc_word_store(&words_of(page)[place], word);
}

static size_t word_count(uint32_t blocks) {
    return (blocks + WORD_BITS - 1) / WORD_BITS;
}

static uint8_t bin_of(const zc_page_t *page) {
    return (uint8_t)(page->live * ZC_SLAB_BINS / page->blocks);
}

/* Whether the page is in the bin of bin_of, found without a division. */
static bool is_in_its_bin(const zc_page_t *page) {
    uint32_t filled = (uint32_t)page->live * ZC_SLAB_BINS;
    uint32_t least = (uint32_t)page->blocks * page->bin;
    return filled >= least && filled - least < page->blocks;
}

/* -- Lists ----------------------------------------------------------------- */

static void link_first(zc_slab_t *slab, uint32_t *list, uint32_t number) {
    zc_page_t *page = zc_page_at(&slab->pages, number);
    page->newer = ZC_PAGE_NONE;
    page->older = *list;
    if (*list != ZC_PAGE_NONE) {
        zc_page_at(&slab->pages, *list)->newer = number;
    }
    *list = number;
}

static void leave_list(zc_slab_t *slab, uint32_t *list, uint32_t number) {
    const zc_page_t *page = zc_page_at(&slab->pages, number);
    if (page->newer != ZC_PAGE_NONE) {
        zc_page_at(&slab->pages, page->newer)->older = page->older;
    } else {
        ZC_ASSERT(*list == number);
        *list = page->older;
    }
    if (page->older != ZC_PAGE_NONE) {
        zc_page_at(&slab->pages, page->older)->newer = page->newer;
    }
}

void zc_slab_page_leave(zc_slab_t *slab, uint32_t number) {
    const zc_page_t *page = zc_page_at(&slab->pages, number);
    if (page->bin != ZC_SLAB_BIN_FULL) {
        leave_list(slab, &slab->classes[page->kind].bins[page->bin], number);
    }
}

void zc_slab_page_enter(zc_slab_t *slab, uint32_t number) {
    zc_page_t *page = zc_page_at(&slab->pages, number);
    page->bin = bin_of(page);
    if (page->bin != ZC_SLAB_BIN_FULL) {
        link_first(slab, &slab->classes[page->kind].bins[page->bin], number);
    }
}

/* How much of a page is in use has changed. */
static void settle(zc_slab_t *slab, uint32_t number) {
    const zc_page_t *page = zc_page_at(&slab->pages, number);
    if (!is_in_its_bin(page)) {
        zc_slab_page_leave(slab, number);
        zc_slab_page_enter(slab, number);
    }
}

/* -- Pages ----------------------------------------------------------------- */

/* How many blocks fit beside the bits that tell which are in use. */
static uint32_t blocks_of(unsigned bits, uint32_t block_bytes) {
    size_t bytes = ((size_t)1 << bits) - ZC_PAGE_SPARED;
    size_t blocks = bytes / block_bytes;
    blocks = blocks < ZC_PAGE_BLOCKS_MAX ? blocks : ZC_PAGE_BLOCKS_MAX;
    while (blocks * block_bytes + word_count((uint32_t)blocks) * sizeof(uint64_t) > bytes) {
        blocks--;
    }
    return (uint32_t)blocks;
}

/* Cuts an empty page for a class, and puts it there. */
static void cut(zc_slab_t *slab, uint32_t number, unsigned size_class) {
    zc_page_t *page = zc_page_at(&slab->pages, number);
    zc_slab_class_t *of = &slab->classes[size_class];
    page->kind = (uint8_t)size_class;
    zc_word_store(&page->block_bytes, zc_size_bytes(size_class));
    page->blocks = (uint16_t)blocks_of(page->bits, page->block_bytes);
    page->live = 0;
    page->search = 0;
    size_t words = word_count(page->blocks);
    zc_word_store(&page->first, (uint16_t)(words * sizeof(uint64_t)));
    for (size_t i = 0; i < words; i++) {
        set_word(page, i, 0);
    }
    if (page->blocks % WORD_BITS != 0) {
        set_word(page, words - 1, UINT64_MAX << page->blocks % WORD_BITS);
    }
    of->page_bytes += bytes_of(page);
    of->free += page->blocks;
    zc_slab_page_enter(slab, number);
    slab->compaction.due = true;
}

/* The numbers of blocks are enough for a page of this size. */
static bool can_fill(unsigned bits, uint32_t block_bytes) {
    return UINT64_C(1) << bits <= (uint64_t)block_bytes * ZC_PAGE_BLOCKS_MAX;
}

/* The size of the next page of a class, by what it has and what all have: were pages of few sizes
 * left to small classes, empty ones of another size would lie idle. *least is the smallest that
 * will do. */
static unsigned wanted_bits(const zc_slab_t *slab, const zc_slab_class_t *of, uint32_t block_bytes,
                            unsigned *least) {
    uint64_t most = slab->page_bytes / ALL_SHARE;
    most = most > of->page_bytes / CLASS_SHARE ? most : of->page_bytes / CLASS_SHARE;
    unsigned bits = ZC_SIZES_PAGE_BITS_MIN;
    while (blocks_of(bits, block_bytes) < LEAST_BLOCKS) {
        bits++;
    }
    *least = bits;
    while (bits < ZC_SIZES_PAGE_BITS && UINT64_C(2) << bits <= most &&
           can_fill(bits + 1, block_bytes)) {
        bits++;
    }
    return bits;
}

/* An empty page: best of this size, else smaller, else up to eight times as large, as far as that
 * can be filled. */
static uint32_t find_empty(const zc_slab_t *slab, uint32_t block_bytes, unsigned bits,
                           unsigned least) {
    for (unsigned at = bits; at >= least; at--) {
        if (slab->empty[at] != ZC_PAGE_NONE) {
            return slab->empty[at];
        }
    }
    for (unsigned at = bits + 1; at <= bits + 3 && at <= ZC_SIZES_PAGE_BITS; at++) {
        if (slab->empty[at] != ZC_PAGE_NONE && can_fill(at, block_bytes)) {
            return slab->empty[at];
        }
    }
    return ZC_PAGE_NONE;
}

static uint32_t new_page(zc_slab_t *slab, unsigned bits) {
    void *memory = zc_allocate(slab->allocator, ((size_t)1 << bits) - ZC_PAGE_SPARED);
    if (memory == NULL) {
        return ZC_PAGE_NONE;
    }
    uint32_t number =
        zc_pages_add(&slab->pages, slab->allocator, memory, ZC_BLOCK_LARGE >> ZC_BLOCK_NUMBER_BITS);
    if (number == ZC_PAGE_NONE) {
        zc_free(slab->allocator, memory);
        return ZC_PAGE_NONE;
    }
    zc_page_at(&slab->pages, number)->bits = (uint8_t)bits;
    slab->page_bytes += UINT64_C(1) << bits;
    return number;
}

/* Gives the class one more page. */
static bool grow(zc_slab_t *slab, unsigned size_class) {
    unsigned least;
    uint32_t block_bytes = zc_size_bytes(size_class);
    unsigned bits = wanted_bits(slab, &slab->classes[size_class], block_bytes, &least);
    uint32_t number = find_empty(slab, block_bytes, bits, least);
    if (number != ZC_PAGE_NONE) {
        const zc_page_t *page = zc_page_at(&slab->pages, number);
        leave_list(slab, &slab->empty[page->bits], number);
        slab->empty_bytes -= bytes_of(page);
    } else {
        number = new_page(slab, bits);
    }
    if (number == ZC_PAGE_NONE) {
        return false;
    }
    cut(slab, number, size_class);
    return true;
}

/* Nothing of the page is in use any more: it serves any class, or goes. */
static void become_empty(zc_slab_t *slab, uint32_t number) {
    const zc_page_t *page = zc_page_at(&slab->pages, number);
    zc_slab_class_t *of = &slab->classes[page->kind];
    if (slab->compaction.page == number) {
        slab->compaction.page = ZC_PAGE_NONE;
        slab->compaction.due = true;
    } else {
        zc_slab_page_leave(slab, number);
    }
    uint64_t bytes = bytes_of(page);
    of->free -= page->blocks;
    of->page_bytes -= bytes;
    if (zc_word_load(&slab->readers) == 0 &&
        slab->empty_bytes + bytes > slab->page_bytes / EMPTY_SHARE + 2 * whole_bytes) {
        slab->page_bytes -= bytes;
        zc_pages_remove(&slab->pages, slab->allocator, number);
        return;
    }
    slab->empty_bytes += bytes;
    link_first(slab, &slab->empty[page->bits], number);
}

/* -- Blocks ---------------------------------------------------------------- */

static uint32_t take_in(zc_page_t *page) {
    const uint64_t *words = words_of(page);
    while (words[page->search] == UINT64_MAX) {
        page->search++;
    }
    unsigned bit = (unsigned)__builtin_ctzll(~words[page->search]);
    set_word(page, page->search, words[page->search] | UINT64_C(1) << bit);
    page->live++;
    return (uint32_t)page->search * WORD_BITS + bit;
}

zc_block_t zc_slab_take_there(zc_slab_t *slab, unsigned size_class) {
    zc_slab_class_t *of = &slab->classes[size_class];
    unsigned bin = ZC_SLAB_BINS;
    while (bin > 0 && of->bins[bin - 1] == ZC_PAGE_NONE) {
        bin--;
    }
    if (bin == 0) {
        return ZC_BLOCK_NONE;
    }
    uint32_t number = of->bins[bin - 1];
    zc_page_t *page = zc_page_at(&slab->pages, number);
    uint32_t block = take_in(page);
    of->free--;
    slab->live++;
    slab->live_bytes += page->block_bytes;
    settle(slab, number);
    return number << ZC_BLOCK_NUMBER_BITS | block;
}

static zc_block_t take_large(zc_slab_t *slab, size_t wanted) {
    size_t bytes = (size_t)zc_slab_large(wanted);
    void *memory = bytes > UINT32_MAX ? NULL : zc_allocate(slab->allocator, bytes);
    if (memory == NULL) {
        return ZC_BLOCK_NONE;
    }
    uint32_t number = zc_pages_add(&slab->large, slab->allocator, memory, ZC_BLOCK_LARGE);
    if (number == ZC_PAGE_NONE) {
        zc_free(slab->allocator, memory);
        return ZC_BLOCK_NONE;
    }
    zc_page_at(&slab->large, number)->block_bytes = (uint32_t)bytes;
    slab->live++;
    slab->large_bytes += bytes;
    return number | ZC_BLOCK_LARGE;
}

zc_block_t zc_slab_take(zc_slab_t *slab, size_t bytes) {
    ZC_ASSERT(bytes > 0);
    if (bytes > ZC_SIZES_BYTES_MAX) {
        return take_large(slab, bytes);
    }
    unsigned size_class = zc_size_class(bytes);
    zc_block_t block = zc_slab_take_there(slab, size_class);
    if (block == ZC_BLOCK_NONE && grow(slab, size_class)) {
        block = zc_slab_take_there(slab, size_class);
    }
    return block;
}

static void give_large(zc_slab_t *slab, uint32_t number) {
    slab->live--;
    slab->large_bytes -= zc_page_at(&slab->large, number)->block_bytes;
    zc_pages_remove(&slab->large, slab->allocator, number);
}

void zc_slab_give(zc_slab_t *slab, zc_block_t block) {
    if (zc_block_is_large(block)) {
        give_large(slab, block & ~ZC_BLOCK_LARGE);
        return;
    }
    uint32_t number = zc_block_page(block);
    uint32_t bit = zc_block_number(block);
    zc_page_t *page = zc_page_at(&slab->pages, number);
    ZC_ASSERT(bit < page->blocks && zc_slab_is_live(page, bit));
    uint64_t word = words_of(page)[bit / WORD_BITS];
    set_word(page, bit / WORD_BITS, word & ~(UINT64_C(1) << bit % WORD_BITS));
    if (bit / WORD_BITS < page->search) {
        page->search = (uint16_t)(bit / WORD_BITS);
    }
    page->live--;
    slab->classes[page->kind].free++;
    slab->live--;
    slab->live_bytes -= page->block_bytes;
    if (page->live == 0) {
        become_empty(slab, number);
    } else if (slab->compaction.page != number) {
        settle(slab, number);
    }
}

/* -- Checking -------------------------------------------------------------- */

static uint32_t check_bits(const zc_page_t *page) {
    uint32_t live = 0;
    for (uint32_t i = 0; i < page->blocks; i++) {
        live += zc_slab_is_live(page, i);
        ZC_ASSERT(zc_slab_is_live(page, i) || i / WORD_BITS >= page->search);
    }
    ZC_ASSERT(live == page->live);
    return live;
}

/* The pages of one list; returns how many. */
static uint32_t check_list(const zc_slab_t *slab, uint32_t first, unsigned kind, unsigned bin) {
    uint32_t count = 0;
    uint32_t newer = ZC_PAGE_NONE;
    for (uint32_t number = first; number != ZC_PAGE_NONE; count++) {
        const zc_page_t *page = zc_page_at(&slab->pages, number);
        ZC_ASSERT(page->memory != NULL && page->newer == newer);
        ZC_ASSERT(page->live > 0 ? page->kind == kind && page->bin == bin && bin_of(page) == bin
                                 : page->bits == kind);
        newer = number;
        number = page->older;
    }
    return count;
}

static uint32_t check_lists(const zc_slab_t *slab) {
    uint32_t count = slab->compaction.page != ZC_PAGE_NONE;
    for (unsigned kind = 1; kind < ZC_SIZES; kind++) {
        for (unsigned bin = 0; bin < ZC_SLAB_BINS; bin++) {
            count += check_list(slab, slab->classes[kind].bins[bin], kind, bin);
        }
    }
    for (unsigned bits = 0; bits <= ZC_SIZES_PAGE_BITS; bits++) {
        count += check_list(slab, slab->empty[bits], bits, 0);
    }
    return count;
}

static void check_large(const zc_slab_t *slab, uint64_t live) {
    uint64_t bytes = 0;
    for (uint32_t number = ZC_PAGE_NONE + 1; number < slab->large.end; number++) {
        const zc_page_t *page = zc_page_at(&slab->large, number);
        live += page->memory != NULL;
        bytes += page->memory != NULL ? page->block_bytes : 0;
    }
    ZC_ASSERT(bytes == slab->large_bytes);
    ZC_ASSERT(live == slab->live);
}

void zc_slab_check(const zc_slab_t *slab) {
    zc_slab_class_t classes[ZC_SIZES] = {{.free = 0}};
    zc_slab_t sums = {.live = 0};
    uint32_t listed = 0;
    for (uint32_t number = ZC_PAGE_NONE + 1; number < slab->pages.end; number++) {
        const zc_page_t *page = zc_page_at(&slab->pages, number);
        if (page->memory == NULL) {
            continue;
        }
        sums.page_bytes += bytes_of(page);
        listed += page->live < page->blocks || page->blocks == 0;
        if (page->live == 0) {
            sums.empty_bytes += bytes_of(page);
            continue;
        }
        sums.live += check_bits(page);
        sums.live_bytes += (uint64_t)page->live * page->block_bytes;
        classes[page->kind].free += (uint32_t)(page->blocks - page->live);
        classes[page->kind].page_bytes += bytes_of(page);
    }
    ZC_ASSERT(sums.page_bytes == slab->page_bytes && sums.empty_bytes == slab->empty_bytes);
    ZC_ASSERT(sums.live_bytes == slab->live_bytes);
    for (unsigned kind = 0; kind < ZC_SIZES; kind++) {
        ZC_ASSERT(classes[kind].free == slab->classes[kind].free);
        ZC_ASSERT(classes[kind].page_bytes == slab->classes[kind].page_bytes);
    }
    ZC_ASSERT(check_lists(slab) == listed);
    check_large(slab, sums.live);
}
