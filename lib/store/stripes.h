/* SPDX-License-Identifier: MPL-2.0 */
/* Stripes: sequence numbers that tell a reader without a lock whether what it has read belongs
 * together (Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012).
 *
 *     writer:  number odd ──► changes ──► number even
 *     reader:  number even? ──► reads ──► the same number still? then it holds
 *
 * A stripe is the lowest bits of the scattered key hash, which are the same in both halves of a
 * bucket that is split: whatever changes in the chain of a bucket, in its slots or in their blocks
 * changes between the two marks of the one stripe. One thread writes at a time. A reader may see
 * anything while a number is odd, so it bounds what it follows and what it copies, and believes
 * nothing before it has looked again. */
#ifndef ZC_STORE_STRIPES_H
#define ZC_STORE_STRIPES_H

#include <stdbool.h>

#include "lib/base/word.h"

enum { ZC_STRIPES = 1024 };

typedef struct zc_stripes {
    uint32_t numbers[ZC_STRIPES];
} zc_stripes_t;

static inline uint32_t *zc_stripe_of(zc_stripes_t *stripes, uint64_t scattered) {
    return &stripes->numbers[scattered & (ZC_STRIPES - 1)];
}

static inline void zc_stripe_begin(uint32_t *stripe) {
    zc_word_store(stripe, *stripe + 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void zc_stripe_end(uint32_t *stripe) {
    zc_word_release(stripe, *stripe + 1);
}

/* The number to look for again; odd: somebody is writing. */
static inline uint32_t zc_stripe_enter(const uint32_t *stripe) {
    return zc_word_acquire(stripe);
}

static inline bool zc_stripe_holds(const uint32_t *stripe, uint32_t entered) {
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return zc_word_load(stripe) == entered;
}

#endif
