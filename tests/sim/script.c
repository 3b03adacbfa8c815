/* SPDX-License-Identifier: MPL-2.0 */
/* The words of scripted scenarios. */
#include "tests/sim/script.h"

#include <stdio.h>

#include "lib/base/assert.h"

enum { RULES_MAX = 32, SEED = 42 };

typedef struct rule {
    int from;
    int to;
    zc_message_type_t type;
    unsigned count;
} rule_t;

static struct {
    zc_cluster_t *cluster;
    zc_decisions_t decisions[ZC_CLUSTER_NODES_MAX];
    uint64_t sessions[ZC_CLUSTER_NODES_MAX];
    rule_t rules[RULES_MAX];
    size_t rule_count;
} script;

static void record(void *context, int node, const zc_effect_t *effect) {
    (void)context;
    zc_decisions_add(&script.decisions[node], effect);
    if (effect->type == ZC_EFFECT_SEND && effect->send.message.type == ZC_MESSAGE_SYNC_ASK) {
        script.sessions[node] = effect->send.message.sync_ask.session;
    }
}

static bool passes(void *context, int from, int to, const zc_message_t *message) {
    (void)context;
    for (size_t i = 0; i < script.rule_count; i++) {
        rule_t *rule = &script.rules[i];
        if (rule->count > 0 && rule->type == message->type &&
            (rule->from == SCRIPT_ANY || rule->from == from) &&
            (rule->to == SCRIPT_ANY || rule->to == to)) {
            rule->count--;
            return false;
        }
    }
    return true;
}

void script_start(void) {
    script.cluster = zc_cluster_new(SEED);
    script.rule_count = 0;
    zc_cluster_observe(script.cluster, record, NULL);
    zc_cluster_filter(script.cluster, passes, NULL);
}

void script_stop(void) {
    for (int i = 0; i < zc_cluster_count(script.cluster); i++) {
        if (zc_cluster_is_up(script.cluster, i)) {
            zc_store_check(zc_replica_store(zc_cluster_replica(script.cluster, i)));
            ZC_ASSERT(zc_cluster_view(script.cluster, i).counters.faults == 0);
        }
    }
    zc_cluster_destroy(&script.cluster);
    for (int i = 0; i < ZC_CLUSTER_NODES_MAX; i++) {
        zc_decisions_fini(&script.decisions[i]);
    }
}

zc_cluster_t *script_cluster(void) {
    return script.cluster;
}

void script_mesh(int nodes, const zc_settings_t *settings) {
    for (int i = 0; i < nodes; i++) {
        zc_cluster_start(script.cluster, settings, i == 0 ? -1 : 0);
    }
    ZC_ASSERT(script_settles());
}

int script_join(int join, const zc_settings_t *settings) {
    return zc_cluster_start(script.cluster, settings, join);
}

void script_set(int node, const char *key, const char *value) {
    zcache_status status = zc_cluster_set(script.cluster, node, key, value, 0);
    ZC_ASSERT(status == ZCACHE_OK);
}

void script_fill(int node, const char *prefix, int count) {
    for (int i = 0; i < count; i++) {
        char key[32];
        snprintf(key, sizeof key, "%s%d", prefix, i);
        script_set(node, key, "v");
    }
}

bool script_holds(int node, const char *key, const char *value) {
    const char *found = zc_cluster_peek(script.cluster, node, key);
    if (found == NULL || value == NULL) {
        return found == value;
    }
    return strcmp(found, value) == 0;
}

bool script_all_hold(const char *key, const char *value) {
    for (int i = 0; i < zc_cluster_count(script.cluster); i++) {
        if (zc_cluster_is_up(script.cluster, i) && !script_holds(i, key, value)) {
            return false;
        }
    }
    return true;
}

typedef struct wanted {
    const char *key;
    const char *value;
} wanted_t;

static bool is_held(zc_cluster_t *cluster, void *context) {
    (void)cluster;
    const wanted_t *wanted = context;
    return script_all_hold(wanted->key, wanted->value);
}

bool script_will_hold(const char *key, const char *value, uint64_t limit_ms) {
    wanted_t wanted = {.key = key, .value = value};
    return zc_cluster_run_until(script.cluster, is_held, &wanted, limit_ms);
}

static bool is_settled(zc_cluster_t *cluster, void *context) {
    return zc_cluster_all_live(cluster, context) && zc_cluster_converged(cluster, context);
}

bool script_settles(void) {
    return zc_cluster_run_until(script.cluster, is_settled, NULL, SCRIPT_LIMIT_MS);
}

static bool has_joined(zc_cluster_t *cluster, void *context) {
    const int *node = context;
    return !zc_cluster_view(cluster, *node).joining;
}

bool script_joins(int node) {
    return zc_cluster_run_until(script.cluster, has_joined, &node, SCRIPT_LIMIT_MS);
}

void script_lose(int from, int to, zc_message_type_t type, unsigned count) {
    size_t at = 0;
    while (at < script.rule_count && script.rules[at].count > 0) {
        at++;
    }
    ZC_ASSERT(at < RULES_MAX);
    script.rules[at] = (rule_t){.from = from, .to = to, .type = type, .count = count};
    script.rule_count = at == script.rule_count ? at + 1 : script.rule_count;
}

void script_lose_no_more(void) {
    script.rule_count = 0;
}

const char *script_decisions(int node) {
    return zc_decisions_text(&script.decisions[node]);
}

size_t script_count(int node, const char *begin) {
    return zc_decisions_count(&script.decisions[node], begin);
}

bool script_decided(int node, const char *begin) {
    return script_count(node, begin) > 0;
}

/* Where the first line that begins so is; NULL: there is none. */
static const char *find_line(int node, const char *begin) {
    const char *line = script_decisions(node);
    while (*line != '\0' && strncmp(line, begin, strlen(begin)) != 0) {
        line = strchr(line, '\n') + 1;
    }
    return *line == '\0' ? NULL : line;
}

bool script_before(int node, const char *a, const char *b) {
    const char *first = find_line(node, a);
    const char *second = find_line(node, b);
    return first != NULL && second != NULL && first < second;
}

void script_forget(void) {
    for (int i = 0; i < ZC_CLUSTER_NODES_MAX; i++) {
        zc_decisions_clear(&script.decisions[i]);
    }
}

uint64_t script_session(int node) {
    return script.sessions[node];
}

zc_counters_t script_counters(int node) {
    return zc_cluster_view(script.cluster, node).counters;
}
