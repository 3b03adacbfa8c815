/* SPDX-License-Identifier: MPL-2.0 */
/* Linear hashing over slots. Every linked slot is in the bucket of its scattered key hash, and no
 * two linked slots have the same key hash (the caller's to keep). */
#include "lib/store/index.h"

#include "lib/base/assert.h"

enum { SEGMENT_BITS = 10, SEGMENT_BUCKETS = 1 << SEGMENT_BITS };

static uint32_t *bucket_at(const zc_index_t *index, uint32_t bucket) {
    uint32_t *segment = index->directory.segments[bucket >> SEGMENT_BITS];
    return &segment[bucket & (SEGMENT_BUCKETS - 1)];
}

static uint32_t *bucket_of(const zc_index_t *index, uint64_t scattered) {
    uint32_t bucket = (uint32_t)scattered & (2 * index->mask + 1);
    if (bucket >= index->buckets) {
        bucket &= index->mask;
    }
    return bucket_at(index, bucket);
}

static uint8_t tag_of(uint64_t scattered) {
    return (uint8_t)(scattered >> 56) & ZC_LABEL_TAG;
}

zcache_status zc_index_init(zc_index_t *index, zc_slots_t *slots, uint64_t seed) {
    *index = (zc_index_t){.slots = slots, .seed = seed};
    if (!zc_directory_grow(&index->directory, slots->allocator, slots->lock,
                           SEGMENT_BUCKETS * sizeof(uint32_t))) {
        zc_index_fini(index);
        return ZCACHE_NO_MEMORY;
    }
    index->buckets = SEGMENT_BUCKETS;
    index->mask = SEGMENT_BUCKETS - 1;
    return ZCACHE_OK;
}

void zc_index_fini(zc_index_t *index) {
    if (index->slots != NULL) {
        zc_directory_fini(&index->directory, index->slots->allocator);
    }
}

zcache_status zc_index_reserve(zc_index_t *index) {
    if (index->buckets >> SEGMENT_BITS < index->directory.count) {
        return ZCACHE_OK;
    }
    bool grown = zc_directory_grow(&index->directory, index->slots->allocator, index->slots->lock,
                                   SEGMENT_BUCKETS * sizeof(uint32_t));
    return grown ? ZCACHE_OK : ZCACHE_NO_MEMORY;
}

uint32_t zc_index_find(const zc_index_t *index, uint64_t key_hash) {
    uint64_t scattered = zc_mix(key_hash, index->seed);
    uint8_t tag = tag_of(scattered);
    uint32_t number = *bucket_of(index, scattered);
    while (number != ZC_SLOT_NONE) {
        const zc_slot_t *slot = zc_slot_at(index->slots, number);
        if ((slot->label & ZC_LABEL_TAG) == tag &&
            zc_slot_key_hash(index->slots, slot) == key_hash) {
            return number;
        }
        number = slot->index_next;
    }
    return ZC_SLOT_NONE;
}

/* Splits the bucket whose turn it is: what has the next bit of the hash goes to the new bucket. */
static void split(zc_index_t *index) {
    uint32_t bit = index->mask + 1;
    uint32_t *low = bucket_at(index, index->buckets - bit);
    uint32_t *high = bucket_at(index, index->buckets);
    uint32_t number = *low;
    *high = ZC_SLOT_NONE;
    while (number != ZC_SLOT_NONE) {
        zc_slot_t *slot = zc_slot_at(index->slots, number);
        uint64_t scattered = zc_mix(zc_slot_key_hash(index->slots, slot), index->seed);
        if (((uint32_t)scattered & bit) != 0) {
            *low = slot->index_next;
            *high = number;
            high = &slot->index_next;
        } else {
            low = &slot->index_next;
        }
        number = slot->index_next;
    }
    *high = ZC_SLOT_NONE;
    index->buckets++;
    if (index->buckets == 2 * bit) {
        index->mask = 2 * bit - 1;
    }
}

void zc_index_link(zc_index_t *index, uint32_t number) {
    zc_slot_t *slot = zc_slot_at(index->slots, number);
    uint64_t scattered = zc_mix(zc_slot_key_hash(index->slots, slot), index->seed);
    slot->label = (uint8_t)((slot->label & ZC_LABEL_KIND) | tag_of(scattered));
    uint32_t *bucket = bucket_of(index, scattered);
    slot->index_next = *bucket;
    *bucket = number;
    index->linked++;
    if (index->linked > index->buckets) {
        split(index);
    }
}

void zc_index_unlink(zc_index_t *index, uint32_t number) {
    zc_slot_t *slot = zc_slot_at(index->slots, number);
    uint32_t *place = bucket_of(index, zc_mix(zc_slot_key_hash(index->slots, slot), index->seed));
    while (*place != number) {
        ZC_ASSERT(*place != ZC_SLOT_NONE);
        place = &zc_slot_at(index->slots, *place)->index_next;
    }
    *place = slot->index_next;
    slot->index_next = ZC_SLOT_NONE;
    index->linked--;
}
