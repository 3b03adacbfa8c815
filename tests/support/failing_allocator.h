/* SPDX-License-Identifier: MPL-2.0 */
/* An allocator that counts what is out and can be told to fail.
 *
 * To fail every allocation on a path once: for n from 0 up, zc_failing_allocator_fail_after(n), do
 * it, look that nothing has changed, until it no longer fails. */
#ifndef TESTS_SUPPORT_FAILING_ALLOCATOR_H
#define TESTS_SUPPORT_FAILING_ALLOCATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/allocator.h"

typedef struct zc_failing_allocator {
    zc_allocator_t allocator; /* hand out its address; the struct must stay where it is */
    uint64_t blocks;          /* allocated and not freed */
    uint64_t bytes;           /* ... and how much that is, as the C library rounds it */
    uint64_t most_bytes;      /* ... and was at most */
    uint64_t requests;        /* allocations and reallocations so far, with those that failed */
    uint64_t countdown;       /* requests that still succeed; UINT64_MAX: all do */
    bool failed;              /* one has failed since the countdown was set */
} zc_failing_allocator_t;

/* Makes it succeed always. */
void zc_failing_allocator_init(zc_failing_allocator_t *failing);

/* The next `requests` succeed, the one after them fails, and all later ones succeed again. */
void zc_failing_allocator_fail_after(zc_failing_allocator_t *failing, uint64_t requests);

/* From now on none fails. Returns whether one has failed since it was told to. */
bool zc_failing_allocator_stop(zc_failing_allocator_t *failing);

#endif
