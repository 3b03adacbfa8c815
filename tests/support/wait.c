/* SPDX-License-Identifier: MPL-2.0 */
/* Waiting for what a test wants to see: the one place that pauses between two looks. */
#define _GNU_SOURCE
#include "tests/support/wait.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

enum { PAUSE_MS = 5 };

static uint64_t now_ms(void) {
    struct timespec now = {.tv_sec = 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool zc_wait_for(zc_condition_fn *condition, void *context, uint32_t timeout_ms) {
    uint64_t end_ms = now_ms() + timeout_ms;
    while (!condition(context)) {
        if (now_ms() >= end_ms) {
            return condition(context);
        }
        poll(NULL, 0, PAUSE_MS);
    }
    return true;
}
