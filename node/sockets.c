/* SPDX-License-Identifier: MPL-2.0 */
/* The sockets of a node.
 *
 * Invariant: every option is set before a socket is bound or connected, every
 * high-water mark is finite, and libzmq's own heartbeats stay off on all of them. */
#define _GNU_SOURCE
#include "node/sockets.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/client/socket.h"
#include "node/failure.h"
#include "node/process.h"

enum {
    ROUTER = 1,
    PUBLISH = 2,
    WATCH = 4,
    SUBSCRIBE = 8,
    DEALER = 16,
    BOUND = ROUTER | PUBLISH | WATCH,
    CONNECTED = SUBSCRIBE | DEALER,
    ALL = BOUND | CONNECTED,

    REQUEST_HEAD_BYTES = 1024, /* more than a request has beside a key and a value */
    REBIND_MS = 100,

    /* Of what PUB and XPUB are sent: topics and a handshake. */
    TOPIC_FRAME_MAX = 256,
    /* What the kernel takes in advance for them, so that the guard sees a flood in time. */
    TOPIC_QUEUE_BYTES = 4096,

    /* Where no port is asked for: above those of well-known services, and below those that the
     * kernel gives to clients, among which a node could dial itself. */
    PORTS_LEAST = 10240,
    PORTS_END = 32768,
    PORTS_TRIES = 256,
    BIND_PATIENCE_MS = 2000, /* for a port that nobody answers at: a socket that is being closed */
    BIND_ANSWERED_MS = 250,  /* for one where somebody does: most likely another program */
    BIND_PAUSE_MS = 20,
};

/* The option table: which sockets have which option. */
static const struct {
    int sockets;
    int option;
    int value;
} option_table[] = {
    /* What a node still has to say when it stops, its goodbye above all. */
    {BOUND, ZMQ_LINGER, 300},
    {CONNECTED, ZMQ_LINGER, 0},
    /* Messages for one peer that wait, each of up to a batch; what does not fit is dropped, found
     * by the chain and repaired. */
    {PUBLISH, ZMQ_SNDHWM, 1000},
    {SUBSCRIBE, ZMQ_RCVHWM, 1000},
    {WATCH, ZMQ_SNDHWM, ZCACHE_WATCHER_EVENTS_MAX},
    /* A subscription at a time, so that a flood of them leaves turns to others. */
    {PUBLISH | WATCH, ZMQ_RCVHWM, 1},
    {ROUTER, ZMQ_SNDHWM, 1000},
    {ROUTER, ZMQ_RCVHWM, ZC_SOCKETS_REQUESTS_WAITING},
    /* A hello waits here until its peer is reached; nothing piles up behind it. */
    {DEALER, ZMQ_SNDHWM, 64},
    {DEALER, ZMQ_RCVHWM, 1000},
    {ROUTER | SUBSCRIBE | DEALER, ZMQ_SNDTIMEO, 0},
    {ROUTER, ZMQ_ROUTER_MANDATORY, 1},
    {WATCH, ZMQ_XPUB_VERBOSE, 1},
    {PUBLISH | WATCH, ZMQ_RCVBUF, TOPIC_QUEUE_BYTES},
    {BOUND, ZMQ_BACKLOG, 1024},
    {ALL, ZMQ_HANDSHAKE_IVL, 5000},
    {ALL, ZMQ_TCP_MAXRT, 15000},
    {ALL, ZMQ_TCP_KEEPALIVE, 1},
    {ALL, ZMQ_TCP_KEEPALIVE_IDLE, 10},
    {ALL, ZMQ_TCP_KEEPALIVE_INTVL, 5},
    {ALL, ZMQ_TCP_KEEPALIVE_CNT, 3},
    {CONNECTED, ZMQ_CONNECT_TIMEOUT, 5000},
    {CONNECTED, ZMQ_RECONNECT_IVL, 250},
    {CONNECTED, ZMQ_RECONNECT_IVL_MAX, 10000},
};

static bool set_bytes_max(void *socket, int64_t bytes_max) {
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof(bytes_max)) == 0;
}

static bool set_options(void *socket, int kind) {
    for (size_t i = 0; i < sizeof(option_table) / sizeof(option_table[0]); i++) {
        if ((option_table[i].sockets & kind) != 0 &&
            zmq_setsockopt(socket, option_table[i].option, &option_table[i].value,
                           sizeof(option_table[i].value)) != 0) {
            return false;
        }
    }
    /* PUB and XPUB are sent topics and nothing else; ROUTER gets its own by limit_requests. */
    return set_bytes_max(socket,
                         (kind & (PUBLISH | WATCH)) != 0 ? TOPIC_FRAME_MAX : ZCACHE_MESSAGE_MAX);
}

/* What a stranger announces is held for it as it comes, so ROUTER takes no more than the largest
 * request of a mesh with this value_max; for a smaller one than the default no less than for that,
 * so that a client need not ask before it sends such a value. */
uint64_t zc_sockets_request_max(uint64_t value_max) {
    uint64_t most = value_max > ZCACHE_VALUE_MAX_DEFAULT ? value_max : ZCACHE_VALUE_MAX_DEFAULT;
    return most + ZCACHE_KEY_MAX + REQUEST_HEAD_BYTES;
}

static bool limit_requests(void *router, uint64_t value_max) {
    return set_bytes_max(router, (int64_t)zc_sockets_request_max(value_max));
}

/* Raw sockets and options with their error returns: czmq's own would end the program. */
static void *open_socket(int type, int kind) {
    void *socket = zc_socket_new(type);
    if (socket != NULL && !set_options(socket, kind)) {
        zc_socket_close(&socket);
    }
    return socket;
}

void *zc_sockets_dealer(void) {
    return open_socket(ZMQ_DEALER, DEALER);
}

bool zc_sockets_prepare(void *socket, const char *endpoint) {
    int ipv6 = strchr(endpoint, '[') != NULL;
    return zmq_setsockopt(socket, ZMQ_IPV6, &ipv6, sizeof(ipv6)) == 0;
}

/* -- Binding --------------------------------------------------------------- */

/* Whether somebody accepts connections there. */
static bool somebody_answers(const char *host, uint16_t port) {
    char port_text[8];
    snprintf(port_text, sizeof(port_text), "%u", (unsigned)port);
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *address = NULL;
    if (getaddrinfo(host, port_text, &hints, &address) != 0) {
        return false;
    }
    int probe = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool answers = false;
    if (probe >= 0) {
        struct pollfd writable = {.fd = probe, .events = POLLOUT};
        int error = 0;
        socklen_t bytes = sizeof(error);
        answers = connect(probe, address->ai_addr, address->ai_addrlen) == 0 ||
                  (errno == EINPROGRESS && poll(&writable, 1, BIND_PAUSE_MS) == 1 &&
                   getsockopt(probe, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == 0);
        close(probe);
    }
    freeaddrinfo(address);
    return answers;
}

static bool bind_once(void *socket, const zc_config_t *config, uint16_t port) {
    char endpoint[ZC_ENDPOINT_BYTES];
    if (zc_address_endpoint(config->host.host, port, endpoint) != ZCACHE_OK) {
        errno = EINVAL;
        return false;
    }
    return zc_sockets_prepare(socket, endpoint) && zmq_bind(socket, endpoint) == 0;
}

static void unbind(void *socket, const zc_config_t *config, uint16_t port) {
    char endpoint[ZC_ENDPOINT_BYTES];
    if (zc_address_endpoint(config->host.host, port, endpoint) == ZCACHE_OK) {
        zmq_unbind(socket, endpoint);
    }
}

static zcache_status say_why(const zc_config_t *config, uint16_t port, int error) {
    switch (error) {
    case EADDRINUSE:
        return zc_failure_set(ZCACHE_IN_USE,
                              "port %u at %s is in use by another program; the node takes ports "
                              "%u to %u: give another --port, or 0 for free ones",
                              (unsigned)port, config->host.host, (unsigned)config->port,
                              (unsigned)config->port + 2);
    case EADDRNOTAVAIL:
    case ENODEV:
    case EINVAL:
        return zc_failure_set(ZCACHE_INVALID,
                              "host %s is not an address of this machine; give one that is, as "
                              "127.0.0.1, or 0.0.0.0 for all of them",
                              config->host.host);
    case EACCES:
        return zc_failure_set(ZCACHE_SYSTEM,
                              "port %u is not allowed to this user; give one above 1023",
                              (unsigned)port);
    default:
        return zc_failure_set(ZCACHE_SYSTEM, "port %u at %s cannot be bound: %s", (unsigned)port,
                              config->host.host, zmq_strerror(error));
    }
}

/* Binds to a port that was asked for. libzmq closes listeners in its own time, so a port that a
 * stopped node had is tried again for a while. */
static zcache_status bind_patiently(void *socket, const zc_config_t *config, uint16_t port) {
    uint64_t started_us = zc_process_now_us();
    for (;;) {
        if (bind_once(socket, config, port)) {
            return ZCACHE_OK;
        }
        int error = errno;
        uint64_t waited_ms = (zc_process_now_us() - started_us) / 1000;
        if (error != EADDRINUSE || waited_ms >= BIND_PATIENCE_MS ||
            (waited_ms >= BIND_ANSWERED_MS && somebody_answers(config->host.host, port))) {
            return say_why(config, port, error);
        }
        poll(NULL, 0, BIND_PAUSE_MS);
    }
}

static zcache_status bind_fixed(zc_sockets_t *sockets, const zc_config_t *config) {
    void *bound[] = {sockets->router, sockets->publish, sockets->watch};
    for (size_t i = 0; i < 3; i++) {
        zcache_status status = bind_patiently(bound[i], config, (uint16_t)(config->port + i));
        if (status != ZCACHE_OK) {
            return status;
        }
    }
    sockets->port = config->port;
    return ZCACHE_OK;
}

/* Tries three ports in a row; with one of them taken, the ones before it are given back. */
static bool bind_three(zc_sockets_t *sockets, const zc_config_t *config, uint16_t port) {
    void *bound[] = {sockets->router, sockets->publish, sockets->watch};
    for (size_t i = 0; i < 3; i++) {
        if (!bind_once(bound[i], config, (uint16_t)(port + i))) {
            int error = errno;
            while (i-- > 0) {
                unbind(bound[i], config, (uint16_t)(port + i));
            }
            errno = error;
            return false;
        }
    }
    return true;
}

static zcache_status bind_free(zc_sockets_t *sockets, const zc_config_t *config) {
    uint16_t port = 0;
    for (int i = 0; i < PORTS_TRIES; i++) {
        uint16_t random = 0;
        if (zc_process_random(&random, sizeof(random)) != ZCACHE_OK) {
            return zc_failure_set(ZCACHE_SYSTEM, "the system has no random numbers to give");
        }
        port = (uint16_t)(PORTS_LEAST + random % (PORTS_END - PORTS_LEAST - 2));
        if (bind_three(sockets, config, port)) {
            sockets->port = port;
            return ZCACHE_OK;
        }
        if (errno != EADDRINUSE) {
            return say_why(config, port, errno);
        }
    }
    return zc_failure_set(ZCACHE_IN_USE,
                          "no three free ports in a row were found from %d to %d at %s; give one "
                          "as --port",
                          PORTS_LEAST, PORTS_END - 1, config->host.host);
}

/* The name may be that of a node that was stopped a moment ago. */
static zcache_status bind_inproc(void *router, const zc_config_t *config) {
    char endpoint[sizeof(config->inproc_name) + 16];
    snprintf(endpoint, sizeof(endpoint), "inproc://%s", config->inproc_name);
    uint64_t started_us = zc_process_now_us();
    while (zmq_bind(router, endpoint) != 0) {
        int error = errno;
        if (error != EADDRINUSE) {
            return zc_failure_set(ZCACHE_SYSTEM, "%s cannot be bound: %s", endpoint,
                                  zmq_strerror(error));
        }
        if ((zc_process_now_us() - started_us) / 1000 >= BIND_PATIENCE_MS) {
            return zc_failure_set(ZCACHE_IN_USE,
                                  "%s is in use by another node of this process; give another "
                                  "inproc name",
                                  endpoint);
        }
        poll(NULL, 0, BIND_PAUSE_MS);
    }
    return ZCACHE_OK;
}

zcache_status zc_sockets_open(const zc_config_t *config, zc_sockets_t *sockets) {
    zc_sockets_t opened = {
        .router = open_socket(ZMQ_ROUTER, ROUTER),
        .publish = open_socket(ZMQ_PUB, PUBLISH),
        .watch = open_socket(ZMQ_XPUB, WATCH),
        .subscribe = open_socket(ZMQ_SUB, SUBSCRIBE),
        .value_max = config->settings.value_max,
    };
    zcache_status status = ZCACHE_OK;
    if (opened.router == NULL || opened.publish == NULL || opened.watch == NULL ||
        opened.subscribe == NULL || !limit_requests(opened.router, opened.value_max) ||
        zmq_setsockopt(opened.subscribe, ZMQ_SUBSCRIBE, "", 0) != 0) {
        status = zc_failure_set(ZCACHE_SYSTEM, "no socket could be opened: %s",
                                zmq_strerror(zmq_errno()));
    }
    if (status == ZCACHE_OK) {
        status = config->port != 0 ? bind_fixed(&opened, config) : bind_free(&opened, config);
    }
    if (status == ZCACHE_OK) {
        status = bind_inproc(opened.router, config);
    }
    if (status != ZCACHE_OK) {
        zc_sockets_close(&opened);
        return status;
    }
    *sockets = opened;
    return ZCACHE_OK;
}

static bool is_too_small(const zc_sockets_t *sockets, uint64_t value_max) {
    return value_max > sockets->value_max && value_max > ZCACHE_VALUE_MAX_DEFAULT;
}

bool zc_sockets_must_renew(const zc_sockets_t *sockets, uint64_t value_max) {
    return sockets->router_unbound || is_too_small(sockets, value_max);
}

void zc_sockets_allow(zc_sockets_t *sockets, const zc_config_t *config, uint64_t value_max) {
    if (is_too_small(sockets, value_max) && limit_requests(sockets->router, value_max)) {
        /* With the time to linger the connections would still take in what nobody then reads. */
        int linger = 0;
        int lingered = 0;
        size_t bytes = sizeof(lingered);
        zmq_getsockopt(sockets->router, ZMQ_LINGER, &lingered, &bytes);
        zmq_setsockopt(sockets->router, ZMQ_LINGER, &linger, sizeof(linger));
        unbind(sockets->router, config, sockets->port);
        zmq_setsockopt(sockets->router, ZMQ_LINGER, &lingered, sizeof(lingered));
        sockets->value_max = value_max;
        sockets->router_unbound = true;
    }
    for (int waited_ms = 0; sockets->router_unbound && waited_ms < REBIND_MS; waited_ms++) {
        sockets->router_unbound = !bind_once(sockets->router, config, sockets->port);
        if (sockets->router_unbound) {
            poll(NULL, 0, 1);
        }
    }
}

void zc_sockets_close(zc_sockets_t *sockets) {
    zc_socket_close(&sockets->subscribe);
    zc_socket_close(&sockets->router);
    zc_socket_close(&sockets->publish);
    zc_socket_close(&sockets->watch);
}
