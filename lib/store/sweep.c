/* SPDX-License-Identifier: MPL-2.0 */
/* Collecting what is to go: voided by a clear (R10), over a limit, idle or past its deadline (R12).
 *
 * Each kind is found without looking at what stays: voided slots are at the old ends of the chains,
 * idle entries at the tail of the LRU list, and each stretch of slots knows when one of its
 * deadlines is due. */
#include "lib/store/chain.h"
#include "lib/store/register.h"
#include "lib/store/state.h"

bool zc_store_clear(zc_store_t *store, const zc_stamp_t *stamp) {
    if (zc_stamp_compare(stamp, &store->clear) <= 0) {
        return false;
    }
    zc_store_lock(store);
    zc_stripes_begin(&store->index.stripes);
    store->clear.origin = stamp->origin;
    zc_word_store(&store->clear.hlc, stamp->hlc);
    zc_stripes_end(&store->index.stripes);
    zc_store_unlock(store);
    store->sweep.voided = true;
    store->sweep.origin = 0;
    return true;
}

zc_stamp_t zc_store_clear_stamp(const zc_store_t *store) {
    return store->clear;
}

/* What is in the run is left to zc_chain_settle, which has the chains looked at again. */
static size_t sweep_voided(zc_store_t *store, size_t budget) {
    zc_sweep_t *sweep = &store->sweep;
    while (budget > 0 && sweep->voided) {
        if (sweep->origin == store->origins.count) {
            sweep->voided = false;
            break;
        }
        budget--;
        uint32_t oldest = zc_store_chain(store, (zc_origin_index_t)sweep->origin)->oldest;
        if (oldest != ZC_SLOT_NONE && zc_store_slot_is_void(store, zc_store_slot(store, oldest))) {
            zc_register_remove(store, oldest);
        } else {
            sweep->origin++;
        }
    }
    return budget;
}

static uint32_t oldest_entry(zc_store_t *store) {
    zc_store_lock(store);
    zc_readers_drain(store);
    uint32_t number = store->entries.oldest;
    zc_store_unlock(store);
    return number;
}

bool zc_store_evict(zc_store_t *store) {
    uint32_t number = oldest_entry(store);
    if (number == ZC_SLOT_NONE) {
        return false;
    }
    zc_register_go(store, number, ZC_CHANGE_EVICT);
    return true;
}

/* max_memory does not change, and every write has kept to it. */
static size_t sweep_limits(zc_store_t *store, size_t budget) {
    for (; budget > 0 && store->entry_count > store->options.max_size; budget--) {
        zc_store_evict(store);
    }
    return budget - zc_register_trim_ghosts(store, budget);
}

/* The least recently used entry if it is idle, or ZC_SLOT_NONE. Under the lock. */
static uint32_t idle_tail(zc_store_t *store, uint64_t now_ms) {
    zc_readers_drain(store);
    uint32_t oldest = store->entries.oldest;
    bool idle =
        oldest != ZC_SLOT_NONE && zc_store_seems_idle(store, zc_store_slot(store, oldest), now_ms);
    return idle ? oldest : ZC_SLOT_NONE;
}

static size_t sweep_idle(zc_store_t *store, uint64_t now_ms, size_t budget) {
    for (; budget > 0; budget--) {
        zc_store_lock(store);
        uint32_t number = idle_tail(store, now_ms);
        zc_store_unlock(store);
        if (number == ZC_SLOT_NONE) {
            break;
        }
        zc_register_go(store, number, ZC_CHANGE_EXPIRE);
    }
    return budget;
}

/* Looks at one slot for its deadline. */
static void sweep_slot(zc_store_t *store, zc_stretch_t *stretch, uint32_t number,
                       uint64_t mesh_ms) {
    if (number == ZC_SLOT_NONE || number >= store->slots.end) {
        return;
    }
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) != ZC_SLOT_ENTRY) {
        return;
    }
    uint64_t deadline_ms = zc_slot_deadline_ms(&store->slots, slot);
    if (deadline_ms == 0) {
        return;
    }
    if (deadline_ms <= mesh_ms) {
        zc_register_go(store, number, ZC_CHANGE_EXPIRE);
        return;
    }
    uint64_t due_ms = zc_stretch_due_ms(stretch, deadline_ms);
    if (due_ms < stretch->due_ms) {
        stretch->due_ms = due_ms;
    }
}

/* Looks through a stretch, from where the last sweep left it. Its due time is made anew from what
 * stays; a deadline that is written meanwhile lowers it as ever. True: it is through. */
static bool scan_stretch(zc_store_t *store, zc_stretch_t *stretch, uint64_t mesh_ms,
                         size_t *budget) {
    zc_sweep_t *sweep = &store->sweep;
    if (!sweep->scanning) {
        sweep->scanning = true;
        sweep->offset = 0;
        stretch->due_ms = UINT64_MAX;
        stretch->scanned_ms = mesh_ms;
    }
    for (; *budget > 0 && sweep->offset < ZC_STRETCH_SLOTS; (*budget)--) {
        uint32_t number = (sweep->stretch << ZC_STRETCH_BITS) + sweep->offset;
        sweep_slot(store, stretch, number, mesh_ms);
        sweep->offset++;
    }
    sweep->scanning = sweep->offset < ZC_STRETCH_SLOTS;
    return !sweep->scanning;
}

/* Goes past one stretch, or as far in it as the budget lasts. */
static void sweep_stretch(zc_store_t *store, uint64_t mesh_ms, size_t *budget) {
    zc_sweep_t *sweep = &store->sweep;
    zc_stretch_t *stretch = zc_stretch_at(&store->slots, sweep->stretch);
    if (sweep->scanning || stretch->due_ms <= mesh_ms) {
        if (!scan_stretch(store, stretch, mesh_ms, budget)) {
            return;
        }
    } else {
        (*budget)--;
    }
    if (stretch->due_ms < sweep->due_ms) {
        sweep->due_ms = stretch->due_ms;
    }
    sweep->stretch++;
}

static size_t sweep_deadlines(zc_store_t *store, uint64_t now_ms, size_t budget) {
    zc_sweep_t *sweep = &store->sweep;
    uint64_t mesh_ms = zc_store_mesh_ms(store, now_ms);
    if (!sweep->deadlines && mesh_ms >= sweep->due_ms) {
        sweep->deadlines = true;
        sweep->stretch = 0;
        sweep->due_ms = UINT64_MAX;
    }
    while (sweep->deadlines && budget > 0) {
        if (sweep->stretch == zc_stretch_count(&store->slots)) {
            sweep->deadlines = false;
            break;
        }
        sweep_stretch(store, mesh_ms, &budget);
    }
    return budget;
}

/* Under the lock. */
static void age_slot(zc_store_t *store, uint32_t number, uint64_t now_ms) {
    zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) == ZC_SLOT_ENTRY) {
        uint64_t used_ms = zc_slot_used_ms(&store->slots, slot);
        zc_word_store(&slot->used, zc_used_of(used_ms, now_ms, zc_used_round(slot->used)));
    }
}

void zc_store_age_all(zc_store_t *store, uint64_t now_ms) {
    for (uint32_t number = ZC_SLOT_NONE + 1; number < store->slots.end; number++) {
        age_slot(store, number, now_ms);
    }
    store->aging = (zc_aging_t){.aged_ms = now_ms};
}

/* A pass is under way, or begins. Under the lock, as a reader that notes the time looks at it. */
static bool is_aging(zc_store_t *store) {
    zc_aging_t *aging = &store->aging;
    uint64_t now_ms = store->slots.now_ms;
    if (!aging->passing && now_ms - aging->aged_ms >= ZC_AGING_INTERVAL_MS) {
        aging->passing = true;
        aging->slot = ZC_SLOT_NONE + 1;
        aging->began_ms = now_ms;
    }
    return aging->passing;
}

/* One slot, or the end of the pass. Under the lock. */
static void age_next(zc_store_t *store) {
    zc_aging_t *aging = &store->aging;
    if (aging->slot < store->slots.end) {
        age_slot(store, aging->slot, store->slots.now_ms);
        aging->slot++;
    } else {
        *aging = (zc_aging_t){.aged_ms = aging->began_ms};
    }
}

static size_t sweep_ages(zc_store_t *store, size_t budget) {
    for (; budget > 0; budget--) {
        zc_store_lock(store);
        bool aging = is_aging(store);
        if (aging) {
            age_next(store);
        }
        zc_store_unlock(store);
        if (!aging) {
            break;
        }
    }
    return budget;
}

bool zc_store_sweep(zc_store_t *store, uint64_t now_ms, size_t budget) {
    zc_store_lock(store);
    zc_store_note_time(store, now_ms);
    zc_store_unlock(store);
    if (!store->run_open) {
        budget = zc_chain_settle(store, budget);
    }
    budget = sweep_ages(store, budget);
    budget = sweep_voided(store, budget);
    budget = sweep_limits(store, budget);
    budget = sweep_deadlines(store, now_ms, budget);
    budget = sweep_idle(store, now_ms, budget); /* last: a tail that goes may have hidden one */
    return budget == 0;
}

/* Mesh time to local time. */
static uint64_t local_ms(const zc_store_t *store, uint64_t mesh_ms) {
    uint64_t shifted = mesh_ms - (uint64_t)store->offset_ms;
    if (store->offset_ms > 0) {
        return shifted > mesh_ms ? 0 : shifted;
    }
    return shifted < mesh_ms ? UINT64_MAX : shifted;
}

uint64_t zc_store_next_expiry_ms(const zc_store_t *store) {
    uint64_t next_ms = UINT64_MAX;
    if (store->sweep.due_ms != UINT64_MAX) {
        next_ms = local_ms(store, store->sweep.due_ms);
    }
    uint64_t expire_after_ms = store->options.expire_after_ms;
    uint64_t idle_ms = UINT64_MAX;
    zc_store_lock(store);
    uint32_t oldest = store->entries.oldest;
    if (oldest != ZC_SLOT_NONE && expire_after_ms != 0) {
        uint64_t used_ms = zc_slot_used_ms(&store->slots, zc_store_slot(store, oldest));
        idle_ms = used_ms > UINT64_MAX - expire_after_ms ? UINT64_MAX : used_ms + expire_after_ms;
    }
    zc_store_unlock(store);
    return idle_ms < next_ms ? idle_ms : next_ms;
}
