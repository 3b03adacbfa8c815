/* SPDX-License-Identifier: MPL-2.0 */
/* A client's writes: each takes the next stamp and goes into the store, where it stays in the
 * node's own chain until it is sent.
 *
 * The store is the log (R6): a batch is cut from the own chain between `sent` and `written`. What
 * was written twice before it could be sent goes out once, and what was evicted meanwhile goes out
 * as its ghost, so that no peer keeps an older value. */
#include "lib/replica/records.h"
#include "lib/replica/state.h"

static zcache_status check_key(zc_slice_t key) {
    if (key.bytes == 0) {
        return ZCACHE_INVALID;
    }
    return key.bytes > ZCACHE_KEY_MAX ? ZCACHE_TOO_LARGE : ZCACHE_OK;
}

static zcache_status check_set(const zc_replica_t *replica, const zc_event_t *event) {
    zcache_status status = check_key(event->write.key);
    if (status != ZCACHE_OK) {
        return status;
    }
    if (event->write.value.bytes > replica->registers.settings.value_max ||
        !zc_store_has_room(replica->store, event->write.key.bytes, event->write.value.bytes)) {
        return ZCACHE_TOO_LARGE;
    }
    bool valid = event->write.value_type <= ZC_VALUE_TYPE_MAX &&
                 event->write.ttl_ms <= (uint64_t)ZCACHE_TTL_MAX_SECONDS * 1000;
    return valid ? ZCACHE_OK : ZCACHE_INVALID;
}

/* The next own stamp is part of the own vector at once: everything up to it is in the store. */
static zcache_status apply_own(zc_replica_t *replica, zc_store_item_t *item, bool *was_held) {
    zc_hlc_t before = replica->clock.hlc;
    item->hlc = zc_clock_next(&replica->clock);
    item->origin = replica->self;
    item->used_ms = zc_clock_local_ms(&replica->clock);
    zc_outcome_t outcome = ZC_OUTCOME_APPLIED;
    zcache_status status = zc_store_apply(replica->store, item, item->used_ms, &outcome, was_held);
    if (status != ZCACHE_OK) {
        replica->clock.hlc = before;
        return status;
    }
    ZC_ASSERT(outcome == ZC_OUTCOME_APPLIED);
    /* One interval that grows at its end takes no memory and meets no limit. */
    if (!zc_vvec_extend(&replica->vvec, replica->self, replica->written, item->hlc)) {
        status = zc_vvec_cover(&replica->vvec, replica->self, replica->written, item->hlc);
        ZC_ASSERT(status == ZCACHE_OK);
    }
    replica->written = item->hlc;
    /* With nobody to tell it waits for the next step, and costs no change of threads. */
    replica->flush_due |= replica->peers.count > 0 || replica->watched;
    replica->waiting.writes++;
    replica->waiting.bytes += item->key.bytes + item->value.bytes;
    return ZCACHE_OK;
}

static uint64_t key_hash_of(const zc_event_t *event) {
    return event->write.key_hash != 0 ? event->write.key_hash : zc_key_hash(event->write.key);
}

static zcache_status set_key(zc_replica_t *replica, const zc_event_t *event) {
    zcache_status status = check_set(replica, event);
    if (status != ZCACHE_OK) {
        return status;
    }
    uint64_t key_hash = key_hash_of(event);
    zc_store_prefetch(replica->store, key_hash, ZC_PREFETCH_SLOT);
    uint64_t ttl_ms = event->write.ttl_ms;
    zc_store_item_t item = {
        .type = event->write.value_type,
        .key_hash = key_hash,
        .key = event->write.key,
        .value = event->write.value,
        .deadline_ms = ttl_ms == 0 ? 0 : zc_clock_mesh_ms(&replica->clock) + ttl_ms,
    };
    status = apply_own(replica, &item, NULL);
    if (status == ZCACHE_OK) {
        replica->counters.sets++;
    }
    return status;
}

static zcache_status delete_key(zc_replica_t *replica, const zc_event_t *event) {
    zcache_status status = check_key(event->write.key);
    if (status != ZCACHE_OK) {
        return status;
    }
    bool was_held = false;
    zc_store_item_t item = {.ghost = true, .key_hash = key_hash_of(event)};
    status = apply_own(replica, &item, &was_held);
    if (status != ZCACHE_OK) {
        return status;
    }
    replica->counters.deletes++;
    return was_held ? ZCACHE_OK : ZCACHE_MISS;
}

zcache_status zc_write_step(zc_replica_t *replica, const zc_event_t *event) {
    if (!replica->anchored) {
        return ZCACHE_BUSY;
    }
    switch (event->write.type) {
    case ZC_WRITE_SET:
        return set_key(replica, event);
    case ZC_WRITE_DELETE:
        return delete_key(replica, event);
    case ZC_WRITE_CLEAR:
        zc_registers_clear(replica);
        return ZCACHE_OK;
    }
    return ZCACHE_INVALID;
}

static void reopen_unsent(zc_replica_t *replica) {
    zc_store_cursor_close(replica->store, &replica->unsent);
    zc_store_cursor_open_newer(replica->store, &replica->unsent, replica->self, replica->sent);
}

/* Takes what was written after `prev`, as far as a batch has room, and lowers *last to the last one
 * taken where there is more. False: no memory. */
static bool take_unsent(zc_replica_t *replica, bool copied, zc_hlc_t prev, zc_records_t *records,
                        zc_hlc_t *last) {
    zc_hlc_t taken = prev;
    zc_store_item_t item;
    while (zc_store_cursor_item(replica->store, &replica->unsent, &item)) {
        /* Own writes of long ago may come back in a transfer, as ghosts at the end of an empty
         * chain. */
        if (item.hlc > prev) {
            if (zc_records_full(records, &item)) {
                *last = taken;
                return true;
            }
            bool kept = !copied || (zc_arena_copy(&replica->arena, item.key, &item.key) &&
                                    zc_arena_copy(&replica->arena, item.value, &item.value));
            if (!kept || !zc_records_add(records, &item, 0, 0)) {
                return false;
            }
            taken = item.hlc;
        }
        zc_store_cursor_next(replica->store, &replica->unsent);
    }
    return true;
}

/* Cuts the next batch from the own chain. False: no memory, and the cursor is where it was. */
static bool cut_batch(zc_replica_t *replica, bool copied, zc_batch_t *batch) {
    /* A ghost that was forgotten before it could be sent leaves a gap, which a replace-sync fills
     * (R9): a batch must not cover what it does not bring. */
    zc_hlc_t floor = zc_store_floor(replica->store, replica->self);
    zc_hlc_t prev = floor > replica->sent ? floor : replica->sent;
    zc_hlc_t last = replica->written;
    zc_records_t records = {.arena = &replica->arena};
    if (!take_unsent(replica, copied, prev, &records, &last)) {
        reopen_unsent(replica);
        return false;
    }
    *batch = (zc_batch_t){
        .origin = replica->identity.origin,
        .prev = prev,
        .last = last,
        .records = records.records,
        .count = records.count,
    };
    /* What the clear register voided is not brought, and must not be missed (R10). */
    if (replica->registers.clear.hlc > prev) {
        batch->clear = replica->registers.clear;
    }
    return true;
}

static void all_is_sent(zc_replica_t *replica) {
    replica->flush_due = false;
    replica->waiting = (zc_unsent_t){.writes = 0};
}

/* With nobody to hear it, what was written waits in the store for whoever asks. */
static void pass_over(zc_replica_t *replica) {
    replica->sent = replica->written;
    all_is_sent(replica);
    reopen_unsent(replica);
}

void zc_write_flush(zc_replica_t *replica, bool copied) {
    if (replica->peers.count == 0 && replica->sent < replica->written) {
        pass_over(replica);
        return;
    }
    for (int i = 0; (copied || i < ZC_BATCHES_PER_STEP) && replica->sent < replica->written; i++) {
        zc_message_t message = {.type = ZC_MESSAGE_BATCH};
        if (!cut_batch(replica, copied, &message.batch)) {
            break;
        }
        replica->sent = message.batch.last;
        if (message.batch.prev < message.batch.last) {
            zc_effect_broadcast(replica, &message);
            replica->counters.batches_sent++;
        }
    }
    replica->flush_due = true;
    if (replica->sent == replica->written) {
        all_is_sent(replica);
    }
}
