/* SPDX-License-Identifier: MPL-2.0 */
/* What a cluster is to have come to: everybody sees everybody, everybody holds the same. */
#include "tests/sim/cluster.h"

bool zc_cluster_all_live(zc_cluster_t *cluster, void *context) {
    (void)context;
    int up = 0;
    for (int i = 0; i < zc_cluster_count(cluster); i++) {
        up += zc_cluster_is_up(cluster, i);
    }
    for (int i = 0; i < zc_cluster_count(cluster); i++) {
        if (!zc_cluster_is_up(cluster, i)) {
            continue;
        }
        zc_replica_view_t view = zc_cluster_view(cluster, i);
        if (view.joining || view.peers_live != (uint64_t)(up - 1)) {
            return false;
        }
    }
    return true;
}

static bool vectors_equal(const zc_vector_t *a, const zc_vector_t *b) {
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        const zc_origin_intervals_t *x = &a->origins[i];
        const zc_origin_intervals_t *y = &b->origins[i];
        if (!zc_origin_equal(&x->origin, &y->origin) || x->count != y->count) {
            return false;
        }
        for (size_t j = 0; j < x->count; j++) {
            if (x->intervals[j].after != y->intervals[j].after ||
                x->intervals[j].upto != y->intervals[j].upto) {
                return false;
            }
        }
    }
    return true;
}

static bool registers_equal(const zc_registers_t *a, const zc_registers_t *b) {
    return zc_stamp_compare(&a->settings_stamp, &b->settings_stamp) == 0 &&
           memcmp(&a->settings, &b->settings, sizeof a->settings) == 0 &&
           zc_stamp_compare(&a->clear, &b->clear) == 0;
}

bool zc_cluster_converged(zc_cluster_t *cluster, void *context) {
    (void)context;
    int first = -1;
    zc_store_stats_t stats;
    zc_registers_t registers;
    zc_vector_t vector = {.count = 0};
    for (int i = 0; i < zc_cluster_count(cluster); i++) {
        if (!zc_cluster_is_up(cluster, i)) {
            continue;
        }
        zc_replica_view_t view = zc_cluster_view(cluster, i);
        zc_vector_t other;
        if (zc_replica_vector(zc_cluster_replica(cluster, i), &other) != ZCACHE_OK) {
            return false;
        }
        if (first < 0) {
            first = i;
            stats = view.store;
            registers = view.registers;
            vector = other;
        } else if (view.store.digest != stats.digest || view.joining ||
                   !registers_equal(&registers, &view.registers) ||
                   !vectors_equal(&vector, &other)) {
            return false;
        }
    }
    return true;
}
