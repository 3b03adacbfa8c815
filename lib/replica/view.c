/* SPDX-License-Identifier: MPL-2.0 */
/* What can be seen of a replica between two steps: its peers, its counters, its vector. Nothing
 * here changes anything. */
#include "lib/replica/state.h"

const char *zc_peer_state_text(zc_peer_state_t state) {
    switch (state) {
    case ZC_PEER_SELF:
        return "self";
    case ZC_PEER_DIALLED:
        return "dialled";
    case ZC_PEER_JOINING:
        return "joining";
    case ZC_PEER_LIVE:
        return "live";
    case ZC_PEER_SUSPECT:
        return "suspect";
    case ZC_PEER_GONE:
        return "gone";
    case ZC_PEER_SKEWED:
        return "skewed";
    }
    return "";
}

static void view_peer(const zc_replica_t *replica, const zc_peer_t *peer, zc_peer_view_t *view) {
    *view = (zc_peer_view_t){
        .identity = peer->identity,
        .state = peer->state,
        .rtt_us = peer->state == ZC_PEER_GONE ? 0 : peer->rtt_us, /* nobody knows it any more */
        .skew_ms = (int64_t)peer->skew_ms - (int64_t)peer->lead_ms,
        .digest = peer->digest,
    };
    if (peer->state == ZC_PEER_LIVE && !replica->joining) {
        view->agreement = peer->agreement;
    }
    if (peer->behind_since_us != 0) {
        view->lag_ms = (replica->clock.now_us - peer->behind_since_us) / 1000 + 1;
    }
    if (peer->state == ZC_PEER_DIALLED) {
        view->identity.endpoint = zc_slice_text(peer->dial_endpoint);
    }
}

bool zc_replica_peer(const zc_replica_t *replica, size_t index, zc_peer_view_t *view) {
    if (index == 0) {
        zc_store_stats_t stats;
        zc_store_stats(replica->store, &stats);
        *view = (zc_peer_view_t){
            .identity = replica->identity, .state = ZC_PEER_SELF, .digest = stats.digest};
        view->agreement = replica->joining ? ZC_AGREEMENT_UNKNOWN : ZC_AGREEMENT_SAME;
        return true;
    }
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        if (--index == 0) {
            view_peer(replica, peer, view);
            return true;
        }
    }
    return false;
}

void zc_replica_view(const zc_replica_t *replica, zc_replica_view_t *view) {
    *view = (zc_replica_view_t){
        .joining = replica->joining,
        .registers = replica->registers,
        .mesh_ms = zc_clock_mesh_ms(&replica->clock),
        .counters = replica->counters,
    };
    zc_store_stats(replica->store, &view->store);
    view->counters.hits = view->store.hits;
    view->counters.misses = view->store.misses;
    view->counters.evictions = view->store.evictions;
    view->counters.expirations = view->store.expirations;
    view->counters.touches_dropped = view->store.touches_dropped;
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        view->peers_live += peer->state == ZC_PEER_LIVE;
    }
}

zcache_status zc_replica_vector(zc_replica_t *replica, zc_vector_t *vector) {
    zc_arena_reset(&replica->view_arena);
    return zc_retire_vector(replica, &replica->view_arena, true, vector);
}
