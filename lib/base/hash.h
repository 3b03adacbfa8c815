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
