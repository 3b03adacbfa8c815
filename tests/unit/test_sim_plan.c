/* SPDX-License-Identifier: MPL-2.0 */
/* What a seed is: within its bounds, the same each time, and its parts drawn apart. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/sim/plan.h"

static zc_plan_t plan_of(zc_swarm_options_t options) {
    zc_plan_t plan;
    zc_plan_draw(&options, &plan);
    return plan;
}

Test(sim_plan, every_plan_is_within_bounds) {
    zc_features_t seen = 0;
    int most_nodes = 0;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        zc_plan_t plan = plan_of((zc_swarm_options_t){.seed = seed});
        const char *wrong = "";
        cr_assert(zc_settings_valid(&plan.settings, &wrong), "seed %d: %s", (int)seed, wrong);
        cr_assert(plan.nodes >= 2 && plan.nodes <= 40);
        cr_assert(plan.keys >= 2 && plan.keys <= ZC_PLAN_KEYS_MAX);
        cr_assert_leq(plan.network.loss, 300);
        cr_assert_leq(plan.network.repeat, 500);
        seen |= plan.features;
        most_nodes = plan.nodes > most_nodes ? plan.nodes : most_nodes;
    }
    cr_assert_eq(seen, ((zc_features_t)1 << ZC_FEATURES) - 1, "every feature is drawn");
    cr_assert_geq(most_nodes, 38);
}

Test(sim_plan, equal_seeds_are_equal_plans) {
    zc_plan_t a = plan_of((zc_swarm_options_t){.seed = 7});
    zc_plan_t b = plan_of((zc_swarm_options_t){.seed = 7});
    cr_assert_arr_eq(&a, &b, sizeof a);
}

Test(sim_plan, what_is_switched_off_changes_nothing_else) {
    for (uint64_t seed = 0; seed < 200; seed++) {
        zc_plan_t all = plan_of((zc_swarm_options_t){.seed = seed});
        zc_plan_t less = plan_of((zc_swarm_options_t){
            .seed = seed, .without = zc_feature_bit(ZC_FEATURE_LOSS), .steps = 10});
        cr_assert_eq(less.network.loss, 0);
        cr_assert_eq(less.features, all.features & ~zc_feature_bit(ZC_FEATURE_LOSS));
        cr_assert_eq(less.keys, all.keys);
        cr_assert_eq(less.duration_ms, all.duration_ms);
        cr_assert_eq(less.network.latency_us, all.network.latency_us);
        cr_assert_eq(less.rates[ZC_FEATURE_CRASH], all.rates[ZC_FEATURE_CRASH]);
        cr_assert_arr_eq(less.node, all.node, sizeof less.node);
    }
}

Test(sim_plan, features_are_parsed_by_name) {
    zc_features_t features = 1;
    cr_assert(zc_features_parse("crash,aim", &features));
    cr_assert_eq(features, zc_feature_bit(ZC_FEATURE_CRASH) | zc_feature_bit(ZC_FEATURE_AIM));
    cr_assert_not(zc_features_parse("crash,nonsense", &features));
    cr_assert_not(zc_features_parse("cras", &features));
    cr_assert_eq(features, zc_feature_bit(ZC_FEATURE_CRASH) | zc_feature_bit(ZC_FEATURE_AIM));
}
