/* SPDX-License-Identifier: MPL-2.0 */
/* Readers beside the one writer of a store: every value that a reader gets was written to that key,
 * whole, and is not older than one that it has got of that key before. Any other is an assert.
 *
 * The writer overwrites a few keys all the time and others now and then, with values of changing
 * sizes, deletes, evicts, expires, clears, lets the index grow, walks and takes touches. */
#ifndef TESTS_SUPPORT_READERS_TRIAL_H
#define TESTS_SUPPORT_READERS_TRIAL_H

#include <stdint.h>

/* Returns how many reads were hits. */
uint64_t zc_readers_trial(unsigned readers, uint64_t writes, uint64_t seed);

#endif
