/* SPDX-License-Identifier: MPL-2.0 */
/* The node as clients in the same process reach it.
 *
 * What was written waits in the replica and in the queue of events until the node's thread, which
 * is woken, sends it. So writes that come while the last ones go out form a batch by themselves.
 * A lone write is broadcast by the writer itself while the node's thread sleeps: to wake the thread
 * would cost the writer as much, and the write the time until it runs. In a burst (publisher.h) the
 * writer sends full batches, as it would wait while the thread does, and the thread sleeps.
 *
 * Invariant: no other socket than PUB is touched here, and that under the step lock. */
#include "node/local.h"

#include <stddef.h>

#include "lib/base/assert.h"
#include "node/process.h"

static zc_shared_t *shared_of(zc_local_t *local) {
    return (zc_shared_t *)(void *)((char *)local - offsetof(zc_shared_t, local));
}

static zcache_status local_attach(zc_local_t *local, const zc_allocator_t *values,
                                  zc_reader_t **reader) {
    return zc_reader_new(shared_of(local)->store, values, reader);
}

/* The answer depends on when exactly it is. */
__attribute__((noinline, cold)) static zcache_status
get_exactly(zc_reader_t *reader, zc_slice_t key, zcache_value_t *value) {
    return zc_reader_read(reader, key, zc_moment_exact(zc_process_now_us() / 1000), value);
}

static zcache_status local_get(zc_local_t *local, zc_reader_t *reader, zc_slice_t key,
                               zcache_value_t *value, bool *ask) {
    zc_shared_t *shared = shared_of(local);
    if (atomic_load(&shared->stopped)) {
        return ZCACHE_STOPPED;
    }
    if (key.bytes - 1 >= ZCACHE_KEY_MAX) {
        return key.bytes == 0 ? ZCACHE_INVALID : ZCACHE_TOO_LARGE;
    }
    /* Looked at first: a miss from before the first transfer was complete is to be asked about,
     * even if it is complete by now. */
    bool joining = atomic_load(&shared->joining);
    zcache_status status = zc_reader_read(reader, key, zc_process_moment(), value);
    if (status == ZCACHE_BUSY) {
        status = get_exactly(reader, key, value);
    }
    if (status == ZCACHE_MISS) {
        *ask = joining;
    }
    return status;
}

static zc_write_type_t write_type(zc_operation_type_t type) {
    ZC_ASSERT(type == ZC_OPERATION_SET || type == ZC_OPERATION_DELETE ||
              type == ZC_OPERATION_CLEAR);
    if (type == ZC_OPERATION_SET) {
        return ZC_WRITE_SET;
    }
    return type == ZC_OPERATION_DELETE ? ZC_WRITE_DELETE : ZC_WRITE_CLEAR;
}

void zc_local_event(const zc_operation_t *operation, uint64_t now_us, zc_event_t *event) {
    uint64_t key_hash = zc_key_hash(operation->key);
    *event = (zc_event_t){
        .type = ZC_EVENT_WRITE,
        .now_us = now_us,
        .write = {.type = write_type(operation->type),
                  .key = operation->key,
                  .value = operation->value,
                  .value_type = operation->value_type,
                  .ttl_ms = operation->ttl_ms,
                  .key_hash = key_hash},
    };
}

enum {
    BROADCAST_PEERS_MAX = 16, /* more of them are not a writer's to send to */
    BROADCAST_PAUSE_US = 50,  /* what is written sooner forms a batch */
};

/* Sends what was written, by the thread that has written it, where it may. Under the step lock. */
static void broadcast(zc_shared_t *shared, uint64_t now_us) {
    zc_publisher_t *publisher = &shared->publisher;
    size_t peers = zc_replica_peer_count(shared->replica);
    bool full = zc_replica_unsent(shared->replica).bytes >= ZC_BURST_FULL_BYTES;
    bool lone = !atomic_load(&shared->awake) && now_us >= publisher->sent_us + BROADCAST_PAUSE_US;
    if (publisher->socket == NULL || peers == 0 || peers > BROADCAST_PEERS_MAX || !(full || lone)) {
        return;
    }
    publisher->sent_us = now_us;
    if (full) {
        publisher->burst_until_us = now_us + ZC_BURST_US;
    }
    const zc_event_t event = {.type = ZC_EVENT_FLUSH, .now_us = now_us};
    zc_effects_t effects = {.count = 0};
    zc_replica_step(shared->replica, &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        ZC_ASSERT(effects.effects[i].type == ZC_EFFECT_BROADCAST);
        zc_publisher_send(publisher, &effects.effects[i].message);
    }
}

static zcache_status local_write(zc_local_t *local, const zc_operation_t *operation) {
    zc_shared_t *shared = shared_of(local);
    zc_event_t event;
    zc_effects_t effects = {.count = 0};
    zc_local_event(operation, 0, &event);
    /* The first step to the entry is under way while the clock is read and the lock is taken. */
    zc_store_prefetch(shared->store, event.write.key_hash, ZC_PREFETCH_BUCKET);
    event.now_us = zc_process_now_us();
    zc_shared_lock(shared);
    if (atomic_load(&shared->stopped)) {
        zc_shared_unlock(shared);
        return ZCACHE_STOPPED;
    }
    zcache_status status = zc_replica_step(shared->replica, &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        zc_watch_change(&shared->watch, &effects.effects[i]);
    }
    bool due = effects.count > 0 || zc_replica_deadline(shared->replica) <= event.now_us;
    if (due && effects.count == 0) {
        broadcast(shared, event.now_us);
        due = zc_replica_deadline(shared->replica) <= event.now_us;
    }
    zc_shared_unlock(shared);
    if (due) {
        zc_shared_wake(shared);
    }
    return status;
}

static void local_destroy(zc_local_t *local) {
    zc_shared_destroy(shared_of(local));
}

void zc_local_init(zc_shared_t *shared) {
    shared->local.name = shared->name;
    shared->local.attach = local_attach;
    shared->local.get = local_get;
    shared->local.write = local_write;
    shared->local.destroy = local_destroy;
}
