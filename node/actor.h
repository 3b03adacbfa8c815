/* SPDX-License-Identifier: MPL-2.0 */
/* The node's own thread: it turns what sockets, clock and clients bring into events of the replica,
 * and performs the effects.
 *
 *              ┌─ actor.c ──────────────────────────────────────────────┐
 *   SUB ──────►│ decode ─► event ─► zc_actor_step ─► effects ─► perform.c ──► PUB, DEALER, ROUTER
 *   DEALER ───►│                        ▲                               │     XPUB (watch.c)
 *   ROUTER ───►│ request.c, listing.c ──┘                               │
 *   wake_fd ──►│ deadline ─► TICK                                       │
 *              └────────────────────────────────────────────────────────┘
 *
 * Everything here belongs to that thread alone, but `shared`. */
#ifndef ZC_NODE_ACTOR_H
#define ZC_NODE_ACTOR_H

#include <czmq.h>

#include "lib/wire/wire.h"
#include "node/config.h"
#include "node/dial.h"
#include "node/guard.h"
#include "node/notice.h"
#include "node/reads.h"
#include "node/shared.h"
#include "node/sockets.h"
#include "node/spies.h"

enum {
    ZC_POLL_WAKE, /* places in the poll set; DEALERs follow */
    ZC_POLL_SUBSCRIBE,
    ZC_POLL_ROUTER,
    ZC_POLL_WATCH,
    ZC_POLL_DEALERS,
    ZC_POLL_MAX = ZC_POLL_DEALERS + ZCACHE_MEMBERS_MAX,
};

typedef struct zc_actor {
    zc_config_t config;
    zc_endpoints_t endpoints; /* that others dial */
    zc_origin_t origin;
    uint64_t started_us;
    uint64_t renew_us; /* when ROUTER's connections are ended for a larger value_max; 0: never */
    zc_sockets_t sockets;
    zc_guard_t *guard;   /* of the sockets; NULL: none */
    zc_shared_t *shared; /* borrowed: the node holds a reference for as long as this lives */
    zc_dial_t dial;
    zc_log_t log;
    zc_reads_t reads;
    zc_spies_t spies;
    zc_counters_t counters; /* what the node counts itself; the replica has the others */

    zmq_pollitem_t poll[ZC_POLL_MAX];
    zc_peer_number_t polled_peers[ZC_POLL_MAX]; /* whose DEALER it is */
    size_t poll_count;
    uint64_t polled_changes; /* dial.changes when the poll set was made */

    zmq_msg_t frames[2]; /* of the message that is being read */
    zc_wire_scratch_t scratch;
    zc_buffer_t message;  /* to a peer, being encoded */
    zc_buffer_t response; /* to a client, being made */
    zc_holes_t holes;     /* of that */
} zc_actor_t;

/* Takes sockets that are bound and a replica, and makes ready. NULL: no memory. */
zc_actor_t *zc_actor_new(const zc_config_t *config, const zc_sockets_t *sockets,
                         zc_shared_t *shared);

/* For one that never ran. */
void zc_actor_destroy(zc_actor_t *actor);

/* What the thread does until zc_shared_end; destroys the actor at its end. */
void zc_actor_run(zc_actor_t *actor);

/* -- perform.c: steps and their effects ------------------------------------ */

/* Steps the replica under the lock and performs the effects. Returns the step's status. */
zcache_status zc_actor_step(zc_actor_t *actor, const zc_event_t *event);
/* The same, where the caller holds the lock. */
zcache_status zc_actor_step_locked(zc_actor_t *actor, const zc_event_t *event);

/* Sends the message in `body`, which is taken in any case, over a route. A client or peer that is
 * gone, or does not read, loses it. */
void zc_actor_send_route(zc_actor_t *actor, uint64_t route, zmq_msg_t *body);

/* Sends a whole response in `buffer`. */
void zc_actor_respond(zc_actor_t *actor, uint64_t route, zc_buffer_t *buffer);

/* Asks a donor for every hole that was not asked yet, or whose donor did not answer. As long as the
 * node is joining and knows nobody to ask, holes wait for one (rule S1: no false misses); after
 * that they are filled from what is here. */
void zc_actor_ask_donor(zc_actor_t *actor);

/* Fills every open hole with what is here, or else with `otherwise`, and responds. */
void zc_actor_give_up(zc_actor_t *actor, zc_waiting_t *waiting, zcache_status otherwise);

/* Responds with an answer that is complete. */
void zc_actor_finish(zc_actor_t *actor, zc_waiting_t *waiting);

/* Tells a peer that dialled us that it speaks another version of the protocol. */
void zc_actor_refuse_version(zc_actor_t *actor, uint64_t route);

/* -- request.c: requests of clients ---------------------------------------- */

void zc_actor_request(zc_actor_t *actor, uint64_t route, zc_slice_t bytes);

/* Whether actor->response may grow by so much, and, where it gets large, whether its client reads
 * what it was sent before. */
bool zc_actor_has_room(const zc_actor_t *actor, uint64_t route, size_t bytes);

/* -- listing.c: what STATS, CONFIG, PEERS and SPY answer ------------------- */

/* Each adds one result to actor->response. Returns OK or NO_MEMORY. */
zcache_status zc_actor_list_stats(zc_actor_t *actor);
zcache_status zc_actor_list_config(zc_actor_t *actor);
zcache_status zc_actor_list_peers(zc_actor_t *actor);
zcache_status zc_actor_list_spy(zc_actor_t *actor, uint64_t route, uint64_t number);

/* -- compare.c: what DIGEST, SCAN and LOOK answer, for zcache_verify -------- */

/* Each adds one result to actor->response. Returns OK or NO_MEMORY. */
zcache_status zc_actor_compare_digest(zc_actor_t *actor, uint64_t route);
zcache_status zc_actor_compare_scan(zc_actor_t *actor, const zc_operation_t *scan);
zcache_status zc_actor_compare_look(zc_actor_t *actor, uint64_t key_hash);

#endif
