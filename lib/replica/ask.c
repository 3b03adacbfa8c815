/* SPDX-License-Identifier: MPL-2.0 */
/* What this node lacks, and the transfer that mends it (R4, R5, R9).
 *
 *     IDLE ──ask──► RECEIVING ──end, delta────────────────► vector taken over ──► IDLE
 *                       │ └─────end, replace──► DROPPING ──►┘
 *                       └──broken──► (replace: UNMARKING) ──► IDLE, asked again later
 *
 * The vector is taken over when a transfer is complete, and of a delta as far as its last
 * checkpoint (R7): the next donor goes on from there. What else came of a broken one is in the
 * store, does no harm (R1), and is claimed where nobody else has it (claim.c). Two may be under
 * way: the hunted one, which may become a replace-sync, and beside it a delta that fills a gap soon
 * (gap.c). */
#include "lib/replica/state.h"

enum {
    RETRY_US = 100 * 1000,
    ANSWER_HEARTBEATS = 8,
    ANSWER_US = 2 * 1000 * 1000,
    VECTOR_WEIGHT_MAX = 1024 * 1024, /* bytes: more may not pass a peer's ROUTER */
};

/* -- Asking ---------------------------------------------------------------- */

static bool is_hunted(const zc_replica_t *replica, const zc_ask_t *ask) {
    return ask == &replica->asks[ZC_ASK_HUNTED];
}

/* Asks the peer for all that is lacking, also where a single gap gave the reason: a vector is only
 * taken over whole, as a write that one origin's interval covers may have been overwritten by
 * another origin's. Settled origins are left out of a first ask for a delta (R13); what a
 * replace-sync drops is measured by the donor's whole vector. */
void zc_ask_begin(zc_replica_t *replica, zc_ask_t *ask, const zc_peer_t *peer, bool replace,
                  bool whole) {
    zc_vector_t have;
    if (zc_retire_vector(replica, &replica->arena, replace || whole, &have) != ZCACHE_OK) {
        return;
    }
    bool fits = zc_vector_weight(&have) <= VECTOR_WEIGHT_MAX;
    if (!fits) {
        have.count = 0; /* all is sent that the donor has: too much, but it mends */
    }
    *ask = (zc_ask_t){
        .phase = ZC_ASK_RECEIVING,
        .may_replace = replace,
        .whole = replace || whole || !fits,
        .origin = ask->origin,
        .peer = peer->number,
        .session = zc_random_next(&replica->random),
        .heard_us = replica->clock.now_us,
    };
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_ASK};
    message.sync_ask = (zc_sync_ask_t){
        .session = ask->session,
        .have = have,
        .left_out = ask->whole ? 0 : zc_retire_left_out(replica),
        .replace = replace,
        .credit_bytes = ZC_CREDIT_BYTES,
        .registers = replica->registers,
    };
    zc_effect_send(replica, zc_peer_link(ask->peer), &message);
}

static void ask_hunted(zc_replica_t *replica) {
    bool replace = false;
    zc_peer_t *donor = zc_hunt_donor(replica, &replace);
    replica->hunt.wanted = false;
    if (donor != NULL) {
        donor->asked = true;
        zc_ask_begin(replica, &replica->asks[ZC_ASK_HUNTED], donor, replace, false);
    }
}

/* -- The end of a transfer, good or bad ------------------------------------ */

static void free_ask(zc_replica_t *replica, zc_ask_t *ask) {
    zc_vector_copy_fini(replica->allocator, &ask->donor_vector);
    zc_free(replica->allocator, ask->donor_floors);
    *ask = (zc_ask_t){.phase = ZC_ASK_IDLE};
    /* For a gap that waited until this one ended. */
    zc_replica_wake(replica, replica->gaps_at_us);
}

static void break_ask(zc_replica_t *replica, zc_ask_t *ask) {
    replica->counters.transfers_broken++;
    replica->claim.wanted |= ask->next_number > 0;
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CREDIT};
    message.sync_credit.session = ask->session;
    if (zc_peers_at(&replica->peers, ask->peer) != NULL) {
        zc_effect_send(replica, zc_peer_link(ask->peer), &message);
    }
    bool replacing = ask->replacing;
    zc_origin_index_t origin = ask->origin;
    free_ask(replica, ask);
    if (!is_hunted(replica, ask)) {
        zc_gap_look_again(replica, origin, RETRY_US);
        return;
    }
    if (replacing) {
        zc_store_run_end(replica->store);
        ask->phase = ZC_ASK_UNMARKING;
    }
    zc_hunt_on(replica, RETRY_US + zc_random_below(&replica->random, 2 * RETRY_US));
}

/* Covers what the transfer covered. BUSY and NO_MEMORY leave a part uncovered: it is seen as a
 * difference again. */
static zcache_status cover(zc_replica_t *replica, const zc_vector_t *vector) {
    zcache_status worst = ZCACHE_OK;
    zc_clock_observe(&replica->clock, zc_vector_highest(vector));
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_intervals_t *row = &vector->origins[i];
        if (zc_origin_equal(&row->origin, &replica->identity.origin)) {
            continue; /* nobody knows more of the own writes than this node */
        }
        zcache_status status = zc_retire_cover(replica, row);
        worst = status == ZCACHE_OK ? worst : status;
    }
    return worst;
}

/* What came into being since the transfer began is not in it. */
static void look_for_gaps(zc_replica_t *replica, const zc_vector_t *vector) {
    uint64_t soon_us = zc_heartbeat_us(replica) / 8;
    soon_us = soon_us < RETRY_US ? soon_us : RETRY_US;
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_t *origin = &vector->origins[i].origin;
        zc_gap_look_again(replica, zc_store_origin_find(replica->store, origin), soon_us);
    }
}

/* A delta from somebody else than the peer that differs may have helped or not; that peer knows,
 * and may now replace. */
static void hunted_complete(zc_replica_t *replica, zc_peer_number_t donor) {
    if (replica->joining) {
        zc_join_complete(replica);
        return;
    }
    zc_peer_t *first = zc_peers_at(&replica->peers, replica->hunt.first);
    if (first != NULL && first->number != donor && first->cannot_delta && !replica->hunt.replace) {
        replica->hunt.replace = true;
        zc_hunt_on(replica, 0);
    }
}

static void complete(zc_replica_t *replica, zc_ask_t *ask, const zc_vector_t *vector) {
    if (cover(replica, vector) != ZCACHE_OK) {
        break_ask(replica, ask);
        return;
    }
    look_for_gaps(replica, vector);
    if (ask->replacing) {
        replica->counters.replace_syncs++;
    } else {
        replica->counters.deltas++;
    }
    if (is_hunted(replica, ask)) {
        hunted_complete(replica, ask->peer);
    }
    free_ask(replica, ask);
    zc_claim_begin(replica);
}

/* -- Receiving ------------------------------------------------------------- */

static zc_ask_t *ask_of_session(zc_replica_t *replica, zc_link_t from, uint64_t session) {
    for (size_t i = 0; i < ZC_ASKS; i++) {
        zc_ask_t *ask = &replica->asks[i];
        if (ask->phase == ZC_ASK_RECEIVING && ask->session == session &&
            from.type == ZC_LINK_PEER && ask->peer == from.number) {
            return ask;
        }
    }
    return NULL;
}

static zcache_status map_origins(zc_replica_t *replica, const zc_sync_chunk_t *chunk,
                                 zc_origin_index_t **map) {
    zc_origin_index_t *indexes =
        zc_arena_take(&replica->arena, (chunk->origin_count + 1) * sizeof *indexes);
    if (indexes == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    for (size_t i = 0; i < chunk->origin_count; i++) {
        zcache_status status = zc_retire_origin(replica, &chunk->origins[i], &indexes[i]);
        if (status != ZCACHE_OK) {
            return status;
        }
    }
    *map = indexes;
    return ZCACHE_OK;
}

static zcache_status apply_chunk(zc_replica_t *replica, zc_ask_t *ask,
                                 const zc_sync_chunk_t *chunk) {
    zc_origin_index_t *map = NULL;
    zcache_status status = map_origins(replica, chunk, &map);
    /* Until the transfer is whole, and for ever if it breaks. */
    replica->uncovered |= chunk->count > 0;
    for (size_t i = 0; i < chunk->count && status == ZCACHE_OK; i++) {
        const zc_record_t *record = &chunk->records[i];
        zc_receive_prefetch(replica, chunk->records, chunk->count, i);
        status = zc_stray_receive(replica, record, map[record->origin]);
        if (ask->replacing && !record->ghost) {
            zc_store_mark(replica->store, record->key_hash);
        }
        ask->spent_bytes += (uint32_t)zc_record_bytes(record);
    }
    return status;
}

static void give_credit(zc_replica_t *replica, zc_ask_t *ask) {
    if (ask->spent_bytes < ZC_CREDIT_BYTES / 2) {
        return;
    }
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CREDIT};
    message.sync_credit =
        (zc_sync_credit_t){.session = ask->session, .credit_bytes = ask->spent_bytes};
    ask->spent_bytes = 0;
    zc_effect_send(replica, zc_peer_link(ask->peer), &message);
}

void zc_ask_chunk(zc_replica_t *replica, zc_link_t from, const zc_sync_chunk_t *chunk) {
    zc_ask_t *ask = ask_of_session(replica, from, chunk->session);
    if (ask == NULL) {
        return;
    }
    if (chunk->number != ask->next_number || (chunk->replace && !ask->may_replace)) {
        break_ask(replica, ask);
        return;
    }
    if (chunk->replace && !ask->replacing) {
        ask->replacing = true;
        zc_store_run_begin(replica->store);
        const zc_peer_t *donor = zc_peers_at(&replica->peers, ask->peer);
        zc_store_expect(replica->store, donor != NULL ? donor->entries : 0);
    }
    ask->next_number++;
    ask->heard_us = replica->clock.now_us;
    if (apply_chunk(replica, ask, chunk) != ZCACHE_OK) {
        break_ask(replica, ask);
        return;
    }
    give_credit(replica, ask);
}

/* The message is gone after this step, and dropping takes many. */
static zcache_status keep_end(zc_replica_t *replica, zc_ask_t *ask, const zc_sync_end_t *end) {
    zcache_status status = zc_vector_copy(replica->allocator, &end->vector, &ask->donor_vector);
    if (status != ZCACHE_OK || end->floor_count == 0) {
        return status;
    }
    ask->donor_floors =
        zc_allocate(replica->allocator, end->floor_count * sizeof *ask->donor_floors);
    if (ask->donor_floors == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    memcpy(ask->donor_floors, end->floors, end->floor_count * sizeof *ask->donor_floors);
    ask->donor_floor_count = end->floor_count;
    return ZCACHE_OK;
}

/* What the donor says that it has seen or forgotten runs too far ahead (R2). */
static bool is_too_far_ahead(zc_replica_t *replica, const zc_sync_end_t *end) {
    zc_hlc_t highest = zc_vector_highest(&end->vector);
    highest = end->horizon.hlc > highest ? end->horizon.hlc : highest;
    for (size_t i = 0; i < end->floor_count; i++) {
        highest = end->floors[i].hlc > highest ? end->floors[i].hlc : highest;
    }
    if (zc_clock_ahead_ms(&replica->clock, zc_hlc_ms(highest)) <=
        replica->registers.settings.max_clock_skew_ms) {
        return false;
    }
    replica->counters.skewed++;
    return true;
}

static void end_complete(zc_replica_t *replica, zc_ask_t *ask, const zc_sync_end_t *end) {
    bool marked = ask->next_number == 0 || end->replace == ask->replacing;
    bool sound = end->number == ask->next_number && marked && (ask->may_replace || !end->replace);
    if (!sound || is_too_far_ahead(replica, end)) {
        break_ask(replica, ask);
        return;
    }
    if (!end->replace) {
        complete(replica, ask, &end->vector);
        return;
    }
    ask->replacing = true;
    if (keep_end(replica, ask, end) != ZCACHE_OK) {
        break_ask(replica, ask);
        return;
    }
    zc_store_run_end(replica->store);
    ask->donor_horizon = end->horizon;
    ask->phase = ZC_ASK_DROPPING;
    zc_replica_wake(replica, 0);
}

/* What is above the checkpoint need not come again. An origin that has all the intervals it may
 * have waits for the end, which leaves no hole below. */
static void take_part(zc_replica_t *replica, zc_ask_t *ask, const zc_sync_end_t *end) {
    bool sound = end->number == ask->next_number && !end->replace && !ask->replacing;
    if (!sound || is_too_far_ahead(replica, end)) {
        break_ask(replica, ask);
        return;
    }
    ask->next_number++;
    ask->heard_us = replica->clock.now_us;
    (void)cover(replica, &end->vector);
}

/* A gap that the donor cannot fill with a delta is a matter for the hunt: with this peer known as
 * one that cannot. */
static void needs_replace(zc_replica_t *replica, zc_ask_t *ask) {
    zc_peer_t *peer = zc_peers_at(&replica->peers, ask->peer);
    free_ask(replica, ask);
    if (!is_hunted(replica, ask)) {
        if (zc_hunt_is_under_way(replica)) {
            return;
        }
        zc_hunt_begin(replica, peer->number, replica->clock.now_us);
    }
    peer->asked = true;
    peer->cannot_delta = true;
    zc_hunt_on(replica, 0);
}

/* The donor knows other things of settled origins than this node. */
static void needs_vector(zc_replica_t *replica, zc_ask_t *ask, const zc_peer_t *peer) {
    if (ask->whole) {
        break_ask(replica, ask);
    } else {
        zc_ask_begin(replica, ask, peer, false, true);
    }
}

void zc_ask_end(zc_replica_t *replica, zc_link_t from, const zc_sync_end_t *end) {
    zc_ask_t *ask = ask_of_session(replica, from, end->session);
    if (ask == NULL) {
        return;
    }
    zc_peer_t *peer = zc_peers_at(&replica->peers, ask->peer);
    peer->entries = end->entries;
    if (!zc_registers_merge(replica, &end->registers)) {
        break_ask(replica, ask);
        return;
    }
    switch (end->result) {
    case ZC_SYNC_COMPLETE:
        end_complete(replica, ask, end);
        break;
    case ZC_SYNC_PART:
        take_part(replica, ask, end);
        break;
    case ZC_SYNC_NEEDS_REPLACE:
        if (ask->may_replace) {
            break_ask(replica, ask);
        } else {
            needs_replace(replica, ask);
        }
        break;
    case ZC_SYNC_NEEDS_VECTOR:
        needs_vector(replica, ask, peer);
        break;
    case ZC_SYNC_INCOMPLETE:
    case ZC_SYNC_BUSY:
    case ZC_SYNC_JOINING:
        peer->asked = false;
        break_ask(replica, ask);
        break;
    }
}

/* -- After a replace-sync -------------------------------------------------- */

static void tick_dropping(zc_replica_t *replica, zc_ask_t *ask) {
    zc_replica_wake(replica, 0);
    if (!zc_replace_drop(replica, ask)) {
        return;
    }
    if (zc_replace_adopt_floors(replica, ask) != ZCACHE_OK) {
        break_ask(replica, ask);
        return;
    }
    complete(replica, ask, &ask->donor_vector.vector);
}

static void tick_unmarking(zc_replica_t *replica, zc_ask_t *ask) {
    if (zc_store_drop_unmarked(replica->store, &ask->position, ZC_DROP_SLOTS, NULL, NULL)) {
        ask->phase = ZC_ASK_IDLE;
    }
    zc_replica_wake(replica, 0);
}

/* -- Time passes ----------------------------------------------------------- */

static uint64_t answer_timeout_us(const zc_replica_t *replica) {
    uint64_t timeout_us = ANSWER_HEARTBEATS * zc_heartbeat_us(replica);
    return timeout_us > ANSWER_US ? timeout_us : ANSWER_US;
}

static void tick_ask(zc_replica_t *replica, zc_ask_t *ask) {
    switch (ask->phase) {
    case ZC_ASK_IDLE:
        break;
    case ZC_ASK_RECEIVING:
        if (replica->clock.now_us - ask->heard_us > answer_timeout_us(replica)) {
            break_ask(replica, ask);
        } else {
            zc_replica_wake(replica, ask->heard_us + answer_timeout_us(replica) + 1);
        }
        break;
    case ZC_ASK_DROPPING:
        tick_dropping(replica, ask);
        break;
    case ZC_ASK_UNMARKING:
        tick_unmarking(replica, ask);
        break;
    }
}

void zc_ask_tick(zc_replica_t *replica) {
    for (size_t i = 0; i < ZC_ASKS; i++) {
        tick_ask(replica, &replica->asks[i]);
    }
    zc_gap_tick(replica);
    zc_ask_t *hunted = &replica->asks[ZC_ASK_HUNTED];
    if (!replica->hunt.wanted || hunted->phase != ZC_ASK_IDLE) {
        return;
    }
    if (replica->clock.now_us >= replica->hunt.at_us) {
        ask_hunted(replica);
        tick_ask(replica, hunted);
    } else {
        zc_replica_wake(replica, replica->hunt.at_us);
    }
}

void zc_ask_peer_lost(zc_replica_t *replica, const zc_peer_t *peer) {
    for (size_t i = 0; i < ZC_ASKS; i++) {
        zc_ask_t *ask = &replica->asks[i];
        if (ask->phase == ZC_ASK_RECEIVING && ask->peer == peer->number) {
            break_ask(replica, ask);
        }
    }
}

void zc_ask_fini(zc_replica_t *replica) {
    for (size_t i = 0; i < ZC_ASKS; i++) {
        free_ask(replica, &replica->asks[i]);
    }
}
