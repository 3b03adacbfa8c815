/* SPDX-License-Identifier: MPL-2.0 */
/* Encoded messages on their way out.
 *
 * Invariant: the bytes of a lane are the sum of what its frames hold that libzmq has not freed, and
 * the total is that of all lanes but the one of broadcasts; each of those frames has a reference to
 * the ledger, so that it outlives the node. */
#include "node/frame.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"

struct zc_ledger {
    atomic_uint references;
    atomic_size_t total;
    atomic_size_t waiting[ZC_LANES];
};

/* What is told of a frame when libzmq frees it. */
typedef struct frame_note {
    zc_ledger_t *ledger;
    zc_lane_t lane;
    size_t bytes;
} frame_note_t;

zc_ledger_t *zc_ledger_new(void) {
    zc_ledger_t *ledger = calloc(1, sizeof(*ledger));
    if (ledger != NULL) {
        atomic_init(&ledger->references, 1);
    }
    return ledger;
}

void zc_ledger_release(zc_ledger_t *ledger) {
    if (ledger != NULL && atomic_fetch_sub(&ledger->references, 1) == 1) {
        free(ledger);
    }
}

size_t zc_ledger_waiting(const zc_ledger_t *ledger, zc_lane_t lane) {
    return atomic_load(&ledger->waiting[lane]);
}

bool zc_ledger_has_room(const zc_ledger_t *ledger, zc_lane_t lane) {
    if (lane == ZC_LANE_BROADCAST) {
        return atomic_load(&ledger->waiting[lane]) <= ZCACHE_BROADCAST_WAITING_MAX;
    }
    return atomic_load(&ledger->waiting[lane]) <= ZCACHE_LANE_WAITING_MAX &&
           atomic_load(&ledger->total) <= ZCACHE_WAITING_MAX;
}

/* Adds to a lane, modulo the width of a size: so it takes away as well. */
static void count(zc_ledger_t *ledger, zc_lane_t lane, size_t bytes) {
    atomic_fetch_add(&ledger->waiting[lane], bytes);
    if (lane != ZC_LANE_BROADCAST) {
        atomic_fetch_add(&ledger->total, bytes);
    }
}

/* Called by libzmq from its own thread. */
static void free_frame(void *data, void *hint) {
    frame_note_t *note = hint;
    count(note->ledger, note->lane, (size_t)0 - note->bytes);
    zc_ledger_release(note->ledger);
    free(note);
    zc_free(zc_allocator_system(), data);
}

static zcache_status copy_small(zmq_msg_t *frame, const zc_buffer_t *buffer) {
    if (zmq_msg_init_size(frame, buffer->bytes) != 0) {
        return ZCACHE_NO_MEMORY;
    }
    if (buffer->bytes > 0) {
        memcpy(zmq_msg_data(frame), buffer->data, buffer->bytes);
    }
    return ZCACHE_OK;
}

zcache_status zc_frame_init(zmq_msg_t *frame, zc_ledger_t *ledger, zc_lane_t lane,
                            zc_buffer_t *buffer) {
    ZC_ASSERT(buffer->allocator == zc_allocator_system());
    if (buffer->bytes <= ZC_FRAME_COPIED_MAX) {
        return copy_small(frame, buffer);
    }
    ZC_ASSERT(lane < ZC_LANES);
    if (!zc_ledger_has_room(ledger, lane)) {
        return ZCACHE_BUSY;
    }
    frame_note_t *note = malloc(sizeof(*note));
    if (note == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    /* What is kept is the buffer's memory, which may be more than what is in use. */
    *note = (frame_note_t){.ledger = ledger, .lane = lane, .bytes = buffer->capacity};
    if (zmq_msg_init_data(frame, buffer->data, buffer->bytes, free_frame, note) != 0) {
        free(note);
        return ZCACHE_NO_MEMORY;
    }
    count(ledger, lane, note->bytes);
    atomic_fetch_add(&ledger->references, 1);
    zc_buffer_init(buffer, buffer->allocator);
    return ZCACHE_OK;
}
