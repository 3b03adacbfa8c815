/* SPDX-License-Identifier: MPL-2.0 */
/* The guard: what libzmq does not bound for a node.
 *
 * A subscription costs PUB and XPUB up to two hundred times its bytes for as long as it lasts, and
 * libzmq takes as many as come. So each connection to them has an allowance of bytes, far above
 * what a peer or watcher needs, and one that has sent more is cut; what it subscribed to goes with
 * it. ROUTER keeps the frames of a message until the last has come, however many they are: a
 * connection of which more is kept than the largest request has, and that no other message
 * explains, is cut. And where nearly all file descriptors are taken, a new connection to any socket
 * is closed at once: libzmq's listener would otherwise try again for ever, without a pause. After
 * very many connections it gives back the memory that they took.
 *
 * It has a thread of its own, because it is while the node's thread takes subscriptions over that
 * a flood of them has to be seen. */
#ifndef ZC_NODE_GUARD_H
#define ZC_NODE_GUARD_H

#include "node/sockets.h"

typedef struct zc_guard zc_guard_t;

enum {
    /* Bytes that a connection to PUB or XPUB may have sent: the handshake takes about 110 of them.
     * At 200 times as many in memory it is within 1 MiB. */
    ZC_GUARD_ALLOWANCE_BYTES = 4096,
    /* What ROUTER may keep of a connection beside a request that has half come: a handshake, what
     * was read at once, heads, commands. */
    ZC_GUARD_SLACK_BYTES = 32768,
};

/* Begins for these sockets, which are bound. To be called by whoever uses them. `wake` is an
 * eventfd that makes the node's thread take a turn, or -1. Returns OK, NO_MEMORY or SYSTEM (no
 * descriptor or thread is left: errno tells). */
zcache_status zc_guard_start(const zc_sockets_t *sockets, int wake, zc_guard_t **guard);

/* Before the sockets are closed. NULL is allowed. */
void zc_guard_stop(zc_guard_t **guard);

/* For all below `guard` may be NULL.
 *
 * The node has taken a frame of a message. What came over TCP is settled: it costs nothing any
 * more. */
void zc_guard_settle(zc_guard_t *guard, zmq_msg_t *frame);

/* The frame, which was settled, is a subscription that is kept, or ends one that was. */
void zc_guard_keep(zc_guard_t *guard, zmq_msg_t *frame);
void zc_guard_let_go(zc_guard_t *guard, zmq_msg_t *frame);

/* The node has settled so many messages of ROUTER; `emptied`: and found no further one there. */
void zc_guard_turn(zc_guard_t *guard, unsigned messages, bool emptied);

/* Requests of so many bytes are taken from now on. */
void zc_guard_allow(zc_guard_t *guard, uint64_t request_max);

/* Connections that were cut so far. */
uint64_t zc_guard_cuts(const zc_guard_t *guard);

#endif
