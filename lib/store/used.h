/* SPDX-License-Identifier: MPL-2.0 */
/* The last use of an entry, in 32 bits.
 *
 *     [0 | round: 3 | local time in ms, modulo 2^28]   used not long ago
 *     [1 | local time in units of 1,024 ms]            not used for 2^26 ms (18 hours) or more
 *
 * Idle times may be years, and those of hours are told to the millisecond. What is told modulo 2^28
 * (three days) has to be told in the longer units before it is that old: the store passes over all
 * entries every 2^25 ms (sweep.c). A time in longer units is up to a second too early, so that an
 * entry never lives longer than it may. The round is that in which the mesh last heard of the entry
 * (touches.h), modulo 8. */
#ifndef ZC_STORE_USED_H
#define ZC_STORE_USED_H

#include <stdbool.h>
#include <stdint.h>

#define ZC_USED_LONG (UINT32_C(1) << 31)
#define ZC_USED_SHORT_MASK ((UINT32_C(1) << 28) - 1)
#define ZC_USED_RECENT_MS (UINT64_C(1) << 26)

enum { ZC_USED_LONG_SHIFT = 10, ZC_USED_ROUND_SHIFT = 28, ZC_USED_ROUNDS = 7 };

/* `now_ms` is the latest local time that the store has seen: no use is later. */
static inline uint64_t zc_used_ms(uint32_t used, uint64_t now_ms) {
    if ((used & ZC_USED_LONG) != 0) {
        return (uint64_t)(used ^ ZC_USED_LONG) << ZC_USED_LONG_SHIFT;
    }
    return now_ms - (((uint32_t)now_ms - used) & ZC_USED_SHORT_MASK);
}

/* Of one in longer units: any. */
static inline uint32_t zc_used_round(uint32_t used) {
    return used >> ZC_USED_ROUND_SHIFT & ZC_USED_ROUNDS;
}

static inline uint32_t zc_used_of(uint64_t used_ms, uint64_t now_ms, uint32_t round) {
    if (used_ms >= now_ms) {
        used_ms = now_ms;
    }
    if (now_ms - used_ms < ZC_USED_RECENT_MS) {
        return ((uint32_t)used_ms & ZC_USED_SHORT_MASK) | (round & ZC_USED_ROUNDS)
                                                              << ZC_USED_ROUND_SHIFT;
    }
    uint64_t units = used_ms >> ZC_USED_LONG_SHIFT;
    return (units < ZC_USED_LONG ? (uint32_t)units : ZC_USED_LONG - 1) | ZC_USED_LONG;
}

#endif
