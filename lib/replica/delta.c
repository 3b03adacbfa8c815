/* SPDX-License-Identifier: MPL-2.0 */
/* The heap of a delta.
 *
 *     heap[0] ──► chain of A: ... ◄── 40 ◄─[ 50 ◄── 60 ]   cursor at 60, highest of all
 *     heap[1] ──► chain of B: ... ◄──────[ 35 ◄── 55 ]     cursor at 55
 *
 * The store moves cursors, but only to older slots: the HLC that a chain is kept under is never
 * below that of its slot, so that the first one whose two are the same is the highest. */
#include "lib/replica/delta.h"

#include <string.h>

#include "lib/base/assert.h"

enum { CAPACITY_FIRST = 8 };

struct zc_delta_chain {
    zc_store_cursor_t cursor; /* in the newest of the intervals, or below */
    zc_hlc_t hlc;             /* of the slot under it, when that was looked at */
    size_t count;             /* of intervals that are left */
    zc_interval_t intervals[];
};

void zc_delta_init(zc_delta_t *delta, const zc_allocator_t *allocator, zc_store_t *store) {
    *delta = (zc_delta_t){.allocator = allocator, .store = store};
}

static void free_chain(zc_delta_t *delta, zc_delta_chain_t *chain) {
    zc_store_cursor_close(delta->store, &chain->cursor);
    zc_free(delta->allocator, chain);
}

void zc_delta_fini(zc_delta_t *delta) {
    for (size_t i = 0; i < delta->count; i++) {
        free_chain(delta, delta->heap[i]);
    }
    if (delta->allocator != NULL) {
        zc_free(delta->allocator, delta->heap);
    }
    *delta = (zc_delta_t){.count = 0};
}

/* -- The heap -------------------------------------------------------------- */

static bool is_above(const zc_delta_t *delta, size_t a, size_t b) {
    const zc_delta_chain_t *one = delta->heap[a];
    const zc_delta_chain_t *other = delta->heap[b];
    if (one->hlc != other->hlc) {
        return one->hlc > other->hlc;
    }
    return zc_origin_compare(zc_store_origin_at(delta->store, one->cursor.origin),
                             zc_store_origin_at(delta->store, other->cursor.origin)) > 0;
}

static void swap_chains(zc_delta_t *delta, size_t a, size_t b) {
    zc_delta_chain_t *chain = delta->heap[a];
    delta->heap[a] = delta->heap[b];
    delta->heap[b] = chain;
}

static void sift_up(zc_delta_t *delta, size_t at) {
    while (at > 0 && is_above(delta, at, (at - 1) / 2)) {
        swap_chains(delta, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void sift_down(zc_delta_t *delta, size_t at) {
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= delta->count) {
            return;
        }
        if (child + 1 < delta->count && is_above(delta, child + 1, child)) {
            child++;
        }
        if (!is_above(delta, child, at)) {
            return;
        }
        swap_chains(delta, at, child);
        at = child;
    }
}

static bool reserve(zc_delta_t *delta) {
    if (delta->count < delta->capacity) {
        return true;
    }
    size_t capacity = delta->capacity == 0 ? CAPACITY_FIRST : 2 * delta->capacity;
    zc_delta_chain_t **heap = zc_resize(delta->allocator, delta->heap, capacity * sizeof *heap);
    if (heap == NULL) {
        return false;
    }
    delta->heap = heap;
    delta->capacity = capacity;
    return true;
}

/* -- Chains ---------------------------------------------------------------- */

/* The item at which the chain stands, from the newest interval to the oldest; false: it is at its
 * end. */
static bool look(zc_delta_t *delta, zc_delta_chain_t *chain, zc_store_item_t *item) {
    while (zc_store_cursor_item(delta->store, &chain->cursor, item)) {
        if (item->hlc > chain->intervals[chain->count - 1].after) {
            chain->hlc = item->hlc;
            return true;
        }
        chain->count--;
        if (chain->count == 0) {
            return false;
        }
        zc_hlc_t upto = chain->intervals[chain->count - 1].upto;
        if (item->hlc > upto) {
            zc_origin_index_t origin = chain->cursor.origin;
            zc_store_cursor_close(delta->store, &chain->cursor);
            zc_store_cursor_open_older(delta->store, &chain->cursor, origin, upto);
        }
    }
    return false;
}

static zcache_status add_row(zc_delta_t *delta, const zc_origin_intervals_t *row) {
    zc_origin_index_t origin = zc_store_origin_find(delta->store, &row->origin);
    if (origin == ZC_ORIGIN_INDEX_NONE || row->count == 0) {
        return ZCACHE_OK; /* one that is retired has nothing to send */
    }
    size_t bytes = row->count * sizeof *row->intervals;
    zc_delta_chain_t *chain =
        reserve(delta) ? zc_allocate(delta->allocator, sizeof *chain + bytes) : NULL;
    if (chain == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    chain->count = row->count;
    memcpy(chain->intervals, row->intervals, bytes);
    zc_store_cursor_open_older(delta->store, &chain->cursor, origin,
                               row->intervals[row->count - 1].upto);
    zc_store_item_t item;
    if (!look(delta, chain, &item)) {
        free_chain(delta, chain);
        return ZCACHE_OK;
    }
    delta->heap[delta->count++] = chain;
    sift_up(delta, delta->count - 1);
    return ZCACHE_OK;
}

zcache_status zc_delta_add(zc_delta_t *delta, const zc_vector_t *rows) {
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < rows->count && status == ZCACHE_OK; i++) {
        status = add_row(delta, &rows->origins[i]);
    }
    return status;
}

void zc_delta_leave(zc_delta_t *delta, zc_origin_index_t origin) {
    size_t kept = 0;
    for (size_t i = 0; i < delta->count; i++) {
        zc_delta_chain_t *chain = delta->heap[i];
        if (chain->cursor.origin == origin) {
            free_chain(delta, chain);
        } else {
            delta->heap[kept++] = chain;
        }
    }
    delta->count = kept;
    for (size_t i = kept / 2; i > 0; i--) {
        sift_down(delta, i - 1);
    }
}

/* -- The walk -------------------------------------------------------------- */

static void drop_first(zc_delta_t *delta) {
    free_chain(delta, delta->heap[0]);
    delta->heap[0] = delta->heap[--delta->count];
    sift_down(delta, 0);
}

static bool is_passed(const zc_delta_t *delta, const zc_store_item_t *item) {
    return item->hlc == delta->passed.hlc &&
           zc_origin_equal(zc_store_origin_at(delta->store, item->origin), &delta->passed.origin);
}

bool zc_delta_item(zc_delta_t *delta, zc_store_item_t *item) {
    while (delta->count > 0) {
        zc_delta_chain_t *chain = delta->heap[0];
        zc_hlc_t kept = chain->hlc;
        if (!look(delta, chain, item)) {
            drop_first(delta);
        } else if (chain->hlc < kept) {
            sift_down(delta, 0);
        } else if (is_passed(delta, item)) {
            zc_store_cursor_next(delta->store, &chain->cursor); /* it was added twice */
        } else {
            return true;
        }
    }
    return false;
}

void zc_delta_next(zc_delta_t *delta) {
    ZC_ASSERT(delta->count > 0);
    zc_delta_chain_t *chain = delta->heap[0];
    delta->passed = (zc_stamp_t){
        .hlc = chain->hlc,
        .origin = *zc_store_origin_at(delta->store, chain->cursor.origin),
    };
    zc_store_cursor_next(delta->store, &chain->cursor);
}
