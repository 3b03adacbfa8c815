/* SPDX-License-Identifier: MPL-2.0 */
/* An origin: one life of a node, a 128-bit random id that is new at every start. */
#ifndef ZC_BASE_ORIGIN_H
#define ZC_BASE_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ZC_ORIGIN_BYTES = 16, ZC_ORIGIN_TEXT_BYTES = 33 };

typedef struct zc_origin {
    uint8_t bytes[ZC_ORIGIN_BYTES]; /* all zero: no origin */
} zc_origin_t;

/* Bytewise, as rule R1 breaks ties: below 0, 0 or above 0. */
static inline int zc_origin_compare(const zc_origin_t *a, const zc_origin_t *b) {
    return memcmp(a->bytes, b->bytes, ZC_ORIGIN_BYTES);
}

static inline bool zc_origin_equal(const zc_origin_t *a, const zc_origin_t *b) {
    return zc_origin_compare(a, b) == 0;
}

static inline bool zc_origin_is_none(const zc_origin_t *origin) {
    static const zc_origin_t none = {{0}};
    return zc_origin_equal(origin, &none);
}

#endif
