/* SPDX-License-Identifier: MPL-2.0 */
/* Clocks that are too far apart (R2). A peer that is ahead is quarantined: nothing of it is applied
 * until its clock is back within max_clock_skew_ms. A peer that is as far behind has quarantined
 * this node, which says so too, as it is probably here that the clock is to be mended. */
#include "lib/replica/state.h"

/* Heartbeats that were waiting to be read tell an old time. A lead means something once it has
 * lasted for longer than it takes to read them. */
enum { LEAD_HEARTBEATS = 8 };

static void check_lag(zc_replica_t *replica, zc_peer_t *peer, uint64_t peer_ms) {
    uint64_t own_ms = zc_clock_mesh_ms(&replica->clock);
    uint64_t written_ms = zc_hlc_ms(replica->sent);
    own_ms = written_ms > own_ms ? written_ms : own_ms;
    if (own_ms <= peer_ms + replica->registers.settings.max_clock_skew_ms) {
        peer->lead_since_us = 0;
        peer->lead_ms = 0;
        return;
    }
    uint64_t now_us = replica->clock.now_us;
    if (peer->lead_since_us == 0) {
        peer->lead_since_us = now_us;
    }
    if (now_us - peer->lead_since_us < LEAD_HEARTBEATS * zc_heartbeat_us(replica)) {
        return;
    }
    replica->counters.skewed_here++;
    if (peer->lead_ms == 0) {
        zc_effect_notice(replica, ZC_NOTICE_SELF_SKEWED, peer, own_ms - peer_ms);
    }
    peer->lead_ms = own_ms - peer_ms;
}

void zc_skew_check(zc_replica_t *replica, zc_peer_t *peer, const zc_heartbeat_t *heartbeat) {
    if (!replica->anchored) {
        /* Before it has taken over the mesh's time, this node's own clock says nothing. */
        peer->state = heartbeat->joining ? ZC_PEER_JOINING : ZC_PEER_LIVE;
        return;
    }
    uint64_t stamp_ms = zc_hlc_ms(heartbeat->last);
    uint64_t highest_ms = stamp_ms > heartbeat->clock_ms ? stamp_ms : heartbeat->clock_ms;
    uint64_t ahead_ms = zc_clock_ahead_ms(&replica->clock, highest_ms);
    if (ahead_ms <= replica->registers.settings.max_clock_skew_ms) {
        peer->skew_ms = 0;
        peer->state = heartbeat->joining ? ZC_PEER_JOINING : ZC_PEER_LIVE;
        check_lag(replica, peer, heartbeat->clock_ms);
        return;
    }
    if (peer->state != ZC_PEER_SKEWED) {
        zc_effect_notice(replica, ZC_NOTICE_PEER_SKEWED, peer, ahead_ms);
    }
    peer->state = ZC_PEER_SKEWED;
    peer->skew_ms = ahead_ms;
    peer->lead_ms = 0;
    peer->lead_since_us = 0;
}
