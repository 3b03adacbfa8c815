/* SPDX-License-Identifier: MPL-2.0 */
/* Gaps in what peers write (R4): each is asked for soon, beside whatever else is asked for, but one
 * after the other, as each asks for all that is lacked. */
#include "lib/replica/state.h"

enum { RETRY_US = 100 * 1000 };

static bool is_idle(const zc_replica_t *replica) {
    return replica->asks[ZC_ASK_GAP].phase == ZC_ASK_IDLE;
}

static void ask_at(zc_replica_t *replica, zc_peer_t *peer, uint64_t at_us) {
    peer->gap_at_us = at_us;
    replica->gaps_at_us = at_us < replica->gaps_at_us ? at_us : replica->gaps_at_us;
    zc_replica_wake(replica, at_us);
}

/* Requests for one loss are spread over a quarter of a heartbeat (R4), but what was written more
 * than one and a half ago is asked for at once: it is to be here within two. */
static uint64_t draw_gap_delay_us(zc_replica_t *replica, zc_hlc_t lacked) {
    uint64_t heartbeat_us = zc_heartbeat_us(replica);
    uint64_t late_ms = zc_hlc_ms(lacked) + heartbeat_us * 3 / 2000;
    if (zc_clock_mesh_ms(&replica->clock) > late_ms) {
        return 0;
    }
    return zc_random_below(&replica->random, heartbeat_us / 4 + 1);
}

void zc_gap_seen(zc_replica_t *replica, zc_peer_t *peer, zc_hlc_t lacked) {
    if (peer->behind_since_us == 0) {
        peer->behind_since_us = replica->clock.now_us;
        replica->counters.gaps++;
    }
    if (replica->joining || peer->gap_at_us != 0) {
        return;
    }
    ask_at(replica, peer, replica->clock.now_us + draw_gap_delay_us(replica, lacked));
}

/* The origin itself has all of its writes, so it is asked first; while it is not there, anybody
 * else is. */
static void ask_for(zc_replica_t *replica, zc_peer_t *peer) {
    zc_ask_t *ask = &replica->asks[ZC_ASK_GAP];
    zc_peer_t *donor = peer->state == ZC_PEER_LIVE ? peer : zc_hunt_full_donor(replica);
    if (donor == NULL) {
        peer->gap_at_us = replica->clock.now_us + RETRY_US;
        return;
    }
    peer->gap_at_us = 0;
    ask->origin = peer->index;
    zc_ask_begin(replica, ask, donor, false, false);
}

void zc_gap_look_again(zc_replica_t *replica, zc_origin_index_t origin, uint64_t delay_us) {
    zc_peer_t *peer = zc_peers_of_origin(&replica->peers, origin);
    if (peer == NULL) {
        return;
    }
    if (zc_vvec_covers_interval(&replica->vvec, origin, 0, peer->last)) {
        peer->behind_since_us = 0;
        peer->gap_at_us = 0;
    } else if (peer->gap_at_us == 0 && peer->state != ZC_PEER_GONE) {
        delay_us += zc_random_below(&replica->random, delay_us);
        ask_at(replica, peer, replica->clock.now_us + delay_us);
    }
}

static void tick_gap(zc_replica_t *replica, zc_peer_t *peer) {
    if (peer->gap_at_us == 0) {
        return;
    }
    bool is_due = replica->clock.now_us >= peer->gap_at_us;
    if (zc_vvec_covers_interval(&replica->vvec, peer->index, 0, peer->last)) {
        peer->gap_at_us = 0;
        peer->behind_since_us = 0;
    } else if (is_due && is_idle(replica)) {
        ask_for(replica, peer);
    }
    if (peer->gap_at_us != 0 && peer->gap_at_us < replica->gaps_at_us) {
        replica->gaps_at_us = peer->gap_at_us;
    }
}

/* One after the other, each for all that is lacked: the next one waits for the end of the last, and
 * often finds that nothing is left to ask for. */
void zc_gap_tick(zc_replica_t *replica) {
    if (replica->clock.now_us >= replica->gaps_at_us && is_idle(replica)) {
        replica->gaps_at_us = ZC_NEVER;
        size_t number = 0;
        for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
            tick_gap(replica, peer);
        }
    }
    if (is_idle(replica)) {
        zc_replica_wake(replica, replica->gaps_at_us);
    }
}
