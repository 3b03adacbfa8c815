/* SPDX-License-Identifier: MPL-2.0 */
/* Making a failing run smaller: fewer features, nodes and steps, as long as the same check fails.
 */
#ifndef ZC_TESTS_SIM_SHRINK_H
#define ZC_TESTS_SIM_SHRINK_H

#include "tests/sim/swarm.h"

/* Runs something and says what came of it. */
typedef void zc_shrink_run_fn(const zc_swarm_options_t *options, zc_swarm_result_t *result);

/* `options` fail with *result. Afterwards both are of the smallest run that was found within
 * `attempts_max` runs. */
void zc_shrink(zc_shrink_run_fn *run, int attempts_max, zc_swarm_options_t *options,
               zc_swarm_result_t *result);

#endif
