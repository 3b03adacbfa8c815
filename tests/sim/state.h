/* SPDX-License-Identifier: MPL-2.0 */
/* What a cluster is made of, for the files of this folder alone. */
/* clang-format off
 *
 *   cluster.c     construction, a step of a node, and time, from one arrival or deadline to the next
 *   nodes.c       the table of nodes; how one starts, crashes, is paused, and how its clock goes
 *   ways.c        the ways between nodes: what is cut, clogged, and when the next one arrives
 *   delivery.c    effects performed: who hears a broadcast, where an answer goes, what comes of it
 *   deadlines.c   which node wants to be woken next
 *   operations.c  what clients ask of a node
 *   conditions.c  what a cluster is to come to
 *   flights.c frames.c   what is on its way
 *
 * clang-format on */
#ifndef ZC_TESTS_SIM_STATE_H
#define ZC_TESTS_SIM_STATE_H

#include "lib/base/assert.h"
#include "tests/sim/cluster.h"
#include "tests/sim/flights.h"
#include "tests/sim/frames.h"

enum { ZC_ENDPOINT_BYTES = 40, ZC_NOBODY = -1 };

/* What a node has connected under a peer number. Endpoints are kept as the numbers of the nodes
 * that are or will be there. */
typedef struct zc_connection {
    bool dialled;
    bool subscribed;
    uint32_t generation; /* of the dialled connection: answers to an older one are lost */
    int dials;
    int hears;
} zc_connection_t;

/* Somebody's SUB is connected to this node's PUB, whichever life either is in. */
typedef struct zc_listener {
    int node;
    uint32_t peer;    /* its number for this node */
    uint64_t from_us; /* the subscription is in place from then on */
} zc_listener_t;

/* A node's monotonic clock: local time at a moment, and how it goes on from there. */
typedef struct zc_node_clock {
    uint64_t since_us;
    uint64_t local_us;
    int32_t drift_ppm;
    bool stands;
} zc_node_clock_t;

typedef struct zc_node {
    zc_replica_t *replica; /* NULL: down */
    uint32_t life;
    bool paused;
    zc_node_clock_t clock;
    char endpoint[ZC_ENDPOINT_BYTES];
    char publish_endpoint[ZC_ENDPOINT_BYTES];
    zc_connection_t *connections; /* by peer number */
    size_t connection_count;
    uint32_t generation;
    zc_listener_t *listeners; /* ascending by node and peer */
    size_t listener_count;
    size_t listener_capacity;
    zc_flight_t *held; /* what came while it was paused */
    size_t held_count;
    size_t held_capacity;
    uint64_t due_us; /* in virtual time; see deadlines.c */
    size_t due_position;
} zc_node_t;

/* From one node to another. */
typedef struct zc_way {
    uint64_t last_arrival_us;
    uint64_t clogged_until_us;
    bool drops; /* broadcasts, while it is clogged */
    bool cut;
} zc_way_t;

struct zc_cluster {
    zc_random_t random;
    uint64_t now_us;
    int64_t wall_skew_ms;
    uint64_t max_memory;
    uint64_t checkpoint_bytes;
    const zc_allocator_t *allocator;
    zc_cluster_network_t network;
    zc_node_t *nodes;
    int count;
    int capacity;
    zc_way_t *ways; /* capacity times capacity, a row for each sender */
    int *due;       /* a heap of nodes, the next one first */
    size_t due_count;
    zc_frames_t frames;
    zc_flights_t flights;
    bool interrupted;
    uint64_t trace;
    zc_cluster_traffic_t traffic;
    zc_buffer_t answer; /* of the last read */
    zc_cluster_observer_fn *observer;
    void *observer_context;
    zc_cluster_step_fn *step_observer;
    void *step_context;
    zc_cluster_filter_fn *filter;
    void *filter_context;
};

/* Memory that does not end: a simulation that cannot have it ends. */
void *zc_cluster_grow(void *block, size_t *capacity, size_t wanted, size_t item_bytes);

/* -- cluster.c ------------------------------------------------------------- */

/* Hands a node an event and performs what comes of it. */
zcache_status zc_cluster_step(zc_cluster_t *cluster, int number, zc_event_t *event);

/* -- nodes.c --------------------------------------------------------------- */

void zc_nodes_fini(zc_cluster_t *cluster);
/* The node at an endpoint of ours, whether it has been started or not; ZC_NOBODY: not ours. */
int zc_nodes_at(zc_slice_t endpoint);
/* When in virtual time a node's clock shows `local_us`; UINT64_MAX: never. */
uint64_t zc_nodes_virtual_us(const zc_cluster_t *cluster, int node, uint64_t local_us);

/* -- ways.c ---------------------------------------------------------------- */

static inline zc_way_t *zc_way(const zc_cluster_t *cluster, int from, int to) {
    return &cluster->ways[(size_t)from * (size_t)cluster->capacity + (size_t)to];
}

/* Makes the table of ways `capacity` times as long and wide. */
void zc_ways_grow(zc_cluster_t *cluster, int capacity);
uint64_t zc_ways_travel_us(zc_cluster_t *cluster);
/* When something that is sent now arrives: as TCP does, later than what was sent before it. */
uint64_t zc_ways_arrival_us(zc_cluster_t *cluster, int from, int to);

/* -- delivery.c ------------------------------------------------------------ */

void zc_delivery_perform(zc_cluster_t *cluster, int number, const zc_effect_t *effect);
/* Hands over a flight whose time has come, and lets its frame go. */
void zc_delivery_land(zc_cluster_t *cluster, zc_flight_t *flight);
/* The node's sockets are closed. */
void zc_delivery_close(zc_cluster_t *cluster, int number);
/* What came while it was paused comes now. */
void zc_delivery_resume(zc_cluster_t *cluster, int number);

/* -- deadlines.c ----------------------------------------------------------- */

/* Asks the node anew when it wants to be woken. */
void zc_deadlines_update(zc_cluster_t *cluster, int number);
/* The node that is next, and when; ZC_NOBODY: none is. */
int zc_deadlines_next(const zc_cluster_t *cluster, uint64_t *at_us);

#endif
