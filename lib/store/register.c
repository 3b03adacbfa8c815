/* SPDX-License-Identifier: MPL-2.0 */
/* The life of a slot. A slot keeps its place in the index from its first write to its end; what
 * changes is its kind, its stamp (and so its place in a chain) and its place in the order of use.
 */
#include "lib/store/register.h"

#include "lib/store/chain.h"
#include "lib/store/compact.h"
#include "lib/store/state.h"

/* What an entry takes beside its payload. */
enum { BESIDE_BYTES = sizeof(zc_slot_t) + sizeof(zc_neighbours_t) + sizeof(uint32_t) };

uint64_t zc_register_cost(const zc_store_item_t *item) {
    return BESIDE_BYTES + zc_slab_round(zc_payload_size(item));
}

/* The same of an entry that is here. */
static uint64_t cost_of(const zc_store_t *store, zc_block_t block) {
    return BESIDE_BYTES + zc_slab_bytes(&store->slots.slab, block);
}

/* Its time of use is under the lock. */
static zc_store_item_t item_of(const zc_store_t *store, const zc_slot_t *slot, uint64_t key_hash) {
    const zc_payload_t *payload = zc_store_payload(store, slot);
    return (zc_store_item_t){.type = zc_payload_type(payload),
                             .origin = slot->origin,
                             .hlc = slot->hlc,
                             .key_hash = key_hash,
                             .key = zc_payload_key(payload),
                             .value = zc_payload_value(payload),
                             .deadline_ms = zc_payload_deadline_ms(payload, slot->hlc),
                             .used_ms = zc_slot_used_ms(&store->slots, slot)};
}

static uint64_t digest_of(const zc_store_t *store, const zc_slot_t *slot, uint64_t key_hash) {
    const zc_payload_t *payload = zc_store_payload(store, slot);
    if (zc_payload_is_long(payload)) {
        return zc_payload_digest(payload);
    }
    zc_store_item_t item = {.type = zc_payload_type(payload),
                            .hlc = slot->hlc,
                            .key_hash = key_hash,
                            .value = zc_payload_value(payload),
                            .deadline_ms = zc_payload_deadline_ms(payload, slot->hlc)};
    return zc_item_digest(&item, &store->origins.ids[slot->origin]);
}

void zc_register_view(const zc_store_t *store, uint32_t number, zc_store_item_t *item) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) == ZC_SLOT_GHOST) {
        *item = (zc_store_item_t){
            .ghost = true, .origin = slot->origin, .hlc = slot->hlc, .key_hash = slot->key_hash};
        return;
    }
    ZC_ASSERT(zc_slot_kind(slot) == ZC_SLOT_ENTRY);
    zc_store_lock(store);
    *item = item_of(store, slot, zc_slot_key_hash(&store->slots, slot));
    zc_store_unlock(store);
}

zc_store_item_t zc_register_item(const zc_store_t *store, uint32_t number, uint64_t key_hash) {
    return item_of(store, zc_store_slot(store, number), key_hash);
}

uint64_t zc_register_digest(const zc_store_t *store, uint32_t number) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    return digest_of(store, slot, zc_slot_key_hash(&store->slots, slot));
}

void zc_register_tell(const zc_store_t *store, zc_change_t change, const zc_store_item_t *item) {
    if (store->options.listener != NULL) {
        store->options.listener(store->options.listener_context, change, item);
    }
}

static void count_in(zc_store_t *store, zc_block_t block, uint64_t key_hash, uint64_t digest) {
    store->entry_count++;
    store->bytes += cost_of(store, block);
    store->digest += digest;
    store->digest_parts[zc_digest_part(key_hash)] += digest;
}

/* Of an entry that is still as it was. */
static void count_out(zc_store_t *store, const zc_slot_t *slot, uint64_t key_hash) {
    uint64_t digest = digest_of(store, slot, key_hash);
    store->entry_count--;
    store->bytes -= cost_of(store, slot->block);
    store->digest -= digest;
    store->digest_parts[zc_digest_part(key_hash)] -= digest;
}

/* The stretch of the slot has a deadline to look at, but is not looked through more than once in
 * ZC_SCAN_INTERVAL_MS. */
static void note_deadline(zc_store_t *store, uint32_t number, uint64_t deadline_ms) {
    if (deadline_ms == 0) {
        return;
    }
    zc_stretch_t *stretch = zc_stretch_at(&store->slots, number >> ZC_STRETCH_BITS);
    uint64_t due_ms = zc_stretch_due_ms(stretch, deadline_ms);
    if (due_ms < stretch->due_ms) {
        stretch->due_ms = due_ms;
    }
    if (due_ms < store->sweep.due_ms) {
        store->sweep.due_ms = due_ms;
    }
}

/* Under the lock, and after all reads that were noted: the slot leaves its order of use, and is in
 * no figure any more. */
static void leave(zc_store_t *store, uint32_t number, uint64_t key_hash) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) == ZC_SLOT_ENTRY) {
        count_out(store, slot, key_hash);
        zc_order_unlink(store, &store->entries, number);
    } else {
        store->ghost_count--;
        zc_order_unlink(store, &store->ghosts, number);
    }
}

/* Under the lock. */
static void become_entry(zc_store_t *store, uint32_t number, const zc_making_t *making) {
    zc_slot_t *slot = zc_store_slot(store, number);
    zc_word_store(&slot->block, making->block);
    zc_slot_set_used(&store->slots, slot, making->used_ms,
                     zc_touches_round(&store->touches, store->slots.now_ms));
    zc_slot_set_kind(slot, ZC_SLOT_ENTRY);
    if (store->run_open) {
        zc_order_merge(store, &store->entries, number);
    } else {
        zc_order_push(store, &store->entries, number);
    }
}

/* Under the lock. */
static void become_ghost(zc_store_t *store, uint32_t number, uint64_t key_hash) {
    zc_slot_t *slot = zc_store_slot(store, number);
    zc_word_store(&slot->key_hash, key_hash);
    zc_slot_set_kind(slot, ZC_SLOT_GHOST);
    slot->flags &= (uint8_t)~ZC_FLAG_MARK;
    zc_order_push(store, &store->ghosts, number);
    store->ghost_count++;
}

static void take_stamp(zc_slot_t *slot, const zc_store_item_t *item) {
    zc_word_store(&slot->hlc, item->hlc);
    zc_word_store(&slot->origin, item->origin);
}

/* Under the lock. */
static void take_shape(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                       const zc_making_t *making) {
    take_stamp(zc_store_slot(store, number), item);
    if (making->block == ZC_BLOCK_NONE) {
        become_ghost(store, number, item->key_hash);
    } else {
        become_entry(store, number, making);
    }
}

/* How many entries there is room for, as far as can be told. */
static uint64_t capacity_of(const zc_store_t *store) {
    uint64_t capacity = store->options.max_size;
    uint64_t max_memory = store->options.max_memory;
    if (max_memory != 0 && store->entry_count > 0) {
        uint64_t fitting = max_memory / (store->bytes / store->entry_count);
        capacity = fitting < capacity ? fitting : capacity;
    }
    return capacity;
}

/* Under the lock: what was put is an entry where none was. */
static void note_added(zc_store_t *store) {
    zc_touches_added(&store->touches, capacity_of(store), store->slots.now_ms);
}

/* What is done under the lock begins with this: what readers have noted is of what was here. */
static void lock_at(zc_store_t *store, uint64_t now_ms) {
    zc_store_lock(store);
    zc_store_note_time(store, now_ms);
    zc_readers_drain(store);
}

static uint32_t put_new(zc_store_t *store, const zc_store_item_t *item, const zc_making_t *making) {
    lock_at(store, making->now_ms);
    uint32_t number = zc_slots_take(&store->slots);
    take_shape(store, number, item, making);
    zc_index_link(&store->index, number, item->key_hash);
    if (making->block != ZC_BLOCK_NONE) {
        note_added(store);
    }
    zc_store_unlock(store);
    return number;
}

/* Under the lock: an entry takes the place of an entry. */
static void renew(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                  const zc_making_t *making) {
    zc_slot_t *slot = zc_store_slot(store, number);
    uint64_t before_ms = zc_slot_used_ms(&store->slots, slot);
    uint64_t used_ms = before_ms < making->used_ms ? making->used_ms : before_ms;
    uint32_t round = zc_touches_round(&store->touches, store->slots.now_ms);
    zc_stripe_t *stripe = zc_index_stripe(&store->index, item->key_hash);
    count_out(store, slot, item->key_hash);
    zc_stripe_begin(stripe);
    take_stamp(slot, item);
    if (making->block == slot->block) {
        zc_payload_put(&store->slots.slab, making->block, item, making->digest);
    } else {
        zc_word_store(&slot->block, making->block);
    }
    zc_slot_set_used(&store->slots, slot, used_ms, round);
    zc_stripe_end(stripe);
    if (store->run_open) {
        zc_order_unlink(store, &store->entries, number);
        zc_order_merge(store, &store->entries, number);
    } else {
        zc_order_move(store, &store->entries, number);
    }
}

/* Under the lock: what is there goes, or what comes is a ghost. */
static void replace(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                    const zc_making_t *making) {
    zc_stripe_t *stripe = zc_index_stripe(&store->index, item->key_hash);
    leave(store, number, item->key_hash);
    zc_stripe_begin(stripe);
    take_shape(store, number, item, making);
    zc_stripe_end(stripe);
}

/* Returns the block that was there and is not any more. */
static zc_block_t put_over(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                           const zc_making_t *making) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    bool entry = zc_slot_kind(slot) == ZC_SLOT_ENTRY;
    zc_block_t before = entry ? slot->block : ZC_BLOCK_NONE;
    zc_chain_unlink(store, number);
    lock_at(store, making->now_ms);
    if (entry && making->block != ZC_BLOCK_NONE) {
        renew(store, number, item, making);
    } else {
        replace(store, number, item, making);
    }
    if (!entry && making->block != ZC_BLOCK_NONE) {
        note_added(store);
    }
    zc_store_unlock(store);
    return before == making->block ? ZC_BLOCK_NONE : before;
}

uint32_t zc_register_put(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                         const zc_making_t *making, zc_block_t *replaced) {
    *replaced = ZC_BLOCK_NONE;
    if (number == ZC_SLOT_NONE) {
        number = put_new(store, item, making);
    } else {
        *replaced = put_over(store, number, item, making);
    }
    zc_chain_link(store, number);
    if (making->block != ZC_BLOCK_NONE) {
        count_in(store, making->block, item->key_hash, making->digest);
        note_deadline(store, number, item->deadline_ms);
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
    zc_block_t block = slot->block;
    uint64_t key_hash = zc_slot_key_hash(&store->slots, slot);
    zc_stripe_t *stripe = zc_index_stripe(&store->index, key_hash);
    zc_store_lock(store);
    zc_readers_drain(store);
    zc_store_item_t item = item_of(store, slot, key_hash);
    leave(store, number, key_hash);
    zc_stripe_begin(stripe);
    become_ghost(store, number, key_hash);
    zc_stripe_end(stripe);
    zc_store_unlock(store);
    store->evictions += change == ZC_CHANGE_EVICT;
    store->expirations += change == ZC_CHANGE_EXPIRE;
    zc_register_tell(store, change, &item);
    zc_slab_give(&store->slots.slab, block);
    zc_register_trim_ghosts(store, ZC_TRIM_STEPS);
}

void zc_register_remove(zc_store_t *store, uint32_t number) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    ZC_ASSERT(zc_slot_kind(slot) != ZC_SLOT_FREE);
    zc_block_t block = zc_slot_kind(slot) == ZC_SLOT_ENTRY ? slot->block : ZC_BLOCK_NONE;
    zc_chain_unlink(store, number);
    zc_store_lock(store);
    zc_readers_drain(store);
    zc_index_unlink(&store->index, number);
    leave(store, number, zc_slot_key_hash(&store->slots, slot));
    zc_slots_give(&store->slots, number); /* a reader who noted it late finds no entry here */
    zc_store_unlock(store);
    if (block != ZC_BLOCK_NONE) {
        zc_slab_give(&store->slots.slab, block);
    }
}

/* The one reference to a block is in the slot of its key. */
static bool move(zc_store_t *store, zc_block_t block) {
    const zc_payload_t *payload = zc_slab_at(&store->slots.slab, block);
    uint64_t key_hash = zc_payload_key_hash(payload);
    uint32_t number = zc_index_find_key(&store->index, key_hash, zc_payload_key(payload));
    ZC_ASSERT(number != ZC_SLOT_NONE);
    zc_slot_t *slot = zc_store_slot(store, number);
    ZC_ASSERT(slot->block == block);
    zc_block_t moved = zc_compact_move(&store->slots.slab, block);
    if (moved == ZC_BLOCK_NONE) {
        return false;
    }
    zc_stripe_t *stripe = zc_index_stripe(&store->index, key_hash);
    zc_store_lock(store);
    zc_stripe_begin(stripe);
    zc_word_store(&slot->block, moved);
    zc_stripe_end(stripe);
    zc_store_unlock(store);
    zc_slab_give(&store->slots.slab, block);
    return true;
}

void zc_register_compact(zc_store_t *store, uint64_t written_bytes) {
    zc_slab_t *slab = &store->slots.slab;
    if (zc_compact_rests(slab)) {
        return;
    }
    zc_block_t block = zc_compact_next(slab, written_bytes);
    while (block != ZC_BLOCK_NONE && move(store, block)) {
        block = zc_compact_next(slab, 0);
    }
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
    if (chain->run > 0) {
        return false; /* what is oldest is told when the run is in the chains */
    }
    while (chain->oldest != ZC_SLOT_NONE && *budget > 0 &&
           zc_slot_kind(zc_store_slot(store, chain->oldest)) == ZC_SLOT_GHOST) {
        forget(store, chain->oldest);
        *budget -= 1;
    }
    return chain->oldest == ZC_SLOT_NONE;
}
