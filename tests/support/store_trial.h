/* SPDX-License-Identifier: MPL-2.0 */
/* The store against the naive model: a long history in a tiny cache, compared after every operation
 * in what it answers and tells, and often in all that it holds. Any difference is an assert.
 *
 * Whoever starts it makes the choices: a seed, or a fuzzer's bytes. There is one in a process. */
#ifndef ZC_TESTS_SUPPORT_STORE_TRIAL_H
#define ZC_TESTS_SUPPORT_STORE_TRIAL_H

#include "lib/store/store.h"

/* A number from 0 to bound - 1; 0 where bound is 0. */
typedef uint64_t zc_choose_fn(void *context, uint64_t bound);

/* Chooses the options of the cache. */
void zc_store_trial_start(zc_choose_fn *choose, void *context);
void zc_store_trial_operate(void);
/* Compares, checks the store, destroys it, and that nothing was left behind. */
void zc_store_trial_stop(void);

/* A write that has not been applied; valid for ever. */
zc_store_item_t zc_store_trial_write(void);

#endif
