/* SPDX-License-Identifier: MPL-2.0 */
/* What the kernel tells of a connection. */
#ifndef ZC_NODE_CONNECTION_H
#define ZC_NODE_CONNECTION_H

#include <stdint.h>

/* The port of this end, over IPv4 or IPv6; 0: the descriptor is not such a socket. */
uint16_t zc_connection_port(int descriptor);

/* Bytes that the other end has sent and the kernel has taken in, whether they were read or not;
 * 0 where the kernel does not count them (before Linux 4.1). */
uint64_t zc_connection_received(int descriptor);

#endif
