/* SPDX-License-Identifier: MPL-2.0 */
/* The search for a donor (R9): first a delta from the peer that differs, then from some others,
 * then replace-sync from the fullest of those that could not answer with a delta. A joiner, which
 * has nothing to lose, asks one of the fullest for all. */
#include "lib/replica/state.h"

enum { HUNT_OTHERS = 3 }; /* peers that are asked for a delta before a replace-sync is */

static bool can_donate(const zc_peer_t *peer) {
    return peer->state == ZC_PEER_LIVE;
}

/* One of those whose `entries` are at least nine tenths of the fullest one's, at random, so that
 * many joiners do not all ask the same. */
static zc_peer_t *choose_full(zc_replica_t *replica, bool only_cannot_delta) {
    uint64_t most = 0;
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        bool allowed = can_donate(peer) && (!only_cannot_delta || peer->cannot_delta);
        if (allowed && peer->entries > most) {
            most = peer->entries;
        }
    }
    zc_peer_t *chosen = NULL;
    uint64_t candidates = 0;
    number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        bool allowed = can_donate(peer) && (!only_cannot_delta || peer->cannot_delta);
        if (allowed && peer->entries >= most - most / 10 &&
            zc_random_below(&replica->random, ++candidates) == 0) {
            chosen = peer;
        }
    }
    return chosen;
}

zc_peer_t *zc_hunt_full_donor(zc_replica_t *replica) {
    return choose_full(replica, false);
}

static zc_peer_t *choose_unasked(zc_replica_t *replica) {
    zc_peer_t *chosen = NULL;
    uint64_t candidates = 0;
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        if (can_donate(peer) && !peer->asked &&
            zc_random_below(&replica->random, ++candidates) == 0) {
            chosen = peer;
        }
    }
    return chosen;
}

zc_peer_t *zc_hunt_donor(zc_replica_t *replica, bool *replace) {
    zc_hunt_t *hunt = &replica->hunt;
    *replace = true;
    if (replica->joining) {
        return zc_hunt_full_donor(replica);
    }
    if (!hunt->replace) {
        *replace = false;
        zc_peer_t *first = zc_peers_at(&replica->peers, hunt->first);
        if (first != NULL && can_donate(first) && !first->asked) {
            return first;
        }
        zc_peer_t *other = hunt->asked < HUNT_OTHERS ? choose_unasked(replica) : NULL;
        if (other != NULL) {
            hunt->asked++;
            return other;
        }
    }
    *replace = true;
    return choose_full(replica, true);
}

void zc_hunt_begin(zc_replica_t *replica, zc_peer_number_t first, uint64_t at_us) {
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        peer->asked = false;
        peer->cannot_delta = false;
    }
    replica->hunt = (zc_hunt_t){.wanted = true, .at_us = at_us, .first = first};
}

bool zc_hunt_is_under_way(const zc_replica_t *replica) {
    return replica->hunt.wanted || replica->asks[ZC_ASK_HUNTED].phase != ZC_ASK_IDLE;
}

void zc_hunt_for(zc_replica_t *replica, zc_peer_number_t peer, uint64_t at_us) {
    if (zc_hunt_is_under_way(replica)) {
        return;
    }
    zc_hunt_begin(replica, peer, at_us);
    zc_replica_wake(replica, at_us);
}

zcache_status zc_hunt_now(zc_replica_t *replica, const zc_origin_t *origin) {
    if (replica->joining) {
        return ZCACHE_OK; /* it is asking for everything as it is */
    }
    zc_origin_index_t index = zc_store_origin_find(replica->store, origin);
    const zc_peer_t *peer = zc_peers_of_origin(&replica->peers, index);
    if (peer == NULL || !can_donate(peer)) {
        return ZCACHE_MISS;
    }
    replica->counters.repairs += !zc_hunt_is_under_way(replica);
    zc_hunt_for(replica, peer->number, replica->clock.now_us);
    return ZCACHE_OK;
}

void zc_hunt_on(zc_replica_t *replica, uint64_t delay_us) {
    replica->hunt.wanted = true;
    replica->hunt.at_us = replica->clock.now_us + delay_us;
    zc_replica_wake(replica, replica->hunt.at_us);
}
