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
    cr_assert_eq(zc_guard_start(&sockets, -1, &guard), ZCACHE_OK);
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

/* Takes what came over the watch socket, and calls `then` with it; false: nothing comes within
 * `timeout_ms`. */
static bool take(int timeout_ms, void (*then)(zc_guard_t *, zmq_msg_t *)) {
    zmq_pollitem_t item = {.socket = sockets.watch, .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, timeout_ms) <= 0) {
        return false;
    }
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    cr_assert(zmq_msg_recv(&frame, sockets.watch, 0) >= 0);
    cr_assert_geq(zmq_msg_get(&frame, ZMQ_SRCFD), 0);
    zc_guard_settle(guard, &frame);
    if (then != NULL) {
        then(guard, &frame);
    }
    zmq_msg_close(&frame);
    return true;
}

static bool subscribe(const char *topic, int timeout_ms) {
    cr_assert_eq(zmq_setsockopt(stranger, ZMQ_SUBSCRIBE, topic, strlen(topic)), 0);
    return take(timeout_ms, zc_guard_keep);
}

static bool unsubscribe(const char *topic) {
    cr_assert_eq(zmq_setsockopt(stranger, ZMQ_UNSUBSCRIBE, topic, strlen(topic)), 0);
    return take(5000, zc_guard_let_go);
}

/* The `number`-th of many long topics. */
static const char *topic(int number) {
    static char text[201];
    memset(text, 'k', sizeof(text) - 1);
    snprintf(text + 190, 10, "%09d", number);
    return text;
}

static bool has_cut(void *context) {
    (void)context;
    return zc_guard_cuts(guard) > 0;
}

Test(guard, watcher_is_left_alone) {
    cr_assert(subscribe("kprefix", 5000));
    cr_assert(subscribe("vprefix", 5000));
    cr_assert_eq(zc_guard_cuts(guard), 0);
}

Test(guard, flood_is_cut) {
    for (int i = 0; i < 64 && zc_guard_cuts(guard) == 0; i++) {
        subscribe(topic(i), 100);
    }
    cr_assert(zc_wait_for(has_cut, NULL, 5000));
}

Test(guard, what_is_settled_does_not_count) {
    for (int i = 0; i < 64; i++) {
        cr_assert_eq(zmq_setsockopt(stranger, ZMQ_SUBSCRIBE, topic(0), 200), 0);
        cr_assert(take(5000, NULL));
    }
    cr_assert_eq(zc_guard_cuts(guard), 0);
}

Test(guard, watcher_may_change_its_mind_for_ever) {
    for (int i = 0; i < 200; i++) {
        cr_assert(subscribe(topic(i), 5000));
        cr_assert(unsubscribe(topic(i)));
    }
    cr_assert_eq(zc_guard_cuts(guard), 0);
}

Test(guard, there_need_be_none) {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    zc_guard_settle(NULL, &frame);
    zc_guard_keep(NULL, &frame);
    zc_guard_let_go(NULL, &frame);
    zc_guard_turn(NULL, 1, true);
    zc_guard_allow(NULL, 1);
    cr_assert_eq(zc_guard_cuts(NULL), 0);
    zc_guard_stop(NULL);
}
