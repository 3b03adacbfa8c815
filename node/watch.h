/* SPDX-License-Identifier: MPL-2.0 */
/* The change stream of a node: events are numbered and encoded where a change is applied, wait in a
 * bounded queue, and are sent from the node's thread.
 *
 * Threads: everything but zc_watch_send is called under the lock of the replica's steps. */
#ifndef ZC_NODE_WATCH_H
#define ZC_NODE_WATCH_H

#include "lib/replica/replica.h"
#include "node/frame.h"
#include "node/prefixes.h"

typedef struct zc_queued_event zc_queued_event_t;

typedef struct zc_watch {
    zc_ledger_t *ledger; /* borrowed */
    zc_origin_t origin;  /* this node's, in greetings */
    zc_prefixes_t prefixes;
    zc_queued_event_t *first;
    zc_queued_event_t *last;
    size_t queued_bytes;     /* at most ZCACHE_WATCH_QUEUE_MAX */
    uint64_t events_queued;  /* in all */
    uint64_t events_dropped; /* at the limit or for want of memory */
    zc_buffer_t buffer;
    zc_watch_event_t event; /* being made; too large for a stack that is not ours */
} zc_watch_t;

void zc_watch_init(zc_watch_t *watch, zc_ledger_t *ledger, const zc_origin_t *origin);
void zc_watch_fini(zc_watch_t *watch);

/* libzmq's XPUB tells that a topic has ended also when a connection ends one that it never had: so
 * what ends stays for as long, in which a watcher repeats what it has at least twice. */
#define ZC_WATCH_ENDING_US ((uint64_t)30 * 1000 * 1000)

/* Takes what XPUB handed up. A subscription is greeted: the watcher learns that it is in, and the
 * present number of its prefix; where it is one prefix too many, there is no number. Returns true
 * if the answer of zc_watch_wanted changed. */
bool zc_watch_subscription(zc_watch_t *watch, zc_slice_t bytes, uint64_t now_us);

/* Lets go what has ended. Returns true if the answer of zc_watch_wanted changed. */
bool zc_watch_expire(zc_watch_t *watch, uint64_t now_us);

/* Whether it begins or ends a subscription that somebody has, and that is not ending. */
bool zc_watch_has(const zc_watch_t *watch, zc_slice_t bytes);

/* Whether anybody watches, and whether anybody wants values. */
void zc_watch_wanted(const zc_watch_t *watch, bool *changes, bool *values);

/* Queues a change (an effect of the type CHANGE) for everybody who watches its key. */
void zc_watch_change(zc_watch_t *watch, const zc_effect_t *effect);

/* Takes all events out of the queue; NULL: there are none. */
zc_queued_event_t *zc_watch_take(zc_watch_t *watch);

/* Sends and frees what zc_watch_take returned; `socket` NULL only frees. */
void zc_watch_send(zc_queued_event_t *events, void *socket);

#endif
