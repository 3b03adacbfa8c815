/* SPDX-License-Identifier: MPL-2.0 */
/* Running seeds in processes of their own: a failed assertion or a run without end is a result like
 * any other, and all processors are used. */
#ifndef ZC_TESTS_SIM_ATTEMPT_H
#define ZC_TESTS_SIM_ATTEMPT_H

#include <sys/types.h>

#include "tests/sim/swarm.h"

/* Results that processes share, zeroed. The caller gives them back with zc_attempt_free. */
zc_swarm_result_t *zc_attempt_results(size_t count);
void zc_attempt_free(zc_swarm_result_t *results, size_t count);

/* Begins a run whose result will be in *result once the process has ended. */
pid_t zc_attempt_begin(const zc_swarm_options_t *options, zc_swarm_result_t *result);
/* The process has ended with this status of waitpid(2): what it did not come to say is added. */
void zc_attempt_ended(zc_swarm_result_t *result, int status);

/* Two runs of the same options have the same trace, or the first has failed. */
void zc_attempt_compare(zc_swarm_result_t *result, const zc_swarm_result_t *again);

/* Runs one and waits for it. */
void zc_attempt_run(const zc_swarm_options_t *options, zc_swarm_result_t *result);

#endif
