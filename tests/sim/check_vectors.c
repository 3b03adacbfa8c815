/* SPDX-License-Identifier: MPL-2.0 */
/* Vectors never lose what they cover: also not of origins that have long been retired (R13). */
#include "tests/sim/world.h"

static bool covers_interval(const zc_origin_intervals_t *row, const zc_interval_t *interval) {
    for (size_t i = 0; i < row->count; i++) {
        if (row->intervals[i].after <= interval->after &&
            row->intervals[i].upto >= interval->upto) {
            return true;
        }
    }
    return false;
}

static void compare_row(zc_world_t *world, int node, const zc_vector_t *vector,
                        const zc_origin_intervals_t *before) {
    const zc_origin_intervals_t *now = zc_vector_find(vector, &before->origin);
    for (size_t i = 0; i < before->count; i++) {
        if (now == NULL || !covers_interval(now, &before->intervals[i])) {
            zc_world_fail(world, ZC_CHECK_VECTOR, node, -1,
                          "n%d no longer covers (%llx, %llx] of an origin", node,
                          (unsigned long long)before->intervals[i].after,
                          (unsigned long long)before->intervals[i].upto);
            return;
        }
    }
}

void zc_check_vector(zc_world_t *world, int node, const zc_vector_t *vector) {
    zc_vector_copy_t *kept = &world->nodes[node].model.vector;
    for (size_t i = 0; i < kept->vector.count; i++) {
        compare_row(world, node, vector, &kept->vector.origins[i]);
    }
    zc_vector_copy_fini(zc_allocator_system(), kept);
    zc_vector_copy(zc_allocator_system(), vector, kept);
}
