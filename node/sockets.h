/* SPDX-License-Identifier: MPL-2.0 */
/* The sockets of a node (lib/DESIGN.md): their options in one table, and how they are bound.
 *
 *   ROUTER  tcp://HOST:PORT and inproc://NAME   clients, and what peers ask
 *   PUB     tcp://HOST:PORT+1                   own writes and heartbeats
 *   XPUB    tcp://HOST:PORT+2                   events for watchers
 *   SUB     connected to every peer's PUB       see dial.h
 *   DEALER  connected to a peer's ROUTER        see dial.h */
#ifndef ZC_NODE_SOCKETS_H
#define ZC_NODE_SOCKETS_H

#include <czmq.h>

#include "node/config.h"

/* Whole messages of one connection that wait in ROUTER. */
enum { ZC_SOCKETS_REQUESTS_WAITING = 1000 };

typedef struct zc_sockets {
    void *router;
    void *publish;
    void *watch;
    void *subscribe;
    uint16_t port;       /* that ROUTER was bound to */
    uint64_t value_max;  /* a value of this size can be sent to ROUTER */
    bool router_unbound; /* by zc_sockets_allow, which could not bind it again yet */
} zc_sockets_t;

/* Opens and binds all four. A port that is briefly in use (a node that has just stopped) is waited
 * for. On failure *sockets is untouched and zc_failure_text says why. Returns OK, IN_USE, INVALID
 * (not an address of this machine) or SYSTEM. */
zcache_status zc_sockets_open(const zc_config_t *config, zc_sockets_t *sockets);

/* Whether zc_sockets_allow would do something. */
bool zc_sockets_must_renew(const zc_sockets_t *sockets, uint64_t value_max);

/* Lets values of up to `value_max` bytes come to ROUTER, where so large ones could not before. A
 * limit of libzmq is that of a listener and of the connections which it has accepted, so these are
 * ended, and their other ends dial again. It waits for the port for a moment; where that is not
 * enough the next call goes on. */
void zc_sockets_allow(zc_sockets_t *sockets, const zc_config_t *config, uint64_t value_max);

/* Bytes of the largest request that ROUTER takes. */
uint64_t zc_sockets_request_max(uint64_t value_max);

/* Closes them in libzmq's own time: what is on its way still goes out within the linger time of the
 * sockets. */
void zc_sockets_close(zc_sockets_t *sockets);

/* A DEALER for a peer, not connected yet, to be ended with zc_socket_close; NULL: no memory, no
 * socket or no file descriptor left. */
void *zc_sockets_dealer(void);

/* Lets the sockets dial IPv6 where `endpoint` is that; false: refused. */
bool zc_sockets_prepare(void *socket, const char *endpoint);

#endif
