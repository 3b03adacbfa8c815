/* SPDX-License-Identifier: MPL-2.0 */
/* Drawing a plan. */
#include "tests/sim/plan.h"

#include "lib/base/hash.h"

zc_random_t zc_plan_stream(uint64_t seed, const char *name) {
    return (zc_random_t){.state = zc_hash(zc_slice_text(name), seed)};
}

zc_random_t zc_plan_step_stream(const zc_plan_t *plan, const char *name, uint64_t step) {
    return zc_plan_stream(zc_mix(plan->seed, step + 1), name);
}

/* One in eight seeds is calm: it has few of them. */
static zc_features_t draw_features(uint64_t seed) {
    zc_random_t mood = zc_plan_stream(seed, "mood");
    uint64_t of = zc_random_chance(&mood, 1, 8) ? 4000 : 1000;
    zc_features_t features = 0;
    for (int i = 0; i < ZC_FEATURES; i++) {
        zc_random_t random = zc_plan_stream(seed, zc_feature_text((zc_feature_t)i));
        if (zc_random_chance(&random, zc_feature_share((zc_feature_t)i), of)) {
            features |= zc_feature_bit((zc_feature_t)i);
        }
    }
    return features;
}

static int draw_nodes(uint64_t seed) {
    zc_random_t random = zc_plan_stream(seed, "nodes");
    uint64_t dice = zc_random_below(&random, 1000);
    if (dice < 800) {
        return (int)zc_random_between(&random, 2, 6);
    }
    return (int)(dice < 960 ? zc_random_between(&random, 7, 12)
                            : zc_random_between(&random, 13, 40));
}

static uint64_t draw_heartbeat_ms(uint64_t seed) {
    static const uint64_t beats_ms[] = {250, 250, 250, 250, 50, 100, 500, 1000};
    zc_random_t random = zc_plan_stream(seed, "heartbeat");
    return beats_ms[zc_random_below(&random, sizeof beats_ms / sizeof beats_ms[0])];
}

/* Of two meshes that meet no clock may be too far ahead for ever, so there the bound is wide. */
static uint64_t draw_clock_skew_ms(const zc_plan_t *plan) {
    zc_random_t random = zc_plan_stream(plan->seed, "max_clock_skew");
    if (zc_plan_has(plan, ZC_FEATURE_MESHES) && zc_plan_has(plan, ZC_FEATURE_WALL)) {
        return 1500 * 1000;
    }
    static const uint64_t skews_ms[] = {10000, 10000, 2000, 1000};
    return skews_ms[zc_random_below(&random, sizeof skews_ms / sizeof skews_ms[0])];
}

static void draw_settings(zc_plan_t *plan) {
    zc_settings_t *settings = &plan->settings;
    zc_settings_init(settings);
    zc_random_t keys = zc_plan_stream(plan->seed, "keys");
    plan->keys = (int)zc_random_between(&keys, 2, zc_random_between(&keys, 8, ZC_PLAN_KEYS_MAX));
    plan->heat = (uint32_t)zc_random_between(&keys, 1, 4);
    zc_random_t sizes = zc_plan_stream(plan->seed, "sizes");
    uint64_t few = zc_random_between(&sizes, 1, (uint64_t)plan->keys);
    uint64_t ghosts = zc_random_between(&sizes, 1, zc_random_between(&sizes, 1, 40));
    settings->max_size = zc_plan_has(plan, ZC_FEATURE_TINY) ? few : 1000;
    settings->ghosts_max = zc_plan_has(plan, ZC_FEATURE_GHOSTS) ? ghosts : 0;
    zc_random_t times = zc_plan_stream(plan->seed, "times");
    uint64_t idle_ms = zc_random_between(&times, 500, 8000);
    uint64_t retire_ms = zc_random_between(&times, 1000, 15000);
    settings->expire_after_ms = zc_plan_has(plan, ZC_FEATURE_IDLE) ? idle_ms : 0;
    settings->heartbeat_ms = draw_heartbeat_ms(plan->seed);
    if (zc_plan_has(plan, ZC_FEATURE_RETIRE)) {
        settings->retire_after_ms = retire_ms;
    }
    settings->max_clock_skew_ms = draw_clock_skew_ms(plan);
    zc_random_t checkpoints = zc_plan_stream(plan->seed, "checkpoints");
    plan->checkpoint_bytes = zc_random_between(&checkpoints, 1, 3000);
}

static void draw_network(zc_plan_t *plan) {
    zc_random_t random = zc_plan_stream(plan->seed, "network");
    static const uint32_t losses[] = {10, 50, 100, 300};
    uint32_t loss = losses[zc_random_below(&random, 4)];
    uint32_t repeat = (uint32_t)zc_random_between(&random, 10, 500);
    uint32_t reorder = (uint32_t)zc_random_between(&random, 10, 500);
    uint64_t latency_us = zc_random_between(&random, 100, 30000);
    uint64_t jitter_us = zc_random_between(&random, 0, 2 * latency_us);
    bool delay = zc_plan_has(plan, ZC_FEATURE_DELAY);
    plan->network = (zc_cluster_network_t){
        .latency_us = delay ? latency_us : 500,
        .jitter_us = delay ? jitter_us : 200,
        .loss = zc_plan_has(plan, ZC_FEATURE_LOSS) ? loss : 0,
        .repeat = zc_plan_has(plan, ZC_FEATURE_REPEAT) ? repeat : 0,
        .reorder = zc_plan_has(plan, ZC_FEATURE_REORDER) ? reorder : 0,
    };
}

static void draw_rates(zc_plan_t *plan) {
    for (int i = 0; i < ZC_FEATURES; i++) {
        zc_random_t random = zc_plan_stream(plan->seed + 1, zc_feature_text((zc_feature_t)i));
        plan->rates[i] =
            zc_plan_has(plan, (zc_feature_t)i) ? (uint32_t)zc_random_between(&random, 5, 200) : 0;
    }
}

/* A mesh's clock is its founder's, so two meshes are as far apart as their founders. */
static void draw_node(zc_plan_t *plan, int number) {
    zc_random_t random = zc_plan_stream(zc_mix(plan->seed, (uint64_t)number + 1), "node");
    uint64_t memory = zc_random_between(&random, 1000, 20000);
    int64_t wall_ms = (int64_t)zc_random_below(&random, 1200 * 1000) - 600 * 1000;
    int32_t ppm = (int32_t)zc_random_below(&random, 4000) - 2000;
    uint64_t gap_ms = zc_random_below(&random, 300) * (uint64_t)number;
    uint64_t late_ms = zc_random_below(&random, plan->duration_ms / 2 + 1);
    bool late =
        zc_random_chance(&random, 300, 1000) && number > 0 && zc_plan_has(plan, ZC_FEATURE_LATE);
    plan->node[number].max_memory = zc_plan_has(plan, ZC_FEATURE_BYTES) ? memory : 0;
    plan->node[number].wall_skew_ms = zc_plan_has(plan, ZC_FEATURE_WALL) ? wall_ms : 0;
    plan->node[number].drift_ppm = zc_plan_has(plan, ZC_FEATURE_DRIFT) ? ppm : 0;
    plan->node[number].start_ms = late ? late_ms : gap_ms;
}

/* Long enough for peers to be gone and to come back. Many nodes get less: each second of theirs
 * costs more. */
static uint64_t draw_duration_ms(const zc_plan_t *plan, int minutes) {
    zc_random_t random = zc_plan_stream(plan->seed, "duration");
    uint64_t beats = zc_random_between(&random, 8, plan->nodes > 12 ? 50 : 120);
    if (minutes > 0) {
        return (uint64_t)minutes * 60 * 1000;
    }
    uint64_t beat_ms = plan->settings.heartbeat_ms;
    return beats * (beat_ms > 500 ? 500 : beat_ms);
}

void zc_plan_draw(const zc_swarm_options_t *options, zc_plan_t *plan) {
    *plan = (zc_plan_t){.seed = options->seed, .second_founder = -1};
    plan->features = draw_features(options->seed) & ~options->without;
    plan->nodes = options->nodes > 0 ? options->nodes : draw_nodes(options->seed);
    if (zc_plan_has(plan, ZC_FEATURE_MESHES)) {
        plan->second_founder = plan->nodes / 2;
    }
    draw_settings(plan);
    plan->duration_ms = draw_duration_ms(plan, options->minutes);
    plan->steps = options->steps > 0 ? options->steps : UINT64_MAX;
    draw_network(plan);
    draw_rates(plan);
    for (int i = 0; i < plan->nodes; i++) {
        draw_node(plan, i);
    }
}
