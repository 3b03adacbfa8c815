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

uint32_t zc_index_find(const zc_index_t *index, uint64_t key_hash) {
    uint64_t scattered = zc_index_scatter(index, key_hash);
    uint8_t tag = zc_index_tag(scattered);
    uint32_t number = *zc_index_bucket(index, index->buckets, scattered);
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
    uint32_t bit = zc_index_level(index->buckets);
    uint32_t bucket = index->buckets - bit;
    uint32_t *stripe = zc_stripe_of(&index->stripes, bucket);
    uint32_t *low = zc_index_bucket_at(index, bucket);
    uint32_t *high = zc_index_bucket_at(index, index->buckets);
    uint32_t number = *low;
    zc_stripe_begin(stripe);
    zc_word_store(high, ZC_SLOT_NONE);
    while (number != ZC_SLOT_NONE) {
        zc_slot_t *slot = zc_slot_at(index->slots, number);
        uint64_t scattered = zc_index_scatter(index, zc_slot_key_hash(index->slots, slot));
        uint32_t next = slot->index_next;
        uint32_t **end = ((uint32_t)scattered & bit) != 0 ? &high : &low;
        zc_word_release(*end, number);
        *end = &slot->index_next;
        number = next;
    }
    zc_word_store(low, ZC_SLOT_NONE);
    zc_word_store(high, ZC_SLOT_NONE);
    zc_word_release(&index->buckets, index->buckets + 1);
    zc_stripe_end(stripe);
}

void zc_index_link(zc_index_t *index, uint32_t number) {
    zc_slot_t *slot = zc_slot_at(index->slots, number);
    uint64_t scattered = zc_index_scatter(index, zc_slot_key_hash(index->slots, slot));
    uint32_t *stripe = zc_stripe_of(&index->stripes, scattered);
    uint32_t *bucket = zc_index_bucket(index, index->buckets, scattered);
    zc_stripe_begin(stripe);
    zc_word_store(&slot->label, (uint8_t)((slot->label & ZC_LABEL_KIND) | zc_index_tag(scattered)));
    zc_word_release(&slot->index_next, *bucket);
    zc_word_release(bucket, number);
    zc_stripe_end(stripe);
    index->linked++;
    if (index->linked > index->buckets) {
        split(index);
    }
}

void zc_index_unlink(zc_index_t *index, uint32_t number) {
    zc_slot_t *slot = zc_slot_at(index->slots, number);
    uint64_t scattered = zc_index_scatter(index, zc_slot_key_hash(index->slots, slot));
    uint32_t *stripe = zc_stripe_of(&index->stripes, scattered);
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

uint32_t *zc_index_stripe(zc_index_t *index, uint64_t key_hash) {
    return zc_stripe_of(&index->stripes, zc_index_scatter(index, key_hash));
}
