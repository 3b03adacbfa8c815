/* SPDX-License-Identifier: MPL-2.0 */
/* Endpoints as zcache takes them: tcp://HOST:PORT and inproc://NAME, nothing else.
 *
 * libzmq's own parser takes more (other transports, interfaces, source addresses, wildcards) and
 * some of that does harm: no endpoint reaches libzmq that was not parsed here. */
#ifndef ZC_CLIENT_ENDPOINT_H
#define ZC_CLIENT_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include <zcache/limits.h>
#include <zcache/status.h>

enum { ZC_ENDPOINT_TEXT_BYTES = ZCACHE_NAME_BYTES_MAX + 1 };

typedef struct zc_endpoint {
    char text[ZC_ENDPOINT_TEXT_BYTES]; /* as it was given */
    char
        host[ZC_ENDPOINT_TEXT_BYTES]; /* of tcp, without the brackets of an IPv6 address; else "" */
    char name[ZC_ENDPOINT_TEXT_BYTES]; /* of inproc; else "" */
    uint16_t port;                     /* of tcp, from 1 */
    bool inproc;
    bool ipv6; /* the host has an IPv6 address alone; set by zc_endpoint_resolve */
} zc_endpoint_t;

/* Returns OK or INVALID. */
zcache_status zc_endpoint_parse(const char *text, zc_endpoint_t *endpoint);

/* Asks the resolver for the host of a tcp endpoint; may wait for a name server. Returns OK or
 * UNRESOLVED. */
zcache_status zc_endpoint_resolve(zc_endpoint_t *endpoint);

/* Where the host of a tcp endpoint means "all interfaces" (0.0.0.0, ::), puts `host` in its place:
 * that is where it was reached. Returns OK or INVALID (the result is too long). */
zcache_status zc_endpoint_replace_any(zc_endpoint_t *endpoint, const char *host);

typedef enum zc_probe {
    ZC_PROBE_SILENT, /* no connection in time */
    ZC_PROBE_REFUSED,
    ZC_PROBE_MUTE,     /* something takes connections, but says nothing in time */
    ZC_PROBE_STRANGER, /* ... and does not greet as ZeroMQ does */
    ZC_PROBE_ZEROMQ,   /* something greets as ZeroMQ does */
} zc_probe_t;

/* Connects to a tcp endpoint by itself and looks at the first bytes, to tell people why libzmq has
 * no connection: libzmq does not say. */
zc_probe_t zc_endpoint_probe(const zc_endpoint_t *endpoint, uint32_t timeout_ms);

#endif
