/* SPDX-License-Identifier: MPL-2.0 */
/* Connections to peers: made, made anew, shared and dropped. */
#include <criterion/criterion.h>
#include <string.h>

#include "lib/client/context.h"
#include "lib/client/socket.h"
#include "node/dial.h"
#include "tests/support/descriptors.h"
#include "tests/support/wait.h"

static zc_dial_t *dial;
static void *subscribe;
static zsock_t *publish;
static char endpoint[256];

static void setup(void) {
    zc_context_init();
    dial = malloc(sizeof(*dial));
    subscribe = zc_socket_new(ZMQ_SUB);
    zmq_setsockopt(subscribe, ZMQ_SUBSCRIBE, "", 0);
    zc_dial_init(dial, subscribe);
    publish = zsock_new(ZMQ_PUB);
    size_t bytes = sizeof(endpoint);
    cr_assert_eq(zmq_bind(zsock_resolve(publish), "tcp://127.0.0.1:*"), 0);
    cr_assert_eq(zmq_getsockopt(zsock_resolve(publish), ZMQ_LAST_ENDPOINT, endpoint, &bytes), 0);
}

static void teardown(void) {
    zc_dial_fini(dial);
    free(dial);
    zc_socket_close(&subscribe);
    zsock_destroy(&publish);
}

TestSuite(dial, .init = setup, .fini = teardown);

static bool is_heard(void *context) {
    (void)context;
    char byte = 0;
    zmq_send(zsock_resolve(publish), "x", 1, ZMQ_DONTWAIT);
    return zmq_recv(subscribe, &byte, 1, ZMQ_DONTWAIT) == 1;
}

/* Takes what is still on its way; then nothing comes any more. */
static bool is_silent(void *context) {
    int *quiet = context;
    *quiet = is_heard(NULL) ? 0 : *quiet + 1;
    return *quiet > 20;
}

static void expect_silence(void) {
    int quiet = 0;
    cr_assert(zc_wait_for(is_silent, &quiet, 10000));
}

Test(dial, endpoints_that_may_not_be_dialled_are_refused) {
    static const char *const wrong[] = {
        "", "tcp://", "inproc://a", "ipc:///tmp/a", "pgm://a:5", "tcp://1.2.3.4:1;5.6.7.8:2",
        "tcp://*:5000", "tcp://host:0", "tcp://host:70000",
        /* Names: to look one up would hold up all sockets. */
        "tcp://localhost:5000", "tcp://node.example:5000", "tcp://127.1:5000",
        "tcp://0x7f000001:5000", "tcp://[localhost]:5000", "tcp://[127.0.0.1]:5000"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_assert_eq(zc_dial_open(dial, 1, zc_slice_text(wrong[i])), ZCACHE_INVALID, "%s",
                     wrong[i]);
        cr_assert_eq(zc_dial_subscribe(dial, 1, zc_slice_text(wrong[i])), ZCACHE_INVALID, "%s",
                     wrong[i]);
    }
    cr_assert_eq(zc_dial_dealer(dial, 1), NULL);
}

Test(dial, dealer_is_another_one_when_dialled_anew) {
    cr_assert_eq(zc_dial_open(dial, 1023, zc_slice_text(endpoint)), ZCACHE_OK);
    cr_assert_not_null(zc_dial_dealer(dial, 1023));
    uint64_t changes = dial->changes;
    cr_assert_eq(zc_dial_open(dial, 1023, zc_slice_text(endpoint)), ZCACHE_OK);
    cr_assert(dial->changes > changes);
    zc_dial_hang_up(dial, 1023);
    cr_assert_eq(zc_dial_dealer(dial, 1023), NULL);
    zc_dial_hang_up(dial, 1023);
}

Test(dial, subscription_is_made_anew_and_ends) {
    cr_assert_eq(zc_dial_subscribe(dial, 0, zc_slice_text(endpoint)), ZCACHE_OK);
    cr_assert(zc_wait_for(is_heard, NULL, 5000));
    cr_assert_eq(zc_dial_subscribe(dial, 0, zc_slice_text(endpoint)), ZCACHE_OK);
    cr_assert(zc_wait_for(is_heard, NULL, 5000));
    zc_dial_hang_up(dial, 0);
    expect_silence();
}

Test(dial, endpoint_that_two_peers_have_is_kept_until_both_are_gone) {
    cr_assert_eq(zc_dial_subscribe(dial, 0, zc_slice_text(endpoint)), ZCACHE_OK);
    cr_assert_eq(zc_dial_subscribe(dial, 1, zc_slice_text(endpoint)), ZCACHE_OK);
    zc_dial_hang_up(dial, 0);
    cr_assert(zc_wait_for(is_heard, NULL, 5000));
    zc_dial_hang_up(dial, 1);
    expect_silence();
}

Test(dial, addresses_of_numbers_may_be_dialled) {
    cr_assert_eq(zc_dial_open(dial, 1, zc_slice_text("tcp://127.0.0.1:5000")), ZCACHE_OK);
    cr_assert_eq(zc_dial_open(dial, 1, zc_slice_text("tcp://[::1]:5000")), ZCACHE_OK);
}

Test(dial, strangers_cannot_take_the_descriptors_of_clients) {
    zc_descriptors_limit(100);
    zc_dial_init(dial, subscribe);
    zc_peer_number_t peer = 0;
    while (zc_dial_open(dial, peer, zc_slice_text(endpoint)) == ZCACHE_OK) {
        peer++;
    }
    cr_assert_eq(peer, 15);
    cr_assert_eq(zc_dial_open(dial, peer, zc_slice_text(endpoint)), ZCACHE_BUSY);
    cr_assert_eq(zc_dial_subscribe(dial, peer, zc_slice_text(endpoint)), ZCACHE_BUSY);
    cr_assert_eq(zc_dial_dealer(dial, peer), NULL);
    /* One that is dialled anew takes no further place, and one that went gives its own back. */
    cr_assert_eq(zc_dial_open(dial, 0, zc_slice_text(endpoint)), ZCACHE_OK);
    zc_dial_hang_up(dial, 0);
    cr_assert_eq(zc_dial_open(dial, peer, zc_slice_text(endpoint)), ZCACHE_OK);
    zc_descriptors_restore();
}

Test(dial, no_descriptor_left_is_a_status) {
    zc_descriptors_limit(3);
    cr_assert_eq(zc_dial_open(dial, 0, zc_slice_text(endpoint)), ZCACHE_SYSTEM);
    cr_assert_eq(zc_dial_dealer(dial, 0), NULL);
    zc_descriptors_restore();
}
