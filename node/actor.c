/* SPDX-License-Identifier: MPL-2.0 */
/* The loop of the node's thread.
 *
 * Invariant: a turn reads a bounded number of messages from each socket, then steps what is due,
 * then sends events: no socket starves another, and the clock is looked at in every turn. */
#define _GNU_SOURCE
#include "node/actor.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "lib/base/assert.h"
#include "node/process.h"
#include "node/route.h"

enum {
    MESSAGES_PER_TURN = 256, /* from one socket */
    SLEEP_MAX_MS = 1000,     /* looks after walks and dead connections also where nothing happens */
    TICKS_AT_END_MAX = 64,   /* so that what was written last still goes out */
};

static const uint64_t renewal_us = 50 * 1000;

/* -- Reading messages ------------------------------------------------------ */

typedef enum received {
    RECEIVED_NOTHING,
    RECEIVED_MESSAGE,
    RECEIVED_MALFORMED, /* another number of frames: dropped */
} received_t;

/* Reads one message of exactly `count` frames into actor->frames. What has more is read to its end,
 * a frame at a time, and kept nowhere. The guard is told of frames that came from strangers. */
static received_t receive(zc_actor_t *actor, void *socket, size_t count) {
    size_t frames = 0;
    bool more = true;
    while (more) {
        zmq_msg_t *frame = &actor->frames[frames < count ? frames : count - 1];
        if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0) {
            return RECEIVED_NOTHING;
        }
        if (socket == actor->sockets.watch || (socket == actor->sockets.router && frames > 0)) {
            zc_guard_settle(actor->guard, frame);
        }
        more = zmq_msg_more(frame) != 0;
        frames++;
    }
    return frames == count ? RECEIVED_MESSAGE : RECEIVED_MALFORMED;
}

static zc_slice_t slice_of(zmq_msg_t *frame) {
    return zc_slice(zmq_msg_data(frame), zmq_msg_size(frame));
}

/* A message that is no valid one is counted and forgotten (rule L2). */
static void take_peer_message(zc_actor_t *actor, zc_link_t from, zc_slice_t bytes) {
    zc_message_t message;
    zcache_status status = zc_wire_decode(bytes, &actor->scratch, &message);
    bool other_version = status == ZCACHE_INCOMPATIBLE;
    if (other_version && from.type == ZC_LINK_ROUTE) {
        zc_actor_refuse_version(actor, from.number);
    }
    if (status != ZCACHE_OK && !(other_version && from.type == ZC_LINK_PEER)) {
        actor->counters.malformed++;
        return;
    }
    const zc_event_t event = {
        .type = ZC_EVENT_MESSAGE,
        .now_us = zc_process_now_us(),
        .message = {.from = from, .message = &message},
    };
    zc_actor_step(actor, &event);
}

static void take_broadcasts(zc_actor_t *actor) {
    void *socket = actor->sockets.subscribe;
    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        received_t received = receive(actor, socket, 1);
        if (received == RECEIVED_NOTHING) {
            return;
        }
        if (received == RECEIVED_MALFORMED) {
            actor->counters.malformed++;
            continue;
        }
        take_peer_message(actor, (zc_link_t){.type = ZC_LINK_BROADCAST},
                          slice_of(&actor->frames[0]));
    }
}

/* A step may hang up on this very peer or dial it anew, so its DEALER is looked up each time. */
static void take_answers(zc_actor_t *actor, zc_peer_number_t peer) {
    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        void *dealer = zc_dial_dealer(&actor->dial, peer);
        received_t received = dealer != NULL ? receive(actor, dealer, 1) : RECEIVED_NOTHING;
        if (received == RECEIVED_NOTHING) {
            return;
        }
        if (received == RECEIVED_MALFORMED) {
            actor->counters.malformed++;
            continue;
        }
        take_peer_message(actor, (zc_link_t){.type = ZC_LINK_PEER, .number = peer},
                          slice_of(&actor->frames[0]));
    }
}

static void take_routed_message(zc_actor_t *actor, received_t received) {
    zc_slice_t id = slice_of(&actor->frames[0]);
    zc_slice_t body = slice_of(&actor->frames[1]);
    uint64_t route = 0;
    if (received == RECEIVED_MALFORMED || !zc_route_from_id(id.data, id.bytes, &route)) {
        actor->counters.malformed++;
    } else if (zc_wire_code(body) == ZC_REQUEST_CODE) {
        zc_actor_request(actor, route, body);
    } else {
        take_peer_message(actor, (zc_link_t){.type = ZC_LINK_ROUTE, .number = route}, body);
    }
}

static void take_routed(zc_actor_t *actor) {
    void *socket = actor->sockets.router;
    unsigned count = 0;
    received_t received = RECEIVED_MESSAGE;
    while (count < MESSAGES_PER_TURN && received != RECEIVED_NOTHING) {
        received = receive(actor, socket, 2);
        if (received != RECEIVED_NOTHING) {
            take_routed_message(actor, received);
            count++;
        }
    }
    zc_guard_turn(actor->guard, count, received == RECEIVED_NOTHING);
}

/* Under the lock of steps; returns whether it changes what is wanted. A watcher that asks for a
 * greeting subscribes to what it has, and one that ends a subscription gives its room back: both
 * may go on for ever. */
static bool take_subscription(zc_actor_t *actor, zmq_msg_t *frame) {
    zc_watch_t *watch = &actor->shared->watch;
    zc_slice_t bytes = slice_of(frame);
    const uint8_t *first = bytes.data;
    bool begins = bytes.bytes > 0 && *first == 1;
    bool watched = zc_watch_has(watch, bytes);
    if (begins && !watched) {
        zc_guard_keep(actor->guard, frame);
    } else if (!begins && watched) {
        zc_guard_let_go(actor->guard, frame);
    }
    return zc_watch_subscription(watch, bytes, zc_process_now_us());
}

/* What watchers want has changed: the replica tells of other changes from now on. */
static void follow_watchers(zc_actor_t *actor) {
    zc_event_t event = {.type = ZC_EVENT_WATCH, .now_us = zc_process_now_us()};
    zc_shared_lock(actor->shared);
    zc_watch_wanted(&actor->shared->watch, &event.watch.changes, &event.watch.values);
    zc_shared_unlock(actor->shared);
    zc_actor_step(actor, &event);
}

static void take_subscriptions(zc_actor_t *actor) {
    void *socket = actor->sockets.watch;
    bool changed = false;
    zc_shared_lock(actor->shared);
    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        received_t received = receive(actor, socket, 1);
        if (received == RECEIVED_NOTHING) {
            break;
        }
        if (received == RECEIVED_MESSAGE) {
            changed |= take_subscription(actor, &actor->frames[0]);
        }
    }
    zc_shared_unlock(actor->shared);
    if (changed) {
        follow_watchers(actor);
    }
}

/* -- What is due ----------------------------------------------------------- */

static bool tick_if_due(zc_actor_t *actor) {
    const zc_event_t event = {.type = ZC_EVENT_TICK, .now_us = zc_process_now_us()};
    zc_shared_lock(actor->shared);
    bool due = zc_shared_deadline(actor->shared) <= event.now_us;
    if (due) {
        zc_shared_note_burst(actor->shared, event.now_us);
        zc_actor_step_locked(actor, &event);
    }
    zc_shared_unlock(actor->shared);
    return due;
}

static void send_events(zc_actor_t *actor) {
    zc_shared_lock(actor->shared);
    zc_queued_event_t *events = zc_watch_take(&actor->shared->watch);
    zc_shared_unlock(actor->shared);
    zc_watch_send(events, actor->sockets.watch);
}

/* What was answered goes out before its connection ends: whoever has set value_max among others. */
static void follow_value_max(zc_actor_t *actor, uint64_t value_max, uint64_t now_us) {
    if (!zc_sockets_must_renew(&actor->sockets, value_max)) {
        return;
    }
    if (actor->renew_us == 0) {
        actor->renew_us = now_us + renewal_us;
    } else if (now_us >= actor->renew_us) {
        zc_guard_allow(actor->guard, zc_sockets_request_max(value_max));
        zc_sockets_allow(&actor->sockets, &actor->config, value_max);
        actor->renew_us = 0;
    }
}

/* What does not hang on the replica's deadline. */
static void look_after(zc_actor_t *actor) {
    uint64_t now_us = zc_process_now_us();
    zc_replica_view_t view;
    zc_shared_lock(actor->shared);
    zc_spies_expire(&actor->spies, now_us);
    bool fewer = zc_watch_expire(&actor->shared->watch, now_us);
    zc_replica_view(actor->shared->replica, &view);
    zc_shared_unlock(actor->shared);
    if (fewer) {
        follow_watchers(actor);
    }
    if (!view.joining) {
        atomic_store(&actor->shared->joining, false);
    }
    follow_value_max(actor, view.registers.settings.value_max, now_us);
    /* What a joining node does not have is no miss. */
    zcache_status absent = atomic_load(&actor->shared->joining) ? ZCACHE_BUSY : ZCACHE_MISS;
    zc_waiting_t *overdue = NULL;
    while ((overdue = zc_reads_overdue(&actor->reads, now_us)) != NULL) {
        zc_actor_give_up(actor, overdue, absent);
    }
    zc_actor_ask_donor(actor);
}

/* -- Polling --------------------------------------------------------------- */

static void set_socket(zc_actor_t *actor, size_t place, void *socket) {
    actor->poll[place] = (zmq_pollitem_t){.socket = socket, .events = ZMQ_POLLIN};
}

static void make_poll_set(zc_actor_t *actor) {
    actor->poll[ZC_POLL_WAKE] =
        (zmq_pollitem_t){.fd = actor->shared->wake_fd, .events = ZMQ_POLLIN};
    set_socket(actor, ZC_POLL_SUBSCRIBE, actor->sockets.subscribe);
    set_socket(actor, ZC_POLL_ROUTER, actor->sockets.router);
    set_socket(actor, ZC_POLL_WATCH, actor->sockets.watch);
    actor->poll_count = ZC_POLL_DEALERS;
    for (zc_peer_number_t peer = 0; peer < ZCACHE_MEMBERS_MAX; peer++) {
        void *dealer = zc_dial_dealer(&actor->dial, peer);
        if (dealer != NULL) {
            actor->polled_peers[actor->poll_count] = peer;
            set_socket(actor, actor->poll_count++, dealer);
        }
    }
    actor->polled_changes = actor->dial.changes;
}

/* How long the thread may sleep. A writer that comes after this looks at `awake`, which is false
 * now, and ends the sleep; one that came before has moved the deadline. Where something waits to be
 * sent the sleep is short, and nobody has to end it. */
static long sleep_ms(zc_actor_t *actor) {
    atomic_store(&actor->shared->awake, false);
    zc_shared_lock(actor->shared);
    uint64_t deadline_us = zc_shared_deadline(actor->shared);
    if (zc_replica_deadline(actor->shared->replica) < deadline_us) {
        atomic_store(&actor->shared->awake, true);
    }
    bool events = actor->shared->watch.first != NULL;
    zc_shared_unlock(actor->shared);
    if (actor->renew_us != 0 && actor->renew_us < deadline_us) {
        deadline_us = actor->renew_us;
    }
    uint64_t now_us = zc_process_now_us();
    if (events || deadline_us <= now_us) {
        return 0;
    }
    uint64_t wait_ms = (deadline_us - now_us + 999) / 1000;
    return wait_ms < SLEEP_MAX_MS ? (long)wait_ms : SLEEP_MAX_MS;
}

static bool is_ready(const zc_actor_t *actor, size_t place) {
    return (actor->poll[place].revents & ZMQ_POLLIN) != 0;
}

static void take_what_came(zc_actor_t *actor) {
    if (is_ready(actor, ZC_POLL_SUBSCRIBE)) {
        take_broadcasts(actor);
    }
    if (is_ready(actor, ZC_POLL_ROUTER)) {
        take_routed(actor);
    } else {
        zc_guard_turn(actor->guard, 0, true);
    }
    if (is_ready(actor, ZC_POLL_WATCH)) {
        take_subscriptions(actor);
    }
    for (size_t i = ZC_POLL_DEALERS; i < actor->poll_count; i++) {
        if (is_ready(actor, i)) {
            take_answers(actor, actor->polled_peers[i]);
        }
    }
}

/* One turn; false: it is the last. */
static bool turn(zc_actor_t *actor) {
    if (actor->polled_changes != actor->dial.changes) {
        make_poll_set(actor);
    }
    int ready = zmq_poll(actor->poll, (int)actor->poll_count, sleep_ms(actor));
    /* From here to the end of the turn nobody has to wake this thread. */
    atomic_store(&actor->shared->awake, true);
    if (ready < 0) {
        return zmq_errno() == EINTR;
    }
    if (is_ready(actor, ZC_POLL_WAKE)) {
        eventfd_t count = 0;
        (void)eventfd_read(actor->shared->wake_fd, &count);
    }
    if (atomic_load(&actor->shared->ending)) {
        return false;
    }
    take_what_came(actor);
    tick_if_due(actor);
    send_events(actor);
    look_after(actor);
    zc_log_flush(&actor->log);
    return true;
}

/* -- Life ------------------------------------------------------------------ */

zc_actor_t *zc_actor_new(const zc_config_t *config, const zc_sockets_t *sockets,
                         zc_shared_t *shared) {
    zc_actor_t *actor = calloc(1, sizeof(*actor));
    if (actor == NULL) {
        return NULL;
    }
    actor->config = *config;
    actor->sockets = *sockets;
    actor->shared = shared;
    actor->started_us = zc_process_now_us();
    zc_dial_init(&actor->dial, sockets->subscribe);
    zc_log_init(&actor->log, config->log, config->log_context);
    zc_reads_init(&actor->reads);
    zc_spies_init(&actor->spies, shared->store);
    zmq_msg_init(&actor->frames[0]);
    zmq_msg_init(&actor->frames[1]);
    zc_wire_scratch_init(&actor->scratch, zc_allocator_system());
    zc_buffer_init(&actor->message, zc_allocator_system());
    zc_buffer_init(&actor->response, zc_allocator_system());
    zc_holes_init(&actor->holes);
    return actor;
}

void zc_actor_destroy(zc_actor_t *actor) {
    if (actor == NULL) {
        return;
    }
    zc_dial_fini(&actor->dial);
    zc_guard_stop(&actor->guard);
    zc_sockets_close(&actor->sockets);
    zc_log_fini(&actor->log);
    zc_reads_fini(&actor->reads);
    zmq_msg_close(&actor->frames[0]);
    zmq_msg_close(&actor->frames[1]);
    zc_wire_scratch_fini(&actor->scratch);
    zc_buffer_fini(&actor->message);
    zc_buffer_fini(&actor->response);
    zc_holes_fini(&actor->holes);
    free(actor);
}

/* Nothing is written or read from now on; what was written goes out, then the goodbye. */
static void leave(zc_actor_t *actor) {
    zc_shared_lock(actor->shared);
    atomic_store(&actor->shared->stopped, true);
    zc_shared_unlock(actor->shared);
    for (int i = 0; i < TICKS_AT_END_MAX && tick_if_due(actor); i++) {
    }
    const zc_event_t event = {.type = ZC_EVENT_LEAVE, .now_us = zc_process_now_us()};
    zc_actor_step(actor, &event);
    zc_waiting_t *waiting = NULL;
    while ((waiting = zc_reads_overdue(&actor->reads, UINT64_MAX)) != NULL) {
        zc_actor_give_up(actor, waiting, ZCACHE_STOPPED);
    }
    send_events(actor);
    zc_log_flush(&actor->log);
    zc_shared_lock(actor->shared);
    actor->shared->publisher.socket = NULL;
    zc_spies_fini(&actor->spies);
    zc_shared_unlock(actor->shared);
}

void zc_actor_run(zc_actor_t *actor) {
    (void)pthread_setname_np(pthread_self(), "zcache node");
    zc_shared_lock(actor->shared);
    actor->shared->publisher.socket = actor->sockets.publish;
    zc_shared_unlock(actor->shared);
    make_poll_set(actor);
    while (turn(actor)) {
    }
    leave(actor);
    zc_actor_destroy(actor);
}
