/* SPDX-License-Identifier: MPL-2.0 */
/* Merging one write by rules R1, R8, R9 and R10. First it is judged, by stamps alone; then all that
 * needs memory is made; only then anything changes, and from there on nothing can fail. */
#include "lib/store/register.h"
#include "lib/store/state.h"

/* What is to become of a write. */
typedef struct verdict {
    zc_outcome_t outcome;
    bool writes; /* it takes the register, as an entry or as a ghost */
} verdict_t;

/* Of the item and what a slot holds: below 0, 0 or above 0. */
static int compare_stamps(const zc_store_t *store, const zc_store_item_t *item,
                          const zc_slot_t *slot) {
    if (item->hlc != slot->hlc) {
        return item->hlc < slot->hlc ? -1 : 1;
    }
    return zc_origin_compare(&store->origins.ids[item->origin], &store->origins.ids[slot->origin]);
}

static uint64_t digest_of(const zc_store_t *store, const zc_store_item_t *item) {
    return zc_item_digest(item, &store->origins.ids[item->origin]);
}

/* The same stamp twice. A ghost of it is an eviction elsewhere, or ours: local (R11). Other bytes
 * are a fault, of which all nodes keep the one with the larger digest, whichever came first. */
static verdict_t judge_equal(const zc_store_t *store, const zc_store_item_t *item,
                             uint32_t number) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (item->ghost || zc_slot_kind(slot) == ZC_SLOT_GHOST) {
        return (verdict_t){ZC_OUTCOME_SAME, false};
    }
    const zc_payload_t *payload = zc_store_payload(store, slot);
    if (zc_payload_type(payload) == item->type &&
        zc_payload_deadline_ms(payload, slot->hlc) == item->deadline_ms &&
        zc_slice_equal(zc_payload_key(payload), item->key) &&
        zc_slice_equal(zc_payload_value(payload), item->value)) {
        return (verdict_t){ZC_OUTCOME_SAME, false};
    }
    return (verdict_t){ZC_OUTCOME_FAULT,
                       digest_of(store, item) > zc_register_digest(store, number)};
}

static bool is_above_horizon(const zc_store_t *store, const zc_store_item_t *item) {
    if (item->hlc != store->horizon.hlc) {
        return item->hlc > store->horizon.hlc;
    }
    zc_stamp_t stamp = zc_store_stamp(store, item->hlc, item->origin);
    return zc_stamp_compare(&stamp, &store->horizon) > 0;
}

/* `number` is the slot of the key hash. One that is voided counts as none: whether the sweep has
 * come to it already makes no difference. */
static verdict_t judge(const zc_store_t *store, uint32_t number, const zc_store_item_t *item) {
    if (zc_store_voids(store, item->hlc, item->origin)) {
        return (verdict_t){ZC_OUTCOME_OUTDATED, false};
    }
    bool held = false;
    if (number != ZC_SLOT_NONE && !zc_store_slot_is_void(store, zc_store_slot(store, number))) {
        const zc_slot_t *slot = zc_store_slot(store, number);
        int order = compare_stamps(store, item, slot);
        if (order == 0) {
            return judge_equal(store, item, number);
        }
        if (order < 0) {
            return (verdict_t){ZC_OUTCOME_OUTDATED, false};
        }
        held = zc_slot_kind(slot) == ZC_SLOT_ENTRY;
    }
    /* A ghost of the key is no proof that nothing newer was forgotten: a donor's ghost may have
     * come after ours was. An entry is: it was above the horizon when it came. */
    if (!item->ghost && !held && !is_above_horizon(store, item)) {
        return (verdict_t){ZC_OUTCOME_LATE, true};
    }
    return (verdict_t){ZC_OUTCOME_APPLIED, true};
}

/* What was in the register, for those who are told. */
typedef struct before {
    bool entry; /* and not voided */
    bool alive; /* ... and not expired */
    bool same_key;
    zc_store_item_t item;
} before_t;

static void look(zc_store_t *store, uint32_t number, const zc_store_item_t *item, uint64_t now_ms,
                 before_t *before) {
    before->entry = false;
    before->alive = false;
    if (number == ZC_SLOT_NONE) {
        return;
    }
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) == ZC_SLOT_ENTRY && !zc_store_slot_is_void(store, slot)) {
        zc_register_view(store, number, &before->item);
        before->entry = true;
        before->same_key = item->ghost || zc_slice_equal(before->item.key, item->key);
        zc_store_lock(store);
        zc_store_note_time(store, now_ms);
        before->alive = zc_store_is_alive(store, slot, now_ms);
        zc_store_unlock(store);
    }
}

/* More than this is not written while readers of the stripe wait. */
enum { IN_PLACE_BYTES = 1024 };

/* The payload fits into the block of the entry that it overwrites as well as into a new one. */
static bool fits_in_place(const zc_store_t *store, uint32_t number, const zc_store_item_t *item) {
    if (number == ZC_SLOT_NONE) {
        return false;
    }
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) != ZC_SLOT_ENTRY) {
        return false;
    }
    uint64_t bytes = zc_payload_size(item);
    return bytes <= IN_PLACE_BYTES &&
           zc_slab_round(bytes) == zc_slab_bytes(&store->slots.slab, slot->block);
}

/* Makes what the write needs: a payload (unless it leaves a ghost), a slot, a place in the index.
 */
static zcache_status prepare(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                             bool ghost, zc_making_t *making) {
    if (number == ZC_SLOT_NONE) {
        zcache_status status = zc_slots_reserve(&store->slots);
        if (status == ZCACHE_OK) {
            status = zc_index_reserve(&store->index);
        }
        if (status != ZCACHE_OK) {
            return status;
        }
    }
    if (store->run_open && zc_run_reserve(&store->run) != ZCACHE_OK) {
        return ZCACHE_NO_MEMORY;
    }
    if (!ghost) {
        making->block = fits_in_place(store, number, item)
                            ? zc_store_slot(store, number)->block
                            : zc_payload_new(&store->slots.slab, item, making->digest);
    }
    return ghost || making->block != ZC_BLOCK_NONE ? ZCACHE_OK : ZCACHE_NO_MEMORY;
}

/* The least recently used entry but `kept`, which reads of all others may have left at the tail.
 * One that a full transfer brings is not kept: it may be colder than all that is here (S2). There
 * is another: one entry alone is within every limit. */
static void evict_other(zc_store_t *store, uint32_t kept) {
    zc_store_lock(store);
    uint32_t victim = store->entries.oldest;
    if (victim == kept && !store->run_open) {
        victim = zc_neighbours_at(&store->slots, kept)->newer;
    }
    zc_store_unlock(store);
    ZC_ASSERT(victim != ZC_SLOT_NONE);
    zc_register_go(store, victim, ZC_CHANGE_EVICT);
}

static void make_room(zc_store_t *store, uint32_t kept, bool added) {
    int steps = added ? ZC_TRIM_STEPS : 0;
    for (; steps > 0 && store->entry_count > store->options.max_size; steps--) {
        evict_other(store, kept);
    }
    uint64_t max_memory = store->options.max_memory;
    while (max_memory != 0 && store->bytes > max_memory) {
        evict_other(store, kept);
    }
}

static void put_entry(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                      const zc_making_t *making) {
    zc_block_t replaced;
    uint64_t before = store->entry_count;
    uint64_t written_bytes = zc_slab_bytes(&store->slots.slab, making->block);
    number = zc_register_put(store, number, item, making, &replaced);
    if (replaced != ZC_BLOCK_NONE) {
        zc_slab_give(&store->slots.slab, replaced);
    }
    if (store->options.listener != NULL) {
        zc_store_item_t shown;
        zc_register_view(store, number, &shown);
        zc_register_tell(store, ZC_CHANGE_SET, &shown);
    }
    make_room(store, number, store->entry_count > before);
    zc_register_compact(store, written_bytes);
}

/* Tells what an entry has gone for that a ghost has taken the place of. */
static void tell_gone(zc_store_t *store, const zc_store_item_t *item, before_t *before) {
    zc_change_t change = ZC_CHANGE_EVICT;
    if (!before->alive) {
        change = ZC_CHANGE_EXPIRE;
        store->expirations++;
    } else if (item->ghost) {
        change = ZC_CHANGE_DELETE;
        before->item.hlc = item->hlc;
        before->item.origin = item->origin;
    } else {
        store->evictions++;
    }
    zc_register_tell(store, change, &before->item);
}

static void put_ghost(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                      uint64_t now_ms, before_t *before) {
    zc_block_t replaced;
    zc_making_t making = {.block = ZC_BLOCK_NONE, .now_ms = now_ms};
    zc_register_put(store, number, item, &making, &replaced);
    if (before->entry) {
        tell_gone(store, item, before);
    }
    if (replaced != ZC_BLOCK_NONE) {
        zc_slab_give(&store->slots.slab, replaced);
    }
    zc_register_trim_ghosts(store, ZC_TRIM_STEPS);
}

static bool fits(const zc_store_t *store, const zc_store_item_t *item) {
    uint64_t max_memory = store->options.max_memory;
    return max_memory == 0 || zc_register_cost(item) <= max_memory;
}

bool zc_store_has_room(const zc_store_t *store, size_t key_bytes, size_t value_bytes) {
    zc_store_item_t largest = {.key = zc_slice(NULL, key_bytes),
                               .value = zc_slice(NULL, value_bytes),
                               .deadline_ms = UINT64_MAX};
    return fits(store, &largest);
}

zcache_status zc_store_apply(zc_store_t *store, const zc_store_item_t *item, uint64_t now_ms,
                             zc_outcome_t *outcome, bool *was_held) {
    ZC_ASSERT(item->origin < store->origins.count);
    /* Computed first, while what the caller has fetched ahead is under way. */
    uint64_t digest = item->ghost ? 0 : digest_of(store, item);
    uint32_t number = zc_index_find_key(&store->index, item->key_hash, item->key);
    verdict_t verdict = judge(store, number, item);
    bool ghost = item->ghost || verdict.outcome == ZC_OUTCOME_LATE || !fits(store, item);
    before_t before;
    if (ghost || was_held != NULL) {
        look(store, number, item, now_ms, &before);
    }
    if (verdict.writes) {
        /* A peer cannot keep an entry beyond its idle time. */
        zc_making_t making = {.block = ZC_BLOCK_NONE,
                              .digest = digest,
                              .used_ms = item->used_ms < now_ms ? item->used_ms : now_ms,
                              .now_ms = now_ms};
        zcache_status status = prepare(store, number, item, ghost, &making);
        if (status != ZCACHE_OK) {
            return status;
        }
        if (ghost) {
            put_ghost(store, number, item, now_ms, &before);
        } else {
            put_entry(store, number, item, &making);
        }
    }
    *outcome = verdict.outcome;
    if (was_held != NULL) {
        *was_held = before.alive && before.same_key;
    }
    return ZCACHE_OK;
}
