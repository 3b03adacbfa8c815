/* SPDX-License-Identifier: MPL-2.0 */
/* What a node holds and serves, looked at between its steps. */
#include "tests/sim/world.h"

/* What a node may take of its allocator, see check_memory. */
enum {
    FIXED_BYTES = 384 * 1024, /* the replica, its touches, a segment of slots, a chunk in work */
    NODE_BYTES = 8 * 1024,    /* for each node: a peer, an origin, a transfer */
    SLOT_BYTES = 160, /* for each slot that was ever in use at once: twice, as tables double */
    STORE_TIMES = 4,  /* as much as the store holds, as batches of it are copied to be sent */
};

static zc_stamp_t stamp_of(zc_world_t *world, int node, const zc_store_item_t *item) {
    const zc_store_t *store = zc_replica_store(zc_cluster_replica(world->cluster, node));
    return (zc_stamp_t){.hlc = item->hlc, .origin = *zc_store_origin_at(store, item->origin)};
}

/* -- What clients get ------------------------------------------------------ */

/* The clocks of nodes differ by what a way takes at each join, by drift, and by what faults have
 * brought; and where meshes of their own clocks meet, by what max_clock_skew lets pass. That is the
 * error within which a ttl is kept. */
static uint64_t ttl_error_ms(const zc_world_t *world) {
    const zc_cluster_network_t *network = &world->plan.network;
    uint64_t way_ms = (network->latency_us + network->jitter_us) / 1000 + 1;
    uint64_t drift_ms =
        zc_plan_has(&world->plan, ZC_FEATURE_DRIFT) ? zc_world_now_ms(world) / 200 : 0;
    uint64_t skew_ms = zc_plan_has(&world->plan, ZC_FEATURE_WALL) ? world->skew_most_ms : 0;
    return way_ms * (uint64_t)(world->count + 1) * 2 + drift_ms + skew_ms + world->clock_error_ms +
           world->longest_stop_ms;
}

static void check_deadline(zc_world_t *world, int node, const zc_written_t *written) {
    if (written->ttl_ms == 0) {
        return;
    }
    uint64_t lived_ms = zc_world_now_ms(world) - written->at_ms;
    if (lived_ms > written->ttl_ms + ttl_error_ms(world)) {
        zc_world_fail(world, ZC_CHECK_DEADLINE, node, written->key,
                      "n%d serves key-%d %llu ms after its ttl of %llu ms was set", node,
                      written->key, (unsigned long long)lived_ms,
                      (unsigned long long)written->ttl_ms);
    }
}

/* A client of this node got a version: no older one may follow. */
static void check_served(zc_world_t *world, int node, int key, const zc_stamp_t *stamp) {
    zc_stamp_t *served = &world->nodes[node].model.served[key];
    if (zc_stamp_compare(stamp, served) < 0) {
        zc_world_fail(world, ZC_CHECK_NEVER_BACK, node, key,
                      "n%d serves an older version of key-%d than it served before", node, key);
    }
    *served = *stamp;
}

static void check_bytes(zc_world_t *world, int node, const zc_written_t *written,
                        zc_slice_t value) {
    if (written->deletes || zc_hash(value, 0) != written->value_hash) {
        zc_world_fail(world, ZC_CHECK_WRITTEN, node, written->key,
                      "n%d serves key-%d with bytes that were not written", node, written->key);
    }
}

void zc_check_read(zc_world_t *world, int node, int key, bool found, const zc_store_item_t *item) {
    if (!found) {
        return;
    }
    zc_stamp_t stamp = stamp_of(world, node, item);
    const zc_written_t *written = zc_history_find(&world->history, key, &stamp);
    if (written == NULL) {
        zc_world_fail(world, ZC_CHECK_WRITTEN, node, key, "n%d serves what nobody wrote", node);
        return;
    }
    check_bytes(world, node, written, item->value);
    check_served(world, node, key, &stamp);
    check_deadline(world, node, written);
}

/* The answer has no origin: the write is found by its clock reading and bytes. */
void zc_check_answer(zc_world_t *world, int node, int key, const zc_record_t *record) {
    if (key < 0) {
        zc_world_fail(world, ZC_CHECK_WRITTEN, node, -1, "n%d answers for a strange key", node);
        return;
    }
    const zc_key_history_t *of_key = &world->history.keys[key];
    uint64_t value_hash = zc_hash(record->value, 0);
    for (size_t i = 0; i < of_key->count; i++) {
        const zc_written_t *written = of_key->writes[i];
        if (written->stamp.hlc == record->hlc && written->value_hash == value_hash) {
            check_served(world, node, key, &written->stamp);
            check_deadline(world, node, written);
            return;
        }
    }
    zc_world_fail(world, ZC_CHECK_WRITTEN, node, key, "n%d answers what nobody wrote", node);
}

/* -- What a node holds ----------------------------------------------------- */

/* The newest write to a key that the node's vector covers and that anybody else can know: from then
 * on it must not serve an older one. */
static void update_covered(zc_world_t *world, int node, int key, const zc_vector_t *vector) {
    zc_model_t *model = &world->nodes[node].model;
    const zc_key_history_t *of_key = &world->history.keys[key];
    for (size_t i = of_key->count; i > 0; i--) {
        const zc_written_t *written = of_key->writes[i - 1];
        if (zc_stamp_compare(&written->stamp, &model->covered[key]) <= 0) {
            return;
        }
        bool own = zc_origin_equal(&written->stamp.origin, &model->origin);
        if ((own || written->sent) && zc_vector_covers(vector, &written->stamp)) {
            model->covered[key] = written->stamp;
            return;
        }
    }
}

static void check_covered(zc_world_t *world, int node, int key, const zc_stamp_t *stamp) {
    if (zc_stamp_compare(stamp, &world->nodes[node].model.covered[key]) < 0) {
        zc_world_fail(world, ZC_CHECK_COVERED, node, key,
                      "n%d serves key-%d %s, and knows that it is overwritten or deleted", node,
                      key, zc_stamp_short(stamp));
    }
}

/* What the events have told is what the store holds. */
static void check_told(zc_world_t *world, int node, int key) {
    zc_model_t *model = &world->nodes[node].model;
    zc_store_item_t item;
    const zc_store_t *store = zc_replica_store(zc_cluster_replica(world->cluster, node));
    zc_stamp_t stamp = {.hlc = 0};
    if (zc_store_find(store, world->history.key_hashes[key], &item) && !item.ghost) {
        stamp = stamp_of(world, node, &item);
    }
    if (!model->forgets && zc_stamp_compare(&stamp, &model->held[key]) != 0) {
        zc_world_fail(world, ZC_CHECK_EVENTS, node, key,
                      "n%d holds another version of key-%d than "
                      "it has told: %s",
                      node, key, zc_stamp_short(&stamp));
    }
}

static void check_key(zc_world_t *world, int node, int key, const zc_vector_t *vector) {
    if (world->history.keys[key].count == 0) {
        return;
    }
    update_covered(world, node, key, vector);
    check_told(world, node, key);
    char text[ZC_KEY_TEXT_BYTES];
    zc_history_key_text(key, text);
    zc_store_item_t item;
    if (!zc_cluster_find(world->cluster, node, text, false, &item)) {
        return;
    }
    zc_stamp_t stamp = stamp_of(world, node, &item);
    check_covered(world, node, key, &stamp);
    check_served(world, node, key, &stamp);
    const zc_written_t *written = zc_history_find(&world->history, key, &stamp);
    if (written != NULL) {
        check_deadline(world, node, written);
    }
}

/* -- Bounds ---------------------------------------------------------------- */

static void check_limit(zc_world_t *world, int node, const char *what, uint64_t count,
                        uint64_t limit) {
    if (count > limit) {
        zc_world_fail(world, ZC_CHECK_BUDGET, node, -1, "n%d has %llu %s, at most %llu", node,
                      (unsigned long long)count, what, (unsigned long long)limit);
    }
}

static void check_memory(zc_world_t *world, int node) {
    const zc_world_node_t *of_node = &world->nodes[node];
    const zc_model_t *model = &of_node->model;
    uint64_t origins = world->ended + (uint64_t)world->count;
    uint64_t most = FIXED_BYTES + NODE_BYTES * origins + SLOT_BYTES * model->most_slots +
                    STORE_TIMES * model->most_bytes;
    if (of_node->memory.most_bytes > most) {
        zc_world_fail(world, ZC_CHECK_BUDGET, node, -1, "n%d had %llu bytes, at most %llu", node,
                      (unsigned long long)of_node->memory.most_bytes, (unsigned long long)most);
    }
}

void zc_check_use(zc_model_t *model, const zc_store_stats_t *stats) {
    uint64_t slots = stats->entries + stats->ghosts;
    model->most_slots = slots > model->most_slots ? slots : model->most_slots;
    model->most_bytes = stats->bytes > model->most_bytes ? stats->bytes : model->most_bytes;
    model->max_size = stats->max_size > model->max_size ? stats->max_size : model->max_size;
    model->ghosts_max =
        stats->ghosts_max > model->ghosts_max ? stats->ghosts_max : model->ghosts_max;
}

static void check_bounds(zc_world_t *world, int node, const zc_replica_view_t *view) {
    zc_model_t *model = &world->nodes[node].model;
    const zc_store_stats_t *stats = &view->store;
    zc_check_use(model, stats);
    check_limit(world, node, "entries", stats->entries, model->max_size);
    check_limit(world, node, "ghosts", stats->ghosts, model->ghosts_max);
    uint64_t max_memory = world->plan.node[node].max_memory;
    if (max_memory > 0) {
        check_limit(world, node, "bytes", stats->bytes, max_memory);
    }
    check_memory(world, node);
}

/* Mesh time may be set while a node joins, and never again (R2). */
static void check_clock(zc_world_t *world, int node, const zc_replica_view_t *view) {
    zc_model_t *model = &world->nodes[node].model;
    if (view->mesh_ms < model->mesh_ms) {
        zc_world_fail(world, ZC_CHECK_CLOCK, node, -1, "n%d's mesh time goes back by %llu ms", node,
                      (unsigned long long)(model->mesh_ms - view->mesh_ms));
    }
    model->mesh_ms = view->joining ? 0 : view->mesh_ms;
}

void zc_check_node(zc_world_t *world, int node) {
    if (!zc_cluster_is_up(world->cluster, node)) {
        return;
    }
    zc_replica_t *replica = zc_cluster_replica(world->cluster, node);
    zc_replica_view_t view = zc_cluster_view(world->cluster, node);
    check_bounds(world, node, &view);
    check_clock(world, node, &view);
    zc_stamp_t horizon = zc_store_horizon(zc_replica_store(replica));
    if (zc_stamp_compare(&horizon, &world->history.highest_horizon) > 0) {
        world->history.highest_horizon = horizon;
    }
    if (view.registers.settings.max_clock_skew_ms > world->skew_most_ms) {
        world->skew_most_ms = view.registers.settings.max_clock_skew_ms;
    }
    zc_vector_t vector;
    if (zc_replica_vector(replica, &vector) != ZCACHE_OK) {
        return; /* it has no memory just now */
    }
    for (int key = 0; key < world->plan.keys; key++) {
        check_key(world, node, key, &vector);
    }
    zc_check_vector(world, node, &vector);
}

void zc_check_ended(zc_world_t *world, int node) {
    uint64_t blocks = world->nodes[node].memory.blocks;
    if (blocks > 0) {
        zc_world_fail(world, ZC_CHECK_RETURNED, node, -1, "n%d has leaked %llu blocks", node,
                      (unsigned long long)blocks);
    }
}
