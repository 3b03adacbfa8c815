/* SPDX-License-Identifier: MPL-2.0 */
/* The pace of what happens steadily: a timer that ticks each millisecond, and loses none. */
#ifndef TESTS_BENCH_PACE_H
#define TESTS_BENCH_PACE_H

#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static inline int zc_pace_open(void) {
    const struct itimerspec every = {.it_value = {.tv_nsec = 1000000},
                                     .it_interval = {.tv_nsec = 1000000}};
    int pace = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    zc_bench_require(pace >= 0 && timerfd_settime(pace, 0, &every, NULL) == 0, "no timer");
    return pace;
}

/* Waits for the next millisecond; returns how many have passed since the last call. */
static inline uint64_t zc_pace_wait(int pace) {
    uint64_t passed = 0;
    zc_bench_require(read(pace, &passed, sizeof(passed)) == sizeof(passed), "no timer");
    return passed;
}

#endif
