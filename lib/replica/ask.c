/* SPDX-License-Identifier: MPL-2.0 */
/* What this node lacks, and the transfer that mends it (R4, R5, R9).
 *
 *     IDLE ──ask──► RECEIVING ──end, delta────────────────► vector taken over ──► IDLE
 *                       │ └─────end, replace──► DROPPING ──►┘
 *                       └──broken──► (replace: UNMARKING) ──► IDLE, asked again later
 *
 * The vector is taken over only when a transfer is complete; what came of a broken one is in the
 * store, does no harm (R1), and is claimed where nobody else has it (claim.c). Two may be under
 * way: the hunted one, which may become a replace-sync, and beside it a delta that fills a gap
 * soon. */
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
static void begin_ask(zc_replica_t *replica, zc_ask_t *ask, const zc_peer_t *peer, bool replace,
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
        begin_ask(replica, &replica->asks[ZC_ASK_HUNTED], donor, replace, false);
    }
}

static void ask_for_gap_at(zc_replica_t *replica, zc_peer_t *peer, uint64_t at_us) {
    peer->gap_at_us = at_us;
    replica->gaps_at_us = at_us < replica->gaps_at_us ? at_us : replica->gaps_at_us;
    zc_replica_wake(replica, at_us);
}

/* Requests for one loss are spread over a quarter of a heartbeat (R4), but what was written more
 * than one and a half ago is asked for at once: it is to be here within two. */
static uint64_t draw_gap_delay_us(zc_replica_t *replica, zc_hlc_t lacked) {
    uint64_t heartbeat_us = zc_heartbeat_us(replica);
    uint64_t late_ms = zc_hlc_ms(lacked) + heartbeat_us * 3 / 2000;
    if (zc_clock_mesh_ms(&replica->clock) > late_ms) {
        return 0;
    }
    return zc_random_below(&replica->random, heartbeat_us / 4 + 1);
}

void zc_ask_gap(zc_replica_t *replica, zc_peer_t *peer, zc_hlc_t lacked) {
    if (peer->behind_since_us == 0) {
        peer->behind_since_us = replica->clock.now_us;
        replica->counters.gaps++;
    }
    if (replica->joining || peer->gap_at_us != 0) {
        return;
    }
    ask_for_gap_at(replica, peer, replica->clock.now_us + draw_gap_delay_us(replica, lacked));
}

/* The origin itself has all of its writes, so it is asked first; while it is not there, anybody
 * else is. */
static void ask_for_gap(zc_replica_t *replica, zc_peer_t *peer) {
    zc_ask_t *ask = &replica->asks[ZC_ASK_GAP];
    zc_peer_t *donor = peer->state == ZC_PEER_LIVE ? peer : zc_hunt_full_donor(replica);
    if (donor == NULL) {
        peer->gap_at_us = replica->clock.now_us + RETRY_US;
        return;
    }
    peer->gap_at_us = 0;
    ask->origin = peer->index;
    begin_ask(replica, ask, donor, false, false);
}

/* -- The end of a transfer, good or bad ------------------------------------ */

static void free_ask(zc_replica_t *replica, zc_ask_t *ask) {
    zc_vector_copy_fini(replica->allocator, &ask->donor_vector);
    zc_free(replica->allocator, ask->donor_floors);
    *ask = (zc_ask_t){.phase = ZC_ASK_IDLE};
    /* For a gap that waited until this one ended. */
    zc_replica_wake(replica, replica->gaps_at_us);
}

/* A gap that is still there after its transfer has ended is asked for again, while its origin is
 * there: it has all of its writes. */
static void look_again(zc_replica_t *replica, zc_origin_index_t origin, uint64_t delay_us) {
    zc_peer_t *peer = zc_peers_of_origin(&replica->peers, origin);
    if (peer == NULL) {
        return;
    }
    if (zc_vvec_covers_interval(&replica->vvec, origin, 0, peer->last)) {
        peer->behind_since_us = 0;
        peer->gap_at_us = 0;
    } else if (peer->gap_at_us == 0 && peer->state != ZC_PEER_GONE) {
        delay_us += zc_random_below(&replica->random, delay_us);
        ask_for_gap_at(replica, peer, replica->clock.now_us + delay_us);
    }
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
        look_again(replica, origin, RETRY_US);
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
static zcache_status take_over(zc_replica_t *replica, const zc_vector_t *vector) {
    zc_clock_observe(&replica->clock, zc_vector_highest(vector));
    /* What came into being since the transfer began is not in it. */
    uint64_t soon_us = zc_heartbeat_us(replica) / 8;
    soon_us = soon_us < RETRY_US ? soon_us : RETRY_US;
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_intervals_t *row = &vector->origins[i];
        if (zc_origin_equal(&row->origin, &replica->identity.origin)) {
            continue; /* nobody knows more of the own writes than this node */
        }
        zcache_status status = zc_retire_cover(replica, row);
        if (status != ZCACHE_OK) {
            return status;
        }
        look_again(replica, zc_store_origin_find(replica->store, &row->origin), soon_us);
    }
    return ZCACHE_OK;
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
    if (take_over(replica, vector) != ZCACHE_OK) {
        break_ask(replica, ask);
        return;
    }
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
        status = zc_receive_record(replica, record, map[record->origin]);
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
        begin_ask(replica, ask, peer, false, true);
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

static void tick_gap(zc_replica_t *replica, zc_peer_t *peer) {
    if (peer->gap_at_us == 0) {
        return;
    }
    bool is_due = replica->clock.now_us >= peer->gap_at_us;
    if (zc_vvec_covers_interval(&replica->vvec, peer->index, 0, peer->last)) {
        peer->gap_at_us = 0;
        peer->behind_since_us = 0;
    } else if (is_due && replica->asks[ZC_ASK_GAP].phase == ZC_ASK_IDLE) {
        ask_for_gap(replica, peer);
    }
    if (peer->gap_at_us != 0 && peer->gap_at_us < replica->gaps_at_us) {
        replica->gaps_at_us = peer->gap_at_us;
    }
}

/* One after the other, each for all that is lacked: the next one waits for the end of the last, and
 * often finds that nothing is left to ask for. */
static void tick_gaps(zc_replica_t *replica) {
    const zc_ask_t *ask = &replica->asks[ZC_ASK_GAP];
    uint64_t now_us = replica->clock.now_us;
    if (now_us >= replica->gaps_at_us && ask->phase == ZC_ASK_IDLE) {
        replica->gaps_at_us = ZC_NEVER;
        size_t number = 0;
        for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
            tick_gap(replica, peer);
        }
    }
    if (ask->phase == ZC_ASK_IDLE) {
        zc_replica_wake(replica, replica->gaps_at_us);
    }
}

void zc_ask_tick(zc_replica_t *replica) {
    for (size_t i = 0; i < ZC_ASKS; i++) {
        tick_ask(replica, &replica->asks[i]);
    }
    tick_gaps(replica);
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
