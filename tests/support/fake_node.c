/* SPDX-License-Identifier: MPL-2.0 */
/* The fake node: a ROUTER and an XPUB in one thread, told what to do through atomics and a PAIR. */
#include "tests/support/fake_node.h"

#include <czmq.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"
#include "lib/client/context.h"

enum { ENTRIES_MAX = 64, HELD_MAX = 64, ENDPOINT_BYTES = 256, POLL_MS = 5 };

typedef struct entry {
    zc_slice_t key; /* both owned; key.data NULL: the place is free */
    zc_slice_t value;
    uint8_t type;
} entry_t;

typedef struct held {
    zc_slice_t route;
    zc_slice_t answer;
} held_t;

struct zc_fake_node {
    pthread_t thread;
    atomic_bool ended;
    atomic_int mode;
    atomic_uint requests;
    atomic_uint subscriptions;
    atomic_long greeting;
    char endpoint[ENDPOINT_BYTES];
    char watch_endpoint[ENDPOINT_BYTES];
    zsock_t *router;
    zsock_t *watch;
    zsock_t *inside;  /* the thread's end of the PAIR */
    zsock_t *outside; /* the test's end */
    entry_t entries[ENTRIES_MAX];
    held_t held[HELD_MAX];
    size_t held_count;
};

static zc_slice_t copy_slice(zc_slice_t bytes) {
    void *copy = malloc(bytes.bytes + 1);
    ZC_ASSERT(copy != NULL);
    if (bytes.bytes > 0) {
        memcpy(copy, bytes.data, bytes.bytes);
    }
    return zc_slice(copy, bytes.bytes);
}

static void free_slice(zc_slice_t *bytes) {
    free((void *)(uintptr_t)bytes->data);
    *bytes = zc_slice(NULL, 0);
}

/* The place of a key, or a free one. */
static entry_t *find(zc_fake_node_t *node, zc_slice_t key) {
    entry_t *found = NULL;
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        entry_t *entry = &node->entries[i];
        if (entry->key.data != NULL && zc_slice_equal(entry->key, key)) {
            return entry;
        }
        if (entry->key.data == NULL && found == NULL) {
            found = entry;
        }
    }
    ZC_ASSERT(found != NULL);
    return found;
}

static zcache_status drop(entry_t *entry) {
    if (entry->key.data == NULL) {
        return ZCACHE_MISS;
    }
    free_slice(&entry->key);
    free_slice(&entry->value);
    return ZCACHE_OK;
}

static void answer_set(zc_fake_node_t *node, const zc_operation_t *operation, zc_buffer_t *answer) {
    entry_t *entry = find(node, operation->key);
    drop(entry);
    *entry = (entry_t){.key = copy_slice(operation->key),
                       .value = copy_slice(operation->value),
                       .type = operation->value_type};
    zc_response_add_status(
        answer, operation->value.bytes > ZCACHE_VALUE_MAX_DEFAULT ? ZCACHE_TOO_LARGE : ZCACHE_OK);
}

/* Walk N shows the N-th entry, so that a page has one. */
static void answer_spy(zc_fake_node_t *node, const zc_operation_t *operation, zc_buffer_t *answer) {
    zc_response_list_t list;
    zc_response_begin_list(answer, true, &list);
    const entry_t *entry = &node->entries[operation->number];
    uint64_t next = operation->number + 1;
    if (entry->key.data != NULL) {
        zc_spy_entry_t row = {.key = entry->key,
                              .value = entry->value,
                              .type = entry->type,
                              .age_ms = 7,
                              .ttl_ms = operation->number == 0 ? UINT64_MAX : 1000,
                              .stamp = {.hlc = 99, .origin = {{1}}}};
        zc_response_add_spy_entry(answer, &list, &row);
    }
    bool more = next < ENTRIES_MAX && node->entries[next].key.data != NULL;
    zc_response_end_list(answer, &list, more ? next : 0);
}

static void answer_peers(zc_buffer_t *answer) {
    zc_response_list_t list;
    zc_response_begin_list(answer, false, &list);
    zc_peer_row_t peer = {.name = zc_slice_text("one"),
                          .endpoint = zc_slice_text("tcp://127.0.0.1:5000"),
                          .origin = {{1, 2}},
                          .state = zc_slice_text("self"),
                          .region = zc_slice_text("here"),
                          .rtt_us = 5,
                          .lag_ms = 6};
    zc_response_add_peer(answer, &list, &peer);
    peer.name = zc_slice_text("two");
    peer.state = zc_slice_text("live");
    zc_response_add_peer(answer, &list, &peer);
    zc_response_end_list(answer, &list, 0);
}

static void answer_stats(zc_buffer_t *answer) {
    zc_response_list_t list;
    zc_response_begin_list(answer, false, &list);
    zc_stat_row_t state = {
        .name = zc_slice_text("state"), .is_text = true, .text = zc_slice_text("live")};
    zc_stat_row_t value_max = {.name = zc_slice_text("value_max"),
                               .number = ZCACHE_VALUE_MAX_DEFAULT};
    zc_response_add_stat(answer, &list, &state);
    zc_response_add_stat(answer, &list, &value_max);
    zc_response_end_list(answer, &list, 0);
}

static void answer_one(zc_fake_node_t *node, const zc_operation_t *operation, zc_buffer_t *answer) {
    entry_t *entry = NULL;
    switch (operation->type) {
    case ZC_OPERATION_GET:
        entry = find(node, operation->key);
        if (entry->key.data == NULL) {
            zc_response_add_status(answer, ZCACHE_MISS);
        } else {
            zc_response_add_value(answer, entry->value, entry->type);
        }
        break;
    case ZC_OPERATION_SET:
        answer_set(node, operation, answer);
        break;
    case ZC_OPERATION_DELETE:
        zc_response_add_status(answer, drop(find(node, operation->key)));
        break;
    case ZC_OPERATION_CLEAR:
        for (size_t i = 0; i < ENTRIES_MAX; i++) {
            drop(&node->entries[i]);
        }
        zc_response_add_status(answer, ZCACHE_OK);
        break;
    case ZC_OPERATION_PING:
        zc_response_add_ping(answer, true, zc_slice_text(node->watch_endpoint));
        break;
    case ZC_OPERATION_SPY:
        answer_spy(node, operation, answer);
        break;
    case ZC_OPERATION_PEERS:
        answer_peers(answer);
        break;
    case ZC_OPERATION_STATS:
    case ZC_OPERATION_CONFIG:
        answer_stats(answer);
        break;
    case ZC_OPERATION_CONFIGURE:
        zc_response_add_status(answer, operation->number == 0 ? ZCACHE_INVALID : ZCACHE_OK);
        break;
    case ZC_OPERATION_DIGEST:
    case ZC_OPERATION_SCAN:
    case ZC_OPERATION_LOOK:
    case ZC_OPERATION_REPAIR:
        zc_response_add_status(answer, ZCACHE_BUSY);
        break;
    }
}

static void send_two(void *socket, zc_slice_t first, zc_slice_t second) {
    zmq_send(socket, first.data, first.bytes, ZMQ_SNDMORE);
    zmq_send(socket, second.data, second.bytes, 0);
}

static void send_held(zc_fake_node_t *node) {
    while (node->held_count > 0) {
        held_t *held = &node->held[--node->held_count];
        send_two(zsock_resolve(node->router), held->route, held->answer);
        free_slice(&held->route);
        free_slice(&held->answer);
    }
}

/* Makes the answer as a node would. */
static void make_answer(zc_fake_node_t *node, zc_slice_t bytes, zc_buffer_t *answer) {
    zc_request_t request;
    zcache_status status = zc_request_open(bytes, &request);
    ZC_ASSERT(status == ZCACHE_OK);
    if (atomic_load(&node->mode) == ZC_FAKE_REFUSE) {
        zc_response_begin(answer, request.number, 1);
        zc_response_add_status(answer, ZCACHE_BUSY);
        return;
    }
    zc_response_begin(answer, request.number, request.count);
    zc_operation_t operation;
    while (zc_request_next(&request, &operation)) {
        if (atomic_load(&node->mode) == ZC_FAKE_SHORT_RESULT) {
            zc_response_add_ping(answer, true, zc_slice_text("tcp://127.0.0.1:1"));
            zc_response_add_status(answer, ZCACHE_OK);
        } else {
            answer_one(node, &operation, answer);
        }
    }
}

static void send_answer(zc_fake_node_t *node, zc_slice_t route, const zc_buffer_t *answer) {
    static const uint8_t other_version[] = {0x94, 33, 77, 1, 0x90};
    void *socket = zsock_resolve(node->router);
    switch ((zc_fake_mode_t)atomic_load(&node->mode)) {
    case ZC_FAKE_ANSWER:
    case ZC_FAKE_SHORT_RESULT:
    case ZC_FAKE_REFUSE:
        send_two(socket, route, zc_buffer_slice(answer));
        break;
    case ZC_FAKE_SILENT:
        break;
    case ZC_FAKE_HOLD:
        ZC_ASSERT(node->held_count < HELD_MAX);
        node->held[node->held_count++] =
            (held_t){.route = copy_slice(route), .answer = copy_slice(zc_buffer_slice(answer))};
        break;
    case ZC_FAKE_GARBAGE:
        send_two(socket, route, zc_slice("\xc1 nonsense", 10));
        break;
    case ZC_FAKE_OTHER_VERSION:
        send_two(socket, route, zc_slice(other_version, sizeof(other_version)));
        break;
    case ZC_FAKE_TWO_FRAMES:
        zmq_send(socket, route.data, route.bytes, ZMQ_SNDMORE);
        send_two(socket, zc_buffer_slice(answer), zc_slice("more", 4));
        break;
    }
}

static void take_request(zc_fake_node_t *node) {
    zmsg_t *message = zmsg_recv(node->router);
    if (message == NULL) {
        return;
    }
    ZC_ASSERT(zmsg_size(message) == 2);
    atomic_fetch_add(&node->requests, 1);
    zframe_t *route = zmsg_first(message);
    zframe_t *request = zmsg_next(message);
    zc_buffer_t answer;
    zc_buffer_init(&answer, zc_allocator_system());
    make_answer(node, zc_slice(zframe_data(request), zframe_size(request)), &answer);
    send_answer(node, zc_slice(zframe_data(route), zframe_size(route)), &answer);
    zc_buffer_fini(&answer);
    zmsg_destroy(&message);
}

/* Greets who subscribes, as a node does. */
static void take_subscription(zc_fake_node_t *node) {
    zframe_t *frame = zframe_recv(node->watch);
    long number = atomic_load(&node->greeting);
    if (frame != NULL && zframe_data(frame)[0] == 1) {
        atomic_fetch_add(&node->subscriptions, 1);
        zc_slice_t topic = zc_slice(zframe_data(frame) + 1, zframe_size(frame) - 1);
        if (number >= 0) {
            zc_watch_event_t event = {.change = ZC_WATCH_GREETING,
                                      .ttl_ms = UINT64_MAX,
                                      .stamp = {.hlc = 1, .origin = {{1}}}};
            event.number_count = number == UINT32_MAX ? 0 : 1;
            event.numbers[0] = (zc_event_number_t){.prefix_bytes = (uint32_t)topic.bytes - 1,
                                                   .number = (uint64_t)number};
            zc_buffer_t body;
            zc_buffer_init(&body, zc_allocator_system());
            zc_event_encode(&event, &body);
            send_two(zsock_resolve(node->watch), topic, zc_buffer_slice(&body));
            zc_buffer_fini(&body);
        }
    }
    zframe_destroy(&frame);
}

static void forward_event(zc_fake_node_t *node) {
    zmsg_t *message = zmsg_recv(node->inside);
    if (message != NULL) {
        zmsg_send(&message, node->watch);
        zmsg_destroy(&message);
    }
}

static void *run(void *argument) {
    zc_fake_node_t *node = argument;
    while (!atomic_load(&node->ended)) {
        zmq_pollitem_t items[] = {{.socket = zsock_resolve(node->router), .events = ZMQ_POLLIN},
                                  {.socket = zsock_resolve(node->watch), .events = ZMQ_POLLIN},
                                  {.socket = zsock_resolve(node->inside), .events = ZMQ_POLLIN}};
        zmq_poll(items, 3, POLL_MS);
        if (atomic_load(&node->mode) != ZC_FAKE_HOLD) {
            send_held(node);
        }
        if ((items[0].revents & ZMQ_POLLIN) != 0) {
            take_request(node);
        }
        if ((items[1].revents & ZMQ_POLLIN) != 0) {
            take_subscription(node);
        }
        if ((items[2].revents & ZMQ_POLLIN) != 0) {
            forward_event(node);
        }
    }
    return NULL;
}

static zsock_t *bind_socket(int type, const char *endpoint, char bound[ENDPOINT_BYTES]) {
    zsock_t *socket = zsock_new(type);
    ZC_ASSERT(socket != NULL);
    int verbose = 1;
    if (type == ZMQ_XPUB) {
        zmq_setsockopt(zsock_resolve(socket), ZMQ_XPUB_VERBOSE, &verbose, sizeof(verbose));
    }
    /* A port of a node that has just stopped is free a moment later. */
    int tries = 1000;
    while (zmq_bind(zsock_resolve(socket), endpoint) != 0) {
        ZC_ASSERT(tries-- > 0);
        zmq_poll(NULL, 0, POLL_MS);
    }
    size_t size = ENDPOINT_BYTES;
    zmq_getsockopt(zsock_resolve(socket), ZMQ_LAST_ENDPOINT, bound, &size);
    return socket;
}

zc_fake_node_t *zc_fake_node_start(const char *endpoint, zc_fake_mode_t mode) {
    static atomic_uint count;
    zc_context_init();
    zc_fake_node_t *node = calloc(1, sizeof(*node));
    ZC_ASSERT(node != NULL);
    atomic_init(&node->mode, (int)mode);
    const char *any = "tcp://127.0.0.1:*";
    node->router = bind_socket(ZMQ_ROUTER, endpoint == NULL ? any : endpoint, node->endpoint);
    node->watch = bind_socket(ZMQ_XPUB, any, node->watch_endpoint);
    char pair[ENDPOINT_BYTES];
    snprintf(pair, sizeof(pair), "inproc://fake-node-%u", atomic_fetch_add(&count, 1));
    char ignored[ENDPOINT_BYTES];
    node->outside = bind_socket(ZMQ_PAIR, pair, ignored);
    node->inside = zsock_new(ZMQ_PAIR);
    zmq_connect(zsock_resolve(node->inside), pair);
    int failed = pthread_create(&node->thread, NULL, run, node);
    ZC_ASSERT(failed == 0);
    return node;
}

void zc_fake_node_stop(zc_fake_node_t **node) {
    zc_fake_node_t *ending = *node;
    if (ending == NULL) {
        return;
    }
    atomic_store(&ending->ended, true);
    pthread_join(ending->thread, NULL);
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        drop(&ending->entries[i]);
    }
    for (size_t i = 0; i < ending->held_count; i++) {
        free_slice(&ending->held[i].route);
        free_slice(&ending->held[i].answer);
    }
    zsock_destroy(&ending->router);
    zsock_destroy(&ending->watch);
    zsock_destroy(&ending->inside);
    zsock_destroy(&ending->outside);
    free(ending);
    *node = NULL;
}

const char *zc_fake_node_endpoint(const zc_fake_node_t *node) {
    return node->endpoint;
}

void zc_fake_node_set_mode(zc_fake_node_t *node, zc_fake_mode_t mode) {
    atomic_store(&node->mode, (int)mode);
}

void zc_fake_node_set_watch_endpoint(zc_fake_node_t *node, const char *endpoint) {
    snprintf(node->watch_endpoint, sizeof(node->watch_endpoint), "%s", endpoint);
}

unsigned zc_fake_node_requests(zc_fake_node_t *node) {
    return atomic_load(&node->requests);
}

void zc_fake_node_set_greeting(zc_fake_node_t *node, long number) {
    atomic_store(&node->greeting, number);
}

unsigned zc_fake_node_subscriptions(zc_fake_node_t *node) {
    return atomic_load(&node->subscriptions);
}

void zc_fake_node_publish(zc_fake_node_t *node, zc_slice_t topic, const zc_watch_event_t *event) {
    zc_buffer_t body;
    zc_buffer_init(&body, zc_allocator_system());
    if (event != NULL) {
        zc_event_encode(event, &body);
    }
    send_two(zsock_resolve(node->outside), topic,
             event != NULL ? zc_buffer_slice(&body) : zc_slice("nonsense", 8));
    zc_buffer_fini(&body);
}
