/* SPDX-License-Identifier: MPL-2.0 */
/* What a reader remembers of keys that it has read lately: where they are, and that they may be
 * served.
 *
 *     scattered key hash ──► memo [ number of the stripe, tag | slot | block ] ──► payload
 *
 * A memo says that the entry expires in no way until ZC_RECENT_GRACE_MS after `until_ms`, is voided
 * by nothing, and that its slot and block are these: all that as long as its stripe has the number
 * of then, which is looked at as in stripes.h. What is short of that is never kept. So one
 * comparison stands for the whole way through the index and the slot. The key is compared all the
 * same, as memos of two keys may be equal.
 *
 * It is the reader's alone, and grows with the store up to ZC_RECENT_MAX memos, 1 MiB. */
#ifndef ZC_STORE_RECENT_H
#define ZC_STORE_RECENT_H

#include <zcache/status.h>

#include "lib/base/moment.h"
#include "lib/store/slab.h"
#include "lib/store/stripes.h"

enum {
    ZC_RECENT_FIRST = 256,
    ZC_RECENT_MAX = 1 << 16,
    ZC_RECENT_TAG_BITS = 16,
    ZC_RECENT_GRACE_MS = 200, /* moments are half as wide */
};

typedef struct zc_memo {
    uint64_t
        known; /* tag, and above it the lower 48 bits of the number of the stripe; 0: nothing */
    uint32_t number;
    zc_block_t block;
} zc_memo_t;

typedef struct zc_recent {
    zc_memo_t *memos;
    uint64_t count;    /* a power of two */
    uint64_t until_ms; /* local time of use; 0: nothing is kept */
} zc_recent_t;

/* Returns OK or NO_MEMORY. */
zcache_status zc_recent_init(zc_recent_t *recent, const zc_allocator_t *allocator);
void zc_recent_fini(zc_recent_t *recent, const zc_allocator_t *allocator);

/* Forgets everything; what is kept from now on holds until then. */
void zc_recent_begin(zc_recent_t *recent, uint64_t until_ms);

/* Makes room for a store with so many buckets, if it can, and forgets everything then. */
void zc_recent_grow(zc_recent_t *recent, const zc_allocator_t *allocator, uint64_t buckets);

/* The tag is of the highest bits, the place of others, and the stripe of the lowest. */
static inline zc_memo_t *zc_recent_memo(const zc_recent_t *recent, uint64_t scattered) {
    return &recent->memos[scattered >> ZC_RECENT_TAG_BITS & (recent->count - 1)];
}

/* Whether what is kept is good for a moment. */
static inline bool zc_recent_holds(const zc_recent_t *recent, zc_moment_t moment) {
    return zc_moment_used_ms(moment) < recent->until_ms &&
           zc_moment_latest_ms(moment) < recent->until_ms + ZC_RECENT_GRACE_MS;
}

/* What a memo of this key knows while the stripe has that number, which is even. */
static inline uint64_t zc_recent_known(zc_stripe_t entered, uint64_t scattered) {
    return (entered + 2) << ZC_RECENT_TAG_BITS | scattered >> (64 - ZC_RECENT_TAG_BITS);
}

#endif
