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

enum { ZC_CLUSTER_NODES_MAX = 64, ZC_CLUSTER_EFFECTS_MAX = 64 };

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
/* It neither sends nor receives nor ticks until it is resumed; what is sent to it waits. */
void zc_cluster_pause(zc_cluster_t *cluster, int node, bool paused);

bool zc_cluster_is_up(const zc_cluster_t *cluster, int node);
int zc_cluster_count(const zc_cluster_t *cluster);
zc_replica_t *zc_cluster_replica(zc_cluster_t *cluster, int node);
zc_replica_view_t zc_cluster_view(zc_cluster_t *cluster, int node);

/* Cuts or mends the way from one node to another. */
void zc_cluster_cut(zc_cluster_t *cluster, int from, int to, bool cut);
/* Both ways between every node of the set (a bit each) and every other. */
void zc_cluster_partition(zc_cluster_t *cluster, uint64_t set);
void zc_cluster_heal(zc_cluster_t *cluster);

/* How far a node's monotonic clock is ahead of virtual time, and its wall clock of its monotonic
 * one. To be set before start. */
void zc_cluster_set_wall_skew_ms(zc_cluster_t *cluster, int64_t skew_ms);

/* What nodes that are started from now on get: the bytes that they may hold (0: no limit), and
 * their allocator (borrowed until they are gone). */
void zc_cluster_set_max_memory(zc_cluster_t *cluster, uint64_t bytes);
void zc_cluster_set_allocator(zc_cluster_t *cluster, const zc_allocator_t *allocator);

zcache_status zc_cluster_set(zc_cluster_t *cluster, int node, const char *key, const char *value,
                             uint64_t ttl_ms);
zcache_status zc_cluster_delete(zc_cluster_t *cluster, int node, const char *key);
void zc_cluster_clear(zc_cluster_t *cluster, int node);
zcache_status zc_cluster_configure(zc_cluster_t *cluster, int node, const char *name,
                                   uint64_t number);
/* The value as a string that is valid until the next call; NULL: a miss. `zc_cluster_peek` leaves
 * no trace. */
const char *zc_cluster_get(zc_cluster_t *cluster, int node, const char *key);
const char *zc_cluster_peek(zc_cluster_t *cluster, int node, const char *key);
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

/* Called for every message that is to be delivered; false drops it. `to` is a node, `from` the
 * sender. */
typedef bool zc_cluster_filter_fn(void *context, int from, int to, const zc_message_t *message);
void zc_cluster_filter(zc_cluster_t *cluster, zc_cluster_filter_fn *filter, void *context);

/* Lets virtual time pass. */
void zc_cluster_run_ms(zc_cluster_t *cluster, uint64_t ms);

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
uint64_t zc_cluster_bytes(const zc_cluster_t *cluster);

#endif
