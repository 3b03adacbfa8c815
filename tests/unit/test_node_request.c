/* SPDX-License-Identifier: MPL-2.0 */
/* What a node answers on its ROUTER, asked by a bare DEALER: requests, garbage, and messages that
 * nobody with good intentions sends. */
#include <criterion/criterion.h>
#include <czmq.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/request.h"
#include "lib/wire/wire.h"
#include "tests/support/nodes.h"

static zcache_node_t *node;
static zcache_t *cache;
static zsock_t *dealer;
static zc_buffer_t request;
static zmq_msg_t answer;

static zsock_t *dial(int answers_max) {
    zsock_t *socket = zsock_new(ZMQ_DEALER);
    zsock_set_rcvtimeo(socket, 5000);
    zsock_set_rcvhwm(socket, answers_max);
    cr_assert_eq(zmq_connect(zsock_resolve(socket), zcache_node_endpoint(node)), 0);
    return socket;
}

static void setup(void) {
    node = zc_nodes_join(NULL);
    cr_assert_not_null(node);
    cache = zc_nodes_open(zcache_node_endpoint(node));
    dealer = dial(1000);
    zc_buffer_init(&request, zc_allocator_system());
    zmq_msg_init(&answer);
}

static void teardown(void) {
    zmq_msg_close(&answer);
    zc_buffer_fini(&request);
    zsock_destroy(&dealer);
    zcache_close(&cache);
    zcache_node_stop(&node);
}

TestSuite(request, .init = setup, .fini = teardown);

static void begin(uint64_t number, uint32_t count) {
    cr_assert_eq(zc_request_begin(&request, number, count), ZCACHE_OK);
}

static void add(zc_operation_t operation) {
    cr_assert_eq(zc_request_add(&request, &operation), ZCACHE_OK);
}

static void send_bytes(const void *data, size_t bytes) {
    cr_assert_eq(zmq_send(zsock_resolve(dealer), data, bytes, 0), (int)bytes);
}

/* Sends the request, and waits for the answer with its number. */
static zc_response_t ask(void) {
    zc_response_t response;
    send_bytes(request.data, request.bytes);
    cr_assert(zmq_msg_recv(&answer, zsock_resolve(dealer), 0) >= 0);
    cr_assert_not(zmq_msg_more(&answer));
    zc_slice_t bytes = zc_slice(zmq_msg_data(&answer), zmq_msg_size(&answer));
    cr_assert_eq(zc_response_open(bytes, &response), ZCACHE_OK);
    return response;
}

static void expect_status(zc_response_t *response, zcache_status expected) {
    zcache_status status = ZCACHE_SYSTEM;
    cr_assert_eq(zc_response_next_status(response, &status), ZCACHE_OK);
    cr_assert_eq(status, expected, "%d", (int)status);
}

static zc_operation_t set_of(const char *key, const char *value) {
    return (zc_operation_t){
        .type = ZC_OPERATION_SET, .key = zc_slice_text(key), .value = zc_slice_text(value)};
}

static zc_operation_t get_of(const char *key) {
    return (zc_operation_t){.type = ZC_OPERATION_GET, .key = zc_slice_text(key)};
}

Test(request, operations_are_done_in_their_order_with_a_result_for_each) {
    begin(7, 6);
    add(get_of("key"));
    add(set_of("key", "one"));
    add(get_of("key"));
    add((zc_operation_t){.type = ZC_OPERATION_DELETE, .key = zc_slice_text("key")});
    add((zc_operation_t){.type = ZC_OPERATION_DELETE, .key = zc_slice_text("key")});
    add((zc_operation_t){.type = ZC_OPERATION_CLEAR});
    zc_response_t response = ask();
    cr_assert_eq(response.number, 7);
    cr_assert_eq(response.count, 6);
    expect_status(&response, ZCACHE_MISS);
    expect_status(&response, ZCACHE_OK);
    zcache_status status = ZCACHE_SYSTEM;
    zc_slice_t value = zc_slice(NULL, 0);
    uint8_t type = 9;
    cr_assert_eq(zc_response_next_value(&response, &status, &value, &type), ZCACHE_OK);
    cr_assert(zc_slice_equal(value, zc_slice_text("one")));
    expect_status(&response, ZCACHE_OK);
    expect_status(&response, ZCACHE_MISS);
    expect_status(&response, ZCACHE_OK);
}

Test(request, what_is_out_of_bounds_is_answered_and_does_not_end_the_connection) {
    char *large = malloc(ZCACHE_VALUE_MAX_DEFAULT + 1);
    memset(large, 'x', ZCACHE_VALUE_MAX_DEFAULT + 1);
    begin(1, 6);
    add((zc_operation_t){.type = ZC_OPERATION_GET});
    add((zc_operation_t){.type = ZC_OPERATION_GET, .key = zc_slice(large, ZCACHE_KEY_MAX + 1)});
    add((zc_operation_t){.type = ZC_OPERATION_SET, .value = zc_slice_text("v")});
    add((zc_operation_t){.type = ZC_OPERATION_SET, .key = zc_slice_text("k"), .value_type = 77});
    add((zc_operation_t){.type = ZC_OPERATION_SET,
                         .key = zc_slice_text("k"),
                         .value = zc_slice(large, ZCACHE_VALUE_MAX_DEFAULT + 1)});
    add((zc_operation_t){
        .type = ZC_OPERATION_SET, .key = zc_slice_text("k"), .ttl_ms = UINT64_MAX});
    zc_response_t response = ask();
    free(large);
    expect_status(&response, ZCACHE_INVALID);
    expect_status(&response, ZCACHE_TOO_LARGE);
    expect_status(&response, ZCACHE_INVALID);
    expect_status(&response, ZCACHE_INVALID);
    expect_status(&response, ZCACHE_TOO_LARGE);
    expect_status(&response, ZCACHE_INVALID);
}

Test(request, other_version_is_answered_with_its_number) {
    static const uint8_t other[] = {0x94, ZC_REQUEST_CODE, 99, 5, 0x91, 0x91, 4};
    send_bytes(other, sizeof(other));
    cr_assert(zmq_msg_recv(&answer, zsock_resolve(dealer), 0) >= 0);
    zc_response_t response;
    zc_slice_t bytes = zc_slice(zmq_msg_data(&answer), zmq_msg_size(&answer));
    cr_assert_eq(zc_response_open(bytes, &response), ZCACHE_OK);
    cr_assert_eq(response.number, 5);
    expect_status(&response, ZCACHE_INCOMPATIBLE);
}

Test(request, peer_of_another_version_is_told_so) {
    static const uint8_t hello[] = {0x93, ZC_MESSAGE_HELLO, 99, 0xc0};
    send_bytes(hello, sizeof(hello));
    cr_assert(zmq_msg_recv(&answer, zsock_resolve(dealer), 0) >= 0);
    zc_wire_scratch_t scratch;
    zc_message_t message;
    zc_wire_scratch_init(&scratch, zc_allocator_system());
    zc_slice_t bytes = zc_slice(zmq_msg_data(&answer), zmq_msg_size(&answer));
    cr_assert_eq(zc_wire_decode(bytes, &scratch, &message), ZCACHE_OK);
    cr_assert_eq(message.type, ZC_MESSAGE_REFUSED);
    cr_assert_eq(message.refused.reason, ZC_REFUSED_VERSION);
    cr_assert_eq(message.refused.version, ZC_PROTOCOL_VERSION);
    zc_wire_scratch_fini(&scratch);
}

Test(request, garbage_is_counted_and_survived) {
    static const char *const garbage[] = {"",
                                          "x",
                                          "GET / HTTP/1.0\r\n\r\n",
                                          "\x94\x20",
                                          "\xc1",
                                          "\xdd\xff\xff\xff\xff",
                                          "\x94\x20\x01\x05\xdd\xff\xff"};
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        send_bytes(garbage[i], strlen(garbage[i]));
    }
    cr_assert(zc_nodes_wait_number(cache, "malformed", 6));
    cr_assert(zc_nodes_wait_number(cache, "requests_malformed", 1));
    /* What begins as a request does is answered, though nobody knows its number. */
    cr_assert(zmq_msg_recv(&answer, zsock_resolve(dealer), 0) >= 0);
    zc_response_t response;
    zc_slice_t bytes = zc_slice(zmq_msg_data(&answer), zmq_msg_size(&answer));
    cr_assert_eq(zc_response_open(bytes, &response), ZCACHE_OK);
    cr_assert_eq(response.number, 0);
    expect_status(&response, ZCACHE_MALFORMED);
    cr_assert_eq(zcache_set(cache, "key", 3, "value", 5, 0), ZCACHE_OK);
}

Test(request, messages_of_more_than_one_frame_are_dropped) {
    void *handle = zsock_resolve(dealer);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(zmq_send(handle, "frame", 5, ZMQ_SNDMORE), 5);
    }
    cr_assert_eq(zmq_send(handle, "last", 4, 0), 4);
    cr_assert(zc_nodes_wait_number(cache, "malformed", 1));
    cr_assert_eq(zc_nodes_number(cache, "malformed"), 1);
    begin(3, 1);
    add((zc_operation_t){.type = ZC_OPERATION_PING});
    cr_assert_eq(ask().number, 3);
}

Test(request, peer_that_brings_its_own_id_is_not_heard) {
    zsock_t *named = zsock_new(ZMQ_DEALER);
    zsock_set_identity(named, "peer1");
    cr_assert_eq(zmq_connect(zsock_resolve(named), zcache_node_endpoint(node)), 0);
    cr_assert_eq(zmq_send(zsock_resolve(named), "x", 1, 0), 1);
    cr_assert(zc_nodes_wait_number(cache, "malformed", 1));
    zsock_destroy(&named);
}

Test(request, client_that_does_not_read_its_answers_costs_a_bounded_amount) {
    enum { VALUE_BYTES = 1 << 20, REQUESTS = 600 };
    char *value = malloc(VALUE_BYTES);
    memset(value, 'x', VALUE_BYTES);
    cr_assert_eq(zcache_set(cache, "large", 5, value, VALUE_BYTES, 0), ZCACHE_OK);
    free(value);
    zsock_destroy(&dealer);
    dealer = dial(1);
    begin(1, 1);
    add(get_of("large"));
    for (int i = 0; i < REQUESTS; i++) {
        send_bytes(request.data, request.bytes);
    }
    cr_assert(zc_nodes_wait_number(cache, "requests", REQUESTS));
    /* The others are served all the same. */
    cr_assert_eq(zcache_set(cache, "key", 3, "value", 5, 0), ZCACHE_OK);
    int answered = 0;
    int busy = 0;
    while (answered < REQUESTS && zmq_msg_recv(&answer, zsock_resolve(dealer), 0) >= 0) {
        answered++;
        busy += zmq_msg_size(&answer) < 100;
    }
    cr_assert_eq(answered, REQUESTS, "%d answered, %d busy, dropped %d", answered, busy,
                 (int)zc_nodes_number(cache, "sends_dropped"));
    cr_assert(busy > 0);
    cr_assert(busy < REQUESTS);
}

Test(request, answer_ends_at_the_largest_message) {
    enum { VALUE_BYTES = 1 << 20, GETS = 64 };
    char *large = malloc(VALUE_BYTES);
    memset(large, 'x', VALUE_BYTES);
    cr_assert_eq(zcache_set(cache, "large", 5, large, VALUE_BYTES, 0), ZCACHE_OK);
    free(large);
    begin(1, GETS);
    for (int i = 0; i < GETS; i++) {
        add(get_of("large"));
    }
    zc_response_t response = ask();
    cr_assert(zmq_msg_size(&answer) <= ZCACHE_MESSAGE_MAX);
    int values = 0;
    for (int i = 0; i < GETS; i++) {
        zcache_status status = ZCACHE_SYSTEM;
        zc_slice_t value = zc_slice(NULL, 0);
        uint8_t type = 0;
        cr_assert_eq(zc_response_next_value(&response, &status, &value, &type), ZCACHE_OK);
        cr_assert(status == ZCACHE_OK || status == ZCACHE_BUSY);
        values += status == ZCACHE_OK;
    }
    cr_assert(values >= 30 && values < 33);
}
