/* SPDX-License-Identifier: MPL-2.0 */
/* The exchange over one DEALER. Every wait has a deadline, and nothing that comes from the network
 * is believed before zc_response_open has looked at it. */
#include "lib/client/exchange.h"

#include "lib/base/assert.h"
#include "lib/client/context.h"
#include "lib/client/deadline.h"
#include "lib/client/socket.h"

enum {
    HAND_OVER_BYTES = 4096, /* from here on handing over costs no more than a copy */
    POLL_MS = 60000,
    POLL_LOCAL_MS = 50,    /* how soon a call on inproc sees that its node has stopped */
    PATIENCE_US = 1000000, /* a socket without a connection for this long is opened anew */
    PROBE_MS = 200,
    RECEIVE_BUDGET = 256, /* messages between two looks at the clock */
};

void zc_pending_init(zc_pending_t *pending) {
    *pending = (zc_pending_t){.state = ZC_PENDING_IDLE};
    zmq_msg_init(&pending->frame);
}

static void link_pending(zc_exchange_t *exchange, zc_pending_t *pending) {
    pending->state = ZC_PENDING_UNDER_WAY;
    pending->next = exchange->pending;
    exchange->pending = pending;
    exchange->pending_count++;
}

/* Takes the link's request out of the list. */
static zc_pending_t *unlink_pending(zc_exchange_t *exchange, zc_pending_t **link) {
    zc_pending_t *pending = *link;
    ZC_ASSERT(pending != NULL);
    *link = pending->next;
    pending->next = NULL;
    exchange->pending_count--;
    return pending;
}

static zc_pending_t **find_pending(zc_exchange_t *exchange, uint64_t number) {
    zc_pending_t **link = &exchange->pending;
    while (*link != NULL && (*link)->number != number) {
        link = &(*link)->next;
    }
    return link;
}

/* Closes the socket; what was under way on it ends with `status`. */
static void abandon(zc_exchange_t *exchange, zcache_status status) {
    while (exchange->pending != NULL) {
        zc_pending_t *pending = unlink_pending(exchange, &exchange->pending);
        pending->state = ZC_PENDING_FAILED;
        pending->status = status;
    }
    zc_socket_close(&exchange->socket);
}

void zc_exchange_fini(zc_exchange_t *exchange) {
    abandon(exchange, ZCACHE_TIMEOUT);
}

zcache_status zc_exchange_open(zc_exchange_t *exchange) {
    if (exchange->socket != NULL) {
        return ZCACHE_OK;
    }
    exchange->socket = zc_socket_dial(ZMQ_DEALER, exchange->endpoint);
    if (exchange->socket == NULL) {
        return zc_error_set(exchange->error, ZCACHE_SYSTEM, "cannot open a socket: %s",
                            zmq_strerror(zmq_errno()));
    }
    exchange->opened_us = zc_now_us();
    exchange->probed = false;
    return ZCACHE_OK;
}

uint64_t zc_exchange_number(zc_exchange_t *exchange) {
    return ++exchange->last_number;
}

/* True while the node of this inproc name is still the one that the handle was opened on. */
static bool is_running(const zc_exchange_t *exchange) {
    if (exchange->local == NULL) {
        return true;
    }
    zc_local_t *found = zc_local_find(exchange->endpoint->name);
    bool same = found == exchange->local;
    if (found != NULL) {
        zc_local_release(found);
    }
    return same;
}

static zcache_status stopped(zc_exchange_t *exchange) {
    abandon(exchange, ZCACHE_STOPPED);
    return zc_error_set(exchange->error, ZCACHE_STOPPED, "the node at %s has stopped",
                        exchange->endpoint->text);
}

/* Something that is no answer came: whatever is there does not speak our protocol, and nothing else
 * that it says can be trusted to belong to a request. */
static zcache_status incompatible(zc_exchange_t *exchange, const char *what) {
    abandon(exchange, ZCACHE_INCOMPATIBLE);
    return zc_error_set(exchange->error, ZCACHE_INCOMPATIBLE, "%s has answered with %s; %s",
                        exchange->endpoint->text, what, "is it the first port of a zcache node?");
}

/* Gives one received frame to the request that it answers, and drops it if that is gone. */
static zcache_status dispatch(zc_exchange_t *exchange, zmq_msg_t *frame) {
    if (zmq_msg_more(frame)) {
        return incompatible(exchange, "something that is not a message of zcache");
    }
    zc_response_t response;
    zcache_status status =
        zc_response_open(zc_slice(zmq_msg_data(frame), zmq_msg_size(frame)), &response);
    if (status != ZCACHE_OK) {
        return incompatible(exchange, status == ZCACHE_INCOMPATIBLE
                                          ? "another version of the protocol"
                                          : "something that is not a message of zcache");
    }
    if (response.number == 0) {
        abandon(exchange, ZCACHE_INCOMPATIBLE);
        return zc_error_set(exchange->error, ZCACHE_INCOMPATIBLE,
                            "%s does not know what it was asked: an older version?",
                            exchange->endpoint->text);
    }
    zc_pending_t **link = find_pending(exchange, response.number);
    if (*link != NULL) {
        zc_pending_t *pending = unlink_pending(exchange, link);
        zmq_msg_move(&pending->frame, frame);
        pending->state = ZC_PENDING_ANSWERED;
    }
    return ZCACHE_OK;
}

/* Takes what has come, a bounded number of messages. Returns OK, also if nothing has. */
static zcache_status receive(zc_exchange_t *exchange) {
    for (int taken = 0; taken < RECEIVE_BUDGET; taken++) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        zcache_status status = ZCACHE_OK;
        bool got = zmq_msg_recv(&frame, exchange->socket, ZMQ_DONTWAIT) >= 0;
        if (got) {
            status = dispatch(exchange, &frame);
        }
        zmq_msg_close(&frame);
        if (!got || status != ZCACHE_OK) {
            return status;
        }
    }
    return ZCACHE_OK;
}

/* Waits for any of `events`. Returns OK, also after a while without any, or SYSTEM. */
static zcache_status await(zc_exchange_t *exchange, short events, uint64_t deadline_us) {
    zmq_pollitem_t item = {.socket = exchange->socket, .events = events};
    int most_ms = exchange->local == NULL ? POLL_MS : POLL_LOCAL_MS;
    if (zmq_poll(&item, 1, zc_remaining_ms(deadline_us, most_ms)) < 0 && zmq_errno() != EINTR) {
        return zc_error_set(exchange->error, ZCACHE_SYSTEM, "cannot wait for the node: %s",
                            zmq_strerror(zmq_errno()));
    }
    return ZCACHE_OK;
}

/* What is at the endpoint, looked at once for each socket: calls that fail often stay short. */
static zc_probe_t probe(zc_exchange_t *exchange) {
    if (!exchange->probed && !exchange->endpoint->inproc) {
        exchange->probe = zc_endpoint_probe(exchange->endpoint, PROBE_MS);
        exchange->probed = true;
    }
    return exchange->endpoint->inproc ? ZC_PROBE_SILENT : exchange->probe;
}

static zcache_status unreachable(zc_exchange_t *exchange) {
    const char *before = "no connection in time to";
    const char *after = "";
    switch (probe(exchange)) {
    case ZC_PROBE_REFUSED:
        before = "no node listens at";
        break;
    case ZC_PROBE_ZEROMQ:
        after =
            ", though something that speaks ZeroMQ does: a node's first port is the one to name";
        before = "nothing that speaks zcache answers at";
        break;
    case ZC_PROBE_STRANGER:
        before = "nothing that speaks zcache answers at";
        break;
    case ZC_PROBE_MUTE:
        after = ": something listens there, but is stopped, too busy, or no node";
        before = "no answer in time from";
        break;
    case ZC_PROBE_SILENT:
        break;
    }
    if (zc_now_us() - exchange->opened_us >= PATIENCE_US) {
        abandon(exchange, ZCACHE_TIMEOUT);
    }
    return zc_error_set(exchange->error, ZCACHE_UNREACHABLE, "%s %s%s", before,
                        exchange->endpoint->text, after);
}

/* Called by libzmq's own thread once the bytes are sent. */
static void free_sent(void *data, void *hint) {
    const zc_allocator_t *allocator = hint;
    zc_free(allocator, data);
}

/* A message of the buffer's bytes: a copy, or the buffer's own memory where that is large. The
 * message frees what it is told is its beginning, so only a message from 0 can be handed over. */
static zcache_status make_message(zc_exchange_t *exchange, zc_buffer_t *request, size_t from,
                                  zmq_msg_t *message) {
    size_t bytes = request->bytes - from;
    if (from == 0 && bytes >= HAND_OVER_BYTES) {
        void *hint = (void *)(uintptr_t)exchange->allocator;
        if (zmq_msg_init_data(message, request->data, bytes, free_sent, hint) != 0) {
            return ZCACHE_NO_MEMORY;
        }
        zc_buffer_init(request, exchange->allocator);
        return ZCACHE_OK;
    }
    if (zmq_msg_init_size(message, bytes) != 0) {
        return ZCACHE_NO_MEMORY;
    }
    memcpy(zmq_msg_data(message), request->data + from, bytes);
    return ZCACHE_OK;
}

/* Answers are taken while it waits for room: a node that cannot send does not take either. */
static zcache_status send_message(zc_exchange_t *exchange, zmq_msg_t *message,
                                  uint64_t deadline_us) {
    for (;;) {
        if (zmq_msg_send(message, exchange->socket, ZMQ_DONTWAIT) >= 0) {
            return ZCACHE_OK;
        }
        int error = zmq_errno();
        if (error != EAGAIN && error != EINTR) {
            return zc_error_set(exchange->error, ZCACHE_SYSTEM, "cannot send to %s: %s",
                                exchange->endpoint->text, zmq_strerror(error));
        }
        if (zc_remaining_ms(deadline_us, POLL_MS) == 0) {
            return unreachable(exchange);
        }
        if (!is_running(exchange)) {
            return stopped(exchange);
        }
        zcache_status status = await(exchange, ZMQ_POLLIN | ZMQ_POLLOUT, deadline_us);
        if (status == ZCACHE_OK) {
            status = receive(exchange);
        }
        if (status != ZCACHE_OK) {
            return status;
        }
    }
}

zcache_status zc_exchange_send(zc_exchange_t *exchange, zc_buffer_t *request, size_t from,
                               zc_pending_t *pending) {
    ZC_ASSERT(pending->state != ZC_PENDING_UNDER_WAY);
    if (exchange->pending_count >= ZCACHE_REQUESTS_MAX) {
        return zc_error_set(exchange->error, ZCACHE_BUSY,
                            "%d requests are under way; wait for one of them", ZCACHE_REQUESTS_MAX);
    }
    if (!is_running(exchange)) {
        return stopped(exchange);
    }
    zcache_status status = zc_exchange_open(exchange);
    if (status == ZCACHE_OK) {
        status = receive(exchange); /* late answers make room, and strangers show */
    }
    zmq_msg_t message;
    if (status == ZCACHE_OK) {
        status = make_message(exchange, request, from, &message);
    }
    if (status != ZCACHE_OK) {
        return status;
    }
    status = send_message(exchange, &message, pending->deadline_us);
    if (status != ZCACHE_OK) {
        zmq_msg_close(&message);
        return status;
    }
    link_pending(exchange, pending);
    return ZCACHE_OK;
}

zcache_status zc_exchange_wait(zc_exchange_t *exchange, zc_pending_t *pending) {
    ZC_ASSERT(pending->state != ZC_PENDING_IDLE);
    zcache_status status = ZCACHE_OK;
    while (pending->state == ZC_PENDING_UNDER_WAY && status == ZCACHE_OK) {
        status = await(exchange, ZMQ_POLLIN, pending->deadline_us);
        if (status == ZCACHE_OK) {
            status = receive(exchange);
        }
        if (status != ZCACHE_OK || pending->state != ZC_PENDING_UNDER_WAY) {
            break;
        }
        if (!is_running(exchange)) {
            status = stopped(exchange);
        } else if (zc_remaining_ms(pending->deadline_us, POLL_MS) == 0) {
            abandon(exchange, ZCACHE_TIMEOUT);
            status = zc_error_set(exchange->error, ZCACHE_TIMEOUT, "%s has not answered in time",
                                  exchange->endpoint->text);
        }
    }
    if (status == ZCACHE_SYSTEM) {
        abandon(exchange, status);
    }
    return pending->state == ZC_PENDING_ANSWERED ? ZCACHE_OK : pending->status;
}

void zc_exchange_forget(zc_exchange_t *exchange, zc_pending_t *pending) {
    if (pending->state == ZC_PENDING_UNDER_WAY) {
        unlink_pending(exchange, find_pending(exchange, pending->number));
    }
    zmq_msg_close(&pending->frame);
    zc_pending_init(pending);
}
