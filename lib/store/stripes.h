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
 * nothing before it has looked again.
 *
 * A number never comes again, so that a reader may also remember what it has concluded under one
 * (recent.h). */
#ifndef ZC_STORE_STRIPES_H
#define ZC_STORE_STRIPES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/word.h"

enum { ZC_STRIPES = 1024 };

typedef uint64_t zc_stripe_t;

typedef struct zc_stripes {
    zc_stripe_t numbers[ZC_STRIPES];
} zc_stripes_t;

static inline zc_stripe_t *zc_stripe_of(zc_stripes_t *stripes, uint64_t scattered) {
    return &stripes->numbers[scattered & (ZC_STRIPES - 1)];
}

static inline void zc_stripe_begin(zc_stripe_t *stripe) {
    zc_word_store(stripe, *stripe + 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void zc_stripe_end(zc_stripe_t *stripe) {
    zc_word_release(stripe, *stripe + 1);
}

/* For what readers may have concluded of any key. */
static inline void zc_stripes_begin(zc_stripes_t *stripes) {
    for (size_t i = 0; i < ZC_STRIPES; i++) {
        zc_stripe_begin(&stripes->numbers[i]);
    }
}

static inline void zc_stripes_end(zc_stripes_t *stripes) {
    for (size_t i = 0; i < ZC_STRIPES; i++) {
        zc_stripe_end(&stripes->numbers[i]);
    }
}

/* The number to look for again; odd: somebody is writing. */
static inline zc_stripe_t zc_stripe_enter(const zc_stripe_t *stripe) {
    return zc_word_acquire(stripe);
}

static inline bool zc_stripe_holds(const zc_stripe_t *stripe, zc_stripe_t entered) {
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return zc_word_load(stripe) == entered;
}

#endif
