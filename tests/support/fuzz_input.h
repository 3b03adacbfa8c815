/* SPDX-License-Identifier: MPL-2.0 */
/* The bytes of a fuzzer as a sequence of choices.
 *
 * Each choice takes a few bytes from the front; at the end every choice is 0. So any bytes are a
 * whole test, a prefix of them the beginning of the same test, and a change in the middle of them
 * changes the test from there on: that is what a fuzzer mutates well. */
#ifndef ZC_TESTS_SUPPORT_FUZZ_INPUT_H
#define ZC_TESTS_SUPPORT_FUZZ_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"

typedef struct zc_fuzz_input {
    const uint8_t *at;
    size_t left;
} zc_fuzz_input_t;

static inline bool zc_fuzz_has_more(const zc_fuzz_input_t *input) {
    return input->left > 0;
}

static inline uint8_t zc_fuzz_byte(zc_fuzz_input_t *input) {
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->at++;
}

/* `bytes` bytes, the first one highest. */
static inline uint64_t zc_fuzz_uint(zc_fuzz_input_t *input, unsigned bytes) {
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++) {
        number = number << 8 | zc_fuzz_byte(input);
    }
    return number;
}

/* From 0 to bound - 1; 0 where bound is 0. Takes as few bytes as the bound has. */
static inline uint64_t zc_fuzz_below(zc_fuzz_input_t *input, uint64_t bound) {
    unsigned bytes = 0;
    for (uint64_t most = bound == 0 ? 0 : bound - 1; most > 0; most >>= 8) {
        bytes++;
    }
    return bytes == 0 ? 0 : zc_fuzz_uint(input, bytes) % bound;
}

/* Some of the bytes themselves, at most `most`; borrowed from the input. */
static inline zc_slice_t zc_fuzz_slice(zc_fuzz_input_t *input, size_t most) {
    size_t bytes = zc_fuzz_below(input, most + 1);
    bytes = bytes < input->left ? bytes : input->left;
    zc_slice_t slice = zc_slice(input->at, bytes);
    input->at += bytes;
    input->left -= bytes;
    return slice;
}

#endif
