/* SPDX-License-Identifier: MPL-2.0 */
/* Binding: free ports, busy ports, and ports that are free again in a moment. */
#include <criterion/criterion.h>
#include <string.h>

#include "lib/client/socket.h"
#include "node/failure.h"
#include "node/process.h"
#include "node/sockets.h"
#include "tests/support/descriptors.h"

static zc_config_t config;

static void setup(void) {
    zcache_node_options_t options;
    zcache_node_options_init(&options);
    options.port = 0;
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK);
    cr_assert_eq(zc_process_init(), ZCACHE_OK);
}

TestSuite(sockets, .init = setup);

static int int_option(void *socket, int option) {
    int value = -1;
    size_t bytes = sizeof(value);
    cr_assert_eq(zmq_getsockopt(socket, option, &value, &bytes), 0);
    return value;
}

Test(sockets, port_0_takes_three_in_a_row_below_those_of_clients) {
    zc_sockets_t sockets;
    cr_assert_eq(zc_sockets_open(&config, &sockets), ZCACHE_OK);
    cr_assert(sockets.port >= 1024 && sockets.port + 2 < 32768);
    char endpoint[256];
    char expected[64];
    size_t bytes = sizeof(endpoint);
    snprintf(expected, sizeof(expected), "tcp://127.0.0.1:%u", sockets.port + 1u);
    cr_assert_eq(zmq_getsockopt(sockets.publish, ZMQ_LAST_ENDPOINT, endpoint, &bytes), 0);
    cr_assert_str_eq(endpoint, expected);
    zc_sockets_close(&sockets);
}

Test(sockets, no_queue_is_without_a_bound_and_no_heartbeat_is_on) {
    zc_sockets_t sockets;
    cr_assert_eq(zc_sockets_open(&config, &sockets), ZCACHE_OK);
    void *dealer = zc_sockets_dealer();
    void *all[] = {sockets.router, sockets.publish, sockets.watch, sockets.subscribe, dealer};
    for (size_t i = 0; i < 5; i++) {
        int64_t message_bytes = 0;
        size_t bytes = sizeof(message_bytes);
        cr_assert(int_option(all[i], ZMQ_SNDHWM) > 0);
        cr_assert(int_option(all[i], ZMQ_RCVHWM) > 0);
        cr_assert(int_option(all[i], ZMQ_LINGER) >= 0);
        cr_assert_eq(int_option(all[i], ZMQ_HEARTBEAT_IVL), 0);
        cr_assert_eq(zmq_getsockopt(all[i], ZMQ_MAXMSGSIZE, &message_bytes, &bytes), 0);
        cr_assert(message_bytes > 0 && message_bytes <= ZCACHE_MESSAGE_MAX);
    }
    zc_socket_close(&dealer);
    zc_sockets_close(&sockets);
}

Test(sockets, port_in_use_is_named_and_the_others_are_given_back) {
    zc_sockets_t first;
    zc_sockets_t second = {.port = 7};
    char port[8];
    cr_assert_eq(zc_sockets_open(&config, &first), ZCACHE_OK);
    /* The third port of the second one is the first one's. */
    zc_config_t other = config;
    snprintf(other.inproc_name, sizeof(other.inproc_name), "another-name");
    other.port = (uint16_t)(first.port - 2);
    snprintf(port, sizeof(port), "%u", (unsigned)first.port);
    cr_assert_eq(zc_sockets_open(&other, &second), ZCACHE_IN_USE);
    cr_assert(strstr(zc_failure_text(), port) != NULL, "%s", zc_failure_text());
    cr_assert(strstr(zc_failure_text(), "in use") != NULL, "%s", zc_failure_text());
    cr_assert_eq(second.port, 7);
    zc_sockets_close(&first);
    cr_assert_eq(zc_sockets_open(&other, &second), ZCACHE_OK, "%s", zc_failure_text());
    zc_sockets_close(&second);
}

Test(sockets, ports_and_name_of_a_node_that_just_stopped_are_waited_for) {
    zc_sockets_t sockets;
    cr_assert_eq(zc_sockets_open(&config, &sockets), ZCACHE_OK);
    config.port = sockets.port;
    for (int i = 0; i < 30; i++) {
        zc_sockets_close(&sockets);
        cr_assert_eq(zc_sockets_open(&config, &sockets), ZCACHE_OK, "%s", zc_failure_text());
    }
    zc_sockets_close(&sockets);
}

Test(sockets, address_of_another_machine_is_refused) {
    zc_sockets_t sockets;
    snprintf(config.host.host, sizeof(config.host.host), "192.0.2.1");
    cr_assert_eq(zc_sockets_open(&config, &sockets), ZCACHE_INVALID);
    cr_assert(strstr(zc_failure_text(), "192.0.2.1") != NULL, "%s", zc_failure_text());
}

Test(sockets, inproc_name_of_another_node_is_refused) {
    zc_sockets_t first;
    zc_sockets_t second;
    cr_assert_eq(zc_sockets_open(&config, &first), ZCACHE_OK);
    cr_assert_eq(zc_sockets_open(&config, &second), ZCACHE_IN_USE);
    cr_assert(strstr(zc_failure_text(), config.inproc_name) != NULL, "%s", zc_failure_text());
    zc_sockets_close(&first);
}

Test(sockets, ipv6_is_bound_where_there_is_any) {
    zc_sockets_t sockets;
    config.host = (zc_numeric_t){.host = "::1", .ipv6 = true, .loopback = true};
    zcache_status status = zc_sockets_open(&config, &sockets);
    /* A machine may have no IPv6 at all; then the refusal names the address. */
    cr_assert(status == ZCACHE_OK || strstr(zc_failure_text(), "::1") != NULL);
    if (status == ZCACHE_OK) {
        zc_sockets_close(&sockets);
    }
}

/* No assert of czmq may stand between a lack of descriptors and the status. */
Test(sockets, no_descriptor_left_is_a_status) {
    zc_sockets_t sockets = {.port = 7};
    void *first = zc_sockets_dealer();
    cr_assert_not_null(first);
    zc_descriptors_limit(3);
    cr_assert_null(zc_sockets_dealer());
    cr_assert_eq(zc_sockets_open(&config, &sockets), ZCACHE_SYSTEM);
    cr_assert_eq(sockets.port, 7);
    cr_assert(strstr(zc_failure_text(), "socket") != NULL, "%s", zc_failure_text());
    zc_descriptors_restore();
    zc_socket_close(&first);
}
