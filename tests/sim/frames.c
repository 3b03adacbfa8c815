/* SPDX-License-Identifier: MPL-2.0 */
/* Frames, and those that wait to be used again.
 *
 * Invariant: a frame is either held by somebody or in the list of idle ones. */
#include "tests/sim/frames.h"

#include <stdlib.h>

#include "lib/base/assert.h"
#include "lib/base/hash.h"

/* A frame that once had a whole chunk gives its memory back; the small ones, nearly all, keep it.
 */
enum { KEPT_BYTES = 4096 };

void zc_frames_init(zc_frames_t *frames) {
    *frames = (zc_frames_t){.idle = NULL};
}

static void destroy(zc_frame_t *frame) {
    zc_buffer_fini(&frame->buffer);
    zc_wire_scratch_fini(&frame->scratch);
    free(frame);
}

void zc_frames_fini(zc_frames_t *frames) {
    ZC_ASSERT(frames->resting == frames->made);
    while (frames->idle != NULL) {
        zc_frame_t *frame = frames->idle;
        frames->idle = frame->next;
        destroy(frame);
    }
    zc_frames_init(frames);
}

static zc_frame_t *make(zc_frames_t *frames) {
    zc_frame_t *frame = calloc(1, sizeof *frame);
    ZC_ASSERT(frame != NULL);
    zc_buffer_init(&frame->buffer, zc_allocator_system());
    zc_wire_scratch_init(&frame->scratch, zc_allocator_system());
    frames->made++;
    return frame;
}

zc_frame_t *zc_frames_encode(zc_frames_t *frames, const zc_message_t *message) {
    zc_frame_t *frame = frames->idle;
    if (frame == NULL) {
        frame = make(frames);
    } else {
        frames->idle = frame->next;
        frames->resting--;
    }
    frame->holders = 1;
    frame->decoded = false;
    frame->type = message->type;
    zcache_status status = zc_wire_encode(message, &frame->buffer);
    ZC_ASSERT(status == ZCACHE_OK);
    return frame;
}

void zc_frames_hold(zc_frame_t *frame) {
    frame->holders++;
}

void zc_frames_release(zc_frames_t *frames, zc_frame_t *frame) {
    ZC_ASSERT(frame->holders > 0);
    frame->holders--;
    if (frame->holders > 0) {
        return;
    }
    if (frame->buffer.capacity > KEPT_BYTES || frame->scratch.capacity > KEPT_BYTES) {
        frames->made--;
        destroy(frame);
        return;
    }
    frame->next = frames->idle;
    frames->idle = frame;
    frames->resting++;
}

zcache_status zc_frame_decode(zc_frame_t *frame, const zc_message_t **message) {
    if (!frame->decoded) {
        zc_slice_t bytes = zc_buffer_slice(&frame->buffer);
        zcache_status status = zc_wire_decode(bytes, &frame->scratch, &frame->message);
        if (status != ZCACHE_OK) {
            return status;
        }
        frame->hash = zc_hash(bytes, 0);
        frame->decoded = true;
    }
    *message = &frame->message;
    return ZCACHE_OK;
}
