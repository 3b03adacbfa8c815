/* SPDX-License-Identifier: MPL-2.0 */
/* Encoded messages on their way out, and how many bytes of them wait.
 *
 * libzmq's high-water marks count messages, and a message may have 16 MiB: the ledger bounds the
 * bytes (rule L1). A large buffer is handed over without a copy and is in the ledger until libzmq
 * frees it, from whatever thread; a small one is copied, and the high-water mark is enough. */
#ifndef ZC_NODE_FRAME_H
#define ZC_NODE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <zmq.h>

#include <zcache/limits.h>
#include <zcache/status.h>

#include "lib/wire/buffer.h"

/* Where a frame waits. Whoever does not read fills a lane and is sent nothing more until it does,
 * while the others' lanes are as they were. A connection has the lane of its route; as ROUTER
 * counts routes up, connections share one only where there are very many of them. */
typedef unsigned zc_lane_t;

enum {
    ZC_LANE_BROADCAST, /* to all peers; what is dropped here all of them lose */
    ZC_LANE_EVENTS,    /* to all watchers */
    ZC_LANE_PEERS,     /* to peers that this node dialled */
    ZC_LANE_ROUTES,    /* the first of those of connections to ROUTER */
    ZC_LANE_ROUTES_COUNT = 256,
    ZC_LANES = ZC_LANE_ROUTES + ZC_LANE_ROUTES_COUNT,

    ZC_FRAME_COPIED_MAX = 4096, /* bytes that are rather copied */
};

static inline zc_lane_t zc_lane_of_route(uint64_t route) {
    return ZC_LANE_ROUTES + (zc_lane_t)(route % ZC_LANE_ROUTES_COUNT);
}

typedef struct zc_ledger zc_ledger_t;

/* NULL: no memory. It lives until it is released and all frames are gone. */
zc_ledger_t *zc_ledger_new(void);
void zc_ledger_release(zc_ledger_t *ledger);

/* Bytes that wait in a lane, and whether it takes another frame: up to ZCACHE_LANE_WAITING_MAX
 * (broadcasts ZCACHE_BROADCAST_WAITING_MAX), all others together up to ZCACHE_WAITING_MAX, and a
 * frame more. */
size_t zc_ledger_waiting(const zc_ledger_t *ledger, zc_lane_t lane);
bool zc_ledger_has_room(const zc_ledger_t *ledger, zc_lane_t lane);

/* Makes the content of `buffer` the content of *frame, which is initialized here. The buffer, which
 * must have the system's allocator, may be left without memory, and can be used again at once.
 * Returns OK, BUSY (the lane has no room) or NO_MEMORY; then *frame is not to be touched, and the
 * buffer is as it was. */
zcache_status zc_frame_init(zmq_msg_t *frame, zc_ledger_t *ledger, zc_lane_t lane,
                            zc_buffer_t *buffer);

#endif
