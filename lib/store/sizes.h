/* SPDX-License-Identifier: MPL-2.0 */
/* Classes of sizes: what a block of so many bytes is rounded up to.
 *
 *     bytes    4 8 12 ... 128 | 132 136 ... 256 | 264 272 ... 512 | ... 8192
 *     class    1 2 3  ... 32  | 33  34  ... 64  | 65  66  ... 96  | ... 224
 *
 * Steps of 4 up to 256, then 32 steps in each power of two, so that rounding wastes less than 4
 * bytes or a thirty-second. From ZC_SIZES_FITTED on, a class has the most bytes with which as many
 * blocks fit into a whole page, because what is left over at the page's end would be more. */
#ifndef ZC_STORE_SIZES_H
#define ZC_STORE_SIZES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/store/pages.h"

enum {
    ZC_SIZES = 225,             /* classes; 0 is none */
    ZC_SIZES_BYTES_MAX = 8192,  /* what is larger has no class */
    ZC_SIZES_FITTED = 1024,     /* bytes */
    ZC_SIZES_SMALL = 128,       /* up to here a class is a number of steps of 4 */
    ZC_SIZES_STEPS = 32,        /* in each power of two above */
    ZC_SIZES_PAGE_BITS = 17,    /* of a whole page */
    ZC_SIZES_PAGE_BITS_MIN = 10 /* of the first pages of a class */
};

/* Of 1 to ZC_SIZES_BYTES_MAX bytes. */
static inline unsigned zc_size_class(size_t bytes) {
    if (bytes <= ZC_SIZES_SMALL) {
        return (unsigned)(bytes + 3) / 4;
    }
    unsigned power = 31 - (unsigned)__builtin_clz((uint32_t)(bytes - 1) / ZC_SIZES_SMALL);
    uint32_t step = UINT32_C(4) << power;
    uint32_t above = (uint32_t)bytes - ((uint32_t)ZC_SIZES_SMALL << power);
    return ZC_SIZES_STEPS * (1 + power) + (above + step - 1) / step;
}

static inline uint32_t zc_size_nominal(unsigned size_class) {
    if (size_class <= ZC_SIZES_STEPS) {
        return 4 * size_class;
    }
    unsigned power = (size_class - 1) / ZC_SIZES_STEPS - 1;
    uint32_t steps = (size_class - 1) % ZC_SIZES_STEPS + 1;
    return ((uint32_t)ZC_SIZES_SMALL << power) + (steps << (2 + power));
}

/* The bytes of a block of this class. */
static inline uint32_t zc_size_bytes(unsigned size_class) {
    uint32_t nominal = zc_size_nominal(size_class);
    if (nominal < ZC_SIZES_FITTED) {
        return nominal;
    }
    /* Two words hold the bits of up to 128 blocks. */
    uint32_t whole = (UINT32_C(1) << ZC_SIZES_PAGE_BITS) - ZC_PAGE_SPARED - 16;
    return whole / (whole / nominal) & ~UINT32_C(3);
}

#endif
