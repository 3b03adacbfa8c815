/* SPDX-License-Identifier: MPL-2.0 */
/* What is looked at after each step of a node: a write that it took, the changes that it tells,
 * what it sends.
 *
 * The model of a node's life is made from its events alone, so that what they leave out or tell
 * twice shows against the store (check_nodes.c). */
#include "tests/sim/world.h"

enum {
    EFFECTS = 64,         /* of a step, beside changes and batches, */
    EFFECTS_PER_NODE = 8, /* ... and for each node there is */
};

/* -- A write that was taken ------------------------------------------------ */

static void check_own_stamp(zc_world_t *world, int node, int key, const zc_stamp_t *stamp) {
    zc_model_t *model = &world->nodes[node].model;
    if (stamp->hlc <= model->own_hlc) {
        zc_world_fail(world, ZC_CHECK_CLOCK, node, key, "n%d gives a stamp that is not its highest",
                      node);
    }
    if (zc_stamp_compare(stamp, &model->covered[key]) <= 0) {
        zc_world_fail(world, ZC_CHECK_CLOCK, node, key,
                      "n%d gives a stamp below one of the key that it has seen", node);
    }
    model->own_hlc = stamp->hlc;
}

/* Some node cannot hold it at all, by its max_memory, and keeps a ghost instead. */
static bool exceeds_some(const zc_world_t *world, const zc_event_t *event) {
    enum {
        AROUND_BYTES = 256,
        ROUNDED = 8
    }; /* more than an entry takes beside its key and value */
    uint64_t bytes = event->write.key.bytes + event->write.value.bytes + AROUND_BYTES;
    bytes += bytes / ROUNDED;
    for (int i = 0; i < world->count; i++) {
        uint64_t max_memory = world->plan.node[i].max_memory;
        if (max_memory > 0 && bytes > max_memory) {
            return true;
        }
    }
    return false;
}

/* The register of the key is that write now. */
static void note_written(zc_world_t *world, const zc_cluster_step_t *step, int key) {
    int node = step->node;
    zc_store_t *store = zc_replica_store(zc_cluster_replica(world->cluster, node));
    zc_store_item_t item;
    if (!zc_store_find(store, world->history.key_hashes[key], &item)) {
        zc_world_fail(world, ZC_CHECK_WRITTEN, node, key, "n%d has lost a write at once", node);
        return;
    }
    zc_written_t written = {
        .stamp = {.hlc = item.hlc, .origin = *zc_store_origin_at(store, item.origin)},
        .key = key,
        .node = node,
        .deletes = step->event->write.type == ZC_WRITE_DELETE,
        .value_hash = zc_hash(step->event->write.value, 0),
        .deadline_ms = item.deadline_ms,
        .at_ms = zc_world_now_ms(world),
        .ttl_ms = step->event->write.ttl_ms,
        .let_go = exceeds_some(world, step->event),
    };
    check_own_stamp(world, node, key, &written.stamp);
    if (zc_history_add(&world->history, &written) == NULL) {
        zc_world_fail(world, ZC_CHECK_CLOCK, node, key, "n%d gives a stamp twice", node);
    }
    zc_world_log(world, key, "n%d %s key-%d %s", node, written.deletes ? "deletes" : "sets", key,
                 zc_stamp_short(&written.stamp));
}

static void note_write(zc_world_t *world, const zc_cluster_step_t *step) {
    bool taken = step->status == ZCACHE_OK || step->status == ZCACHE_MISS;
    if (step->event->type != ZC_EVENT_WRITE || !taken ||
        step->event->write.type == ZC_WRITE_CLEAR) {
        return;
    }
    int key = zc_history_key(&world->history, step->event->write.key);
    if (key >= 0) {
        note_written(world, step, key);
    }
}

/* -- A change that is told ------------------------------------------------- */

/* Nothing that is further ahead than max_clock_skew_ms of this node's own time is applied (R2). */
static void check_skew(zc_world_t *world, int node, int key, const zc_stamp_t *stamp,
                       const zc_replica_view_t *view) {
    bool own = zc_origin_equal(&stamp->origin, &world->nodes[node].model.origin);
    uint64_t most_ms = view->mesh_ms + view->registers.settings.max_clock_skew_ms;
    if (!own && zc_hlc_ms(stamp->hlc) > most_ms) {
        zc_world_fail(world, ZC_CHECK_SKEW, node, key, "n%d applies what is %llu ms too far ahead",
                      node, (unsigned long long)(zc_hlc_ms(stamp->hlc) - most_ms));
    }
}

static void check_set(zc_world_t *world, int node, int key, const zc_stamp_t *stamp) {
    zc_model_t *model = &world->nodes[node].model;
    const zc_written_t *written = zc_history_find(&world->history, key, stamp);
    if (written == NULL || written->deletes) {
        zc_world_fail(world, ZC_CHECK_WRITTEN, node, key, "n%d tells a set that nobody made", node);
    }
    int order = zc_stamp_compare(stamp, &model->taken[key]);
    if (order == 0) {
        zc_world_fail(world, ZC_CHECK_EVENTS, node, key, "n%d tells a set of key-%d twice", node,
                      key);
    }
    if (order < 0) {
        zc_world_fail(world, ZC_CHECK_NEVER_BACK, node, key,
                      "n%d takes an older version of key-%d than it has had", node, key);
    }
    zc_replica_view_t view = zc_cluster_view(world->cluster, node);
    check_skew(world, node, key, stamp, &view);
    model->held[key] = *stamp;
    model->taken[key] = *stamp;
}

static void check_delete(zc_world_t *world, int node, int key, const zc_stamp_t *stamp) {
    zc_model_t *model = &world->nodes[node].model;
    if (!model->forgets &&
        (model->held[key].hlc == 0 || zc_stamp_compare(stamp, &model->held[key]) <= 0)) {
        zc_world_fail(world, ZC_CHECK_EVENTS, node, key,
                      "n%d tells a delete of key-%d, which it does not hold", node, key);
    }
    model->held[key] = (zc_stamp_t){.hlc = 0};
    if (zc_stamp_compare(stamp, &model->taken[key]) > 0) {
        model->taken[key] = *stamp;
    }
}

/* Evicted, expired or dropped: others may get a ghost of it from now on. */
static void check_gone(zc_world_t *world, int node, int key, const zc_stamp_t *stamp) {
    zc_model_t *model = &world->nodes[node].model;
    if (!model->forgets && zc_stamp_compare(stamp, &model->held[key]) != 0) {
        zc_world_fail(world, ZC_CHECK_EVENTS, node, key,
                      "n%d tells that a version of key-%d goes which it does not hold", node, key);
    }
    model->held[key] = (zc_stamp_t){.hlc = 0};
    zc_written_t *written = zc_history_find(&world->history, key, stamp);
    if (written != NULL) {
        written->let_go = true;
    }
}

static void check_clear(zc_world_t *world, int node, const zc_stamp_t *stamp) {
    zc_model_t *model = &world->nodes[node].model;
    for (int key = 0; key < ZC_PLAN_KEYS_MAX; key++) {
        if (zc_stamp_compare(&model->held[key], stamp) <= 0) {
            model->held[key] = (zc_stamp_t){.hlc = 0};
        }
    }
    zc_world_log(world, ZC_ABOUT_ALL, "n%d clears up to %s", node, zc_stamp_short(stamp));
}

static const char *change_text(zc_change_t change) {
    static const char *const texts[] = {"has", "deletes", "clears", "expires", "evicts", "drops"};
    return texts[change];
}

static void check_change(zc_world_t *world, int node, const zc_effect_t *effect) {
    const zc_stamp_t *stamp = &effect->change.stamp;
    if (effect->change.change == ZC_CHANGE_CLEAR) {
        check_clear(world, node, stamp);
        return;
    }
    int key = zc_history_key(&world->history, effect->change.key);
    if (key < 0) {
        zc_world_fail(world, ZC_CHECK_WRITTEN, node, -1, "n%d tells of a strange key", node);
        return;
    }
    zc_world_log(world, key, "n%d %s key-%d %s", node, change_text(effect->change.change), key,
                 zc_stamp_short(stamp));
    switch (effect->change.change) {
    case ZC_CHANGE_SET:
        check_set(world, node, key, stamp);
        break;
    case ZC_CHANGE_DELETE:
        check_delete(world, node, key, stamp);
        break;
    case ZC_CHANGE_EXPIRE:
    case ZC_CHANGE_EVICT:
    case ZC_CHANGE_DROP:
        check_gone(world, node, key, stamp);
        break;
    case ZC_CHANGE_CLEAR:
        break;
    }
}

/* -- What is sent ---------------------------------------------------------- */

/* NULL: nobody has written it. */
static zc_written_t *find_record(const zc_world_t *world, const zc_record_t *record,
                                 const zc_origin_t *origin) {
    zc_stamp_t stamp = {.hlc = record->hlc, .origin = *origin};
    int key = zc_history_key_of_hash(&world->history, record->key_hash);
    return key < 0 ? NULL : zc_history_find(&world->history, key, &stamp);
}

static void note_sent(zc_world_t *world, const zc_record_t *records, size_t count,
                      const zc_origin_t *origins) {
    for (size_t i = 0; i < count; i++) {
        zc_written_t *written = find_record(world, &records[i], &origins[records[i].origin]);
        if (written != NULL) {
            written->sent = true;
            written->let_go = written->let_go || (records[i].ghost && !written->deletes);
        }
    }
}

/* Whoever gives or takes a transfer may have to end right here. */
static void aim_at(zc_world_t *world, int node) {
    uint32_t rate = world->plan.rates[ZC_FEATURE_AIM];
    if (rate > 0 && !world->calm && zc_random_chance(&world->aim, rate, 4000)) {
        world->doomed = node;
        zc_cluster_interrupt(world->cluster);
    }
}

static void look_at_sent(zc_world_t *world, int node, const zc_message_t *message) {
    switch (message->type) {
    case ZC_MESSAGE_BATCH:
        note_sent(world, message->batch.records, message->batch.count, &message->batch.origin);
        break;
    case ZC_MESSAGE_SYNC_CHUNK:
        note_sent(world, message->sync_chunk.records, message->sync_chunk.count,
                  message->sync_chunk.origins);
        zc_check_chunk_sent(world, &message->sync_chunk);
        aim_at(world, node);
        break;
    case ZC_MESSAGE_READ_ANSWER:
        if (message->read_answer.found) {
            note_sent(world, &message->read_answer.record, 1, &message->read_answer.origin);
        }
        break;
    case ZC_MESSAGE_SYNC_ASK:
        zc_world_log(world, zc_about_node(node), "n%d asks for what it lacks", node);
        zc_check_ask(world, node, &message->sync_ask);
        break;
    default:
        break;
    }
}

static void look_at_come(zc_world_t *world, const zc_cluster_step_t *step) {
    if (step->event->type != ZC_EVENT_MESSAGE) {
        return;
    }
    const zc_message_t *message = step->event->message.message;
    if (message->type == ZC_MESSAGE_SYNC_CHUNK) {
        zc_check_chunk(world, step->node, &message->sync_chunk);
        aim_at(world, step->node);
    } else if (message->type == ZC_MESSAGE_SYNC_END) {
        zc_world_log(world, zc_about_node(step->node), "n%d gets the end of a %s: %d", step->node,
                     message->sync_end.replace ? "replace-sync" : "delta",
                     (int)message->sync_end.result);
    }
}

/* An answer that came through a donor is served like one's own. */
static void look_at_answer(zc_world_t *world, int node, const zc_effect_t *effect) {
    if (!effect->read_answer.found) {
        return;
    }
    const zc_record_t *record = &effect->read_answer.record;
    int key = zc_history_key(&world->history, record->key);
    zc_check_answer(world, node, key, record);
}

/* -- A step ---------------------------------------------------------------- */

static void check_effects(zc_world_t *world, const zc_cluster_step_t *step, size_t others) {
    size_t most = EFFECTS + EFFECTS_PER_NODE * (size_t)world->count;
    if (others > most) {
        zc_world_fail(world, ZC_CHECK_BUDGET, step->node, -1, "n%d has %zu effects in a step",
                      step->node, others);
    }
}

static void look_at_effects(zc_world_t *world, const zc_cluster_step_t *step) {
    size_t others = 0;
    for (size_t i = 0; i < step->effects.count; i++) {
        const zc_effect_t *effect = &step->effects.effects[i];
        switch (effect->type) {
        case ZC_EFFECT_CHANGE:
            check_change(world, step->node, effect);
            break;
        case ZC_EFFECT_BROADCAST:
            look_at_sent(world, step->node, &effect->message);
            others += effect->message.type != ZC_MESSAGE_BATCH;
            break;
        case ZC_EFFECT_SEND:
            look_at_sent(world, step->node, &effect->send.message);
            others++;
            break;
        case ZC_EFFECT_READ_ANSWER:
            look_at_answer(world, step->node, effect);
            break;
        case ZC_EFFECT_DIAL:
        case ZC_EFFECT_SUBSCRIBE:
        case ZC_EFFECT_HANG_UP:
        case ZC_EFFECT_NOTICE:
            others++;
            break;
        }
    }
    check_effects(world, step, others);
}

/* What a node has let go may be told to nobody once its allocations fail: then its store tells. */
static void note_untold(zc_world_t *world, int node, int key) {
    zc_stamp_t *held = &world->nodes[node].model.held[key];
    const zc_store_t *store = zc_replica_store(zc_cluster_replica(world->cluster, node));
    zc_store_item_t item;
    zc_stamp_t stamp = {.hlc = 0};
    if (zc_store_find(store, world->history.key_hashes[key], &item)) {
        stamp.hlc = item.hlc;
        stamp.origin = *zc_store_origin_at(store, item.origin);
    }
    bool entry = stamp.hlc != 0 && !item.ghost;
    zc_written_t *gone =
        entry ? NULL : zc_history_find(&world->history, key, stamp.hlc != 0 ? &stamp : held);
    if (gone != NULL && !gone->deletes) {
        gone->let_go = true;
    }
    *held = entry ? stamp : (zc_stamp_t){.hlc = 0};
}

/* A limit that was lowered is reached by the sweep of the next tick. */
static void note_limits(zc_world_t *world, const zc_cluster_step_t *step) {
    zc_model_t *model = &world->nodes[step->node].model;
    if (step->event->type == ZC_EVENT_TICK) {
        model->max_size = 0;
        model->ghosts_max = 0;
    }
    zc_replica_view_t view = zc_cluster_view(world->cluster, step->node);
    zc_check_use(model, &view.store);
}

void zc_check_step(zc_world_t *world, const zc_cluster_step_t *step) {
    zc_world_node_t *node = &world->nodes[step->node];
    node->model.forgets = node->model.forgets || node->memory.failed;
    if (zc_origin_is_none(&node->model.origin)) {
        zc_peer_view_t self;
        zc_replica_peer(zc_cluster_replica(world->cluster, step->node), 0, &self);
        node->model.origin = self.identity.origin;
    }
    look_at_come(world, step);
    note_limits(world, step);
    note_write(world, step);
    look_at_effects(world, step);
    for (int key = 0; key < world->plan.keys && node->model.forgets; key++) {
        note_untold(world, step->node, key);
    }
}
