/* SPDX-License-Identifier: MPL-2.0 */
/* The index: from a key hash to its slot, by linear hashing (Litwin, "Linear Hashing: a new tool
 * for file and table addressing", VLDB 1980).
 *
 * It grows by splitting one bucket for each insertion above a load of one slot a bucket, so that no
 * insertion ever rehashes the table. Where it is known that much will come, buckets are split ahead
 * of that, while there is little in them to look at. Buckets follow the key hash scattered under a
 * seed. It does not shrink.
 *
 * Readers without a lock find the bucket from the number of buckets alone, one word: it is the
 * right one unless that bucket was split meanwhile, which the stripe shows. */
#ifndef ZC_STORE_INDEX_H
#define ZC_STORE_INDEX_H

#include "lib/store/slots.h"
#include "lib/store/stripes.h"

enum { ZC_BUCKETS_FIRST_BITS = 10, ZC_BUCKETS_FIRST = 1 << ZC_BUCKETS_FIRST_BITS };

_Static_assert((int)ZC_BUCKETS_FIRST >= (int)ZC_STRIPES,
               "both halves of a split bucket are in one stripe");

typedef struct zc_index {
    zc_slots_t *slots;
    uint64_t seed;
    zc_directory_t directory; /* of buckets: the number of the first slot */
    uint32_t buckets;
    uint32_t linked;   /* slots in it */
    uint64_t expected; /* so many buckets are made ahead, a few with each slot that comes */
    zc_stripes_t stripes;
} zc_index_t;

/* The allocator is that of `slots`, borrowed for the life of the index. Returns OK or NO_MEMORY. */
zcache_status zc_index_init(zc_index_t *index, zc_slots_t *slots, uint64_t seed);
void zc_index_fini(zc_index_t *index);

/* Makes sure that zc_index_link can be called once. Returns OK or NO_MEMORY. */
zcache_status zc_index_reserve(zc_index_t *index);

/* The entry or ghost of a key hash, or ZC_SLOT_NONE. The writing thread's alone. */
uint32_t zc_index_find(const zc_index_t *index, uint64_t key_hash);

/* The same where the key itself is known as well: most often it is found by its few bytes, and
 * nothing that is there has to be hashed. */
uint32_t zc_index_find_key(const zc_index_t *index, uint64_t key_hash, zc_slice_t key);

/* The slot has its kind and key hash, which is given; link gives the tag. Both mark the stripe
 * themselves: it is not begun. */
void zc_index_link(zc_index_t *index, uint32_t number, uint64_t key_hash);
void zc_index_unlink(zc_index_t *index, uint32_t number);

static inline uint64_t zc_index_scatter(const zc_index_t *index, uint64_t key_hash) {
    return zc_mix(key_hash, index->seed);
}

/* For tests: a linked slot knows where the next splits take it. */
bool zc_index_has_course(const zc_index_t *index, const zc_slot_t *slot);

/* What a change of the slot or block of a key hash has to be made under. */
static inline zc_stripe_t *zc_index_stripe(zc_index_t *index, uint64_t key_hash) {
    return zc_stripe_of(&index->stripes, zc_index_scatter(index, key_hash));
}

static inline uint8_t zc_index_tag(uint64_t scattered) {
    return (uint8_t)(scattered >> 56) & ZC_LABEL_TAG;
}

/* The size of the level that is being split: the highest power of two that is not above. */
static inline uint32_t zc_index_level(uint32_t buckets) {
    return UINT32_C(1) << (31U ^ (unsigned)__builtin_clz(buckets));
}

/* The level at which the bucket of a scattered key hash is split next. */
static inline uint32_t zc_index_next_level(uint32_t buckets, uint64_t scattered) {
    uint32_t level = zc_index_level(buckets);
    return ((uint32_t)scattered & (level - 1)) < buckets - level ? 2 * level : level;
}

static inline uint32_t *zc_index_bucket_at(const zc_index_t *index, uint32_t bucket) {
    return zc_directory_at(&index->directory, (zc_shape_t){ZC_BUCKETS_FIRST_BITS, sizeof(uint32_t)},
                           bucket);
}

/* Where the chain of a scattered key hash begins while there are so many buckets. */
static inline uint32_t *zc_index_bucket(const zc_index_t *index, uint32_t buckets,
                                        uint64_t scattered) {
    uint32_t level = zc_index_level(buckets);
    uint32_t bucket = (uint32_t)scattered & (2 * level - 1);
    return zc_index_bucket_at(index, bucket < buckets ? bucket : bucket & (level - 1));
}

#endif
