/* SPDX-License-Identifier: MPL-2.0 */
/* The connections that a node makes: a DEALER for each peer, and one SUB to all of them. */
#ifndef ZC_NODE_DIAL_H
#define ZC_NODE_DIAL_H

#include "lib/replica/replica.h"
#include "node/sockets.h"

typedef struct zc_dialled {
    void *dealer;                       /* NULL: not dialled */
    char subscribed[ZC_ENDPOINT_BYTES]; /* "": not subscribed */
} zc_dialled_t;

typedef struct zc_dial {
    void *subscribe; /* borrowed */
    zc_dialled_t *peers[ZCACHE_MEMBERS_MAX];
    size_t count; /* of peers that are there */
    size_t count_max;
    uint64_t
        changes; /* counts up whenever a DEALER comes or goes: the poll set is to be made anew */
} zc_dial_t;

/* How many peers may be dialled follows from the file descriptors that the process may have, of
 * which a part is kept for clients: strangers decide who is to be dialled. */
void zc_dial_init(zc_dial_t *dial, void *subscribe);
void zc_dial_fini(zc_dial_t *dial);

/* Connects a DEALER to the ROUTER of a peer, in place of one that it has. A new socket, so that
 * nothing that waited for the last one comes out of it. Returns OK, INVALID (not an endpoint that
 * may be dialled; a name is none, because looking it up would hold up the thread that serves all
 * sockets), NO_MEMORY, BUSY (too many are dialled) or SYSTEM. */
zcache_status zc_dial_open(zc_dial_t *dial, zc_peer_number_t peer, zc_slice_t endpoint);

/* Connects SUB to the PUB of a peer, anew where it is connected. Returns as zc_dial_open. */
zcache_status zc_dial_subscribe(zc_dial_t *dial, zc_peer_number_t peer, zc_slice_t endpoint);

/* Drops both. */
void zc_dial_hang_up(zc_dial_t *dial, zc_peer_number_t peer);

/* NULL: not dialled. */
void *zc_dial_dealer(const zc_dial_t *dial, zc_peer_number_t peer);

#endif
