/* SPDX-License-Identifier: MPL-2.0 */
/* The key hash, compiled in where it is called: for the one path on which each instruction counts.
 * All others call lib/base/hash.h, whose own it is. */
#ifndef ZC_BASE_HASH_HERE_H
#define ZC_BASE_HASH_HERE_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lib/base/hash.h"

/* Of a short key; what is longer takes so long that a call does not show. */
static inline uint64_t zc_key_hash_here(zc_slice_t key) {
    enum { SHORT_BYTES = 16 };
    return key.bytes <= SHORT_BYTES ? XXH3_64bits(key.data, key.bytes) : zc_key_hash(key);
}

#endif
