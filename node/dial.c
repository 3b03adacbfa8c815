/* SPDX-License-Identifier: MPL-2.0 */
/* The connections that a node makes.
 *
 * Invariant: SUB is connected to an endpoint exactly if one of the peers has it as `subscribed`.
 * libzmq does nothing when it is to connect SUB where it is connected already, not even if that
 * connection is dead for ever: so an endpoint is always disconnected first. */
#include "node/dial.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"
#include "lib/wire/text.h"

void zc_dial_init(zc_dial_t *dial, zsock_t *subscribe) {
    memset(dial, 0, sizeof(*dial));
    dial->subscribe = subscribe;
}

void zc_dial_fini(zc_dial_t *dial) {
    for (zc_peer_number_t peer = 0; peer < ZCACHE_MEMBERS_MAX; peer++) {
        if (dial->peers[peer] != NULL) {
            zsock_destroy(&dial->peers[peer]->dealer);
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
    memcpy(out, endpoint.data, endpoint.bytes);
    out[endpoint.bytes] = '\0';
    return true;
}

static zc_dialled_t *obtain(zc_dial_t *dial, zc_peer_number_t peer) {
    ZC_ASSERT(peer < ZCACHE_MEMBERS_MAX);
    if (dial->peers[peer] == NULL) {
        dial->peers[peer] = calloc(1, sizeof(zc_dialled_t));
    }
    return dial->peers[peer];
}

zcache_status zc_dial_open(zc_dial_t *dial, zc_peer_number_t peer, zc_slice_t endpoint) {
    char text[ZC_ENDPOINT_BYTES];
    if (!copy_endpoint(endpoint, text)) {
        return ZCACHE_INVALID;
    }
    zc_dialled_t *dialled = obtain(dial, peer);
    if (dialled == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    zsock_destroy(&dialled->dealer);
    dial->changes++;
    zsock_t *dealer = zc_sockets_dealer();
    if (dealer == NULL || !zc_sockets_prepare(dealer, text) ||
        zmq_connect(zsock_resolve(dealer), text) != 0) {
        zsock_destroy(&dealer);
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
        zmq_disconnect(zsock_resolve(dial->subscribe), endpoint);
    }
}

zcache_status zc_dial_subscribe(zc_dial_t *dial, zc_peer_number_t peer, zc_slice_t endpoint) {
    char text[ZC_ENDPOINT_BYTES];
    if (!copy_endpoint(endpoint, text)) {
        return ZCACHE_INVALID;
    }
    zc_dialled_t *dialled = obtain(dial, peer);
    if (dialled == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    unsubscribe(dial, dialled);
    void *handle = zsock_resolve(dial->subscribe);
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
    zsock_destroy(&dialled->dealer);
    free(dialled);
    dial->peers[peer] = NULL;
    dial->changes++;
}

zsock_t *zc_dial_dealer(const zc_dial_t *dial, zc_peer_number_t peer) {
    ZC_ASSERT(peer < ZCACHE_MEMBERS_MAX);
    return dial->peers[peer] != NULL ? dial->peers[peer]->dealer : NULL;
}
