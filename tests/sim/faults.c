/* SPDX-License-Identifier: MPL-2.0 */
/* Drawing faults, and healing them. A fault that lasts is noted with its end, by what it befell. */
#include "tests/sim/faults.h"

#include <stdlib.h>

enum { OVERRUN_MS = 60 }; /* what lasts ends with a step, so much later at most */

/* Peers are suspect after 3 heartbeats and gone after 20: what lasts up to 30 shows all of it. */
static uint64_t draw_while_ms(const zc_world_t *world, zc_random_t *random) {
    uint64_t beat_ms = world->plan.settings.heartbeat_ms;
    uint64_t beats = zc_random_chance(random, 1, 3) ? 30 : 6;
    return zc_random_between(random, 1, beats * beat_ms);
}

static void note_stop(zc_world_t *world, uint64_t ms) {
    world->longest_stop_ms = ms > world->longest_stop_ms ? ms : world->longest_stop_ms;
}

/* -- The network ----------------------------------------------------------- */

static void begin_partition(zc_world_t *world, zc_random_t *random) {
    bool aside[ZC_CLUSTER_NODES_MAX] = {false};
    for (int i = 0; i < world->count; i++) {
        aside[i] = zc_random_chance(random, 1, 2);
    }
    zc_world_log(world, ZC_ABOUT_ALL, "the nodes fall into two parts");
    world->split_until_ms = zc_world_now_ms(world) + draw_while_ms(world, random);
    zc_cluster_split(world->cluster, aside);
    zc_world_keep_apart(world);
}

static void begin_cut(zc_world_t *world, zc_random_t *random) {
    int from = (int)zc_random_below(random, (uint64_t)world->count);
    int to = (int)zc_random_below(random, (uint64_t)world->count);
    uint64_t until_ms = zc_world_now_ms(world) + draw_while_ms(world, random);
    if (from != to && world->cut.until_ms == 0) {
        zc_world_log(world, ZC_ABOUT_ALL, "n%d is no longer heard by n%d", from, to);
        world->cut = (zc_world_cut_t){.from = from, .to = to, .until_ms = until_ms};
        zc_cluster_cut(world->cluster, from, to, true);
    }
}

static void begin_clog(zc_world_t *world, zc_random_t *random) {
    int from = (int)zc_random_below(random, (uint64_t)world->count);
    int to = (int)zc_random_below(random, (uint64_t)world->count);
    uint64_t ms = draw_while_ms(world, random);
    bool drops = zc_random_chance(random, 1, 2);
    zc_world_log(world, ZC_ABOUT_ALL, "the way from n%d to n%d is clogged%s", from, to,
                 drops ? " and drops broadcasts" : "");
    note_stop(world, ms);
    uint64_t until_ms = zc_world_now_ms(world) + ms;
    if (until_ms > world->clogged_until_ms) {
        world->clogged_until_ms = until_ms;
    }
    zc_cluster_clog(world->cluster, from, to, ms, drops);
}

/* -- Nodes ----------------------------------------------------------------- */

static void begin_pause(zc_world_t *world, zc_random_t *random) {
    int node = zc_world_any(world, random);
    uint64_t ms = draw_while_ms(world, random);
    if (node >= 0) {
        zc_world_log(world, ZC_ABOUT_ALL, "n%d is paused", node);
        note_stop(world, ms);
        world->nodes[node].paused_until_ms = zc_world_now_ms(world) + ms;
        zc_cluster_pause(world->cluster, node, true);
    }
}

/* The last one that runs stays: else there would be nothing to look at. */
static void end_node(zc_world_t *world, zc_random_t *random, int node, bool leaves) {
    uint64_t ms = draw_while_ms(world, random);
    if (node >= 0 && zc_world_running(world) > 1 && zc_cluster_runs(world->cluster, node)) {
        zc_world_end(world, node, leaves);
        world->nodes[node].down_until_ms = zc_world_now_ms(world) + ms;
    }
}

static void begin_crash(zc_world_t *world, zc_random_t *random) {
    end_node(world, random, zc_world_any(world, random), false);
}

static void begin_leave(zc_world_t *world, zc_random_t *random) {
    end_node(world, random, zc_world_any(world, random), true);
}

void zc_faults_strike(zc_world_t *world) {
    int node = world->doomed;
    world->doomed = -1;
    if (node >= 0) {
        zc_world_log(world, ZC_ABOUT_ALL, "n%d was aimed at, in the midst of a transfer", node);
        end_node(world, &world->aim, node, false);
    }
}

static void begin_starving(zc_world_t *world, zc_random_t *random) {
    int node = zc_world_any(world, random);
    uint64_t ms = draw_while_ms(world, random);
    if (node >= 0) {
        zc_world_log(world, ZC_ABOUT_ALL, "n%d is short of memory", node);
        world->nodes[node].starved_until_ms = zc_world_now_ms(world) + ms;
    }
}

/* While a node is short of memory, now and then an allocation of it fails. */
static void starve(zc_world_t *world, zc_random_t *random, int node) {
    zc_failing_allocator_t *memory = &world->nodes[node].memory;
    if (memory->countdown == UINT64_MAX) {
        bool failed = memory->failed;
        zc_failing_allocator_fail_after(memory, zc_random_below(random, 60));
        memory->failed = failed;
    }
}

/* -- Clocks ---------------------------------------------------------------- */

static void begin_stand(zc_world_t *world, zc_random_t *random) {
    int node = zc_world_any(world, random);
    uint64_t ms = draw_while_ms(world, random);
    if (node >= 0 && world->nodes[node].stands_until_ms == 0) {
        zc_world_log(world, ZC_ABOUT_ALL, "n%d's clock stands", node);
        world->nodes[node].stands_until_ms = zc_world_now_ms(world) + ms;
        world->clock_error_ms += ms + OVERRUN_MS;
        zc_cluster_stand(world->cluster, node, true);
    }
}

/* Up to three times what is allowed, but no more than the run can wait for. */
static void begin_jump(zc_world_t *world, zc_random_t *random) {
    int node = zc_world_any(world, random);
    uint64_t skew_ms = world->plan.settings.max_clock_skew_ms;
    uint64_t ms = zc_random_between(random, 1, skew_ms > 10000 ? 10000 : 3 * skew_ms);
    if (node >= 0) {
        zc_world_log(world, ZC_ABOUT_ALL, "n%d's clock jumps ahead by %llu ms", node,
                     (unsigned long long)ms);
        world->clock_error_ms += ms;
        zc_cluster_jump(world->cluster, node, ms);
    }
}

/* -- Every step ------------------------------------------------------------ */

typedef void begin_fn(zc_world_t *world, zc_random_t *random);

static const struct {
    zc_feature_t feature;
    begin_fn *begin;
} beginnings[] = {
    {ZC_FEATURE_PARTITION, begin_partition}, {ZC_FEATURE_CUT, begin_cut},
    {ZC_FEATURE_CLOG, begin_clog},           {ZC_FEATURE_PAUSE, begin_pause},
    {ZC_FEATURE_CRASH, begin_crash},         {ZC_FEATURE_LEAVE, begin_leave},
    {ZC_FEATURE_MEMORY, begin_starving},     {ZC_FEATURE_STAND, begin_stand},
    {ZC_FEATURE_JUMP, begin_jump},
};

/* True, once: its time is over. */
static bool is_over(const zc_world_t *world, uint64_t *until_ms) {
    if (*until_ms == 0 || zc_world_now_ms(world) < *until_ms) {
        return false;
    }
    *until_ms = 0;
    return true;
}

static void end_network_faults(zc_world_t *world) {
    if (is_over(world, &world->split_until_ms)) {
        zc_world_log(world, ZC_ABOUT_ALL, "the parts are one again");
        zc_cluster_heal(world->cluster);
        zc_world_keep_apart(world);
    }
    if (is_over(world, &world->cut.until_ms)) {
        zc_cluster_cut(world->cluster, world->cut.from, world->cut.to, false);
        zc_world_keep_apart(world);
    }
}

static void end_node_faults(zc_world_t *world, int number) {
    zc_world_node_t *node = &world->nodes[number];
    uint64_t start_ms = world->begun_ms + world->plan.node[number].start_ms;
    if (!node->started && zc_world_now_ms(world) >= start_ms) {
        zc_world_start(world, number);
    }
    if (is_over(world, &node->down_until_ms)) {
        zc_world_start(world, number);
    }
    if (is_over(world, &node->paused_until_ms)) {
        zc_world_log(world, ZC_ABOUT_ALL, "n%d goes on", number);
        zc_cluster_pause(world->cluster, number, false);
    }
    if (is_over(world, &node->stands_until_ms)) {
        zc_world_log(world, ZC_ABOUT_ALL, "n%d's clock goes on", number);
        zc_cluster_stand(world->cluster, number, false);
    }
    if (is_over(world, &node->starved_until_ms)) {
        zc_failing_allocator_stop(&node->memory);
    }
}

void zc_faults_step(zc_world_t *world, uint64_t step) {
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        zc_feature_t feature = beginnings[i].feature;
        zc_random_t random = zc_plan_step_stream(&world->plan, zc_feature_text(feature), step);
        if (zc_random_chance(&random, world->plan.rates[feature], 10000)) {
            beginnings[i].begin(world, &random);
        }
    }
    end_network_faults(world);
    zc_random_t random = zc_plan_step_stream(&world->plan, "starve", step);
    for (int i = 0; i < world->count; i++) {
        end_node_faults(world, i);
        if (world->nodes[i].starved_until_ms != 0) {
            starve(world, &random, i);
        }
    }
    if (zc_world_now_ms(world) >= world->begun_ms + world->plan.duration_ms / 2) {
        zc_world_meet(world);
    }
}

/* -- Healing --------------------------------------------------------------- */

/* As of the node's last step: see wake_all. */
static int64_t clock_offset_ms(const zc_world_t *world, int node) {
    zc_replica_view_t view = zc_cluster_view(world->cluster, node);
    return (int64_t)view.mesh_ms - (int64_t)zc_world_now_ms(world);
}

static int compare_offsets(const void *a, const void *b) {
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* The clock of most: the middle one. */
static int64_t middle_offset_ms(const zc_world_t *world) {
    int64_t offsets[ZC_PLAN_NODES_MAX];
    size_t count = 0;
    for (int i = 0; i < world->count; i++) {
        if (zc_cluster_is_up(world->cluster, i)) {
            offsets[count++] = clock_offset_ms(world, i);
        }
    }
    qsort(offsets, count, sizeof *offsets, compare_offsets);
    return offsets[count / 2];
}

/* Returns whether anything was wrong, and for how long it must stand. A clock that is behind is put
 * right; one that is ahead stands until the others have come to it; and where that would take too
 * long, its node is started again, as people would have to. */
static bool heal_clock(zc_world_t *world, int node, int64_t middle_ms, uint64_t *stands_ms) {
    enum { PATIENCE_MS = 20000 };
    int64_t ahead_ms = clock_offset_ms(world, node) - middle_ms;
    uint64_t skew_ms = zc_cluster_view(world->cluster, node).registers.settings.max_clock_skew_ms;
    if (ahead_ms > PATIENCE_MS && skew_ms < 1000 * 1000) {
        zc_world_end(world, node, false);
        zc_world_start(world, node);
    } else if (ahead_ms < -(int64_t)skew_ms / 4) {
        zc_cluster_jump(world->cluster, node, (uint64_t)-ahead_ms);
    } else if (ahead_ms > (int64_t)skew_ms / 4) {
        zc_cluster_stand(world->cluster, node, true);
        world->nodes[node].stands_until_ms = zc_world_now_ms(world) + (uint64_t)ahead_ms;
        *stands_ms = (uint64_t)ahead_ms > *stands_ms ? (uint64_t)ahead_ms : *stands_ms;
    } else {
        return false;
    }
    world->clock_error_ms += (uint64_t)llabs(ahead_ms) + OVERRUN_MS;
    zc_world_log(world, ZC_ABOUT_ALL, "n%d's clock was ahead by %lld ms", node,
                 (long long)ahead_ms);
    return true;
}

static void wake_all(zc_world_t *world) {
    for (int i = 0; i < world->count; i++) {
        zc_cluster_tick(world->cluster, i);
    }
}

static void wait_until(zc_world_t *world, uint64_t until_ms) {
    while (!zc_world_failed(world) && zc_world_now_ms(world) < until_ms) {
        zc_cluster_run_ms(world->cluster, 10);
        for (int i = 0; i < world->count; i++) {
            end_node_faults(world, i);
        }
    }
}

static bool heal_clocks(zc_world_t *world) {
    wake_all(world);
    int64_t middle_ms = middle_offset_ms(world);
    uint64_t longest_ms = 0;
    bool healed = false;
    for (int i = 0; i < world->count; i++) {
        zc_cluster_drift(world->cluster, i, 0);
        healed = heal_clock(world, i, middle_ms, &longest_ms) || healed;
    }
    wait_until(world, zc_world_now_ms(world) + longest_ms);
    return healed;
}

static void heal_node(zc_world_t *world, int number) {
    zc_world_node_t *node = &world->nodes[number];
    node->paused_until_ms = 0;
    node->starved_until_ms = 0;
    node->stands_until_ms = 0;
    zc_failing_allocator_stop(&node->memory);
    zc_cluster_pause(world->cluster, number, false);
    zc_cluster_stand(world->cluster, number, false);
    if (!zc_cluster_is_up(world->cluster, number)) {
        zc_world_start(world, number);
    }
}

/* A joiner that finds nobody goes on alone after 12 heartbeats (M4). */
static void wait_for_joiners(zc_world_t *world) {
    enum { JOIN_HEARTBEATS = 14 };
    uint64_t longest_ms = 0;
    for (int i = 0; i < world->count; i++) {
        uint64_t beat_ms = zc_cluster_view(world->cluster, i).registers.settings.heartbeat_ms;
        longest_ms = beat_ms > longest_ms ? beat_ms : longest_ms;
    }
    uint64_t until_ms = zc_world_now_ms(world) + JOIN_HEARTBEATS * longest_ms;
    bool joining = true;
    while (joining && !zc_world_failed(world) && zc_world_now_ms(world) < until_ms) {
        zc_cluster_run_ms(world->cluster, 50);
        joining = false;
        for (int i = 0; i < world->count; i++) {
            joining = joining || zc_cluster_view(world->cluster, i).joining;
        }
    }
}

void zc_faults_heal(zc_world_t *world) {
    zc_world_log(world, ZC_ABOUT_ALL, "everything is healed");
    world->calm = true;
    world->doomed = -1;
    *zc_cluster_network(world->cluster) =
        (zc_cluster_network_t){.latency_us = 500, .jitter_us = 200};
    zc_world_meet(world);
    zc_cluster_heal(world->cluster);
    world->split_until_ms = 0;
    world->cut.until_ms = 0;
    for (int i = 0; i < world->count; i++) {
        heal_node(world, i);
    }
    /* What waits on a clogged way is still to come, and who joins has yet to learn the time. Those
     * that are started again for their clocks' sake may learn a wrong one, hence the second turn.
     */
    wait_until(world, world->clogged_until_ms);
    for (int turn = 0; turn < 2; turn++) {
        wait_for_joiners(world);
        if (!heal_clocks(world)) {
            break;
        }
    }
}
