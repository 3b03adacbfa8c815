/* SPDX-License-Identifier: MPL-2.0 */
/* The fields of a store, for the files of lib/store alone.
 *
 * What readers look at without a lock is written in words: the index, slots and blocks between the
 * marks of the key's stripe, which is itself under the lock; settings, times and the clear register
 * each by itself. What reads leave changes under the lock: the list of entries, times of use,
 * places of walks, touches, hits and misses. All else is the writing thread's alone. */
#ifndef ZC_STORE_STATE_H
#define ZC_STORE_STATE_H

#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/store/index.h"
#include "lib/store/order.h"
#include "lib/store/origins.h"
#include "lib/store/readers.h"
#include "lib/store/run.h"
#include "lib/store/slots.h"
#include "lib/store/touches.h"

/* How many entries or ghosts above a limit that was lowered one write takes away at most; the rest
 * is the sweep's. At two for each one that comes the number still falls. */
enum { ZC_TRIM_STEPS = 2 };

/* How far sweeping has come. */
typedef struct zc_sweep {
    bool voided;     /* origins from `origin` on may have slots that a clear voids */
    uint32_t origin; /* index */
    bool deadlines;  /* a pass over the stretches is under way, at `stretch` */
    bool scanning;   /* ... which is looked through, at `offset` */
    uint32_t stretch;
    uint32_t offset;
    uint64_t due_ms; /* mesh time; no pass is needed before */
} zc_sweep_t;

/* How far the times of use of old entries have been told in long units (used.h). */
typedef struct zc_aging {
    bool passing; /* a pass over all slots is under way, at `slot` */
    uint32_t slot;
    uint64_t began_ms;
    uint64_t aged_ms; /* when the last one that is complete began: what was old then is done */
} zc_aging_t;

struct zc_store {
    zc_store_options_t options; /* as they are now */
    int64_t offset_ms;          /* mesh time minus local time */
    zc_slots_t slots;
    zc_index_t index;
    zc_origins_t origins;
    zc_order_t entries; /* LRU */
    zc_order_t ghosts;  /* in the order in which they came to be (R8) */
    zc_order_place_t *places;
    zc_reader_t *readers;
    bool run_open;
    zc_run_t run;
    zc_stamp_t clear;
    zc_stamp_t horizon;
    zc_sweep_t sweep;
    zc_aging_t aging;
    uint64_t entry_count;
    uint64_t ghost_count;
    uint64_t bytes;
    uint64_t digest;
    uint64_t digest_parts[ZC_DIGEST_PARTS];
    uint64_t evictions;
    uint64_t expirations;
    uint64_t hits;
    uint64_t misses;
    zc_touches_t touches;
};

static inline void zc_store_lock(const zc_store_t *store) {
    zc_lock_acquire(&store->options.lock);
}

static inline void zc_store_unlock(const zc_store_t *store) {
    zc_lock_release(&store->options.lock);
}

static inline zc_slot_t *zc_store_slot(const zc_store_t *store, uint32_t number) {
    return zc_slot_at(&store->slots, number);
}

/* Of an entry. */
static inline const zc_payload_t *zc_store_payload(const zc_store_t *store, const zc_slot_t *slot) {
    return zc_slot_payload(&store->slots, slot);
}

static inline zc_chain_t *zc_store_chain(const zc_store_t *store, zc_origin_index_t origin) {
    ZC_ASSERT(origin < store->origins.count);
    return &store->origins.chains[origin];
}

static inline zc_stamp_t zc_store_stamp(const zc_store_t *store, zc_hlc_t hlc,
                                        zc_origin_index_t origin) {
    return (zc_stamp_t){.hlc = hlc, .origin = store->origins.ids[origin]};
}

/* The clear register voids this stamp (R10). */
static inline bool zc_store_voids(const zc_store_t *store, zc_hlc_t hlc, zc_origin_index_t origin) {
    if (hlc != store->clear.hlc) {
        return hlc < store->clear.hlc;
    }
    return zc_origin_compare(&store->origins.ids[origin], &store->clear.origin) <= 0;
}

static inline bool zc_store_slot_is_void(const zc_store_t *store, const zc_slot_t *slot) {
    return zc_store_voids(store, slot->hlc, slot->origin);
}

/* A pass begins this long after the last one did; and where none came, all is done at once before
 * what was not old then could be taken for young. */
#define ZC_AGING_INTERVAL_MS (UINT64_C(1) << 25)
#define ZC_AGING_LATEST_MS (UINT64_C(1) << 27)

/* Tells all times of use as they are told at `now_ms`. Under the lock. */
void zc_store_age_all(zc_store_t *store, uint64_t now_ms);

/* It is `now_ms`, local time. Under the lock. */
static inline void zc_store_note_time(zc_store_t *store, uint64_t now_ms) {
    if (now_ms <= store->slots.now_ms) {
        return;
    }
    if (now_ms - store->aging.aged_ms >= ZC_AGING_LATEST_MS) {
        zc_store_age_all(store, now_ms);
    }
    zc_word_store(&store->slots.now_ms, now_ms);
}

static inline uint64_t zc_store_mesh_ms(const zc_store_t *store, uint64_t now_ms) {
    int64_t offset_ms = zc_word_load(&store->offset_ms);
    uint64_t shifted = now_ms + (uint64_t)offset_ms;
    if (offset_ms < 0) {
        return shifted > now_ms ? 0 : shifted;
    }
    return shifted < now_ms ? UINT64_MAX : shifted;
}

/* The idle time of what was last used then is over. */
static inline bool zc_store_is_past_idle(const zc_store_t *store, uint64_t used_ms,
                                         uint64_t now_ms) {
    uint64_t expire_after_ms = zc_word_load(&store->options.expire_after_ms);
    return expire_after_ms != 0 && now_ms > used_ms && now_ms - used_ms >= expire_after_ms;
}

/* A deadline, 0 for none, has passed. */
static inline bool zc_store_is_past_deadline(const zc_store_t *store, uint64_t deadline_ms,
                                             uint64_t now_ms) {
    return deadline_ms != 0 && deadline_ms <= zc_store_mesh_ms(store, now_ms);
}

/* The idle time of an entry is over by the reads that have been drained. Under the lock. */
static inline bool zc_store_seems_idle(const zc_store_t *store, const zc_slot_t *slot,
                                       uint64_t now_ms) {
    return zc_store_is_past_idle(store, zc_slot_used_ms(&store->slots, slot), now_ms);
}

/* ... and by those that were only noted. */
static inline bool zc_store_is_idle(zc_store_t *store, const zc_slot_t *slot, uint64_t now_ms) {
    if (!zc_store_seems_idle(store, slot, now_ms)) {
        return false;
    }
    zc_readers_drain(store);
    return zc_store_seems_idle(store, slot, now_ms);
}

/* A slot that is an entry which may be served: not voided, not expired (R12). Under the lock. */
static inline bool zc_store_is_alive(zc_store_t *store, const zc_slot_t *slot, uint64_t now_ms) {
    uint64_t deadline_ms = zc_slot_deadline_ms(&store->slots, slot);
    return !zc_store_is_past_deadline(store, deadline_ms, now_ms) &&
           !zc_store_is_idle(store, slot, now_ms) && !zc_store_slot_is_void(store, slot);
}

#endif
