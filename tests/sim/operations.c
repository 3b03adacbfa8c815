/* SPDX-License-Identifier: MPL-2.0 */
/* What clients ask of a node. */
#include <string.h>

#include "tests/sim/state.h"

static zcache_status write_key(zc_cluster_t *cluster, int node, zc_write_type_t type,
                               const char *key, const char *value, uint64_t ttl_ms) {
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    event.write.type = type;
    event.write.key = zc_slice_text(key);
    event.write.value = zc_slice_text(value);
    event.write.ttl_ms = ttl_ms;
    return zc_cluster_step(cluster, node, &event);
}

zcache_status zc_cluster_set(zc_cluster_t *cluster, int node, const char *key, const char *value,
                             uint64_t ttl_ms) {
    return write_key(cluster, node, ZC_WRITE_SET, key, value, ttl_ms);
}

zcache_status zc_cluster_delete(zc_cluster_t *cluster, int node, const char *key) {
    return write_key(cluster, node, ZC_WRITE_DELETE, key, "", 0);
}

zcache_status zc_cluster_clear(zc_cluster_t *cluster, int node) {
    return write_key(cluster, node, ZC_WRITE_CLEAR, "", "", 0);
}

zcache_status zc_cluster_configure(zc_cluster_t *cluster, int node, const char *name,
                                   uint64_t number) {
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text(name);
    event.configure.number = number;
    return zc_cluster_step(cluster, node, &event);
}

zcache_status zc_cluster_tick(zc_cluster_t *cluster, int node) {
    zc_event_t event = {.type = ZC_EVENT_TICK};
    return zc_cluster_step(cluster, node, &event);
}

zcache_status zc_cluster_flush(zc_cluster_t *cluster, int node) {
    zc_event_t event = {.type = ZC_EVENT_FLUSH};
    return zc_cluster_step(cluster, node, &event);
}

bool zc_cluster_find(zc_cluster_t *cluster, int node, const char *key, bool touch,
                     zc_store_item_t *item) {
    zc_store_t *store = zc_replica_store(cluster->nodes[node].replica);
    uint64_t now_ms = zc_cluster_local_us(cluster, node) / 1000;
    return zc_store_get(store, zc_slice_text(key), now_ms, touch, item) == ZCACHE_OK;
}

static const char *read_key(zc_cluster_t *cluster, int node, const char *key, bool touch) {
    zc_store_item_t item;
    if (!zc_cluster_find(cluster, node, key, touch, &item)) {
        return NULL;
    }
    zc_buffer_t *answer = &cluster->answer;
    answer->bytes = 0;
    uint8_t *text = zc_buffer_reserve(answer, item.value.bytes + 1);
    ZC_ASSERT(text != NULL);
    memcpy(text, item.value.data, item.value.bytes);
    text[item.value.bytes] = '\0';
    return (const char *)text;
}

const char *zc_cluster_get(zc_cluster_t *cluster, int node, const char *key) {
    return read_key(cluster, node, key, true);
}

const char *zc_cluster_peek(zc_cluster_t *cluster, int node, const char *key) {
    return read_key(cluster, node, key, false);
}

void zc_cluster_watch(zc_cluster_t *cluster, int node, bool values) {
    zc_event_t event = {.type = ZC_EVENT_WATCH};
    event.watch.changes = true;
    event.watch.values = values;
    zc_cluster_step(cluster, node, &event);
}

zcache_status zc_cluster_read(zc_cluster_t *cluster, int node, const char *key, uint64_t token) {
    zc_event_t event = {.type = ZC_EVENT_READ};
    event.read.token = token;
    event.read.key = zc_slice_text(key);
    return zc_cluster_step(cluster, node, &event);
}
