/* SPDX-License-Identifier: MPL-2.0 */
/* The life of a slot. A slot keeps its place in the index from its first write to its end; what
 * changes is its kind, its stamp (and so its place in a chain) and its place in the order of use.
 */
#include "lib/store/register.h"

#include "lib/store/chain.h"
#include "lib/store/state.h"

uint64_t zc_register_cost(size_t key_bytes, size_t value_bytes) {
    return sizeof(zc_slot_t) + sizeof(uint32_t) + zc_payload_size(key_bytes, value_bytes);
}

static uint64_t cost_of(const zc_payload_t *payload) {
    return zc_register_cost(zc_payload_key_bytes(payload), zc_payload_value_bytes(payload));
}

static zc_store_item_t item_of(const zc_store_t *store, const zc_slot_t *slot) {
    zc_store_lock(store);
    uint64_t used_ms = zc_slot_used_ms(&store->slots, slot);
    zc_store_unlock(store);
    zc_payload_t *payload = zc_store_payload(store, slot);
    return (zc_store_item_t){.type = zc_payload_type(payload),
                             .origin = slot->origin,
                             .hlc = slot->hlc,
                             .key_hash = zc_payload_key_hash(payload),
                             .key = zc_payload_key(payload),
                             .value = zc_payload_value(payload),
                             .deadline_ms = zc_payload_deadline_ms(payload),
                             .used_ms = used_ms,
                             .digest = zc_payload_digest(payload)};
}

void zc_register_view(const zc_store_t *store, uint32_t number, zc_store_item_t *item) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) == ZC_SLOT_GHOST) {
        *item = (zc_store_item_t){
            .ghost = true, .origin = slot->origin, .hlc = slot->hlc, .key_hash = slot->key_hash};
        return;
    }
    ZC_ASSERT(zc_slot_kind(slot) == ZC_SLOT_ENTRY);
    *item = item_of(store, slot);
}

void zc_register_tell(const zc_store_t *store, zc_change_t change, const zc_store_item_t *item) {
    if (store->options.listener != NULL) {
        store->options.listener(store->options.listener_context, change, item);
    }
}

static void count_in(zc_store_t *store, const zc_payload_t *payload) {
    store->entry_count++;
    store->bytes += cost_of(payload);
    store->digest += zc_payload_digest(payload);
    store->digest_parts[zc_digest_part(zc_payload_key_hash(payload))] += zc_payload_digest(payload);
}

static void count_out(zc_store_t *store, const zc_payload_t *payload) {
    store->entry_count--;
    store->bytes -= cost_of(payload);
    store->digest -= zc_payload_digest(payload);
    store->digest_parts[zc_digest_part(zc_payload_key_hash(payload))] -= zc_payload_digest(payload);
}

/* The segment of the slot has a deadline to look at, but is not looked through more than once in
 * ZC_SCAN_INTERVAL_MS. */
static void note_deadline(zc_store_t *store, uint32_t number, uint64_t deadline_ms) {
    if (deadline_ms == 0) {
        return;
    }
    zc_segment_t *segment = zc_segment_at(&store->slots, number >> ZC_SEGMENT_BITS);
    uint64_t due_ms = zc_segment_due_ms(segment, deadline_ms);
    if (due_ms < segment->due_ms) {
        segment->due_ms = due_ms;
    }
    if (due_ms < store->sweep.due_ms) {
        store->sweep.due_ms = due_ms;
    }
}

/* Under the lock: the slot leaves its order of use, and its payload, if it has one, is the caller's
 * alone. */
static zc_payload_t *leave_order(zc_store_t *store, uint32_t number) {
    zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) == ZC_SLOT_ENTRY) {
        zc_order_unlink(store, &store->entries, number);
        return zc_store_payload(store, slot);
    }
    zc_order_unlink(store, &store->ghosts, number);
    return NULL;
}

/* Under the lock: the slot is an entry with `payload`, or, NULL, a ghost. */
static void take_shape(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                       zc_payload_t *payload, uint64_t used_ms) {
    zc_slot_t *slot = zc_store_slot(store, number);
    if (payload != NULL) {
        slot->payload = payload;
        zc_slot_set_kind(slot, ZC_SLOT_ENTRY);
        zc_slot_set_used_ms(&store->slots, slot, used_ms);
        zc_slot_set_touched_ms(&store->slots, slot, item->used_ms);
        if (store->run_open) {
            zc_order_merge(store, &store->entries, number);
        } else {
            zc_order_push(store, &store->entries, number);
        }
    } else {
        slot->key_hash = item->key_hash;
        zc_slot_set_kind(slot, ZC_SLOT_GHOST);
        zc_order_push(store, &store->ghosts, number);
    }
}

static uint32_t put_new(zc_store_t *store, const zc_store_item_t *item, zc_payload_t *payload) {
    uint32_t number = zc_slots_take(&store->slots);
    zc_slot_t *slot = zc_store_slot(store, number);
    slot->hlc = item->hlc;
    slot->origin = item->origin;
    zc_store_lock(store);
    take_shape(store, number, item, payload, item->used_ms);
    zc_index_link(&store->index, number);
    zc_store_unlock(store);
    return number;
}

static zc_payload_t *put_over(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                              zc_payload_t *payload) {
    zc_slot_t *slot = zc_store_slot(store, number);
    zc_chain_unlink(store, number);
    zc_store_lock(store);
    zc_payload_t *replaced = leave_order(store, number);
    uint64_t used_ms = item->used_ms;
    if (replaced != NULL && zc_slot_used_ms(&store->slots, slot) > used_ms) {
        used_ms = zc_slot_used_ms(&store->slots, slot);
    }
    slot->hlc = item->hlc;
    slot->origin = item->origin;
    take_shape(store, number, item, payload, used_ms);
    zc_store_unlock(store);
    if (replaced != NULL) {
        count_out(store, replaced);
    } else {
        store->ghost_count--;
    }
    return replaced;
}

uint32_t zc_register_put(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                         zc_payload_t *payload, zc_payload_t **replaced) {
    if (number == ZC_SLOT_NONE) {
        number = put_new(store, item, payload);
        *replaced = NULL;
    } else {
        *replaced = put_over(store, number, item, payload);
    }
    zc_chain_link(store, number);
    if (payload != NULL) {
        count_in(store, payload);
        note_deadline(store, number, zc_payload_deadline_ms(payload));
    } else {
        store->ghost_count++;
        zc_store_slot(store, number)->flags &= (uint8_t)~ZC_FLAG_MARK;
    }
    return number;
}

void zc_register_go(zc_store_t *store, uint32_t number, zc_change_t change) {
    zc_slot_t *slot = zc_store_slot(store, number);
    ZC_ASSERT(zc_slot_kind(slot) == ZC_SLOT_ENTRY);
    if (zc_store_slot_is_void(store, slot)) {
        zc_register_remove(store, number);
        return;
    }
    zc_store_item_t item = item_of(store, slot);
    zc_store_lock(store);
    zc_payload_t *payload = leave_order(store, number);
    take_shape(store, number, &item, NULL, 0);
    zc_store_unlock(store);
    count_out(store, payload);
    store->ghost_count++;
    slot->flags &= (uint8_t)~ZC_FLAG_MARK;
    store->evictions += change == ZC_CHANGE_EVICT;
    store->expirations += change == ZC_CHANGE_EXPIRE;
    zc_register_tell(store, change, &item);
    zc_free(store->options.allocator, payload);
    zc_register_trim_ghosts(store, ZC_TRIM_STEPS);
}

void zc_register_remove(zc_store_t *store, uint32_t number) {
    zc_slot_t *slot = zc_store_slot(store, number);
    zc_store_lock(store);
    zc_index_unlink(&store->index, number);
    zc_payload_t *payload = leave_order(store, number);
    zc_store_unlock(store);
    zc_chain_unlink(store, number);
    if (payload != NULL) {
        count_out(store, payload);
        zc_free(store->options.allocator, payload);
    } else {
        store->ghost_count--;
    }
    ZC_ASSERT(zc_slot_kind(slot) != ZC_SLOT_FREE);
    zc_slots_give(&store->slots, number);
}

/* Forgetting a ghost raises the floor of its origin and the horizon (R9); one that is voided has
 * nothing to refuse that the clear register does not (R10). */
static void forget(zc_store_t *store, uint32_t number) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (!zc_store_slot_is_void(store, slot)) {
        zc_stamp_t stamp = zc_store_stamp(store, slot->hlc, slot->origin);
        zc_store_raise_floor(store, slot->origin, slot->hlc);
        zc_store_raise_horizon(store, &stamp);
    }
    zc_register_remove(store, number);
}

size_t zc_register_trim_ghosts(zc_store_t *store, size_t budget) {
    size_t forgotten = 0;
    while (forgotten < budget && store->ghost_count > store->options.ghosts_max) {
        forget(store, store->ghosts.oldest);
        forgotten++;
    }
    return forgotten;
}

bool zc_store_origin_empty(zc_store_t *store, zc_origin_index_t origin, size_t *budget) {
    ZC_ASSERT(!store->run_open);
    const zc_chain_t *chain = zc_store_chain(store, origin);
    while (chain->oldest != ZC_SLOT_NONE && *budget > 0 &&
           zc_slot_kind(zc_store_slot(store, chain->oldest)) == ZC_SLOT_GHOST) {
        forget(store, chain->oldest);
        *budget -= 1;
    }
    return chain->oldest == ZC_SLOT_NONE;
}
