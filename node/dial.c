/* SPDX-License-Identifier: MPL-2.0 */
/* The connections that a node makes.
 *
 * Invariant: SUB is connected to an endpoint exactly if one of the peers has it as `subscribed`.
 * libzmq does nothing when it is to connect SUB where it is connected already, not even if that
 * connection is dead for ever: so an endpoint is always disconnected first. No name ever reaches
 * libzmq, whose one thread for all sockets would stand still while it is looked up. */
#define _GNU_SOURCE
#include "node/dial.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"
#include "lib/client/socket.h"
#include "lib/wire/text.h"
#include "node/address.h"
#include "node/process.h"

/* A DEALER with its connection, the connection of SUB, and the two by which the peer dials us. */
enum { DESCRIPTORS_PER_PEER = 5 };

void zc_dial_init(zc_dial_t *dial, void *subscribe) {
    memset(dial, 0, sizeof(*dial));
    dial->subscribe = subscribe;
    size_t descriptors = zc_process_descriptors();
    dial->count_max = (descriptors - descriptors / 4) / DESCRIPTORS_PER_PEER;
}

void zc_dial_fini(zc_dial_t *dial) {
    for (zc_peer_number_t peer = 0; peer < ZCACHE_MEMBERS_MAX; peer++) {
        if (dial->peers[peer] != NULL) {
            zc_socket_close(&dial->peers[peer]->dealer);
            free(dial->peers[peer]);
            dial->peers[peer] = NULL;
        }
    }
}

/* The endpoint as a terminated text, if it is one that may be dialled: peers choose what stands
 * there, and libzmq would take other transports and source addresses as well. */
static bool copy_endpoint(zc_slice_t endpoint, char out[ZC_ENDPOINT_BYTES]) {
    if (endpoint.bytes >= ZC_ENDPOINT_BYTES || !zc_endpoint_valid(endpoint)) {
        return false;
    }
    char text[ZC_ENDPOINT_BYTES];
    memcpy(text, endpoint.data, endpoint.bytes);
    text[endpoint.bytes] = '\0';
    if (!zc_address_is_numeric(text)) {
        return false;
    }
    memcpy(out, text, endpoint.bytes + 1);
    return true;
}

static zcache_status obtain(zc_dial_t *dial, zc_peer_number_t peer, zc_dialled_t **dialled) {
    ZC_ASSERT(peer < ZCACHE_MEMBERS_MAX);
    if (dial->peers[peer] == NULL) {
        if (dial->count >= dial->count_max) {
            return ZCACHE_BUSY;
        }
        dial->peers[peer] = calloc(1, sizeof(zc_dialled_t));
        if (dial->peers[peer] == NULL) {
            return ZCACHE_NO_MEMORY;
        }
        dial->count++;
    }
    *dialled = dial->peers[peer];
    return ZCACHE_OK;
}

zcache_status zc_dial_open(zc_dial_t *dial, zc_peer_number_t peer, zc_slice_t endpoint) {
    char text[ZC_ENDPOINT_BYTES];
    if (!copy_endpoint(endpoint, text)) {
        return ZCACHE_INVALID;
    }
    zc_dialled_t *dialled = NULL;
    zcache_status status = obtain(dial, peer, &dialled);
    if (status != ZCACHE_OK) {
        return status;
    }
    zc_socket_close(&dialled->dealer);
    dial->changes++;
    void *dealer = zc_sockets_dealer();
    if (dealer == NULL || !zc_sockets_prepare(dealer, text) || zmq_connect(dealer, text) != 0) {
        zc_socket_close(&dealer);
        return ZCACHE_SYSTEM;
    }
    dialled->dealer = dealer;
    return ZCACHE_OK;
}

static bool somebody_has(const zc_dial_t *dial, const char *endpoint) {
    for (zc_peer_number_t peer = 0; peer < ZCACHE_MEMBERS_MAX; peer++) {
        if (dial->peers[peer] != NULL && strcmp(dial->peers[peer]->subscribed, endpoint) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes the peer off its endpoint. Another peer may have the same one: a node that was started anew
 * where the old one was. */
static void unsubscribe(zc_dial_t *dial, zc_dialled_t *dialled) {
    char endpoint[ZC_ENDPOINT_BYTES];
    memcpy(endpoint, dialled->subscribed, sizeof(endpoint));
    dialled->subscribed[0] = '\0';
    if (endpoint[0] != '\0' && !somebody_has(dial, endpoint)) {
        zmq_disconnect(dial->subscribe, endpoint);
    }
}

zcache_status zc_dial_subscribe(zc_dial_t *dial, zc_peer_number_t peer, zc_slice_t endpoint) {
    char text[ZC_ENDPOINT_BYTES];
    if (!copy_endpoint(endpoint, text)) {
        return ZCACHE_INVALID;
    }
    zc_dialled_t *dialled = NULL;
    zcache_status status = obtain(dial, peer, &dialled);
    if (status != ZCACHE_OK) {
        return status;
    }
    unsubscribe(dial, dialled);
    void *handle = dial->subscribe;
    if (somebody_has(dial, text)) {
        zmq_disconnect(handle, text);
    }
    if (!zc_sockets_prepare(dial->subscribe, text) || zmq_connect(handle, text) != 0) {
        return ZCACHE_SYSTEM;
    }
    memcpy(dialled->subscribed, text, sizeof(text));
    return ZCACHE_OK;
}

void zc_dial_hang_up(zc_dial_t *dial, zc_peer_number_t peer) {
    ZC_ASSERT(peer < ZCACHE_MEMBERS_MAX);
    zc_dialled_t *dialled = dial->peers[peer];
    if (dialled == NULL) {
        return;
    }
    unsubscribe(dial, dialled);
    zc_socket_close(&dialled->dealer);
    free(dialled);
    dial->peers[peer] = NULL;
    dial->count--;
    dial->changes++;
}

void *zc_dial_dealer(const zc_dial_t *dial, zc_peer_number_t peer) {
    ZC_ASSERT(peer < ZCACHE_MEMBERS_MAX);
    return dial->peers[peer] != NULL ? dial->peers[peer]->dealer : NULL;
}
