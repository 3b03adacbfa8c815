/* SPDX-License-Identifier: MPL-2.0 */
/* What must hold, whatever happens: the checkers of the swarm, outside the core. Their numbers are
 * those of the list in tests/README.md.
 *
 * They know the core by its views, its effects and what the simulator itself did, and nothing else;
 * each is a function, and tests/unit/test_sim_checks.c shows each of them a wrong history. */
#ifndef ZC_TESTS_SIM_CHECKS_H
#define ZC_TESTS_SIM_CHECKS_H

#include "tests/sim/cluster.h"

/* X(name, what it says) */
#define ZC_CHECK_MAP(X)                                                                            \
    X(NONE, "nothing is wrong")                                                                    \
    X(WRITTEN, "what a node holds or serves was written, with these bytes")                        \
    X(NEVER_BACK, "no node goes back to an older version of a key")                                \
    X(COVERED, "nobody serves what its own vector knows to be overwritten or deleted")             \
    X(VECTOR, "vectors never lose what they cover")                                                \
    X(CLOCK, "clocks and stamps only go forward")                                                  \
    X(SKEW, "nothing is applied that is too far ahead")                                            \
    X(DEADLINE, "nothing outlives its ttl")                                                        \
    X(EVENTS, "every change is told, once")                                                        \
    X(BUDGET, "memory, queues and effects stay within their bounds")                               \
    X(REPAIR, "a transfer brings what is lacking, and costs what it brings")                       \
    X(SOUND, "no fault is counted and every structure is whole")                                   \
    X(AGREED, "healed, all see each other and agree within the stated time")                       \
    X(NEWEST, "healed, a key is a miss or its newest value")                                       \
    X(KEPT, "no write is lost while a node has it")                                                \
    X(DIGEST, "digests are equal exactly where the contents are")                                  \
    X(QUIET, "once they agree, nobody asks any more")                                              \
    X(RETURNED, "a node that ends gives all its memory back")                                      \
    X(TRACE, "equal seeds give equal runs")                                                        \
    X(ENDED, "no run ends the program")

typedef enum zc_check {
#define ZC_CHECK_NUMBER(name, text) ZC_CHECK_##name,
    ZC_CHECK_MAP(ZC_CHECK_NUMBER)
#undef ZC_CHECK_NUMBER
        ZC_CHECKS,
} zc_check_t;

const char *zc_check_text(zc_check_t check);

typedef struct zc_world zc_world_t;
typedef struct zc_model zc_model_t;

/* -- check_steps.c: after each step of a node ------------------------------ */

void zc_check_step(zc_world_t *world, const zc_cluster_step_t *step);

/* -- check_repair.c: transfers, as they are asked for and come ------------- */

void zc_check_ask(zc_world_t *world, int node, const zc_sync_ask_t *ask);
void zc_check_chunk(zc_world_t *world, int node, const zc_sync_chunk_t *chunk);
void zc_check_chunk_sent(zc_world_t *world, const zc_sync_chunk_t *chunk);
void zc_check_wire(zc_world_t *world); /* at the end */

/* -- check_nodes.c: what a node holds, between steps ----------------------- */

/* A client's read, and what it got: false: a miss. */
void zc_check_read(zc_world_t *world, int node, int key, bool found, const zc_store_item_t *item);
/* ... through a donor, while the node joins. */
void zc_check_answer(zc_world_t *world, int node, int key, const zc_record_t *record);
/* Remembers how much the store has held at most. */
void zc_check_use(zc_model_t *model, const zc_store_stats_t *stats);
/* Looks at a whole node. */
void zc_check_node(zc_world_t *world, int node);
/* ... which ends now, and whose memory is gone once it has. */
void zc_check_ended(zc_world_t *world, int node);

/* -- check_vectors.c ------------------------------------------------------- */

/* Compares the vector with that of the last time, and remembers it. */
void zc_check_vector(zc_world_t *world, int node, const zc_vector_t *vector);

/* -- check_end.c: after everything was healed ------------------------------ */

typedef struct zc_finding {
    zc_check_t check;
    int node;
    int key; /* -1: it is about none */
    char why[200];
} zc_finding_t;

/* The first thing that is not yet as it must be at the end. False: all is. */
bool zc_check_agreement(zc_world_t *world, zc_finding_t *finding);
/* There were `asks` transfers in all when the nodes had agreed and settled. */
void zc_check_quiet(zc_world_t *world, uint64_t asks);
void zc_check_sound(zc_world_t *world);

#endif
