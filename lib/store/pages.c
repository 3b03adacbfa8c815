/* SPDX-License-Identifier: MPL-2.0 */
/* Giving numbers to pages. Free numbers are linked by `newer`, and have no memory. */
#include "lib/store/pages.h"

#include "lib/base/assert.h"

/* How many numbers the segments that are there have. */
static uint32_t room(const zc_pages_t *pages) {
    uint32_t count = 0;
    while (count < ZC_PAGES_SEGMENTS && pages->segments[count] != NULL) {
        count++;
    }
    return ((UINT32_C(1) << count) - 1) << ZC_PAGES_FIRST_BITS;
}

/* Makes room for the number `end`. */
static bool reserve(zc_pages_t *pages, const zc_allocator_t *allocator) {
    uint32_t there = room(pages);
    if (pages->end < there) {
        return true;
    }
    size_t count = there + ((size_t)1 << ZC_PAGES_FIRST_BITS);
    zc_page_t *segment = zc_allocate(allocator, count * sizeof *segment);
    if (segment == NULL) {
        return false;
    }
    unsigned highest = 31 - (unsigned)__builtin_clz((uint32_t)count);
    pages->segments[highest - ZC_PAGES_FIRST_BITS] = segment;
    return true;
}

uint32_t zc_pages_add(zc_pages_t *pages, const zc_allocator_t *allocator, void *memory,
                      uint32_t limit) {
    uint32_t number = pages->free;
    if (number != ZC_PAGE_NONE) {
        pages->free = zc_page_at(pages, number)->newer;
    } else {
        if (pages->end == 0) {
            pages->end = ZC_PAGE_NONE + 1;
        }
        if (pages->end == limit || !reserve(pages, allocator)) {
            return ZC_PAGE_NONE;
        }
        number = pages->end++;
    }
    *zc_page_at(pages, number) = (zc_page_t){.memory = memory};
    return number;
}

void zc_pages_remove(zc_pages_t *pages, const zc_allocator_t *allocator, uint32_t number) {
    zc_page_t *page = zc_page_at(pages, number);
    ZC_ASSERT(page->memory != NULL);
    zc_free(allocator, page->memory);
    *page = (zc_page_t){.newer = pages->free};
    pages->free = number;
}

void zc_pages_fini(zc_pages_t *pages, const zc_allocator_t *allocator) {
    for (uint32_t number = ZC_PAGE_NONE + 1; number < pages->end; number++) {
        zc_free(allocator, zc_page_at(pages, number)->memory);
    }
    for (size_t i = 0; i < ZC_PAGES_SEGMENTS; i++) {
        zc_free(allocator, pages->segments[i]);
    }
    *pages = (zc_pages_t){.end = 0};
}
