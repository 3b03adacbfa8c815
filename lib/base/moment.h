/* SPDX-License-Identifier: MPL-2.0 */
/* A moment: what a thread knows of the time when looking at the exact clock would cost more than
 * the work itself. All in milliseconds of local time. */
#ifndef ZC_BASE_MOMENT_H
#define ZC_BASE_MOMENT_H

#include <stdint.h>

typedef struct zc_moment {
    uint64_t earliest_ms; /* it is not earlier */
    uint64_t latest_ms;   /* nor later */
    uint64_t used_ms;     /* what a read now is noted with: never too early for its idle time */
} zc_moment_t;

static inline zc_moment_t zc_moment_exact(uint64_t now_ms) {
    return (zc_moment_t){.earliest_ms = now_ms, .latest_ms = now_ms, .used_ms = now_ms};
}

#endif
