/* SPDX-License-Identifier: MPL-2.0 */
/* Making payloads and their digests. The digest is the same on every node: it depends on nothing
 * that is local (index of the origin, seed, order, times of use). */
#include "lib/store/payload.h"

#include "lib/base/assert.h"

enum { DIGEST_BYTES = 49 };

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

/* What stands before the key. */
static zc_payload_t describe(const zc_store_item_t *item, uint64_t digest) {
    uint32_t key_bytes = (uint32_t)item->key.bytes << ZC_PAYLOAD_KEY_SHIFT;
    uint32_t deadline = item->deadline_ms != 0 ? ZC_PAYLOAD_DEADLINE : 0;
    if (is_short(item)) {
        return (zc_payload_t){
            .head = item->type | deadline | key_bytes |
                    (uint32_t)item->value.bytes << ZC_PAYLOAD_VALUE_SHIFT,
            .ttl_ms = (uint32_t)(item->deadline_ms - zc_hlc_ms(item->hlc)),
        };
    }
    return (zc_payload_t){
        .head = item->type | deadline | key_bytes | ZC_PAYLOAD_LONG,
        .value_bytes = (uint32_t)item->value.bytes,
        .digest = {(uint32_t)digest, (uint32_t)(digest >> 32)},
        .deadline_ms = {(uint32_t)item->deadline_ms, (uint32_t)(item->deadline_ms >> 32)},
    };
}

zc_block_t zc_payload_new(zc_slab_t *slab, const zc_store_item_t *item, uint64_t digest) {
    ZC_ASSERT(item->key.bytes <= UINT16_MAX);
    ZC_ASSERT(item->value.bytes <= UINT32_MAX);
    zc_block_t block = zc_slab_take(slab, (size_t)zc_payload_size(item));
    if (block == ZC_BLOCK_NONE) {
        return ZC_BLOCK_NONE;
    }
    zc_payload_t before = describe(item, digest);
    uint8_t *to = zc_slab_at(slab, block);
    zc_block_put(to, zc_slice(&before, bytes_before(item)));
    to += bytes_before(item);
    zc_block_put(to, item->key);
    zc_block_put(to + item->key.bytes, item->value);
    return block;
}

static uint8_t *put_number(uint8_t *to, uint64_t number) {
    for (unsigned i = 0; i < sizeof number; i++) {
        *to++ = (uint8_t)(number >> (8 * i));
    }
    return to;
}

uint64_t zc_item_digest(const zc_store_item_t *item, const zc_origin_t *origin) {
    uint8_t bytes[DIGEST_BYTES];
    uint8_t *end = put_number(bytes, item->key_hash);
    end = put_number(end, item->hlc);
    memcpy(end, origin->bytes, ZC_ORIGIN_BYTES);
    end = put_number(end + ZC_ORIGIN_BYTES, item->deadline_ms);
    end = put_number(end, zc_hash(item->value, 0));
    *end = item->type;
    return zc_hash(zc_slice(bytes, sizeof bytes), 0);
}
