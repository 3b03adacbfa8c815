/* SPDX-License-Identifier: MPL-2.0 */
/* Raw sockets of the process's one context, and those of the client with their options, set before
 * the connection is made. */
#ifndef ZC_CLIENT_SOCKET_H
#define ZC_CLIENT_SOCKET_H

#include <czmq.h>

#include "lib/client/endpoint.h"

/* A socket without a connection, to be ended with zc_socket_close; NULL: zmq_errno() tells why. It
 * is libzmq's own handle: zsock_new would end the program where sockets or file descriptors have
 * run out, which a stranger can bring about. */
void *zc_socket_new(int type);

/* Closes it in libzmq's own time and sets *socket to NULL; NULL and a pointer to NULL are allowed.
 * zmq_errno() stays as it is. */
void zc_socket_close(void **socket);

/* A socket of the given type (ZMQ_DEALER or ZMQ_SUB) that dials the endpoint, which was parsed and
 * resolved. As from zc_socket_new. */
void *zc_socket_dial(int type, const zc_endpoint_t *endpoint);

/* Whether the process may open so many file descriptors more (at most 64); errno tells why not. */
bool zc_socket_has_room(size_t descriptors);

#endif
