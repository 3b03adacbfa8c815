/* SPDX-License-Identifier: MPL-2.0 */
/* The mesh clock (rule R2): local monotonic time plus an offset that a joiner takes from the mesh,
 * and the hybrid logical clock above it. Neither ever goes back. */
#ifndef ZC_REPLICA_CLOCK_H
#define ZC_REPLICA_CLOCK_H

#include "lib/base/stamp.h"

typedef struct zc_clock {
    uint64_t now_us;   /* local monotonic time of the step */
    int64_t offset_ms; /* mesh time minus local time */
    zc_hlc_t hlc;      /* the highest reading taken or seen */
} zc_clock_t;

static inline uint64_t zc_clock_local_ms(const zc_clock_t *clock) {
    return clock->now_us / 1000;
}

static inline uint64_t zc_clock_mesh_ms(const zc_clock_t *clock) {
    int64_t mesh_ms = (int64_t)zc_clock_local_ms(clock) + clock->offset_ms;
    return mesh_ms > 0 ? (uint64_t)mesh_ms : 0;
}

/* Moves on to `now_us`; a time that is earlier than the last one is taken as standing still. */
static inline void zc_clock_advance(zc_clock_t *clock, uint64_t now_us) {
    if (now_us > clock->now_us) {
        clock->now_us = now_us;
    }
}

/* Makes mesh time `mesh_ms` as of now. */
static inline void zc_clock_anchor(zc_clock_t *clock, uint64_t mesh_ms) {
    clock->offset_ms = (int64_t)mesh_ms - (int64_t)zc_clock_local_ms(clock);
}

/* A reading above all that were taken or seen. */
static inline zc_hlc_t zc_clock_next(zc_clock_t *clock) {
    zc_hlc_t physical = zc_hlc_from_ms(zc_clock_mesh_ms(clock));
    clock->hlc = physical > clock->hlc ? physical : clock->hlc + 1;
    return clock->hlc;
}

static inline void zc_clock_observe(zc_clock_t *clock, zc_hlc_t hlc) {
    if (hlc > clock->hlc) {
        clock->hlc = hlc;
    }
}

/* How many milliseconds a reading is ahead of mesh time; 0: it is not. */
static inline uint64_t zc_clock_ahead_ms(const zc_clock_t *clock, uint64_t ms) {
    uint64_t mesh_ms = zc_clock_mesh_ms(clock);
    return ms > mesh_ms ? ms - mesh_ms : 0;
}

#endif
