/* SPDX-License-Identifier: MPL-2.0 */
/* What a reader remembers of keys that it has read lately: where they are, and that they may be
 * served.
 *
 *     scattered key hash ──► memo [ payload, tag | slot | number of the stripe ] ──► payload
 *
 * A memo says that the entry expires in no way before `until_ms`, is voided by nothing, and that
 * its slot and its payload are these: all that as long as its stripe has the number of then, which
 * is looked at as in stripes.h. What is short of that is never kept. So one comparison stands for
 * the whole way through the index, the slot and the table of pages. The key is compared all the
 * same, as memos of two keys may be equal. The lower half of the number is enough: nothing is
 * written so often before `until_ms` that it comes again.
 *
 * It is the reader's alone, and grows with the store up to ZC_RECENT_MAX memos, 1 MiB. */
#ifndef ZC_STORE_RECENT_H
#define ZC_STORE_RECENT_H

#include <zcache/status.h>

#include "lib/base/moment.h"
#include "lib/store/payload.h"
#include "lib/store/stripes.h"

enum {
    ZC_RECENT_FIRST = 256,
    ZC_RECENT_MAX = 1 << 16,
    ZC_RECENT_TAG_BITS = 16,
};

typedef struct zc_memo {
    uint64_t place;  /* address of the payload, and below it the tag; 0: nothing */
    uint32_t number; /* of the slot */
    uint32_t entered;
} zc_memo_t;

typedef struct zc_recent {
    zc_memo_t *memos;
    uint64_t count;    /* a power of two */
    uint64_t until_ms; /* local time; 0: nothing is kept */
} zc_recent_t;

/* Returns OK or NO_MEMORY. */
zcache_status zc_recent_init(zc_recent_t *recent, const zc_allocator_t *allocator);
void zc_recent_fini(zc_recent_t *recent, const zc_allocator_t *allocator);

/* Forgets everything; what is kept from now on holds until then. */
void zc_recent_begin(zc_recent_t *recent, uint64_t until_ms);

/* Makes room for a store with so many buckets, if it can, and forgets everything then. */
void zc_recent_grow(zc_recent_t *recent, const zc_allocator_t *allocator, uint64_t buckets);

/* The tag is of the highest bits and never 0, the place of others, and the stripe of the lowest. */
static inline uint64_t zc_recent_tag(uint64_t scattered) {
    return scattered >> (64 - ZC_RECENT_TAG_BITS) | 1;
}

static inline zc_memo_t *zc_recent_memo(const zc_recent_t *recent, uint64_t scattered) {
    return &recent->memos[scattered >> ZC_RECENT_TAG_BITS & (recent->count - 1)];
}

/* Whether what is kept is good whenever in the moment we are. */
static inline bool zc_recent_holds(const zc_recent_t *recent, zc_moment_t moment) {
    return zc_moment_latest_ms(moment) < recent->until_ms;
}

/* The payload of a key, if the memo is of it and its stripe has that number; or NULL. */
static inline const zc_payload_t *zc_memo_payload(const zc_memo_t *memo, uint64_t scattered,
                                                  zc_stripe_t entered) {
    uint64_t address = memo->place >> ZC_RECENT_TAG_BITS;
    bool same = memo->place == (address << ZC_RECENT_TAG_BITS | zc_recent_tag(scattered)) &&
                memo->entered == (uint32_t)entered;
    return same ? (const zc_payload_t *)(uintptr_t)address : NULL;
}

/* Keeps it, where addresses leave room for the tag; the number of the stripe is even. */
static inline void zc_memo_keep(zc_memo_t *memo, uint64_t scattered, zc_stripe_t entered,
                                uint32_t number, const zc_payload_t *payload) {
    uint64_t address = (uintptr_t)payload;
    if (address >> (64 - ZC_RECENT_TAG_BITS) == 0) {
        *memo = (zc_memo_t){.place = address << ZC_RECENT_TAG_BITS | zc_recent_tag(scattered),
                            .number = number,
                            .entered = (uint32_t)entered};
    }
}

#endif
