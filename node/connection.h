/* SPDX-License-Identifier: MPL-2.0 */
/* What the kernel tells of a connection. */
#ifndef ZC_NODE_CONNECTION_H
#define ZC_NODE_CONNECTION_H

#include <stdint.h>

/* The port of this end, over IPv4 or IPv6; 0: the descriptor is not such a socket. */
uint16_t zc_connection_port(int descriptor);

/* What tells a connection from all that had or will have its descriptor; 0: none (before Linux
 * 4.6). */
uint64_t zc_connection_cookie(int descriptor);

typedef struct zc_traffic {
    uint64_t received;     /* bytes that the other end has sent and the kernel has taken in */
    uint64_t read;         /* of these, at least so many have been read from the kernel */
    uint64_t acknowledged; /* bytes that the other end's kernel has taken in */
} zc_traffic_t;

/* All 0 where the kernel does not count them (before Linux 4.1). */
zc_traffic_t zc_connection_traffic(int descriptor);

#endif
