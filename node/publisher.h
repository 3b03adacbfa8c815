/* SPDX-License-Identifier: MPL-2.0 */
/* PUB, over which a node broadcasts: the one socket that more than one thread sends on.
 *
 * libzmq lets a socket go from thread to thread where a memory barrier stands between. The step
 * lock is that: whoever sends here holds it, as what is sent belongs to the replica until its next
 * step. Nobody polls PUB or reads from it. */
#ifndef ZC_NODE_PUBLISHER_H
#define ZC_NODE_PUBLISHER_H

#include "lib/replica/message.h"
#include "node/frame.h"

typedef struct zc_publisher {
    void *socket; /* borrowed while the node's thread runs, else NULL */
    zc_ledger_t *ledger;
    zc_buffer_t buffer;
    uint64_t sent_us;        /* when a writer sent here itself for the last time */
    uint64_t burst_until_us; /* until then writers send what makes a full batch, and no less */
    uint64_t dropped;        /* messages that could not be sent */
} zc_publisher_t;

/* A burst: so many writes wait after the time that it took the node's thread to look. While it
 * lasts a writer sends whenever so much waits, and the thread sends the rest at its end. */
enum {
    ZC_BURST_WRITES = 16,
    ZC_BURST_FULL_BYTES = 65536,
    ZC_BURST_US = 1000,
};

void zc_publisher_init(zc_publisher_t *publisher, zc_ledger_t *ledger);
void zc_publisher_fini(zc_publisher_t *publisher);

/* Sends to all subscribers without waiting. PUB drops for a peer whose queue is full and tells
 * nobody: the receiver finds the gap. */
void zc_publisher_send(zc_publisher_t *publisher, const zc_message_t *message);

#endif
