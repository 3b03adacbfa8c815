/* SPDX-License-Identifier: MPL-2.0 */
/* The table of nodes: how one starts and ends, and how its clock goes.
 *
 * A node keeps its number and its endpoints over all its lives; its number is in its address. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/state.h"

enum { ROUTER_PORT = 5000, PUBLISH_PORT = 5001 };

static const uint64_t wall_ms_at_zero = 1700000000000;

static void write_endpoint(char *text, int number, int port) {
    int host = number + 1;
    snprintf(text, ZC_ENDPOINT_BYTES, "tcp://10.0.%d.%d:%d", host / 256, host % 256, port);
}

int zc_nodes_at(zc_slice_t endpoint) {
    char text[ZC_ENDPOINT_BYTES];
    if (endpoint.bytes >= sizeof text) {
        return ZC_NOBODY;
    }
    memcpy(text, endpoint.data, endpoint.bytes);
    text[endpoint.bytes] = '\0';
    int high = 0;
    int low = 0;
    int port = 0;
    if (sscanf(text, "tcp://10.0.%3d.%3d:%5d", &high, &low, &port) != 3) {
        return ZC_NOBODY;
    }
    int number = high * 256 + low - 1;
    return number >= 0 && number < ZC_CLUSTER_NODES_MAX ? number : ZC_NOBODY;
}

/* -- Clocks ---------------------------------------------------------------- */

enum { MILLION = 1000000 };

/* Further than this a deadline is never, and the arithmetic would not hold it. */
#define FAR_US ((uint64_t)1 << 43)

uint64_t zc_cluster_local_us(const zc_cluster_t *cluster, int node) {
    const zc_node_clock_t *clock = &cluster->nodes[node].clock;
    if (clock->stands) {
        return clock->local_us;
    }
    uint64_t passed_us = cluster->now_us - clock->since_us;
    return clock->local_us + passed_us * (uint64_t)(MILLION + clock->drift_ppm) / MILLION;
}

uint64_t zc_nodes_virtual_us(const zc_cluster_t *cluster, int node, uint64_t local_us) {
    const zc_node_clock_t *clock = &cluster->nodes[node].clock;
    if (local_us <= zc_cluster_local_us(cluster, node)) {
        return cluster->now_us;
    }
    uint64_t ahead_us = local_us - clock->local_us;
    if (clock->stands || ahead_us > FAR_US) {
        return UINT64_MAX;
    }
    uint64_t rate = (uint64_t)(MILLION + clock->drift_ppm);
    return clock->since_us + (ahead_us * MILLION + rate - 1) / rate;
}

/* Puts the clock's beginning to now, so that it may go on in another way. */
static zc_node_clock_t *rebase(zc_cluster_t *cluster, int node) {
    zc_node_clock_t *clock = &cluster->nodes[node].clock;
    clock->local_us = zc_cluster_local_us(cluster, node);
    clock->since_us = cluster->now_us;
    return clock;
}

void zc_cluster_drift(zc_cluster_t *cluster, int node, int32_t ppm) {
    rebase(cluster, node)->drift_ppm = ppm;
    zc_deadlines_update(cluster, node);
}

void zc_cluster_jump(zc_cluster_t *cluster, int node, uint64_t ms) {
    rebase(cluster, node)->local_us += ms * 1000;
    zc_deadlines_update(cluster, node);
}

void zc_cluster_stand(zc_cluster_t *cluster, int node, bool stands) {
    rebase(cluster, node)->stands = stands;
    zc_deadlines_update(cluster, node);
}

void zc_cluster_set_wall_skew_ms(zc_cluster_t *cluster, int64_t skew_ms) {
    cluster->wall_skew_ms = skew_ms;
}

/* -- Life ------------------------------------------------------------------ */

void zc_cluster_set_max_memory(zc_cluster_t *cluster, uint64_t bytes) {
    cluster->max_memory = bytes;
}

void zc_cluster_set_checkpoint_bytes(zc_cluster_t *cluster, uint64_t bytes) {
    cluster->checkpoint_bytes = bytes;
}

void zc_cluster_set_allocator(zc_cluster_t *cluster, const zc_allocator_t *allocator) {
    cluster->allocator = allocator;
}

static void draw_origin(zc_cluster_t *cluster, zc_origin_t *origin) {
    for (int i = 0; i < 2; i++) {
        uint64_t id = zc_random_next(&cluster->random);
        memcpy(origin->bytes + 8 * i, &id, sizeof id);
    }
}

static zc_replica_options_t describe(zc_cluster_t *cluster, int number,
                                     const zc_settings_t *settings) {
    const zc_node_t *node = &cluster->nodes[number];
    uint64_t wall_ms = wall_ms_at_zero + cluster->now_us / 1000;
    zc_replica_options_t options = {
        .allocator = cluster->allocator,
        .max_memory = cluster->max_memory,
        .checkpoint_bytes = cluster->checkpoint_bytes,
        .random_seed = zc_random_next(&cluster->random),
        .now_us = zc_cluster_local_us(cluster, number),
        .wall_ms = (uint64_t)((int64_t)wall_ms + cluster->wall_skew_ms),
    };
    draw_origin(cluster, &options.identity.origin);
    options.identity.region = zc_slice("", 0);
    options.identity.endpoint = zc_slice_text(node->endpoint);
    options.identity.publish_endpoint = zc_slice_text(node->publish_endpoint);
    options.identity.watch_endpoint = zc_slice_text(node->endpoint);
    zc_settings_init(&options.settings);
    if (settings != NULL) {
        options.settings = *settings;
    }
    return options;
}

void zc_cluster_restart_with(zc_cluster_t *cluster, int number, const zc_settings_t *settings,
                             const int *seeds, size_t seed_count) {
    zc_node_t *node = &cluster->nodes[number];
    ZC_ASSERT(node->replica == NULL && seed_count <= ZC_CLUSTER_SEEDS_MAX);
    zc_replica_options_t options = describe(cluster, number, settings);
    char endpoints[ZC_CLUSTER_SEEDS_MAX][ZC_ENDPOINT_BYTES];
    zc_slice_t slices[ZC_CLUSTER_SEEDS_MAX];
    for (size_t i = 0; i < seed_count; i++) {
        write_endpoint(endpoints[i], seeds[i], ROUTER_PORT);
        slices[i] = zc_slice_text(endpoints[i]);
    }
    options.seeds = slices;
    options.seed_count = seed_count;
    char name[16];
    snprintf(name, sizeof name, "n%d", number);
    options.identity.name = zc_slice_text(name);
    zcache_status status = zc_replica_new(&options, &node->replica);
    ZC_ASSERT(status == ZCACHE_OK);
    node->life++;
    node->paused = false;
    zc_event_t event = {.type = ZC_EVENT_TICK};
    zc_cluster_step(cluster, number, &event);
}

void zc_cluster_restart(zc_cluster_t *cluster, int node, const zc_settings_t *settings, int join) {
    const int seeds[] = {join, 0};
    size_t seed_count = join < 0 ? 0 : 1;
    if (join > 0 && node > 0) {
        seed_count = 2;
    }
    zc_cluster_restart_with(cluster, node, settings, seeds, seed_count);
}

static void grow(zc_cluster_t *cluster) {
    int capacity = cluster->capacity == 0 ? 8 : cluster->capacity * 2;
    zc_ways_grow(cluster, capacity);
    size_t bytes = (size_t)capacity * sizeof *cluster->nodes;
    cluster->nodes = realloc(cluster->nodes, bytes);
    cluster->due = realloc(cluster->due, (size_t)capacity * sizeof *cluster->due);
    ZC_ASSERT(cluster->nodes != NULL);
    ZC_ASSERT(cluster->due != NULL);
    cluster->capacity = capacity;
}

int zc_cluster_add(zc_cluster_t *cluster) {
    ZC_ASSERT(cluster->count < ZC_CLUSTER_NODES_MAX);
    if (cluster->count == cluster->capacity) {
        grow(cluster);
    }
    int number = cluster->count++;
    zc_node_t *node = &cluster->nodes[number];
    *node = (zc_node_t){.due_position = SIZE_MAX,
                        .clock = {.since_us = cluster->now_us, .local_us = cluster->now_us}};
    write_endpoint(node->endpoint, number, ROUTER_PORT);
    write_endpoint(node->publish_endpoint, number, PUBLISH_PORT);
    return number;
}

int zc_cluster_start(zc_cluster_t *cluster, const zc_settings_t *settings, int join) {
    int number = zc_cluster_add(cluster);
    zc_cluster_restart(cluster, number, settings, join);
    return number;
}

void zc_cluster_crash(zc_cluster_t *cluster, int node) {
    zc_replica_destroy(&cluster->nodes[node].replica);
    cluster->nodes[node].paused = false;
    zc_delivery_close(cluster, node);
    zc_deadlines_update(cluster, node);
}

void zc_cluster_leave(zc_cluster_t *cluster, int node) {
    zc_event_t event = {.type = ZC_EVENT_LEAVE};
    zc_cluster_step(cluster, node, &event);
    zc_cluster_crash(cluster, node);
}

void zc_cluster_pause(zc_cluster_t *cluster, int node, bool paused) {
    cluster->nodes[node].paused = paused && cluster->nodes[node].replica != NULL;
    if (!cluster->nodes[node].paused) {
        zc_delivery_resume(cluster, node);
    }
    zc_deadlines_update(cluster, node);
}

bool zc_cluster_is_up(const zc_cluster_t *cluster, int node) {
    return cluster->nodes[node].replica != NULL;
}

bool zc_cluster_runs(const zc_cluster_t *cluster, int node) {
    return cluster->nodes[node].replica != NULL && !cluster->nodes[node].paused;
}

uint32_t zc_cluster_life(const zc_cluster_t *cluster, int node) {
    return cluster->nodes[node].life;
}

int zc_cluster_count(const zc_cluster_t *cluster) {
    return cluster->count;
}

zc_replica_t *zc_cluster_replica(zc_cluster_t *cluster, int node) {
    return cluster->nodes[node].replica;
}

zc_replica_view_t zc_cluster_view(zc_cluster_t *cluster, int node) {
    zc_replica_view_t view;
    zc_replica_view(cluster->nodes[node].replica, &view);
    return view;
}

void zc_nodes_fini(zc_cluster_t *cluster) {
    for (int i = 0; i < cluster->count; i++) {
        zc_replica_destroy(&cluster->nodes[i].replica);
        zc_delivery_close(cluster, i);
    }
    for (int i = 0; i < cluster->count; i++) {
        free(cluster->nodes[i].connections);
        free(cluster->nodes[i].listeners);
        free(cluster->nodes[i].held);
    }
    free(cluster->nodes);
    free(cluster->due);
    free(cluster->ways);
}
