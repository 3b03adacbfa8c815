/* SPDX-License-Identifier: MPL-2.0 */
/* One run of the swarm: a cluster, a workload and faults drawn from a seed; then everything is
 * healed, and convergence demanded.
 *
 * Checked, by what tests/README.md numbers: vectors equal, digests equal where nothing was evicted,
 * no node holds anything but the newest write that the cluster knows, no node goes back on a key,
 * equal seeds give equal traces. */
#ifndef ZC_TESTS_SIM_SWARM_H
#define ZC_TESTS_SIM_SWARM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct zc_swarm_options {
    uint64_t seed;
    int nodes;   /* 0: drawn, 2 to 8 */
    int minutes; /* of virtual time under faults; 0: drawn seconds */
    bool verbose;
} zc_swarm_options_t;

typedef struct zc_swarm_result {
    bool passed;
    char why[256];
    uint64_t trace;
    uint64_t writes;
    uint64_t bytes;
    uint64_t converged_ms; /* from the healing on */
    uint64_t deltas;
    uint64_t replace_syncs;
} zc_swarm_result_t;

void zc_swarm_run(const zc_swarm_options_t *options, zc_swarm_result_t *result);

#endif
