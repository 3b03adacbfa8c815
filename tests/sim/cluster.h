/* SPDX-License-Identifier: MPL-2.0 */
/* A cluster of replicas on virtual time, every message through the real codec.
 *
 * It performs effects as a node does, over a network that it makes up: latency, loss, repetition,
 * reordering, cuts in either direction. Equal seeds give equal runs. No clock, no socket, no
 * thread. */
#ifndef ZC_TESTS_SIM_CLUSTER_H
#define ZC_TESTS_SIM_CLUSTER_H

#include "lib/base/random.h"
#include "lib/replica/replica.h"
#include "lib/wire/wire.h"

enum {
    ZC_CLUSTER_NODES_MAX = 1024,
    ZC_CLUSTER_SEEDS_MAX = 4,      /* addresses that a node is started with */
    ZC_CLUSTER_MESSAGE_TYPES = 32, /* above the highest zc_message_type_t */
};

typedef struct zc_cluster zc_cluster_t;

/* What the network does to messages. Broadcasts may be lost, repeated and reordered; what goes over
 * a dialled connection comes in order or, while the way is cut, not at all. Shares are of 1000. */
typedef struct zc_cluster_network {
    uint64_t latency_us;
    uint64_t jitter_us;
    uint32_t loss;
    uint32_t repeat;
    uint32_t reorder; /* this share is late by up to 20 latencies */
} zc_cluster_network_t;

zc_cluster_t *zc_cluster_new(uint64_t seed);
void zc_cluster_destroy(zc_cluster_t **cluster);
zc_cluster_network_t *zc_cluster_network(zc_cluster_t *cluster);
zc_random_t *zc_cluster_random(zc_cluster_t *cluster);
uint64_t zc_cluster_now_ms(const zc_cluster_t *cluster);

/* Starts a node with these settings (NULL: the defaults); `join` is the number of a node or -1 for
 * a founder. Every joiner also knows the address of node 0, so that nodes which left and came back
 * cannot become islands. Returns its number. */
int zc_cluster_start(zc_cluster_t *cluster, const zc_settings_t *settings, int join);
/* Ends it without a word, all state lost. */
void zc_cluster_crash(zc_cluster_t *cluster, int node);
/* Ends it with a goodbye. */
void zc_cluster_leave(zc_cluster_t *cluster, int node);
/* Starts a node again at its endpoint: a new origin. */
void zc_cluster_restart(zc_cluster_t *cluster, int node, const zc_settings_t *settings, int join);
/* A place for a node that is not started yet, and the start of one that is down with any addresses:
 * also those of nodes that are not up. */
int zc_cluster_add(zc_cluster_t *cluster);
void zc_cluster_restart_with(zc_cluster_t *cluster, int number, const zc_settings_t *settings,
                             const int *seeds, size_t seed_count);
/* It neither sends nor receives nor ticks until it is resumed; what is sent to it waits, broadcasts
 * up to a bound. Clients find it as it was. */
void zc_cluster_pause(zc_cluster_t *cluster, int node, bool paused);

bool zc_cluster_is_up(const zc_cluster_t *cluster, int node);
/* Up and not paused. */
bool zc_cluster_runs(const zc_cluster_t *cluster, int node);
/* How often it was started. */
uint32_t zc_cluster_life(const zc_cluster_t *cluster, int node);
int zc_cluster_count(const zc_cluster_t *cluster);
zc_replica_t *zc_cluster_replica(zc_cluster_t *cluster, int node);
zc_replica_view_t zc_cluster_view(zc_cluster_t *cluster, int node);

/* Cuts or mends the way from one node to another. */
void zc_cluster_cut(zc_cluster_t *cluster, int from, int to, bool cut);
/* Both ways between every node of the set (a bit each, of the first 64) and every other; all others
 * are mended. */
void zc_cluster_partition(zc_cluster_t *cluster, uint64_t set);
/* The same for any number of nodes: those that are aside (an item for each node) and the rest. */
void zc_cluster_split(zc_cluster_t *cluster, const bool *aside);
/* From now on and for this time what is sent on a way waits, and comes in a burst; if `drops`,
 * broadcasts are lost instead, as by a full queue. */
void zc_cluster_clog(zc_cluster_t *cluster, int from, int to, uint64_t ms, bool drops);
/* Nothing is cut or clogged any more. */
void zc_cluster_heal(zc_cluster_t *cluster);

/* How far the wall clock is ahead for nodes that are started from now on; they read it then. */
void zc_cluster_set_wall_skew_ms(zc_cluster_t *cluster, int64_t skew_ms);
/* A node's own monotonic clock, which starts as virtual time and is the machine's: it goes on over
 * all lives of the node. It may run faster or slower, jump ahead, or stand. */
uint64_t zc_cluster_local_us(const zc_cluster_t *cluster, int node);
void zc_cluster_drift(zc_cluster_t *cluster, int node, int32_t ppm);
void zc_cluster_jump(zc_cluster_t *cluster, int node, uint64_t ms);
void zc_cluster_stand(zc_cluster_t *cluster, int node, bool stands);

/* What nodes that are started from now on get: the bytes that they may hold (0: no limit), and
 * their allocator (borrowed until they are gone). */
void zc_cluster_set_max_memory(zc_cluster_t *cluster, uint64_t bytes);
/* ... the checkpoint_bytes of all that are started from now on; 0: as ordinarily. */
void zc_cluster_set_checkpoint_bytes(zc_cluster_t *cluster, uint64_t bytes);
void zc_cluster_set_allocator(zc_cluster_t *cluster, const zc_allocator_t *allocator);

zcache_status zc_cluster_set(zc_cluster_t *cluster, int node, const char *key, const char *value,
                             uint64_t ttl_ms);
zcache_status zc_cluster_delete(zc_cluster_t *cluster, int node, const char *key);
zcache_status zc_cluster_clear(zc_cluster_t *cluster, int node);
zcache_status zc_cluster_configure(zc_cluster_t *cluster, int node, const char *name,
                                   uint64_t number);
/* The value as a string that is valid until the next call; NULL: a miss. `zc_cluster_peek` leaves
 * no trace. */
const char *zc_cluster_get(zc_cluster_t *cluster, int node, const char *key);
const char *zc_cluster_peek(zc_cluster_t *cluster, int node, const char *key);
/* The same as the store shows it, valid until the node's next step; false: a miss. */
bool zc_cluster_find(zc_cluster_t *cluster, int node, const char *key, bool touch,
                     zc_store_item_t *item);
/* Nothing but time: what is waiting to be sent is sent. */
zcache_status zc_cluster_tick(zc_cluster_t *cluster, int node);
/* What the node wrote goes out now, as a writer in its process sends it. */
zcache_status zc_cluster_flush(zc_cluster_t *cluster, int node);
void zc_cluster_watch(zc_cluster_t *cluster, int node, bool values);
/* A miss that a client would have asked of the donor; the answer is an effect. */
zcache_status zc_cluster_read(zc_cluster_t *cluster, int node, const char *key, uint64_t token);

/* Hands a node a message at once, through the codec, as if it had come over `link`. Returns how it
 * was decoded; what the node does not get to see is not OK. */
zcache_status zc_cluster_inject(zc_cluster_t *cluster, int node, zc_link_t link,
                                const zc_message_t *message);

/* Called for every effect that is performed, before it is. */
typedef void zc_cluster_observer_fn(void *context, int node, const zc_effect_t *effect);
void zc_cluster_observe(zc_cluster_t *cluster, zc_cluster_observer_fn *observer, void *context);

/* One step of a node, as it is known before its effects are performed. */
typedef struct zc_cluster_step {
    int node;
    const zc_event_t *event;
    zcache_status status;
    zc_effects_t effects;
} zc_cluster_step_t;

typedef void zc_cluster_step_fn(void *context, const zc_cluster_step_t *step);
void zc_cluster_observe_steps(zc_cluster_t *cluster, zc_cluster_step_fn *observer, void *context);

/* Called for every message that is to be delivered; false drops it. `to` is a node, `from` the
 * sender. */
typedef bool zc_cluster_filter_fn(void *context, int from, int to, const zc_message_t *message);
void zc_cluster_filter(zc_cluster_t *cluster, zc_cluster_filter_fn *filter, void *context);

/* Lets virtual time pass. */
void zc_cluster_run_ms(zc_cluster_t *cluster, uint64_t ms);

/* Called while time passes: what is under way now is the last for this call of run. */
void zc_cluster_interrupt(zc_cluster_t *cluster);

typedef bool zc_cluster_condition_fn(zc_cluster_t *cluster, void *context);
/* Runs until the condition holds; false: it did not within `limit_ms`. */
bool zc_cluster_run_until(zc_cluster_t *cluster, zc_cluster_condition_fn *condition, void *context,
                          uint64_t limit_ms);
/* Conditions. */
bool zc_cluster_all_live(zc_cluster_t *cluster,
                         void *context); /* every node sees every other one live */
bool zc_cluster_converged(zc_cluster_t *cluster,
                          void *context); /* equal digests, vectors and registers */

/* A hash of all that was delivered so far: equal runs have equal traces. */
uint64_t zc_cluster_trace(const zc_cluster_t *cluster);

/* What was sent so far, for each receiver once, by zc_message_type_t; what was lost at once is not
 * counted. */
typedef struct zc_cluster_traffic {
    uint64_t messages[ZC_CLUSTER_MESSAGE_TYPES];
    uint64_t bytes[ZC_CLUSTER_MESSAGE_TYPES];
} zc_cluster_traffic_t;

zc_cluster_traffic_t zc_cluster_traffic(const zc_cluster_t *cluster);
uint64_t zc_cluster_bytes(const zc_cluster_t *cluster);

#endif
