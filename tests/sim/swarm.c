/* SPDX-License-Identifier: MPL-2.0 */
/* The run of a seed. */
#include "tests/sim/swarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/faults.h"
#include "tests/sim/workload.h"

enum {
    STEP_MS = 60,         /* between two steps, at most */
    WHOLE_NODES = 8,      /* so many nodes are all looked at in each step */
    BACKOFF_MS = 37500,   /* the longest backoff of dialling with its jitter (M3) */
    ABANDONED_MS = 30000, /* a donor's place for a receiver that has vanished (R7) */
    HEARTBEATS = 60, /* 20 to see that a peer is gone, 12 of a joiner, the rest are exchanges */
    TRANSFERS_MS = 15000, /* of everything, each chunk a way of less than a millisecond */
    SETTLED_MS = 3000,
    SETTLED_HEARTBEATS = 10,
    QUIET_HEARTBEATS = 6,
};

/* The stated time of convergence. */
static uint64_t limit_ms(zc_world_t *world) {
    uint64_t beat_ms = 0;
    for (int i = 0; i < world->count; i++) {
        if (zc_cluster_is_up(world->cluster, i)) {
            uint64_t own_ms = zc_cluster_view(world->cluster, i).registers.settings.heartbeat_ms;
            beat_ms = own_ms > beat_ms ? own_ms : beat_ms;
        }
    }
    return BACKOFF_MS + ABANDONED_MS + TRANSFERS_MS + HEARTBEATS * beat_ms;
}

static void run(zc_world_t *world, uint64_t ms) {
    uint64_t until_ms = zc_world_now_ms(world) + ms;
    while (!zc_world_failed(world) && zc_world_now_ms(world) < until_ms) {
        zc_cluster_run_ms(world->cluster, until_ms - zc_world_now_ms(world));
        zc_faults_strike(world);
    }
}

/* All nodes, or in a large cluster one after the other. */
static void look(zc_world_t *world, uint64_t step) {
    if (world->count > WHOLE_NODES) {
        zc_check_node(world, (int)(step % (uint64_t)world->count));
        return;
    }
    for (int i = 0; i < world->count; i++) {
        zc_check_node(world, i);
    }
}

static uint64_t hurt(zc_world_t *world) {
    const zc_plan_t *plan = &world->plan;
    *zc_cluster_network(world->cluster) = plan->network;
    zc_world_keep_apart(world);
    uint64_t step = 0;
    for (; step < plan->steps && !zc_world_failed(world); step++) {
        if (zc_world_now_ms(world) >= world->begun_ms + plan->duration_ms) {
            break;
        }
        zc_random_t random = zc_plan_step_stream(plan, "gap", step);
        zc_faults_step(world, step);
        zc_workload_step(world, step);
        run(world, zc_random_below(&random, STEP_MS));
        look(world, step);
    }
    return step;
}

/* For people: whom the node does not see, and why. */
static void log_peers(zc_world_t *world, int node) {
    zc_peer_view_t peer;
    for (size_t i = 1; zc_replica_peer(zc_cluster_replica(world->cluster, node), i, &peer); i++) {
        if (peer.state != ZC_PEER_LIVE) {
            zc_world_log(world, ZC_ABOUT_ALL, "n%d sees %.*s %s, %llu ms ahead", node,
                         (int)peer.identity.endpoint.bytes,
                         (const char *)peer.identity.endpoint.data, zc_peer_state_text(peer.state),
                         (unsigned long long)peer.skew_ms);
        }
    }
}

static uint64_t converge(zc_world_t *world) {
    uint64_t began_ms = zc_world_now_ms(world);
    uint64_t most_ms = limit_ms(world);
    zc_finding_t finding = {.check = ZC_CHECK_NONE};
    while (!zc_world_failed(world) && zc_check_agreement(world, &finding)) {
        if (zc_world_now_ms(world) - began_ms > most_ms) {
            log_peers(world, finding.node);
            zc_world_fail(world, finding.check, finding.node, finding.key,
                          "%llu s after it was healed: %s", (unsigned long long)most_ms / 1000,
                          finding.why);
        }
        run(world, 100);
    }
    return zc_world_now_ms(world) - began_ms;
}

/* Whoever agrees has nothing to ask for. */
static void stay_quiet(zc_world_t *world) {
    uint64_t beat_ms = zc_cluster_view(world->cluster, 0).registers.settings.heartbeat_ms;
    /* What was asked for on the last differences; and an ask that was lost is made again once its
     * time is over. */
    run(world, SETTLED_MS + SETTLED_HEARTBEATS * beat_ms);
    uint64_t asks = world->asks;
    run(world, QUIET_HEARTBEATS * beat_ms);
    zc_check_quiet(world, asks);
    for (int i = 0; i < world->count; i++) {
        zc_check_node(world, i);
    }
}

static void end(zc_world_t *world, zc_swarm_result_t *result) {
    for (int i = 0; i < world->count; i++) {
        if (zc_cluster_is_up(world->cluster, i)) {
            zc_counters_t counters = zc_cluster_view(world->cluster, i).counters;
            result->deltas += counters.deltas;
            result->replace_syncs += counters.replace_syncs;
        }
    }
    result->trace = zc_cluster_trace(world->cluster);
    result->writes = world->history.writes;
    result->bytes = zc_cluster_bytes(world->cluster);
    result->features = world->plan.features;
    result->nodes = world->plan.nodes;
    for (int i = 0; i < world->count && !zc_world_failed(world); i++) {
        if (zc_cluster_is_up(world->cluster, i)) {
            zc_world_end(world, i, false);
        }
    }
    result->check = world->verdict.check;
    snprintf(result->why, sizeof result->why, "%s", world->verdict.why);
    zc_world_tail(world, result->tail, sizeof result->tail);
}

void zc_swarm_run(const zc_swarm_options_t *options, zc_swarm_result_t *result) {
    *result = (zc_swarm_result_t){.options = *options, .check = ZC_CHECK_NONE};
    zc_world_t *world = zc_world_new(options);
    result->steps = hurt(world);
    if (!zc_world_failed(world)) {
        zc_faults_heal(world);
        result->converged_ms = converge(world);
    }
    if (!zc_world_failed(world)) {
        stay_quiet(world);
        zc_check_sound(world);
        zc_check_wire(world);
    }
    end(world, result);
    zc_world_destroy(&world);
}
