/* SPDX-License-Identifier: MPL-2.0 */
/* Making payloads and their digests. The digest is the same on every node: it depends on nothing
 * that is local (index of the origin, seed, order, times of use). */
#include "lib/store/payload.h"

#include "lib/base/assert.h"
#include "lib/base/hash.h"

enum { DIGEST_BYTES = 49 };

zc_payload_t *zc_payload_new(const zc_allocator_t *allocator, const zc_store_item_t *item,
                             uint64_t digest) {
    ZC_ASSERT(item->key.bytes <= UINT16_MAX);
    ZC_ASSERT(item->value.bytes <= UINT32_MAX);
    zc_payload_t *payload =
        zc_allocate(allocator, (size_t)zc_payload_size(item->key.bytes, item->value.bytes));
    if (payload == NULL) {
        return NULL;
    }
    *payload = (zc_payload_t){.key_hash = item->key_hash,
                              .digest = digest,
                              .deadline_ms = item->deadline_ms,
                              .value_bytes = (uint32_t)item->value.bytes,
                              .key_bytes = (uint16_t)item->key.bytes,
                              .type = item->type};
    if (item->key.bytes > 0) {
        memcpy(payload->bytes, item->key.data, item->key.bytes);
    }
    if (item->value.bytes > 0) {
        memcpy(payload->bytes + item->key.bytes, item->value.data, item->value.bytes);
    }
    return payload;
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
