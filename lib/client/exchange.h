/* SPDX-License-Identifier: MPL-2.0 */
/* The exchange: one DEALER, requests that go out with a number, and answers that find their request
 * by that number, whatever their order.
 *
 *     send ──► [number] ──► DEALER ═════► ROUTER of the node
 *     wait ◄── pending[number] ◄── DEALER ◄════
 *
 * A pending request is under way exactly while it is in the exchange's list; it leaves the list
 * with an answer or with a reason why there will be none. A socket that let a request time out, or
 * that brought something other than an answer, is replaced: libzmq does not dial again after a
 * protocol error, and tells nobody. Requests that were under way on it time out with it.
 */
#ifndef ZC_CLIENT_EXCHANGE_H
#define ZC_CLIENT_EXCHANGE_H

#include <czmq.h>

#include "lib/client/endpoint.h"
#include "lib/client/error.h"
#include "lib/client/local.h"
#include "lib/wire/request.h"

typedef enum zc_pending_state {
    ZC_PENDING_IDLE,
    ZC_PENDING_UNDER_WAY,
    ZC_PENDING_ANSWERED, /* frame is the answer, its head is valid */
    ZC_PENDING_FAILED,   /* status tells why */
} zc_pending_state_t;

/* A request and its answer. Owned by whoever sends it; it stays where it is while under way. */
typedef struct zc_pending {
    zc_pending_state_t state;
    zcache_status status;
    uint64_t number;
    uint64_t deadline_us;
    zmq_msg_t frame; /* always initialised between init and fini */
    struct zc_pending *next;
} zc_pending_t;

void zc_pending_init(zc_pending_t *pending);

typedef struct zc_exchange {
    const zc_allocator_t *allocator;
    const zc_endpoint_t *endpoint; /* borrowed */
    zc_local_t *local;             /* borrowed; NULL over tcp */
    zc_error_t *error;             /* borrowed; what went wrong is told here */
    void *socket;                  /* NULL: to be opened by the next send */
    uint64_t opened_us;
    bool probed; /* probe tells what was found at the endpoint since the socket was opened */
    zc_probe_t probe;
    uint64_t last_number;
    zc_pending_t *pending; /* those under way, newest first */
    size_t pending_count;
} zc_exchange_t;

/* Ends every request under way with TIMEOUT and closes the socket. */
void zc_exchange_fini(zc_exchange_t *exchange);

/* Opens the socket, if there is none: it dials in the background. Returns OK or SYSTEM. */
zcache_status zc_exchange_open(zc_exchange_t *exchange);

/* The number for the next request. */
uint64_t zc_exchange_number(zc_exchange_t *exchange);

/* Sends the encoded request of `pending`, whose number and deadline are set, waiting for a
 * connection until the deadline. `request` may be emptied: a large one is handed to libzmq as it
 * is. `from` is where the message begins in it. Returns OK (now it is under way), BUSY, NO_MEMORY,
 * UNREACHABLE, STOPPED or SYSTEM. */
zcache_status zc_exchange_send(zc_exchange_t *exchange, zc_buffer_t *request, size_t from,
                               zc_pending_t *pending);

/* Waits until `pending` is no longer under way, at most until its deadline. Returns OK (answered),
 * TIMEOUT, INCOMPATIBLE, STOPPED or SYSTEM. */
zcache_status zc_exchange_wait(zc_exchange_t *exchange, zc_pending_t *pending);

/* Makes the request idle: its frame is released, and an answer still to come will be dropped. */
void zc_exchange_forget(zc_exchange_t *exchange, zc_pending_t *pending);

#endif
