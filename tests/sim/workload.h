/* SPDX-License-Identifier: MPL-2.0 */
/* What clients do: they write hot and cold keys, delete, clear, read, change settings. */
#ifndef ZC_TESTS_SIM_WORKLOAD_H
#define ZC_TESTS_SIM_WORKLOAD_H

#include "tests/sim/world.h"

/* What is done in this step of the run, from nothing to a burst. */
void zc_workload_step(zc_world_t *world, uint64_t step);

#endif
