/* SPDX-License-Identifier: MPL-2.0 */
/* The end of a replace-sync (R9): the asker drops what the donor has seen, or may have forgotten,
 * and no longer holds, and takes over what the donor has forgotten. */
#include "lib/replica/state.h"

typedef struct drop_rule {
    const zc_replica_t *replica;
    const zc_ask_t *ask;
} drop_rule_t;

/* Rule R9: what the donor did not send and has seen, or may have forgotten. */
static bool is_to_drop(void *context, const zc_store_item_t *item) {
    const drop_rule_t *rule = context;
    zc_stamp_t stamp = {.hlc = item->hlc,
                        .origin = *zc_store_origin_at(rule->replica->store, item->origin)};
    if (zc_stamp_compare(&stamp, &rule->ask->donor_horizon) <= 0) {
        return true;
    }
    return zc_vector_covers(&rule->ask->donor_vector.vector, &stamp);
}

bool zc_replace_drop(zc_replica_t *replica, zc_ask_t *ask) {
    drop_rule_t rule = {.replica = replica, .ask = ask};
    return zc_store_drop_unmarked(replica->store, &ask->position, ZC_DROP_SLOTS, is_to_drop, &rule);
}

zcache_status zc_replace_adopt_floors(zc_replica_t *replica, const zc_ask_t *ask) {
    for (size_t i = 0; i < ask->donor_floor_count; i++) {
        const zc_floor_t *floor = &ask->donor_floors[i];
        bool own = zc_origin_equal(&floor->origin, &replica->identity.origin);
        if (own && floor->hlc > replica->written) {
            continue; /* nobody can have forgotten what this node has not written */
        }
        zcache_status status = zc_retire_raise_floor(replica, &floor->origin, floor->hlc);
        if (status != ZCACHE_OK) {
            return status;
        }
    }
    /* The donor may have forgotten what this node has not heard of: own writes must be above it. */
    zc_clock_observe(&replica->clock, ask->donor_horizon.hlc);
    zc_store_raise_horizon(replica->store, &ask->donor_horizon);
    return ZCACHE_OK;
}
