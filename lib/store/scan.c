/* SPDX-License-Identifier: MPL-2.0 */
/* Scans: the entries of some parts of the digest, by slot number. A slot keeps its entry for as
 * long as there is one, so a place in the numbers is all that a scan needs to go on from: whoever
 * asks keeps it, and one that never comes back leaves nothing behind. */
#include "lib/store/register.h"
#include "lib/store/state.h"

const uint64_t *zc_store_digest_parts(const zc_store_t *store) {
    return store->digest_parts;
}

uint64_t zc_store_item_digest(const zc_store_t *store, const zc_store_item_t *item) {
    if (item->ghost) {
        return 0;
    }
    uint32_t number = zc_index_find(&store->index, item->key_hash);
    return zc_register_digest(store, number);
}

static bool is_wanted(const zc_store_t *store, uint32_t number, const zc_digest_set_t *parts) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) != ZC_SLOT_ENTRY || zc_store_slot_is_void(store, slot)) {
        return false;
    }
    size_t part = zc_digest_part(zc_slot_key_hash(&store->slots, slot));
    return (parts->bits[part / 8] >> (part % 8) & 1) != 0;
}

zcache_status zc_store_scan(const zc_store_t *store, const zc_digest_set_t *parts,
                            uint64_t *position, size_t *budget, zc_store_item_t *item) {
    if (*position == ZC_SLOT_NONE) {
        *position = ZC_SLOT_NONE + 1;
    }
    while (*position < store->slots.end) {
        if (*budget == 0) {
            return ZCACHE_BUSY;
        }
        (*budget)--;
        uint32_t number = (uint32_t)(*position)++;
        if (is_wanted(store, number, parts)) {
            zc_register_view(store, number, item);
            return ZCACHE_OK;
        }
    }
    return ZCACHE_MISS;
}
