/* SPDX-License-Identifier: MPL-2.0 */
/* The ways between nodes, each in one direction: how long something travels, what is cut, what is
 * clogged. */
#include <stdlib.h>

#include "tests/sim/state.h"

void zc_ways_grow(zc_cluster_t *cluster, int capacity) {
    size_t side = (size_t)capacity;
    zc_way_t *ways = calloc(side * side, sizeof *ways);
    ZC_ASSERT(ways != NULL);
    for (int from = 0; from < cluster->count; from++) {
        for (int to = 0; to < cluster->count; to++) {
            ways[(size_t)from * side + (size_t)to] = *zc_way(cluster, from, to);
        }
    }
    free(cluster->ways);
    cluster->ways = ways;
}

uint64_t zc_ways_travel_us(zc_cluster_t *cluster) {
    return cluster->network.latency_us +
           zc_random_below(&cluster->random, cluster->network.jitter_us + 1);
}

uint64_t zc_ways_arrival_us(zc_cluster_t *cluster, int from, int to) {
    zc_way_t *way = zc_way(cluster, from, to);
    uint64_t at_us = cluster->now_us + zc_ways_travel_us(cluster);
    at_us = at_us > way->clogged_until_us ? at_us : way->clogged_until_us;
    at_us = at_us > way->last_arrival_us ? at_us : way->last_arrival_us;
    way->last_arrival_us = at_us;
    return at_us;
}

zc_cluster_network_t *zc_cluster_network(zc_cluster_t *cluster) {
    return &cluster->network;
}

void zc_cluster_cut(zc_cluster_t *cluster, int from, int to, bool cut) {
    zc_way(cluster, from, to)->cut = cut;
}

void zc_cluster_split(zc_cluster_t *cluster, const bool *aside) {
    for (int from = 0; from < cluster->count; from++) {
        for (int to = 0; to < cluster->count; to++) {
            zc_way(cluster, from, to)->cut = aside[from] != aside[to];
        }
    }
}

void zc_cluster_partition(zc_cluster_t *cluster, uint64_t set) {
    bool aside[ZC_CLUSTER_NODES_MAX] = {false};
    for (int i = 0; i < cluster->count && i < 64; i++) {
        aside[i] = (set >> i & 1) != 0;
    }
    zc_cluster_split(cluster, aside);
}

void zc_cluster_clog(zc_cluster_t *cluster, int from, int to, uint64_t ms, bool drops) {
    zc_way_t *way = zc_way(cluster, from, to);
    way->clogged_until_us = cluster->now_us + ms * 1000;
    way->drops = drops;
}

void zc_cluster_heal(zc_cluster_t *cluster) {
    for (int from = 0; from < cluster->count; from++) {
        for (int to = 0; to < cluster->count; to++) {
            zc_way_t *way = zc_way(cluster, from, to);
            way->cut = false;
            way->clogged_until_us = 0;
        }
    }
}
