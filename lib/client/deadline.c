/* SPDX-License-Identifier: MPL-2.0 */
/* The monotonic clock in microseconds. It is read here alone, so that every deadline of the client
 * is on the same clock. */
#define _GNU_SOURCE
#include "lib/client/deadline.h"

#include <time.h>

uint64_t zc_now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t zc_deadline_us(uint32_t timeout_ms) {
    return zc_now_us() + (uint64_t)timeout_ms * 1000u;
}

int zc_remaining_ms(uint64_t deadline_us, int most_ms) {
    uint64_t now_us = zc_now_us();
    if (deadline_us <= now_us) {
        return 0;
    }
    uint64_t remaining_ms = (deadline_us - now_us + 999u) / 1000u;
    return remaining_ms < (uint64_t)most_ms ? (int)remaining_ms : most_ms;
}
