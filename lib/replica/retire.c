/* SPDX-License-Identifier: MPL-2.0 */
/* Vectors stay small (R13): lives of nodes that ended long ago are left out of what is sent, and
 * give up their index.
 *
 * An origin is *settled* when it is no member and its newest write is older than retire_after, both
 * in steps of an eighth of that: all nodes see it so at the same time. A vector leaves settled
 * origins out where the other side has the same of them, which one number tells (`left_out`); else
 * it goes whole. So nothing is decided upon less than what R9 knows, however long anybody was away.
 *
 * Apart from that, an origin that is settled and of which the store holds nothing moves to the
 * table of retired origins, which frees its index for another. */
#include "lib/replica/state.h"

enum {
    STEPS = 8,            /* of retire_after, in which time is told here */
    FORGET_GHOSTS = 1024, /* of settled origins, at a heartbeat */
    RETIRE_COST = 16,     /* an origin that is retired costs as much as so many ghosts */
};

/* -- Who is settled -------------------------------------------------------- */

static bool is_old(const zc_replica_t *replica, zc_hlc_t last) {
    uint64_t retire_ms = replica->registers.settings.retire_after_ms;
    uint64_t step_ms = retire_ms / STEPS;
    ZC_ASSERT(step_ms > 0);
    uint64_t mesh_ms = zc_clock_mesh_ms(&replica->clock);
    if (last == 0 || mesh_ms < retire_ms) {
        return false;
    }
    return zc_hlc_ms(last) < (mesh_ms - retire_ms) / step_ms * step_ms;
}

static bool is_settled(const zc_replica_t *replica, zc_origin_index_t index) {
    const zc_peer_t *peer = zc_peers_of_origin(&replica->peers, index);
    return index != replica->self && (peer == NULL || !zc_peer_is_member(peer)) &&
           is_old(replica, zc_vvec_last(&replica->vvec, index));
}

static bool is_row_settled(const zc_replica_t *replica, const zc_retired_row_t *row) {
    return row->known.count > 0 && is_old(replica, row->known.intervals[row->known.count - 1].upto);
}

/* -- Vectors --------------------------------------------------------------- */

static zc_origin_intervals_t intervals_of(const zc_replica_t *replica, zc_origin_index_t index) {
    return zc_vvec_row(&replica->vvec, index, zc_store_origin_at(replica->store, index));
}

uint64_t zc_retire_left_out(const zc_replica_t *replica) {
    uint64_t sum = 0;
    for (size_t i = 0; i < zc_store_origin_count(replica->store); i++) {
        zc_origin_index_t index = (zc_origin_index_t)i;
        if (is_settled(replica, index)) {
            zc_origin_intervals_t row = intervals_of(replica, index);
            sum += zc_intervals_hash(&row.origin, row.intervals, row.count);
        }
    }
    for (size_t i = 0; i < replica->retired.count; i++) {
        const zc_retired_row_t *row = &replica->retired.rows[i];
        if (is_row_settled(replica, row)) {
            sum += zc_intervals_hash(&row->origin, row->known.intervals, row->known.count);
        }
    }
    return sum;
}

zcache_status zc_retire_vector(const zc_replica_t *replica, zc_arena_t *arena, bool whole,
                               zc_vector_t *vector) {
    size_t origins = zc_store_origin_count(replica->store);
    zc_origin_intervals_t *rows =
        zc_arena_take(arena, (origins + replica->retired.count + 1) * sizeof *rows);
    if (rows == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < origins; i++) {
        zc_origin_index_t index = (zc_origin_index_t)i;
        zc_origin_intervals_t row = intervals_of(replica, index);
        if (row.count > 0 && (whole || !is_settled(replica, index))) {
            rows[count++] = row;
        }
    }
    for (size_t i = 0; i < replica->retired.count; i++) {
        const zc_retired_row_t *row = &replica->retired.rows[i];
        if (row->known.count > 0 && (whole || !is_row_settled(replica, row))) {
            rows[count++] = (zc_origin_intervals_t){.origin = row->origin,
                                                    .intervals = row->known.intervals,
                                                    .count = row->known.count};
        }
    }
    zc_rows_sort(rows, count, sizeof *rows);
    *vector = (zc_vector_t){.origins = rows, .count = count};
    return ZCACHE_OK;
}

zcache_status zc_retire_outside(zc_replica_t *replica, bool whole, const zc_vector_t *have,
                                zc_vector_t *outside) {
    size_t origins = zc_store_origin_count(replica->store);
    zc_origin_intervals_t *rows = zc_arena_take(&replica->arena, (origins + 1) * sizeof *rows);
    if (rows == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    const zc_interval_t all = {.after = 0, .upto = replica->clock.hlc};
    size_t count = 0;
    for (size_t i = 0; i < origins; i++) {
        zc_origin_index_t index = (zc_origin_index_t)i;
        zc_origin_intervals_t own = intervals_of(replica, index);
        /* What is left out is the same on both sides. */
        bool same = !whole && is_settled(replica, index);
        const zc_origin_intervals_t *held = same ? &own : zc_vector_find(have, &own.origin);
        size_t held_count = held != NULL ? held->count : 0;
        zc_interval_t *intervals =
            zc_arena_take(&replica->arena, (held_count + 1) * sizeof *intervals);
        if (intervals == NULL) {
            return ZCACHE_NO_MEMORY;
        }
        size_t missing = zc_intervals_subtract(&all, 1, held != NULL ? held->intervals : NULL,
                                               held_count, intervals);
        if (missing > 0) {
            rows[count++] = (zc_origin_intervals_t){
                .origin = own.origin, .intervals = intervals, .count = missing};
        }
    }
    zc_rows_sort(rows, count, sizeof *rows);
    *outside = (zc_vector_t){.origins = rows, .count = count};
    return ZCACHE_OK;
}

zcache_status zc_retire_floors(zc_replica_t *replica, const zc_floor_t **list, size_t *list_count) {
    size_t origins = zc_store_origin_count(replica->store);
    zc_floor_t *floors =
        zc_arena_take(&replica->arena, (origins + replica->retired.count + 1) * sizeof *floors);
    if (floors == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < origins; i++) {
        zc_origin_index_t index = (zc_origin_index_t)i;
        zc_hlc_t hlc = zc_store_floor(replica->store, index);
        if (hlc > 0) {
            floors[count++] =
                (zc_floor_t){.origin = *zc_store_origin_at(replica->store, index), .hlc = hlc};
        }
    }
    for (size_t i = 0; i < replica->retired.count; i++) {
        const zc_retired_row_t *row = &replica->retired.rows[i];
        if (row->floor > 0) {
            floors[count++] = (zc_floor_t){.origin = row->origin, .hlc = row->floor};
        }
    }
    zc_rows_sort(floors, count, sizeof *floors);
    *list = floors;
    *list_count = count;
    return ZCACHE_OK;
}

zc_hlc_t zc_retire_floor(const zc_replica_t *replica, const zc_origin_t *origin) {
    zc_origin_index_t index = zc_store_origin_find(replica->store, origin);
    if (index != ZC_ORIGIN_INDEX_NONE) {
        return zc_store_floor(replica->store, index);
    }
    const zc_retired_row_t *row = zc_retired_find(&replica->retired, origin);
    return row == NULL ? 0 : row->floor;
}

/* -- Coming back ----------------------------------------------------------- */

/* The row's origin has an index again. */
static zcache_status revive(zc_replica_t *replica, zc_retired_row_t *row, zc_origin_index_t index) {
    zcache_status status = zc_vvec_put(&replica->vvec, index, &row->known);
    if (status != ZCACHE_OK) {
        zc_store_origin_remove(replica->store, index);
        return status;
    }
    zc_store_raise_floor(replica->store, index, row->floor);
    zc_retired_take(&replica->retired, row);
    return ZCACHE_OK;
}

zcache_status zc_retire_origin(zc_replica_t *replica, const zc_origin_t *origin,
                               zc_origin_index_t *index) {
    zc_retired_row_t *row = NULL;
    if (zc_store_origin_find(replica->store, origin) == ZC_ORIGIN_INDEX_NONE) {
        row = zc_retired_find(&replica->retired, origin);
    }
    zcache_status status = zc_store_origin(replica->store, origin, index);
    return status == ZCACHE_OK && row != NULL ? revive(replica, row, *index) : status;
}

/* The row of an origin that has no index and whose writes up to `last` are old, made anew if there
 * is none; NULL: it has an index or needs one. */
static zc_retired_row_t *row_for(zc_replica_t *replica, const zc_origin_t *origin, zc_hlc_t last) {
    if (zc_store_origin_find(replica->store, origin) != ZC_ORIGIN_INDEX_NONE ||
        !is_old(replica, last)) {
        return NULL;
    }
    zc_retired_row_t *row = zc_retired_find(&replica->retired, origin);
    if (row == NULL && zc_retired_add(&replica->retired, origin, &row) != ZCACHE_OK) {
        return NULL;
    }
    return row;
}

zcache_status zc_retire_cover(zc_replica_t *replica, const zc_origin_intervals_t *known) {
    if (known->count == 0) {
        return ZCACHE_OK;
    }
    zc_hlc_t last = known->intervals[known->count - 1].upto;
    zc_retired_row_t *row = row_for(replica, &known->origin, last);
    zc_origin_index_t index = ZC_ORIGIN_INDEX_NONE;
    zcache_status status =
        row == NULL ? zc_retire_origin(replica, &known->origin, &index) : ZCACHE_OK;
    if (status != ZCACHE_OK) {
        return status;
    }
    return row == NULL ? zc_vvec_unite(&replica->vvec, index, known->intervals, known->count)
                       : zc_retired_unite(&replica->retired, row, known->intervals, known->count);
}

zcache_status zc_retire_raise_floor(zc_replica_t *replica, const zc_origin_t *origin,
                                    zc_hlc_t floor) {
    zc_retired_row_t *row = row_for(replica, origin, floor);
    if (row != NULL) {
        row->floor = floor > row->floor ? floor : row->floor;
        return ZCACHE_OK;
    }
    zc_origin_index_t index = 0;
    zcache_status status = zc_retire_origin(replica, origin, &index);
    if (status == ZCACHE_OK) {
        zc_store_raise_floor(replica->store, index, floor);
    }
    return status;
}

/* -- Going ----------------------------------------------------------------- */

/* All that is known of it is old, also where that is but a floor. */
static bool is_over(const zc_replica_t *replica, zc_origin_index_t index) {
    zc_hlc_t last = zc_vvec_last(&replica->vvec, index);
    zc_hlc_t floor = zc_store_floor(replica->store, index);
    return is_old(replica, last > floor ? last : floor);
}

/* Nothing is said about it that this node would have to keep. */
static bool is_unknown(const zc_replica_t *replica, zc_origin_index_t index) {
    return zc_vvec_last(&replica->vvec, index) == 0 && zc_store_floor(replica->store, index) == 0;
}

/* Deltas that are being given may stand in its chain, where nothing is left to send. */
static void remove_origin(zc_replica_t *replica, zc_origin_index_t index) {
    zc_donate_leave(replica, index);
    zc_store_origin_remove(replica->store, index);
}

static void retire(zc_replica_t *replica, zc_origin_index_t index) {
    zc_retired_row_t *row = NULL;
    zc_origin_t origin = *zc_store_origin_at(replica->store, index);
    if (zc_retired_add(&replica->retired, &origin, &row) != ZCACHE_OK) {
        return; /* at the limit, or no memory: it keeps its index */
    }
    zc_vvec_row_t known = zc_vvec_take(&replica->vvec, index);
    row->floor = zc_store_floor(replica->store, index);
    zc_retired_put(&replica->retired, row, &known);
    remove_origin(replica, index);
    replica->counters.retired++;
}

static void retire_if_settled(zc_replica_t *replica, zc_origin_index_t index, size_t *budget) {
    if (index == replica->self || zc_peers_of_origin(&replica->peers, index) != NULL) {
        return;
    }
    if (is_unknown(replica, index)) {
        size_t nothing = 0;
        if (zc_store_origin_empty(replica->store, index, &nothing)) {
            zc_vvec_row_t row = zc_vvec_take(&replica->vvec, index);
            zc_free(replica->allocator, row.intervals);
            remove_origin(replica, index);
        }
    } else if (is_over(replica, index) && *budget >= RETIRE_COST &&
               zc_store_origin_empty(replica->store, index, budget)) {
        retire(replica, index);
        *budget -= *budget < RETIRE_COST ? *budget : RETIRE_COST;
    }
}

void zc_retire_tick(zc_replica_t *replica) {
    if (zc_replica_asks(replica)) {
        return; /* what it is being sent is a run of the store, in which chains are not whole */
    }
    size_t budget = FORGET_GHOSTS;
    for (size_t i = 0; i < zc_store_origin_count(replica->store); i++) {
        zc_origin_index_t index = (zc_origin_index_t)i;
        if (!zc_origin_is_none(zc_store_origin_at(replica->store, index))) {
            retire_if_settled(replica, index, &budget);
        }
    }
}
