/* SPDX-License-Identifier: MPL-2.0 */
/* The version vector: for every origin, the intervals of its HLC that have been received (rule R3).
 *
 * Intervals (after, upto] of an origin ascend and never touch: nearly always there is one, from 0.
 * What lies between two is a gap. A hole that nobody alive can fill stays for ever and blocks
 * nothing. */
#ifndef ZC_REPLICA_VVEC_H
#define ZC_REPLICA_VVEC_H

#include "lib/base/allocator.h"
#include "lib/replica/message.h"
#include "lib/store/store.h"

typedef struct zc_vvec_row {
    zc_interval_t *intervals;
    uint32_t count;
    uint32_t capacity;
} zc_vvec_row_t;

/* Rows are indexed by the store's index of the origin. */
typedef struct zc_vvec {
    const zc_allocator_t *allocator;
    zc_vvec_row_t *rows;
    size_t count;
} zc_vvec_t;

void zc_vvec_init(zc_vvec_t *vvec, const zc_allocator_t *allocator);
void zc_vvec_fini(zc_vvec_t *vvec);

/* Makes a row with room for one interval, so that the first cover of the origin takes no memory.
 * Returns OK or NO_MEMORY. */
zcache_status zc_vvec_reserve(zc_vvec_t *vvec, zc_origin_index_t origin);

/* Adds (after, upto] to a row by itself. Returns OK, BUSY (ZCACHE_INTERVALS_MAX) or NO_MEMORY; then
 * nothing has changed. */
zcache_status zc_vvec_row_cover(const zc_allocator_t *allocator, zc_vvec_row_t *row, zc_hlc_t after,
                                zc_hlc_t upto);

/* Adds up to ZCACHE_INTERVALS_MAX intervals at once, which ascend and do not touch: what counts for
 * the limit is how many there are when all are added, as one may close the hole that makes room for
 * another. Returns as zc_vvec_row_cover. */
zcache_status zc_vvec_row_unite(const zc_allocator_t *allocator, zc_vvec_row_t *row,
                                const zc_interval_t *intervals, size_t count);

/* Takes a row out: its intervals are the caller's. */
zc_vvec_row_t zc_vvec_take(zc_vvec_t *vvec, zc_origin_index_t origin);

/* Puts a row in, whose intervals are taken, where there is none. Returns OK or NO_MEMORY; then the
 * row is still the caller's. */
zcache_status zc_vvec_put(zc_vvec_t *vvec, zc_origin_index_t origin, const zc_vvec_row_t *row);

/* Adds (after, upto]. Returns as zc_vvec_row_cover. */
zcache_status zc_vvec_cover(zc_vvec_t *vvec, zc_origin_index_t origin, zc_hlc_t after,
                            zc_hlc_t upto);

/* Adds intervals as zc_vvec_row_unite does, and returns as it does. */
zcache_status zc_vvec_unite(zc_vvec_t *vvec, zc_origin_index_t origin,
                            const zc_interval_t *intervals, size_t count);

/* As zc_vvec_cover, for what takes no memory: the last interval of a row grows at its end. False:
 * that is not what it does, and nothing has changed. */
static inline bool zc_vvec_extend(zc_vvec_t *vvec, zc_origin_index_t origin, zc_hlc_t after,
                                  zc_hlc_t upto) {
    if (origin >= vvec->count || vvec->rows[origin].count == 0) {
        return false;
    }
    zc_vvec_row_t *row = &vvec->rows[origin];
    zc_interval_t *last = &row->intervals[row->count - 1];
    if (last->upto != after || upto <= after) {
        return false;
    }
    last->upto = upto;
    return true;
}

bool zc_vvec_covers(const zc_vvec_t *vvec, zc_origin_index_t origin, zc_hlc_t hlc);

/* The whole of (after, upto] in one interval. */
bool zc_vvec_covers_interval(const zc_vvec_t *vvec, zc_origin_index_t origin, zc_hlc_t after,
                             zc_hlc_t upto);

/* The highest HLC received of an origin; 0: none. */
zc_hlc_t zc_vvec_last(const zc_vvec_t *vvec, zc_origin_index_t origin);

/* Where the first hole of an origin ends that begins at 0 or within: the highest HLC up to which
 * nothing is missing. */
zc_hlc_t zc_vvec_whole_upto(const zc_vvec_t *vvec, zc_origin_index_t origin);

/* The intervals of an origin, borrowed until the next cover. */
zc_origin_intervals_t zc_vvec_row(const zc_vvec_t *vvec, zc_origin_index_t index,
                                  const zc_origin_t *origin);

/* What of the intervals `a` is not in `b`, into `lack` (room for a.count + b.count); returns how
 * many. */
size_t zc_intervals_subtract(const zc_interval_t *a, size_t a_count, const zc_interval_t *b,
                             size_t b_count, zc_interval_t *lack);

bool zc_intervals_cover(const zc_interval_t *intervals, size_t count, zc_hlc_t hlc);

#endif
