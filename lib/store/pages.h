/* SPDX-License-Identifier: MPL-2.0 */
/* Pages: the memory that blocks are cut from, each named by a number from 1.
 *
 *     segments[0]  16 pages
 *     segments[1]  32 pages       each segment twice the one before; none ever moves
 *     segments[2]  64 pages ...
 *
 *     page ──► [ bits: a 1 for each block in use | block 0 | block 1 | ... ]
 *
 * A number stays with its memory until that is given back, so whoever holds the number of a page
 * finds it while others come and go. A segment is not zeroed: its own memory is touched only as far
 * as pages have been made. */
#ifndef ZC_STORE_PAGES_H
#define ZC_STORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/allocator.h"

enum { ZC_PAGES_FIRST_BITS = 4, ZC_PAGES_SEGMENTS = 27 };

#define ZC_PAGE_NONE UINT32_C(0)

typedef struct zc_page {
    uint8_t *memory; /* NULL: the number is free */
    uint32_t block_bytes;
    uint16_t first;  /* where block 0 begins */
    uint16_t blocks; /* so many */
    uint16_t live;   /* ... of which so many are in use */
    uint16_t search; /* no word of the bits before this one has a 0 */
    uint8_t kind;    /* class of sizes; what it means is slab.c's */
    uint8_t bits;    /* its memory has 2 to this power bytes, less ZC_PAGE_SPARED */
    uint8_t bin;     /* the list that it is in */
    uint32_t newer;  /* in that list; of a free number, the next free one */
    uint32_t older;
} zc_page_t;

typedef struct zc_pages {
    zc_page_t *segments[ZC_PAGES_SEGMENTS];
    uint32_t end;  /* the lowest number that was never given; 0 before the first */
    uint32_t free; /* the first of those given back */
} zc_pages_t;

/* What the allocator puts beside each block, generously: so a page of a power of two of bytes does
 * not take one of the machine's pages more. */
enum { ZC_PAGE_SPARED = 64 };

static inline zc_page_t *zc_page_at(const zc_pages_t *pages, uint32_t number) {
    uint32_t place = number + (UINT32_C(1) << ZC_PAGES_FIRST_BITS);
    unsigned highest = 31 - (unsigned)__builtin_clz(place);
    return &pages->segments[highest - ZC_PAGES_FIRST_BITS][place ^ (UINT32_C(1) << highest)];
}

/* Gives `memory` a number below `limit`. ZC_PAGE_NONE: no memory, or no number; nothing has
 * changed. All other fields of the page are the caller's. */
uint32_t zc_pages_add(zc_pages_t *pages, const zc_allocator_t *allocator, void *memory,
                      uint32_t limit);

/* Frees the memory of a page, and its number. */
void zc_pages_remove(zc_pages_t *pages, const zc_allocator_t *allocator, uint32_t number);

/* Frees the memory of all. */
void zc_pages_fini(zc_pages_t *pages, const zc_allocator_t *allocator);

#endif
