/* SPDX-License-Identifier: MPL-2.0 */
/* What a broken transfer left behind (R3, R7). It is in the store, but in no interval, as a vector
 * is only taken over whole. Mostly the next transfer covers it. What that one's donor has not seen
 * either may be known to nobody else any more, its origin and its first donor being dead: this node
 * then claims each such write as an interval of its own, so that others find and ask for it.
 *
 * One walk over the store, in short steps, after the transfer that followed. It waits while another
 * one is under way, which may cover as one interval what claims would cover by one each. */
#include "lib/replica/state.h"

enum {
    CLAIM_SLOTS = 16384,                   /* looked at in one step */
    CLAIMS_MAX = ZCACHE_INTERVALS_MAX / 2, /* of an origin: the rest is left for what it sends */
};

void zc_claim_begin(zc_replica_t *replica) {
    zc_claim_t *claim = &replica->claim;
    if (claim->walk != NULL) {
        zc_replica_wake(replica, 0); /* it waited for the end of a transfer */
    }
    if (!claim->wanted) {
        return;
    }
    zc_store_walk_destroy(&claim->walk);
    if (zc_store_walk_new(replica->store, ZC_WALK_COLDEST_FIRST, &claim->walk) == ZCACHE_OK) {
        claim->wanted = false;
        zc_replica_wake(replica, 0);
    }
}

/* At the limit a write stays unclaimed: it is held here, and others do without. */
static zcache_status claim_item(zc_replica_t *replica, const zc_store_item_t *item) {
    const zc_origin_t *origin = zc_store_origin_at(replica->store, item->origin);
    zc_origin_intervals_t row = zc_vvec_row(&replica->vvec, item->origin, origin);
    if (zc_intervals_cover(row.intervals, row.count, item->hlc) || row.count >= CLAIMS_MAX) {
        return ZCACHE_OK;
    }
    replica->counters.claimed++;
    return zc_vvec_cover(&replica->vvec, item->origin, item->hlc - 1, item->hlc);
}

void zc_claim_tick(zc_replica_t *replica) {
    zc_claim_t *claim = &replica->claim;
    if (zc_replica_asks(replica)) {
        return;
    }
    size_t budget = CLAIM_SLOTS;
    zcache_status status = ZCACHE_OK;
    while (claim->walk != NULL && status == ZCACHE_OK) {
        zc_store_item_t item;
        status =
            zc_store_walk_item(claim->walk, zc_clock_local_ms(&replica->clock), &budget, &item);
        if (status == ZCACHE_OK) {
            claim->wanted |= claim_item(replica, &item) == ZCACHE_NO_MEMORY;
            zc_store_walk_next(claim->walk);
        } else if (status == ZCACHE_MISS) {
            zc_store_walk_destroy(&claim->walk);
        } else {
            zc_replica_wake(replica, 0);
        }
    }
}

void zc_claim_fini(zc_replica_t *replica) {
    zc_store_walk_destroy(&replica->claim.walk);
}
