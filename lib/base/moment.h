/* SPDX-License-Identifier: MPL-2.0 */
/* A moment: what a thread knows of the time when looking at the exact clock would cost more than
 * the work itself. All in milliseconds of local time. Two words, so that it is passed by value. */
#ifndef ZC_BASE_MOMENT_H
#define ZC_BASE_MOMENT_H

#include <stdint.h>

typedef struct zc_moment {
    uint64_t earliest_ms;   /* it is not earlier */
    uint32_t late_ms;       /* nor more than this later */
    uint32_t used_after_ms; /* after the earliest a read now is noted with: never too early for
                             * its idle time */
} zc_moment_t;

static inline zc_moment_t zc_moment_exact(uint64_t now_ms) {
    return (zc_moment_t){.earliest_ms = now_ms};
}

static inline uint64_t zc_moment_latest_ms(zc_moment_t moment) {
    return moment.earliest_ms + moment.late_ms;
}

static inline uint64_t zc_moment_used_ms(zc_moment_t moment) {
    return moment.earliest_ms + moment.used_after_ms;
}

#endif
