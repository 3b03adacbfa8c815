/* SPDX-License-Identifier: MPL-2.0 */
/* What the node's thread shares with the threads of clients in the same process (rule C1): the
 * replica with its store, and the queue of events. It lives until the last of them lets go of it.
 *
 *     reader ──► store (its own short lock)
 *     writer ──► step lock ──► replica, queue of events ──► wakes the node's thread
 *     node's thread ──► step lock ──► replica ──► sockets */
#ifndef ZC_NODE_SHARED_H
#define ZC_NODE_SHARED_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/client/local.h"
#include "node/publisher.h"
#include "node/watch.h"

typedef struct zc_shared {
    zc_local_t local; /* what clients know of this */
    char name[ZCACHE_NAME_BYTES_MAX + 1];
    pthread_mutex_t step; /* whoever steps the replica or touches `watch` or `publisher` holds it */
    pthread_mutex_t read; /* the store's lock, held for the work on one entry */
    zc_replica_t *replica;
    zc_store_t *store; /* of the replica */
    zc_ledger_t *ledger;
    zc_watch_t watch;
    zc_publisher_t publisher;
    int wake_fd;         /* readable: there is something to send */
    atomic_bool awake;   /* the node's thread will look at the deadline before it sleeps */
    atomic_bool joining; /* as of the node's last turn */
    atomic_bool ending;  /* the node's thread is to end */
    atomic_bool stopped; /* nothing is written or read any more */
} zc_shared_t;

/* Makes the replica of `options` (whose lock is set here) and what belongs to it. It has no
 * reference yet: zc_local_register gives the first, or zc_shared_destroy ends it. Returns OK,
 * INVALID, NO_MEMORY or SYSTEM. */
zcache_status zc_shared_new(const char *name, zc_replica_options_t *options, zc_shared_t **shared);

/* For what was never registered, or has lost its last reference. NULL is allowed. */
void zc_shared_destroy(zc_shared_t *shared);

void zc_shared_lock(zc_shared_t *shared);
void zc_shared_unlock(zc_shared_t *shared);

/* Local time in microseconds at which the node's thread is to step the replica next. Under the step
 * lock. */
uint64_t zc_shared_deadline(const zc_shared_t *shared);

/* The node's thread is about to send what waits: whether that is a burst is noted. Under the step
 * lock. */
void zc_shared_note_burst(zc_shared_t *shared, uint64_t now_us);

/* Ends the sleep of the node's thread, if it sleeps. */
void zc_shared_wake(zc_shared_t *shared);

/* Tells the node's thread to say goodbye and end. */
void zc_shared_end(zc_shared_t *shared);

#endif
