/* SPDX-License-Identifier: MPL-2.0 */
/* Addresses as people write them, "HOST" or "HOST:PORT", and as sockets want them,
 * "tcp://HOST:PORT". */
#ifndef ZC_NODE_ADDRESS_H
#define ZC_NODE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <zcache/limits.h>
#include <zcache/status.h>

enum {
    ZC_HOST_BYTES = ZCACHE_NAME_BYTES_MAX + 1,
    ZC_ENDPOINT_BYTES = ZCACHE_NAME_BYTES_MAX + 1,
    ZC_PORT_DEFAULT = 5000,
    ZC_PORT_MAX = 65533, /* a node takes the two ports above it as well */
};

/* A host and a port. An IPv6 host stands without its brackets. */
typedef struct zc_address {
    char host[ZC_HOST_BYTES];
    uint16_t port;
} zc_address_t;

/* Reads "HOST", "HOST:PORT", "[IPV6]" or "[IPV6]:PORT"; an IPv6 address may stand without brackets
 * where no port follows. Returns OK or INVALID. Whether the host exists is not asked. */
zcache_status zc_address_parse(const char *text, uint16_t port_default, zc_address_t *address);

/* What a host is as numbers. */
typedef struct zc_numeric {
    char host[ZC_HOST_BYTES];
    bool ipv6;
    bool any;      /* the wildcard: 0.0.0.0 or :: */
    bool loopback; /* reached by nobody but this machine */
} zc_numeric_t;

/* Looks a host name up, IPv4 first; "*" is 0.0.0.0. May ask a name server. Returns OK or
 * UNRESOLVED. */
zcache_status zc_address_resolve(const char *host, zc_numeric_t *numeric);

/* The first address of this machine that others may be able to dial, of the given family: of an
 * interface that is up and is not the loopback; where there is none, the loopback. */
void zc_address_of_machine(bool ipv6, zc_numeric_t *numeric);

/* Whether the host of a valid endpoint "tcp://HOST:PORT" is an address and not a name: four decimal
 * numbers with dots, or IPv6 in brackets. */
bool zc_address_is_numeric(const char *endpoint);

/* Writes "tcp://HOST:PORT" with brackets where HOST is IPv6. Returns OK, or INVALID where that is
 * longer than ZCACHE_NAME_BYTES_MAX or HOST has characters that no host has. */
zcache_status zc_address_endpoint(const char *host, uint16_t port,
                                  char endpoint[ZC_ENDPOINT_BYTES]);

#endif
