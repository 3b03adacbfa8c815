/* SPDX-License-Identifier: MPL-2.0 */
/* The guard.
 *
 *   PUB, XPUB, ROUTER ──monitor: accepted──► guard's thread ──► epoll on the connection
 *                                                                 │ it has sent something
 *                                  cut, if more than allowed ◄── TCP_INFO ◄── every second
 *                                                                 ▲
 *                           account of what was taken of it ── node's thread
 *
 * What libzmq has read before the guard's thread wakes up, epoll does not tell any more: hence the
 * look every second.
 *
 * Invariant: only a connection that others made to a port of this node is ever cut. libzmq closes
 * descriptors when it likes, and the program around the node may get the same number the next
 * moment: so what is looked at, measured and cut is a duplicate, which stays what it is. And the
 * monitors are always read: libzmq's thread for all sockets waits for whoever reads them.
 *
 * A slow node is no reason to cut a client whose requests wait in ROUTER. So what looks like too
 * much is only suspected, until the node has taken every whole message that was there then: it has
 * since found ROUTER empty, or has taken so many messages that each connection, as ROUTER takes
 * them in turns, has had all of its own taken. What is left is a message that has not ended. */
#define _GNU_SOURCE
#include "node/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "node/account.h"
#include "node/connection.h"
#include "node/process.h"

enum {
    ROUTER, /* places of the sockets, whose ports follow each other */
    PUBLISH,
    WATCH,
    GUARDED,     /* their number */
    EVENTS = 64, /* taken at once */
    MONITOR_NAME_BYTES = 64,
    TRIM_CONNECTIONS = 256, /* that have ended */
    RESERVE_SHARE = 16,     /* of the descriptors: what the node itself may still need */
    LOOK_MS = 1000,         /* between two looks at every connection */
    REST_MS = 2,            /* between two looks at those of ROUTER that go on sending */
    SUSPECT_MS = 1,         /* between two looks at those that are suspected */
    /* The longest: 9 bytes, and the name of the command that ZMTP 3.1 makes of a subscription. */
    FRAME_HEAD_BYTES = 19,
    /* A ping takes up to 25 bytes, and its answer two less. What the node answers nothing to is
     * none. A rate that pings need who keep their connection for ever; what somebody hides among
     * other answers grows with no more than it. */
    PING_OVER_PONG_BYTES = 2,
    PING_LEAST_BYTES = 9,
    PINGS_BYTES_PER_SECOND = 32,
    TURNS_TO_EMPTY = 2, /* the first of them may have begun before */
};

/* A connection that is looked at again and again; its place is that of its descriptor. */
typedef struct watched {
    bool is_watched;
    bool is_router; /* a connection to ROUTER */
    uint64_t cookie;
    uint64_t learned_us;     /* when commands were last looked for */
    zc_traffic_t last;       /* then */
    uint64_t settled;        /* then */
    uint64_t commands;       /* bytes that are taken for pings */
    uint64_t suspected_read; /* what was read when it was suspected; 0: it is not */
    uint64_t emptied;        /* zc_guard's at that time */
    uint64_t messages;
} watched_t;

struct zc_guard {
    pthread_t thread;
    void *sockets[GUARDED];  /* borrowed; of the node's thread */
    void *monitors[GUARDED]; /* of the guard's */
    uint16_t port;
    int epoll;
    int requests;        /* an epoll too, for connections to ROUTER */
    int wake;            /* readable: the thread is to end */
    int node_wake;       /* borrowed; of the node's thread */
    int descriptors_end; /* from this one on a new connection is one too many */
    size_t places;       /* in the two tables, by descriptor */
    zc_account_t *accounts;
    watched_t *watched;
    size_t watched_count;
    size_t router_count; /* of these, connections to ROUTER */
    size_t suspected_count;
    uint64_t now_us;
    uint64_t look_at_us;
    uint64_t rested_at_us; /* look at connections to ROUTER then, not before */
    atomic_uint_least64_t request_max;
    atomic_uint_least64_t emptied; /* how often the node found ROUTER empty */
    atomic_uint_least64_t messages;
    atomic_uint_least64_t cuts;
    unsigned ended;      /* connections, since memory was last to be given back */
    unsigned trims_left; /* malloc_trim() is to be called so often */
    uint64_t trim_at_us;
};

/* -- One connection -------------------------------------------------------- */

/* Which of the sockets the descriptor is a connection to; GUARDED: none. */
static int place_of(const zc_guard_t *guard, int descriptor) {
    int place = zc_connection_port(descriptor) - guard->port;
    return place >= 0 && place < GUARDED ? place : GUARDED;
}

static void suspect(zc_guard_t *guard, watched_t *watched, uint64_t read) {
    guard->suspected_count += (size_t)(read != 0) - (size_t)(watched->suspected_read != 0);
    watched->suspected_read = read;
    watched->emptied = atomic_load(&guard->emptied);
    watched->messages = atomic_load(&guard->messages);
}

static void wake_node(const zc_guard_t *guard) {
    if (guard->node_wake >= 0) {
        (void)eventfd_write(guard->node_wake, 1);
    }
}

/* Of what is not settled, what the node seems to have answered with a pong. PUB always has
 * something to say, and peers do not ping. */
static void learn_commands(zc_guard_t *guard, int place, watched_t *watched, uint64_t settled,
                           const zc_traffic_t *traffic) {
    uint64_t elapsed_us = guard->now_us - watched->learned_us;
    if (elapsed_us < LOOK_MS * 1000) {
        return;
    }
    uint64_t grown = traffic->received - watched->last.received;
    uint64_t taken = settled > watched->settled ? settled - watched->settled : 0;
    uint64_t pongs = traffic->acknowledged - watched->last.acknowledged;
    uint64_t pings =
        pongs + pongs / (PING_LEAST_BYTES - PING_OVER_PONG_BYTES) * PING_OVER_PONG_BYTES;
    uint64_t most = elapsed_us * PINGS_BYTES_PER_SECOND / 1000000;
    if (watched->learned_us != 0 && place != PUBLISH && grown > taken) {
        uint64_t unexplained = grown - taken;
        unexplained = unexplained < pings ? unexplained : pings;
        watched->commands += unexplained < most ? unexplained : most;
    }
    watched->learned_us = guard->now_us;
    watched->last = *traffic;
    watched->settled = settled;
}

/* Whether the node has taken all whole messages since the connection was suspected. */
static bool has_been_taken(const zc_guard_t *guard, const watched_t *watched, uint64_t emptied,
                           uint64_t messages) {
    uint64_t enough = (uint64_t)(ZC_SOCKETS_REQUESTS_WAITING + 1) * (guard->router_count + 2);
    return emptied >= watched->emptied + TURNS_TO_EMPTY || messages >= watched->messages + enough;
}

/* Whether the connection has to be cut for what libzmq holds of it. What the node has done is read
 * first, then what it has settled, then what came: so what is settled has come, and what has come
 * by the time of a suspicion is settled, if it was whole. */
static bool holds_too_much(zc_guard_t *guard, int place, int descriptor, int duplicate) {
    watched_t *watched = &guard->watched[descriptor];
    uint64_t cookie = zc_connection_cookie(duplicate);
    if (watched->cookie != cookie) {
        suspect(guard, watched, 0);
        *watched = (watched_t){
            .is_watched = watched->is_watched, .is_router = watched->is_router, .cookie = cookie};
    }
    if (cookie == 0) {
        return false;
    }
    uint64_t emptied = atomic_load(&guard->emptied);
    uint64_t messages = atomic_load(&guard->messages);
    zc_account_t *account = &guard->accounts[descriptor];
    zc_sums_t sums = zc_account_sums(account, cookie);
    zc_traffic_t traffic = zc_connection_traffic(duplicate);
    learn_commands(guard, place, watched, sums.settled, &traffic);
    uint64_t explained = sums.settled + watched->commands;
    if (explained > traffic.read) {
        /* Commands are counted as they arrive, before they are read. */
        uint64_t commands = watched->commands < traffic.read ? watched->commands : traffic.read;
        zc_account_limit(account, sums.settled, traffic.read - commands);
        explained = traffic.read;
    }
    if (place != ROUTER) {
        return traffic.received + sums.kept > explained + ZC_GUARD_ALLOWANCE_BYTES;
    }
    uint64_t most = explained + atomic_load(&guard->request_max) + ZC_GUARD_SLACK_BYTES;
    if (watched->suspected_read == 0) {
        if (traffic.read > most) {
            suspect(guard, watched, traffic.read);
            wake_node(guard);
        }
        return false;
    }
    if (!has_been_taken(guard, watched, emptied, messages)) {
        wake_node(guard);
        return false;
    }
    bool too_much = watched->suspected_read > most;
    suspect(guard, watched, 0);
    return too_much;
}

/* The other end is told at once, also where it has more to send than is taken. What the connection
 * took is given back. */
static void cut(zc_guard_t *guard, int duplicate) {
    const struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(duplicate, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    shutdown(duplicate, SHUT_RDWR);
    atomic_fetch_add(&guard->cuts, 1);
    guard->ended += TRIM_CONNECTIONS;
}

/* Looks at a connection and cuts it, if it has to be: libzmq finds it ended. Returns which of the
 * sockets it is a connection to, if it is to be looked at again, or else GUARDED. */
static int look_at(zc_guard_t *guard, int descriptor) {
    int duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) {
        return GUARDED;
    }
    int place = place_of(guard, duplicate);
    if (place < GUARDED && (descriptor >= guard->descriptors_end ||
                            holds_too_much(guard, place, descriptor, duplicate))) {
        cut(guard, duplicate);
        place = GUARDED;
    }
    close(duplicate);
    return place;
}

static void set_place(zc_guard_t *guard, int descriptor, int place) {
    watched_t *watched = &guard->watched[descriptor];
    bool is_watched = place < GUARDED;
    bool is_router = place == ROUTER;
    guard->watched_count += (size_t)is_watched - (size_t)watched->is_watched;
    guard->router_count += (size_t)is_router - (size_t)watched->is_router;
    watched->is_watched = is_watched;
    watched->is_router = is_router;
    if (!is_watched) {
        suspect(guard, watched, 0);
    }
}

static void take_accepted(zc_guard_t *guard, int descriptor) {
    if (descriptor < 0) {
        return;
    }
    int place = look_at(guard, descriptor);
    if (place == GUARDED) {
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = descriptor};
    /* Where it fails there is still the look every second. */
    (void)epoll_ctl(place == ROUTER ? guard->requests : guard->epoll, EPOLL_CTL_ADD, descriptor,
                    &event);
    set_place(guard, descriptor, place);
}

static void look_again_at(zc_guard_t *guard, int descriptor) {
    int place = look_at(guard, descriptor);
    if (place == GUARDED) {
        epoll_ctl(guard->epoll, EPOLL_CTL_DEL, descriptor, NULL);
        epoll_ctl(guard->requests, EPOLL_CTL_DEL, descriptor, NULL);
    }
    set_place(guard, descriptor, place);
}

/* Looks at those that are suspected, and every second at all. */
static void look_at_all(zc_guard_t *guard) {
    bool all = guard->now_us >= guard->look_at_us;
    if (all) {
        guard->look_at_us = guard->now_us + LOOK_MS * 1000;
    }
    size_t left = all ? guard->watched_count : guard->suspected_count;
    for (size_t i = 0; left > 0 && i < guard->places; i++) {
        const watched_t *watched = &guard->watched[i];
        if (all ? watched->is_watched : watched->suspected_read != 0) {
            left--;
            look_again_at(guard, (int)i);
        }
    }
}

/* -- The thread ------------------------------------------------------------ */

/* Takes events of a monitor, if there are any: 16 bits that tell which, 32 bits of value, and the
 * endpoint as a second frame. */
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

static void take_arrived(zc_guard_t *guard, int epoll) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        look_again_at(guard, events[i].data.fd);
    }
}

/* A connection takes about 30 KB, in small blocks that the C library keeps for later ones. After
 * very many have ended the memory is given back: a second later, whatever happens meanwhile, and
 * later again, as the node's thread lets go of connections in its own time, and of peers that
 * strangers made it dial after 15 seconds. */
static void trim(zc_guard_t *guard) {
    static const uint64_t waits_us[] = {1000000, 4000000, 16000000};
    enum { TRIMS = sizeof(waits_us) / sizeof(waits_us[0]) };
    if (guard->trims_left > 0 && guard->now_us >= guard->trim_at_us) {
        malloc_trim(0);
        guard->trims_left--;
        guard->trim_at_us = guard->now_us + waits_us[(TRIMS - guard->trims_left) % TRIMS];
    }
    if (guard->ended >= TRIM_CONNECTIONS) {
        uint64_t soon_us = guard->now_us + waits_us[0];
        bool waits = guard->trims_left > 0 && guard->trim_at_us < soon_us;
        guard->trim_at_us = waits ? guard->trim_at_us : soon_us;
        guard->trims_left = TRIMS;
        guard->ended = 0;
    }
}

static long wait_ms(const zc_guard_t *guard, bool rests) {
    if (guard->suspected_count > 0) {
        return SUSPECT_MS;
    }
    if (rests) {
        return REST_MS;
    }
    return guard->trims_left > 0 || guard->watched_count > 0 ? LOOK_MS : -1;
}

static void *run(void *context) {
    zc_guard_t *guard = context;
    (void)pthread_setname_np(pthread_self(), "zcache guard");
    zmq_pollitem_t items[3 + GUARDED] = {
        {.fd = guard->wake, .events = ZMQ_POLLIN},
        {.fd = guard->epoll, .events = ZMQ_POLLIN},
        {.fd = guard->requests},
    };
    for (int i = 0; i < GUARDED; i++) {
        items[3 + i] = (zmq_pollitem_t){.socket = guard->monitors[i], .events = ZMQ_POLLIN};
    }
    while (items[0].revents == 0) {
        bool rests = guard->now_us < guard->rested_at_us;
        items[2].events = rests ? 0 : ZMQ_POLLIN;
        int ready = zmq_poll(items, 3 + GUARDED, wait_ms(guard, rests));
        if (ready < 0 && errno != EINTR) {
            break;
        }
        guard->now_us = zc_process_now_us();
        take_arrived(guard, guard->epoll);
        if (items[2].revents != 0) {
            take_arrived(guard, guard->requests);
            guard->rested_at_us = guard->now_us + REST_MS * 1000;
        }
        for (int i = 0; i < GUARDED; i++) {
            take_monitored(guard, guard->monitors[i]);
        }
        look_at_all(guard);
        trim(guard);
    }
    return NULL;
}

/* -- Life ------------------------------------------------------------------ */

/* Monitors tell of connections that libzmq accepts; who reads them is there before they begin. Each
 * has a name that no other had: libzmq gives up the one of a monitor that has ended in its own
 * time, and the next guard may well have the same address. */
static bool open_monitor(zc_guard_t *guard, int place) {
    static atomic_uint_least64_t count;
    char name[MONITOR_NAME_BYTES];
    snprintf(name, sizeof(name), "inproc://zcache-guard-%" PRIu64, atomic_fetch_add(&count, 1));
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
    guard->requests = epoll_create1(EPOLL_CLOEXEC);
    guard->accounts = calloc(guard->places, sizeof(*guard->accounts));
    guard->watched = calloc(guard->places, sizeof(*guard->watched));
    bool done = guard->epoll >= 0 && guard->wake >= 0 && guard->requests >= 0 &&
                guard->accounts != NULL && guard->watched != NULL;
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
    if (guard->requests >= 0) {
        close(guard->requests);
    }
    if (guard->wake >= 0) {
        close(guard->wake);
    }
    free(guard->accounts);
    free(guard->watched);
    free(guard);
}

zcache_status zc_guard_start(const zc_sockets_t *sockets, int wake, zc_guard_t **guard) {
    zc_guard_t *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    size_t descriptors = zc_process_descriptors();
    made->sockets[ROUTER] = sockets->router;
    made->sockets[PUBLISH] = sockets->publish;
    made->sockets[WATCH] = sockets->watch;
    made->port = sockets->port;
    made->descriptors_end = (int)(descriptors - descriptors / RESERVE_SHARE);
    made->places = descriptors;
    made->epoll = -1;
    made->requests = -1;
    made->wake = -1;
    made->node_wake = wake;
    atomic_init(&made->request_max, zc_sockets_request_max(sockets->value_max));
    bool opened = open_all(made);
    int error = opened ? pthread_create(&made->thread, NULL, run, made) : errno;
    if (!opened || error != 0) {
        close_all(made);
        errno = error;
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

/* NULL: what the frame came over is not guarded, as inproc is not. */
static zc_account_t *account_of(zc_guard_t *guard, zmq_msg_t *frame, int *descriptor) {
    *descriptor = guard != NULL ? zmq_msg_get(frame, ZMQ_SRCFD) : -1;
    return *descriptor >= 0 && (size_t)*descriptor < guard->places ? &guard->accounts[*descriptor]
                                                                   : NULL;
}

void zc_guard_settle(zc_guard_t *guard, zmq_msg_t *frame) {
    int descriptor = -1;
    zc_account_t *account = account_of(guard, frame, &descriptor);
    if (account != NULL) {
        zc_account_settle(account, descriptor, zmq_msg_size(frame) + FRAME_HEAD_BYTES);
    }
}

void zc_guard_keep(zc_guard_t *guard, zmq_msg_t *frame) {
    int descriptor = -1;
    zc_account_t *account = account_of(guard, frame, &descriptor);
    if (account != NULL) {
        zc_account_keep(account, descriptor, zmq_msg_size(frame) + FRAME_HEAD_BYTES);
    }
}

void zc_guard_let_go(zc_guard_t *guard, zmq_msg_t *frame) {
    int descriptor = -1;
    zc_account_t *account = account_of(guard, frame, &descriptor);
    if (account != NULL) {
        zc_account_let_go(account, descriptor, zmq_msg_size(frame) + FRAME_HEAD_BYTES);
    }
}

void zc_guard_turn(zc_guard_t *guard, unsigned messages, bool emptied) {
    if (guard != NULL) {
        atomic_fetch_add(&guard->messages, messages);
        atomic_fetch_add(&guard->emptied, emptied);
    }
}

void zc_guard_allow(zc_guard_t *guard, uint64_t request_max) {
    if (guard != NULL) {
        atomic_store(&guard->request_max, request_max);
    }
}

uint64_t zc_guard_cuts(const zc_guard_t *guard) {
    return guard == NULL ? 0 : atomic_load(&guard->cuts);
}
