/* SPDX-License-Identifier: MPL-2.0 */
/* Making a failing run smaller, with a run that is made up: it fails under known conditions. */
#include <criterion/criterion.h>

#include "tests/sim/shrink.h"

enum { DRAWN_NODES = 9, DRAWN_STEPS = 1000 };

static int runs;

/* Needs three nodes, 100 steps and crashes; without loss another check fails. */
static void run(const zc_swarm_options_t *options, zc_swarm_result_t *result) {
    runs++;
    *result = (zc_swarm_result_t){
        .features = ~(zc_features_t)0 >> (32 - ZC_FEATURES) & ~options->without,
        .nodes = options->nodes > 0 ? options->nodes : DRAWN_NODES,
        .steps = options->steps > 0 && options->steps < DRAWN_STEPS ? options->steps : DRAWN_STEPS,
    };
    bool fails = result->nodes >= 3 && result->steps >= 100 &&
                 zc_features_have(result->features, ZC_FEATURE_CRASH);
    bool lossy = zc_features_have(result->features, ZC_FEATURE_LOSS);
    result->check = lossy ? ZC_CHECK_KEPT : ZC_CHECK_NEWEST;
    result->check = fails ? result->check : ZC_CHECK_NONE;
}

static void shrink(int attempts, zc_swarm_options_t *options, zc_swarm_result_t *result) {
    runs = 0;
    run(options, result);
    zc_shrink(run, attempts, options, result);
}

Test(sim_shrink, only_what_the_failure_needs_is_left) {
    zc_swarm_options_t options = {.seed = 1};
    zc_swarm_result_t result;
    shrink(1000, &options, &result);
    cr_assert_eq(options.nodes, 3);
    cr_assert_geq(options.steps, 100);
    cr_assert_leq(options.steps, 104);
    cr_assert_eq(result.features,
                 zc_feature_bit(ZC_FEATURE_CRASH) | zc_feature_bit(ZC_FEATURE_LOSS));
    cr_assert_eq(result.check, ZC_CHECK_KEPT, "another check is another fault");
}

Test(sim_shrink, no_more_runs_than_allowed) {
    zc_swarm_options_t options = {.seed = 1};
    zc_swarm_result_t result;
    shrink(7, &options, &result);
    cr_assert_eq(runs, 8);
    cr_assert_eq(result.check, ZC_CHECK_KEPT);
}
