/* SPDX-License-Identifier: MPL-2.0 */
/* A sorted array: rows come one by one over days, or all at once and in order from a donor. */
#include "lib/replica/retired.h"

#include <string.h>

#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/replica/vectors.h"

enum { CAPACITY_FIRST = 16 };

void zc_retired_init(zc_retired_t *retired, const zc_allocator_t *allocator) {
    *retired = (zc_retired_t){.allocator = allocator};
}

void zc_retired_fini(zc_retired_t *retired) {
    for (size_t i = 0; i < retired->count; i++) {
        zc_free(retired->allocator, retired->rows[i].known.intervals);
    }
    zc_free(retired->allocator, retired->rows);
    *retired = (zc_retired_t){.allocator = retired->allocator};
}

/* Where the origin is, or where it belongs. */
static size_t place_of(const zc_retired_t *retired, const zc_origin_t *origin) {
    size_t low = 0;
    size_t high = retired->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zc_origin_compare(&retired->rows[middle].origin, origin) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

zc_retired_row_t *zc_retired_find(const zc_retired_t *retired, const zc_origin_t *origin) {
    size_t place = place_of(retired, origin);
    bool found = place < retired->count && zc_origin_equal(&retired->rows[place].origin, origin);
    return found ? &retired->rows[place] : NULL;
}

static zcache_status grow(zc_retired_t *retired) {
    if (retired->count < retired->capacity) {
        return ZCACHE_OK;
    }
    size_t capacity = retired->capacity == 0 ? CAPACITY_FIRST : 2 * retired->capacity;
    zc_retired_row_t *rows = zc_resize(retired->allocator, retired->rows, capacity * sizeof *rows);
    if (rows == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    retired->rows = rows;
    retired->capacity = capacity;
    return ZCACHE_OK;
}

zcache_status zc_retired_add(zc_retired_t *retired, const zc_origin_t *origin,
                             zc_retired_row_t **row) {
    if (retired->count == ZCACHE_RETIRED_MAX) {
        return ZCACHE_BUSY;
    }
    zcache_status status = grow(retired);
    if (status != ZCACHE_OK) {
        return status;
    }
    size_t place = place_of(retired, origin);
    zc_retired_row_t *added = &retired->rows[place];
    memmove(added + 1, added, (retired->count - place) * sizeof *added);
    *added = (zc_retired_row_t){.origin = *origin};
    retired->count++;
    *row = added;
    return ZCACHE_OK;
}

static uint64_t hash_of(const zc_retired_row_t *row) {
    return zc_intervals_hash(&row->origin, row->known.intervals, row->known.count);
}

zcache_status zc_retired_unite(zc_retired_t *retired, zc_retired_row_t *row,
                               const zc_interval_t *intervals, size_t count) {
    retired->hash -= hash_of(row);
    zcache_status status = zc_vvec_row_unite(retired->allocator, &row->known, intervals, count);
    retired->hash += hash_of(row);
    return status;
}

void zc_retired_put(zc_retired_t *retired, zc_retired_row_t *row, const zc_vvec_row_t *known) {
    ZC_ASSERT(row->known.count == 0);
    zc_free(retired->allocator, row->known.intervals);
    row->known = *known;
    retired->hash += hash_of(row);
}

zc_vvec_row_t zc_retired_take(zc_retired_t *retired, zc_retired_row_t *row) {
    zc_vvec_row_t known = row->known;
    retired->hash -= hash_of(row);
    size_t behind = retired->count - (size_t)(row - retired->rows) - 1;
    memmove(row, row + 1, behind * sizeof *row);
    retired->count--;
    return known;
}
