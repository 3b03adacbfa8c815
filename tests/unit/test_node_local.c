/* SPDX-License-Identifier: MPL-2.0 */
/* The node as clients in the same process reach it, without a node's thread. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "node/local.h"
#include "node/process.h"

static zc_shared_t *shared;
static zc_reader_t *reader;
static zcache_value_t value;

static zc_shared_t *make(size_t seed_count) {
    static const zc_slice_t seed = {.data = "tcp://127.0.0.1:1", .bytes = 17};
    zc_replica_options_t options = {
        .allocator = zc_allocator_system(),
        .random_seed = 1,
        .identity = {.origin = {{1}},
                     .name = zc_slice_text("local"),
                     .region = zc_slice_text(""),
                     .endpoint = zc_slice_text("tcp://127.0.0.1:5000"),
                     .publish_endpoint = zc_slice_text("tcp://127.0.0.1:5001"),
                     .watch_endpoint = zc_slice_text("tcp://127.0.0.1:5002")},
        .now_us = zc_process_now_us(),
        .wall_ms = zc_process_wall_ms(),
        .seeds = &seed,
        .seed_count = seed_count,
    };
    zc_shared_t *made = NULL;
    zc_settings_init(&options.settings);
    cr_assert_eq(zc_shared_new("local", &options, &made), ZCACHE_OK);
    return made;
}

static void setup(void) {
    shared = make(0);
    cr_assert_eq(shared->local.attach(&shared->local, zc_allocator_system(), &reader), ZCACHE_OK);
    value = (zcache_value_t)ZCACHE_VALUE_INIT;
}

static void teardown(void) {
    zc_free(zc_allocator_system(), value.data);
    zc_reader_destroy(&reader);
    zc_shared_destroy(shared);
}

TestSuite(local, .init = setup, .fini = teardown);

static zcache_status do_write(zc_operation_type_t type, const char *key, const char *data) {
    const zc_operation_t operation = {
        .type = type, .key = zc_slice_text(key), .value = zc_slice_text(data)};
    return shared->local.write(&shared->local, &operation);
}

static zcache_status do_get(const char *key, bool *ask) {
    return shared->local.get(&shared->local, reader, zc_slice_text(key), &value, ask);
}

Test(local, what_was_written_is_read_at_once) {
    bool ask = false;
    cr_assert_eq(do_get("key", &ask), ZCACHE_MISS);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    cr_assert_eq(do_get("key", &ask), ZCACHE_OK);
    cr_assert(value.size == 5 && memcmp(value.data, "value", 5) == 0);
    cr_assert_eq(do_write(ZC_OPERATION_DELETE, "key", ""), ZCACHE_OK);
    cr_assert_eq(do_write(ZC_OPERATION_DELETE, "key", ""), ZCACHE_MISS);
    cr_assert_eq(do_get("key", &ask), ZCACHE_MISS);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    cr_assert_eq(do_write(ZC_OPERATION_CLEAR, "", ""), ZCACHE_OK);
    cr_assert_eq(do_get("key", &ask), ZCACHE_MISS);
    cr_assert_not(ask);
}

Test(local, empty_value_has_data) {
    bool ask = false;
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", ""), ZCACHE_OK);
    cr_assert_eq(do_get("key", &ask), ZCACHE_OK);
    cr_assert(value.size == 0 && value.data != NULL && value.capacity > 0);
    cr_assert_eq(do_get("key", &ask), ZCACHE_OK);
    cr_assert(value.size == 0 && value.data != NULL);
}

Test(local, keys_out_of_bounds_are_refused) {
    static char key[ZCACHE_KEY_MAX + 2];
    bool ask = false;
    memset(key, 'k', sizeof(key) - 1);
    cr_assert_eq(do_get("", &ask), ZCACHE_INVALID);
    cr_assert_eq(do_get(key, &ask), ZCACHE_TOO_LARGE);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "", ""), ZCACHE_INVALID);
    cr_assert_eq(do_write(ZC_OPERATION_SET, key, ""), ZCACHE_TOO_LARGE);
}

Test(local, miss_while_joining_is_to_be_asked_about) {
    bool ask = false;
    zc_reader_destroy(&reader);
    zc_shared_destroy(shared);
    shared = make(1);
    cr_assert_eq(shared->local.attach(&shared->local, zc_allocator_system(), &reader), ZCACHE_OK);
    cr_assert_eq(do_get("key", &ask), ZCACHE_MISS);
    cr_assert(ask);
}

Test(local, writer_wakes_a_thread_that_sleeps_and_no_other) {
    uint64_t count = 0;
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    cr_assert_eq(read(shared->wake_fd, &count, sizeof(count)), -1);
    atomic_store(&shared->awake, false);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    cr_assert_eq(read(shared->wake_fd, &count, sizeof(count)), 8);
    cr_assert_eq(count, 1);
    cr_assert(atomic_load(&shared->awake));
}

/* Somebody to tell: a node that has said hello. */
static void meet_peer(void) {
    const zc_message_t hello = {
        .type = ZC_MESSAGE_HELLO,
        .hello = {.identity = {.origin = {{2}},
                               .name = zc_slice_text("peer"),
                               .region = zc_slice_text(""),
                               .endpoint = zc_slice_text("tcp://127.0.0.1:6000"),
                               .publish_endpoint = zc_slice_text("tcp://127.0.0.1:6001"),
                               .watch_endpoint = zc_slice_text("tcp://127.0.0.1:6002")},
                  .clock_ms = zc_process_wall_ms()},
    };
    zc_event_t event = {.type = ZC_EVENT_TICK, .now_us = zc_process_now_us()};
    zc_effects_t effects;
    cr_assert_eq(zc_replica_step(shared->replica, &event, &effects), ZCACHE_OK);
    event.type = ZC_EVENT_MESSAGE;
    event.message.from = (zc_link_t){.type = ZC_LINK_ROUTE, .number = 1};
    event.message.message = &hello;
    cr_assert_eq(zc_replica_step(shared->replica, &event, &effects), ZCACHE_OK);
    cr_assert_eq(zc_replica_peer_count(shared->replica), 1);
}

/* Where the node broadcasts to, and who hears it. */
static void *context;
static void *publish;
static void *subscribe;

static void open_publisher(void) {
    int timeout_ms = 10000;
    context = zmq_ctx_new();
    publish = zmq_socket(context, ZMQ_PUB);
    subscribe = zmq_socket(context, ZMQ_SUB);
    cr_assert_eq(zmq_bind(publish, "inproc://published"), 0);
    cr_assert_eq(zmq_setsockopt(subscribe, ZMQ_SUBSCRIBE, "", 0), 0);
    cr_assert_eq(zmq_setsockopt(subscribe, ZMQ_RCVTIMEO, &timeout_ms, sizeof(timeout_ms)), 0);
    cr_assert_eq(zmq_connect(subscribe, "inproc://published"), 0);
    shared->publisher.socket = publish;
    meet_peer();
}

static void close_publisher(void) {
    cr_assert_eq(shared->publisher.dropped, 0);
    zmq_close(publish);
    zmq_close(subscribe);
    zmq_ctx_term(context);
}

Test(local, lone_write_is_sent_by_its_writer_while_the_thread_sleeps) {
    uint64_t count = 0;
    char bytes[256];
    open_publisher();
    cr_assert_eq(do_write(ZC_OPERATION_SET, "awake", "value"), ZCACHE_OK);
    cr_assert_eq(zmq_recv(subscribe, bytes, sizeof(bytes), ZMQ_DONTWAIT), -1);
    atomic_store(&shared->awake, false);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    cr_assert_gt(zmq_recv(subscribe, bytes, sizeof(bytes), 0), 0);
    cr_assert_eq(read(shared->wake_fd, &count, sizeof(count)), -1);

    shared->publisher.sent_us = zc_process_now_us() + 1000 * 1000;
    cr_assert_eq(do_write(ZC_OPERATION_SET, "soon", "value"), ZCACHE_OK);
    cr_assert_eq(zmq_recv(subscribe, bytes, sizeof(bytes), ZMQ_DONTWAIT), -1);
    cr_assert_eq(read(shared->wake_fd, &count, sizeof(count)), 8, "it is the thread's to send");
    close_publisher();
}

Test(local, full_batch_of_a_burst_is_sent_by_its_writer_and_the_rest_waits_for_its_end) {
    static char large[ZC_BURST_FULL_BYTES / 4];
    uint64_t count = 0;
    char byte;
    open_publisher();
    memset(large, 'l', sizeof(large) - 1);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(zmq_recv(subscribe, &byte, 1, ZMQ_DONTWAIT), -1);
        cr_assert_eq(do_write(ZC_OPERATION_SET, (char[]){(char)('a' + i), 0}, large), ZCACHE_OK);
    }
    cr_assert_gt(zmq_recv(subscribe, &byte, 1, 0), ZC_BURST_FULL_BYTES);
    cr_assert_eq(zc_replica_unsent(shared->replica).writes, 0);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "rest", "value"), ZCACHE_OK);
    cr_assert_eq(zc_replica_unsent(shared->replica).writes, 1);
    cr_assert_eq(zc_replica_deadline(shared->replica), 0);
    cr_assert_eq(zc_shared_deadline(shared), shared->publisher.burst_until_us);
    cr_assert_eq(zmq_recv(subscribe, &byte, 1, ZMQ_DONTWAIT), -1);
    cr_assert_eq(read(shared->wake_fd, &count, sizeof(count)), -1);
    close_publisher();
}

Test(local, many_writes_before_the_thread_looks_are_a_burst) {
    meet_peer();
    for (int i = 1; i < ZC_BURST_WRITES; i++) {
        cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    }
    zc_shared_note_burst(shared, 5000);
    cr_assert_eq(zc_shared_deadline(shared), 0);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    zc_shared_note_burst(shared, 5000);
    cr_assert_eq(zc_shared_deadline(shared), 5000 + ZC_BURST_US);
}

Test(local, changes_are_queued_for_whoever_watches) {
    const zc_event_t event = {
        .type = ZC_EVENT_WATCH, .now_us = zc_process_now_us(), .watch = {.changes = true}};
    zc_effects_t effects;
    zc_watch_subscription(&shared->watch, zc_slice("\1k", 2), 0);
    cr_assert_eq(zc_replica_step(shared->replica, &event, &effects), ZCACHE_OK);
    zc_watch_send(zc_watch_take(&shared->watch), NULL);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    cr_assert_eq(shared->watch.events_queued, 2);
    zc_queued_event_t *events = zc_watch_take(&shared->watch);
    cr_assert_not_null(events);
    zc_watch_send(events, NULL);
}

Test(local, everything_is_stopped_after_the_node) {
    bool ask = false;
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_OK);
    atomic_store(&shared->stopped, true);
    cr_assert_eq(do_get("key", &ask), ZCACHE_STOPPED);
    cr_assert_eq(do_write(ZC_OPERATION_SET, "key", "value"), ZCACHE_STOPPED);
}
