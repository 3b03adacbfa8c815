/* SPDX-License-Identifier: MPL-2.0 */
/* Nodes on real sockets: what one writes, the others have, whoever comes, goes, or talks nonsense.
 */
#include <criterion/criterion.h>
#include <czmq.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/nodes.h"
#include "tests/support/wait.h"

static zcache_node_t *nodes[2];
static zcache_t *caches[2];

static void setup(void) {
    for (size_t i = 0; i < 2; i++) {
        nodes[i] = zc_nodes_join(i == 0 ? NULL : zcache_node_endpoint(nodes[0]));
        cr_assert_not_null(nodes[i]);
        caches[i] = zc_nodes_open(zcache_node_endpoint(nodes[i]));
        cr_assert_not_null(caches[i]);
    }
    cr_assert(zc_nodes_wait_number(caches[0], "peers_live", 1));
}

static void teardown(void) {
    for (size_t i = 0; i < 2; i++) {
        zcache_close(&caches[i]);
        zcache_node_stop(&nodes[i]);
    }
}

TestSuite(actor, .init = setup, .fini = teardown);

static void set(zcache_t *cache, const char *key, const char *value) {
    cr_assert_eq(zcache_set(cache, key, strlen(key), value, strlen(value), 0), ZCACHE_OK);
}

typedef struct expected {
    zcache_t *cache;
    const char *key;
    const char *value; /* NULL: a miss */
} expected_t;

static bool is_there(void *context) {
    const expected_t *expected = context;
    zcache_value_t value = ZCACHE_VALUE_INIT;
    zcache_status status =
        zcache_get(expected->cache, expected->key, strlen(expected->key), &value);
    bool there = expected->value == NULL
                     ? status == ZCACHE_MISS
                     : status == ZCACHE_OK && value.size == strlen(expected->value) &&
                           memcmp(value.data, expected->value, value.size) == 0;
    zcache_value_fini(&value);
    return there;
}

static bool comes(zcache_t *cache, const char *key, const char *value) {
    expected_t expected = {.cache = cache, .key = key, .value = value};
    return zc_wait_for(is_there, &expected, ZC_NODES_PATIENCE_MS);
}

Test(actor, write_is_at_the_other_node) {
    set(caches[0], "a", "from the first");
    set(caches[1], "b", "from the second");
    cr_assert(comes(caches[1], "a", "from the first"));
    cr_assert(comes(caches[0], "b", "from the second"));
    cr_assert_eq(zcache_delete(caches[1], "a", 1), ZCACHE_OK);
    cr_assert(comes(caches[0], "a", NULL));
    cr_assert_eq(zcache_clear(caches[0]), ZCACHE_OK);
    cr_assert(comes(caches[1], "b", NULL));
}

Test(actor, largest_value_travels_once_the_mesh_allows_it) {
    const size_t bytes = ZCACHE_VALUE_MAX_CEILING;
    char *value = malloc(bytes);
    memset(value, 'v', bytes);
    cr_assert_eq(zcache_set(caches[0], "key", 3, value, bytes, 0), ZCACHE_TOO_LARGE);
    cr_assert_eq(zcache_config_set(caches[0], "value_max", bytes), ZCACHE_OK);
    cr_assert_eq(zcache_set(caches[0], "key", 3, value, bytes, 0), ZCACHE_OK);
    cr_assert(zc_nodes_wait_number(caches[1], "entries", 1));
    cr_assert(zc_nodes_wait_same(caches[0], caches[1]));
    /* And a newcomer gets it as well. */
    zcache_node_t *third = zc_nodes_join(zcache_node_endpoint(nodes[1]));
    zcache_t *cache = zc_nodes_open(zcache_node_endpoint(third));
    cr_assert(zc_nodes_wait_same(caches[0], cache));
    zcache_close(&cache);
    zcache_node_stop(&third);
    free(value);
}

Test(actor, node_started_anew_at_the_same_port_is_whole_again) {
    uint16_t port = zc_nodes_port(nodes[1]);
    zcache_node_options_t options;
    zc_nodes_options(&options);
    set(caches[0], "before", "1");
    cr_assert(comes(caches[1], "before", "1"));
    for (int i = 0; i < 5; i++) {
        char key[16];
        snprintf(key, sizeof(key), "round %d", i);
        zcache_node_stop(&nodes[1]);
        set(caches[0], key, "1");
        const char *join = zcache_node_endpoint(nodes[0]) + strlen("tcp://");
        options.port = port;
        options.join = &join;
        options.join_count = 1;
        nodes[1] = zc_nodes_start(&options);
        cr_assert_not_null(nodes[1]);
        cr_assert(comes(caches[1], "before", "1"));
        cr_assert(comes(caches[1], key, "1"));
        /* Both directions: the others subscribe to the new life at the old place. */
        set(caches[1], key, "2");
        cr_assert(comes(caches[0], key, "2"));
    }
}

Test(actor, what_was_written_last_goes_out_before_the_goodbye) {
    zcache_t *local = zc_nodes_open(zcache_node_inproc_endpoint(nodes[1]));
    for (int i = 0; i < 1000; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        set(local, key, "value");
    }
    zcache_node_stop(&nodes[1]);
    cr_assert(zc_nodes_wait_number(caches[0], "entries", 1000));
    zcache_close(&local);
}

Test(actor, node_that_is_a_stranger_to_zcache_is_never_joined) {
    /* An echo: it takes connections, speaks ZeroMQ, and answers with what it was sent. */
    zsock_t *echo = zsock_new(ZMQ_ROUTER);
    int port = zsock_bind(echo, "tcp://127.0.0.1:*");
    char address[64];
    const char *join = address;
    zcache_node_options_t options;
    snprintf(address, sizeof(address), "127.0.0.1:%d", port);
    zc_nodes_options(&options);
    options.join = &join;
    options.join_count = 1;
    zcache_node_t *node = zc_nodes_start(&options);
    zmsg_t *hello = zmsg_recv(echo);
    cr_assert_not_null(hello);
    cr_assert_eq(zmsg_send(&hello, echo), 0);
    zcache_t *cache = zc_nodes_open(zcache_node_endpoint(node));
    cr_assert(zc_nodes_wait_number(cache, "malformed", 1));
    cr_assert(zc_nodes_wait_ready(cache));
    set(cache, "key", "alone");
    cr_assert(comes(cache, "key", "alone"));
    zcache_close(&cache);
    zcache_node_stop(&node);
    zsock_destroy(&echo);
}

Test(actor, garbage_on_every_port_is_counted_and_survived) {
    unsigned port = zc_nodes_port(nodes[0]);
    char endpoint[64];
    static const int types[] = {ZMQ_DEALER, ZMQ_XSUB, ZMQ_XSUB};
    zsock_t *sockets[3];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%u", port + i);
        sockets[i] = zsock_new(types[i]);
        cr_assert_eq(zmq_connect(zsock_resolve(sockets[i]), endpoint), 0);
    }
    uint64_t seed = 1;
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[64];
        for (size_t j = 0; j < sizeof(bytes); j++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            bytes[j] = (uint8_t)(seed >> 56);
        }
        zmq_send(zsock_resolve(sockets[i % 3]), bytes, bytes[0] % 64, 0);
    }
    cr_assert(zc_nodes_wait_number(caches[0], "malformed", 100));
    set(caches[0], "key", "value");
    cr_assert(comes(caches[1], "key", "value"));
    for (size_t i = 0; i < 3; i++) {
        zsock_destroy(&sockets[i]);
    }
}

Test(actor, watcher_sees_what_another_node_wrote) {
    zcache_watch_t *watch = NULL;
    zcache_event_t event;
    cr_assert_eq(zcache_watch_open(zcache_node_endpoint(nodes[1]), "a/", 2, true,
                                   ZC_NODES_PATIENCE_MS, &watch),
                 ZCACHE_OK);
    set(caches[0], "b/1", "unseen");
    set(caches[0], "a/1", "seen");
    cr_assert_eq(zcache_delete(caches[0], "a/1", 3), ZCACHE_OK);
    cr_assert_eq(zcache_clear(caches[0]), ZCACHE_OK);
    static const zcache_change changes[] = {ZCACHE_CHANGE_SET, ZCACHE_CHANGE_DELETE,
                                            ZCACHE_CHANGE_CLEAR};
    /* A set that was overtaken before it went out is not sent at all. */
    size_t at = 0;
    for (uint64_t number = 1; at < 3; number++) {
        cr_assert_eq(zcache_watch_next(watch, ZC_NODES_PATIENCE_MS, &event), ZCACHE_OK);
        cr_assert_eq(event.number, number);
        cr_assert_eq(event.lost, 0);
        while (at < 3 && changes[at] != event.change) {
            at++;
        }
        cr_assert(at < 3);
        at += event.change == ZCACHE_CHANGE_CLEAR;
    }
    zcache_watch_close(&watch);
}
