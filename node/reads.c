/* SPDX-License-Identifier: MPL-2.0 */
/* Answers that wait for reads through the donor.
 *
 * Invariant: `open` of an answer is the number of its holes that are not filled; answers stand in
 * the order in which they began, so the first is the first to be overdue; no hole before the cursor
 * is unasked, neither in an answer nor among them, so that asking costs nothing for what was asked
 * before. */
#include "node/reads.h"

#include <stdlib.h>

#include "lib/base/assert.h"
#include "lib/wire/request.h"

static bool append(zc_buffer_t *buffer, const void *data, size_t bytes) {
    uint8_t *at = zc_buffer_reserve(buffer, bytes);
    if (at == NULL) {
        return false;
    }
    if (bytes > 0) {
        memcpy(at, data, bytes);
        buffer->bytes += bytes;
    }
    return true;
}

void zc_holes_init(zc_holes_t *holes) {
    *holes = (zc_holes_t){.table = NULL};
    zc_buffer_init(&holes->keys, zc_allocator_system());
}

void zc_holes_fini(zc_holes_t *holes) {
    for (size_t i = 0; i < holes->count; i++) {
        zc_buffer_fini(&holes->table[i].result);
    }
    free(holes->table);
    zc_buffer_fini(&holes->keys);
    zc_holes_init(holes);
}

zcache_status zc_holes_add(zc_holes_t *holes, size_t at, zc_slice_t key) {
    if (holes->count == holes->capacity) {
        size_t capacity = holes->capacity == 0 ? 8 : holes->capacity * 2;
        zc_hole_t *table = realloc(holes->table, capacity * sizeof(*table));
        if (table == NULL) {
            return ZCACHE_NO_MEMORY;
        }
        holes->table = table;
        holes->capacity = capacity;
    }
    size_t key_at = holes->keys.bytes;
    if (!append(&holes->keys, key.data, key.bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_hole_t *hole = &holes->table[holes->count++];
    *hole = (zc_hole_t){.at = at, .key_at = key_at, .key_bytes = key.bytes};
    zc_buffer_init(&hole->result, zc_allocator_system());
    return ZCACHE_OK;
}

zc_slice_t zc_holes_key(const zc_holes_t *holes, size_t hole) {
    ZC_ASSERT(hole < holes->count);
    return zc_slice(holes->keys.data + holes->table[hole].key_at, holes->table[hole].key_bytes);
}

void zc_reads_init(zc_reads_t *reads) {
    *reads = (zc_reads_t){.first = NULL};
}

static void free_waiting(zc_waiting_t *waiting) {
    zc_buffer_fini(&waiting->results);
    zc_holes_fini(&waiting->holes);
    free(waiting);
}

void zc_reads_fini(zc_reads_t *reads) {
    while (reads->first != NULL) {
        zc_waiting_t *waiting = reads->first;
        reads->first = waiting->next;
        free_waiting(waiting);
    }
    zc_reads_init(reads);
}

bool zc_reads_has_room(const zc_reads_t *reads, const zc_holes_t *holes, size_t bytes) {
    return reads->open + holes->count < ZCACHE_READS_MAX &&
           reads->bytes + bytes <= ZCACHE_READS_WAITING_MAX;
}

zc_waiting_t *zc_reads_begin(zc_reads_t *reads, uint64_t route, uint64_t until_us,
                             zc_buffer_t *results, zc_holes_t *holes) {
    size_t bytes = results->bytes + holes->keys.bytes;
    if (reads->bytes + bytes > ZCACHE_READS_WAITING_MAX) {
        return NULL;
    }
    zc_waiting_t *waiting = malloc(sizeof(*waiting));
    if (waiting == NULL) {
        return NULL;
    }
    *waiting = (zc_waiting_t){
        .number = ++reads->last_number,
        .route = route,
        .until_us = until_us,
        .open = holes->count,
        .bytes = bytes,
        .results = *results,
        .holes = *holes,
    };
    zc_buffer_init(results, results->allocator);
    zc_holes_init(holes);
    reads->open += waiting->open;
    reads->bytes += bytes;
    if (reads->cursor == NULL) {
        reads->cursor = waiting;
    }
    if (reads->last == NULL) {
        reads->first = waiting;
    } else {
        reads->last->next = waiting;
    }
    reads->last = waiting;
    return waiting;
}

uint64_t zc_reads_token(const zc_waiting_t *waiting, size_t hole) {
    ZC_ASSERT(hole < waiting->holes.count);
    return (uint64_t)waiting->number << 32 | hole;
}

zc_waiting_t *zc_reads_find(const zc_reads_t *reads, uint64_t token, size_t *hole) {
    zc_waiting_t *waiting = reads->first;
    while (waiting != NULL && waiting->number != token >> 32) {
        waiting = waiting->next;
    }
    size_t found = (size_t)(token & UINT32_MAX);
    if (waiting == NULL || found >= waiting->holes.count) {
        return NULL;
    }
    *hole = found;
    return waiting;
}

static bool is_unasked(const zc_hole_t *hole) {
    return !hole->asked && !hole->filled;
}

zc_waiting_t *zc_reads_unasked(zc_reads_t *reads, size_t *hole) {
    for (; reads->cursor != NULL; reads->cursor = reads->cursor->next) {
        zc_waiting_t *waiting = reads->cursor;
        for (; waiting->cursor < waiting->holes.count; waiting->cursor++) {
            if (is_unasked(&waiting->holes.table[waiting->cursor])) {
                *hole = waiting->cursor;
                return waiting;
            }
        }
    }
    return NULL;
}

/* Numbers go around after 2^32 answers, of which few wait at once. */
static bool is_before(const zc_waiting_t *one, const zc_waiting_t *other) {
    return other == NULL || (int32_t)(one->number - other->number) < 0;
}

void zc_reads_set_asked(zc_reads_t *reads, zc_waiting_t *waiting, size_t hole, bool asked) {
    ZC_ASSERT(hole < waiting->holes.count);
    zc_hole_t *place = &waiting->holes.table[hole];
    place->asked = asked;
    if (!is_unasked(place)) {
        return;
    }
    if (hole < waiting->cursor) {
        waiting->cursor = hole;
    }
    if (is_before(waiting, reads->cursor)) {
        reads->cursor = waiting;
    }
}

/* Whether a value may be added to the answer, and to all that wait. */
static bool value_has_room(const zc_reads_t *reads, const zc_waiting_t *waiting, size_t bytes) {
    return waiting->bytes + bytes <= ZCACHE_MESSAGE_MAX - ZCACHE_BATCH_MAX &&
           reads->bytes + bytes <= ZCACHE_READS_WAITING_MAX;
}

bool zc_reads_fill(zc_reads_t *reads, zc_waiting_t *waiting, size_t hole, zcache_status status,
                   zc_slice_t value, uint8_t type) {
    ZC_ASSERT(hole < waiting->holes.count);
    zc_hole_t *place = &waiting->holes.table[hole];
    if (place->filled) {
        return false;
    }
    /* For want of memory the result stays empty, and the answer cannot be finished: the client's
     * call times out. */
    if (status != ZCACHE_OK) {
        (void)zc_response_add_status(&place->result, status);
    } else if (value_has_room(reads, waiting, value.bytes)) {
        (void)zc_response_add_value(&place->result, value, type);
    } else {
        (void)zc_response_add_status(&place->result, ZCACHE_BUSY);
    }
    waiting->bytes += place->result.bytes;
    reads->bytes += place->result.bytes;
    place->filled = true;
    waiting->open--;
    reads->open--;
    return waiting->open == 0;
}

zc_waiting_t *zc_reads_overdue(const zc_reads_t *reads, uint64_t now_us) {
    zc_waiting_t *waiting = reads->first;
    return waiting != NULL && now_us >= waiting->until_us ? waiting : NULL;
}

static void unlink_waiting(zc_reads_t *reads, const zc_waiting_t *waiting) {
    zc_waiting_t *before = NULL;
    zc_waiting_t **link = &reads->first;
    while (*link != waiting) {
        ZC_ASSERT(*link != NULL);
        before = *link;
        link = &before->next;
    }
    *link = waiting->next;
    if (reads->last == waiting) {
        reads->last = before;
    }
    if (reads->cursor == waiting) {
        reads->cursor = waiting->next;
    }
    reads->bytes -= waiting->bytes;
}

/* The results that were there from the start, between two holes; there may be none at all. */
static bool append_results(zc_buffer_t *buffer, const zc_waiting_t *waiting, size_t from,
                           size_t to) {
    return from == to || append(buffer, waiting->results.data + from, to - from);
}

zcache_status zc_reads_finish(zc_reads_t *reads, zc_waiting_t *waiting, zc_buffer_t *buffer) {
    ZC_ASSERT(waiting->open == 0);
    unlink_waiting(reads, waiting);
    buffer->bytes = 0;
    size_t taken = 0;
    bool done = true;
    for (size_t i = 0; i < waiting->holes.count; i++) {
        const zc_hole_t *hole = &waiting->holes.table[i];
        done = done && hole->result.bytes > 0 && append_results(buffer, waiting, taken, hole->at) &&
               append(buffer, hole->result.data, hole->result.bytes);
        taken = hole->at;
    }
    done = done && append_results(buffer, waiting, taken, waiting->results.bytes);
    free_waiting(waiting);
    return done ? ZCACHE_OK : ZCACHE_NO_MEMORY;
}
