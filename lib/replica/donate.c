/* SPDX-License-Identifier: MPL-2.0 */
/* The donor's side of a transfer (R6, R7, R9, S2): what an asker lacks goes out in chunks, against
 * credit, one chunk for each transfer and step, so that everything else goes on between them.
 *
 * A replace-sync walks the whole store, coldest first. A delta goes from the highest stamp down
 * over all origins (delta.c), and says at checkpoints and at its end what it covers: all above
 * `down_to` that this node covers. That is sound, because each write W of that, if the asker lacks
 * it, is
 *
 *   - held, and was sent, as all that is held above `down_to` was when the walk came past; or
 *   - overwritten by a write that is higher, so above `down_to` too: the same holds for that one,
 *     or it is in no vector, and then it is a stray, which was sent (stray.c); or
 *   - voided by the clear register, which travels with what is said; or
 *   - forgotten as a ghost: then the floor says so, and the delta ends as incomplete (R9).
 *
 * What came since the walk passed is not held where it passed. So this node's vector is looked at
 * anew each time: as long as there is news in it, that is walked through first. */
#include "lib/replica/records.h"
#include "lib/replica/state.h"

enum {
    ABANDONED_US = 30 * 1000 * 1000, /* a receiver that is silent for so long has gone (R7) */
    WALK_SLOTS = 16384,              /* looked at for one chunk of a replace-sync */
};

static void free_donation(zc_replica_t *replica, size_t at) {
    zc_donation_t *donation = replica->donations[at];
    zc_delta_fini(&donation->delta);
    zc_store_walk_destroy(&donation->walk);
    zc_vector_copy_fini(replica->allocator, &donation->covered);
    zc_vector_copy_fini(replica->allocator, &donation->have);
    zc_free(replica->allocator, donation);
    replica->donations[at] = NULL;
    zc_stray_forget(replica);
}

static bool same_link(zc_link_t a, zc_link_t b) {
    return a.type == b.type && a.number == b.number;
}

/* -- The end --------------------------------------------------------------- */

static void send_end(zc_replica_t *replica, zc_link_t to, zc_sync_end_t end) {
    zc_store_stats_t stats;
    zc_store_stats(replica->store, &stats);
    end.entries = stats.entries;
    end.registers = replica->registers;
    if (end.replace) {
        end.horizon = zc_store_horizon(replica->store);
        if (zc_retire_floors(replica, &end.floors, &end.floor_count) != ZCACHE_OK) {
            end.result = ZC_SYNC_INCOMPLETE;
        }
    }
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_END, .sync_end = end};
    zc_effect_send(replica, to, &message);
}

static void refuse(zc_replica_t *replica, zc_link_t to, uint64_t session, zc_sync_result_t result) {
    send_end(replica, to, (zc_sync_end_t){.session = session, .result = result});
}

/* A delta is complete only if no floor is above the start of the first missing interval of its
 * origin (R9). */
static bool floors_allow(const zc_replica_t *replica, const zc_vector_t *lack) {
    for (size_t i = 0; i < lack->count; i++) {
        const zc_origin_intervals_t *row = &lack->origins[i];
        if (zc_retire_floor(replica, &row->origin) > row->intervals[0].after) {
            return false;
        }
    }
    return true;
}

/* What a delta says that it covers above `down_to`: of the origins that the asker lacks something
 * of. Returns OK, BUSY (a floor has risen into what is lacked, or strays were lost) or NO_MEMORY.
 */
static zcache_status covered_by_delta(zc_replica_t *replica, const zc_donation_t *donation,
                                      zc_hlc_t down_to, zc_vector_t *covered) {
    zc_vector_t lack;
    zcache_status status = zc_vector_subtract(&donation->covered.vector, &donation->have.vector,
                                              &replica->arena, &lack);
    if (status != ZCACHE_OK) {
        return status;
    }
    if (replica->strays.lost || !floors_allow(replica, &lack)) {
        return ZCACHE_BUSY;
    }
    return zc_vector_above(&donation->covered.vector, down_to, &lack, &replica->arena, covered);
}

/* Says what is covered above `down_to`; 0: it is the end. Returns true when the donation is over.
 */
static bool say_covered(zc_replica_t *replica, zc_donation_t *donation, zc_hlc_t down_to) {
    zc_sync_end_t end = {
        .session = donation->session,
        .number = donation->number,
        .result = down_to == 0 ? ZC_SYNC_COMPLETE : ZC_SYNC_PART,
        .replace = donation->replace,
        .vector = donation->covered.vector,
    };
    if (!donation->replace &&
        covered_by_delta(replica, donation, down_to, &end.vector) != ZCACHE_OK) {
        end.result = ZC_SYNC_INCOMPLETE;
    }
    send_end(replica, donation->to, end);
    replica->counters.transfers_donated += end.result == ZC_SYNC_COMPLETE;
    /* It counts among the chunks, so that the asker sees where one is lost. */
    donation->number++;
    donation->unchecked_bytes = 0;
    donation->mark = 0;
    return end.result != ZC_SYNC_PART;
}

/* -- The beginning --------------------------------------------------------- */

static size_t free_place(zc_replica_t *replica, zc_link_t from, uint64_t session) {
    size_t place = ZCACHE_TRANSFERS_MAX;
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        zc_donation_t *donation = replica->donations[i];
        if (donation != NULL && same_link(donation->to, from) && donation->session == session) {
            free_donation(replica, i);
            return i;
        }
        if (donation == NULL && place == ZCACHE_TRANSFERS_MAX) {
            place = i;
        }
    }
    return place;
}

/* What a transfer is made of, in memory of the step. */
typedef struct parts {
    zc_vector_t covered;
    zc_vector_t lack;
    zc_vector_t outside;
} parts_t;

/* What the asker lacks of what is covered here has to be complete. But all is sent that the asker
 * does not cover: what a broken transfer has brought here is in no vector, and its donor may be
 * dead. */
static zcache_status find_parts(zc_replica_t *replica, const zc_sync_ask_t *ask, parts_t *parts) {
    bool whole = ask->left_out == 0;
    zcache_status status = zc_retire_vector(replica, &replica->arena, whole, &parts->covered);
    if (status == ZCACHE_OK) {
        status = zc_vector_subtract(&parts->covered, &ask->have, &replica->arena, &parts->lack);
    }
    if (status == ZCACHE_OK) {
        status = zc_retire_outside(replica, whole, &ask->have, &parts->outside);
    }
    return status;
}

static zcache_status keep_parts(zc_replica_t *replica, zc_donation_t *donation,
                                const zc_vector_t *have, const parts_t *parts) {
    zcache_status status = zc_vector_copy(replica->allocator, &parts->covered, &donation->covered);
    if (status == ZCACHE_OK) {
        status = zc_vector_copy(replica->allocator, have, &donation->have);
    }
    if (status == ZCACHE_OK && !donation->replace) {
        return zc_delta_add(&donation->delta, &parts->outside);
    }
    if (status == ZCACHE_OK) {
        status = zc_store_walk_new(replica->store, ZC_WALK_COLDEST_FIRST, &donation->walk);
    }
    return status;
}

static void begin_donation(zc_replica_t *replica, zc_link_t from, const zc_sync_ask_t *ask,
                           bool replace, const parts_t *parts) {
    size_t at = free_place(replica, from, ask->session);
    zc_donation_t *donation = NULL;
    if (at < ZCACHE_TRANSFERS_MAX) {
        donation = zc_allocate_zeroed(replica->allocator, sizeof *donation);
    }
    if (donation == NULL) {
        replica->counters.transfers_refused++;
        refuse(replica, from, ask->session, ZC_SYNC_BUSY);
        return;
    }
    donation->to = from;
    donation->session = ask->session;
    donation->replace = replace;
    donation->whole = ask->left_out == 0;
    donation->credit_bytes = ask->credit_bytes;
    donation->heard_us = replica->clock.now_us;
    donation->stray = replica->strays.count;
    replica->donations[at] = donation;
    zc_delta_init(&donation->delta, replica->allocator, replica->store);
    if (keep_parts(replica, donation, &ask->have, parts) != ZCACHE_OK) {
        free_donation(replica, at);
        refuse(replica, from, ask->session, ZC_SYNC_BUSY);
        return;
    }
    zc_replica_wake(replica, 0);
}

void zc_donate_ask(zc_replica_t *replica, zc_link_t from, const zc_sync_ask_t *ask) {
    zc_registers_merge(replica, &ask->registers);
    if (replica->joining) {
        refuse(replica, from, ask->session, ZC_SYNC_JOINING);
        return;
    }
    if (ask->left_out != 0 && ask->left_out != zc_retire_left_out(replica)) {
        refuse(replica, from, ask->session, ZC_SYNC_NEEDS_VECTOR);
        return;
    }
    parts_t parts;
    if (find_parts(replica, ask, &parts) != ZCACHE_OK) {
        refuse(replica, from, ask->session, ZC_SYNC_BUSY);
        return;
    }
    bool delta = floors_allow(replica, &parts.lack);
    if (!delta && !ask->replace) {
        refuse(replica, from, ask->session, ZC_SYNC_NEEDS_REPLACE);
        return;
    }
    /* Who has nothing yet gets all by recency, so that it evicts what the mesh would (S2). */
    bool from_nothing = ask->replace && ask->have.count == 0;
    bool replace = parts.lack.count > 0 && (!delta || from_nothing);
    begin_donation(replica, from, ask, replace, &parts);
}

void zc_donate_credit(zc_replica_t *replica, zc_link_t from, const zc_sync_credit_t *credit) {
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        zc_donation_t *donation = replica->donations[i];
        if (donation == NULL || donation->session != credit->session ||
            !same_link(donation->to, from)) {
            continue;
        }
        if (credit->credit_bytes == 0) {
            free_donation(replica, i);
            return;
        }
        donation->credit_bytes += credit->credit_bytes;
        donation->heard_us = replica->clock.now_us;
        zc_replica_wake(replica, 0);
        return;
    }
}

/* -- Chunks ---------------------------------------------------------------- */

typedef struct chunk {
    zc_records_t records;
    zc_origin_t *origins;
    size_t origin_count;
    uint16_t *places; /* of each of the store's origins among these, from 1; 0: it is not */
} chunk_t;

typedef enum fill { FILL_MORE, FILL_CHECKPOINT, FILL_END, FILL_FAILED } fill_t;

_Static_assert(ZCACHE_BATCH_RECORDS_MAX < UINT16_MAX, "places of a chunk's origins");

static bool begin_chunk(zc_replica_t *replica, chunk_t *chunk) {
    size_t count = zc_store_origin_count(replica->store);
    size_t most = count < ZCACHE_BATCH_RECORDS_MAX ? count : ZCACHE_BATCH_RECORDS_MAX;
    *chunk = (chunk_t){.records = {.arena = &replica->arena}};
    chunk->origins = zc_arena_take(&replica->arena, most * sizeof *chunk->origins);
    chunk->places = zc_arena_take(&replica->arena, count * sizeof *chunk->places);
    if (chunk->origins == NULL || chunk->places == NULL) {
        return false;
    }
    memset(chunk->places, 0, count * sizeof *chunk->places);
    return true;
}

static uint32_t place_origin(zc_replica_t *replica, chunk_t *chunk, zc_origin_index_t index) {
    if (chunk->places[index] == 0) {
        chunk->origins[chunk->origin_count++] = *zc_store_origin_at(replica->store, index);
        chunk->places[index] = (uint16_t)chunk->origin_count;
    }
    return chunk->places[index] - 1u;
}

/* Adds the item. FILL_END: it belongs into the next chunk. */
static fill_t add_item(zc_replica_t *replica, chunk_t *chunk, const zc_store_item_t *item) {
    if (zc_records_full(&chunk->records, item)) {
        return FILL_END;
    }
    uint32_t place = place_origin(replica, chunk, item->origin);
    uint64_t now_ms = zc_clock_local_ms(&replica->clock);
    uint64_t age_ms = !item->ghost && now_ms > item->used_ms ? now_ms - item->used_ms : 0;
    return zc_records_add(&chunk->records, item, place, age_ms) ? FILL_MORE : FILL_FAILED;
}

/* Takes on what has come since the vector was looked at last: it may have overwritten what was to
 * be brought, and what covers that must bring the one or the other. *more is false where nothing
 * has. */
static zcache_status take_on_news(zc_replica_t *replica, zc_donation_t *donation, bool *more) {
    zc_vector_t covered;
    zc_vector_t news = {.count = 0};
    zcache_status status = zc_retire_vector(replica, &replica->arena, donation->whole, &covered);
    if (status == ZCACHE_OK) {
        status = zc_vector_subtract(&covered, &donation->covered.vector, &replica->arena, &news);
    }
    if (status == ZCACHE_OK) {
        status = zc_vector_subtract(&news, &donation->have.vector, &replica->arena, &news);
    }
    *more = news.count > 0;
    if (status != ZCACHE_OK || !*more) {
        return status;
    }
    zc_vector_copy_fini(replica->allocator, &donation->covered);
    status = zc_vector_copy(replica->allocator, &covered, &donation->covered);
    return status == ZCACHE_OK ? zc_delta_add(&donation->delta, &news) : status;
}

/* FILL_MORE: the chunk is full. Else all above *down_to has gone out, and in this step nothing more
 * is lacking there. */
static fill_t fill_delta(zc_replica_t *replica, zc_donation_t *donation, chunk_t *chunk,
                         zc_hlc_t *down_to) {
    for (;;) {
        zc_store_item_t item;
        zc_hlc_t rest = zc_delta_item(&donation->delta, &item) ? item.hlc : 0;
        bool due = donation->unchecked_bytes + chunk->records.bytes >= replica->checkpoint_bytes;
        if (due && donation->mark == 0) {
            donation->mark = rest;
        }
        bool says = rest <= donation->mark;
        bool stray = says && zc_stray_item(replica, donation, &item);
        if (says && !stray) {
            bool more = false;
            if (take_on_news(replica, donation, &more) != ZCACHE_OK) {
                return FILL_FAILED;
            }
            if (!more) {
                *down_to = rest;
                return rest == 0 ? FILL_END : FILL_CHECKPOINT;
            }
            continue;
        }
        fill_t added = add_item(replica, chunk, &item);
        if (added != FILL_MORE) {
            return added == FILL_END ? FILL_MORE : added;
        }
        if (stray) {
            zc_stray_next(donation);
        } else {
            zc_delta_next(&donation->delta);
        }
    }
}

static fill_t fill_replace(zc_replica_t *replica, zc_donation_t *donation, chunk_t *chunk) {
    size_t budget = WALK_SLOTS;
    for (;;) {
        zc_store_item_t item;
        zcache_status status =
            zc_store_walk_item(donation->walk, zc_clock_local_ms(&replica->clock), &budget, &item);
        if (status != ZCACHE_OK) {
            return status == ZCACHE_MISS ? FILL_END : FILL_MORE;
        }
        fill_t added = add_item(replica, chunk, &item);
        if (added != FILL_MORE) {
            return added == FILL_END ? FILL_MORE : added;
        }
        zc_store_walk_next(donation->walk);
    }
}

static void send_chunk(zc_replica_t *replica, zc_donation_t *donation, const chunk_t *chunk) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CHUNK};
    message.sync_chunk = (zc_sync_chunk_t){
        .session = donation->session,
        .number = donation->number++,
        .replace = donation->replace,
        .origins = chunk->origins,
        .origin_count = chunk->origin_count,
        .records = chunk->records.records,
        .count = chunk->records.count,
    };
    zc_effect_send(replica, donation->to, &message);
    uint64_t bytes = chunk->records.bytes;
    donation->credit_bytes -= bytes < donation->credit_bytes ? bytes : donation->credit_bytes;
    donation->unchecked_bytes += bytes;
}

/* Returns true when the donation is over. */
static bool give_chunk(zc_replica_t *replica, zc_donation_t *donation) {
    chunk_t chunk;
    zc_hlc_t down_to = 0;
    fill_t filled = FILL_FAILED;
    if (begin_chunk(replica, &chunk)) {
        filled = donation->replace ? fill_replace(replica, donation, &chunk)
                                   : fill_delta(replica, donation, &chunk, &down_to);
    }
    if (filled == FILL_FAILED) {
        refuse(replica, donation->to, donation->session, ZC_SYNC_INCOMPLETE);
        return true;
    }
    if (chunk.records.count > 0) {
        send_chunk(replica, donation, &chunk);
    }
    return filled != FILL_MORE && say_covered(replica, donation, down_to);
}

void zc_donate_flush(zc_replica_t *replica) {
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        zc_donation_t *donation = replica->donations[i];
        if (donation == NULL || donation->credit_bytes == 0) {
            continue;
        }
        if (give_chunk(replica, donation)) {
            replica->ended[i] = true;
        } else if (donation->credit_bytes > 0) {
            zc_replica_wake(replica, 0);
        }
    }
}

void zc_donate_tick(zc_replica_t *replica) {
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        zc_donation_t *donation = replica->donations[i];
        if (donation == NULL) {
            continue;
        }
        if (replica->clock.now_us - donation->heard_us > ABANDONED_US) {
            free_donation(replica, i);
        } else {
            zc_replica_wake(replica, donation->heard_us + ABANDONED_US + 1);
        }
    }
}

void zc_donate_leave(zc_replica_t *replica, zc_origin_index_t origin) {
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        if (replica->donations[i] != NULL) {
            zc_delta_leave(&replica->donations[i]->delta, origin);
        }
    }
}

void zc_donate_collect(zc_replica_t *replica) {
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        if (replica->ended[i]) {
            free_donation(replica, i);
            replica->ended[i] = false;
        }
    }
}

void zc_donate_fini(zc_replica_t *replica) {
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        if (replica->donations[i] != NULL) {
            free_donation(replica, i);
        }
    }
}
