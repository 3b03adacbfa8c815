/* SPDX-License-Identifier: MPL-2.0 */
/* Heartbeats (R5) and who is there (M3). A heartbeat shows a lost tail (last), a difference that no
 * chain shows (state hash) and members that one side does not know (members hash); silence makes a
 * peer suspect after 3 and gone after 20 of them. */
#include "lib/base/hash.h"
#include "lib/replica/state.h"

enum {
    SUSPECT_HEARTBEATS = 3,
    GONE_HEARTBEATS = 20,
    PING_HEARTBEATS = 20,
    DIFFERS_HEARTBEATS = 2, /* a hash must differ that often in a row to mean something (R5) */
    LONGEST_BACKOFF_US = 30 * 1000 * 1000,
    UNANSWERED_US =
        15 * 1000 * 1000, /* an address from a list of members that never answers is forgotten */
    INTRODUCTIONS = 8,    /* at most as many in the time of a heartbeat */
    MEMBERS_ASK_US = 2 * 1000 * 1000,
    TOUCHES_PER_MESSAGE = 2048,
};

/* -- What this node says of itself ----------------------------------------- */

static uint64_t hash_stamp(const zc_stamp_t *stamp, uint64_t seed) {
    if (stamp->hlc == 0) {
        return 0;
    }
    uint8_t bytes[8 + ZC_ORIGIN_BYTES];
    zc_hash_put(bytes, stamp->hlc);
    memcpy(bytes + 8, stamp->origin.bytes, ZC_ORIGIN_BYTES);
    return zc_hash(zc_slice(bytes, sizeof bytes), seed);
}

/* What is held of an origin though its vector does not cover it: transfers that broke have left it,
 * and no vector will tell others of it. Looks no further back than to the first hole. */
static uint64_t hash_uncovered(zc_replica_t *replica, zc_origin_index_t index) {
    uint64_t sum = 0;
    zc_hlc_t whole_upto = zc_vvec_whole_upto(&replica->vvec, index);
    zc_store_cursor_t cursor;
    zc_store_item_t item;
    zc_store_cursor_open_older(replica->store, &cursor, index, ZC_HLC_MAX);
    while (zc_store_cursor_item(replica->store, &cursor, &item) && item.hlc > whole_upto) {
        if (!zc_vvec_covers(&replica->vvec, index, item.hlc)) {
            const zc_stamp_t stamp = {.hlc = item.hlc,
                                      .origin = *zc_store_origin_at(replica->store, index)};
            sum += hash_stamp(&stamp, 4);
        }
        zc_store_cursor_next(replica->store, &cursor);
    }
    zc_store_cursor_close(replica->store, &cursor);
    return sum;
}

/* The vector over the origins that this node does not hear itself, what is held of them beside it,
 * the clear register and the settings (PROTOCOL.md). */
static uint64_t hash_state(zc_replica_t *replica) {
    uint64_t sum = hash_stamp(&replica->registers.clear, 2) +
                   hash_stamp(&replica->registers.settings_stamp, 3);
    bool look = replica->uncovered && !zc_replica_asks(replica);
    bool found = !look && replica->uncovered;
    size_t origins = zc_store_origin_count(replica->store);
    for (size_t i = 0; i < origins; i++) {
        zc_origin_index_t index = (zc_origin_index_t)i;
        const zc_peer_t *peer = zc_peers_of_origin(&replica->peers, index);
        uint64_t uncovered = look ? hash_uncovered(replica, index) : 0;
        found = found || uncovered != 0;
        if (index == replica->self || (peer != NULL && zc_peer_is_heard(peer))) {
            continue;
        }
        sum += uncovered;
        const zc_origin_t *origin = zc_store_origin_at(replica->store, index);
        zc_origin_intervals_t row = zc_vvec_row(&replica->vvec, index, origin);
        sum += zc_intervals_hash(origin, row.intervals, row.count);
    }
    replica->uncovered = found;
    return sum + replica->retired.hash;
}

static void send_heartbeat(zc_replica_t *replica) {
    zc_store_stats_t stats;
    zc_store_stats(replica->store, &stats);
    replica->state_hash = hash_state(replica);
    replica->members_hash = zc_membership_hash(replica);
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){
        .origin = replica->identity.origin,
        .last = replica->sent,
        .clock_ms = zc_clock_mesh_ms(&replica->clock),
        .state_hash = replica->state_hash,
        .members_hash = replica->members_hash,
        .digest = replica->joining ? 0 : stats.digest,
        .joining = replica->joining,
    };
    zc_effect_broadcast(replica, &message);
    replica->heartbeat_sent_us = replica->clock.now_us;
}

/* What was read here since the last heartbeat (R11). */
static void send_touches(zc_replica_t *replica) {
    for (;;) {
        zc_message_t message = {.type = ZC_MESSAGE_TOUCH};
        uint64_t *key_hashes =
            zc_arena_take(&replica->arena, TOUCHES_PER_MESSAGE * sizeof *key_hashes);
        if (key_hashes == NULL) {
            return;
        }
        size_t count = zc_store_take_touches(replica->store, key_hashes, TOUCHES_PER_MESSAGE);
        if (count == 0) {
            return;
        }
        message.touch = (zc_touch_t){
            .origin = replica->identity.origin, .key_hashes = key_hashes, .count = count};
        if (replica->peers.count > 0) {
            zc_effect_broadcast(replica, &message);
            replica->counters.touches_sent += count;
        }
    }
}

/* -- What others say ------------------------------------------------------- */

void zc_liveness_heard(zc_replica_t *replica, zc_peer_t *peer) {
    peer->heard_us = replica->clock.now_us;
    if (replica->joining && !peer->broadcast_heard) {
        zc_replica_wake(replica, 0); /* that may be what it has waited for */
    }
    peer->broadcast_heard = true;
    if (peer->state == ZC_PEER_SUSPECT || peer->state == ZC_PEER_GONE) {
        peer->state = ZC_PEER_LIVE;
        peer->backoff_us = 0;
        zc_effect_notice(replica, ZC_NOTICE_PEER_LIVE, peer, 0);
        /* Registers and members may have changed while it was away. */
        zc_membership_say_hello(replica, peer);
    }
}

/* A broadcast of an origin that nobody has introduced: most likely a peer that was started anew at
 * its old endpoint and that libzmq has connected again. Whoever is silent is asked who it is. */
static void unknown_heard(zc_replica_t *replica) {
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        uint64_t silent_us = replica->clock.now_us - peer->heard_us;
        bool asked = peer->hello_sent_us + zc_heartbeat_us(replica) > replica->clock.now_us;
        if (silent_us > zc_heartbeat_us(replica) && !asked) {
            zc_membership_say_hello(replica, peer);
        }
    }
}

static void check_tail(zc_replica_t *replica, zc_peer_t *peer, zc_hlc_t last) {
    if (last <= peer->last && peer->behind_since_us == 0) {
        return; /* nothing new, and nothing is lacked: nearly always so */
    }
    if (last > peer->last) {
        peer->last = last;
    }
    if (!zc_vvec_covers_interval(&replica->vvec, peer->index, 0, peer->last)) {
        zc_gap_seen(replica, peer, peer->last);
    } else {
        peer->behind_since_us = 0;
        peer->gap_at_us = 0;
    }
}

/* See zc_agreement_t. */
static void compare_digests(zc_replica_t *replica, zc_peer_t *peer, uint64_t digest) {
    zc_store_stats_t stats;
    zc_store_stats(replica->store, &stats);
    bool still = digest == peer->digest && stats.digest == peer->own_digest;
    peer->agreement = digest == stats.digest ? ZC_AGREEMENT_SAME
                      : still                ? ZC_AGREEMENT_DIFFERENT
                                             : ZC_AGREEMENT_UNKNOWN;
    peer->digest = digest;
    peer->own_digest = stats.digest;
}

static void check_state(zc_replica_t *replica, zc_peer_t *peer, const zc_heartbeat_t *heartbeat) {
    bool joining = heartbeat->joining || replica->joining;
    bool differs = !joining && heartbeat->state_hash != replica->state_hash;
    peer->state_differs = differs ? peer->state_differs + 1 : 0;
    if (peer->state_differs >= DIFFERS_HEARTBEATS) {
        peer->state_differs = 0;
        uint64_t delay_us = zc_random_below(&replica->random, zc_heartbeat_us(replica) / 2 + 1);
        zc_hunt_for(replica, peer->number, replica->clock.now_us + delay_us);
    }
}

static void check_members(zc_replica_t *replica, zc_peer_t *peer, const zc_heartbeat_t *heartbeat) {
    bool differs = heartbeat->members_hash != replica->members_hash;
    peer->members_differ = differs ? peer->members_differ + 1 : 0;
    uint64_t now_us = replica->clock.now_us;
    if (peer->members_differ >= DIFFERS_HEARTBEATS &&
        now_us >= peer->members_asked_us + MEMBERS_ASK_US && now_us >= replica->members_ask_at_us) {
        peer->members_asked_us = now_us;
        /* One list at a time: while a mesh comes together all differ, and most say the same. */
        replica->members_ask_at_us = now_us + zc_heartbeat_us(replica);
        zc_message_t message = {.type = ZC_MESSAGE_MEMBERS_ASK};
        zc_effect_send(replica, zc_peer_link(peer->number), &message);
        /* It may hear somebody whom this node cannot reach, whose writes are in neither's state
         * hash as long as this node has none of them. */
        if (!replica->joining) {
            zc_hunt_for(replica, peer->number, now_us);
        }
    }
}

void zc_liveness_heartbeat(zc_replica_t *replica, const zc_heartbeat_t *heartbeat) {
    if (zc_origin_equal(&heartbeat->origin, &replica->identity.origin)) {
        return;
    }
    zc_origin_index_t index = zc_store_origin_find(replica->store, &heartbeat->origin);
    zc_peer_t *peer = zc_peers_of_origin(&replica->peers, index);
    if (peer == NULL) {
        unknown_heard(replica);
        return;
    }
    zc_liveness_heard(replica, peer);
    zc_skew_check(replica, peer, heartbeat);
    if (peer->state == ZC_PEER_SKEWED) {
        return;
    }
    if (replica->anchored) {
        zc_clock_observe(&replica->clock, heartbeat->last);
    }
    compare_digests(replica, peer, heartbeat->digest);
    check_tail(replica, peer, heartbeat->last);
    check_state(replica, peer, heartbeat);
    check_members(replica, peer, heartbeat);
}

/* -- Time passes ----------------------------------------------------------- */

static void redial_later(zc_replica_t *replica, zc_peer_t *peer) {
    uint64_t backoff_us = peer->backoff_us == 0 ? ZC_FIRST_BACKOFF_US : peer->backoff_us * 2;
    peer->backoff_us = backoff_us < LONGEST_BACKOFF_US ? backoff_us : LONGEST_BACKOFF_US;
    zc_membership_redial(replica, peer);
}

static void tick_dialled(zc_replica_t *replica, zc_peer_t *peer) {
    uint64_t now_us = replica->clock.now_us;
    if (!peer->seed && now_us - peer->created_us > UNANSWERED_US) {
        zc_membership_forget(replica, peer);
        return;
    }
    if (now_us >= peer->redial_at_us) {
        redial_later(replica, peer);
    }
    zc_replica_wake(replica, peer->redial_at_us);
}

static void ping(zc_replica_t *replica, zc_peer_t *peer) {
    uint64_t now_us = replica->clock.now_us;
    if (now_us < peer->ping_at_us) {
        return;
    }
    peer->ping_at_us = now_us + PING_HEARTBEATS * zc_heartbeat_us(replica);
    peer->ping_sent_us = now_us;
    peer->ping_number = zc_random_next(&replica->random);
    zc_message_t message = {.type = ZC_MESSAGE_PING};
    message.ping.number = peer->ping_number;
    zc_effect_send(replica, zc_peer_link(peer->number), &message);
}

void zc_liveness_pong(zc_replica_t *replica, zc_peer_t *peer, const zc_ping_t *pong) {
    if (peer->ping_sent_us != 0 && pong->number == peer->ping_number) {
        peer->rtt_us = replica->clock.now_us - peer->ping_sent_us;
        peer->ping_sent_us = 0;
    }
}

/* A hole in its writes is no longer asked for: whoever has them, the state hash tells (R5), and one
 * that nobody can fill stays (R3). */
static void become_gone(zc_replica_t *replica, zc_peer_t *peer) {
    peer->state = ZC_PEER_GONE;
    peer->gap_at_us = 0;
    zc_ask_peer_lost(replica, peer);
    zc_effect_notice(replica, ZC_NOTICE_PEER_GONE, peer, 0);
}

/* Members, from live to gone. The watchdog dials anew, because libzmq does not do so after a
 * protocol error. */
static void tick_member(zc_replica_t *replica, zc_peer_t *peer) {
    uint64_t now_us = replica->clock.now_us;
    uint64_t silent_us = now_us - peer->heard_us;
    uint64_t heartbeat_us = zc_heartbeat_us(replica);
    if (zc_peer_is_heard(peer) || peer->state == ZC_PEER_SKEWED) {
        if (silent_us <= SUSPECT_HEARTBEATS * heartbeat_us) {
            ping(replica, peer);
            return;
        }
        peer->state = ZC_PEER_SUSPECT;
        zc_effect_notice(replica, ZC_NOTICE_PEER_SUSPECT, peer, 0);
        peer->redial_at_us = now_us;
    }
    if (peer->state == ZC_PEER_SUSPECT && silent_us > GONE_HEARTBEATS * heartbeat_us) {
        become_gone(replica, peer);
    }
    uint64_t retire_us = replica->registers.settings.retire_after_ms * 1000;
    if (peer->state == ZC_PEER_GONE && !peer->seed && silent_us > retire_us) {
        zc_membership_forget(replica, peer);
        return;
    }
    if (now_us >= peer->redial_at_us) {
        redial_later(replica, peer);
    }
}

/* After a stall of this node itself, silence says nothing about the others: what they sent is still
 * to be read. */
static void forgive_silence(zc_replica_t *replica) {
    uint64_t now_us = replica->clock.now_us;
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        if (zc_peer_is_heard(peer)) {
            peer->heard_us = now_us;
        }
    }
}

void zc_liveness_quicken(zc_replica_t *replica) {
    uint64_t next_us = replica->clock.now_us + zc_heartbeat_us(replica);
    if (next_us < replica->heartbeat_at_us) {
        replica->heartbeat_at_us = next_us;
        forgive_silence(replica);
    }
}

/* Of several the last one, so that one heartbeat is for all. */
void zc_liveness_introduce(zc_replica_t *replica, uint64_t delay_us) {
    uint64_t at_us = replica->clock.now_us + delay_us;
    bool later = replica->introduces && at_us < replica->introduce_at_us;
    replica->introduce_at_us = later ? replica->introduce_at_us : at_us;
    replica->introduces = true;
    zc_replica_wake(replica, replica->introduce_at_us);
}

/* The other heartbeats keep their time: else all members would beat together from then on. */
static void tick_introduction(zc_replica_t *replica) {
    if (!replica->introduces) {
        return;
    }
    uint64_t at_us = replica->heartbeat_sent_us + zc_heartbeat_us(replica) / INTRODUCTIONS;
    at_us = at_us < replica->introduce_at_us ? replica->introduce_at_us : at_us;
    if (replica->clock.now_us < at_us) {
        zc_replica_wake(replica, at_us);
        return;
    }
    replica->introduces = false;
    send_heartbeat(replica);
}

/* With the heartbeats, or more often where entries idle out faster than that. */
static void tick_touches(zc_replica_t *replica) {
    uint64_t now_us = replica->clock.now_us;
    uint64_t heartbeat_us = zc_heartbeat_us(replica);
    uint64_t every_us =
        replica->touch_window_us < heartbeat_us ? replica->touch_window_us : heartbeat_us;
    if (now_us >= replica->touches_at_us) {
        send_touches(replica);
        replica->touches_at_us = now_us + every_us;
    }
    zc_replica_wake(replica, replica->touches_at_us);
}

static void tick_peers(zc_replica_t *replica) {
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        if (peer->state == ZC_PEER_DIALLED) {
            tick_dialled(replica, peer);
        } else {
            tick_member(replica, peer);
        }
    }
}

void zc_liveness_tick(zc_replica_t *replica) {
    uint64_t now_us = replica->clock.now_us;
    uint64_t heartbeat_us = zc_heartbeat_us(replica);
    if (now_us >= replica->heartbeat_at_us) {
        if (now_us - replica->heartbeat_at_us > heartbeat_us) {
            forgive_silence(replica);
        }
        zc_retire_tick(replica);
        send_heartbeat(replica);
        /* Those that were missed in a stall are not made up for. */
        replica->heartbeat_at_us = now_us - replica->heartbeat_at_us < heartbeat_us
                                       ? replica->heartbeat_at_us + heartbeat_us
                                       : now_us + heartbeat_us;
        tick_peers(replica);
    }
    zc_replica_wake(replica, replica->heartbeat_at_us);
    tick_introduction(replica);
    tick_touches(replica);
}
