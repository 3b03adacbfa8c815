/* SPDX-License-Identifier: MPL-2.0 */
/* The handle behind zcache_t: where its node is, how it is asked, and what went wrong last. */
#ifndef ZC_CLIENT_CLIENT_H
#define ZC_CLIENT_CLIENT_H

#include <zcache/client.h>
#include <zcache/watch.h>

#include "lib/client/exchange.h"

enum { ZC_TIMEOUT_DEFAULT_MS = 5000 };

struct zcache {
    const zc_allocator_t *allocator; /* its blocks are freed by free(3), as values of callers are */
    zc_endpoint_t endpoint;
    zc_local_t *local;   /* a reference; NULL over tcp */
    zc_reader_t *reader; /* of the node's store; NULL over tcp */
    bool ask;            /* a miss of the reader is to be asked about over the socket */
    uint32_t timeout_ms;
    uint64_t value_max; /* of the mesh, when it was last asked for; 0: never */
    zc_exchange_t exchange;
    zc_buffer_t request; /* of single calls, used again by each */
    zc_pending_t call;   /* the single call under way or just answered */
    zc_error_t error;
};

/* zcache_open with an allocator, borrowed for the life of the handle. */
zcache_status zc_client_open(const char *endpoint, const zc_allocator_t *allocator,
                             zcache_t **cache);

/* Begins a public call: forgets what the last one had to say. */
void zc_client_begin(zcache_t *cache);

/* Checks of arguments, with their line in cache->error. Return OK, INVALID or TOO_LARGE. */
zcache_status zc_client_check_key(zcache_t *cache, const void *key, size_t key_size);
zcache_status zc_client_check_set(zcache_t *cache, const void *value, size_t value_size,
                                  zcache_type type, uint64_t ttl_ms);

/* Before a value of this size is sent: a node ends a connection that brings more than its mesh
 * takes, so above what every node takes it is asked for value_max, anew where it was too little.
 * Returns OK, TOO_LARGE, or why it could not be asked. */
zcache_status zc_client_admit(zcache_t *cache, size_t value_size);

/* Asks the node for one operation and waits. On OK *response stands before its one result and
 * points into the handle: it is valid until zc_client_done, which every OK needs. */
zcache_status zc_client_ask(zcache_t *cache, const zc_operation_t *operation,
                            zc_response_t *response);

/* The same for `count` operations, 1 to ZCACHE_OPERATIONS_MAX: *response has as many results. */
zcache_status zc_client_ask_all(zcache_t *cache, const zc_operation_t *operations, uint32_t count,
                                zc_response_t *response);

/* Ends what zc_client_ask began. `decoded` tells how reading the result went, `status` what the
 * result was; returns what the public call returns. */
zcache_status zc_client_done(zcache_t *cache, zcache_status decoded, zcache_status status);

/* Ends a public call: the line for a status that the node has answered with, where no better one
 * was written, and none after OK and MISS. Returns `status`. */
zcache_status zc_client_tell(zcache_t *cache, zcache_status status);

/* Get into a value over the socket, and where there is one from the node's own memory. The key has
 * been checked. */
zcache_status zc_client_get_remote(zcache_t *cache, zc_slice_t key, zcache_value_t *value);
zcache_status zc_client_get_local(zcache_t *cache, zc_slice_t key, zcache_value_t *value);

/* PING; `watch_endpoint` receives where the node's watchers connect to, and may be NULL. */
zcache_status zc_client_ping(zcache_t *cache, bool *ready, zc_endpoint_t *watch_endpoint);

/* zcache_watch_open with an allocator, borrowed for the life of the watcher. */
zcache_status zc_client_watch(const char *endpoint, zc_slice_t prefix, bool values,
                              uint32_t timeout_ms, const zc_allocator_t *allocator,
                              zcache_watch_t **watch);

#endif
