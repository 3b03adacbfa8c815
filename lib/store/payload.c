/* SPDX-License-Identifier: MPL-2.0 */
/* Making payloads and their digests. The digest is the same on every node: it depends on nothing
 * that is local (index of the origin, seed, order, times of use). */
#include "lib/store/payload.h"

#include "lib/base/assert.h"

enum { DIGEST_TYPE_SHIFT = 56 };

/* The deadline of a short one is told from the stamp of its write on. */
static bool has_short_deadline(const zc_store_item_t *item) {
    uint64_t since_ms = zc_hlc_ms(item->hlc);
    return item->deadline_ms == 0 ||
           (item->deadline_ms >= since_ms && item->deadline_ms - since_ms <= UINT32_MAX);
}

static bool is_short(const zc_store_item_t *item) {
    return item->key.bytes <= ZC_PAYLOAD_SHORT_KEY_MAX &&
           item->value.bytes <= ZC_PAYLOAD_SHORT_VALUE_MAX && has_short_deadline(item);
}

static size_t bytes_before(const zc_store_item_t *item) {
    if (!is_short(item)) {
        return sizeof(zc_payload_t);
    }
    return (item->deadline_ms != 0 ? 2 : 1) * sizeof(uint32_t);
}

uint64_t zc_payload_size(const zc_store_item_t *item) {
    return bytes_before(item) + (uint64_t)item->key.bytes + (uint64_t)item->value.bytes;
}

/* A long one has all of this before the key, in this order. */
static zc_payload_t describe_long(const zc_store_item_t *item, uint32_t head, uint64_t digest) {
    return (zc_payload_t){
        .head = head | ZC_PAYLOAD_LONG,
        .value_bytes = (uint32_t)item->value.bytes,
        .digest = {(uint32_t)digest, (uint32_t)(digest >> 32)},
        .deadline_ms = {(uint32_t)item->deadline_ms, (uint32_t)(item->deadline_ms >> 32)},
    };
}

/* Puts what stands before the key; returns the place of that. */
static uint8_t *put_before(zc_payload_t *payload, const zc_store_item_t *item, uint64_t digest) {
    uint32_t head = item->type | (uint32_t)item->key.bytes << ZC_PAYLOAD_KEY_SHIFT |
                    (item->deadline_ms != 0 ? ZC_PAYLOAD_DEADLINE : 0);
    if (!is_short(item)) {
        zc_payload_t before = describe_long(item, head, digest);
        zc_block_put(payload, zc_slice(&before, sizeof before));
        return (uint8_t *)(payload + 1);
    }
    zc_word_store(&payload->head, head | (uint32_t)item->value.bytes << ZC_PAYLOAD_VALUE_SHIFT);
    if (item->deadline_ms == 0) {
        return (uint8_t *)&payload->ttl_ms;
    }
    zc_word_store(&payload->ttl_ms, (uint32_t)(item->deadline_ms - zc_hlc_ms(item->hlc)));
    return (uint8_t *)payload->digest;
}

void zc_payload_put(zc_slab_t *slab, zc_block_t block, const zc_store_item_t *item,
                    uint64_t digest) {
    uint8_t *to = put_before(zc_slab_at(slab, block), item, digest);
    zc_block_put(to, item->key);
    zc_block_put(to + item->key.bytes, item->value);
}

zc_block_t zc_payload_new(zc_slab_t *slab, const zc_store_item_t *item, uint64_t digest) {
    ZC_ASSERT(item->key.bytes <= UINT16_MAX);
    ZC_ASSERT(item->value.bytes <= UINT32_MAX);
    zc_block_t block = zc_slab_take(slab, (size_t)zc_payload_size(item));
    if (block != ZC_BLOCK_NONE) {
        zc_payload_put(slab, block, item, digest);
    }
    return block;
}

/* Each step is a bijection, so that entries that differ in one of these alone never have the same
 * digest. */
uint64_t zc_item_digest(const zc_store_item_t *item, const zc_origin_t *origin) {
    uint64_t digest = zc_mix(item->key_hash, 0);
    digest = zc_mix(item->hlc, digest);
    digest = zc_mix(zc_hash_number(origin->bytes), digest);
    digest = zc_mix(zc_hash_number(origin->bytes + sizeof digest), digest);
    digest = zc_mix(item->deadline_ms | (uint64_t)item->type << DIGEST_TYPE_SHIFT, digest);
    return zc_mix(zc_key_hash(item->value), digest);
}
