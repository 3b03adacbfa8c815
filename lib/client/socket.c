/* SPDX-License-Identifier: MPL-2.0 */
/* Options go through zmq_setsockopt and its return value: czmq's own setters assert, and
 * libzmq's heartbeats stay off, as they can end the process. */
#include "lib/client/socket.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/assert.h"
#include "lib/client/context.h"

enum {
    ROOM_MAX = 64,
    /* The first socket of a process makes the context and starts libzmq's threads, which end the
     * program where they cannot have their descriptors. */
    ROOM_FOR_THREADS = 8,
};

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

bool zc_socket_has_room(size_t descriptors) {
    ZC_ASSERT(descriptors <= ROOM_MAX);
    int opened[ROOM_MAX];
    size_t count = 0;
    while (count < descriptors && (opened[count] = eventfd(0, EFD_CLOEXEC)) >= 0) {
        count++;
    }
    int error = errno;
    for (size_t i = 0; i < count; i++) {
        close(opened[i]);
    }
    errno = error;
    return count == descriptors;
}

void *zc_socket_new(int type) {
    if (!zc_socket_has_room(ROOM_FOR_THREADS)) {
        return NULL;
    }
    zc_context_init();
    /* What zsock_new has inside: czmq knows of the socket and closes it where a program ends
     * without doing so, and the handle is NULL where there is none. */
    return zsys_socket(type, __FILE__, __LINE__);
}

void zc_socket_close(void **socket) {
    if (socket != NULL && *socket != NULL) {
        int error = errno;
        zsys_close(*socket, __FILE__, __LINE__);
        *socket = NULL;
        errno = error;
    }
}

void *zc_socket_dial(int type, const zc_endpoint_t *endpoint) {
    void *socket = zc_socket_new(type);
    if (socket != NULL &&
        (!set_options(socket, type, endpoint) || zmq_connect(socket, endpoint->text) != 0)) {
        zc_socket_close(&socket);
    }
    return socket;
}
