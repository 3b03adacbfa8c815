/* SPDX-License-Identifier: MPL-2.0 */
/* The donor's side of a transfer (R6, R7, R9, S2): what an asker lacks goes out in chunks, against
 * credit, one chunk for each transfer and step, so that everything else goes on between them.
 *
 * A delta walks the chain of each origin back from the newest to the oldest interval asked for: it
 * costs what it sends. A replace-sync walks the whole store, coldest first. */
#include "lib/replica/records.h"
#include "lib/replica/state.h"

enum {
    ABANDONED_US = 30 * 1000 * 1000, /* a receiver that is silent for so long has gone (R7) */
    WALK_SLOTS = 16384,              /* looked at for one chunk of a replace-sync */
    CHUNK_ORIGINS_MAX = 64,
};

static void free_donation(zc_replica_t *replica, size_t at) {
    zc_donation_t *donation = replica->donations[at];
    if (donation->cursor_open) {
        zc_store_cursor_close(replica->store, &donation->cursor);
    }
    zc_store_walk_destroy(&donation->walk);
    zc_vector_copy_fini(replica->allocator, &donation->covered);
    zc_vector_copy_fini(replica->allocator, &donation->lack);
    zc_vector_copy_fini(replica->allocator, &donation->outside);
    zc_vector_copy_fini(replica->allocator, &donation->have);
    zc_free(replica->allocator, donation);
    replica->donations[at] = NULL;
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

static void end_donation(zc_replica_t *replica, size_t at) {
    zc_donation_t *donation = replica->donations[at];
    bool complete =
        donation->replace || (!donation->broken && floors_allow(replica, &donation->lack.vector));
    send_end(replica, donation->to,
             (zc_sync_end_t){
                 .session = donation->session,
                 .number = donation->number,
                 .result = complete ? ZC_SYNC_COMPLETE : ZC_SYNC_INCOMPLETE,
                 .replace = donation->replace,
                 .vector = donation->covered.vector,
             });
    replica->counters.transfers_donated += complete;
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
                                const parts_t *parts) {
    zcache_status status = zc_vector_copy(replica->allocator, &parts->covered, &donation->covered);
    if (status == ZCACHE_OK) {
        status = zc_vector_copy(replica->allocator, &parts->lack, &donation->lack);
    }
    if (status == ZCACHE_OK && !donation->replace) {
        return zc_vector_copy(replica->allocator, &parts->outside, &donation->outside);
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
    replica->donations[at] = donation;
    if (keep_parts(replica, donation, parts) != ZCACHE_OK ||
        zc_vector_copy(replica->allocator, &ask->have, &donation->have) != ZCACHE_OK) {
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
    zc_origin_t origins[CHUNK_ORIGINS_MAX];
    zc_origin_index_t indexes[CHUNK_ORIGINS_MAX];
    size_t origin_count;
} chunk_t;

typedef enum fill { FILL_MORE, FILL_END, FILL_FAILED } fill_t;

/* The origin's place in the chunk. False: the chunk has no room for another origin. */
static bool place_origin(zc_replica_t *replica, chunk_t *chunk, zc_origin_index_t index,
                         uint32_t *place) {
    for (size_t i = chunk->origin_count; i > 0; i--) {
        if (chunk->indexes[i - 1] == index) {
            *place = (uint32_t)(i - 1);
            return true;
        }
    }
    if (chunk->origin_count == CHUNK_ORIGINS_MAX) {
        return false;
    }
    *place = (uint32_t)chunk->origin_count;
    chunk->indexes[chunk->origin_count] = index;
    chunk->origins[chunk->origin_count++] = *zc_store_origin_at(replica->store, index);
    return true;
}

/* Adds the item. FILL_END: it belongs into the next chunk. */
static fill_t add_item(zc_replica_t *replica, chunk_t *chunk, const zc_store_item_t *item) {
    uint32_t place = 0;
    if (zc_records_full(&chunk->records, item) ||
        !place_origin(replica, chunk, item->origin, &place)) {
        return FILL_END;
    }
    uint64_t now_ms = zc_clock_local_ms(&replica->clock);
    uint64_t age_ms = !item->ghost && now_ms > item->used_ms ? now_ms - item->used_ms : 0;
    return zc_records_add(&chunk->records, item, place, age_ms) ? FILL_MORE : FILL_FAILED;
}

/* An origin may be retired meanwhile: then there is nothing to send of it. */
static bool open_interval(zc_replica_t *replica, zc_donation_t *donation) {
    const zc_vector_t *outside = &donation->outside.vector;
    for (; donation->row < outside->count; donation->row++) {
        const zc_origin_intervals_t *row = &outside->origins[donation->row];
        zc_origin_index_t index = zc_store_origin_find(replica->store, &row->origin);
        if (donation->interval < row->count && index != ZC_ORIGIN_INDEX_NONE) {
            size_t at = row->count - 1 - donation->interval;
            zc_store_cursor_open_older(replica->store, &donation->cursor, index,
                                       row->intervals[at].upto);
            donation->cursor_open = true;
            return true;
        }
        donation->interval = 0;
    }
    return false;
}

static void close_interval(zc_replica_t *replica, zc_donation_t *donation) {
    zc_store_cursor_close(replica->store, &donation->cursor);
    donation->cursor_open = false;
    donation->interval++;
}

/* FILL_END: the delta is at its end; FILL_MORE: the chunk is full. */
static fill_t fill_delta(zc_replica_t *replica, zc_donation_t *donation, chunk_t *chunk) {
    for (;;) {
        if (!donation->cursor_open && !open_interval(replica, donation)) {
            return FILL_END;
        }
        const zc_origin_intervals_t *row = &donation->outside.vector.origins[donation->row];
        zc_hlc_t after = row->intervals[row->count - 1 - donation->interval].after;
        zc_store_item_t item;
        if (!zc_store_cursor_item(replica->store, &donation->cursor, &item) || item.hlc <= after) {
            close_interval(replica, donation);
            continue;
        }
        fill_t added = add_item(replica, chunk, &item);
        if (added != FILL_MORE) {
            return added == FILL_END ? FILL_MORE : added;
        }
        zc_store_cursor_next(replica->store, &donation->cursor);
    }
}

/* Takes on what has come since the transfer began: it may have overwritten what was to be brought,
 * and what covers that must bring the one or the other. *more is false where nothing has. */
static zcache_status take_on_news(zc_replica_t *replica, zc_donation_t *donation, bool *more) {
    parts_t parts;
    zc_vector_t *news = &parts.lack;
    zcache_status status =
        zc_retire_vector(replica, &replica->arena, donation->whole, &parts.covered);
    if (status == ZCACHE_OK) {
        status =
            zc_vector_subtract(&parts.covered, &donation->covered.vector, &replica->arena, news);
    }
    if (status == ZCACHE_OK) {
        status = zc_vector_subtract(news, &donation->have.vector, &replica->arena, news);
    }
    *more = status == ZCACHE_OK && news->count > 0;
    if (!*more) {
        return status;
    }
    donation->broken = donation->broken || !floors_allow(replica, &donation->lack.vector);
    zc_vector_copy_fini(replica->allocator, &donation->covered);
    zc_vector_copy_fini(replica->allocator, &donation->lack);
    zc_vector_copy_fini(replica->allocator, &donation->outside);
    donation->row = 0;
    donation->interval = 0;
    parts.outside = *news;
    return keep_parts(replica, donation, &parts);
}

/* As far as the chunk goes; FILL_END: in this step nothing is lacking any more. */
static fill_t fill_deltas(zc_replica_t *replica, zc_donation_t *donation, chunk_t *chunk) {
    bool more = true;
    while (more) {
        fill_t filled = fill_delta(replica, donation, chunk);
        if (filled != FILL_END) {
            return filled;
        }
        if (take_on_news(replica, donation, &more) != ZCACHE_OK) {
            return FILL_FAILED;
        }
    }
    return FILL_END;
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
    zc_slice_t origins;
    if (!zc_arena_copy(&replica->arena,
                       zc_slice(chunk->origins, chunk->origin_count * sizeof *chunk->origins),
                       &origins)) {
        /* The number is spent all the same, so that the asker sees the hole and asks again. */
        donation->number++;
        return;
    }
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CHUNK};
    message.sync_chunk = (zc_sync_chunk_t){
        .session = donation->session,
        .number = donation->number++,
        .replace = donation->replace,
        .origins = origins.data,
        .origin_count = chunk->origin_count,
        .records = chunk->records.records,
        .count = chunk->records.count,
    };
    zc_effect_send(replica, donation->to, &message);
    uint64_t bytes = chunk->records.bytes;
    donation->credit_bytes -= bytes < donation->credit_bytes ? bytes : donation->credit_bytes;
}

/* Returns true when the donation is over. */
static bool give_chunk(zc_replica_t *replica, size_t at) {
    zc_donation_t *donation = replica->donations[at];
    chunk_t chunk = {.records = {.arena = &replica->arena}};
    fill_t filled = donation->replace ? fill_replace(replica, donation, &chunk)
                                      : fill_deltas(replica, donation, &chunk);
    if (filled == FILL_FAILED) {
        refuse(replica, donation->to, donation->session, ZC_SYNC_INCOMPLETE);
        return true;
    }
    if (chunk.records.count > 0) {
        send_chunk(replica, donation, &chunk);
    }
    if (filled == FILL_END) {
        end_donation(replica, at);
        return true;
    }
    return false;
}

void zc_donate_flush(zc_replica_t *replica) {
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        zc_donation_t *donation = replica->donations[i];
        if (donation == NULL || donation->credit_bytes == 0) {
            continue;
        }
        if (give_chunk(replica, i)) {
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
