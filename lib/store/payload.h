/* SPDX-License-Identifier: MPL-2.0 */
/* The payload of an entry: its key and value in one block of the slab, with what only entries need.
 *
 *     short   [ head 4 | ttl 4, if there is a deadline | key | value ]
 *     long    [ head 4 | bytes of the value 4 | digest 8 | deadline 8 | key | value ]
 *
 *     head    type: 8 bits | long: 1 | deadline: 1 | bytes of the key: 8, of the value: 10
 *                                                  | long: bytes of the key: 16
 *
 * Most entries are short: keys up to 255 bytes, values up to 1,023, and a deadline within 49 days
 * of the write, whose stamp is in the slot. What would take more room than time is computed where
 * it is needed: the key hash, and of a short one the digest. A payload stays as it was made until
 * its entry is overwritten: then a payload that needs a block of the same size takes its place. */
#ifndef ZC_STORE_PAYLOAD_H
#define ZC_STORE_PAYLOAD_H

#include "lib/base/hash.h"
#include "lib/base/origin.h"
#include "lib/base/stamp.h"
#include "lib/store/slab.h"
#include "lib/store/store.h"

typedef struct zc_payload {
    uint32_t head;
    union {
        uint32_t value_bytes; /* long */
        uint32_t ttl_ms;      /* short, with a deadline: from the stamp of the write */
    };
    uint32_t digest[2]; /* the lower half first; so that 4 bytes are all the alignment it takes */
    uint32_t deadline_ms[2];
} zc_payload_t;

enum {
    ZC_PAYLOAD_LONG = 1 << 8,
    ZC_PAYLOAD_DEADLINE = 1 << 9,
    ZC_PAYLOAD_KEY_SHIFT = 10,
    ZC_PAYLOAD_VALUE_SHIFT = 18,
    ZC_PAYLOAD_SHORT_KEY_MAX = (1 << 8) - 1,
    ZC_PAYLOAD_SHORT_VALUE_MAX = (1 << 10) - 1,
};

/* The bytes of the block that an item takes. */
uint64_t zc_payload_size(const zc_store_item_t *item);

/* Writes the item into a block of at least its size. */
void zc_payload_put(zc_slab_t *slab, zc_block_t block, const zc_store_item_t *item,
                    uint64_t digest);

/* A copy of the item's key and value, or ZC_BLOCK_NONE: no memory. `digest` is the item's. */
zc_block_t zc_payload_new(zc_slab_t *slab, const zc_store_item_t *item, uint64_t digest);

/* The digest of an entry: six numbers mixed into each other, each under the seed that those before
 * it have made, from 0 on: key hash, HLC, both halves of the origin with their lowest byte first,
 * deadline with the type as its highest byte, XXH3-64 of the value with seed 0. A chain of mixes
 * is a fifth of the work of hashing bytes, and each write does this twice. */
uint64_t zc_item_digest(const zc_store_item_t *item, const zc_origin_t *origin);

/* A payload is looked at through these alone. */

static inline bool zc_payload_is_long(const zc_payload_t *payload) {
    return (payload->head & ZC_PAYLOAD_LONG) != 0;
}

static inline uint8_t zc_payload_type(const zc_payload_t *payload) {
    return (uint8_t)payload->head;
}

static inline size_t zc_payload_key_bytes(const zc_payload_t *payload) {
    uint32_t bytes = payload->head >> ZC_PAYLOAD_KEY_SHIFT;
    return zc_payload_is_long(payload) ? bytes : bytes & ZC_PAYLOAD_SHORT_KEY_MAX;
}

static inline size_t zc_payload_value_bytes(const zc_payload_t *payload) {
    return zc_payload_is_long(payload) ? payload->value_bytes
                                       : payload->head >> ZC_PAYLOAD_VALUE_SHIFT;
}

/* What stands before the key. */
static inline size_t zc_payload_before(const zc_payload_t *payload) {
    if (zc_payload_is_long(payload)) {
        return sizeof *payload;
    }
    return ((payload->head & ZC_PAYLOAD_DEADLINE) != 0 ? 2 : 1) * sizeof(uint32_t);
}

static inline const uint8_t *zc_payload_bytes(const zc_payload_t *payload) {
    return (const uint8_t *)payload + zc_payload_before(payload);
}

static inline zc_slice_t zc_payload_key(const zc_payload_t *payload) {
    return zc_slice(zc_payload_bytes(payload), zc_payload_key_bytes(payload));
}

static inline zc_slice_t zc_payload_value(const zc_payload_t *payload) {
    return zc_slice(zc_payload_bytes(payload) + zc_payload_key_bytes(payload),
                    zc_payload_value_bytes(payload));
}

static inline uint64_t zc_payload_key_hash(const zc_payload_t *payload) {
    return zc_key_hash(zc_payload_key(payload));
}

/* Mesh time; 0: none. `hlc` is the entry's. */
static inline uint64_t zc_payload_deadline_ms(const zc_payload_t *payload, zc_hlc_t hlc) {
    if ((payload->head & ZC_PAYLOAD_DEADLINE) == 0) {
        return 0;
    }
    if (zc_payload_is_long(payload)) {
        return payload->deadline_ms[0] | (uint64_t)payload->deadline_ms[1] << 32;
    }
    return zc_hlc_ms(hlc) + payload->ttl_ms;
}

/* What tells the sizes of a payload that may be written meanwhile. */
static inline zc_payload_t zc_payload_peek(const zc_payload_t *payload) {
    zc_payload_t head = {.head = zc_word_load(&payload->head)};
    if (zc_payload_is_long(&head)) {
        head.value_bytes = zc_word_load(&payload->value_bytes);
    }
    return head;
}

/* What a long one remembers. */
static inline uint64_t zc_payload_digest(const zc_payload_t *payload) {
    return payload->digest[0] | (uint64_t)payload->digest[1] << 32;
}

#endif
