/* SPDX-License-Identifier: MPL-2.0 */
/* The nodes of a history (README.md): real replicas, of which each does what a line says and
 * nothing else, every message through the real codec. What world.py does by the model, this does by
 * the replica.
 *
 * A node knows no peers between lines, so that nothing is repaired unasked: for a line it meets
 * whom it needs, and then hears that one's goodbye. Time is virtual and goes on by one step, long
 * enough that a transfer, a sweep and all delays end within it. */
#ifndef ZC_TESTS_MODEL_WORLD_H
#define ZC_TESTS_MODEL_WORLD_H

#include "lib/replica/state.h"
#include "tests/support/codec.h"

enum {
    WORLD_STEP_MS = 4000,
    WORLD_FIRST_STEP = 10, /* so that a clock may be behind */
    WORLD_LETTERS = 26,
    WORLD_ORIGINS_MAX = 63,
    WORLD_LISTENER = WORLD_ORIGINS_MAX + 1, /* origins that never write */
    WORLD_STRANGER,
    WORLD_LABEL_BYTES = 16,
};

typedef struct world_node {
    char name; /* 0: there is none */
    uint8_t origin;
    uint64_t room;
    int64_t clock; /* steps that its clock is ahead */
    zc_replica_t *replica;
    zc_counters_t counters; /* after its last transfer */
} world_node_t;

/* What was broadcast under a label, encoded, in its order. */
typedef struct world_message {
    char label[WORLD_LABEL_BYTES];
    zc_buffer_t bytes;
} world_message_t;

/* What is on its way during a transfer. */
typedef struct world_parcel {
    bool to_donor;
    zc_buffer_t bytes;
} world_parcel_t;

typedef struct world {
    uint64_t now_us;
    uint64_t max_size;
    uint64_t ghosts_max;
    uint64_t value_bytes;
    uint64_t retire_after; /* steps; 0: as it is by default, which no history lasts for */
    uint64_t checkpoint;   /* bytes; 0: as ordinarily */
    world_node_t nodes[WORLD_LETTERS];
    world_message_t *messages;
    size_t message_count;
    size_t message_capacity;
    const char *label;   /* of what is broadcast now; NULL: it is not kept */
    world_node_t *asker; /* of the transfer that is under way, or NULL */
    world_node_t *donor;
    world_parcel_t *parcels;
    size_t parcel_count;
    size_t parcel_capacity;
    zc_codec_t codec;
    char found[WORLD_LABEL_BYTES];
} world_t;

void world_init(world_t *world);
/* Checks every store before it goes. */
void world_fini(world_t *world);

/* Time passes to the beginning of a later step, or to the end of this one: all nodes tick as they
 * want. */
void world_pass(world_t *world, uint64_t steps);
void world_settle(world_t *world);

/* A founder that has nothing. */
void world_start(world_t *world, char name, uint8_t origin, uint64_t room, int64_t clock);
/* Dies and begins anew, to join the donor (NULL: as a founder). */
void world_restart(world_t *world, char name, uint8_t origin, const world_node_t *donor);

/* Writes each word: KEY, KEY+STEPS (a ttl) or ~KEY (a delete). The value is the label. */
void world_write(world_t *world, const char *label, char name, char *const *words, size_t count);
void world_clear(world_t *world, const char *label, char name);
void world_deliver(world_t *world, const char *label, char name);
void world_evict(world_t *world, char name, char key);
void world_read(world_t *world, char name, char key);

/* -- Transfers: "delta", "replace", or NULL: nothing was asked for. */

const char *world_repair(world_t *world, char name, char donor);
const char *world_gap(world_t *world, char name, char donor);
/* So many messages come, but not the end, and then the donor is gone. */
const char *world_cut(world_t *world, char name, char donor, uint64_t messages);
/* Dies and begins anew as one that joins the donor. */
const char *world_join(world_t *world, char name, char donor, uint8_t origin);

/* -- What is seen. */

/* The label of the value that is held, "ghost" or "miss"; valid until the next call. */
const char *world_finds(world_t *world, char name, char key);
/* Whether its vector covers what was broadcast under the label. */
bool world_has(world_t *world, char name, const char *label);
void world_dump(world_t *world);

/* -- For the files of this folder ------------------------------------------ */

/* Mesh time at step 0: clock readings are far above the stamps that settings are founded with, as
 * those of today are. */
#define WORLD_BASE_MS ((uint64_t)1000000000)

world_node_t *world_node(world_t *world, char name);
uint64_t world_now_ms(const world_t *world);
zc_origin_t world_origin(uint8_t number);
uint64_t world_hash(char key);

void world_tick(world_t *world, world_node_t *node);
/* Gives it a message that was encoded, or one that the world makes up. */
void world_hand(world_t *world, world_node_t *node, zc_link_t from, zc_slice_t bytes);
void world_tell(world_t *world, world_node_t *node, zc_link_t from, const zc_message_t *message);

/* The node is introduced to a peer that tells it nothing new, and the peer says goodbye. Returns
 * the peer's number. */
zc_peer_number_t world_meet(world_t *world, world_node_t *node, uint8_t origin);
void world_part(world_t *world, world_node_t *node, uint8_t origin);
/* A peer that was dialled answers as this origin. */
void world_welcome(world_t *world, world_node_t *node, zc_peer_number_t number, uint8_t origin);
/* A heartbeat of the peer; `differs`: it has another state hash than the node. */
void world_heartbeat(world_t *world, world_node_t *node, uint8_t origin, zc_hlc_t last,
                     bool differs);

/* Entries, least recently used first, then ghosts, oldest first. */
typedef void world_visit_fn(world_t *world, world_node_t *node, const zc_store_item_t *item);
void world_visit(world_t *world, world_node_t *node, world_visit_fn *visit);

#endif
