/* SPDX-License-Identifier: MPL-2.0 */
/* Which node wants to be woken next: a heap of those that do, each of which knows its place.
 *
 * Invariant: a node is in the heap exactly if it is up, runs, and its clock will come to its
 * deadline. Of two with the same deadline the lower number is first. */
#include "tests/sim/state.h"

#define OUTSIDE SIZE_MAX

static bool is_before(const zc_cluster_t *cluster, int a, int b) {
    const zc_node_t *x = &cluster->nodes[a];
    const zc_node_t *y = &cluster->nodes[b];
    return x->due_us != y->due_us ? x->due_us < y->due_us : a < b;
}

static void put(zc_cluster_t *cluster, size_t at, int node) {
    cluster->due[at] = node;
    cluster->nodes[node].due_position = at;
}

static void rise(zc_cluster_t *cluster, size_t at) {
    int node = cluster->due[at];
    while (at > 0 && is_before(cluster, node, cluster->due[(at - 1) / 2])) {
        put(cluster, at, cluster->due[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(cluster, at, node);
}

static void sink(zc_cluster_t *cluster, size_t at) {
    int node = cluster->due[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= cluster->due_count) {
            break;
        }
        if (child + 1 < cluster->due_count &&
            is_before(cluster, cluster->due[child + 1], cluster->due[child])) {
            child++;
        }
        if (!is_before(cluster, cluster->due[child], node)) {
            break;
        }
        put(cluster, at, cluster->due[child]);
        at = child;
    }
    put(cluster, at, node);
}

static void take_out(zc_cluster_t *cluster, int node) {
    size_t at = cluster->nodes[node].due_position;
    cluster->nodes[node].due_position = OUTSIDE;
    int last = cluster->due[--cluster->due_count];
    if (last != node) {
        put(cluster, at, last);
        rise(cluster, at);
        sink(cluster, cluster->nodes[last].due_position);
    }
}

/* In virtual time, not before now; UINT64_MAX: never. */
static uint64_t due_us(const zc_cluster_t *cluster, int number) {
    const zc_node_t *node = &cluster->nodes[number];
    if (node->replica == NULL || node->paused) {
        return UINT64_MAX;
    }
    return zc_nodes_virtual_us(cluster, number, zc_replica_deadline(node->replica));
}

void zc_deadlines_update(zc_cluster_t *cluster, int number) {
    zc_node_t *node = &cluster->nodes[number];
    node->due_us = due_us(cluster, number);
    bool is_in = node->due_position != OUTSIDE;
    if (node->due_us == UINT64_MAX) {
        if (is_in) {
            take_out(cluster, number);
        }
        return;
    }
    if (!is_in) {
        put(cluster, cluster->due_count++, number);
    }
    rise(cluster, node->due_position);
    sink(cluster, node->due_position);
}

int zc_deadlines_next(const zc_cluster_t *cluster, uint64_t *at_us) {
    if (cluster->due_count == 0) {
        return ZC_NOBODY;
    }
    *at_us = cluster->nodes[cluster->due[0]].due_us;
    return cluster->due[0];
}
