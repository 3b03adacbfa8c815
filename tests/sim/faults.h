/* SPDX-License-Identifier: MPL-2.0 */
/* The faults of a run: each begins by chance in some step, lasts for a while, and ends. */
#ifndef ZC_TESTS_SIM_FAULTS_H
#define ZC_TESTS_SIM_FAULTS_H

#include "tests/sim/world.h"

/* Begins and ends what is to begin and end in this step. */
void zc_faults_step(zc_world_t *world, uint64_t step);
/* The node that was aimed at ends, if there is one. */
void zc_faults_strike(zc_world_t *world);
/* Everything is whole again: the network, the nodes, their memory and their clocks, which may take
 * a while of virtual time. From here on nothing is drawn. */
void zc_faults_heal(zc_world_t *world);

#endif
