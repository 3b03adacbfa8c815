/* SPDX-License-Identifier: MPL-2.0 */
/* The guard.
 *
 *   PUB, XPUB, ROUTER ──monitor: accepted──► guard's thread ──► epoll on the connection
 *                                                                 │ it has sent something
 *                                  cut, if more than allowed ◄── TCP_INFO ◄── every second
 *
 * What libzmq has read before the guard's thread wakes up, epoll does not tell any more: hence the
 * look every second.
 *
 * Invariant: only a connection that others made to a port of this node is ever cut. libzmq closes
 * descriptors when it likes, and the program around the node may get the same number the next
 * moment: so what is looked at, measured and cut is a duplicate, which stays what it is. And the
 * monitors are always read: libzmq's thread for all sockets waits for whoever reads them. */
#define _GNU_SOURCE
#include "node/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/assert.h"
#include "lib/client/socket.h"
#include "node/connection.h"
#include "node/process.h"

enum {
    GUARDED = 3, /* sockets: ROUTER, PUB and XPUB, whose ports follow each other */
    EVENTS = 64, /* taken at once */
    MONITOR_NAME_BYTES = 64,
    /* Around a subscription on the wire: the head of its frame, and the name of the command that
     * ZMTP 3.1 makes of it. */
    SUBSCRIPTION_HEAD_BYTES = 16,
    TRIM_CONNECTIONS = 256, /* that have ended */
    RESERVE_SHARE = 16,     /* of the descriptors: what the node itself may still need */
    LOOK_MS = 1000,         /* between two looks at every connection */
};

struct zc_guard {
    pthread_t thread;
    void *sockets[GUARDED];  /* borrowed; of the node's thread */
    void *monitors[GUARDED]; /* of the guard's */
    uint16_t port;
    int epoll;
    int wake;            /* readable: the thread is to end */
    int descriptors_end; /* from this one on a new connection is one too many */
    size_t forgiven_count;
    atomic_uint_least32_t *forgiven; /* bytes, by descriptor */
    bool *watched;                   /* by descriptor */
    size_t watched_count;
    uint64_t look_at_us;
    atomic_uint_least64_t cuts;
    unsigned ended; /* connections, since memory was last to be given back */
    unsigned trims; /* since then */
    bool trimming;
    uint64_t trim_at_us;
};

/* -- One connection -------------------------------------------------------- */

/* Which of the sockets the descriptor is a connection to; GUARDED: none. */
static int place_of(const zc_guard_t *guard, int descriptor) {
    int place = zc_connection_port(descriptor) - guard->port;
    return place >= 0 && place < GUARDED ? place : GUARDED;
}

static uint64_t allowance(const zc_guard_t *guard, int descriptor) {
    uint64_t forgiven =
        (size_t)descriptor < guard->forgiven_count ? atomic_load(&guard->forgiven[descriptor]) : 0;
    return ZC_GUARD_ALLOWANCE_BYTES + forgiven;
}

/* Looks at a connection and cuts it, if it has to be: libzmq finds it ended. Returns whether it is
 * to be looked at again. */
static bool look_at(zc_guard_t *guard, int descriptor) {
    int duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) {
        return false;
    }
    int place = place_of(guard, duplicate);
    bool cut = place < GUARDED && descriptor >= guard->descriptors_end;
    bool again = place < GUARDED && guard->sockets[place] != guard->sockets[0];
    if (again && zc_connection_received(duplicate) > allowance(guard, descriptor)) {
        cut = true;
    }
    if (cut) {
        shutdown(duplicate, SHUT_RDWR);
        atomic_fetch_add(&guard->cuts, 1);
    }
    close(duplicate);
    return again && !cut;
}

static void take_accepted(zc_guard_t *guard, int descriptor) {
    if (descriptor < 0) {
        return;
    }
    if ((size_t)descriptor < guard->forgiven_count) {
        atomic_store(&guard->forgiven[descriptor], 0);
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = descriptor};
    if ((size_t)descriptor < guard->forgiven_count && look_at(guard, descriptor)) {
        /* Where it fails there is still the look every second. */
        (void)epoll_ctl(guard->epoll, EPOLL_CTL_ADD, descriptor, &event);
        guard->watched_count += !guard->watched[descriptor];
        guard->watched[descriptor] = true;
    }
}

static void look_again_at(zc_guard_t *guard, int descriptor) {
    if (!look_at(guard, descriptor)) {
        epoll_ctl(guard->epoll, EPOLL_CTL_DEL, descriptor, NULL);
        guard->watched_count -= guard->watched[descriptor];
        guard->watched[descriptor] = false;
    }
}

static void look_at_all(zc_guard_t *guard, uint64_t now_us) {
    if (now_us < guard->look_at_us) {
        return;
    }
    guard->look_at_us = now_us + LOOK_MS * 1000;
    for (size_t i = 0, left = guard->watched_count; left > 0 && i < guard->forgiven_count; i++) {
        if (guard->watched[i]) {
            left--;
            look_again_at(guard, (int)i);
        }
    }
}

/* -- The thread ------------------------------------------------------------ */

/* An event of a monitor: 16 bits that tell which, 32 bits of value, and the endpoint as a second
 * frame. */
static void take_monitored(zc_guard_t *guard, void *monitor) {
    uint8_t head[6];
    while (zmq_recv(monitor, head, sizeof(head), ZMQ_DONTWAIT) == sizeof(head)) {
        uint16_t event = 0;
        int32_t value = -1;
        memcpy(&event, head, sizeof(event));
        memcpy(&value, head + sizeof(event), sizeof(value));
        char endpoint[8]; /* cut short; it tells nothing new */
        (void)zmq_recv(monitor, endpoint, sizeof(endpoint), ZMQ_DONTWAIT);
        if (event == ZMQ_EVENT_ACCEPTED) {
            take_accepted(guard, value);
        } else {
            guard->ended++;
        }
    }
}

static void take_arrived(zc_guard_t *guard) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(guard->epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        look_again_at(guard, events[i].data.fd);
    }
}

/* A connection takes about 30 KB, in small blocks that the C library keeps for later ones. After
 * very many have ended the memory is given back: once when nothing has happened for a second, and
 * later again, as the node's thread lets go of connections in its own time, and of peers that
 * strangers made it dial after 15 seconds. */
static void trim(zc_guard_t *guard, bool happened, uint64_t now_us) {
    static const uint64_t waits_ms[] = {1000, 4000, 16000};
    enum { TRIMS = sizeof(waits_ms) / sizeof(waits_ms[0]) };
    if (guard->ended >= TRIM_CONNECTIONS) {
        guard->ended = 0;
        guard->trims = 0;
        guard->trimming = true;
    } else if (guard->trimming && !happened && now_us >= guard->trim_at_us) {
        malloc_trim(0);
        guard->trims++;
        guard->trimming = guard->trims < TRIMS;
    } else if (!happened) {
        return;
    }
    if (guard->trimming) {
        guard->trim_at_us = now_us + waits_ms[guard->trims] * 1000;
    }
}

static void *run(void *context) {
    zc_guard_t *guard = context;
    (void)pthread_setname_np(pthread_self(), "zcache guard");
    zmq_pollitem_t items[2 + GUARDED] = {
        {.fd = guard->wake, .events = ZMQ_POLLIN},
        {.fd = guard->epoll, .events = ZMQ_POLLIN},
    };
    for (int i = 0; i < GUARDED; i++) {
        items[2 + i] = (zmq_pollitem_t){.socket = guard->monitors[i], .events = ZMQ_POLLIN};
    }
    while (items[0].revents == 0) {
        bool waits = guard->trimming || guard->watched_count > 0;
        int ready = zmq_poll(items, 2 + GUARDED, waits ? LOOK_MS : -1);
        if (ready < 0 && errno != EINTR) {
            break;
        }
        take_arrived(guard);
        for (int i = 0; i < GUARDED; i++) {
            take_monitored(guard, guard->monitors[i]);
        }
        uint64_t now_us = zc_process_now_us();
        look_at_all(guard, now_us);
        trim(guard, ready != 0, now_us);
    }
    return NULL;
}

/* -- Life ------------------------------------------------------------------ */

/* Monitors tell of connections that libzmq accepts; who reads them is there before they begin. */
static bool open_monitor(zc_guard_t *guard, int place) {
    char name[MONITOR_NAME_BYTES];
    snprintf(name, sizeof(name), "inproc://zcache-guard-%p-%d", (void *)guard, place);
    int linger = 0;
    guard->monitors[place] = zc_socket_new(ZMQ_PAIR);
    return guard->monitors[place] != NULL &&
           zmq_setsockopt(guard->monitors[place], ZMQ_LINGER, &linger, sizeof(linger)) == 0 &&
           zmq_socket_monitor(guard->sockets[place], name,
                              ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) == 0 &&
           zmq_connect(guard->monitors[place], name) == 0;
}

static bool open_all(zc_guard_t *guard) {
    guard->epoll = epoll_create1(EPOLL_CLOEXEC);
    guard->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    guard->forgiven = calloc(guard->forgiven_count, sizeof(*guard->forgiven));
    guard->watched = calloc(guard->forgiven_count, sizeof(*guard->watched));
    bool done =
        guard->epoll >= 0 && guard->wake >= 0 && guard->forgiven != NULL && guard->watched != NULL;
    for (int i = 0; i < GUARDED && done; i++) {
        done = open_monitor(guard, i);
    }
    return done;
}

/* The other end of a monitor may only go after it has ended: it waits for whoever reads it. */
static void close_all(zc_guard_t *guard) {
    for (int i = 0; i < GUARDED; i++) {
        if (guard->monitors[i] != NULL) {
            zmq_socket_monitor(guard->sockets[i], NULL, 0);
            zc_socket_close(&guard->monitors[i]);
        }
    }
    if (guard->epoll >= 0) {
        close(guard->epoll);
    }
    if (guard->wake >= 0) {
        close(guard->wake);
    }
    free(guard->forgiven);
    free(guard->watched);
    free(guard);
}

zcache_status zc_guard_start(const zc_sockets_t *sockets, zc_guard_t **guard) {
    zc_guard_t *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    size_t descriptors = zc_process_descriptors();
    made->sockets[0] = sockets->router;
    made->sockets[1] = sockets->publish;
    made->sockets[2] = sockets->watch;
    made->port = sockets->port;
    made->descriptors_end = (int)(descriptors - descriptors / RESERVE_SHARE);
    made->forgiven_count = descriptors;
    made->epoll = -1;
    made->wake = -1;
    if (!open_all(made) || pthread_create(&made->thread, NULL, run, made) != 0) {
        close_all(made);
        return ZCACHE_SYSTEM;
    }
    *guard = made;
    return ZCACHE_OK;
}

void zc_guard_stop(zc_guard_t **guard) {
    if (guard == NULL || *guard == NULL) {
        return;
    }
    zc_guard_t *ending = *guard;
    *guard = NULL;
    (void)eventfd_write(ending->wake, 1);
    int error = pthread_join(ending->thread, NULL);
    ZC_ASSERT(error == 0);
    close_all(ending);
}

void zc_guard_forgive(zc_guard_t *guard, int descriptor, size_t bytes) {
    if (guard != NULL && descriptor >= 0 && (size_t)descriptor < guard->forgiven_count) {
        atomic_fetch_add(&guard->forgiven[descriptor],
                         (uint_least32_t)(bytes + SUBSCRIPTION_HEAD_BYTES));
    }
}

uint64_t zc_guard_cuts(const zc_guard_t *guard) {
    return guard == NULL ? 0 : atomic_load(&guard->cuts);
}
