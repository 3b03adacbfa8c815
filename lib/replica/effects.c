/* SPDX-License-Identifier: MPL-2.0 */
/* The list of effects of a step. What an effect points to is the arena's or the store's, and stays
 * until the next step. */
#include "lib/replica/state.h"

zc_effect_t *zc_effect_add(zc_replica_t *replica, zc_effect_type_t type) {
    if (replica->effect_count == replica->effect_capacity) {
        size_t capacity = replica->effect_capacity == 0 ? 16 : replica->effect_capacity * 2;
        zc_effect_t *effects =
            zc_resize(replica->allocator, replica->effects, capacity * sizeof *effects);
        if (effects == NULL) {
            return NULL;
        }
        replica->effects = effects;
        replica->effect_capacity = capacity;
    }
    zc_effect_t *effect = &replica->effects[replica->effect_count++];
    *effect = (zc_effect_t){.type = type};
    return effect;
}

void zc_effect_broadcast(zc_replica_t *replica, const zc_message_t *message) {
    zc_effect_t *effect = zc_effect_add(replica, ZC_EFFECT_BROADCAST);
    if (effect != NULL) {
        effect->message = *message;
    }
}

void zc_effect_send(zc_replica_t *replica, zc_link_t to, const zc_message_t *message) {
    zc_effect_t *effect = zc_effect_add(replica, ZC_EFFECT_SEND);
    if (effect != NULL) {
        effect->send.to = to;
        effect->send.message = *message;
    }
}

void zc_effect_dial(zc_replica_t *replica, zc_effect_type_t type, const zc_peer_t *peer) {
    zc_slice_t endpoint = type == ZC_EFFECT_SUBSCRIBE ? peer->identity.publish_endpoint
                                                      : zc_slice_text(peer->dial_endpoint);
    /* The peer may be forgotten later in this step, so the text is copied: with its NUL, which is
     * not counted. */
    zc_slice_t copy;
    if (!zc_arena_copy(&replica->arena, zc_slice(endpoint.data, endpoint.bytes + 1), &copy)) {
        return;
    }
    zc_effect_t *effect = zc_effect_add(replica, type);
    if (effect != NULL) {
        effect->dial.peer = peer->number;
        effect->dial.endpoint = zc_slice(copy.data, endpoint.bytes);
    }
}

void zc_effect_notice(zc_replica_t *replica, zc_notice_t notice, const zc_peer_t *peer,
                      uint64_t number) {
    zc_slice_t name = zc_slice("", 0);
    zc_slice_t endpoint = zc_slice("", 0);
    if (peer != NULL) {
        name = peer->identity.name;
        endpoint = zc_slice_text(peer->dial_endpoint);
    }
    if (!zc_arena_copy(&replica->arena, name, &name) ||
        !zc_arena_copy(&replica->arena, endpoint, &endpoint)) {
        return;
    }
    zc_effect_t *effect = zc_effect_add(replica, ZC_EFFECT_NOTICE);
    if (effect != NULL) {
        effect->notice.notice = notice;
        effect->notice.name = name;
        effect->notice.endpoint = endpoint;
        effect->notice.number = number;
    }
}

static uint64_t remaining_ttl_ms(const zc_replica_t *replica, uint64_t deadline_ms) {
    if (deadline_ms == 0) {
        return UINT64_MAX;
    }
    uint64_t mesh_ms = zc_clock_mesh_ms(&replica->clock);
    return deadline_ms > mesh_ms ? deadline_ms - mesh_ms : 0;
}

void zc_effect_change(void *context, zc_change_t change, const zc_store_item_t *item) {
    zc_replica_t *replica = context;
    ZC_ASSERT(replica->watched);
    /* Later changes of the same step may free the entry, so its bytes are copied. */
    zc_slice_t key;
    zc_slice_t value = zc_slice(NULL, 0);
    bool with_value = replica->watched_values && change == ZC_CHANGE_SET;
    if (!zc_arena_copy(&replica->arena, item->key, &key) ||
        (with_value && !zc_arena_copy(&replica->arena, item->value, &value))) {
        return;
    }
    zc_effect_t *effect = zc_effect_add(replica, ZC_EFFECT_CHANGE);
    if (effect == NULL) {
        return;
    }
    effect->change.change = change;
    effect->change.key = key;
    effect->change.value = value;
    effect->change.type = item->type;
    effect->change.stamp.hlc = item->hlc;
    effect->change.stamp.origin = *zc_store_origin_at(replica->store, item->origin);
    effect->change.ttl_ms = remaining_ttl_ms(replica, item->deadline_ms);
}
