/* SPDX-License-Identifier: MPL-2.0 */
/* Nodes for tests. */
#include "tests/support/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/wait.h"

void zc_nodes_options(zcache_node_options_t *options) {
    zcache_node_options_init(options);
    options->port = 0;
    options->heartbeat_ms = 50;
    options->max_size = 10000;
}

zcache_node_t *zc_nodes_start(const zcache_node_options_t *options) {
    zcache_node_t *node = NULL;
    if (zcache_node_start(options, &node) != ZCACHE_OK) {
        fprintf(stderr, "%s\n", zcache_node_start_error());
    }
    return node;
}

zcache_node_t *zc_nodes_join(const char *endpoint) {
    zcache_node_options_t options;
    zc_nodes_options(&options);
    const char *join = endpoint != NULL ? endpoint + strlen("tcp://") : NULL;
    options.join = &join;
    options.join_count = join != NULL ? 1 : 0;
    zcache_node_t *node = zc_nodes_start(&options);
    zcache_t *cache = node != NULL ? zc_nodes_open(zcache_node_endpoint(node)) : NULL;
    if (cache == NULL || !zc_nodes_wait_ready(cache)) {
        zcache_node_stop(&node);
    }
    zcache_close(&cache);
    return node;
}

uint16_t zc_nodes_port(const zcache_node_t *node) {
    return (uint16_t)strtoul(strrchr(zcache_node_endpoint(node), ':') + 1, NULL, 10);
}

void zc_nodes_collect(void *context, const char *line) {
    zc_nodes_log_t *log = context;
    size_t bytes = strlen(log->text);
    snprintf(log->text + bytes, sizeof(log->text) - bytes, "%s\n", line);
}

zcache_t *zc_nodes_open(const char *endpoint) {
    zcache_t *cache = NULL;
    zcache_status status = zcache_open(endpoint, &cache);
    if (status != ZCACHE_OK) {
        fprintf(stderr, "%s: %s\n", endpoint, zcache_status_text(status));
    }
    return cache;
}

static bool is_ready(void *context) {
    bool ready = false;
    return zcache_ping(context, &ready) == ZCACHE_OK && ready;
}

bool zc_nodes_wait_ready(zcache_t *cache) {
    return zc_wait_for(is_ready, cache, ZC_NODES_PATIENCE_MS);
}

typedef struct stat {
    const char *name;
    uint64_t number;
    char text[256];
} stat_t;

static bool take_stat(void *context, const char *name, const char *text, uint64_t number) {
    stat_t *stat = context;
    if (strcmp(name, stat->name) != 0) {
        return true;
    }
    stat->number = number;
    snprintf(stat->text, sizeof(stat->text), "%s", text != NULL ? text : "");
    return false;
}

uint64_t zc_nodes_number(zcache_t *cache, const char *name) {
    stat_t stat = {.name = name, .number = UINT64_MAX};
    zcache_stats(cache, take_stat, &stat);
    return stat.number;
}

void zc_nodes_text(zcache_t *cache, const char *name, char out[256]) {
    stat_t stat = {.name = name, .text = ""};
    zcache_stats(cache, take_stat, &stat);
    snprintf(out, 256, "%s", stat.text);
}

typedef struct wanted {
    zcache_t *cache;
    const char *name;
    uint64_t least;
} wanted_t;

static bool is_reached(void *context) {
    const wanted_t *wanted = context;
    uint64_t number = zc_nodes_number(wanted->cache, wanted->name);
    return number != UINT64_MAX && number >= wanted->least;
}

bool zc_nodes_wait_number(zcache_t *cache, const char *name, uint64_t least) {
    wanted_t wanted = {.cache = cache, .name = name, .least = least};
    return zc_wait_for(is_reached, &wanted, ZC_NODES_PATIENCE_MS);
}

static bool is_same(void *context) {
    zcache_t **pair = context;
    char digests[2][256];
    zc_nodes_text(pair[0], "digest", digests[0]);
    zc_nodes_text(pair[1], "digest", digests[1]);
    return digests[0][0] != '\0' && strcmp(digests[0], digests[1]) == 0;
}

bool zc_nodes_wait_same(zcache_t *a, zcache_t *b) {
    zcache_t *pair[2] = {a, b};
    return zc_wait_for(is_same, pair, ZC_NODES_PATIENCE_MS);
}
