/* SPDX-License-Identifier: MPL-2.0 */
/* The virtual cluster: performs effects, lets time pass from one arrival or deadline to the next.
 */
#include "tests/sim/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "tests/sim/network.h"

enum { ENDPOINT_BYTES = 40, CONNECTIONS_MAX = 4 * ZC_CLUSTER_NODES_MAX };

/* What a node has connected under a peer number. */
typedef struct connection {
    bool dialled;
    bool subscribed;
    uint32_t generation; /* of the dialled connection: answers to an older one are lost */
    char endpoint[ENDPOINT_BYTES];
    char publish_endpoint[ENDPOINT_BYTES];
    uint64_t subscribed_us; /* the subscription is in place from then on */
} connection_t;

typedef struct node {
    zc_replica_t *replica;
    bool paused;
    uint32_t life;
    char endpoint[ENDPOINT_BYTES];
    char publish_endpoint[ENDPOINT_BYTES];
    connection_t connections[CONNECTIONS_MAX]; /* by peer number */
    size_t connection_count;                   /* numbers that were ever in use */
    uint32_t generation;
    bool watched;
} node_t;

struct zc_cluster {
    zc_random_t random;
    uint64_t now_us;
    int64_t wall_skew_ms;
    uint64_t max_memory;
    const zc_allocator_t *allocator;
    zc_cluster_network_t network;
    node_t nodes[ZC_CLUSTER_NODES_MAX];
    int count;
    bool cut[ZC_CLUSTER_NODES_MAX][ZC_CLUSTER_NODES_MAX];
    uint64_t last_arrival_us[ZC_CLUSTER_NODES_MAX][ZC_CLUSTER_NODES_MAX];
    zc_flights_t flights;
    zc_buffer_t buffer;
    zc_wire_scratch_t scratch;
    uint64_t trace;
    uint64_t bytes;
    char answer[ZCACHE_VALUE_MAX_DEFAULT + 1];
    zc_cluster_observer_fn *observer;
    void *observer_context;
    zc_cluster_filter_fn *filter;
    void *filter_context;
};

static void step(zc_cluster_t *cluster, int number, zc_event_t *event, zcache_status *status);

/* -- Sending --------------------------------------------------------------- */

static uint64_t travel_us(zc_cluster_t *cluster) {
    return cluster->network.latency_us +
           zc_random_below(&cluster->random, cluster->network.jitter_us + 1);
}

static bool happens(zc_cluster_t *cluster, uint32_t share) {
    return share > 0 && zc_random_below(&cluster->random, 1000) < share;
}

static void launch(zc_cluster_t *cluster, int from, int to, zc_link_t link, uint64_t at_us) {
    uint8_t *bytes = malloc(cluster->buffer.bytes + 1);
    ZC_ASSERT(bytes != NULL);
    memcpy(bytes, cluster->buffer.data, cluster->buffer.bytes);
    zc_flights_push(&cluster->flights, (zc_flight_t){.at_us = at_us,
                                                     .from = from,
                                                     .to = to,
                                                     .to_life = cluster->nodes[to].life,
                                                     .link = link,
                                                     .bytes = bytes,
                                                     .byte_count = cluster->buffer.bytes});
    cluster->bytes += cluster->buffer.bytes;
}

/* As TCP does: what is sent later on the same way comes later. */
static uint64_t in_order_us(zc_cluster_t *cluster, int from, int to) {
    uint64_t at_us = cluster->now_us + travel_us(cluster);
    uint64_t *last_us = &cluster->last_arrival_us[from][to];
    at_us = at_us > *last_us ? at_us : *last_us;
    *last_us = at_us;
    return at_us;
}

static void broadcast_to(zc_cluster_t *cluster, int from, int to) {
    if (cluster->cut[from][to] || happens(cluster, cluster->network.loss)) {
        return;
    }
    zc_link_t link = {.type = ZC_LINK_BROADCAST};
    uint64_t at_us = in_order_us(cluster, from, to);
    if (happens(cluster, cluster->network.reorder)) {
        at_us += zc_random_below(&cluster->random, 20 * cluster->network.latency_us + 1);
    }
    launch(cluster, from, to, link, at_us);
    if (happens(cluster, cluster->network.repeat)) {
        launch(cluster, from, to, link, at_us + travel_us(cluster));
    }
}

static bool hears(const zc_cluster_t *cluster, int listener, const char *publish_endpoint) {
    const node_t *node = &cluster->nodes[listener];
    for (size_t i = 0; i < node->connection_count; i++) {
        const connection_t *connection = &node->connections[i];
        if (connection->subscribed && connection->subscribed_us <= cluster->now_us &&
            strcmp(connection->publish_endpoint, publish_endpoint) == 0) {
            return true;
        }
    }
    return false;
}

static void broadcast(zc_cluster_t *cluster, int from, const zc_message_t *message) {
    zcache_status status = zc_wire_encode(message, &cluster->buffer);
    ZC_ASSERT(status == ZCACHE_OK);
    for (int to = 0; to < cluster->count; to++) {
        if (to != from && cluster->nodes[to].replica != NULL &&
            hears(cluster, to, cluster->nodes[from].publish_endpoint)) {
            broadcast_to(cluster, from, to);
        }
    }
}

static int node_at(const zc_cluster_t *cluster, const char *endpoint) {
    for (int i = 0; i < cluster->count; i++) {
        if (strcmp(cluster->nodes[i].endpoint, endpoint) == 0) {
            return i;
        }
    }
    return -1;
}

/* A route names the dialling node, its peer number and the generation of that connection. */
static uint64_t route_of(int node, uint64_t peer, uint32_t generation) {
    return (uint64_t)node << 48 | peer << 32 | generation;
}

static void send_to_peer(zc_cluster_t *cluster, int from, uint64_t peer) {
    const connection_t *connection = &cluster->nodes[from].connections[peer];
    int to = connection->dialled ? node_at(cluster, connection->endpoint) : -1;
    if (to < 0 || cluster->nodes[to].replica == NULL || cluster->cut[from][to]) {
        return;
    }
    zc_link_t link = {.type = ZC_LINK_ROUTE,
                      .number = route_of(from, peer, connection->generation)};
    launch(cluster, from, to, link, in_order_us(cluster, from, to));
}

static void send_to_route(zc_cluster_t *cluster, int from, uint64_t route) {
    int to = (int)(route >> 48);
    uint64_t peer = route >> 32 & 0xffff;
    const connection_t *connection = &cluster->nodes[to].connections[peer];
    if (cluster->nodes[to].replica == NULL || cluster->cut[from][to] || !connection->dialled ||
        connection->generation != (uint32_t)route) {
        return;
    }
    zc_link_t link = {.type = ZC_LINK_PEER, .number = peer};
    launch(cluster, from, to, link, in_order_us(cluster, from, to));
}

static void send(zc_cluster_t *cluster, int from, zc_link_t to, const zc_message_t *message) {
    zcache_status status = zc_wire_encode(message, &cluster->buffer);
    ZC_ASSERT(status == ZCACHE_OK);
    if (to.type == ZC_LINK_PEER) {
        send_to_peer(cluster, from, to.number);
    } else {
        send_to_route(cluster, from, to.number);
    }
}

/* -- Effects --------------------------------------------------------------- */

static void copy_endpoint(char *to, zc_slice_t endpoint) {
    ZC_ASSERT(endpoint.bytes < ENDPOINT_BYTES);
    memcpy(to, endpoint.data, endpoint.bytes);
    to[endpoint.bytes] = '\0';
}

static void perform(zc_cluster_t *cluster, int number, const zc_effect_t *effect) {
    node_t *node = &cluster->nodes[number];
    if (cluster->observer != NULL) {
        cluster->observer(cluster->observer_context, number, effect);
    }
    switch (effect->type) {
    case ZC_EFFECT_BROADCAST:
        broadcast(cluster, number, &effect->message);
        break;
    case ZC_EFFECT_SEND:
        send(cluster, number, effect->send.to, &effect->send.message);
        break;
    case ZC_EFFECT_DIAL:
        ZC_ASSERT(effect->dial.peer < CONNECTIONS_MAX);
        if (effect->dial.peer >= node->connection_count) {
            node->connection_count = (size_t)effect->dial.peer + 1;
        }
        node->connections[effect->dial.peer].dialled = true;
        node->connections[effect->dial.peer].generation = ++node->generation;
        copy_endpoint(node->connections[effect->dial.peer].endpoint, effect->dial.endpoint);
        break;
    case ZC_EFFECT_SUBSCRIBE:
        node->connections[effect->dial.peer].subscribed = true;
        node->connections[effect->dial.peer].subscribed_us = cluster->now_us + travel_us(cluster);
        copy_endpoint(node->connections[effect->dial.peer].publish_endpoint, effect->dial.endpoint);
        break;
    case ZC_EFFECT_HANG_UP:
        node->connections[effect->dial.peer] = (connection_t){0};
        break;
    case ZC_EFFECT_CHANGE:
    case ZC_EFFECT_READ_ANSWER:
    case ZC_EFFECT_NOTICE:
        break;
    }
}

static void step(zc_cluster_t *cluster, int number, zc_event_t *event, zcache_status *status) {
    node_t *node = &cluster->nodes[number];
    ZC_ASSERT(node->replica != NULL);
    event->now_us = cluster->now_us;
    zc_effects_t effects;
    zcache_status result = zc_replica_step(node->replica, event, &effects);
    if (status != NULL) {
        *status = result;
    }
    for (size_t i = 0; i < effects.count; i++) {
        perform(cluster, number, &effects.effects[i]);
    }
}

/* -- Life ------------------------------------------------------------------ */

zc_cluster_t *zc_cluster_new(uint64_t seed) {
    zc_cluster_t *cluster = calloc(1, sizeof *cluster);
    ZC_ASSERT(cluster != NULL);
    cluster->random.state = seed;
    cluster->now_us = 1000 * 1000;
    cluster->allocator = zc_allocator_system();
    cluster->network = (zc_cluster_network_t){.latency_us = 500, .jitter_us = 200};
    zc_buffer_init(&cluster->buffer, zc_allocator_system());
    zc_wire_scratch_init(&cluster->scratch, zc_allocator_system());
    return cluster;
}

void zc_cluster_destroy(zc_cluster_t **cluster) {
    zc_cluster_t *dead = *cluster;
    for (int i = 0; i < dead->count; i++) {
        zc_replica_destroy(&dead->nodes[i].replica);
    }
    zc_flights_fini(&dead->flights);
    zc_buffer_fini(&dead->buffer);
    zc_wire_scratch_fini(&dead->scratch);
    free(dead);
    *cluster = NULL;
}

static void make_replica(zc_cluster_t *cluster, int number, const zc_settings_t *settings,
                         int join) {
    node_t *node = &cluster->nodes[number];
    zc_slice_t seeds[2];
    size_t seed_count = 0;
    if (join >= 0) {
        seeds[seed_count++] = zc_slice_text(cluster->nodes[join].endpoint);
    }
    if (join > 0 && number > 0) {
        seeds[seed_count++] = zc_slice_text(cluster->nodes[0].endpoint);
    }
    zc_replica_options_t options = {
        .allocator = cluster->allocator,
        .max_memory = cluster->max_memory,
        .random_seed = zc_random_next(&cluster->random),
        .now_us = cluster->now_us,
        .wall_ms =
            (uint64_t)((int64_t)(1700000000000 + cluster->now_us / 1000) + cluster->wall_skew_ms),
        .seeds = seeds,
        .seed_count = seed_count,
    };
    for (int i = 0; i < 2; i++) {
        uint64_t id = zc_random_next(&cluster->random);
        memcpy(options.identity.origin.bytes + 8 * i, &id, sizeof id);
    }
    char name[16];
    snprintf(name, sizeof name, "n%d", number);
    options.identity.name = zc_slice_text(name);
    options.identity.region = zc_slice("", 0);
    options.identity.endpoint = zc_slice_text(node->endpoint);
    options.identity.publish_endpoint = zc_slice_text(node->publish_endpoint);
    options.identity.watch_endpoint = zc_slice_text(node->endpoint);
    zc_settings_init(&options.settings);
    if (settings != NULL) {
        options.settings = *settings;
    }
    zcache_status status = zc_replica_new(&options, &node->replica);
    ZC_ASSERT(status == ZCACHE_OK);
    node->life++;
    node->paused = false;
    memset(node->connections, 0, sizeof node->connections);
    node->connection_count = 0;
    zc_event_t event = {.type = ZC_EVENT_TICK};
    step(cluster, number, &event, NULL);
}

int zc_cluster_start(zc_cluster_t *cluster, const zc_settings_t *settings, int join) {
    ZC_ASSERT(cluster->count < ZC_CLUSTER_NODES_MAX);
    int number = cluster->count++;
    node_t *node = &cluster->nodes[number];
    snprintf(node->endpoint, sizeof node->endpoint, "tcp://10.0.0.%d:5000", number + 1);
    snprintf(node->publish_endpoint, sizeof node->publish_endpoint, "tcp://10.0.0.%d:5001",
             number + 1);
    make_replica(cluster, number, settings, join);
    return number;
}

void zc_cluster_crash(zc_cluster_t *cluster, int node) {
    zc_replica_destroy(&cluster->nodes[node].replica);
}

void zc_cluster_leave(zc_cluster_t *cluster, int node) {
    zc_event_t event = {.type = ZC_EVENT_LEAVE};
    step(cluster, node, &event, NULL);
    zc_cluster_crash(cluster, node);
}

void zc_cluster_restart(zc_cluster_t *cluster, int node, const zc_settings_t *settings, int join) {
    ZC_ASSERT(cluster->nodes[node].replica == NULL);
    make_replica(cluster, node, settings, join);
}

void zc_cluster_pause(zc_cluster_t *cluster, int node, bool paused) {
    cluster->nodes[node].paused = paused;
}

/* -- The network ----------------------------------------------------------- */

zc_cluster_network_t *zc_cluster_network(zc_cluster_t *cluster) {
    return &cluster->network;
}

zc_random_t *zc_cluster_random(zc_cluster_t *cluster) {
    return &cluster->random;
}

uint64_t zc_cluster_now_ms(const zc_cluster_t *cluster) {
    return cluster->now_us / 1000;
}

void zc_cluster_cut(zc_cluster_t *cluster, int from, int to, bool cut) {
    cluster->cut[from][to] = cut;
}

void zc_cluster_partition(zc_cluster_t *cluster, uint64_t set) {
    for (int i = 0; i < cluster->count; i++) {
        for (int j = 0; j < cluster->count; j++) {
            cluster->cut[i][j] = (set >> i & 1) != (set >> j & 1);
        }
    }
}

void zc_cluster_heal(zc_cluster_t *cluster) {
    memset(cluster->cut, 0, sizeof cluster->cut);
}

void zc_cluster_set_wall_skew_ms(zc_cluster_t *cluster, int64_t skew_ms) {
    cluster->wall_skew_ms = skew_ms;
}

void zc_cluster_set_max_memory(zc_cluster_t *cluster, uint64_t bytes) {
    cluster->max_memory = bytes;
}

void zc_cluster_set_allocator(zc_cluster_t *cluster, const zc_allocator_t *allocator) {
    cluster->allocator = allocator;
}

void zc_cluster_observe(zc_cluster_t *cluster, zc_cluster_observer_fn *observer, void *context) {
    cluster->observer = observer;
    cluster->observer_context = context;
}

void zc_cluster_filter(zc_cluster_t *cluster, zc_cluster_filter_fn *filter, void *context) {
    cluster->filter = filter;
    cluster->filter_context = context;
}

zcache_status zc_cluster_inject(zc_cluster_t *cluster, int node, zc_link_t link,
                                const zc_message_t *message) {
    zcache_status status = zc_wire_encode(message, &cluster->buffer);
    ZC_ASSERT(status == ZCACHE_OK);
    zc_buffer_t bytes = cluster->buffer;
    zc_buffer_init(&cluster->buffer, zc_allocator_system());
    zc_message_t decoded;
    status = zc_wire_decode(zc_buffer_slice(&bytes), &cluster->scratch, &decoded);
    if (status == ZCACHE_OK) {
        zc_event_t event = {.type = ZC_EVENT_MESSAGE};
        event.message.from = link;
        event.message.message = &decoded;
        step(cluster, node, &event, NULL);
    }
    zc_buffer_fini(&bytes);
    return status;
}

static void deliver(zc_cluster_t *cluster, const zc_flight_t *flight) {
    node_t *node = &cluster->nodes[flight->to];
    if (node->replica == NULL || node->life != flight->to_life ||
        cluster->cut[flight->from][flight->to]) {
        return;
    }
    zc_message_t message;
    zcache_status status =
        zc_wire_decode(zc_slice(flight->bytes, flight->byte_count), &cluster->scratch, &message);
    ZC_ASSERT(status == ZCACHE_OK);
    if (cluster->filter != NULL &&
        !cluster->filter(cluster->filter_context, flight->from, flight->to, &message)) {
        return;
    }
    zc_slice_t bytes = zc_slice(flight->bytes, flight->byte_count);
    cluster->trace = zc_hash(bytes, cluster->trace ^ cluster->now_us ^ (uint64_t)flight->to);
    zc_event_t event = {.type = ZC_EVENT_MESSAGE};
    event.message.from = flight->link;
    event.message.message = &message;
    step(cluster, flight->to, &event, NULL);
}

/* -- Time ------------------------------------------------------------------ */

/* The node whose deadline is next, and when; -1: none. A paused one has none. */
static int next_deadline(const zc_cluster_t *cluster, uint64_t *at_us) {
    int next = -1;
    for (int i = 0; i < cluster->count; i++) {
        const node_t *node = &cluster->nodes[i];
        if (node->replica == NULL || node->paused) {
            continue;
        }
        uint64_t deadline_us = zc_replica_deadline(node->replica);
        if (next < 0 || deadline_us < *at_us) {
            next = i;
            *at_us = deadline_us;
        }
    }
    return next;
}

static void move_to(zc_cluster_t *cluster, uint64_t at_us) {
    cluster->now_us = at_us > cluster->now_us ? at_us : cluster->now_us;
}

/* Does the next thing that is due by `until_us`; false: nothing is. */
static bool do_next(zc_cluster_t *cluster, uint64_t until_us) {
    uint64_t deadline_us = UINT64_MAX;
    int node = next_deadline(cluster, &deadline_us);
    bool arrives = cluster->flights.count > 0 && cluster->flights.heap[0].at_us <= deadline_us;
    if (arrives && cluster->flights.heap[0].at_us <= until_us) {
        zc_flight_t flight = zc_flights_pop(&cluster->flights);
        move_to(cluster, flight.at_us);
        if (cluster->nodes[flight.to].paused) {
            flight.at_us = cluster->now_us + 10 * 1000;
            zc_flights_push(&cluster->flights, flight);
            return true;
        }
        deliver(cluster, &flight);
        free(flight.bytes);
        return true;
    }
    if (arrives || node < 0 || deadline_us > until_us) {
        return false;
    }
    move_to(cluster, deadline_us);
    zc_event_t event = {.type = ZC_EVENT_TICK};
    step(cluster, node, &event, NULL);
    return true;
}

void zc_cluster_run_ms(zc_cluster_t *cluster, uint64_t ms) {
    uint64_t until_us = cluster->now_us + ms * 1000;
    while (do_next(cluster, until_us)) {
    }
    move_to(cluster, until_us);
}

bool zc_cluster_run_until(zc_cluster_t *cluster, zc_cluster_condition_fn *condition, void *context,
                          uint64_t limit_ms) {
    for (uint64_t passed_ms = 0; passed_ms <= limit_ms; passed_ms += 10) {
        if (condition(cluster, context)) {
            return true;
        }
        zc_cluster_run_ms(cluster, 10);
    }
    return false;
}

/* -- Use ------------------------------------------------------------------- */

bool zc_cluster_is_up(const zc_cluster_t *cluster, int node) {
    return cluster->nodes[node].replica != NULL;
}

int zc_cluster_count(const zc_cluster_t *cluster) {
    return cluster->count;
}

zc_replica_t *zc_cluster_replica(zc_cluster_t *cluster, int node) {
    return cluster->nodes[node].replica;
}

zc_replica_view_t zc_cluster_view(zc_cluster_t *cluster, int node) {
    zc_replica_view_t view;
    zc_replica_view(cluster->nodes[node].replica, &view);
    return view;
}

static zcache_status write_key(zc_cluster_t *cluster, int node, zc_write_type_t type,
                               const char *key, const char *value, uint64_t ttl_ms) {
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    event.write.type = type;
    event.write.key = zc_slice_text(key);
    event.write.value = zc_slice_text(value);
    event.write.ttl_ms = ttl_ms;
    zcache_status status = ZCACHE_OK;
    step(cluster, node, &event, &status);
    return status;
}

zcache_status zc_cluster_set(zc_cluster_t *cluster, int node, const char *key, const char *value,
                             uint64_t ttl_ms) {
    return write_key(cluster, node, ZC_WRITE_SET, key, value, ttl_ms);
}

zcache_status zc_cluster_delete(zc_cluster_t *cluster, int node, const char *key) {
    return write_key(cluster, node, ZC_WRITE_DELETE, key, "", 0);
}

void zc_cluster_clear(zc_cluster_t *cluster, int node) {
    write_key(cluster, node, ZC_WRITE_CLEAR, "", "", 0);
}

zcache_status zc_cluster_configure(zc_cluster_t *cluster, int node, const char *name,
                                   uint64_t number) {
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text(name);
    event.configure.number = number;
    zcache_status status = ZCACHE_OK;
    step(cluster, node, &event, &status);
    return status;
}

static const char *read_key(zc_cluster_t *cluster, int node, const char *key, bool touch) {
    zc_store_item_t item;
    zc_store_t *store = zc_replica_store(cluster->nodes[node].replica);
    if (zc_store_get(store, zc_slice_text(key), cluster->now_us / 1000, touch, &item) !=
        ZCACHE_OK) {
        return NULL;
    }
    memcpy(cluster->answer, item.value.data, item.value.bytes);
    cluster->answer[item.value.bytes] = '\0';
    return cluster->answer;
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
    step(cluster, node, &event, NULL);
}

zcache_status zc_cluster_read(zc_cluster_t *cluster, int node, const char *key, uint64_t token) {
    zc_event_t event = {.type = ZC_EVENT_READ};
    event.read.token = token;
    event.read.key = zc_slice_text(key);
    zcache_status status = ZCACHE_OK;
    step(cluster, node, &event, &status);
    return status;
}

uint64_t zc_cluster_trace(const zc_cluster_t *cluster) {
    return cluster->trace;
}

uint64_t zc_cluster_bytes(const zc_cluster_t *cluster) {
    return cluster->bytes;
}
