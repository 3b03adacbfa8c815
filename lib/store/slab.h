/* SPDX-License-Identifier: MPL-2.0 */
/* The slab: where the payloads of a store lie, in blocks that are named by 32 bits.
 *
 *     block, up to 8 KiB:  [0 | page: 19 bits | number in the page: 12 bits]
 *     block, larger:       [1 | number of a page that is this block alone: 31 bits]
 *
 *     class ──► bins[0] ◄──► pages of which up to an eighth is in use
 *               ...
 *               bins[7] ◄──► pages of which an eighth or less is free     full pages: in no list
 *     empty[10..17] ◄──► pages of which nothing is in use, by size: they serve any class
 *
 * So there is room for 64 GiB, and what is larger than 8 KiB beside it.
 *
 * A page is cut into equal blocks of one class of sizes. Blocks are taken from the fullest page
 * that has one, so that others become empty. The pages of a class grow with it, from 1 KiB to 128
 * KiB, an eighth of what it has: a store of a few entries takes a few KiB, and what is free in the
 * newest page is little beside the others.
 *
 * Where sizes change over time, pages are left of which little is in use. compact.c empties them.
 *
 * Whoever reads without the store's lock may look into a page until it is given back to the
 * allocator, and nothing is given back while there are such readers (zc_slab_pin); blocks above
 * 8 KiB are given back at once, and so are read under the lock. */
#ifndef ZC_STORE_SLAB_H
#define ZC_STORE_SLAB_H

#include "lib/base/slice.h"
#include "lib/base/word.h"
#include "lib/store/pages.h"
#include "lib/store/sizes.h"

typedef uint32_t zc_block_t;
#define ZC_BLOCK_NONE UINT32_C(0)

enum { ZC_BLOCK_NUMBER_BITS = 12, ZC_PAGE_BLOCKS_MAX = 1 << ZC_BLOCK_NUMBER_BITS };
#define ZC_BLOCK_LARGE (UINT32_C(1) << 31)

enum { ZC_SLAB_BINS = 8, ZC_SLAB_BIN_FULL = ZC_SLAB_BINS };

typedef struct zc_slab_class {
    uint32_t bins[ZC_SLAB_BINS]; /* the newest page of each */
    uint64_t page_bytes;
    uint32_t free; /* blocks in its pages that are not in use */
} zc_slab_class_t;

/* A page that is being emptied: it is in no list, and nothing is taken from it. */
typedef struct zc_compaction {
    uint32_t page;   /* ZC_PAGE_NONE: there is none */
    uint32_t block;  /* lower numbers are not in use */
    uint64_t credit; /* bytes that may be moved */
    bool due;        /* it is worth looking for a page */
} zc_compaction_t;

typedef struct zc_slab {
    const zc_allocator_t *allocator;
    zc_pages_t pages;
    zc_pages_t large;
    zc_slab_class_t classes[ZC_SIZES];
    uint32_t empty[ZC_SIZES_PAGE_BITS + 1]; /* the newest empty page of each size */
    uint64_t page_bytes;                    /* of all pages */
    uint64_t empty_bytes;                   /* ... that are empty */
    uint64_t live_bytes;                    /* of blocks in use that are not large */
    uint64_t live;                          /* blocks in use, large ones too */
    uint64_t large_bytes;
    zc_compaction_t compaction;
    uint32_t readers;
} zc_slab_t;

/* The allocator is borrowed for the life of the slab. It takes nothing before the first block. */
void zc_slab_init(zc_slab_t *slab, const zc_allocator_t *allocator);
/* Frees all blocks. */
void zc_slab_fini(zc_slab_t *slab);

/* A block of at least so many bytes (1 or more), or ZC_BLOCK_NONE: no memory, or no number is left.
 * Its address is a multiple of 4 and stays until it is given; so many bytes as are a multiple of 4
 * are its own. */
zc_block_t zc_slab_take(zc_slab_t *slab, size_t bytes);
void zc_slab_give(zc_slab_t *slab, zc_block_t block);

/* What large blocks take beside their bytes. */
enum { ZC_SLAB_LARGE_BYTES = 16 };

/* A block that is a request of its own, in whole half words, as blocks are written. */
static inline uint64_t zc_slab_large(uint64_t bytes) {
    return (bytes + ZC_HALF_BYTES - 1) & ~(uint64_t)(ZC_HALF_BYTES - 1);
}

/* What such a block takes of memory. */
static inline uint64_t zc_slab_round(uint64_t bytes) {
    return bytes > ZC_SIZES_BYTES_MAX ? zc_slab_large(bytes) + ZC_SLAB_LARGE_BYTES
                                      : zc_size_bytes(zc_size_class((size_t)bytes));
}

static inline bool zc_block_is_large(zc_block_t block) {
    return (block & ZC_BLOCK_LARGE) != 0;
}

static inline uint32_t zc_block_page(zc_block_t block) {
    return block >> ZC_BLOCK_NUMBER_BITS;
}

static inline uint32_t zc_block_number(zc_block_t block) {
    return block & (ZC_PAGE_BLOCKS_MAX - 1);
}

/* Of a block in use. A reader without the lock has what it gets looked over: the page may have been
 * cut anew meanwhile. */
static inline void *zc_slab_at(const zc_slab_t *slab, zc_block_t block) {
    if (zc_block_is_large(block)) {
        return zc_page_at(&slab->large, block & ~ZC_BLOCK_LARGE)->memory;
    }
    const zc_page_t *page = zc_page_at(&slab->pages, zc_block_page(block));
    return zc_word_load(&page->memory) + zc_word_load(&page->first) +
           (size_t)zc_block_number(block) * zc_word_load(&page->block_bytes);
}

/* What a block in use takes of memory: zc_slab_round of the bytes that it was taken for. */
static inline uint64_t zc_slab_bytes(const zc_slab_t *slab, zc_block_t block) {
    if (zc_block_is_large(block)) {
        uint32_t number = block & ~ZC_BLOCK_LARGE;
        return (uint64_t)zc_page_at(&slab->large, number)->block_bytes + ZC_SLAB_LARGE_BYTES;
    }
    return zc_page_at(&slab->pages, zc_block_page(block))->block_bytes;
}

static inline bool zc_slab_is_live(const zc_page_t *page, uint32_t number) {
    const uint64_t *words = (const uint64_t *)(const void *)page->memory;
    return (words[number / 64] >> (number % 64) & 1) != 0;
}

/* While there is a reader that takes no lock, no page goes back to the allocator. Both under the
 * lock: a reader that comes after the last block of a page was taken out of its slot under the lock
 * does not find it any more, and one that came before is seen here. */
static inline void zc_slab_pin(zc_slab_t *slab) {
    zc_word_store(&slab->readers, slab->readers + 1);
}

static inline void zc_slab_unpin(zc_slab_t *slab) {
    zc_word_store(&slab->readers, slab->readers - 1);
}

/* All that is written into a block is written here, in words: readers without the lock may look at
 * it. */
static inline void zc_block_put(void *to, zc_slice_t bytes) {
    zc_words_put(to, bytes.data, bytes.bytes);
}

/* -- For compact.c --------------------------------------------------------- */

/* A page leaves the list that it is in, or enters the one where it belongs by how much of it is in
 * use. */
void zc_slab_page_leave(zc_slab_t *slab, uint32_t number);
void zc_slab_page_enter(zc_slab_t *slab, uint32_t number);

/* Takes a block from the pages that the class has, if one is free. */
zc_block_t zc_slab_take_there(zc_slab_t *slab, unsigned size_class);

/* Checks every invariant, O(pages and blocks), for tests: asserts where one is broken. */
void zc_slab_check(const zc_slab_t *slab);

#endif
