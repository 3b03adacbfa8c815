/* SPDX-License-Identifier: MPL-2.0 */
/* Encoded messages on their way out.
 *
 * Invariant: the bytes of a class are the sum of what its frames hold that libzmq has not freed;
 * each of those frames has a reference to the ledger, so that it outlives the node. */
#include "node/frame.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"

struct zc_ledger {
    atomic_uint references;
    atomic_size_t waiting[ZC_FRAME_CLASSES];
};

/* What is told of a frame when libzmq frees it. */
typedef struct frame_note {
    zc_ledger_t *ledger;
    zc_frame_class_t class;
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

size_t zc_ledger_waiting(const zc_ledger_t *ledger, zc_frame_class_t class) {
    return atomic_load(&ledger->waiting[class]);
}

/* Called by libzmq from its own thread. */
static void free_frame(void *data, void *hint) {
    frame_note_t *note = hint;
    atomic_fetch_sub(&note->ledger->waiting[note->class], note->bytes);
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

zcache_status zc_frame_init(zmq_msg_t *frame, zc_ledger_t *ledger, zc_frame_class_t class,
                            zc_buffer_t *buffer) {
    ZC_ASSERT(buffer->allocator == zc_allocator_system());
    if (buffer->bytes <= ZC_FRAME_COPIED_MAX) {
        return copy_small(frame, buffer);
    }
    if (atomic_load(&ledger->waiting[class]) > ZC_FRAME_WAITING_MAX) {
        return ZCACHE_BUSY;
    }
    frame_note_t *note = malloc(sizeof(*note));
    if (note == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    /* What is kept is the buffer's memory, which may be more than what is in use. */
    *note = (frame_note_t){.ledger = ledger, .class = class, .bytes = buffer->capacity};
    if (zmq_msg_init_data(frame, buffer->data, buffer->bytes, free_frame, note) != 0) {
        free(note);
        return ZCACHE_NO_MEMORY;
    }
    atomic_fetch_add(&ledger->waiting[class], note->bytes);
    atomic_fetch_add(&ledger->references, 1);
    zc_buffer_init(buffer, buffer->allocator);
    return ZCACHE_OK;
}
