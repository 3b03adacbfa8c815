/* SPDX-License-Identifier: MPL-2.0 */
/* Three nodes in one process, with readers, writers and a watcher in threads of their own, stopped
 * while they are busy: for ThreadSanitizer, which does not run under Criterion. What the threads
 * see is checked as well, so that it is a test in every build. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zcache/zcache.h>

#include "lib/base/assert.h"
#include "tests/support/nodes.h"
#include "tests/support/wait.h"

enum {
    NODES = 3,
    WRITES = 2000, /* of each writer */
    KEYS = 200,    /* of each writer */
};

typedef struct worker {
    pthread_t thread;
    zcache_node_t *node;
    unsigned number;
    uint64_t done;
} worker_t;

static atomic_bool ending;
static atomic_bool watching;
static atomic_bool written;

static zcache_t *open_local(const zcache_node_t *node) {
    zcache_t *cache = zc_nodes_open(zcache_node_inproc_endpoint(node));
    ZC_ASSERT(cache != NULL);
    return cache;
}

static size_t make_key(unsigned writer, unsigned number, char key[32]) {
    return (size_t)snprintf(key, 32, "%u/%u", writer, number % KEYS);
}

/* Writes in the node's process: nothing of it waits for a socket. */
static void *write_many(void *context) {
    worker_t *worker = context;
    zcache_t *cache = open_local(worker->node);
    for (unsigned i = 0; i < WRITES; i++) {
        char key[32];
        char value[64];
        size_t key_bytes = make_key(worker->number, i, key);
        size_t value_bytes = (size_t)snprintf(value, sizeof(value), "%s=%u", key, i);
        zcache_status status = i % 50 == 49
                                   ? zcache_delete(cache, key, key_bytes)
                                   : zcache_set(cache, key, key_bytes, value, value_bytes, 0);
        ZC_ASSERT(status == ZCACHE_OK || status == ZCACHE_MISS);
        worker->done++;
    }
    zcache_close(&cache);
    return NULL;
}

/* Reads until the end, also when the node has stopped under it; a value always begins with its key.
 */
static void *read_many(void *context) {
    worker_t *worker = context;
    zcache_t *cache = open_local(worker->node);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    for (unsigned i = 0; !atomic_load(&ending); i++) {
        char key[32];
        size_t key_bytes = make_key(i / KEYS % NODES, i, key);
        zcache_status status = zcache_get(cache, key, key_bytes, &value);
        if (status == ZCACHE_OK) {
            ZC_ASSERT(value.size > key_bytes);
            ZC_ASSERT(memcmp(value.data, key, key_bytes) == 0);
            worker->done++;
        } else if (status == ZCACHE_STOPPED) {
            break;
        } else {
            ZC_ASSERT(status == ZCACHE_MISS);
        }
    }
    zcache_value_fini(&value);
    zcache_close(&cache);
    return NULL;
}

/* Events come with numbers that leave out what was lost and nothing else. */
static void *watch_many(void *context) {
    worker_t *worker = context;
    zcache_watch_t *watch = NULL;
    zcache_status status = zcache_watch_open(zcache_node_endpoint(worker->node), "1/", 2, true,
                                             ZC_NODES_PATIENCE_MS, &watch);
    ZC_ASSERT(status == ZCACHE_OK);
    atomic_store(&watching, true);
    uint64_t number = 0;
    while (!atomic_load(&ending)) {
        zcache_event_t event;
        status = zcache_watch_next(watch, 100, &event);
        if (status == ZCACHE_TIMEOUT) {
            continue;
        }
        ZC_ASSERT(status == ZCACHE_OK);
        ZC_ASSERT(number == 0 || event.number == number + event.lost + 1);
        ZC_ASSERT(event.key_size >= 2 && memcmp(event.key, "1/", 2) == 0);
        number = event.number;
        worker->done++;
    }
    zcache_watch_close(&watch);
    return NULL;
}

/* Compares the members again and again while they are written to. Over tcp: what passes from thread
 * to thread by inproc alone, ThreadSanitizer does not see passing. */
static void *verify_many(void *context) {
    worker_t *worker = context;
    zcache_t *cache = zc_nodes_open(zcache_node_endpoint(worker->node));
    ZC_ASSERT(cache != NULL);
    while (!atomic_load(&written)) {
        zcache_verdict_t verdict;
        zcache_status status = zcache_verify(cache, NULL, NULL, NULL, &verdict);
        ZC_ASSERT(status == ZCACHE_OK);
        ZC_ASSERT(verdict.members == NODES);
        worker->done++;
    }
    zcache_close(&cache);
    return NULL;
}

static bool is_watching(void *context) {
    (void)context;
    return atomic_load(&watching);
}

static void begin(worker_t *worker, zcache_node_t *node, unsigned number, void *(*work)(void *)) {
    *worker = (worker_t){.node = node, .number = number};
    int error = pthread_create(&worker->thread, NULL, work, worker);
    ZC_ASSERT(error == 0);
}

static void end(worker_t *worker) {
    pthread_join(worker->thread, NULL);
}

int main(void) {
    zcache_node_t *nodes[NODES];
    zcache_t *caches[NODES];
    for (size_t i = 0; i < NODES; i++) {
        nodes[i] = zc_nodes_join(i == 0 ? NULL : zcache_node_endpoint(nodes[0]));
        ZC_ASSERT(nodes[i] != NULL);
        caches[i] = zc_nodes_open(zcache_node_endpoint(nodes[i]));
        ZC_ASSERT(caches[i] != NULL);
    }
    worker_t watcher;
    worker_t readers[NODES];
    worker_t writers[NODES];
    worker_t verifier;
    begin(&watcher, nodes[2], 0, watch_many);
    bool begun = zc_wait_for(is_watching, NULL, ZC_NODES_PATIENCE_MS);
    ZC_ASSERT(begun);
    for (unsigned i = 0; i < NODES; i++) {
        begin(&readers[i], nodes[i], i, read_many);
        begin(&writers[i], nodes[i], i, write_many);
    }
    begin(&verifier, nodes[0], 0, verify_many);
    for (size_t i = 0; i < NODES; i++) {
        end(&writers[i]);
    }
    atomic_store(&written, true);
    end(&verifier);
    for (size_t i = 1; i < NODES; i++) {
        bool same = zc_nodes_wait_same(caches[0], caches[i]);
        ZC_ASSERT(same);
        ZC_ASSERT(zc_nodes_number(caches[i], "entries") > 0);
    }
    zcache_verdict_t verdict;
    zcache_status verified = zcache_verify(caches[0], NULL, NULL, NULL, &verdict);
    ZC_ASSERT(verified == ZCACHE_OK);
    ZC_ASSERT(verdict.same);
    /* One node goes while its reader is busy; the others go on. */
    zcache_node_stop(&nodes[1]);
    end(&readers[1]);
    atomic_store(&ending, true);
    end(&readers[0]);
    end(&readers[2]);
    end(&watcher);
    ZC_ASSERT(watcher.done > 0);
    printf("reads: %llu %llu %llu, events: %llu, verified: %llu\n",
           (unsigned long long)readers[0].done, (unsigned long long)readers[1].done,
           (unsigned long long)readers[2].done, (unsigned long long)watcher.done,
           (unsigned long long)verifier.done);
    for (size_t i = 0; i < NODES; i++) {
        zcache_close(&caches[i]);
        zcache_node_stop(&nodes[i]);
    }
    return 0;
}
