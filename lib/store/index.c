/* SPDX-License-Identifier: MPL-2.0 */
/* Linear hashing over slots. Every linked slot is in the bucket of its scattered key hash, and no
 * two linked slots have the same key hash (the caller's to keep). */
#include "lib/store/index.h"

#include "lib/base/assert.h"

static const zc_shape_t bucket_shape = {ZC_BUCKETS_FIRST_BITS, sizeof(uint32_t)};

zcache_status zc_index_init(zc_index_t *index, zc_slots_t *slots, uint64_t seed) {
    *index = (zc_index_t){.slots = slots, .seed = seed, .buckets = ZC_BUCKETS_FIRST};
    if (!zc_directory_grow(&index->directory, slots->allocator, bucket_shape)) {
        return ZCACHE_NO_MEMORY;
    }
    memset(index->directory.segments[0], 0, ZC_BUCKETS_FIRST * sizeof(uint32_t));
    return ZCACHE_OK;
}

void zc_index_fini(zc_index_t *index) {
    if (index->slots != NULL) {
        zc_directory_fini(&index->directory, index->slots->allocator);
    }
}

zcache_status zc_index_reserve(zc_index_t *index) {
    bool reserved = index->linked < index->buckets ||
                    index->buckets < zc_directory_room(&index->directory, bucket_shape) ||
                    zc_directory_grow(&index->directory, index->slots->allocator, bucket_shape);
    return reserved ? ZCACHE_OK : ZCACHE_NO_MEMORY;
}

/* Of an entry: it is that of the key, or of another key with its hash. */
static bool is_of(const zc_index_t *index, const zc_slot_t *slot, uint64_t key_hash,
                  zc_slice_t key) {
    if (zc_slot_kind(slot) == ZC_SLOT_ENTRY &&
        zc_slice_equal(zc_payload_key(zc_slot_payload(index->slots, slot)), key)) {
        return true;
    }
    return zc_slot_key_hash(index->slots, slot) == key_hash;
}

uint32_t zc_index_find(const zc_index_t *index, uint64_t key_hash) {
    return zc_index_find_key(index, key_hash, zc_slice(NULL, 0));
}

uint32_t zc_index_find_key(const zc_index_t *index, uint64_t key_hash, zc_slice_t key) {
    uint64_t scattered = zc_index_scatter(index, key_hash);
    uint8_t tag = zc_index_tag(scattered);
    uint32_t number = *zc_index_bucket(index, index->buckets, scattered);
    while (number != ZC_SLOT_NONE) {
        const zc_slot_t *slot = zc_slot_at(index->slots, number);
        if ((slot->label & ZC_LABEL_TAG) == tag && is_of(index, slot, key_hash, key)) {
            return number;
        }
        number = slot->index_next;
    }
    return ZC_SLOT_NONE;
}

/* -- Growing --------------------------------------------------------------- */

/* A course: six bits of the scattered key hash, from a place that is the same for all buckets of a
 * level, so that it need not be told. Each level splits by one bit of it. */
enum { COURSE_MASK = (1 << ZC_FLAG_COURSE_BITS) - 1 };

/* By which bit a level splits. */
static unsigned bit_of(uint32_t level) {
    return 31U ^ (unsigned)__builtin_clz(level);
}

/* Where in its course the bit of a level is. */
static unsigned place_in_course(uint32_t level) {
    return (bit_of(level) - ZC_BUCKETS_FIRST_BITS) % ZC_FLAG_COURSE_BITS;
}

/* Sets the course of a slot that will be split by the bit of this level next: of the bits before
 * that nothing is needed any more. */
static void set_course(zc_slot_t *slot, uint64_t scattered, uint32_t level) {
    uint64_t course = scattered >> bit_of(level) << place_in_course(level) & COURSE_MASK;
    slot->flags = (uint8_t)((slot->flags & ((1 << ZC_FLAG_COURSE_SHIFT) - 1)) |
                            course << ZC_FLAG_COURSE_SHIFT);
}

/* Whether the slot goes to the higher bucket. Who comes to the end of a course takes the next. */
static bool goes_high(const zc_index_t *index, zc_slot_t *slot, uint32_t level, unsigned place) {
    bool high = (slot->flags >> (ZC_FLAG_COURSE_SHIFT + place) & 1) != 0;
    if (place + 1 == ZC_FLAG_COURSE_BITS) {
        uint64_t key_hash = zc_slot_key_hash(index->slots, slot);
        set_course(slot, zc_index_scatter(index, key_hash), 2 * level);
    }
    return high;
}

/* Asks for the first slot in the chain of a bucket, or for the second, where the first has come.
 * Always inline: gcc takes a function that only asks for one without effect, and leaves it out. */
static inline __attribute__((always_inline)) void fetch(const zc_index_t *index, uint32_t bucket,
                                                        bool second) {
    uint32_t number = *zc_index_bucket_at(index, bucket);
    if (second && number != ZC_SLOT_NONE) {
        number = zc_slot_at(index->slots, number)->index_next;
    }
    if (number != ZC_SLOT_NONE) {
        __builtin_prefetch(zc_slot_at(index->slots, number));
    }
}

/* What the splits after this one will need: longer chains are rare. */
static inline __attribute__((always_inline)) void fetch_ahead(const zc_index_t *index,
                                                              uint32_t bucket, uint32_t level) {
    enum { AHEAD_FIRST = 8, AHEAD_SECOND = 4 };
    if (bucket + AHEAD_FIRST < level) {
        fetch(index, bucket + AHEAD_FIRST, false);
        fetch(index, bucket + AHEAD_SECOND, true);
    }
}

/* Splits the bucket whose turn it is: what has the next bit of the hash goes to the new bucket. */
static void split(zc_index_t *index) {
    uint32_t level = zc_index_level(index->buckets);
    unsigned place = place_in_course(level);
    uint32_t bucket = index->buckets - level;
    zc_stripe_t *stripe = zc_stripe_of(&index->stripes, bucket);
    uint32_t *low = zc_index_bucket_at(index, bucket);
    uint32_t *high = zc_index_bucket_at(index, index->buckets);
    uint32_t number = *low;
    zc_stripe_begin(stripe);
    zc_word_store(high, ZC_SLOT_NONE);
    while (number != ZC_SLOT_NONE) {
        zc_slot_t *slot = zc_slot_at(index->slots, number);
        uint32_t next = slot->index_next;
        uint32_t **end = goes_high(index, slot, level, place) ? &high : &low;
        zc_word_release(*end, number);
        *end = &slot->index_next;
        number = next;
    }
    zc_word_store(low, ZC_SLOT_NONE);
    zc_word_store(high, ZC_SLOT_NONE);
    zc_word_release(&index->buckets, index->buckets + 1);
    zc_stripe_end(stripe);
    fetch_ahead(index, bucket, level);
}

/* What is expected may never come, so no more memory is taken than a few times what the slots that
 * do come take; where there is none, buckets are split as they must be. */
static void split_ahead(zc_index_t *index) {
    enum { STEPS = 8 };
    for (int i = 0; i < STEPS && index->buckets < index->expected; i++) {
        if (index->buckets == zc_directory_room(&index->directory, bucket_shape) &&
            !zc_directory_grow(&index->directory, index->slots->allocator, bucket_shape)) {
            index->expected = 0;
            return;
        }
        split(index);
    }
}

bool zc_index_has_course(const zc_index_t *index, const zc_slot_t *slot) {
    uint64_t scattered = zc_index_scatter(index, zc_slot_key_hash(index->slots, slot));
    uint32_t level = zc_index_next_level(index->buckets, scattered);
    unsigned place = place_in_course(level);
    unsigned left = ZC_FLAG_COURSE_BITS - place;
    uint64_t course = slot->flags >> (ZC_FLAG_COURSE_SHIFT + place);
    return course == (scattered >> bit_of(level) & ((1U << left) - 1));
}

/* -- Linking --------------------------------------------------------------- */

void zc_index_link(zc_index_t *index, uint32_t number, uint64_t key_hash) {
    zc_slot_t *slot = zc_slot_at(index->slots, number);
    uint64_t scattered = zc_index_scatter(index, key_hash);
    zc_stripe_t *stripe = zc_stripe_of(&index->stripes, scattered);
    uint32_t *bucket = zc_index_bucket(index, index->buckets, scattered);
    set_course(slot, scattered, zc_index_next_level(index->buckets, scattered));
    zc_stripe_begin(stripe);
    zc_word_store(&slot->label, (uint8_t)((slot->label & ZC_LABEL_KIND) | zc_index_tag(scattered)));
    zc_word_release(&slot->index_next, *bucket);
    zc_word_release(bucket, number);
    zc_stripe_end(stripe);
    index->linked++;
    if (index->linked > index->buckets) {
        split(index);
    }
    if (index->buckets < index->expected) {
        split_ahead(index);
    }
}

void zc_index_unlink(zc_index_t *index, uint32_t number) {
    zc_slot_t *slot = zc_slot_at(index->slots, number);
    uint64_t scattered = zc_index_scatter(index, zc_slot_key_hash(index->slots, slot));
    zc_stripe_t *stripe = zc_stripe_of(&index->stripes, scattered);
    uint32_t *place = zc_index_bucket(index, index->buckets, scattered);
    while (*place != number) {
        ZC_ASSERT(*place != ZC_SLOT_NONE);
        place = &zc_slot_at(index->slots, *place)->index_next;
    }
    zc_stripe_begin(stripe);
    zc_word_release(place, slot->index_next);
    zc_word_store(&slot->index_next, ZC_SLOT_NONE);
    zc_stripe_end(stripe);
    index->linked--;
}
