/* SPDX-License-Identifier: MPL-2.0 */
/* Who is in the mesh (M1-M4): hello and welcome, lists of members, goodbye.
 *
 * An endpoint counts as a member's only once it has answered a hello as that origin. Whoever says
 * hello to us is therefore dialled back and not believed.
 *
 * A list of a thousand members has 60 kB. A joiner takes it from those whose addresses it was
 * given, not from everybody on it: else a mesh of N nodes would cost N lists of N members for each
 * joiner. Whom two lists differ in, the hash in heartbeats shows (liveness.c). */
#include "lib/base/hash.h"
#include "lib/replica/state.h"

enum { PROMPT_US = 1000 * 1000 }; /* half of it is how wrong a joiner's clock may be */

void zc_membership_say_hello(zc_replica_t *replica, zc_peer_t *peer) {
    zc_message_t message = {.type = ZC_MESSAGE_HELLO};
    message.hello.identity = replica->identity;
    message.hello.clock_ms = zc_clock_mesh_ms(&replica->clock);
    message.hello.wants_members = replica->joining && (peer->seed || replica->welcomed_us == 0);
    peer->hello_sent_us = replica->clock.now_us;
    zc_effect_send(replica, zc_peer_link(peer->number), &message);
}

void zc_membership_redial(zc_replica_t *replica, zc_peer_t *peer) {
    zc_effect_dial(replica, ZC_EFFECT_DIAL, peer);
    if (peer->identity.publish_endpoint.bytes > 0) {
        zc_effect_dial(replica, ZC_EFFECT_SUBSCRIBE, peer);
    }
    zc_membership_say_hello(replica, peer);
    if (peer->backoff_us == 0) {
        peer->backoff_us = ZC_FIRST_BACKOFF_US;
    }
    uint64_t jitter_us = zc_random_below(&replica->random, peer->backoff_us / 4 + 1);
    peer->redial_at_us = replica->clock.now_us + peer->backoff_us + jitter_us;
}

zc_peer_t *zc_membership_dial(zc_replica_t *replica, zc_slice_t endpoint) {
    zc_peer_t *peer = NULL;
    if (zc_peers_add(&replica->peers, endpoint, &peer) != ZCACHE_OK) {
        replica->counters.members_refused++;
        return NULL;
    }
    peer->created_us = replica->clock.now_us;
    zc_membership_redial(replica, peer);
    zc_replica_wake(replica, peer->redial_at_us);
    return peer;
}

void zc_membership_forget(zc_replica_t *replica, zc_peer_t *peer) {
    zc_ask_peer_lost(replica, peer);
    zc_effect_t *effect = zc_effect_add(replica, ZC_EFFECT_HANG_UP);
    if (effect != NULL) {
        effect->dial.peer = peer->number;
    }
    zc_peers_remove(&replica->peers, peer);
}

uint64_t zc_membership_hash(const zc_replica_t *replica) {
    zc_slice_t own = zc_slice(replica->identity.origin.bytes, ZC_ORIGIN_BYTES);
    uint64_t sum = zc_hash(own, 0);
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        if (zc_peer_is_member(peer)) {
            sum += zc_hash(zc_slice(peer->identity.origin.bytes, ZC_ORIGIN_BYTES), 0);
        }
    }
    return sum;
}

/* The node itself and all members that are not gone. */
static bool list_members(zc_replica_t *replica, zc_members_t *list) {
    size_t room = replica->peers.count + 1;
    zc_member_t *members = zc_arena_take(&replica->arena, room * sizeof *members);
    if (members == NULL) {
        return false;
    }
    size_t count = 0;
    members[count++] =
        (zc_member_t){.origin = replica->identity.origin, .endpoint = replica->identity.endpoint};
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        if (zc_peer_is_member(peer) && count < ZCACHE_MEMBERS_MAX) {
            members[count++] =
                (zc_member_t){.origin = peer->identity.origin, .endpoint = peer->identity.endpoint};
        }
    }
    *list = (zc_members_t){.members = members, .count = count};
    return true;
}

void zc_membership_tell(zc_replica_t *replica, zc_link_t to) {
    zc_message_t message = {.type = ZC_MESSAGE_MEMBERS};
    if (list_members(replica, &message.members)) {
        zc_effect_send(replica, to, &message);
    }
}

static void say_welcome(zc_replica_t *replica, zc_link_t to, bool with_members) {
    zc_store_stats_t stats;
    zc_store_stats(replica->store, &stats);
    zc_message_t message = {.type = ZC_MESSAGE_WELCOME};
    message.welcome.identity = replica->identity;
    message.welcome.clock_ms = zc_clock_mesh_ms(&replica->clock);
    message.welcome.joining = replica->joining;
    message.welcome.entries = stats.entries;
    message.welcome.registers = replica->registers;
    if (!with_members || list_members(replica, &message.welcome.members)) {
        zc_effect_send(replica, to, &message);
    }
}

/* The peer lives again, or anew: no need to wait for its turn. A hello alone proves nothing, so a
 * connection over which the peer is heard is not given up for it. */
static void ask_who_serves(zc_replica_t *replica, zc_peer_t *known, zc_slice_t endpoint) {
    uint64_t silent_us = replica->clock.now_us - known->heard_us;
    if (zc_peer_is_heard(known) && silent_us <= 2 * zc_heartbeat_us(replica)) {
        zc_membership_say_hello(replica, known);
        return;
    }
    known->backoff_us = 0;
    zc_membership_redial(replica, known);
    /* One that is dialled elsewhere only says that this is its address. */
    if (zc_peers_dialling(&replica->peers, endpoint) == NULL) {
        zc_membership_dial(replica, endpoint);
    }
}

void zc_membership_hello(zc_replica_t *replica, zc_link_t from, const zc_hello_t *hello) {
    say_welcome(replica, from, hello->wants_members);
    if (zc_origin_equal(&hello->identity.origin, &replica->identity.origin)) {
        return;
    }
    zc_peer_t *known = zc_peers_of_endpoint(&replica->peers, hello->identity.endpoint);
    if (known == NULL) {
        if (zc_membership_dial(replica, hello->identity.endpoint) == NULL) {
            zc_message_t message = {.type = ZC_MESSAGE_REFUSED};
            message.refused =
                (zc_refused_t){.reason = ZC_REFUSED_FULL, .version = ZC_PROTOCOL_VERSION};
            zc_effect_send(replica, from, &message);
        }
        return;
    }
    bool same = zc_origin_equal(&known->identity.origin, &hello->identity.origin);
    if (!same || !zc_peer_is_member(known)) {
        ask_who_serves(replica, known, hello->identity.endpoint);
    }
}

/* Another peer of the same origin: the same node under two addresses. True: `peer` is the one that
 * was forgotten. */
static bool merge_twin(zc_replica_t *replica, zc_peer_t *peer, zc_origin_index_t index) {
    zc_peer_t *twin = zc_peers_of_origin(&replica->peers, index);
    if (twin == NULL || twin == peer) {
        return false;
    }
    if (zc_peer_is_member(twin)) {
        twin->seed = twin->seed || peer->seed;
        zc_membership_forget(replica, peer);
        return true;
    }
    peer->seed = peer->seed || twin->seed;
    zc_membership_forget(replica, twin);
    return false;
}

/* What is known of the life before does not hold for the new one. */
static void begin_life(zc_replica_t *replica, zc_peer_t *peer) {
    peer->state = ZC_PEER_DIALLED;
    peer->broadcast_heard = false;
    peer->last = 0;
    peer->skew_ms = 0;
    peer->lead_ms = 0;
    peer->lead_since_us = 0;
    peer->digest = 0;
    peer->state_differs = 0;
    peer->agreement = ZC_AGREEMENT_UNKNOWN;
    peer->members_differ = 0;
    peer->behind_since_us = 0;
    peer->gap_at_us = 0;
    peer->cannot_delta = false;
    peer->refused = false;
    zc_ask_peer_lost(replica, peer);
}

/* The peer is who it was, or is known from now on. False: it could not be taken. */
static bool identify(zc_replica_t *replica, zc_peer_t *peer, const zc_identity_t *identity) {
    zc_origin_index_t index = 0;
    if (zc_retire_origin(replica, &identity->origin, &index) != ZCACHE_OK) {
        replica->counters.members_refused++;
        return false;
    }
    if (merge_twin(replica, peer, index)) {
        return false;
    }
    bool known = !zc_origin_is_none(&peer->identity.origin);
    if (known && zc_origin_equal(&peer->identity.origin, &identity->origin)) {
        return true;
    }
    if (zc_peers_identify(&replica->peers, peer, identity, index) != ZCACHE_OK) {
        return false;
    }
    begin_life(replica, peer);
    if (known) {
        zc_effect_notice(replica, ZC_NOTICE_PEER_REPLACED, peer, 0);
    }
    zc_effect_dial(replica, ZC_EFFECT_SUBSCRIBE, peer);
    return true;
}

/* A node that joins runs on the mesh's clock from its first welcome on (R2), unless that clock
 * leaves no room to count on. A welcome that was long on its way, or that waited here, says too
 * little of what the time is: join.c asks again. */
static void anchor_clock(zc_replica_t *replica, const zc_peer_t *peer,
                         const zc_welcome_t *welcome) {
    bool room = welcome->clock_ms < zc_hlc_ms(ZC_HLC_MAX) / 2;
    bool prompt = peer->rtt_us <= PROMPT_US;
    if (replica->anchored || welcome->joining || !room || !prompt) {
        return;
    }
    zc_clock_anchor(&replica->clock, welcome->clock_ms + peer->rtt_us / 2000);
    zc_store_set_clock_offset(replica->store, replica->clock.offset_ms);
    replica->anchored = true;
}

/* Returns whether this node itself is on the list. */
static bool dial_members(zc_replica_t *replica, const zc_members_t *members) {
    bool listed = false;
    for (size_t i = 0; i < members->count; i++) {
        const zc_member_t *member = &members->members[i];
        if (zc_origin_equal(&member->origin, &replica->identity.origin)) {
            listed = true;
            continue;
        }
        zc_origin_index_t index = zc_store_origin_find(replica->store, &member->origin);
        if ((index == ZC_ORIGIN_INDEX_NONE || zc_peers_of_origin(&replica->peers, index) == NULL) &&
            zc_peers_dialling(&replica->peers, member->endpoint) == NULL) {
            zc_membership_dial(replica, member->endpoint);
        }
    }
    return listed;
}

void zc_membership_members(zc_replica_t *replica, zc_peer_t *peer, const zc_members_t *members) {
    if (!dial_members(replica, members)) {
        /* It has forgotten this node, which makes itself known again. */
        zc_membership_say_hello(replica, peer);
    }
}

void zc_membership_welcome(zc_replica_t *replica, zc_peer_t *peer, const zc_welcome_t *welcome) {
    uint64_t now_us = replica->clock.now_us;
    if (zc_origin_equal(&welcome->identity.origin, &replica->identity.origin)) {
        zc_membership_forget(replica, peer);
        return;
    }
    bool was_heard = zc_peer_is_heard(peer);
    if (!identify(replica, peer, &welcome->identity)) {
        return;
    }
    if (peer->hello_sent_us != 0) {
        peer->rtt_us = now_us - peer->hello_sent_us;
        peer->hello_sent_us = 0;
    }
    anchor_clock(replica, peer, welcome);
    peer->entries = welcome->entries;
    /* One that fell silent is live again only when it is heard: its broadcasts may not come through
     * where its answers do. */
    if (peer->state == ZC_PEER_DIALLED) {
        peer->state = welcome->joining ? ZC_PEER_JOINING : ZC_PEER_LIVE;
        peer->heard_us = now_us;
        peer->backoff_us = 0;
        if (!was_heard) {
            zc_effect_notice(replica, ZC_NOTICE_PEER_LIVE, peer, 0);
        }
        if (welcome->joining && !replica->joining) {
            /* It subscribes while it is dialled, which takes as long as its welcome took, and waits
             * until it hears this node (M1). */
            zc_liveness_introduce(replica, peer->rtt_us);
        }
    }
    if (replica->welcomed_us == 0) {
        replica->welcomed_us = now_us;
    }
    zc_registers_merge(replica, &welcome->registers);
    dial_members(replica, &welcome->members);
    zc_replica_wake(replica, now_us);
}

void zc_membership_refused(zc_replica_t *replica, zc_peer_t *peer, const zc_refused_t *refused) {
    if (peer->refused) {
        return;
    }
    peer->refused = true;
    switch (refused->reason) {
    case ZC_REFUSED_VERSION:
        zc_effect_notice(replica, ZC_NOTICE_PEER_VERSION, peer, refused->version);
        break;
    case ZC_REFUSED_FULL:
        zc_effect_notice(replica, ZC_NOTICE_PEER_FULL, peer, 0);
        break;
    }
}

void zc_membership_goodbye(zc_replica_t *replica, const zc_goodbye_t *goodbye) {
    zc_origin_index_t index = zc_store_origin_find(replica->store, &goodbye->origin);
    zc_peer_t *peer = zc_peers_of_origin(&replica->peers, index);
    if (peer == NULL) {
        return;
    }
    zc_effect_notice(replica, ZC_NOTICE_PEER_LEFT, peer, 0);
    if (peer->seed) {
        /* The user named this address: it is dialled on, for whoever serves there next. */
        zc_ask_peer_lost(replica, peer);
        peer->state = ZC_PEER_GONE;
        peer->backoff_us = ZC_FIRST_BACKOFF_US;
        peer->redial_at_us = replica->clock.now_us + ZC_FIRST_BACKOFF_US;
        return;
    }
    zc_membership_forget(replica, peer);
}
