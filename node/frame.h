/* SPDX-License-Identifier: MPL-2.0 */
/* Encoded messages on their way out, and how many bytes of them wait.
 *
 * libzmq's high-water marks count messages, and a message may have 16 MiB: the ledger bounds the
 * bytes (rule L1). A large buffer is handed over without a copy and is in the ledger until libzmq
 * frees it, from whatever thread; a small one is copied, and the high-water mark is enough. */
#ifndef ZC_NODE_FRAME_H
#define ZC_NODE_FRAME_H

#include <stdatomic.h>

#include <zmq.h>

#include "lib/wire/buffer.h"
#include <zcache/status.h>

typedef enum zc_frame_class {
    ZC_FRAME_BROADCAST, /* to all peers */
    ZC_FRAME_SEND,      /* to one peer */
    ZC_FRAME_RESPONSE,  /* to a client */
    ZC_FRAME_EVENT,     /* to watchers */
} zc_frame_class_t;

enum {
    ZC_FRAME_CLASSES = 4,
    ZC_FRAME_COPIED_MAX = 16384,      /* bytes that are rather copied (zmq.md, 34) */
    ZC_FRAME_WAITING_MAX = 256 << 20, /* bytes of a class that may wait */
};

typedef struct zc_ledger zc_ledger_t;

/* NULL: no memory. It lives until it is released and all frames are gone. */
zc_ledger_t *zc_ledger_new(void);
void zc_ledger_release(zc_ledger_t *ledger);
size_t zc_ledger_waiting(const zc_ledger_t *ledger, zc_frame_class_t class);

/* Makes the content of `buffer` the content of *frame, which is initialized here. The buffer, which
 * must have the system's allocator, may be left without memory, and can be used again at once.
 * Returns OK, BUSY (ZC_FRAME_WAITING_MAX) or NO_MEMORY; then *frame is not to be touched, and the
 * buffer is as it was. */
zcache_status zc_frame_init(zmq_msg_t *frame, zc_ledger_t *ledger, zc_frame_class_t class,
                            zc_buffer_t *buffer);

#endif
