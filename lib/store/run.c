/* SPDX-License-Identifier: MPL-2.0 */
/* Sorting what a run has, in short steps. A chunk in the heap has at least one item that has not
 * come out, and none lower than the one of the chunk above. */
#include "lib/store/run.h"

#include <string.h>

#include "lib/base/assert.h"

zcache_status zc_run_reserve(zc_run_t *run) {
    if (run->open == NULL) {
        run->open = zc_allocate(run->allocator, sizeof *run->open);
        if (run->open == NULL) {
            return ZCACHE_NO_MEMORY;
        }
        run->open->child = NULL;
        run->open->sibling = NULL;
        run->open->next = 0;
        run->open->count = 0;
    }
    return ZCACHE_OK;
}

static bool is_above(const zc_run_item_t *a, const zc_run_item_t *b) {
    return a->origin != b->origin ? a->origin > b->origin : a->hlc > b->hlc;
}

/* Merges two sorted lists that lie one behind the other. */
static void merge(const zc_run_item_t *from, size_t first, size_t count, zc_run_item_t *to) {
    size_t a = 0;
    size_t b = first;
    for (size_t i = 0; i < count; i++) {
        bool takes_b = a == first || (b < count && is_above(&from[a], &from[b]));
        to[i] = takes_b ? from[b++] : from[a++];
    }
}

/* Merge sort from below. */
static void sort(zc_run_chunk_t *chunk) {
    zc_run_item_t other[ZC_RUN_CHUNK_ITEMS];
    zc_run_item_t *from = chunk->items;
    zc_run_item_t *to = other;
    size_t all = chunk->count;
    for (size_t width = 1; width < all; width *= 2) {
        for (size_t at = 0; at < all; at += 2 * width) {
            size_t count = all - at < 2 * width ? all - at : 2 * width;
            merge(from + at, width < count ? width : count, count, to + at);
        }
        zc_run_item_t *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != chunk->items) {
        memcpy(chunk->items, from, all * sizeof *from);
    }
}

/* Two heaps become one; either may be empty. */
static zc_run_chunk_t *meld(zc_run_chunk_t *a, zc_run_chunk_t *b) {
    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    if (is_above(&a->items[a->next], &b->items[b->next])) {
        zc_run_chunk_t *lower = b;
        b = a;
        a = lower;
    }
    b->sibling = a->child;
    a->child = b;
    return a;
}

/* Melds a list of heaps in pairs, and then these from the last to the first. */
static zc_run_chunk_t *meld_all(zc_run_chunk_t *list) {
    zc_run_chunk_t *pairs = NULL;
    while (list != NULL) {
        zc_run_chunk_t *a = list;
        zc_run_chunk_t *b = a->sibling;
        list = b != NULL ? b->sibling : NULL;
        a->sibling = NULL;
        if (b != NULL) {
            b->sibling = NULL;
        }
        zc_run_chunk_t *pair = meld(a, b);
        pair->sibling = pairs;
        pairs = pair;
    }
    zc_run_chunk_t *heap = NULL;
    while (pairs != NULL) {
        zc_run_chunk_t *pair = pairs;
        pairs = pair->sibling;
        pair->sibling = NULL;
        heap = meld(heap, pair);
    }
    return heap;
}

static void close_chunk(zc_run_t *run) {
    zc_run_chunk_t *chunk = run->open;
    run->open = NULL;
    if (chunk->count == 0) {
        zc_free(run->allocator, chunk);
        return;
    }
    sort(chunk);
    run->heap = meld(run->heap, chunk);
}

void zc_run_push(zc_run_t *run, const zc_run_item_t *item) {
    zc_run_chunk_t *chunk = run->open;
    ZC_ASSERT(chunk != NULL && chunk->count < ZC_RUN_CHUNK_ITEMS);
    chunk->items[chunk->count++] = *item;
    if (chunk->count == ZC_RUN_CHUNK_ITEMS) {
        close_chunk(run);
    }
}

bool zc_run_pop(zc_run_t *run, zc_run_item_t *item) {
    if (run->open != NULL) {
        close_chunk(run);
    }
    zc_run_chunk_t *chunk = run->heap;
    if (chunk == NULL) {
        return false;
    }
    *item = chunk->items[chunk->next++];
    run->heap = meld_all(chunk->child);
    chunk->child = NULL;
    if (chunk->next < chunk->count) {
        run->heap = meld(run->heap, chunk);
    } else {
        zc_free(run->allocator, chunk);
    }
    return true;
}

void zc_run_fini(zc_run_t *run) {
    zc_run_chunk_t *list = run->heap;
    while (list != NULL) {
        zc_run_chunk_t *chunk = list;
        zc_run_chunk_t **end = &chunk->child;
        while (*end != NULL) {
            end = &(*end)->sibling;
        }
        *end = chunk->sibling;
        list = chunk->child;
        zc_free(run->allocator, chunk);
    }
    zc_free(run->allocator, run->open);
}
