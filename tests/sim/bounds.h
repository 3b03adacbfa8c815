/* SPDX-License-Identifier: MPL-2.0 */
/* How long and how much a repair takes at most, on virtual time. Each prints what it measured
 * beside what is promised, and returns how many times the promise was not kept. */
#ifndef ZC_TESTS_SIM_BOUNDS_H
#define ZC_TESTS_SIM_BOUNDS_H

#include <stdint.h>

typedef struct zc_bounds_options {
    uint64_t seed;
    int trials;  /* of each kind of loss */
    int entries; /* that a mesh holds when it is cut */
} zc_bounds_options_t;

/* A lost message on a live link is repaired within two heartbeats plus one round trip. */
int zc_bounds_loss(const zc_bounds_options_t *options);

/* After a partition of any length all are equal after the transfer of what differs plus two
 * heartbeats. */
int zc_bounds_partition(const zc_bounds_options_t *options);

/* A cut moves what changed and not what is held, as long as the floor allows. */
int zc_bounds_floor(const zc_bounds_options_t *options);

#endif
