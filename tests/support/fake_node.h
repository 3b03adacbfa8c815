/* SPDX-License-Identifier: MPL-2.0 */
/* A node for the client's tests: real sockets, a tiny store, and whatever misbehaviour a test asks
 * for. It runs in a thread of its own; all functions are for the one thread of the test. */
#ifndef TESTS_SUPPORT_FAKE_NODE_H
#define TESTS_SUPPORT_FAKE_NODE_H

#include <stdbool.h>

#include "lib/wire/event.h"
#include "lib/wire/request.h"

typedef enum zc_fake_mode {
    ZC_FAKE_ANSWER,        /* as a node does */
    ZC_FAKE_SILENT,        /* takes requests and says nothing */
    ZC_FAKE_HOLD,          /* keeps answers; with the next mode they go out, last one first */
    ZC_FAKE_GARBAGE,       /* answers with bytes that are no message */
    ZC_FAKE_OTHER_VERSION, /* answers in another version of the protocol */
    ZC_FAKE_TWO_FRAMES,    /* answers with two frames */
    ZC_FAKE_SHORT_RESULT,  /* answers with results that do not belong to the operations */
    ZC_FAKE_REFUSE,        /* answers every request with one BUSY */
} zc_fake_mode_t;

typedef struct zc_fake_node zc_fake_node_t;

/* Binds `endpoint`, or with NULL any port of 127.0.0.1. Never NULL: it ends the test instead. */
zc_fake_node_t *zc_fake_node_start(const char *endpoint, zc_fake_mode_t mode);
void zc_fake_node_stop(zc_fake_node_t **node);

/* Borrowed for its life. */
const char *zc_fake_node_endpoint(const zc_fake_node_t *node);

void zc_fake_node_set_mode(zc_fake_node_t *node, zc_fake_mode_t mode);

/* Where it says that watchers connect to; by default where its XPUB is. */
void zc_fake_node_set_watch_endpoint(zc_fake_node_t *node, const char *endpoint);

/* Requests that have come so far. */
unsigned zc_fake_node_requests(zc_fake_node_t *node);

/* Greet subscriptions with this number from now on (0 at first); a negative one: do not greet;
 * UINT32_MAX: greet without a number. */
void zc_fake_node_set_greeting(zc_fake_node_t *node, long number);

/* Subscriptions that have come so far. */
unsigned zc_fake_node_subscriptions(zc_fake_node_t *node);

/* Publishes an event, or with `event` NULL bytes that are none. */
void zc_fake_node_publish(zc_fake_node_t *node, zc_slice_t topic, const zc_watch_event_t *event);

#endif
