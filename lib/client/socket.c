/* SPDX-License-Identifier: MPL-2.0 */
/* Options go through zmq_setsockopt and its return value: czmq's own setters assert, and
 * libzmq's heartbeats stay off, as they can end the process. */
#include "lib/client/socket.h"

#include "lib/client/context.h"

/* X(option, value, why) for every socket of the client. */
#define OPTION_MAP(X)                                                                              \
    X(ZMQ_LINGER, 0, "closing a handle waits for nobody")                                          \
    X(ZMQ_SNDHWM, ZCACHE_REQUESTS_MAX, "every request that may be under way has room")             \
    X(ZMQ_RCVHWM, ZCACHE_REQUESTS_MAX, "and so has its answer")                                    \
    X(ZMQ_RECONNECT_IVL, 100, "milliseconds before it dials again")                                \
    X(ZMQ_RECONNECT_IVL_MAX, 1000, "and at most")                                                  \
    X(ZMQ_CONNECT_TIMEOUT, 5000, "milliseconds for one dial")                                      \
    X(ZMQ_HANDSHAKE_IVL, 5000, "milliseconds for what is there to greet")                          \
    X(ZMQ_TCP_KEEPALIVE, 1, "a host that is gone is noticed")                                      \
    X(ZMQ_TCP_KEEPALIVE_IDLE, 10, "seconds of silence")                                            \
    X(ZMQ_TCP_KEEPALIVE_INTVL, 5, "seconds between probes")                                        \
    X(ZMQ_TCP_KEEPALIVE_CNT, 3, "probes")

static bool set_option(void *socket, int option, int value) {
    return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool set_options(void *socket, int type, const zc_endpoint_t *endpoint) {
    bool done = true;
#define OPTION_ROW(option, value, why) done = done && set_option(socket, option, value);
    OPTION_MAP(OPTION_ROW)
#undef OPTION_ROW
    int64_t message_max = ZCACHE_MESSAGE_MAX;
    done = done && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, sizeof(message_max)) == 0 &&
           set_option(socket, ZMQ_IPV6, endpoint->ipv6 ? 1 : 0);
    /* A request is queued for a connection that is there, so that one that cannot go out is known
     * as not sent. */
    return done && (type != ZMQ_DEALER || set_option(socket, ZMQ_IMMEDIATE, 1));
}

zsock_t *zc_socket_dial(int type, const zc_endpoint_t *endpoint) {
    zc_context_init();
    zsock_t *socket = zsock_new(type);
    if (socket == NULL) {
        return NULL;
    }
    void *handle = zsock_resolve(socket);
    if (!set_options(handle, type, endpoint) || zmq_connect(handle, endpoint->text) != 0) {
        int error = zmq_errno();
        zsock_destroy(&socket);
        errno = error;
    }
    return socket;
}
