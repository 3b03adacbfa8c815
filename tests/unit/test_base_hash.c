/* SPDX-License-Identifier: MPL-2.0 */
/* Hashes: XXH3-64 as everybody computes it, and a mixer that is a bijection. */
#include <criterion/criterion.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lib/base/hash.h"

/* So that another hash does not come in unseen: a mesh of two hashes would hold nothing together.
 */
Test(base_hash, key_hash_is_xxh3_64_with_seed_0) {
    cr_assert_eq(zc_key_hash(zc_slice(NULL, 0)), UINT64_C(0x2d06800538d394c2));
    cr_assert_eq(zc_key_hash(zc_slice_text("abc")), UINT64_C(0x78af5f94892f3950));
}

Test(base_hash, agrees_with_xxhash_at_every_length) {
    uint8_t bytes[600];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    for (size_t length = 0; length <= sizeof bytes; length++) {
        zc_slice_t slice = zc_slice(bytes, length);
        cr_assert_eq(zc_key_hash(slice), XXH3_64bits(bytes, length));
        cr_assert_eq(zc_hash(slice, 42), XXH3_64bits_withSeed(bytes, length, 42));
        cr_assert_eq(zc_hash(slice, 0), zc_key_hash(slice));
    }
}

static int compare(const void *a, const void *b) {
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

Test(base_hash, mix_keeps_numbers_apart) {
    enum { COUNT = 10000 };
    static uint64_t mixed[COUNT];
    for (uint64_t i = 0; i < COUNT; i++) {
        mixed[i] = zc_mix(i << 20, 77);
    }
    qsort(mixed, COUNT, sizeof mixed[0], compare);
    for (size_t i = 1; i < COUNT; i++) {
        cr_assert_neq(mixed[i], mixed[i - 1]);
    }
    cr_assert_neq(zc_mix(5, 1), zc_mix(5, 2));
}
