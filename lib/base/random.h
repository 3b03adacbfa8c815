/* SPDX-License-Identifier: MPL-2.0 */
/* Random numbers for jitter and choices, from a seed: equal seeds give equal numbers. Not for
 * secrets. The generator is splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
#ifndef ZC_BASE_RANDOM_H
#define ZC_BASE_RANDOM_H

#include <stdint.h>

typedef struct zc_random {
    uint64_t state;
} zc_random_t;

static inline uint64_t zc_random_next(zc_random_t *random) {
    random->state += 0x9e3779b97f4a7c15u;
    uint64_t x = random->state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* From 0 to bound - 1; 0 where bound is 0. */
static inline uint64_t zc_random_below(zc_random_t *random, uint64_t bound) {
    return bound == 0 ? 0 : zc_random_next(random) % bound;
}

#endif
