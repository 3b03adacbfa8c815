/* SPDX-License-Identifier: MPL-2.0 */
/* The version vector. Rows are small sorted arrays: one interval in the usual case, so that
 * covering the next batch of an origin only moves the end of the last interval. */
#include "lib/replica/vvec.h"

#include <string.h>

#include <zcache/limits.h>

#include "lib/base/assert.h"

void zc_vvec_init(zc_vvec_t *vvec, const zc_allocator_t *allocator) {
    *vvec = (zc_vvec_t){.allocator = allocator};
}

void zc_vvec_fini(zc_vvec_t *vvec) {
    for (size_t i = 0; i < vvec->count; i++) {
        zc_free(vvec->allocator, vvec->rows[i].intervals);
    }
    zc_free(vvec->allocator, vvec->rows);
    *vvec = (zc_vvec_t){.allocator = vvec->allocator};
}

static zcache_status grow_rows(zc_vvec_t *vvec, size_t count) {
    if (count <= vvec->count) {
        return ZCACHE_OK;
    }
    size_t grown = vvec->count * 2 > count ? vvec->count * 2 : count;
    zc_vvec_row_t *rows = zc_resize(vvec->allocator, vvec->rows, grown * sizeof *rows);
    if (rows == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    memset(rows + vvec->count, 0, (grown - vvec->count) * sizeof *rows);
    vvec->rows = rows;
    vvec->count = grown;
    return ZCACHE_OK;
}

static zcache_status grow_intervals(const zc_allocator_t *allocator, zc_vvec_row_t *row,
                                    uint32_t count) {
    if (count <= row->capacity) {
        return ZCACHE_OK;
    }
    uint32_t capacity = 2 * row->capacity > count ? 2 * row->capacity : count;
    zc_interval_t *intervals = zc_resize(allocator, row->intervals, capacity * sizeof *intervals);
    if (intervals == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    row->intervals = intervals;
    row->capacity = capacity;
    return ZCACHE_OK;
}

zcache_status zc_vvec_reserve(zc_vvec_t *vvec, zc_origin_index_t origin) {
    zcache_status status = grow_rows(vvec, (size_t)origin + 1);
    return status == ZCACHE_OK
               ? grow_intervals(vvec->allocator, &vvec->rows[origin], vvec->rows[origin].count + 1)
               : status;
}

/* Both ascend; what touches becomes one. Returns how many there are: no more than in both. */
static uint32_t unite(const zc_vvec_row_t *row, const zc_interval_t *intervals, size_t count,
                      zc_interval_t *united) {
    uint32_t total = 0;
    size_t own = 0;
    size_t other = 0;
    while (own < row->count || other < count) {
        bool from_row = other == count ||
                        (own < row->count && row->intervals[own].after <= intervals[other].after);
        zc_interval_t next = from_row ? row->intervals[own++] : intervals[other++];
        if (total == 0 || united[total - 1].upto < next.after) {
            united[total++] = next;
        } else if (united[total - 1].upto < next.upto) {
            united[total - 1].upto = next.upto;
        }
    }
    return total;
}

zcache_status zc_vvec_row_unite(const zc_allocator_t *allocator, zc_vvec_row_t *row,
                                const zc_interval_t *intervals, size_t count) {
    zc_interval_t united[2 * ZCACHE_INTERVALS_MAX];
    ZC_ASSERT(count <= ZCACHE_INTERVALS_MAX);
    uint32_t total = unite(row, intervals, count, united);
    if (total > ZCACHE_INTERVALS_MAX) {
        return ZCACHE_BUSY;
    }
    if (grow_intervals(allocator, row, total) != ZCACHE_OK) {
        return ZCACHE_NO_MEMORY;
    }
    if (total > 0) {
        memcpy(row->intervals, united, total * sizeof *united);
    }
    row->count = total;
    return ZCACHE_OK;
}

zcache_status zc_vvec_row_cover(const zc_allocator_t *allocator, zc_vvec_row_t *row, zc_hlc_t after,
                                zc_hlc_t upto) {
    if (after >= upto) {
        return ZCACHE_OK;
    }
    if (row->count > 0 && row->intervals[row->count - 1].upto == after) {
        row->intervals[row->count - 1].upto = upto;
        return ZCACHE_OK;
    }
    const zc_interval_t interval = {.after = after, .upto = upto};
    return zc_vvec_row_unite(allocator, row, &interval, 1);
}

zcache_status zc_vvec_unite(zc_vvec_t *vvec, zc_origin_index_t origin,
                            const zc_interval_t *intervals, size_t count) {
    zcache_status status = grow_rows(vvec, (size_t)origin + 1);
    if (status != ZCACHE_OK) {
        return status;
    }
    return zc_vvec_row_unite(vvec->allocator, &vvec->rows[origin], intervals, count);
}

zcache_status zc_vvec_cover(zc_vvec_t *vvec, zc_origin_index_t origin, zc_hlc_t after,
                            zc_hlc_t upto) {
    zcache_status status = grow_rows(vvec, (size_t)origin + 1);
    if (status != ZCACHE_OK) {
        return status;
    }
    return zc_vvec_row_cover(vvec->allocator, &vvec->rows[origin], after, upto);
}

zc_vvec_row_t zc_vvec_take(zc_vvec_t *vvec, zc_origin_index_t origin) {
    zc_vvec_row_t row = {.count = 0};
    if (origin < vvec->count) {
        row = vvec->rows[origin];
        vvec->rows[origin] = (zc_vvec_row_t){.count = 0};
    }
    return row;
}

zcache_status zc_vvec_put(zc_vvec_t *vvec, zc_origin_index_t origin, const zc_vvec_row_t *row) {
    zcache_status status = grow_rows(vvec, (size_t)origin + 1);
    if (status == ZCACHE_OK) {
        ZC_ASSERT(vvec->rows[origin].count == 0);
        zc_free(vvec->allocator, vvec->rows[origin].intervals);
        vvec->rows[origin] = *row;
    }
    return status;
}

bool zc_intervals_cover(const zc_interval_t *intervals, size_t count, zc_hlc_t hlc) {
    for (size_t i = count; i > 0; i--) {
        if (hlc > intervals[i - 1].after) {
            return hlc <= intervals[i - 1].upto;
        }
    }
    return false;
}

bool zc_vvec_covers(const zc_vvec_t *vvec, zc_origin_index_t origin, zc_hlc_t hlc) {
    if (origin >= vvec->count) {
        return false;
    }
    const zc_vvec_row_t *row = &vvec->rows[origin];
    return zc_intervals_cover(row->intervals, row->count, hlc);
}

bool zc_vvec_covers_interval(const zc_vvec_t *vvec, zc_origin_index_t origin, zc_hlc_t after,
                             zc_hlc_t upto) {
    if (after >= upto) {
        return true;
    }
    if (origin >= vvec->count) {
        return false;
    }
    const zc_vvec_row_t *row = &vvec->rows[origin];
    for (uint32_t i = row->count; i > 0; i--) {
        const zc_interval_t *interval = &row->intervals[i - 1];
        if (interval->after <= after) {
            return upto <= interval->upto;
        }
    }
    return false;
}

zc_hlc_t zc_vvec_last(const zc_vvec_t *vvec, zc_origin_index_t origin) {
    if (origin >= vvec->count || vvec->rows[origin].count == 0) {
        return 0;
    }
    const zc_vvec_row_t *row = &vvec->rows[origin];
    return row->intervals[row->count - 1].upto;
}

zc_hlc_t zc_vvec_whole_upto(const zc_vvec_t *vvec, zc_origin_index_t origin) {
    if (origin >= vvec->count || vvec->rows[origin].count == 0) {
        return 0;
    }
    const zc_interval_t *first = &vvec->rows[origin].intervals[0];
    return first->after == 0 ? first->upto : 0;
}

zc_origin_intervals_t zc_vvec_row(const zc_vvec_t *vvec, zc_origin_index_t index,
                                  const zc_origin_t *origin) {
    zc_origin_intervals_t row = {.origin = *origin};
    if (index < vvec->count) {
        row.intervals = vvec->rows[index].intervals;
        row.count = vvec->rows[index].count;
    }
    return row;
}

size_t zc_intervals_subtract(const zc_interval_t *a, size_t a_count, const zc_interval_t *b,
                             size_t b_count, zc_interval_t *lack) {
    size_t count = 0;
    size_t at = 0;
    for (size_t i = 0; i < a_count; i++) {
        zc_hlc_t after = a[i].after;
        while (at < b_count && b[at].upto <= after) {
            at++;
        }
        for (size_t j = at; j < b_count && b[j].after < a[i].upto; j++) {
            if (b[j].after > after) {
                lack[count++] = (zc_interval_t){after, b[j].after};
            }
            after = b[j].upto > after ? b[j].upto : after;
        }
        if (after < a[i].upto) {
            lack[count++] = (zc_interval_t){after, a[i].upto};
        }
    }
    ZC_ASSERT(count <= a_count + b_count);
    return count;
}
