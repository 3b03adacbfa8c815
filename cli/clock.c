/* SPDX-License-Identifier: MPL-2.0 */
/* The monotonic clock in nanoseconds. */
#define _GNU_SOURCE
#include "cli/clock.h"

#include <time.h>

uint64_t zc_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
