/* SPDX-License-Identifier: MPL-2.0 */
/* Checking the options of a node.
 *
 * Invariant: after zc_config_init has said OK nothing of the options can fail any more but what the
 * operating system refuses: every text is short enough and well formed, every number in its range,
 * every name resolves. */
#define _GNU_SOURCE
#include "node/config.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/wire/text.h"
#include "node/failure.h"

/* Copies a name for people; NULL is "". */
static zcache_status take_name(const char *what, const char *text,
                               char out[ZCACHE_NAME_BYTES_MAX + 1]) {
    const char *given = text != NULL ? text : "";
    size_t bytes = strlen(given);
    if (bytes > ZCACHE_NAME_BYTES_MAX) {
        return zc_failure_set(ZCACHE_INVALID, "%s has %zu bytes; at most %d are allowed", what,
                              bytes, (int)ZCACHE_NAME_BYTES_MAX);
    }
    if (!zc_text_valid(zc_slice(given, bytes))) {
        return zc_failure_set(ZCACHE_INVALID, "%s must be UTF-8 text without control characters",
                              what);
    }
    memcpy(out, given, bytes + 1);
    return ZCACHE_OK;
}

static zcache_status take_inproc_name(zc_config_t *config, const char *name) {
    if (name != NULL && name[0] == '\0') {
        return zc_failure_set(ZCACHE_INVALID, "the inproc name is empty; give one, or none at all "
                                              "to have one made up");
    }
    if (name != NULL) {
        return take_name("the inproc name", name, config->inproc_name);
    }
    /* libzmq closes an inproc name in its own time: a name is never used twice. */
    static atomic_uint made_up;
    snprintf(config->inproc_name, sizeof(config->inproc_name), "zcache-%ld-%u", (long)getpid(),
             atomic_fetch_add(&made_up, 1));
    return ZCACHE_OK;
}

static zcache_status take_host(zc_config_t *config, const zcache_node_options_t *options) {
    zc_address_t address;
    const char *host = options->host;
    if (host == NULL || zc_address_parse(host, 0, &address) != ZCACHE_OK || address.port != 0) {
        return zc_failure_set(ZCACHE_INVALID,
                              "host \"%.255s\" is not an address to bind; give an address or a "
                              "name of this machine, as 127.0.0.1, and the port apart from it",
                              host != NULL ? host : "(null)");
    }
    if (zc_address_resolve(address.host, &config->host) != ZCACHE_OK) {
        return zc_failure_set(ZCACHE_UNRESOLVED,
                              "host %s does not resolve; give an address of this machine, as "
                              "127.0.0.1",
                              address.host);
    }
    if (options->port > ZC_PORT_MAX) {
        return zc_failure_set(ZCACHE_INVALID,
                              "port %u is too high, the node takes the two above it as well; give "
                              "1 to %d, or 0 for free ones",
                              options->port, ZC_PORT_MAX);
    }
    config->port = options->port;
    return ZCACHE_OK;
}

static zcache_status take_advertise(zc_config_t *config, const char *advertise) {
    if (advertise == NULL) {
        return ZCACHE_OK;
    }
    zc_address_t address;
    zc_numeric_t numeric;
    char endpoint[ZC_ENDPOINT_BYTES];
    if (zc_address_parse(advertise, 0, &address) != ZCACHE_OK || address.port > ZC_PORT_MAX ||
        zc_address_endpoint(address.host, ZC_PORT_MAX, endpoint) != ZCACHE_OK) {
        return zc_failure_set(ZCACHE_INVALID,
                              "advertise \"%.255s\" is not an address that others can dial; give "
                              "HOST or HOST:PORT with a port from 1 to %d",
                              advertise, ZC_PORT_MAX);
    }
    if (zc_address_resolve(address.host, &numeric) != ZCACHE_OK) {
        return zc_failure_set(ZCACHE_UNRESOLVED,
                              "advertise %s does not resolve; give the address that others dial",
                              address.host);
    }
    if (numeric.any) {
        return zc_failure_set(ZCACHE_INVALID,
                              "advertise %s is a wildcard that nobody can dial; give the address "
                              "that others dial",
                              address.host);
    }
    config->advertised = true;
    /* Peers dial nothing but addresses (dial.h). */
    memcpy(config->advertise_host, numeric.host, sizeof(numeric.host));
    config->advertise_port = address.port;
    return ZCACHE_OK;
}

/* Also as zcache_node_endpoint gives it. */
static zcache_status parse_join(const char *join, zc_address_t *address) {
    static const char tcp[] = "tcp://";
    bool endpoint = strncmp(join, tcp, strlen(tcp)) == 0;
    return zc_address_parse(endpoint ? join + strlen(tcp) : join, ZC_PORT_DEFAULT, address);
}

static zcache_status take_seed(zc_config_t *config, const char *join) {
    zc_address_t address;
    zc_numeric_t numeric;
    char *endpoint = config->seeds[config->seed_count];
    if (join == NULL || parse_join(join, &address) != ZCACHE_OK ||
        zc_address_endpoint(address.host, address.port, endpoint) != ZCACHE_OK) {
        return zc_failure_set(ZCACHE_INVALID,
                              "join \"%.255s\" is not an address; give HOST or HOST:PORT of any "
                              "member of the mesh",
                              join != NULL ? join : "(null)");
    }
    if (zc_address_resolve(address.host, &numeric) != ZCACHE_OK) {
        return zc_failure_set(ZCACHE_UNRESOLVED,
                              "join %s does not resolve; give HOST or HOST:PORT of any member of "
                              "the mesh",
                              join);
    }
    /* The name is looked up once, here, and dialled as the address that it has now (dial.h). */
    if (zc_address_endpoint(numeric.host, address.port, endpoint) != ZCACHE_OK) {
        return zc_failure_set(ZCACHE_INVALID, "join %s is not an address that can be dialled",
                              join);
    }
    config->seed_count++;
    return ZCACHE_OK;
}

static zcache_status take_seeds(zc_config_t *config, const zcache_node_options_t *options) {
    if (options->join_count > ZCACHE_JOINS_MAX) {
        return zc_failure_set(ZCACHE_INVALID,
                              "%zu addresses to join are too many; any one member is enough, at "
                              "most %d are allowed",
                              options->join_count, (int)ZCACHE_JOINS_MAX);
    }
    for (size_t i = 0; i < options->join_count; i++) {
        zcache_status status = take_seed(config, options->join[i]);
        if (status != ZCACHE_OK) {
            return status;
        }
    }
    return ZCACHE_OK;
}

static zcache_status check_range(const char *name, uint64_t value, uint64_t least, uint64_t most,
                                 const char *unit) {
    if (value < least || value > most) {
        return zc_failure_set(
            ZCACHE_INVALID, "%s %" PRIu64 " is out of range; give %" PRIu64 " to %" PRIu64 " (%s)",
            name, value, least, most, unit);
    }
    return ZCACHE_OK;
}

static zcache_status take_settings(zc_config_t *config, const zcache_node_options_t *options) {
#define INITIAL(name, initial, least, most, unit) config->settings.name = (initial);
    ZC_SETTING_MAP(INITIAL)
#undef INITIAL
    config->settings.max_size = options->max_size;
    config->settings.expire_after_ms = options->expire_after_ms;
    config->settings.heartbeat_ms = options->heartbeat_ms;
    config->settings.value_max = options->value_max;
    zcache_status status = ZCACHE_OK;
#define CHECK(name, initial, least, most, unit)                                                    \
    if (status == ZCACHE_OK) {                                                                     \
        status = check_range(#name, config->settings.name, (least), (most), (unit));               \
    }
    ZC_SETTING_MAP(CHECK)
#undef CHECK
    return status;
}

zcache_status zc_config_init(zc_config_t *config, const zcache_node_options_t *options) {
    zc_config_t checked = {.max_memory = options->max_memory,
                           .log = options->log,
                           .log_context = options->log_context};
    zcache_status status = take_settings(&checked, options);
    if (status == ZCACHE_OK) {
        status = take_name("the name", options->name, checked.name);
    }
    if (status == ZCACHE_OK) {
        status = take_name("the region", options->region, checked.region);
    }
    if (status == ZCACHE_OK) {
        status = take_inproc_name(&checked, options->inproc_name);
    }
    if (status == ZCACHE_OK) {
        status = take_host(&checked, options);
    }
    if (status == ZCACHE_OK) {
        status = take_advertise(&checked, options->advertise);
    }
    if (status == ZCACHE_OK) {
        status = take_seeds(&checked, options);
    }
    if (status == ZCACHE_OK) {
        *config = checked;
    }
    return status;
}

zcache_status zc_config_endpoints(const zc_config_t *config, uint16_t port,
                                  zc_endpoints_t *endpoints) {
    zc_numeric_t machine;
    const char *host = config->host.host;
    uint16_t dialled_port = port;
    if (config->advertised) {
        host = config->advertise_host;
        dialled_port = config->advertise_port != 0 ? config->advertise_port : port;
    } else if (config->host.any) {
        zc_address_of_machine(config->host.ipv6, &machine);
        host = machine.host;
    }
    zc_endpoints_t result;
    if (zc_address_endpoint(host, dialled_port, result.router) != ZCACHE_OK ||
        zc_address_endpoint(host, (uint16_t)(dialled_port + 1), result.publish) != ZCACHE_OK ||
        zc_address_endpoint(host, (uint16_t)(dialled_port + 2), result.watch) != ZCACHE_OK) {
        return ZCACHE_INVALID;
    }
    *endpoints = result;
    return ZCACHE_OK;
}
