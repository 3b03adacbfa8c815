/* SPDX-License-Identifier: MPL-2.0 */
/* Waiting for what a test wants to see, instead of for a time. */
#ifndef TESTS_SUPPORT_WAIT_H
#define TESTS_SUPPORT_WAIT_H

#include <stdbool.h>
#include <stdint.h>

typedef bool zc_condition_fn(void *context);

/* Looks every few milliseconds. Returns whether the condition held before `timeout_ms` were over.
 */
bool zc_wait_for(zc_condition_fn *condition, void *context, uint32_t timeout_ms);

#endif
