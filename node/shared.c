/* SPDX-License-Identifier: MPL-2.0 */
/* What the node's thread shares with clients in the same process.
 *
 * Invariant: the replica is stepped under the step lock alone; a reader takes nothing but the
 * store's lock, so that no step and no send ever keeps it waiting. */
#define _GNU_SOURCE
#include "node/shared.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/assert.h"
#include "node/local.h"

static void acquire(void *context) {
    int error = pthread_mutex_lock(context);
    ZC_ASSERT(error == 0);
}

static bool attempt(void *context) {
    int error = pthread_mutex_trylock(context);
    ZC_ASSERT(error == 0 || error == EBUSY);
    return error == 0;
}

static void release(void *context) {
    int error = pthread_mutex_unlock(context);
    ZC_ASSERT(error == 0);
}

void zc_shared_lock(zc_shared_t *shared) {
    acquire(&shared->step);
}

void zc_shared_unlock(zc_shared_t *shared) {
    release(&shared->step);
}

/* Held for less than it takes to put a thread to sleep, so waiters spin for a moment first. */
static void init_locks(zc_shared_t *shared) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(&shared->step, &attributes);
    pthread_mutex_init(&shared->read, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

zcache_status zc_shared_new(const char *name, zc_replica_options_t *options, zc_shared_t **shared) {
    zc_shared_t *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    ZC_ASSERT(strlen(name) < sizeof(made->name));
    memcpy(made->name, name, strlen(name) + 1);
    init_locks(made);
    atomic_init(&made->awake, true);
    atomic_init(&made->joining, options->seed_count > 0);
    atomic_init(&made->ending, false);
    atomic_init(&made->stopped, false);
    made->ledger = zc_ledger_new();
    zc_publisher_init(&made->publisher, made->ledger);
    zc_watch_init(&made->watch, made->ledger, &options->identity.origin);
    zc_local_init(made);
    made->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    zcache_status status = made->ledger == NULL ? ZCACHE_NO_MEMORY : ZCACHE_OK;
    if (status == ZCACHE_OK && made->wake_fd < 0) {
        status = ZCACHE_SYSTEM;
    }
    if (status == ZCACHE_OK) {
        options->lock = (zc_lock_t){
            .acquire = acquire, .release = release, .context = &made->read, .attempt = attempt};
        status = zc_replica_new(options, &made->replica);
    }
    if (status != ZCACHE_OK) {
        zc_shared_destroy(made);
        return status;
    }
    made->store = zc_replica_store(made->replica);
    *shared = made;
    return ZCACHE_OK;
}

void zc_shared_destroy(zc_shared_t *shared) {
    if (shared == NULL) {
        return;
    }
    zc_watch_fini(&shared->watch);
    zc_publisher_fini(&shared->publisher);
    zc_replica_destroy(&shared->replica);
    zc_ledger_release(shared->ledger);
    if (shared->wake_fd >= 0) {
        close(shared->wake_fd);
    }
    pthread_mutex_destroy(&shared->step);
    pthread_mutex_destroy(&shared->read);
    free(shared);
}

uint64_t zc_shared_deadline(const zc_shared_t *shared) {
    return zc_replica_deadline_or(shared->replica, shared->publisher.burst_until_us);
}

void zc_shared_note_burst(zc_shared_t *shared, uint64_t now_us) {
    if (zc_replica_unsent(shared->replica).writes >= ZC_BURST_WRITES) {
        shared->publisher.burst_until_us = now_us + ZC_BURST_US;
    }
}

void zc_shared_wake(zc_shared_t *shared) {
    /* Whoever has written holds no lock by now, and the node's thread says that it sleeps before it
     * takes the lock to look: so it has seen the write, or is seen to sleep here. */
    if (!atomic_load(&shared->awake) && !atomic_exchange(&shared->awake, true)) {
        /* Fails only where it is readable already. */
        (void)eventfd_write(shared->wake_fd, 1);
    }
}

void zc_shared_end(zc_shared_t *shared) {
    atomic_store(&shared->ending, true);
    (void)eventfd_write(shared->wake_fd, 1);
}
