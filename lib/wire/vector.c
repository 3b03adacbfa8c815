/* SPDX-License-Identifier: MPL-2.0 */
/* Version vectors and floors to and from bytes.
 *
 *     vector  [[origin, after, upto, after, upto, ...], ...]      floors  [[origin, hlc], ...]
 *
 * Invariant: origins strictly ascend bytewise, so that none comes twice, and the intervals of an
 * origin ascend without touching: there is one form for what is known. */
#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/wire/fields.h"

size_t zc_vector_bytes(const zc_vector_t *vector) {
    size_t bytes = ZC_PACK_HEAD_BYTES_MAX;
    for (size_t i = 0; i < vector->count; i++) {
        bytes += ZC_PACK_HEAD_BYTES_MAX + ZC_WIRE_ORIGIN_BYTES +
                 vector->origins[i].count * 2 * ZC_PACK_UINT_BYTES_MAX;
    }
    return bytes;
}

static void pack_intervals(zc_pack_t *pack, const zc_origin_intervals_t *known) {
    ZC_ASSERT(known->count <= ZCACHE_INTERVALS_MAX);
    zc_pack_array(pack, 1 + 2 * known->count);
    zc_pack_origin(pack, &known->origin);
    for (size_t i = 0; i < known->count; i++) {
        ZC_ASSERT(known->intervals[i].after < known->intervals[i].upto);
        ZC_ASSERT(i == 0 || known->intervals[i - 1].upto < known->intervals[i].after);
        zc_pack_uint(pack, known->intervals[i].after);
        zc_pack_uint(pack, known->intervals[i].upto);
    }
}

void zc_pack_vector(zc_pack_t *pack, const zc_vector_t *vector) {
    ZC_ASSERT(vector->count <= ZC_VECTOR_ORIGINS_MAX);
    zc_pack_array(pack, vector->count);
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_intervals_t *origins = vector->origins;
        ZC_ASSERT(i == 0 || zc_origin_compare(&origins[i - 1].origin, &origins[i].origin) < 0);
        pack_intervals(pack, &origins[i]);
    }
}

/* The origins of a list that ascends: fails where `origin` is not above the one before it. */
static void check_ascent(zc_unpack_t *unpack, size_t index, zc_origin_t *before,
                         const zc_origin_t *origin) {
    if (index > 0 && zc_origin_compare(before, origin) >= 0) {
        zc_unpack_fail(unpack, ZCACHE_MALFORMED);
    }
    *before = *origin;
}

/* The head of one origin of a vector: returns how many intervals follow. */
static size_t unpack_interval_count(zc_unpack_t *unpack) {
    uint32_t count = zc_unpack_array(unpack, 1, 1 + 2 * ZCACHE_INTERVALS_MAX, 1);
    if (!zc_unpack_failed(unpack) && count % 2 == 0) {
        zc_unpack_fail(unpack, ZCACHE_MALFORMED);
    }
    return count / 2;
}

/* Reads to the end of the vector, checking everything, and returns how many intervals it has. */
static size_t check_vector(zc_unpack_t *unpack, size_t origin_count) {
    size_t interval_count = 0;
    zc_origin_t before = {{0}};
    for (size_t i = 0; i < origin_count && !zc_unpack_failed(unpack); i++) {
        size_t count = unpack_interval_count(unpack);
        zc_origin_t origin = zc_unpack_origin(unpack);
        check_ascent(unpack, i, &before, &origin);
        zc_hlc_t least = 0;
        for (size_t j = 0; j < count && !zc_unpack_failed(unpack); j++) {
            zc_hlc_t after = zc_unpack_uint(unpack, least, ZC_HLC_MAX - 1);
            zc_hlc_t upto = zc_unpack_uint(unpack, after + 1, ZC_HLC_MAX);
            least = upto + 1;
        }
        interval_count += count;
    }
    return interval_count;
}

zc_vector_t zc_unpack_vector(zc_unpack_t *unpack, zc_wire_scratch_t *scratch) {
    size_t count = zc_unpack_array(unpack, 0, ZC_VECTOR_ORIGINS_MAX, 1 + ZC_WIRE_ORIGIN_BYTES);
    zc_unpack_t again = *unpack;
    size_t interval_count = check_vector(unpack, count);
    zc_origin_intervals_t *origins = zc_scratch_take(scratch, unpack, count * sizeof *origins);
    zc_interval_t *intervals = zc_scratch_take(scratch, unpack, interval_count * sizeof *intervals);
    for (size_t i = 0; i < count && !zc_unpack_failed(unpack); i++) {
        size_t known = unpack_interval_count(&again);
        origins[i] = (zc_origin_intervals_t){
            .origin = zc_unpack_origin(&again), .intervals = intervals, .count = known};
        for (size_t j = 0; j < known; j++) {
            intervals[j].after = zc_unpack_uint(&again, 0, ZC_HLC_MAX);
            intervals[j].upto = zc_unpack_uint(&again, 0, ZC_HLC_MAX);
        }
        intervals += known;
    }
    return (zc_vector_t){.origins = origins, .count = count};
}

size_t zc_floors_bytes(size_t count) {
    return ZC_PACK_HEAD_BYTES_MAX + count * ZC_WIRE_STAMP_BYTES_MAX;
}

void zc_pack_floors(zc_pack_t *pack, const zc_floor_t *floors, size_t count) {
    ZC_ASSERT(count <= ZC_VECTOR_ORIGINS_MAX);
    zc_pack_array(pack, count);
    for (size_t i = 0; i < count; i++) {
        ZC_ASSERT(i == 0 || zc_origin_compare(&floors[i - 1].origin, &floors[i].origin) < 0);
        zc_pack_array(pack, 2);
        zc_pack_origin(pack, &floors[i].origin);
        zc_pack_uint(pack, floors[i].hlc);
    }
}

const zc_floor_t *zc_unpack_floors(zc_unpack_t *unpack, zc_wire_scratch_t *scratch, size_t *count) {
    *count = zc_unpack_array(unpack, 0, ZC_VECTOR_ORIGINS_MAX, 1 + ZC_WIRE_ORIGIN_BYTES + 1);
    zc_floor_t *floors = zc_scratch_take(scratch, unpack, *count * sizeof *floors);
    zc_origin_t before = {{0}};
    for (size_t i = 0; i < *count && !zc_unpack_failed(unpack); i++) {
        zc_unpack_array(unpack, 2, 2, 1);
        floors[i].origin = zc_unpack_origin(unpack);
        floors[i].hlc = zc_unpack_hlc(unpack);
        check_ascent(unpack, i, &before, &floors[i].origin);
    }
    return floors;
}
