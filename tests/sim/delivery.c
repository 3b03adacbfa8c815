/* SPDX-License-Identifier: MPL-2.0 */
/* Effects performed, as a node performs them on sockets: a PUB reaches whoever has connected a SUB
 * to it, a DEALER reaches the ROUTER that it dialled, and its answer the connection that asked.
 *
 * Broadcasts may be lost, repeated and late. What goes over a dialled connection comes in order or,
 * while the way is cut, not at all. What is sent to a life of a node is lost with that life. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "tests/sim/state.h"

enum { HELD_BROADCASTS_MAX = 2000 }; /* that wait for a paused node, as a PUB's high-water mark */

/* -- Sending --------------------------------------------------------------- */

static bool happens(zc_cluster_t *cluster, uint32_t share) {
    return share > 0 && zc_random_below(&cluster->random, 1000) < share;
}

static void launch(zc_cluster_t *cluster, int from, int to, zc_link_t link, zc_frame_t *frame,
                   uint64_t at_us) {
    zc_frames_hold(frame);
    zc_flights_push(&cluster->flights, (zc_flight_t){.at_us = at_us,
                                                     .from = from,
                                                     .to = to,
                                                     .to_life = cluster->nodes[to].life,
                                                     .link = link,
                                                     .frame = frame});
    size_t type = frame->type;
    cluster->traffic.messages[type]++;
    cluster->traffic.bytes[type] += frame->buffer.bytes;
}

static void broadcast_to(zc_cluster_t *cluster, int from, int to, zc_frame_t *frame) {
    const zc_way_t *way = zc_way(cluster, from, to);
    bool overruns = way->drops && way->clogged_until_us > cluster->now_us;
    if (way->cut || overruns || happens(cluster, cluster->network.loss)) {
        return;
    }
    zc_link_t link = {.type = ZC_LINK_BROADCAST};
    uint64_t at_us = zc_ways_arrival_us(cluster, from, to);
    if (happens(cluster, cluster->network.reorder)) {
        at_us += zc_random_below(&cluster->random, 20 * cluster->network.latency_us + 1);
    }
    launch(cluster, from, to, link, frame, at_us);
    if (happens(cluster, cluster->network.repeat)) {
        launch(cluster, from, to, link, frame, at_us + zc_ways_travel_us(cluster));
    }
}

static void broadcast(zc_cluster_t *cluster, int from, const zc_message_t *message) {
    zc_frame_t *frame = zc_frames_encode(&cluster->frames, message);
    const zc_node_t *node = &cluster->nodes[from];
    int last = ZC_NOBODY;
    for (size_t i = 0; i < node->listener_count; i++) {
        const zc_listener_t *listener = &node->listeners[i];
        if (listener->node == last || listener->node == from ||
            listener->from_us > cluster->now_us) {
            continue;
        }
        last = listener->node;
        broadcast_to(cluster, from, listener->node, frame);
    }
    zc_frames_release(&cluster->frames, frame);
}

/* A route names the dialling node, its peer number and the generation of that connection. */
static uint64_t route_of(int node, uint64_t peer, uint32_t generation) {
    return (uint64_t)node << 48 | peer << 32 | generation;
}

static bool is_up(const zc_cluster_t *cluster, int node) {
    return node >= 0 && node < cluster->count && cluster->nodes[node].replica != NULL;
}

static void send_to_peer(zc_cluster_t *cluster, int from, uint64_t peer, zc_frame_t *frame) {
    const zc_node_t *node = &cluster->nodes[from];
    if (peer >= node->connection_count || !node->connections[peer].dialled) {
        return;
    }
    const zc_connection_t *connection = &node->connections[peer];
    int to = connection->dials;
    if (!is_up(cluster, to) || zc_way(cluster, from, to)->cut) {
        return;
    }
    zc_link_t link = {.type = ZC_LINK_ROUTE,
                      .number = route_of(from, peer, connection->generation)};
    launch(cluster, from, to, link, frame, zc_ways_arrival_us(cluster, from, to));
}

static void send_to_route(zc_cluster_t *cluster, int from, uint64_t route, zc_frame_t *frame) {
    int to = (int)(route >> 48);
    uint64_t peer = route >> 32 & 0xffff;
    if (!is_up(cluster, to) || zc_way(cluster, from, to)->cut ||
        peer >= cluster->nodes[to].connection_count) {
        return;
    }
    const zc_connection_t *connection = &cluster->nodes[to].connections[peer];
    if (!connection->dialled || connection->generation != (uint32_t)route) {
        return;
    }
    zc_link_t link = {.type = ZC_LINK_PEER, .number = peer};
    launch(cluster, from, to, link, frame, zc_ways_arrival_us(cluster, from, to));
}

static void send(zc_cluster_t *cluster, int from, zc_link_t to, const zc_message_t *message) {
    zc_frame_t *frame = zc_frames_encode(&cluster->frames, message);
    if (to.type == ZC_LINK_PEER) {
        send_to_peer(cluster, from, to.number, frame);
    } else {
        send_to_route(cluster, from, to.number, frame);
    }
    zc_frames_release(&cluster->frames, frame);
}

/* -- Connections ----------------------------------------------------------- */

static zc_connection_t *connection_of(zc_node_t *node, zc_peer_number_t peer) {
    if (peer >= node->connection_count) {
        size_t before = node->connection_count;
        node->connections = zc_cluster_grow(node->connections, &node->connection_count, peer + 1,
                                            sizeof *node->connections);
        memset(&node->connections[before], 0,
               (node->connection_count - before) * sizeof *node->connections);
    }
    return &node->connections[peer];
}

/* Where this listener is among a publisher's, or belongs. */
static size_t find_listener(const zc_node_t *publisher, int node, uint32_t peer) {
    size_t low = 0;
    size_t high = publisher->listener_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const zc_listener_t *listener = &publisher->listeners[middle];
        if (listener->node < node || (listener->node == node && listener->peer < peer)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void unsubscribe(zc_cluster_t *cluster, int number, zc_peer_number_t peer) {
    zc_connection_t *connection = connection_of(&cluster->nodes[number], peer);
    if (!connection->subscribed) {
        return;
    }
    connection->subscribed = false;
    zc_node_t *publisher = &cluster->nodes[connection->hears];
    size_t at = find_listener(publisher, number, peer);
    publisher->listener_count--;
    memmove(&publisher->listeners[at], &publisher->listeners[at + 1],
            (publisher->listener_count - at) * sizeof *publisher->listeners);
}

static void subscribe(zc_cluster_t *cluster, int number, zc_peer_number_t peer, int hears) {
    unsubscribe(cluster, number, peer);
    if (hears < 0 || hears >= cluster->count) {
        return; /* nobody has ever been there */
    }
    zc_connection_t *connection = connection_of(&cluster->nodes[number], peer);
    connection->subscribed = true;
    connection->hears = hears;
    zc_node_t *publisher = &cluster->nodes[hears];
    if (publisher->listener_count == publisher->listener_capacity) {
        publisher->listeners =
            zc_cluster_grow(publisher->listeners, &publisher->listener_capacity,
                            publisher->listener_count + 1, sizeof *publisher->listeners);
    }
    size_t at = find_listener(publisher, number, peer);
    memmove(&publisher->listeners[at + 1], &publisher->listeners[at],
            (publisher->listener_count - at) * sizeof *publisher->listeners);
    publisher->listeners[at] = (zc_listener_t){
        .node = number, .peer = peer, .from_us = cluster->now_us + zc_ways_travel_us(cluster)};
    publisher->listener_count++;
}

void zc_delivery_close(zc_cluster_t *cluster, int number) {
    zc_node_t *node = &cluster->nodes[number];
    for (size_t peer = 0; peer < node->connection_count; peer++) {
        unsubscribe(cluster, number, (zc_peer_number_t)peer);
        node->connections[peer] = (zc_connection_t){.dialled = false};
    }
    for (size_t i = 0; i < node->held_count; i++) {
        zc_frames_release(&cluster->frames, node->held[i].frame);
    }
    node->held_count = 0;
}

void zc_delivery_perform(zc_cluster_t *cluster, int number, const zc_effect_t *effect) {
    zc_node_t *node = &cluster->nodes[number];
    zc_connection_t *connection = NULL;
    switch (effect->type) {
    case ZC_EFFECT_BROADCAST:
        broadcast(cluster, number, &effect->message);
        break;
    case ZC_EFFECT_SEND:
        send(cluster, number, effect->send.to, &effect->send.message);
        break;
    case ZC_EFFECT_DIAL:
        connection = connection_of(node, effect->dial.peer);
        connection->dialled = true;
        connection->generation = ++node->generation;
        connection->dials = zc_nodes_at(effect->dial.endpoint);
        break;
    case ZC_EFFECT_SUBSCRIBE:
        subscribe(cluster, number, effect->dial.peer, zc_nodes_at(effect->dial.endpoint));
        break;
    case ZC_EFFECT_HANG_UP:
        unsubscribe(cluster, number, effect->dial.peer);
        connection_of(node, effect->dial.peer)->dialled = false;
        break;
    case ZC_EFFECT_CHANGE:
    case ZC_EFFECT_READ_ANSWER:
    case ZC_EFFECT_NOTICE:
        break;
    }
}

/* -- Arriving -------------------------------------------------------------- */

static void deliver(zc_cluster_t *cluster, const zc_flight_t *flight) {
    const zc_message_t *message = NULL;
    zcache_status status = zc_frame_decode(flight->frame, &message);
    ZC_ASSERT(status == ZCACHE_OK);
    if (cluster->filter != NULL &&
        !cluster->filter(cluster->filter_context, flight->from, flight->to, message)) {
        return;
    }
    const uint64_t arrival[] = {cluster->trace, cluster->now_us, (uint64_t)flight->to,
                                flight->frame->hash};
    cluster->trace = zc_hash(zc_slice(arrival, sizeof arrival), 0);
    zc_event_t event = {.type = ZC_EVENT_MESSAGE};
    event.message.from = flight->link;
    event.message.message = message;
    zc_cluster_step(cluster, flight->to, &event);
}

static void hold(zc_cluster_t *cluster, zc_node_t *node, zc_flight_t *flight) {
    if (flight->link.type == ZC_LINK_BROADCAST && node->held_count >= HELD_BROADCASTS_MAX) {
        zc_frames_release(&cluster->frames, flight->frame);
        return;
    }
    if (node->held_count == node->held_capacity) {
        node->held = zc_cluster_grow(node->held, &node->held_capacity, node->held_count + 1,
                                     sizeof *node->held);
    }
    node->held[node->held_count++] = *flight;
}

void zc_delivery_land(zc_cluster_t *cluster, zc_flight_t *flight) {
    zc_node_t *node = &cluster->nodes[flight->to];
    bool arrives = node->replica != NULL && node->life == flight->to_life &&
                   !zc_way(cluster, flight->from, flight->to)->cut;
    if (arrives && node->paused) {
        hold(cluster, node, flight);
        return;
    }
    if (arrives) {
        deliver(cluster, flight);
    }
    zc_frames_release(&cluster->frames, flight->frame);
}

void zc_delivery_resume(zc_cluster_t *cluster, int number) {
    zc_node_t *node = &cluster->nodes[number];
    for (size_t i = 0; i < node->held_count; i++) {
        node->held[i].at_us = cluster->now_us;
        zc_flights_push(&cluster->flights, node->held[i]);
    }
    node->held_count = 0;
}

zcache_status zc_cluster_inject(zc_cluster_t *cluster, int node, zc_link_t link,
                                const zc_message_t *message) {
    zc_frame_t *frame = zc_frames_encode(&cluster->frames, message);
    const zc_message_t *decoded = NULL;
    zcache_status status = zc_frame_decode(frame, &decoded);
    if (status == ZCACHE_OK) {
        zc_event_t event = {.type = ZC_EVENT_MESSAGE};
        event.message.from = link;
        event.message.message = decoded;
        zc_cluster_step(cluster, node, &event);
    }
    zc_frames_release(&cluster->frames, frame);
    return status;
}
