/* SPDX-License-Identifier: MPL-2.0 */
/* What can go wrong between a client and its node: silence, absence, lateness, nonsense. */
#define _GNU_SOURCE
#include "lib/client/exchange.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zcache/batch.h>

#include "lib/client/client.h"
#include "lib/client/deadline.h"
#include "tests/support/fake_node.h"
#include "tests/support/wait.h"

TestSuite(client_exchange, .timeout = 60);

enum { SHORT_MS = 100, LONG_MS = 20000 };

static zcache_t *open_at(const char *endpoint, uint32_t timeout_ms) {
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open(endpoint, &cache), ZCACHE_OK);
    zcache_set_timeout(cache, timeout_ms);
    return cache;
}

static void assert_says(const zcache_t *cache, const char *text) {
    cr_assert_not_null(strstr(zcache_error(cache), text), "%s", zcache_error(cache));
}

Test(client_exchange, silence_is_a_timeout_and_the_next_call_works) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = open_at(zc_fake_node_endpoint(node), LONG_MS);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_OK);
    zc_fake_node_set_mode(node, ZC_FAKE_SILENT);
    zcache_set_timeout(cache, SHORT_MS);
    uint64_t began_us = zc_now_us();
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_TIMEOUT);
    cr_assert_geq(zc_now_us() - began_us, SHORT_MS * 1000 - 1000);
    assert_says(cache, zc_fake_node_endpoint(node));
    zc_fake_node_set_mode(node, ZC_FAKE_ANSWER);
    zcache_set_timeout(cache, LONG_MS);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_OK);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

static bool has_three_requests(void *node) {
    return zc_fake_node_requests(node) == 3;
}

Test(client_exchange, a_late_answer_is_not_taken_for_another_requests) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = open_at(zc_fake_node_endpoint(node), LONG_MS);
    cr_assert_eq(zcache_set(cache, "a", 1, "of a", 4, 0), ZCACHE_OK);
    cr_assert_eq(zcache_set(cache, "b", 1, "of b", 4, 0), ZCACHE_OK);
    zc_fake_node_set_mode(node, ZC_FAKE_HOLD);
    /* A batch that is given up while its answer is held back, on a socket that stays. */
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_get(batch, "a", 1), ZCACHE_OK);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert(zc_wait_for(has_three_requests, node, LONG_MS));
    zcache_batch_destroy(&batch);
    zc_fake_node_set_mode(node, ZC_FAKE_ANSWER);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_get(cache, "b", 1, &value), ZCACHE_OK);
    cr_assert_arr_eq(value.data, "of b", 4);
    zcache_value_fini(&value);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

Test(client_exchange, a_timeout_ends_what_is_under_way_beside_it) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_SILENT);
    zcache_t *cache = open_at(zc_fake_node_endpoint(node), LONG_MS);
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_get(batch, "a", 1), ZCACHE_OK);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    zcache_set_timeout(cache, SHORT_MS);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_TIMEOUT);
    uint64_t began_us = zc_now_us();
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_TIMEOUT);
    cr_assert_lt(zc_now_us() - began_us, LONG_MS * 1000 / 2);
    cr_assert_neq(zcache_error(cache)[0], '\0');
    /* It is as it was before it was sent. */
    zc_fake_node_set_mode(node, ZC_FAKE_ANSWER);
    zcache_set_timeout(cache, LONG_MS);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
    zcache_batch_destroy(&batch);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

Test(client_exchange, a_node_that_comes_back_is_found_again) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    char endpoint[256];
    snprintf(endpoint, sizeof(endpoint), "%s", zc_fake_node_endpoint(node));
    zcache_t *cache = open_at(endpoint, LONG_MS);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_OK);
    zc_fake_node_stop(&node);
    zcache_set_timeout(cache, SHORT_MS);
    zcache_status status = ZCACHE_OK;
    while (status != ZCACHE_UNREACHABLE) {
        status = zcache_ping(cache, NULL);
        cr_assert(status == ZCACHE_TIMEOUT || status == ZCACHE_UNREACHABLE);
    }
    assert_says(cache, "no node listens at");
    node = zc_fake_node_start(endpoint, ZC_FAKE_ANSWER);
    zcache_set_timeout(cache, LONG_MS);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_OK);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

Test(client_exchange, what_answers_nonsense_is_incompatible) {
    static const zc_fake_mode_t modes[] = {ZC_FAKE_GARBAGE, ZC_FAKE_OTHER_VERSION,
                                           ZC_FAKE_TWO_FRAMES};
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = open_at(zc_fake_node_endpoint(node), LONG_MS);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        zc_fake_node_set_mode(node, modes[i]);
        cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_INCOMPATIBLE);
        assert_says(cache, zc_fake_node_endpoint(node));
        zc_fake_node_set_mode(node, ZC_FAKE_ANSWER);
        cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_OK);
    }
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

/* A server of another protocol, which greets. */
static int listen_plainly(char endpoint[64]) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(listener, 5), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    snprintf(endpoint, 64, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    return listener;
}

Test(client_exchange, a_port_that_is_not_zcache_is_named_as_such) {
    char endpoint[64];
    int listener = listen_plainly(endpoint);
    zcache_t *cache = open_at(endpoint, SHORT_MS);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_UNREACHABLE);
    assert_says(cache, "something listens there, but is stopped, too busy, or no node");
    zcache_close(&cache);
    close(listener);
}

Test(client_exchange, another_zeromq_socket_is_told_apart) {
    zsock_t *publisher = zsock_new(ZMQ_PUB);
    cr_assert_eq(zmq_bind(zsock_resolve(publisher), "tcp://127.0.0.1:*"), 0);
    char endpoint[64];
    size_t size = sizeof(endpoint);
    zmq_getsockopt(zsock_resolve(publisher), ZMQ_LAST_ENDPOINT, endpoint, &size);
    zcache_t *cache = open_at(endpoint, SHORT_MS);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_UNREACHABLE);
    assert_says(cache, "ZeroMQ");
    zcache_close(&cache);
    zsock_destroy(&publisher);
}

Test(client_exchange, requests_under_way_are_limited) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_SILENT);
    zcache_t *cache = open_at(zc_fake_node_endpoint(node), LONG_MS);
    static zcache_batch_t *batches[ZCACHE_REQUESTS_MAX + 1];
    for (size_t i = 0; i <= ZCACHE_REQUESTS_MAX; i++) {
        cr_assert_eq(zcache_batch_new(cache, &batches[i]), ZCACHE_OK);
        cr_assert_eq(zcache_batch_get(batches[i], "a", 1), ZCACHE_OK);
        cr_assert_eq(zcache_batch_send(batches[i]),
                     i < ZCACHE_REQUESTS_MAX ? ZCACHE_OK : ZCACHE_BUSY);
    }
    zcache_batch_reset(batches[0]);
    cr_assert_eq(zcache_batch_send(batches[ZCACHE_REQUESTS_MAX]), ZCACHE_OK);
    for (size_t i = 0; i <= ZCACHE_REQUESTS_MAX; i++) {
        zcache_batch_destroy(&batches[i]);
    }
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}
