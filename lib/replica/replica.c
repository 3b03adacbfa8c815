/* SPDX-License-Identifier: MPL-2.0 */
/* A step of the replica: the clock moves on, the event is taken, then what time has made due is
 * done, and last what is to be sent is cut from the store. Nothing changes the store after that, so
 * what the effects point into stays. */
#include "lib/replica/replica.h"

#include "lib/replica/state.h"

/* -- Life ------------------------------------------------------------------ */

static bool options_valid(const zc_replica_options_t *options) {
    const char *wrong = NULL;
    return zc_settings_valid(&options->settings, &wrong) &&
           options->seed_count <= ZCACHE_JOINS_MAX && !zc_origin_is_none(&options->identity.origin);
}

static zcache_status copy_seeds(zc_replica_t *replica, const zc_replica_options_t *options) {
    if (options->seed_count == 0) {
        return ZCACHE_OK;
    }
    replica->seeds =
        zc_allocate_zeroed(replica->allocator, options->seed_count * sizeof *replica->seeds);
    if (replica->seeds == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    for (size_t i = 0; i < options->seed_count; i++) {
        char *seed = zc_allocate(replica->allocator, options->seeds[i].bytes + 1);
        if (seed == NULL) {
            return ZCACHE_NO_MEMORY;
        }
        memcpy(seed, options->seeds[i].data, options->seeds[i].bytes);
        seed[options->seeds[i].bytes] = '\0';
        replica->seeds[replica->seed_count++] = seed;
    }
    return ZCACHE_OK;
}

static zcache_status make_store(zc_replica_t *replica, const zc_replica_options_t *options) {
    zc_store_options_t store_options = {
        .allocator = options->allocator,
        .lock = options->lock,
        .seed = zc_random_next(&replica->random),
        .max_size = options->settings.max_size,
        .ghosts_max = options->settings.max_size,
        .max_memory = options->max_memory,
        .expire_after_ms = options->settings.expire_after_ms,
        .touch_window_ms = options->settings.expire_after_ms,
    };
    zcache_status status = zc_store_new(&store_options, &replica->store);
    if (status == ZCACHE_OK) {
        status = zc_store_origin(replica->store, &replica->identity.origin, &replica->self);
    }
    /* The own row exists from the start, so that writing takes no memory there. */
    if (status == ZCACHE_OK) {
        status = zc_vvec_reserve(&replica->vvec, replica->self);
    }
    return status;
}

zcache_status zc_replica_new(const zc_replica_options_t *options, zc_replica_t **replica) {
    if (!options_valid(options)) {
        return ZCACHE_INVALID;
    }
    zc_replica_t *made = zc_allocate_zeroed(options->allocator, sizeof *made);
    if (made == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    made->allocator = options->allocator;
    made->random.state = options->random_seed;
    made->clock.now_us = options->now_us;
    made->started_us = options->now_us;
    made->heartbeat_at_us = options->now_us;
    made->gaps_at_us = ZC_NEVER;
    made->checkpoint_bytes =
        options->checkpoint_bytes > 0 ? options->checkpoint_bytes : ZC_CHECKPOINT_BYTES;
    made->joining = options->seed_count > 0;
    made->anchored = options->seed_count == 0;
    zc_vvec_init(&made->vvec, options->allocator);
    zc_retired_init(&made->retired, options->allocator);
    zc_peers_init(&made->peers, options->allocator);
    zc_arena_init(&made->arena, options->allocator);
    zc_arena_init(&made->view_arena, options->allocator);
    zcache_status status = zc_identity_copy(options->allocator, &options->identity, &made->identity,
                                            &made->identity_texts);
    if (status == ZCACHE_OK) {
        status = copy_seeds(made, options);
    }
    if (status == ZCACHE_OK) {
        status = make_store(made, options);
    }
    if (status != ZCACHE_OK) {
        zc_replica_destroy(&made);
        return status;
    }
    zc_registers_init(made, &options->settings, options->wall_ms);
    zc_store_cursor_open_newer(made->store, &made->unsent, made->self, 0);
    made->unsent_open = true;
    if (!made->joining) {
        zc_registers_found(made);
    }
    *replica = made;
    return ZCACHE_OK;
}

void zc_replica_destroy(zc_replica_t **replica) {
    zc_replica_t *dead = *replica;
    if (dead == NULL) {
        return;
    }
    const zc_allocator_t *allocator = dead->allocator;
    zc_donate_fini(dead);
    zc_ask_fini(dead);
    zc_claim_fini(dead);
    zc_join_fini(dead);
    if (dead->unsent_open) {
        zc_store_cursor_close(dead->store, &dead->unsent);
    }
    zc_store_destroy(&dead->store);
    zc_vvec_fini(&dead->vvec);
    zc_retired_fini(&dead->retired);
    zc_peers_fini(&dead->peers);
    zc_arena_fini(&dead->arena);
    zc_arena_fini(&dead->view_arena);
    for (size_t i = 0; i < dead->seed_count; i++) {
        zc_free(allocator, dead->seeds[i]);
    }
    zc_free(allocator, dead->seeds);
    zc_free(allocator, dead->effects);
    zc_free(allocator, dead->identity_texts);
    zc_free(allocator, dead);
    *replica = NULL;
}

/* -- Events ---------------------------------------------------------------- */

/* The way on which a message is to come: broadcast, asked by those who dialled us, or answered by
 * those whom we dialled. */
static zc_link_type_t way_of(zc_message_type_t type) {
    switch (type) {
    case ZC_MESSAGE_BATCH:
    case ZC_MESSAGE_HEARTBEAT:
    case ZC_MESSAGE_TOUCH:
    case ZC_MESSAGE_REGISTERS:
    case ZC_MESSAGE_GOODBYE:
        return ZC_LINK_BROADCAST;
    case ZC_MESSAGE_HELLO:
    case ZC_MESSAGE_PING:
    case ZC_MESSAGE_MEMBERS_ASK:
    case ZC_MESSAGE_SYNC_ASK:
    case ZC_MESSAGE_SYNC_CREDIT:
    case ZC_MESSAGE_READ:
        return ZC_LINK_ROUTE;
    case ZC_MESSAGE_WELCOME:
    case ZC_MESSAGE_PONG:
    case ZC_MESSAGE_MEMBERS:
    case ZC_MESSAGE_SYNC_CHUNK:
    case ZC_MESSAGE_SYNC_END:
    case ZC_MESSAGE_READ_ANSWER:
    case ZC_MESSAGE_REFUSED:
        break;
    }
    return ZC_LINK_PEER;
}

static void pong(zc_replica_t *replica, zc_link_t to, const zc_ping_t *ping) {
    const zc_message_t message = {.type = ZC_MESSAGE_PONG, .ping = *ping};
    zc_effect_send(replica, to, &message);
}

/* `peer` is who answers, where it is an answer. */
static void dispatch(zc_replica_t *replica, zc_link_t from, zc_peer_t *peer,
                     const zc_message_t *message) {
    switch (message->type) {
    case ZC_MESSAGE_BATCH:
        zc_receive_batch(replica, &message->batch);
        break;
    case ZC_MESSAGE_HEARTBEAT:
        zc_liveness_heartbeat(replica, &message->heartbeat);
        break;
    case ZC_MESSAGE_TOUCH:
        zc_receive_touch(replica, &message->touch);
        break;
    case ZC_MESSAGE_REGISTERS:
        zc_registers_merge(replica, &message->registers.registers);
        break;
    case ZC_MESSAGE_GOODBYE:
        zc_membership_goodbye(replica, &message->goodbye);
        break;
    case ZC_MESSAGE_HELLO:
        zc_membership_hello(replica, from, &message->hello);
        break;
    case ZC_MESSAGE_WELCOME:
        zc_membership_welcome(replica, peer, &message->welcome);
        break;
    case ZC_MESSAGE_PING:
        pong(replica, from, &message->ping);
        break;
    case ZC_MESSAGE_PONG:
        zc_liveness_pong(replica, peer, &message->ping);
        break;
    case ZC_MESSAGE_MEMBERS_ASK:
        zc_membership_tell(replica, from);
        break;
    case ZC_MESSAGE_MEMBERS:
        zc_membership_members(replica, peer, &message->members);
        break;
    case ZC_MESSAGE_SYNC_ASK:
        zc_donate_ask(replica, from, &message->sync_ask);
        break;
    case ZC_MESSAGE_SYNC_CHUNK:
        zc_ask_chunk(replica, from, &message->sync_chunk);
        break;
    case ZC_MESSAGE_SYNC_CREDIT:
        zc_donate_credit(replica, from, &message->sync_credit);
        break;
    case ZC_MESSAGE_SYNC_END:
        zc_ask_end(replica, from, &message->sync_end);
        break;
    case ZC_MESSAGE_READ:
        zc_join_donor_read(replica, from, &message->read);
        break;
    case ZC_MESSAGE_READ_ANSWER:
        zc_join_read_answer(replica, &message->read_answer);
        break;
    case ZC_MESSAGE_REFUSED:
        zc_membership_refused(replica, peer, &message->refused);
        break;
    }
}

static void take_message(zc_replica_t *replica, zc_link_t from, const zc_message_t *message) {
    if (way_of(message->type) != from.type) {
        replica->counters.malformed++;
        return;
    }
    zc_peer_t *peer = NULL;
    if (from.type == ZC_LINK_PEER) {
        peer = zc_peers_at(&replica->peers, from.number);
        if (peer == NULL) {
            return; /* forgotten meanwhile */
        }
    }
    dispatch(replica, from, peer, message);
}

static void leave(zc_replica_t *replica) {
    while (replica->sent < replica->written) {
        zc_hlc_t before = replica->sent;
        zc_write_flush(replica, false);
        if (replica->sent == before) {
            break;
        }
    }
    zc_registers_flush(replica);
    zc_message_t message = {.type = ZC_MESSAGE_GOODBYE};
    message.goodbye.origin = replica->identity.origin;
    zc_effect_broadcast(replica, &message);
    replica->leaving = true;
}

/* Those that are dialled already are left alone. False: there was no memory for all of them. */
static bool dial_seeds(zc_replica_t *replica) {
    for (size_t i = 0; i < replica->seed_count; i++) {
        zc_slice_t endpoint = zc_slice_text(replica->seeds[i]);
        zc_peer_t *peer = zc_peers_of_endpoint(&replica->peers, endpoint);
        if (peer == NULL) {
            peer = zc_membership_dial(replica, endpoint);
        }
        if (peer == NULL) {
            return false;
        }
        peer->seed = true;
    }
    return true;
}

static void tick(zc_replica_t *replica) {
    replica->deadline_us = ZC_NEVER;
    if (!replica->begun) {
        replica->begun = dial_seeds(replica);
    }
    uint64_t now_ms = zc_clock_local_ms(&replica->clock);
    if (zc_store_sweep(replica->store, now_ms, ZC_SWEEP_SLOTS)) {
        zc_replica_wake(replica, 0);
    }
    zc_liveness_tick(replica);
    /* Before anything is asked for: what an ask says of the vector is borrowed from it, and a claim
     * changes it. */
    zc_claim_tick(replica);
    zc_ask_tick(replica);
    zc_join_tick(replica);
    zc_donate_tick(replica);
    uint64_t expiry_ms = zc_store_next_expiry_ms(replica->store);
    if (expiry_ms < ZC_NEVER / 1000) {
        zc_replica_wake(replica, expiry_ms * 1000);
    }
}

static zcache_status take_event(zc_replica_t *replica, const zc_event_t *event) {
    switch (event->type) {
    case ZC_EVENT_TICK:
        tick(replica);
        return ZCACHE_OK;
    case ZC_EVENT_WRITE:
        return zc_write_step(replica, event);
    case ZC_EVENT_FLUSH:
        zc_write_flush(replica, false);
        return ZCACHE_OK;
    case ZC_EVENT_CONFIGURE:
        return zc_registers_configure(replica, event->configure.name, event->configure.number);
    case ZC_EVENT_MESSAGE:
        /* What others wrote may overwrite what this node has not sent yet, and a batch must bring
         * what it covers. */
        zc_write_flush(replica, true);
        if (replica->sent < replica->written) {
            /* No memory for that. The message is lost, as one may be, and asked for again. */
            return ZCACHE_OK;
        }
        take_message(replica, event->message.from, event->message.message);
        return ZCACHE_OK;
    case ZC_EVENT_READ:
        return zc_join_read(replica, event);
    case ZC_EVENT_WATCH:
        replica->watched = event->watch.changes;
        replica->watched_values = event->watch.values;
        zc_store_listen(replica->store, replica->watched ? zc_effect_change : NULL, replica);
        return ZCACHE_OK;
    case ZC_EVENT_REPAIR:
        return zc_hunt_now(replica, &event->repair.origin);
    case ZC_EVENT_LEAVE:
        leave(replica);
        return ZCACHE_OK;
    }
    return ZCACHE_INVALID;
}

zcache_status zc_replica_step(zc_replica_t *replica, const zc_event_t *event,
                              zc_effects_t *effects) {
    if (event->type != ZC_EVENT_WRITE) {
        zc_donate_collect(replica);
    }
    zc_arena_reset(&replica->arena);
    replica->effect_count = 0;
    zc_clock_advance(&replica->clock, event->now_us);
    zcache_status status = ZCACHE_OK;
    if (!replica->leaving) {
        status = take_event(replica, event);
    }
    bool flushes = event->type != ZC_EVENT_WRITE && event->type != ZC_EVENT_FLUSH;
    if (flushes && !replica->leaving) {
        zc_write_flush(replica, false);
        zc_registers_flush(replica);
        zc_donate_flush(replica);
    }
    *effects = (zc_effects_t){.effects = replica->effects, .count = replica->effect_count};
    return status;
}

uint64_t zc_replica_deadline(const zc_replica_t *replica) {
    return zc_replica_deadline_or(replica, 0);
}

uint64_t zc_replica_deadline_or(const zc_replica_t *replica, uint64_t flush_us) {
    bool flushes_first = replica->flush_due && flush_us < replica->deadline_us;
    return flushes_first ? flush_us : replica->deadline_us;
}

zc_unsent_t zc_replica_unsent(const zc_replica_t *replica) {
    return replica->waiting;
}

size_t zc_replica_peer_count(const zc_replica_t *replica) {
    return replica->peers.count;
}

zc_store_t *zc_replica_store(zc_replica_t *replica) {
    return replica->store;
}
