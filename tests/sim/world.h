/* SPDX-License-Identifier: MPL-2.0 */
/* The world of one seed: the cluster, what was planned for it, what was written, and what the
 * checkers know of each node. */
#ifndef ZC_TESTS_SIM_WORLD_H
#define ZC_TESTS_SIM_WORLD_H

#include "lib/replica/vectors.h"
#include "tests/sim/checks.h"
#include "tests/sim/history.h"
#include "tests/sim/plan.h"
#include "tests/support/failing_allocator.h"

enum { ZC_WHY_BYTES = 256, ZC_SESSIONS = 4, ZC_LOG_LINES = 20000 };

/* A transfer that a node asked for. */
typedef struct zc_session {
    uint64_t number;
    zc_vector_copy_t have;
} zc_session_t;

void zc_session_fini(zc_session_t *session);

/* What is known of a life of a node. */
struct zc_model {
    zc_origin_t origin;
    zc_stamp_t held[ZC_PLAN_KEYS_MAX];    /* as its events tell; hlc 0: nothing */
    zc_stamp_t taken[ZC_PLAN_KEYS_MAX];   /* the highest that it has held or deleted */
    zc_stamp_t served[ZC_PLAN_KEYS_MAX];  /* the highest that clients got */
    zc_stamp_t covered[ZC_PLAN_KEYS_MAX]; /* the newest write that its vector has covered */
    zc_hlc_t own_hlc;                     /* of its last write */
    uint64_t mesh_ms;                     /* 0: not yet known */
    uint64_t max_size;                    /* the highest since the last tick */
    uint64_t ghosts_max;
    uint64_t most_bytes; /* that its store had */
    uint64_t most_slots;
    bool forgets; /* an allocation has failed: events may be lacking */
    zc_vector_copy_t vector;
    zc_session_t sessions[ZC_SESSIONS];
    size_t session_next;
};

typedef struct zc_world_node {
    zc_failing_allocator_t memory;
    zc_model_t model;
    /* Virtual milliseconds at which something ends; 0: it is not so now. */
    uint64_t paused_until_ms;
    uint64_t stands_until_ms;
    uint64_t starved_until_ms;
    uint64_t down_until_ms;
    bool started;
} zc_world_node_t;

typedef struct zc_verdict {
    zc_check_t check;
    int node;
    int key;
    char why[ZC_WHY_BYTES];
} zc_verdict_t;

/* One way that is cut in one direction. */
typedef struct zc_world_cut {
    int from;
    int to;
    uint64_t until_ms;
} zc_world_cut_t;

/* What happened, for people. */
typedef struct zc_log_line {
    uint64_t at_ms;
    int about; /* a key, ZC_ABOUT_ALL, or zc_about_node */
    char text[120];
} zc_log_line_t;

struct zc_world {
    zc_plan_t plan;
    zc_cluster_t *cluster;
    zc_history_t history;
    zc_world_node_t nodes[ZC_PLAN_NODES_MAX];
    int count;      /* of nodes that have a place: those of the plan, and a bridge between meshes */
    int bridge;     /* its number; -1: none */
    uint64_t ended; /* lives that are over */
    uint64_t begun_ms;
    uint64_t split_until_ms; /* 0: all is one part */
    zc_world_cut_t cut;
    uint64_t clogged_until_ms; /* no way is any more from then on */
    zc_verdict_t verdict;
    zc_random_t aim;
    int doomed;               /* a node that is to end now; -1: none */
    bool calm;                /* healed: nothing is drawn any more */
    uint64_t skew_most_ms;    /* max_clock_skew, the highest that was ever in force */
    uint64_t clock_error_ms;  /* that faults have brought into clocks, in all */
    uint64_t longest_stop_ms; /* that anything was paused or clogged */
    uint64_t transfer_bytes;  /* of records in chunks that were sent */
    uint64_t transfer_chunks;
    uint64_t transfer_origins;
    uint64_t asks;
    char *value;
    zc_log_line_t *log; /* a ring; NULL: nobody wants it */
    size_t log_count;   /* that were written in all */
};

zc_world_t *zc_world_new(const zc_swarm_options_t *options);
void zc_world_destroy(zc_world_t **world);

/* Starts a node, for the first time or again. */
void zc_world_start(zc_world_t *world, int number);
/* Ends it, with a goodbye or without a word. */
void zc_world_end(zc_world_t *world, int number, bool leaves);
int zc_world_running(const zc_world_t *world);
/* One of those that run and are not paused; -1: there is none. */
int zc_world_any(const zc_world_t *world, zc_random_t *random);
uint64_t zc_world_now_ms(const zc_world_t *world);
/* While two meshes have not met they do not reach each other. */
void zc_world_keep_apart(zc_world_t *world);
/* A bridge between the meshes is started. */
void zc_world_meet(zc_world_t *world);

/* "1f.3@a2b4": milliseconds and counter of a stamp and the beginning of its origin, valid for a few
 * calls. */
const char *zc_stamp_short(const zc_stamp_t *stamp);

/* The first thing that is wrong ends the run. `key` -1: it is about none. */
void zc_world_fail(zc_world_t *world, zc_check_t check, int node, int key, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
static inline bool zc_world_failed(const zc_world_t *world) {
    return world->verdict.check != ZC_CHECK_NONE;
}

enum { ZC_ABOUT_ALL = -1 };

static inline int zc_about_node(int node) {
    return -2 - node;
}

/* Keeps a line about a key, a node or all, if anybody wants it. */
void zc_world_log(zc_world_t *world, int about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The last lines that are about what failed, oldest first, into `text`. */
void zc_world_tail(const zc_world_t *world, char *text, size_t bytes);

#endif
