/* SPDX-License-Identifier: MPL-2.0 */
/* What a seed is: the cluster, its settings, its network and what will happen to it, all drawn
 * before anything runs.
 *
 * Each thing is drawn from a stream of its own, found by the seed and the name of the thing: to
 * switch a feature off, or to have fewer nodes or steps, leaves all other draws as they were. */
#ifndef ZC_TESTS_SIM_PLAN_H
#define ZC_TESTS_SIM_PLAN_H

#include "lib/base/random.h"
#include "lib/replica/message.h"
#include "tests/sim/cluster.h"
#include "tests/sim/features.h"

enum {
    ZC_PLAN_NODES_MAX = 64,
    ZC_PLAN_KEYS_MAX = 128,
    ZC_PLAN_BIG_BYTES = 100 * 1000,
};

typedef struct zc_swarm_options {
    uint64_t seed;
    int nodes;             /* 0: drawn, 2 to 40 */
    int minutes;           /* of virtual time under faults; 0: drawn seconds */
    uint64_t steps;        /* at most; 0: no limit */
    zc_features_t without; /* switched off */
    bool verbose;          /* keep what happens, for people */
} zc_swarm_options_t;

typedef struct zc_plan {
    uint64_t seed;
    zc_features_t features;
    int nodes;
    int second_founder; /* nodes from this one on are a mesh of their own at first; -1: there is
                           one mesh */
    zc_settings_t settings;
    int keys;
    uint64_t checkpoint_bytes; /* of deltas, so that they have more than an end */
    uint32_t heat; /* of the workload: 1 uses all keys alike, more prefers the low ones */
    uint64_t duration_ms;
    uint64_t steps;
    zc_cluster_network_t network;
    uint32_t rates[ZC_FEATURES]; /* how often it happens in a step, of 10000 */
    struct {
        uint64_t max_memory;
        int64_t wall_skew_ms;
        int32_t drift_ppm;
        uint64_t start_ms; /* after the beginning */
    } node[ZC_PLAN_NODES_MAX];
} zc_plan_t;

void zc_plan_draw(const zc_swarm_options_t *options, zc_plan_t *plan);

static inline bool zc_plan_has(const zc_plan_t *plan, zc_feature_t feature) {
    return zc_features_have(plan->features, feature);
}

/* The stream of a thing, and of a thing in a step. */
zc_random_t zc_plan_stream(uint64_t seed, const char *name);
zc_random_t zc_plan_step_stream(const zc_plan_t *plan, const char *name, uint64_t step);

/* From `least` to `most`. */
static inline uint64_t zc_random_between(zc_random_t *random, uint64_t least, uint64_t most) {
    return least + zc_random_below(random, most - least + 1);
}

static inline bool zc_random_chance(zc_random_t *random, uint64_t share, uint64_t of) {
    return zc_random_below(random, of) < share;
}

#endif
