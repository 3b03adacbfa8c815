/* SPDX-License-Identifier: MPL-2.0 */
/* The options of the client's sockets. */
#include "lib/client/socket.h"

#include <criterion/criterion.h>

#include "tests/support/descriptors.h"

static int option_of(void *socket, int option) {
    int value = -1;
    size_t size = sizeof(value);
    cr_assert_eq(zmq_getsockopt(socket, option, &value, &size), 0);
    return value;
}

Test(client_socket, options_are_set_and_heartbeats_stay_off) {
    zc_endpoint_t endpoint;
    zc_endpoint_parse("tcp://127.0.0.1:9", &endpoint);
    static const int types[] = {ZMQ_DEALER, ZMQ_SUB};
    for (size_t i = 0; i < 2; i++) {
        void *socket = zc_socket_dial(types[i], &endpoint);
        cr_assert_not_null(socket);
        cr_assert_eq(option_of(socket, ZMQ_LINGER), 0);
        cr_assert_eq(option_of(socket, ZMQ_IMMEDIATE), types[i] == ZMQ_DEALER);
        cr_assert_eq(option_of(socket, ZMQ_RECONNECT_IVL), 100);
        cr_assert_eq(option_of(socket, ZMQ_RECONNECT_IVL_MAX), 1000);
        cr_assert_eq(option_of(socket, ZMQ_HEARTBEAT_IVL), 0);
        int64_t message_max = 0;
        size_t size = sizeof(message_max);
        zmq_getsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, &size);
        cr_assert_eq(message_max, ZCACHE_MESSAGE_MAX);
        zc_socket_close(&socket);
    }
}

Test(client_socket, an_endpoint_that_libzmq_refuses_is_no_socket) {
    zc_endpoint_t endpoint = {.text = "nonsense"};
    cr_assert_null(zc_socket_dial(ZMQ_DEALER, &endpoint));
}

Test(client_socket, no_descriptor_left_is_no_socket) {
    zc_endpoint_t endpoint;
    zc_endpoint_parse("tcp://127.0.0.1:9", &endpoint);
    zc_descriptors_limit(3);
    cr_assert_null(zc_socket_dial(ZMQ_DEALER, &endpoint));
    cr_assert_eq(zmq_errno(), EMFILE);
    zc_descriptors_restore();
}
