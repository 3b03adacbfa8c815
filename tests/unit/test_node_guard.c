/* SPDX-License-Identifier: MPL-2.0 */
/* The guard over real sockets: who subscribes as a peer or watcher does is left alone, who floods
 * is cut, and what is given back does not count. */
#include "node/guard.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lib/client/socket.h"
#include "node/process.h"
#include "tests/support/wait.h"

static zc_config_t config;
static zc_sockets_t sockets;
static zc_guard_t *guard;
static void *stranger;

static void setup(void) {
    zcache_node_options_t options;
    zcache_node_options_init(&options);
    options.port = 0;
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK);
    cr_assert_eq(zc_process_init(), ZCACHE_OK);
    cr_assert_eq(zc_sockets_open(&config, &sockets), ZCACHE_OK);
    cr_assert_eq(zc_guard_start(&sockets, &guard), ZCACHE_OK);
    char endpoint[64];
    snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%u", sockets.port + 2u);
    stranger = zc_socket_new(ZMQ_SUB);
    cr_assert_eq(zmq_connect(stranger, endpoint), 0);
}

static void teardown(void) {
    zc_socket_close(&stranger);
    zc_guard_stop(&guard);
    cr_assert_null(guard);
    zc_sockets_close(&sockets);
}

TestSuite(guard, .init = setup, .fini = teardown);

/* Subscribes and takes the subscription; returns the descriptor that it came over, or -1 where it
 * does not come within `timeout_ms`. */
static int subscribe(const char *topic, int timeout_ms) {
    cr_assert_eq(zmq_setsockopt(stranger, ZMQ_SUBSCRIBE, topic, strlen(topic)), 0);
    zmq_pollitem_t item = {.socket = sockets.watch, .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, timeout_ms) <= 0) {
        return -1;
    }
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    cr_assert(zmq_msg_recv(&frame, sockets.watch, 0) >= 0);
    int descriptor = zmq_msg_get(&frame, ZMQ_SRCFD);
    zmq_msg_close(&frame);
    return descriptor;
}

static bool has_cut(void *context) {
    (void)context;
    return zc_guard_cuts(guard) > 0;
}

Test(guard, watcher_is_left_alone) {
    cr_assert_geq(subscribe("kprefix", 5000), 0);
    cr_assert_geq(subscribe("vprefix", 5000), 0);
    cr_assert_eq(zc_guard_cuts(guard), 0);
}

Test(guard, flood_is_cut) {
    char topic[201];
    memset(topic, 'k', sizeof(topic) - 1);
    topic[200] = '\0';
    for (int i = 0; i < 64 && zc_guard_cuts(guard) == 0; i++) {
        topic[i + 1] = 'x';
        subscribe(topic, 100);
    }
    cr_assert(zc_wait_for(has_cut, NULL, 5000));
}

Test(guard, what_is_given_back_does_not_count) {
    char topic[201];
    memset(topic, 'k', sizeof(topic) - 1);
    topic[200] = '\0';
    for (int i = 0; i < 64; i++) {
        int descriptor = subscribe(topic, 5000);
        cr_assert_geq(descriptor, 0);
        zc_guard_forgive(guard, descriptor, 201);
    }
    cr_assert_eq(zc_guard_cuts(guard), 0);
}

Test(guard, there_need_be_none) {
    zc_guard_forgive(NULL, 5, 100);
    cr_assert_eq(zc_guard_cuts(NULL), 0);
    zc_guard_stop(NULL);
}
