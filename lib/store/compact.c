/* SPDX-License-Identifier: MPL-2.0 */
/* Choosing a page to be emptied, and going through its blocks. While it is being emptied it is in
 * no list, so that nothing is taken from it. */
#include "lib/store/compact.h"

#include "lib/base/assert.h"

enum {
    HOLES_SHARE = 24,   /* of the memory of pages may be free in pages in use */
    LEFT_SHARE = 4,     /* of a whole page that is alone in its class is less in use */
    MOVED_PER_BYTE = 2, /* written */
};

static const uint64_t whole_bytes = UINT64_C(1) << ZC_SIZES_PAGE_BITS;

static bool has_spare(const zc_slab_t *slab) {
    uint32_t first = slab->empty[ZC_SIZES_PAGE_BITS];
    return first != ZC_PAGE_NONE && zc_page_at(&slab->pages, first)->older != ZC_PAGE_NONE;
}

static bool is_wanted(const zc_slab_t *slab) {
    uint64_t holes = slab->page_bytes - slab->empty_bytes - slab->live_bytes;
    return !has_spare(slab) && holes > slab->page_bytes / HOLES_SHARE + whole_bytes;
}

/* What is in use of a page fits into others of its class, or a small page would do for it: so
 * little is left of a class whose sizes are no longer written. */
static bool is_worth(const zc_slab_class_t *of, const zc_page_t *page) {
    uint64_t live_bytes = (uint64_t)page->live * page->block_bytes;
    return of->free >= page->blocks ||
           (page->bits == ZC_SIZES_PAGE_BITS && live_bytes < whole_bytes / LEFT_SHARE);
}

/* The page of a class to be emptied, ZC_PAGE_NONE: there is none that is worth it. */
static uint32_t sparsest(const zc_slab_t *slab, unsigned size_class) {
    const zc_slab_class_t *of = &slab->classes[size_class];
    for (unsigned bin = 0; bin < ZC_SLAB_BINS; bin++) {
        uint32_t number = of->bins[bin];
        if (number != ZC_PAGE_NONE) {
            return is_worth(of, zc_page_at(&slab->pages, number)) ? number : ZC_PAGE_NONE;
        }
    }
    return ZC_PAGE_NONE;
}

/* Of the class in which most is free. */
static uint32_t choose(const zc_slab_t *slab) {
    uint32_t chosen = ZC_PAGE_NONE;
    uint64_t most = 0;
    for (unsigned size_class = 1; size_class < ZC_SIZES; size_class++) {
        uint64_t holes = (uint64_t)slab->classes[size_class].free * zc_size_nominal(size_class);
        uint32_t number = holes > most ? sparsest(slab, size_class) : ZC_PAGE_NONE;
        if (number != ZC_PAGE_NONE) {
            chosen = number;
            most = holes;
        }
    }
    return chosen;
}

static bool begin(zc_slab_t *slab) {
    zc_compaction_t *compaction = &slab->compaction;
    compaction->due = false;
    uint32_t number = is_wanted(slab) ? choose(slab) : ZC_PAGE_NONE;
    if (number == ZC_PAGE_NONE) {
        return false;
    }
    zc_slab_page_leave(slab, number);
    *compaction = (zc_compaction_t){.page = number};
    return true;
}

zc_block_t zc_compact_next(zc_slab_t *slab, uint64_t written_bytes) {
    zc_compaction_t *compaction = &slab->compaction;
    if (zc_compact_rests(slab) || (compaction->page == ZC_PAGE_NONE && !begin(slab))) {
        return ZC_BLOCK_NONE;
    }
    const zc_page_t *page = zc_page_at(&slab->pages, compaction->page);
    compaction->credit += MOVED_PER_BYTE * written_bytes;
    if (compaction->credit < page->block_bytes) {
        return ZC_BLOCK_NONE;
    }
    compaction->credit -= page->block_bytes;
    while (!zc_slab_is_live(page, compaction->block)) {
        compaction->block++;
        ZC_ASSERT(compaction->block < page->blocks);
    }
    return compaction->page << ZC_BLOCK_NUMBER_BITS | compaction->block;
}

zc_block_t zc_compact_move(zc_slab_t *slab, zc_block_t block) {
    uint32_t number = slab->compaction.page;
    ZC_ASSERT(number == zc_block_page(block));
    const zc_page_t *page = zc_page_at(&slab->pages, number);
    zc_block_t moved = zc_slab_take(slab, zc_size_nominal(page->kind));
    if (moved == ZC_BLOCK_NONE) {
        slab->compaction = (zc_compaction_t){.page = ZC_PAGE_NONE};
        zc_slab_page_enter(slab, number);
        return ZC_BLOCK_NONE;
    }
    zc_block_put(zc_slab_at(slab, moved), zc_slice(zc_slab_at(slab, block), page->block_bytes));
    return moved;
}
