/* SPDX-License-Identifier: MPL-2.0 */
/* What is on its way as bytes. A broadcast is encoded once and decoded once, for all its receivers:
 * a replica only borrows what it is handed, and the bytes are the same.
 *
 * A frame is shared by the flights that carry it, and used again once the last has let go. */
#ifndef ZC_TESTS_SIM_FRAMES_H
#define ZC_TESTS_SIM_FRAMES_H

#include "lib/wire/wire.h"

typedef struct zc_frame {
    zc_buffer_t buffer;
    zc_wire_scratch_t scratch;
    zc_message_type_t type;
    zc_message_t message; /* once decoded */
    bool decoded;
    uint64_t hash; /* of the bytes, once decoded */
    size_t holders;
    struct zc_frame *next; /* of those that are not in use */
} zc_frame_t;

typedef struct zc_frames {
    zc_frame_t *idle;
    size_t made;
    size_t resting;
} zc_frames_t;

void zc_frames_init(zc_frames_t *frames);
/* Every frame has been let go. */
void zc_frames_fini(zc_frames_t *frames);

/* The bytes of a message; the caller holds the frame. */
zc_frame_t *zc_frames_encode(zc_frames_t *frames, const zc_message_t *message);
void zc_frames_hold(zc_frame_t *frame);
void zc_frames_release(zc_frames_t *frames, zc_frame_t *frame);

/* The message as a receiver decodes it, valid while the frame is held. Returns how that went. */
zcache_status zc_frame_decode(zc_frame_t *frame, const zc_message_t **message);

#endif
