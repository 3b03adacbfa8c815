/* SPDX-License-Identifier: MPL-2.0 */
/* Hashes: XXH3-64 for all that travels (rule R8), and a mixer for what stays here. */
#ifndef ZC_BASE_HASH_H
#define ZC_BASE_HASH_H

#include <stdint.h>

#include "lib/base/slice.h"

/* The key hash: XXH3-64 with seed 0, the same on every node. It names a key in ghosts and touches.
 */
uint64_t zc_key_hash(zc_slice_t key);

/* XXH3-64 of bytes that stand under `seed`. */
uint64_t zc_hash(zc_slice_t bytes, uint64_t seed);

/* Puts the 8 bytes of a number, the lowest first, as all numbers are hashed. Returns what is behind
 * them. */
static inline uint8_t *zc_hash_put(uint8_t *to, uint64_t number) {
    for (unsigned i = 0; i < sizeof number; i++) {
        *to++ = (uint8_t)(number >> (8 * i));
    }
    return to;
}

/* The number of which these are the 8 bytes, the lowest first. One instruction where that is how
 * the machine has them. */
static inline uint64_t zc_hash_number(const uint8_t *from) {
    return (uint64_t)from[0] | (uint64_t)from[1] << 8 | (uint64_t)from[2] << 16 |
           (uint64_t)from[3] << 24 | (uint64_t)from[4] << 32 | (uint64_t)from[5] << 40 |
           (uint64_t)from[6] << 48 | (uint64_t)from[7] << 56;
}

/* Scatters one number under a seed: a bijection for each seed (the finalizer of splitmix64), so
 * that different key hashes stay different, while nobody who does not know the seed can choose what
 * falls together. */
static inline uint64_t zc_mix(uint64_t number, uint64_t seed) {
    uint64_t x = number ^ seed;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

#endif
