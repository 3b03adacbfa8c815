/* SPDX-License-Identifier: MPL-2.0 */
/* Reading under the lock, and what reads leave: the order of use and touches (rule R11). Whatever
 * makes an entry the newest drains the readers' rings first: what they noted was read before. */
#include "lib/store/register.h"
#include "lib/store/state.h"

/* The entry of a key, if it may be served; or ZC_SLOT_NONE. */
static uint32_t look_up(zc_store_t *store, uint64_t key_hash, zc_slice_t key, uint64_t now_ms) {
    uint32_t number = zc_index_find_key(&store->index, key_hash, key);
    if (number == ZC_SLOT_NONE) {
        return ZC_SLOT_NONE;
    }
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) != ZC_SLOT_ENTRY || !zc_store_is_alive(store, slot, now_ms) ||
        !zc_slice_equal(zc_payload_key(zc_store_payload(store, slot)), key)) {
        return ZC_SLOT_NONE;
    }
    return number;
}

/* It was used before at `before_ms`; the mesh last heard of it in the round `heard`. */
static void use(zc_store_t *store, zc_slot_t *slot, uint64_t before_ms, uint64_t now_ms,
                uint32_t heard) {
    uint64_t used_ms = before_ms < now_ms ? now_ms : before_ms;
    zc_slot_set_used(&store->slots, slot, used_ms, heard);
}

void zc_readers_note(zc_store_t *store, zc_slot_t *slot, uint64_t used_ms) {
    uint64_t before_ms = zc_slot_used_ms(&store->slots, slot);
    uint32_t heard = zc_used_round(slot->used);
    if (zc_touches_due(&store->touches, heard, before_ms, used_ms)) {
        zc_touches_leave(&store->touches, zc_slot_key_hash(&store->slots, slot));
        heard = store->touches.round;
    }
    use(store, slot, before_ms, used_ms, heard);
}

static void note_read(zc_store_t *store, uint32_t number, uint64_t now_ms) {
    store->hits++;
    zc_readers_drain(store);
    zc_store_note_time(store, now_ms);
    zc_readers_note(store, zc_store_slot(store, number), now_ms);
    zc_order_move(store, &store->entries, number);
}

/* Gives the aside a larger block. The caller's own stays as it is until a read has succeeded. */
static zcache_status grow_aside(const zc_allocator_t *allocator, const zcache_value_t *value,
                                zcache_value_t *aside, size_t bytes) {
    void *data = zc_allocate(allocator, bytes);
    if (data == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    if (aside->data != value->data) {
        zc_free(allocator, aside->data);
    }
    aside->data = data;
    aside->capacity = bytes;
    return ZCACHE_OK;
}

/* Takes the aside over as the value, or on failure gives its block back. */
static zcache_status settle(const zc_allocator_t *allocator, zcache_value_t *value,
                            zcache_value_t *aside, zcache_status status) {
    void *going = status == ZCACHE_OK ? value->data : aside->data;
    if (aside->data != value->data) {
        zc_free(allocator, going);
    }
    if (status == ZCACHE_OK) {
        *value = *aside;
    }
    return status;
}

/* Copies if the buffer has room. Else *needed is how much it takes, and nothing is noted. */
static zcache_status read_once(zc_store_t *store, uint64_t key_hash, zc_slice_t key,
                               zc_moment_t moment, zcache_value_t *value, size_t *needed) {
    *needed = 0;
    uint32_t number = look_up(store, key_hash, key, zc_moment_latest_ms(moment));
    if (number == ZC_SLOT_NONE && moment.late_ms != 0 &&
        look_up(store, key_hash, key, moment.earliest_ms) != ZC_SLOT_NONE) {
        return ZCACHE_BUSY;
    }
    if (number == ZC_SLOT_NONE) {
        store->misses++;
        return ZCACHE_MISS;
    }
    const zc_payload_t *payload = zc_store_payload(store, zc_store_slot(store, number));
    zc_slice_t found = zc_payload_value(payload);
    if (found.bytes > value->capacity || value->data == NULL) {
        *needed = found.bytes > 0 ? found.bytes : 1;
        return ZCACHE_OK;
    }
    if (found.bytes > 0) {
        memcpy(value->data, found.data, found.bytes);
    }
    value->size = found.bytes;
    value->type = (zcache_type)zc_payload_type(payload);
    note_read(store, number, zc_moment_used_ms(moment));
    return ZCACHE_OK;
}

zcache_status zc_store_read_locked(zc_store_t *store, uint64_t key_hash, zc_slice_t key,
                                   zc_moment_t moment, const zc_allocator_t *allocator,
                                   zcache_value_t *value) {
    zcache_value_t aside = *value;
    for (;;) {
        size_t needed;
        zc_store_lock(store);
        zc_store_note_time(store, moment.earliest_ms);
        zcache_status status = read_once(store, key_hash, key, moment, &aside, &needed);
        zc_store_unlock(store);
        /* While there was no lock the entry may have gone, or have become larger still. */
        if (needed > 0) {
            status = grow_aside(allocator, value, &aside, needed);
        }
        if (needed == 0 || status != ZCACHE_OK) {
            return settle(allocator, value, &aside, status);
        }
    }
}

zcache_status zc_store_read(zc_store_t *store, zc_slice_t key, uint64_t now_ms,
                            const zc_allocator_t *allocator, zcache_value_t *value) {
    zc_moment_t now = zc_moment_exact(now_ms);
    return zc_store_read_locked(store, zc_key_hash(key), key, now, allocator, value);
}

zcache_status zc_store_get(zc_store_t *store, zc_slice_t key, uint64_t now_ms, bool touch,
                           zc_store_item_t *item) {
    uint64_t key_hash = zc_key_hash(key);
    zc_store_lock(store);
    zc_store_note_time(store, now_ms);
    uint32_t number = look_up(store, key_hash, key, now_ms);
    if (touch && number != ZC_SLOT_NONE) {
        note_read(store, number, now_ms);
    } else if (touch) {
        store->misses++;
    }
    if (number != ZC_SLOT_NONE) {
        *item = zc_register_item(store, number, key_hash);
    }
    zc_store_unlock(store);
    return number != ZC_SLOT_NONE ? ZCACHE_OK : ZCACHE_MISS;
}

/* Of a slot that seems to be of the key: its entry, and what a change of its places touches. */
static inline __attribute__((always_inline)) void
fetch_entry(const zc_store_t *store, uint32_t number, const zc_slot_t *slot) {
    enum { LINE_BYTES = 64 };
    const char *payload = (const char *)zc_slot_payload(&store->slots, slot);
    __builtin_prefetch(payload);
    __builtin_prefetch(payload + LINE_BYTES);
    __builtin_prefetch(zc_neighbours_at(&store->slots, number));
    __builtin_prefetch(zc_store_slot(store, slot->chain_older));
    __builtin_prefetch(zc_store_slot(store, slot->chain_newer));
}

void zc_store_prefetch(const zc_store_t *store, uint64_t key_hash, zc_prefetch_t step) {
    const zc_index_t *index = &store->index;
    uint64_t scattered = zc_index_scatter(index, key_hash);
    uint32_t buckets = zc_word_acquire(&index->buckets);
    const uint32_t *bucket = zc_index_bucket(index, buckets, scattered);
    if (step == ZC_PREFETCH_BUCKET) {
        __builtin_prefetch(bucket);
        return;
    }
    uint32_t number = *bucket;
    if (number == ZC_SLOT_NONE) {
        return;
    }
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (step == ZC_PREFETCH_SLOT) {
        __builtin_prefetch(slot);
    } else if (slot->label == (zc_index_tag(scattered) | ZC_SLOT_ENTRY)) {
        fetch_entry(store, number, slot);
    } else if (slot->index_next != ZC_SLOT_NONE) {
        __builtin_prefetch(zc_store_slot(store, slot->index_next));
    }
}

bool zc_store_find(const zc_store_t *store, uint64_t key_hash, zc_store_item_t *item) {
    uint32_t number = zc_index_find(&store->index, key_hash);
    if (number == ZC_SLOT_NONE || zc_store_slot_is_void(store, zc_store_slot(store, number))) {
        return false;
    }
    zc_register_view(store, number, item);
    return true;
}

/* An entry that idled out here but was read elsewhere is in use: it is served again. */
void zc_store_touch(zc_store_t *store, uint64_t key_hash, uint64_t now_ms) {
    uint32_t number = zc_index_find(&store->index, key_hash);
    if (number == ZC_SLOT_NONE) {
        return;
    }
    zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) != ZC_SLOT_ENTRY || zc_store_slot_is_void(store, slot)) {
        return;
    }
    zc_store_lock(store);
    zc_readers_drain(store);
    zc_store_note_time(store, now_ms);
    uint64_t before_ms = zc_slot_used_ms(&store->slots, slot);
    use(store, slot, before_ms, now_ms, zc_touches_round(&store->touches, now_ms));
    zc_order_move(store, &store->entries, number);
    zc_store_unlock(store);
}

size_t zc_store_take_touches(zc_store_t *store, uint64_t *key_hashes, size_t capacity) {
    zc_store_lock(store);
    zc_readers_drain(store);
    size_t taken = zc_touches_take(&store->touches, key_hashes, capacity);
    zc_store_unlock(store);
    return taken;
}
