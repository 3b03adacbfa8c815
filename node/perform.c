/* SPDX-License-Identifier: MPL-2.0 */
/* Performing the effects of a step, in their order and under the step lock, because what they point
 * into belongs to the replica until its next step.
 *
 * Invariant: nothing here waits. Every send is DONTWAIT; what cannot go is dropped and counted, and
 * the protocol finds and repairs it. */
#include "node/actor.h"

#include "lib/base/assert.h"
#include "node/process.h"
#include "node/route.h"

/* -- Sending --------------------------------------------------------------- */

/* Hands the frame to a socket; a frame that is not taken is freed. */
static bool send_frame(zmq_msg_t *frame, void *socket, int flags) {
    if (zmq_msg_send(frame, socket, flags | ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(frame);
        return false;
    }
    return true;
}

void zc_actor_send_route(zc_actor_t *actor, uint64_t route, zmq_msg_t *body) {
    uint8_t id[ZC_ROUTE_BYTES];
    zc_route_to_id(route, id);
    /* ROUTER says with the first frame whether there is such a connection and room in it. */
    if (zmq_send(actor->sockets.router, id, sizeof(id), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        if (zmq_errno() == EHOSTUNREACH) {
            zc_spies_drop_route(&actor->spies, route);
        }
        zmq_msg_close(body);
        actor->counters.sends_dropped++;
        return;
    }
    actor->counters.sends_dropped += !send_frame(body, actor->sockets.router, 0);
}

void zc_actor_respond(zc_actor_t *actor, uint64_t route, zc_buffer_t *buffer) {
    zmq_msg_t body;
    if (zc_frame_init(&body, actor->shared->ledger, zc_lane_of_route(route), buffer) != ZCACHE_OK) {
        actor->counters.sends_dropped++;
        return;
    }
    zc_actor_send_route(actor, route, &body);
}

/* Encodes a message as a frame; false: it is lost. */
static bool encode(zc_actor_t *actor, const zc_message_t *message, zc_lane_t lane,
                   zmq_msg_t *frame) {
    if (zc_wire_encode(message, &actor->message) == ZCACHE_OK &&
        zc_frame_init(frame, actor->shared->ledger, lane, &actor->message) == ZCACHE_OK) {
        return true;
    }
    actor->counters.sends_dropped++;
    return false;
}

static void perform_send(zc_actor_t *actor, zc_link_t to, const zc_message_t *message) {
    zmq_msg_t frame;
    zc_lane_t lane =
        to.type == ZC_LINK_ROUTE ? zc_lane_of_route(to.number) : (zc_lane_t)ZC_LANE_PEERS;
    if (!encode(actor, message, lane, &frame)) {
        return;
    }
    if (to.type == ZC_LINK_ROUTE) {
        zc_actor_send_route(actor, to.number, &frame);
        return;
    }
    ZC_ASSERT(to.type == ZC_LINK_PEER);
    void *dealer = zc_dial_dealer(&actor->dial, (zc_peer_number_t)to.number);
    if (dealer == NULL) {
        zmq_msg_close(&frame);
        actor->counters.sends_dropped++;
        return;
    }
    actor->counters.sends_dropped += !send_frame(&frame, dealer, 0);
}

void zc_actor_refuse_version(zc_actor_t *actor, uint64_t route) {
    const zc_message_t refused = {
        .type = ZC_MESSAGE_REFUSED,
        .refused = {.reason = ZC_REFUSED_VERSION, .version = ZC_PROTOCOL_VERSION},
    };
    perform_send(actor, (zc_link_t){.type = ZC_LINK_ROUTE, .number = route}, &refused);
}

/* -- Reads through the donor ----------------------------------------------- */

void zc_actor_finish(zc_actor_t *actor, zc_waiting_t *waiting) {
    uint64_t route = waiting->route;
    zc_buffer_t whole;
    zc_buffer_init(&whole, zc_allocator_system());
    if (zc_reads_finish(&actor->reads, waiting, &whole) == ZCACHE_OK) {
        zc_actor_respond(actor, route, &whole);
    }
    zc_buffer_fini(&whole);
}

/* Fills one hole with what is here by now, since the transfer may have brought it meanwhile, or
 * else with `otherwise`; false: there is nothing here, and the hole stays open where that is OK. */
static bool fill_from_here(zc_actor_t *actor, zc_waiting_t *waiting, size_t hole,
                           zcache_status otherwise) {
    zc_store_item_t item = {.ghost = false};
    zc_slice_t key = zc_holes_key(&waiting->holes, hole);
    uint64_t now_ms = zc_process_now_us() / 1000;
    zcache_status status = zc_store_get(actor->shared->store, key, now_ms, false, &item);
    if (status != ZCACHE_OK && otherwise == ZCACHE_OK) {
        return false;
    }
    (void)zc_reads_fill(&actor->reads, waiting, hole, status == ZCACHE_OK ? status : otherwise,
                        item.value, item.type);
    return true;
}

static void finish_if_complete(zc_actor_t *actor, zc_waiting_t *waiting) {
    if (waiting->open == 0) {
        zc_actor_finish(actor, waiting);
    }
}

void zc_actor_give_up(zc_actor_t *actor, zc_waiting_t *waiting, zcache_status otherwise) {
    zc_shared_lock(actor->shared);
    for (size_t hole = 0; hole < waiting->holes.count; hole++) {
        if (!waiting->holes.table[hole].filled) {
            fill_from_here(actor, waiting, hole, otherwise);
        }
    }
    zc_shared_unlock(actor->shared);
    zc_actor_finish(actor, waiting);
}

/* That nobody answered says nothing about the key: it is asked for again, of whoever is the donor
 * then, until the answer has waited long enough. */
static void perform_read_answer(zc_actor_t *actor, const zc_effect_t *effect) {
    size_t hole = 0;
    zc_waiting_t *waiting = zc_reads_find(&actor->reads, effect->read_answer.token, &hole);
    if (waiting == NULL) {
        return;
    }
    const zc_record_t *record = &effect->read_answer.record;
    if (effect->read_answer.found) {
        (void)zc_reads_fill(&actor->reads, waiting, hole, ZCACHE_OK, record->value, record->type);
    } else if (!fill_from_here(actor, waiting, hole,
                               effect->read_answer.answered ? ZCACHE_MISS : ZCACHE_OK)) {
        zc_reads_set_asked(&actor->reads, waiting, hole, false);
    }
    finish_if_complete(actor, waiting);
}

/* Asks for one hole; false: there is nobody to ask. */
static bool ask(zc_actor_t *actor, zc_waiting_t *waiting, size_t hole) {
    const zc_event_t event = {
        .type = ZC_EVENT_READ,
        .now_us = zc_process_now_us(),
        .read = {.token = zc_reads_token(waiting, hole),
                 .key = zc_holes_key(&waiting->holes, hole)},
    };
    /* Said before the step, in which the answer might be completed and gone. */
    zc_reads_set_asked(&actor->reads, waiting, hole, true);
    if (zc_actor_step(actor, &event) == ZCACHE_OK) {
        return true;
    }
    zc_reads_set_asked(&actor->reads, waiting, hole, false);
    return false;
}

void zc_actor_ask_donor(zc_actor_t *actor) {
    size_t hole = 0;
    zc_waiting_t *waiting = NULL;
    while ((waiting = zc_reads_unasked(&actor->reads, &hole)) != NULL) {
        if (!atomic_load(&actor->shared->joining)) {
            zc_shared_lock(actor->shared);
            fill_from_here(actor, waiting, hole, ZCACHE_MISS);
            zc_shared_unlock(actor->shared);
            finish_if_complete(actor, waiting);
        } else if (!ask(actor, waiting, hole)) {
            return;
        }
    }
}

/* -- All effects ----------------------------------------------------------- */

static void perform(zc_actor_t *actor, const zc_effect_t *effect) {
    zcache_status status = ZCACHE_OK;
    switch (effect->type) {
    case ZC_EFFECT_BROADCAST:
        zc_publisher_send(&actor->shared->publisher, &effect->message);
        break;
    case ZC_EFFECT_SEND:
        perform_send(actor, effect->send.to, &effect->send.message);
        break;
    case ZC_EFFECT_DIAL:
        status = zc_dial_open(&actor->dial, effect->dial.peer, effect->dial.endpoint);
        break;
    case ZC_EFFECT_SUBSCRIBE:
        status = zc_dial_subscribe(&actor->dial, effect->dial.peer, effect->dial.endpoint);
        break;
    case ZC_EFFECT_HANG_UP:
        zc_dial_hang_up(&actor->dial, effect->dial.peer);
        break;
    case ZC_EFFECT_CHANGE:
        zc_watch_change(&actor->shared->watch, effect);
        break;
    case ZC_EFFECT_READ_ANSWER:
        perform_read_answer(actor, effect);
        break;
    case ZC_EFFECT_NOTICE:
        zc_log_notice(&actor->log, effect);
        break;
    }
    /* A peer that cannot be dialled is one that never answers: the replica tries again. */
    actor->counters.dials_failed += status != ZCACHE_OK;
}

zcache_status zc_actor_step_locked(zc_actor_t *actor, const zc_event_t *event) {
    zc_effects_t effects = {.count = 0};
    zcache_status status = zc_replica_step(actor->shared->replica, event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        perform(actor, &effects.effects[i]);
    }
    return status;
}

zcache_status zc_actor_step(zc_actor_t *actor, const zc_event_t *event) {
    zc_shared_lock(actor->shared);
    zcache_status status = zc_actor_step_locked(actor, event);
    zc_shared_unlock(actor->shared);
    return status;
}
