/* SPDX-License-Identifier: MPL-2.0 */
/* Vectors as values. Rows are kept ascending by origin, which makes finding a row a binary search
 * and the bytes on the wire the same for equal vectors. */
#include "lib/replica/vectors.h"

#include <string.h>

#include "lib/base/assert.h"
#include "lib/base/hash.h"

enum { ROW_BYTES_MAX = 64 };

static size_t count_intervals(const zc_vector_t *vector) {
    size_t count = 0;
    for (size_t i = 0; i < vector->count; i++) {
        count += vector->origins[i].count;
    }
    return count;
}

zcache_status zc_vector_copy(const zc_allocator_t *allocator, const zc_vector_t *vector,
                             zc_vector_copy_t *copy) {
    size_t row_bytes = vector->count * sizeof(zc_origin_intervals_t);
    size_t bytes = row_bytes + count_intervals(vector) * sizeof(zc_interval_t);
    if (bytes == 0) {
        *copy = (zc_vector_copy_t){.block = NULL};
        return ZCACHE_OK;
    }
    unsigned char *block = zc_allocate(allocator, bytes);
    if (block == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    zc_origin_intervals_t *rows = (zc_origin_intervals_t *)(void *)block;
    zc_interval_t *intervals = (zc_interval_t *)(void *)(block + row_bytes);
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_intervals_t *row = &vector->origins[i];
        rows[i] = (zc_origin_intervals_t){
            .origin = row->origin, .intervals = intervals, .count = row->count};
        if (row->count > 0) {
            memcpy(intervals, row->intervals, row->count * sizeof *intervals);
        }
        intervals += row->count;
    }
    *copy = (zc_vector_copy_t){.vector = {.origins = rows, .count = vector->count}, .block = block};
    return ZCACHE_OK;
}

void zc_vector_copy_fini(const zc_allocator_t *allocator, zc_vector_copy_t *copy) {
    zc_free(allocator, copy->block);
    *copy = (zc_vector_copy_t){.block = NULL};
}

static void *row_at(void *rows, size_t at, size_t row_bytes) {
    return (unsigned char *)rows + at * row_bytes;
}

static int compare_rows(void *rows, size_t a, size_t b, size_t row_bytes) {
    return zc_origin_compare(row_at(rows, a, row_bytes), row_at(rows, b, row_bytes));
}

static void swap_rows(void *rows, size_t a, size_t b, size_t row_bytes) {
    unsigned char kept[ROW_BYTES_MAX];
    memcpy(kept, row_at(rows, a, row_bytes), row_bytes);
    memcpy(row_at(rows, a, row_bytes), row_at(rows, b, row_bytes), row_bytes);
    memcpy(row_at(rows, b, row_bytes), kept, row_bytes);
}

static void sift_down(void *rows, size_t at, size_t count, size_t row_bytes) {
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && compare_rows(rows, child, child + 1, row_bytes) < 0) {
            child++;
        }
        if (compare_rows(rows, at, child, row_bytes) >= 0) {
            return;
        }
        swap_rows(rows, at, child, row_bytes);
        at = child;
    }
}

/* A heap sort, as the C library's sort may allocate. */
void zc_rows_sort(void *rows, size_t count, size_t row_bytes) {
    ZC_ASSERT(row_bytes <= ROW_BYTES_MAX);
    for (size_t i = count / 2; i > 0; i--) {
        sift_down(rows, i - 1, count, row_bytes);
    }
    for (size_t end = count; end > 1; end--) {
        swap_rows(rows, 0, end - 1, row_bytes);
        sift_down(rows, 0, end - 1, row_bytes);
    }
}

uint64_t zc_intervals_hash(const zc_origin_t *origin, const zc_interval_t *intervals,
                           size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[ZC_ORIGIN_BYTES + 16];
        memcpy(bytes, origin->bytes, ZC_ORIGIN_BYTES);
        zc_hash_put(bytes + ZC_ORIGIN_BYTES, intervals[i].after);
        zc_hash_put(bytes + ZC_ORIGIN_BYTES + 8, intervals[i].upto);
        sum += zc_hash(zc_slice(bytes, sizeof bytes), 1);
    }
    return sum;
}

size_t zc_vector_weight(const zc_vector_t *vector) {
    enum { ROW_BYTES = 5 + 2 + ZC_ORIGIN_BYTES, INTERVAL_BYTES = 2 * 9 };
    return vector->count * ROW_BYTES + count_intervals(vector) * INTERVAL_BYTES;
}

zc_hlc_t zc_vector_highest(const zc_vector_t *vector) {
    zc_hlc_t highest = 0;
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_intervals_t *row = &vector->origins[i];
        if (row->count > 0 && row->intervals[row->count - 1].upto > highest) {
            highest = row->intervals[row->count - 1].upto;
        }
    }
    return highest;
}

const zc_origin_intervals_t *zc_vector_find(const zc_vector_t *vector, const zc_origin_t *origin) {
    size_t low = 0;
    size_t high = vector->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = zc_origin_compare(&vector->origins[middle].origin, origin);
        if (order == 0) {
            return &vector->origins[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

bool zc_vector_covers(const zc_vector_t *vector, const zc_stamp_t *stamp) {
    const zc_origin_intervals_t *row = zc_vector_find(vector, &stamp->origin);
    return row != NULL && zc_intervals_cover(row->intervals, row->count, stamp->hlc);
}

zcache_status zc_vector_subtract(const zc_vector_t *vector, const zc_vector_t *have,
                                 zc_arena_t *arena, zc_vector_t *lack) {
    zc_origin_intervals_t *rows = zc_arena_take(arena, (vector->count + 1) * sizeof *rows);
    size_t room = count_intervals(vector) + count_intervals(have) + 1;
    zc_interval_t *intervals = zc_arena_take(arena, room * sizeof *intervals);
    if (rows == NULL || intervals == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_intervals_t *row = &vector->origins[i];
        const zc_origin_intervals_t *held = zc_vector_find(have, &row->origin);
        size_t missing =
            zc_intervals_subtract(row->intervals, row->count, held == NULL ? NULL : held->intervals,
                                  held == NULL ? 0 : held->count, intervals);
        if (missing > 0) {
            rows[count++] = (zc_origin_intervals_t){
                .origin = row->origin, .intervals = intervals, .count = missing};
            intervals += missing;
        }
    }
    *lack = (zc_vector_t){.origins = rows, .count = count};
    return ZCACHE_OK;
}

zcache_status zc_vector_above(const zc_vector_t *vector, zc_hlc_t down_to, const zc_vector_t *among,
                              zc_arena_t *arena, zc_vector_t *above) {
    zc_origin_intervals_t *rows = zc_arena_take(arena, (vector->count + 1) * sizeof *rows);
    size_t room = count_intervals(vector) + 1;
    zc_interval_t *intervals = zc_arena_take(arena, room * sizeof *intervals);
    if (rows == NULL || intervals == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    const zc_interval_t below = {.after = 0, .upto = down_to};
    size_t count = 0;
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_intervals_t *row = &vector->origins[i];
        if (zc_vector_find(among, &row->origin) == NULL) {
            continue;
        }
        size_t left = zc_intervals_subtract(row->intervals, row->count, &below, 1, intervals);
        if (left > 0) {
            rows[count++] = (zc_origin_intervals_t){
                .origin = row->origin, .intervals = intervals, .count = left};
            intervals += left;
        }
    }
    *above = (zc_vector_t){.origins = rows, .count = count};
    return ZCACHE_OK;
}
