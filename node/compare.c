/* SPDX-License-Identifier: MPL-2.0 */
/* What a node tells of itself so that it can be compared with others (zcache_verify): the digest in
 * parts with the vector that belongs to it, the entries of some parts, and single registers.
 *
 * Invariant: all numbers of a digest are of one moment, as nobody steps the replica meanwhile. A
 * scan holds nothing here between two of its pages. */
#include "node/actor.h"

enum {
    SCAN_ROWS_MAX = 4096,  /* of a page */
    SCAN_SLOTS_MAX = 8192, /* looked at for a page */
};

/* Under the lock. */
static zcache_status add_digest(zc_actor_t *actor, uint64_t route) {
    zc_replica_t *replica = actor->shared->replica;
    zc_replica_view_t view;
    zc_replica_view(replica, &view);
    zc_digest_t digest = {
        .origin = actor->origin,
        .joining = view.joining,
        .clock_ms = view.mesh_ms,
        .registers = view.registers,
        .entries = view.store.entries,
        .horizon = zc_store_horizon(actor->shared->store),
        .parts = zc_store_digest_parts(actor->shared->store),
    };
    zcache_status status = zc_replica_vector(replica, &digest.vector);
    if (status == ZCACHE_OK &&
        !zc_actor_has_room(actor, route, zc_response_digest_bytes(&digest))) {
        status = ZCACHE_BUSY;
    }
    return status == ZCACHE_OK ? zc_response_add_digest(&actor->response, &digest)
                               : zc_response_add_status(&actor->response, status);
}

zcache_status zc_actor_compare_digest(zc_actor_t *actor, uint64_t route) {
    zc_shared_lock(actor->shared);
    zcache_status status = add_digest(actor, route);
    zc_shared_unlock(actor->shared);
    return status;
}

/* Under the lock: as much of a page as there is, and in *position where the next one begins. */
static zcache_status add_rows(zc_actor_t *actor, const zc_digest_set_t *parts,
                              zc_response_list_t *list, uint64_t *position) {
    size_t budget = SCAN_SLOTS_MAX;
    zcache_status status = ZCACHE_OK;
    while (status == ZCACHE_OK && list->count < SCAN_ROWS_MAX) {
        zc_store_item_t item;
        zcache_status found = zc_store_scan(actor->shared->store, parts, position, &budget, &item);
        if (found != ZCACHE_OK) {
            *position = found == ZCACHE_MISS ? 0 : *position;
            break;
        }
        const zc_scan_row_t row = {.key_hash = item.key_hash,
                                   .digest = zc_store_item_digest(actor->shared->store, &item)};
        status = zc_response_add_scan_row(&actor->response, list, &row);
    }
    return status;
}

zcache_status zc_actor_compare_scan(zc_actor_t *actor, const zc_operation_t *scan) {
    size_t begun_at = actor->response.bytes;
    uint64_t position = scan->number;
    zc_response_list_t list;
    zcache_status status = zc_response_begin_list(&actor->response, true, &list);
    if (status == ZCACHE_OK) {
        zc_shared_lock(actor->shared);
        status = add_rows(actor, scan->parts, &list, &position);
        zc_shared_unlock(actor->shared);
    }
    if (status == ZCACHE_OK) {
        zc_response_end_list(&actor->response, &list, position);
    } else {
        actor->response.bytes = begun_at;
    }
    return status;
}

zcache_status zc_actor_compare_look(zc_actor_t *actor, uint64_t key_hash) {
    zcache_status status = ZCACHE_OK;
    zc_store_item_t item;
    zc_shared_lock(actor->shared);
    if (zc_store_find(actor->shared->store, key_hash, &item)) {
        const zc_look_t look = {
            .ghost = item.ghost,
            .stamp = {.hlc = item.hlc,
                      .origin = *zc_store_origin_at(actor->shared->store, item.origin)},
            .digest = zc_store_item_digest(actor->shared->store, &item),
            .key = item.key,
        };
        status = zc_response_add_look(&actor->response, &look);
    } else {
        status = zc_response_add_status(&actor->response, ZCACHE_MISS);
    }
    zc_shared_unlock(actor->shared);
    return status;
}
