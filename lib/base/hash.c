/* SPDX-License-Identifier: MPL-2.0 */
/* XXH3 from libxxhash, compiled in so that the core's archive needs no other library. */
#include "lib/base/hash.h"

#include "lib/base/hash_here.h"

uint64_t zc_key_hash(zc_slice_t key) {
    return XXH3_64bits(key.data, key.bytes);
}

uint64_t zc_hash(zc_slice_t bytes, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data, bytes.bytes, seed);
}
