/* SPDX-License-Identifier: MPL-2.0 */
/* The virtual cluster: construction, a step of a node, and time, which moves from one arrival or
 * deadline to the next. */
#include "tests/sim/cluster.h"

#include <stdlib.h>

#include "tests/sim/state.h"

/* -- Life ------------------------------------------------------------------ */

zc_cluster_t *zc_cluster_new(uint64_t seed) {
    zc_cluster_t *cluster = calloc(1, sizeof *cluster);
    ZC_ASSERT(cluster != NULL);
    cluster->random.state = seed;
    cluster->now_us = 1000 * 1000;
    cluster->allocator = zc_allocator_system();
    cluster->network = (zc_cluster_network_t){.latency_us = 500, .jitter_us = 200};
    zc_frames_init(&cluster->frames);
    zc_buffer_init(&cluster->answer, zc_allocator_system());
    return cluster;
}

void zc_cluster_destroy(zc_cluster_t **cluster) {
    zc_cluster_t *dead = *cluster;
    zc_nodes_fini(dead);
    zc_flights_fini(&dead->flights, &dead->frames);
    zc_frames_fini(&dead->frames);
    zc_buffer_fini(&dead->answer);
    free(dead);
    *cluster = NULL;
}

void *zc_cluster_grow(void *block, size_t *capacity, size_t wanted, size_t item_bytes) {
    size_t grown = *capacity == 0 ? 8 : *capacity;
    while (grown < wanted) {
        grown *= 2;
    }
    void *moved = realloc(block, grown * item_bytes);
    ZC_ASSERT(moved != NULL);
    *capacity = grown;
    return moved;
}

/* -- What can be seen ------------------------------------------------------ */

zc_random_t *zc_cluster_random(zc_cluster_t *cluster) {
    return &cluster->random;
}

uint64_t zc_cluster_now_ms(const zc_cluster_t *cluster) {
    return cluster->now_us / 1000;
}

uint64_t zc_cluster_trace(const zc_cluster_t *cluster) {
    return cluster->trace;
}

zc_cluster_traffic_t zc_cluster_traffic(const zc_cluster_t *cluster) {
    return cluster->traffic;
}

uint64_t zc_cluster_bytes(const zc_cluster_t *cluster) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < ZC_CLUSTER_MESSAGE_TYPES; i++) {
        bytes += cluster->traffic.bytes[i];
    }
    return bytes;
}

void zc_cluster_observe(zc_cluster_t *cluster, zc_cluster_observer_fn *observer, void *context) {
    cluster->observer = observer;
    cluster->observer_context = context;
}

void zc_cluster_observe_steps(zc_cluster_t *cluster, zc_cluster_step_fn *observer, void *context) {
    cluster->step_observer = observer;
    cluster->step_context = context;
}

void zc_cluster_filter(zc_cluster_t *cluster, zc_cluster_filter_fn *filter, void *context) {
    cluster->filter = filter;
    cluster->filter_context = context;
}

/* -- Steps ----------------------------------------------------------------- */

zcache_status zc_cluster_step(zc_cluster_t *cluster, int number, zc_event_t *event) {
    zc_replica_t *replica = cluster->nodes[number].replica;
    ZC_ASSERT(replica != NULL);
    event->now_us = zc_cluster_local_us(cluster, number);
    zc_effects_t effects;
    zcache_status status = zc_replica_step(replica, event, &effects);
    if (cluster->step_observer != NULL) {
        const zc_cluster_step_t step = {
            .node = number, .event = event, .status = status, .effects = effects};
        cluster->step_observer(cluster->step_context, &step);
    }
    for (size_t i = 0; i < effects.count; i++) {
        if (cluster->observer != NULL) {
            cluster->observer(cluster->observer_context, number, &effects.effects[i]);
        }
        zc_delivery_perform(cluster, number, &effects.effects[i]);
    }
    zc_deadlines_update(cluster, number);
    return status;
}

/* -- Time ------------------------------------------------------------------ */

static void move_to(zc_cluster_t *cluster, uint64_t at_us) {
    cluster->now_us = at_us > cluster->now_us ? at_us : cluster->now_us;
}

/* Does the next thing that is due by `until_us`; false: nothing is. */
static bool do_next(zc_cluster_t *cluster, uint64_t until_us) {
    uint64_t due_us = UINT64_MAX;
    int node = zc_deadlines_next(cluster, &due_us);
    bool arrives = cluster->flights.count > 0 && cluster->flights.heap[0].at_us <= due_us;
    if (arrives && cluster->flights.heap[0].at_us <= until_us) {
        zc_flight_t flight = zc_flights_pop(&cluster->flights);
        move_to(cluster, flight.at_us);
        zc_delivery_land(cluster, &flight);
        return true;
    }
    if (arrives || node < 0 || due_us > until_us) {
        return false;
    }
    move_to(cluster, due_us);
    zc_cluster_tick(cluster, node);
    return true;
}

void zc_cluster_run_ms(zc_cluster_t *cluster, uint64_t ms) {
    uint64_t until_us = cluster->now_us + ms * 1000;
    cluster->interrupted = false;
    while (!cluster->interrupted && do_next(cluster, until_us)) {
    }
    if (!cluster->interrupted) {
        move_to(cluster, until_us);
    }
}

void zc_cluster_interrupt(zc_cluster_t *cluster) {
    cluster->interrupted = true;
}

bool zc_cluster_run_until(zc_cluster_t *cluster, zc_cluster_condition_fn *condition, void *context,
                          uint64_t limit_ms) {
    for (uint64_t passed_ms = 0; passed_ms <= limit_ms; passed_ms += 10) {
        if (condition(cluster, context)) {
            return true;
        }
        zc_cluster_run_ms(cluster, 10);
    }
    return false;
}
