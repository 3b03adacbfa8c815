/* SPDX-License-Identifier: MPL-2.0 */
/* An allocator that counts bytes, so that a test can hold a structure to a budget, and that can be
 * told to fail once. */
#ifndef ZC_TESTS_SUPPORT_BUDGET_ALLOCATOR_H
#define ZC_TESTS_SUPPORT_BUDGET_ALLOCATOR_H

#include <stdint.h>

#include "lib/base/allocator.h"

typedef struct zc_budget_allocator {
    zc_allocator_t allocator; /* hand out its address; the struct must stay where it is */
    size_t bytes;             /* allocated and not freed */
    size_t bytes_most;        /* since init */
    uint64_t countdown;       /* requests that still succeed; UINT64_MAX: all do */
} zc_budget_allocator_t;

/* Makes it succeed always. To make it fail once, set countdown. */
void zc_budget_allocator_init(zc_budget_allocator_t *budget);

#endif
