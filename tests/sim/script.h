/* SPDX-License-Identifier: MPL-2.0 */
/* A scripted scenario over a virtual cluster: short words for what is done and what is expected.
 *
 * There is one script in a process (Criterion gives each test its own). It records what every node
 * decided as lines (tests/support/decisions.h), can lose chosen messages, and at its end checks the
 * structure of every store and that no rule was broken on the way. Asserting is the test's. */
#ifndef ZC_TESTS_SIM_SCRIPT_H
#define ZC_TESTS_SIM_SCRIPT_H

#include "tests/sim/cluster.h"
#include "tests/support/decisions.h"

enum {
    SCRIPT_ANY = -1,
    SCRIPT_FOREVER = 1000000000,
    SCRIPT_LIMIT_MS = 60000, /* the longest backoff, with room */
};

void script_start(void);
void script_stop(void);
zc_cluster_t *script_cluster(void);

/* Starts a founder and joiners of it, NULL: with the default settings, and runs until all see all.
 */
void script_mesh(int nodes, const zc_settings_t *settings);
/* One more, which joins `join` (or founds, -1), without waiting for it. Returns its number. */
int script_join(int join, const zc_settings_t *settings);

/* A set that is answered with OK. */
void script_set(int node, const char *key, const char *value);
/* Keys "PREFIX0", "PREFIX1" ... with the value "v". */
void script_fill(int node, const char *prefix, int count);

/* A read without a trace gives this value (NULL: a miss), at one node or at all that are up. */
bool script_holds(int node, const char *key, const char *value);
bool script_all_hold(const char *key, const char *value);
/* Runs until all hold it; false: they do not within `limit_ms`. */
bool script_will_hold(const char *key, const char *value, uint64_t limit_ms);

/* Runs until every node that is up sees every other live and all hold the same. */
bool script_settles(void);
/* Runs until the node is no longer joining. */
bool script_joins(int node);

/* Loses the next `count` messages of a type on their way from one node to another (SCRIPT_ANY). */
void script_lose(int from, int to, zc_message_type_t type, unsigned count);
/* From now on none is lost. */
void script_lose_no_more(void);

/* What a node has decided, as lines, and how many of them begin so. `script_forget` begins anew.
 * script_before: the first line that begins with `a` comes before the first that begins with `b`,
 * and there are both. */
const char *script_decisions(int node);
size_t script_count(int node, const char *begin);
bool script_decided(int node, const char *begin);
bool script_before(int node, const char *a, const char *b);
void script_forget(void);

/* The session that the node asked for last, 0: none. */
uint64_t script_session(int node);

zc_counters_t script_counters(int node);

#endif
