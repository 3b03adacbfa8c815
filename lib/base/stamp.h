/* SPDX-License-Identifier: MPL-2.0 */
/* A stamp: a hybrid logical clock reading and the origin that took it. Stamps order all writes
 * (rule R1).
 *
 * HLC after Kulkarni et al., "Logical Physical Clocks" (OPODIS 2014):
 *
 *      63            16 15       0
 *     [ milliseconds   | counter  ]     0 means: no stamp
 */
#ifndef ZC_BASE_STAMP_H
#define ZC_BASE_STAMP_H

#include "lib/base/origin.h"

typedef uint64_t zc_hlc_t;

enum { ZC_HLC_COUNTER_BITS = 16 };

/* Readings above this are not taken from anybody: it leaves room to count on for ever (the year is
 * 6429). */
#define ZC_HLC_MAX ((zc_hlc_t)INT64_MAX)

static inline zc_hlc_t zc_hlc_from_ms(uint64_t ms) {
    return ms << ZC_HLC_COUNTER_BITS;
}

static inline uint64_t zc_hlc_ms(zc_hlc_t hlc) {
    return hlc >> ZC_HLC_COUNTER_BITS;
}

typedef struct zc_stamp {
    zc_hlc_t hlc;
    zc_origin_t origin;
} zc_stamp_t;

static inline int zc_stamp_compare(const zc_stamp_t *a, const zc_stamp_t *b) {
    if (a->hlc != b->hlc) {
        return a->hlc < b->hlc ? -1 : 1;
    }
    return zc_origin_compare(&a->origin, &b->origin);
}

#endif
