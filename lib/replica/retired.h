/* SPDX-License-Identifier: MPL-2.0 */
/* The table of retired origins (R13): what is known of lives of nodes that ended long ago and of
 * which the store has nothing left, by id, as they have no index any more.
 *
 * Rows ascend by origin. `hash` is the sum of the hashes of all their intervals. */
#ifndef ZC_REPLICA_RETIRED_H
#define ZC_REPLICA_RETIRED_H

#include "lib/replica/vvec.h"

typedef struct zc_retired_row {
    zc_origin_t origin;
    zc_hlc_t floor; /* rule R9 */
    zc_vvec_row_t known;
} zc_retired_row_t;

typedef struct zc_retired {
    const zc_allocator_t *allocator;
    zc_retired_row_t *rows;
    size_t count;
    size_t capacity;
    uint64_t hash;
} zc_retired_t;

void zc_retired_init(zc_retired_t *retired, const zc_allocator_t *allocator);
void zc_retired_fini(zc_retired_t *retired);

/* Borrowed until the next add or take; NULL: there is none. */
zc_retired_row_t *zc_retired_find(const zc_retired_t *retired, const zc_origin_t *origin);

/* Makes a row of nothing for an origin that has none. Returns OK, BUSY (ZCACHE_RETIRED_MAX) or
 * NO_MEMORY. */
zcache_status zc_retired_add(zc_retired_t *retired, const zc_origin_t *origin,
                             zc_retired_row_t **row);

/* Adds intervals to what is known of a row's origin, as zc_vvec_row_unite does. */
zcache_status zc_retired_unite(zc_retired_t *retired, zc_retired_row_t *row,
                               const zc_interval_t *intervals, size_t count);

/* Gives a row of nothing what is known; the intervals are taken. */
void zc_retired_put(zc_retired_t *retired, zc_retired_row_t *row, const zc_vvec_row_t *known);

/* Takes the row away: its intervals are the caller's. */
zc_vvec_row_t zc_retired_take(zc_retired_t *retired, zc_retired_row_t *row);

#endif
