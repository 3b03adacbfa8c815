/* SPDX-License-Identifier: MPL-2.0 */
/* The options of a node after they were checked: what is bound, what others dial, who is dialled
 * first. */
#ifndef ZC_NODE_CONFIG_H
#define ZC_NODE_CONFIG_H

#include <zcache/node.h>

#include "lib/replica/message.h"
#include "node/address.h"

typedef struct zc_config {
    zc_numeric_t host; /* to bind */
    uint16_t port;     /* 0: three free ones are taken */
    bool advertised;   /* the next two were given */
    char advertise_host[ZC_HOST_BYTES];
    uint16_t advertise_port;              /* 0: the port that was bound */
    char name[ZCACHE_NAME_BYTES_MAX + 1]; /* "": the endpoint */
    char region[ZCACHE_NAME_BYTES_MAX + 1];
    char inproc_name[ZCACHE_NAME_BYTES_MAX + 1];
    char seeds[ZCACHE_JOINS_MAX][ZC_ENDPOINT_BYTES];
    size_t seed_count;
    zc_settings_t settings;
    uint64_t max_memory;
    zcache_log_fn *log;
    void *log_context;
} zc_config_t;

/* Checks all options and copies them. Names are looked up, which may take as long as the resolver
 * wants; what is kept of them are addresses. On failure *config is untouched and zc_failure_text
 * says why. Returns OK, INVALID or UNRESOLVED. */
zcache_status zc_config_init(zc_config_t *config, const zcache_node_options_t *options);

/* The three endpoints that others dial, where `port` was bound. Returns OK or INVALID. */
typedef struct zc_endpoints {
    char router[ZC_ENDPOINT_BYTES];
    char publish[ZC_ENDPOINT_BYTES];
    char watch[ZC_ENDPOINT_BYTES];
} zc_endpoints_t;

zcache_status zc_config_endpoints(const zc_config_t *config, uint16_t port,
                                  zc_endpoints_t *endpoints);

#endif
