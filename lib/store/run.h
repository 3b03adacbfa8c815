/* SPDX-License-Identifier: MPL-2.0 */
/* A run: which slots are to be put into the middle of their chains, in any order until then (full
 * transfers come by recency). They come out by origin and stamp.
 *
 *     open: [ . . . # # # ]           up to 1,024 as they come
 *     heap: [ sorted ]                chunks that are full, a pairing heap by the lowest of each
 *           /        \                (Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap",
 *     [ sorted ]   [ sorted ]         Algorithmica 1986)
 *
 * So each step is short: putting one in sorts 1,024 at most, and taking one out compares a few
 * chunks. A run does not look at slots: what went meanwhile comes out all the same, and is passed
 * over by chain.c. */
#ifndef ZC_STORE_RUN_H
#define ZC_STORE_RUN_H

#include "lib/base/allocator.h"
#include "lib/base/stamp.h"
#include "lib/store/store.h"

typedef struct zc_run_item {
    zc_hlc_t hlc;
    uint32_t slot;
    zc_origin_index_t origin;
} zc_run_item_t;

enum { ZC_RUN_CHUNK_ITEMS = 1024 };

typedef struct zc_run_chunk {
    struct zc_run_chunk *child; /* the first of those below in the heap */
    struct zc_run_chunk *sibling;
    uint32_t next;  /* the lowest that has not come out */
    uint32_t count; /* so many were put in */
    zc_run_item_t items[ZC_RUN_CHUNK_ITEMS];
} zc_run_chunk_t;

typedef struct zc_run {
    const zc_allocator_t *allocator;
    zc_run_chunk_t *open; /* NULL: none */
    zc_run_chunk_t *heap;
} zc_run_t;

/* Makes sure that zc_run_push can be called once. Returns OK or NO_MEMORY. */
zcache_status zc_run_reserve(zc_run_t *run);
void zc_run_push(zc_run_t *run, const zc_run_item_t *item);

/* Takes out the lowest, by index of the origin and then by HLC. False: the run is empty. */
bool zc_run_pop(zc_run_t *run, zc_run_item_t *item);

static inline bool zc_run_is_empty(const zc_run_t *run) {
    return run->open == NULL && run->heap == NULL;
}

void zc_run_fini(zc_run_t *run);

#endif
