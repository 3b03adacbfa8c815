/* SPDX-License-Identifier: MPL-2.0 */
/* Nodes for tests: on free ports, with fast heartbeats, and what one wants to know of them. */
#ifndef TESTS_SUPPORT_NODES_H
#define TESTS_SUPPORT_NODES_H

#include <zcache/zcache.h>

enum { ZC_NODES_PATIENCE_MS = 20000 };

/* The defaults, but free ports, a heartbeat of 50 ms and room for 10,000 entries. */
void zc_nodes_options(zcache_node_options_t *options);

/* Starts a node; NULL: it did not, and standard error tells why. */
zcache_node_t *zc_nodes_start(const zcache_node_options_t *options);

/* Starts a node that joins the one at `endpoint` ("tcp://..."; NULL: it founds a mesh), and waits
 * until it is ready. NULL: it did not. */
zcache_node_t *zc_nodes_join(const char *endpoint);

/* The port of its ROUTER. */
uint16_t zc_nodes_port(const zcache_node_t *node);

/* A zcache_log_fn that adds each line to the text, as far as there is room. */
typedef struct zc_nodes_log {
    char text[8192];
} zc_nodes_log_t;
void zc_nodes_collect(void *context, const char *line);

/* NULL: it could not be opened. */
zcache_t *zc_nodes_open(const char *endpoint);

/* Waits until the node's first transfer is complete. */
bool zc_nodes_wait_ready(zcache_t *cache);

/* A number, or a text, of the node's statistics; UINT64_MAX or "": it has none of that name. */
uint64_t zc_nodes_number(zcache_t *cache, const char *name);
void zc_nodes_text(zcache_t *cache, const char *name, char out[256]);

/* Waits until the number is at least `least`. */
bool zc_nodes_wait_number(zcache_t *cache, const char *name, uint64_t least);

/* Waits until both nodes hold the same, by their digests. */
bool zc_nodes_wait_same(zcache_t *a, zcache_t *b);

#endif
