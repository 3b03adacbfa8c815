/* SPDX-License-Identifier: MPL-2.0 */
/* Broadcasting over PUB. */
#include <criterion/criterion.h>

#include "lib/wire/wire.h"
#include "node/publisher.h"

static const zc_message_t goodbye = {.type = ZC_MESSAGE_GOODBYE, .goodbye = {.origin = {{7}}}};

Test(publisher, message_comes_to_whoever_subscribed) {
    void *context = zmq_ctx_new();
    void *publish = zmq_socket(context, ZMQ_PUB);
    void *subscribe = zmq_socket(context, ZMQ_SUB);
    int timeout_ms = 10000;
    char bytes[64];
    cr_assert_eq(zmq_bind(publish, "inproc://published"), 0);
    cr_assert_eq(zmq_setsockopt(subscribe, ZMQ_SUBSCRIBE, "", 0), 0);
    cr_assert_eq(zmq_setsockopt(subscribe, ZMQ_RCVTIMEO, &timeout_ms, sizeof(timeout_ms)), 0);
    cr_assert_eq(zmq_connect(subscribe, "inproc://published"), 0);
    zc_publisher_t publisher;
    zc_ledger_t *ledger = zc_ledger_new();
    zc_publisher_init(&publisher, ledger);
    publisher.socket = publish;
    zc_publisher_send(&publisher, &goodbye);
    int got = zmq_recv(subscribe, bytes, sizeof(bytes), 0);
    cr_assert_gt(got, 0);
    cr_assert_eq(zc_wire_code(zc_slice(bytes, (size_t)got)), ZC_MESSAGE_GOODBYE);
    cr_assert_eq(publisher.dropped, 0);
    zc_publisher_fini(&publisher);
    zc_ledger_release(ledger);
    zmq_close(publish);
    zmq_close(subscribe);
    zmq_ctx_term(context);
}

Test(publisher, message_without_a_socket_is_counted_as_dropped) {
    zc_publisher_t publisher;
    zc_publisher_init(&publisher, NULL);
    zc_publisher_send(&publisher, &goodbye);
    cr_assert_eq(publisher.dropped, 1);
    zc_publisher_fini(&publisher);
}
