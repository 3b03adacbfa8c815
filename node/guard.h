/* SPDX-License-Identifier: MPL-2.0 */
/* The guard: what libzmq does not bound for a node.
 *
 * A subscription costs PUB and XPUB up to two hundred times its bytes for as long as its connection
 * lasts, and libzmq takes as many as come. So each connection to them has an allowance of bytes,
 * far above what a peer or watcher needs, and one that has sent more is cut; what it subscribed to
 * goes with it. And where nearly all file descriptors are taken, a new connection to any socket is
 * closed at once: libzmq's listener would otherwise try again for ever, without a pause. After very
 * many connections it gives back the memory that they took.
 *
 * It has a thread of its own, because it is while the node's thread takes subscriptions over that
 * a flood of them has to be seen. */
#ifndef ZC_NODE_GUARD_H
#define ZC_NODE_GUARD_H

#include "node/sockets.h"

typedef struct zc_guard zc_guard_t;

/* Bytes that a connection to PUB or XPUB may send: the handshake takes about 110 of them. At 200
 * times as many in memory it is within 1 MiB. */
enum { ZC_GUARD_ALLOWANCE_BYTES = 4096 };

/* Begins for these sockets, which are bound. To be called by whoever uses them. Returns OK,
 * NO_MEMORY or SYSTEM (no descriptor or thread is left). */
zcache_status zc_guard_start(const zc_sockets_t *sockets, zc_guard_t **guard);

/* Before the sockets are closed. NULL is allowed. */
void zc_guard_stop(zc_guard_t **guard);

/* For both `guard` may be NULL.
 *
 * A connection's file descriptor (ZMQ_SRCFD) has sent a subscription of `bytes` that costs nothing:
 * it is given back to its allowance. */
void zc_guard_forgive(zc_guard_t *guard, int descriptor, size_t bytes);

/* Connections that were cut so far. */
uint64_t zc_guard_cuts(const zc_guard_t *guard);

#endif
