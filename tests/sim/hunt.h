/* SPDX-License-Identifier: MPL-2.0 */
/* Many runs, on all processors, told in their order; those that fail are made smaller first. */
#ifndef ZC_TESTS_SIM_HUNT_H
#define ZC_TESTS_SIM_HUNT_H

#include "tests/sim/swarm.h"

typedef struct zc_hunt_plan {
    const zc_swarm_options_t *listed; /* first these, */
    size_t listed_count;
    zc_swarm_options_t options; /* then these with every seed from options.seed on */
    uint64_t seeds;
    int jobs;
} zc_hunt_plan_t;

/* Prints what fails and, at the end, a summary. Returns how many have failed. */
uint64_t zc_hunt_run(const zc_hunt_plan_t *plan);

#endif
