/* SPDX-License-Identifier: MPL-2.0 */
/* One run of the swarm: what was planned for a seed happens, everything is healed, and what must
 * hold is demanded, within a stated time. The checks are those of tests/README.md. */
#ifndef ZC_TESTS_SIM_SWARM_H
#define ZC_TESTS_SIM_SWARM_H

#include "tests/sim/checks.h"
#include "tests/sim/plan.h"

enum { ZC_SWARM_TAIL_BYTES = 6000 };

typedef struct zc_swarm_result {
    zc_swarm_options_t options;
    zc_check_t check; /* what did not hold; ZC_CHECK_NONE: everything did */
    char why[256];
    char tail[ZC_SWARM_TAIL_BYTES]; /* what happened last, if options->verbose */
    zc_features_t features;
    int nodes;
    uint64_t steps; /* that were done */
    uint64_t trace;
    uint64_t writes;
    uint64_t bytes;
    uint64_t converged_ms; /* from the healing on */
    uint64_t deltas;
    uint64_t replace_syncs;
} zc_swarm_result_t;

void zc_swarm_run(const zc_swarm_options_t *options, zc_swarm_result_t *result);

#endif
