/* SPDX-License-Identifier: MPL-2.0 */
/* What counts.py counts the instructions of: each operation done many times between two marks for
 * callgrind, without threads, sockets, random seeds or a clock that matters, so that every run
 * takes the same way. Under anything but callgrind it does the same and tells nothing. */
#include <stdlib.h>

#include <valgrind/callgrind.h>

#include <zcache/zcache.h>

#include "lib/base/assert.h"
#include "lib/wire/request.h"
#include "lib/wire/wire.h"
#include "node/shared.h"

enum {
    COUNT = 8192, /* operations of a kind; counts.py divides by it */
    KEY_BYTES = 16,
    VALUE_BYTES = 100,
    AGAIN = 1024, /* keys that are read again and again */
    BATCH_RECORDS = 1024,
    REQUEST_OPERATIONS = 16,
};

/* Counts what stands between the two marks under `name`. */
static void begin(void) {
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
}

#define END(name)                                                                                  \
    do {                                                                                           \
        CALLGRIND_TOGGLE_COLLECT;                                                                  \
        CALLGRIND_DUMP_STATS_AT(name);                                                             \
    } while (0)

static char keys[COUNT][KEY_BYTES];
static char value[VALUE_BYTES];

static zc_slice_t key_at(size_t i) {
    return zc_slice(keys[i * 7919 % COUNT], KEY_BYTES);
}

static void make_data(void) {
    for (size_t i = 0; i < COUNT; i++) {
        memset(keys[i], 'k', KEY_BYTES);
        for (size_t digit = 0; digit < 5; digit++) {
            keys[i][digit] = (char)('0' + (i >> (3 * digit) & 7));
        }
    }
    memset(value, 'v', sizeof(value));
}

static zc_shared_t *make_node(const char *name, uint8_t origin) {
    zc_replica_options_t options = {
        .allocator = zc_allocator_system(),
        .random_seed = origin,
        .identity = {.origin = {{origin}},
                     .name = zc_slice_text(name),
                     .region = zc_slice_text(""),
                     .endpoint = zc_slice_text("tcp://127.0.0.1:5000"),
                     .publish_endpoint = zc_slice_text("tcp://127.0.0.1:5001"),
                     .watch_endpoint = zc_slice_text("tcp://127.0.0.1:5002")},
        .now_us = 1,
        .wall_ms = (uint64_t)1 << 40,
    };
    zc_settings_init(&options.settings);
    options.settings.max_size = 2 * (uint64_t)COUNT;
    options.settings.expire_after_ms = 0;
    zc_shared_t *node = NULL;
    zcache_status status = zc_shared_new(name, &options, &node);
    ZC_ASSERT(status == ZCACHE_OK);
    status = zc_local_register(&node->local);
    ZC_ASSERT(status == ZCACHE_OK);
    return node;
}

/* -- What an application calls --------------------------------------------- */

static void count_calls(void) {
    zc_shared_t *node = make_node("counted", 1);
    zcache_t *cache = NULL;
    zcache_status status = zcache_open("inproc://counted", &cache);
    begin();
    for (size_t i = 0; i < COUNT && status == ZCACHE_OK; i++) {
        status = zcache_set(cache, key_at(i).data, KEY_BYTES, value, VALUE_BYTES, 0);
    }
    END("set-new");
    begin();
    for (size_t i = 0; i < COUNT && status == ZCACHE_OK; i++) {
        status = zcache_set(cache, key_at(i).data, KEY_BYTES, value, VALUE_BYTES, 0);
    }
    END("set");
    zcache_value_t found = ZCACHE_VALUE_INIT;
    begin();
    for (size_t i = 0; i < COUNT && status == ZCACHE_OK; i++) {
        status = zcache_get(cache, key_at(i).data, KEY_BYTES, &found);
    }
    END("get");
    for (size_t i = 0; i < COUNT && status == ZCACHE_OK; i++) {
        status = zcache_get(cache, key_at(i % AGAIN).data, KEY_BYTES, &found);
    }
    begin();
    for (size_t i = 0; i < COUNT && status == ZCACHE_OK; i++) {
        status = zcache_get(cache, key_at(i % AGAIN).data, KEY_BYTES, &found);
    }
    END("get-again");
    ZC_ASSERT(status == ZCACHE_OK);
    zcache_value_fini(&found);
    zcache_close(&cache);
    zc_local_unregister(&node->local);
}

/* -- What nodes tell each other -------------------------------------------- */

enum { BATCHES = COUNT / BATCH_RECORDS };

/* A batch and its way from one node to the other. */
typedef struct told {
    zc_record_t records[BATCH_RECORDS];
    zc_message_t sent;
    zc_buffer_t bytes;
    zc_wire_scratch_t scratch;
    zc_message_t received;
} told_t;

/* The batch whose first record is number `from` of all. */
static void make_batch(told_t *told, size_t from) {
    zc_hlc_t before = zc_hlc_from_ms((uint64_t)1 << 40) + from;
    for (size_t i = 0; i < BATCH_RECORDS; i++) {
        told->records[i] = (zc_record_t){
            .hlc = before + i + 1, .key = key_at(from + i), .value = zc_slice(value, VALUE_BYTES)};
    }
    told->sent = (zc_message_t){.type = ZC_MESSAGE_BATCH};
    told->sent.batch = (zc_batch_t){.origin = {{2}},
                                    .prev = from == 0 ? 0 : before,
                                    .last = before + BATCH_RECORDS,
                                    .records = told->records,
                                    .count = BATCH_RECORDS};
    zc_buffer_init(&told->bytes, zc_allocator_system());
    zc_wire_scratch_init(&told->scratch, zc_allocator_system());
}

static void encode_all(told_t *told) {
    for (size_t i = 0; i < BATCHES; i++) {
        zcache_status status = zc_wire_encode(&told[i].sent, &told[i].bytes);
        ZC_ASSERT(status == ZCACHE_OK);
    }
}

static void decode_all(told_t *told) {
    for (size_t i = 0; i < BATCHES; i++) {
        zc_slice_t bytes = zc_buffer_slice(&told[i].bytes);
        zcache_status status = zc_wire_decode(bytes, &told[i].scratch, &told[i].received);
        ZC_ASSERT(status == ZCACHE_OK);
    }
}

static void apply(zc_shared_t *node, const zc_message_t *message) {
    zc_event_t event = {.type = ZC_EVENT_MESSAGE, .now_us = 1};
    event.message.from = (zc_link_t){.type = ZC_LINK_BROADCAST};
    event.message.message = message;
    zc_effects_t effects;
    zcache_status status = zc_replica_step(node->replica, &event, &effects);
    ZC_ASSERT(status == ZCACHE_OK);
}

static void count_batches(void) {
    static told_t told[BATCHES];
    zc_shared_t *node = make_node("told", 1);
    for (size_t i = 0; i < BATCHES; i++) {
        make_batch(&told[i], i * BATCH_RECORDS);
    }
    encode_all(told);
    begin();
    encode_all(told);
    END("encode");
    decode_all(told);
    begin();
    decode_all(told);
    END("decode");
    begin();
    for (size_t i = 0; i < BATCHES; i++) {
        apply(node, &told[i].received);
    }
    END("apply");
    zc_replica_view_t view;
    zc_replica_view(node->replica, &view);
    ZC_ASSERT(view.counters.applied == COUNT);
    for (size_t i = 0; i < BATCHES; i++) {
        zc_buffer_fini(&told[i].bytes);
        zc_wire_scratch_fini(&told[i].scratch);
    }
    zc_local_unregister(&node->local);
}

/* -- What clients and nodes tell each other -------------------------------- */

enum { REQUESTS = COUNT / REQUEST_OPERATIONS };

/* Requests or responses, which have their memory before anything is counted: what the allocator
 * does hangs on all that was there before. */
static void make_buffers(zc_buffer_t *buffers) {
    for (size_t i = 0; i < REQUESTS; i++) {
        zc_buffer_init(&buffers[i], zc_allocator_system());
        ZC_ASSERT(zc_buffer_reserve(&buffers[i], (size_t)REQUEST_OPERATIONS * 256) != NULL);
    }
}

static void free_buffers(zc_buffer_t *buffers) {
    for (size_t i = 0; i < REQUESTS; i++) {
        zc_buffer_fini(&buffers[i]);
    }
}

static void count_requests(zc_operation_type_t type, const char *ask, const char *read) {
    static zc_buffer_t requests[REQUESTS];
    zcache_status status = ZCACHE_OK;
    make_buffers(requests);
    begin();
    for (size_t i = 0; i < COUNT && status == ZCACHE_OK; i++) {
        zc_buffer_t *request = &requests[i / REQUEST_OPERATIONS];
        zc_operation_t operation = {.type = type, .key = key_at(i)};
        if (type == ZC_OPERATION_SET) {
            operation.value = zc_slice(value, VALUE_BYTES);
        }
        if (i % REQUEST_OPERATIONS == 0) {
            status = zc_request_begin(request, i, REQUEST_OPERATIONS);
        }
        if (status == ZCACHE_OK) {
            status = zc_request_add(request, &operation);
        }
    }
    END(ask);
    size_t operations = 0;
    begin();
    for (size_t i = 0; i < REQUESTS && status == ZCACHE_OK; i++) {
        zc_request_t request;
        zc_operation_t operation;
        status = zc_request_open(zc_buffer_slice(&requests[i]), &request);
        while (status == ZCACHE_OK && zc_request_next(&request, &operation)) {
            operations++;
        }
    }
    END(read);
    ZC_ASSERT(status == ZCACHE_OK);
    ZC_ASSERT(operations == COUNT);
    free_buffers(requests);
}

static void count_responses(void) {
    static zc_buffer_t responses[REQUESTS];
    zcache_status status = ZCACHE_OK;
    make_buffers(responses);
    begin();
    for (size_t i = 0; i < COUNT && status == ZCACHE_OK; i++) {
        zc_buffer_t *response = &responses[i / REQUEST_OPERATIONS];
        if (i % REQUEST_OPERATIONS == 0) {
            status = zc_response_begin(response, i, REQUEST_OPERATIONS);
        }
        if (status == ZCACHE_OK) {
            status = zc_response_add_value(response, zc_slice(value, VALUE_BYTES), 0);
        }
    }
    END("answer-get");
    begin();
    for (size_t i = 0; i < REQUESTS && status == ZCACHE_OK; i++) {
        zc_response_t response;
        status = zc_response_open(zc_buffer_slice(&responses[i]), &response);
        for (size_t j = 0; j < REQUEST_OPERATIONS && status == ZCACHE_OK; j++) {
            zcache_status found = ZCACHE_INVALID;
            zc_slice_t bytes = {.bytes = 0};
            uint8_t type = 0;
            status = zc_response_next_value(&response, &found, &bytes, &type);
            ZC_ASSERT(found == ZCACHE_OK);
        }
    }
    END("read-answer");
    ZC_ASSERT(status == ZCACHE_OK);
    free_buffers(responses);
}

int main(void) {
    make_data();
    count_calls();
    count_batches();
    count_requests(ZC_OPERATION_GET, "ask-get", "read-get");
    count_requests(ZC_OPERATION_SET, "ask-set", "read-set");
    count_responses();
    return EXIT_SUCCESS;
}
