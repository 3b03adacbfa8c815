/* SPDX-License-Identifier: MPL-2.0 */
/* Sockets of the client with their options, set before the connection is made. */
#ifndef ZC_CLIENT_SOCKET_H
#define ZC_CLIENT_SOCKET_H

#include <czmq.h>

#include "lib/client/endpoint.h"

/* A socket of the given type (ZMQ_DEALER or ZMQ_SUB) that dials the endpoint, which was parsed and
 * resolved. The caller's, to be destroyed; NULL: zmq_errno() tells why. */
zsock_t *zc_socket_dial(int type, const zc_endpoint_t *endpoint);

#endif
