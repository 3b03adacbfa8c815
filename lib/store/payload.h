/* SPDX-License-Identifier: MPL-2.0 */
/* The payload of an entry: its key and value in one block, with what only entries need.
 *
 *     [ key hash, digest, deadline, times, sizes, type | key bytes | value bytes ]
 *
 * Everything but the two times stays as it was made; the times belong to the store's lock, because
 * readers write them. */
#ifndef ZC_STORE_PAYLOAD_H
#define ZC_STORE_PAYLOAD_H

#include "lib/base/allocator.h"
#include "lib/base/origin.h"
#include "lib/store/store.h"

typedef struct zc_payload {
    uint64_t key_hash;
    uint64_t digest;      /* what this entry adds to the digest of the store */
    uint64_t deadline_ms; /* mesh time; 0: none */
    uint64_t used_ms;     /* local time of the last read or write */
    uint64_t touched_ms;  /* local time at which the mesh last heard that it is in use */
    uint32_t value_bytes;
    uint16_t key_bytes;
    uint8_t type;
    uint8_t bytes[];
} zc_payload_t;

/* A copy of the item's key and value, or NULL: no memory. To be freed with zc_free. */
zc_payload_t *zc_payload_new(const zc_allocator_t *allocator, const zc_store_item_t *item,
                             uint64_t digest);

/* The digest of an entry: XXH3-64, seed 0, over 49 bytes, numbers with their lowest byte first:
 * key hash (8), HLC (8), origin (16), deadline (8), XXH3-64 of the value with seed 0 (8), type (1).
 */
uint64_t zc_item_digest(const zc_store_item_t *item, const zc_origin_t *origin);

/* The bytes of the block. */
static inline uint64_t zc_payload_size(size_t key_bytes, size_t value_bytes) {
    return offsetof(zc_payload_t, bytes) + (uint64_t)key_bytes + (uint64_t)value_bytes;
}

/* A payload is looked at through these alone: what it is made of is payload.c's. */
static inline uint64_t zc_payload_key_hash(const zc_payload_t *payload) {
    return payload->key_hash;
}

static inline size_t zc_payload_key_bytes(const zc_payload_t *payload) {
    return payload->key_bytes;
}

static inline size_t zc_payload_value_bytes(const zc_payload_t *payload) {
    return payload->value_bytes;
}

static inline uint8_t zc_payload_type(const zc_payload_t *payload) {
    return payload->type;
}

/* Mesh time; 0: none. */
static inline uint64_t zc_payload_deadline_ms(const zc_payload_t *payload) {
    return payload->deadline_ms;
}

static inline uint64_t zc_payload_digest(const zc_payload_t *payload) {
    return payload->digest;
}

static inline zc_slice_t zc_payload_key(const zc_payload_t *payload) {
    return zc_slice(payload->bytes, payload->key_bytes);
}

static inline zc_slice_t zc_payload_value(const zc_payload_t *payload) {
    return zc_slice(payload->bytes + payload->key_bytes, payload->value_bytes);
}

#endif
