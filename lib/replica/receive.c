/* SPDX-License-Identifier: MPL-2.0 */
/* What others broadcast: batches are applied whenever they come (R1 makes that safe) and their
 * intervals added to the version vector (R3); a hole before one is a gap to be asked for (R4).
 * Touches make entries young (R11). */
#include "lib/replica/records.h"
#include "lib/replica/state.h"

static bool too_far_ahead(const zc_replica_t *replica, zc_hlc_t hlc) {
    return zc_clock_ahead_ms(&replica->clock, zc_hlc_ms(hlc)) >
           replica->registers.settings.max_clock_skew_ms;
}

zcache_status zc_receive_record(zc_replica_t *replica, const zc_record_t *record,
                                zc_origin_index_t origin) {
    if (too_far_ahead(replica, record->hlc)) {
        replica->counters.skewed++;
        return ZCACHE_INVALID;
    }
    if (origin == replica->self && record->hlc > replica->written) {
        replica->counters.malformed++; /* this node has never written it */
        return ZCACHE_INVALID;
    }
    zc_clock_observe(&replica->clock, record->hlc);
    uint64_t now_ms = zc_clock_local_ms(&replica->clock);
    zc_store_item_t item = zc_record_to_item(record, origin, now_ms);
    zc_outcome_t outcome = ZC_OUTCOME_SAME;
    zcache_status status = zc_store_apply(replica->store, &item, now_ms, &outcome, NULL);
    if (status != ZCACHE_OK) {
        return status;
    }
    switch (outcome) {
    case ZC_OUTCOME_APPLIED:
        replica->counters.applied++;
        break;
    case ZC_OUTCOME_OUTDATED:
        replica->counters.outdated++;
        break;
    case ZC_OUTCOME_LATE:
        replica->counters.late++;
        break;
    case ZC_OUTCOME_FAULT:
        replica->counters.faults++;
        zc_effect_notice(replica, ZC_NOTICE_FAULT, NULL, record->hlc);
        break;
    case ZC_OUTCOME_SAME:
        break;
    }
    return ZCACHE_OK;
}

/* How many records before its turn the memory for one is asked for. */
enum { AHEAD_BUCKET = 12, AHEAD_SLOT = 8, AHEAD_ENTRY = 4 };

void zc_receive_prefetch(const zc_replica_t *replica, const zc_record_t *records, size_t count,
                         size_t at) {
    if (at + AHEAD_BUCKET < count) {
        zc_store_prefetch(replica->store, records[at + AHEAD_BUCKET].key_hash, ZC_PREFETCH_BUCKET);
    }
    if (at + AHEAD_SLOT < count) {
        zc_store_prefetch(replica->store, records[at + AHEAD_SLOT].key_hash, ZC_PREFETCH_SLOT);
    }
    if (at + AHEAD_ENTRY < count) {
        zc_store_prefetch(replica->store, records[at + AHEAD_ENTRY].key_hash, ZC_PREFETCH_ENTRY);
    }
}

/* Returns OK, or why not every record could be kept: then the interval is not covered and will be
 * asked for again. */
static zcache_status apply_records(zc_replica_t *replica, const zc_batch_t *batch,
                                   zc_origin_index_t origin) {
    for (size_t i = 0; i < batch->count; i++) {
        const zc_record_t *record = &batch->records[i];
        zc_receive_prefetch(replica, batch->records, batch->count, i);
        if (zc_vvec_covers(&replica->vvec, origin, record->hlc)) {
            continue;
        }
        zcache_status status = zc_receive_record(replica, record, origin);
        if (status != ZCACHE_OK) {
            return status;
        }
    }
    return ZCACHE_OK;
}

/* Applies a batch and covers its interval. Where either fails, because there is no memory or the
 * origin has too many intervals, something may be held that nothing covers. */
static zcache_status take_batch(zc_replica_t *replica, const zc_batch_t *batch,
                                zc_origin_index_t origin) {
    zcache_status status = apply_records(replica, batch, origin);
    if (status == ZCACHE_OK) {
        zc_clock_observe(&replica->clock, batch->last);
        status = zc_vvec_cover(&replica->vvec, origin, batch->prev, batch->last);
    }
    for (size_t i = 0; i < batch->count && status != ZCACHE_OK; i++) {
        zc_stray_note(replica, &batch->records[i]);
    }
    replica->claim.wanted |= status != ZCACHE_OK;
    replica->uncovered |= status != ZCACHE_OK;
    return status;
}

void zc_receive_batch(zc_replica_t *replica, const zc_batch_t *batch) {
    replica->counters.batches_received++;
    if (zc_origin_equal(&batch->origin, &replica->identity.origin)) {
        return;
    }
    if (!replica->anchored) {
        return; /* nobody can tell yet what is too far ahead (R2); it comes with the first transfer
                 */
    }
    zc_origin_index_t origin = zc_store_origin_find(replica->store, &batch->origin);
    zc_peer_t *peer = zc_peers_of_origin(&replica->peers, origin);
    if (too_far_ahead(replica, batch->last) || (peer != NULL && peer->state == ZC_PEER_SKEWED)) {
        replica->counters.skewed++;
        return;
    }
    bool merged = zc_registers_merge_clear(replica, &batch->clear);
    zcache_status status = merged ? ZCACHE_OK : ZCACHE_INVALID;
    if (status == ZCACHE_OK) {
        /* Only now: what is refused costs no index. */
        status = zc_retire_origin(replica, &batch->origin, &origin);
    }
    if (status == ZCACHE_OK) {
        status = take_batch(replica, batch, origin);
    }
    if (status != ZCACHE_OK) {
        replica->counters.batches_refused++;
    }
    if (peer == NULL) {
        return;
    }
    if (batch->last > peer->last) {
        peer->last = batch->last;
    }
    zc_liveness_heard(replica, peer);
    if (!zc_vvec_covers_interval(&replica->vvec, origin, 0, peer->last)) {
        zc_gap_seen(replica, peer, batch->prev);
    }
}

void zc_receive_touch(zc_replica_t *replica, const zc_touch_t *touch) {
    if (zc_origin_equal(&touch->origin, &replica->identity.origin)) {
        return;
    }
    uint64_t now_ms = zc_clock_local_ms(&replica->clock);
    for (size_t i = 0; i < touch->count; i++) {
        zc_store_touch(replica->store, touch->key_hashes[i], now_ms);
    }
    replica->counters.touches_received += touch->count;
}
