/* SPDX-License-Identifier: MPL-2.0 */
/* A greedy search for a smaller run. What fails for another reason is not the same fault, and is
 * not followed. */
#include "tests/sim/shrink.h"

typedef struct search {
    zc_shrink_run_fn *run;
    int attempts;
    zc_swarm_options_t *options;
    zc_swarm_result_t *result;
} search_t;

/* Takes the options over if they fail in the same way. */
static bool try_it(search_t *search, const zc_swarm_options_t *options) {
    if (search->attempts == 0) {
        return false;
    }
    search->attempts--;
    zc_swarm_result_t result;
    search->run(options, &result);
    if (result.check != search->result->check) {
        return false;
    }
    *search->options = *options;
    *search->result = result;
    return true;
}

static bool drop_features(search_t *search) {
    bool smaller = false;
    for (int i = 0; i < ZC_FEATURES; i++) {
        if (zc_features_have(search->result->features, (zc_feature_t)i)) {
            zc_swarm_options_t options = *search->options;
            options.without |= zc_feature_bit((zc_feature_t)i);
            smaller = try_it(search, &options) || smaller;
        }
    }
    return smaller;
}

static bool drop_nodes(search_t *search) {
    int nodes = search->result->nodes;
    for (int fewer = 2; fewer < nodes; fewer += 1 + fewer / 4) {
        zc_swarm_options_t options = *search->options;
        options.nodes = fewer;
        if (try_it(search, &options)) {
            return true;
        }
    }
    return false;
}

/* Takes away half of the steps, then less and less of them. */
static bool drop_steps(search_t *search) {
    bool smaller = false;
    for (uint64_t part = 2; part <= 32 && search->result->steps > 1;) {
        uint64_t steps = search->result->steps;
        uint64_t away = steps / part > 0 ? steps / part : 1;
        zc_swarm_options_t options = *search->options;
        options.steps = steps - away;
        if (options.steps > 0 && try_it(search, &options)) {
            smaller = true;
        } else {
            part *= 2;
        }
    }
    return smaller;
}

void zc_shrink(zc_shrink_run_fn *run, int attempts_max, zc_swarm_options_t *options,
               zc_swarm_result_t *result) {
    search_t search = {.run = run, .attempts = attempts_max, .options = options, .result = result};
    bool smaller = true;
    while (smaller && search.attempts > 0) {
        smaller = drop_steps(&search);
        smaller = drop_features(&search) || smaller;
        smaller = drop_nodes(&search) || smaller;
    }
}
