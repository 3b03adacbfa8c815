/* SPDX-License-Identifier: MPL-2.0 */
/* Requests: what is written is read back, the vectors in both directions, and what must be
 * refused. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "lib/base/random.h"
#include "lib/wire/pack.h"
#include "lib/wire/request.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/vectors.h"

static zc_buffer_t buffer;
static zc_buffer_t memory;
static json_t *cases;

static void set_up(void) {
    zc_buffer_init(&buffer, zc_allocator_system());
    zc_buffer_init(&memory, zc_allocator_system());
    cr_assert_not_null(zc_buffer_reserve(&memory, 1 << 20));
    cases = zc_vectors_load("request");
}

static void tear_down(void) {
    json_decref(cases);
    zc_buffer_fini(&buffer);
    zc_buffer_fini(&memory);
}

TestSuite(request, .init = set_up, .fini = tear_down);

static const char *const names[] = {"GET",    "SET",   "DELETE", "CLEAR",  "PING",
                                    "SPY",    "PEERS", "STATS",  "CONFIG", "CONFIGURE",
                                    "DIGEST", "SCAN",  "LOOK",   "REPAIR"};

/* What the number of an operation is called. */
static const char *number_of(zc_operation_type_t type) {
    switch (type) {
    case ZC_OPERATION_SPY:
        return "walk";
    case ZC_OPERATION_SCAN:
        return "position";
    case ZC_OPERATION_LOOK:
        return "key_hash";
    default:
        return "number";
    }
}

static zc_operation_t operation_of(json_t *json) {
    const char *name = json_string_value(json_object_get(json, "operation"));
    zc_operation_t operation = {.type = ZC_OPERATION_GET};
    while (strcmp(names[operation.type], name) != 0) {
        operation.type++;
    }
    zc_mapper_t mapper = {.object = json, .memory = &memory};
    if (operation.type == ZC_OPERATION_CONFIGURE) {
        zc_map_text(&mapper, "name", &operation.key);
    } else {
        zc_map_bytes(&mapper, "key", &operation.key);
    }
    uint64_t type = 0;
    zc_map_bytes(&mapper, "value", &operation.value);
    zc_map_uint(&mapper, "type", &type);
    zc_map_uint(&mapper, "ttl_ms", &operation.ttl_ms);
    zc_map_uint(&mapper, number_of(operation.type), &operation.number);
    if (operation.type == ZC_OPERATION_SCAN) {
        static zc_digest_set_t parts;
        zc_map_fixed(&mapper, "parts", parts.bits, sizeof parts.bits);
        operation.parts = &parts;
    }
    operation.value_type = (uint8_t)type;
    return operation;
}

static void expect_same(const zc_operation_t *a, const zc_operation_t *b, const char *name) {
    cr_assert_eq(a->type, b->type, "%s", name);
    cr_assert(zc_slice_equal(a->key, b->key), "%s", name);
    cr_assert(zc_slice_equal(a->value, b->value), "%s", name);
    cr_assert_eq(a->value_type, b->value_type, "%s", name);
    cr_assert_eq(a->ttl_ms, b->ttl_ms, "%s", name);
    cr_assert_eq(a->number, b->number, "%s", name);
    if (a->type == ZC_OPERATION_SCAN) {
        cr_assert_arr_eq(a->parts->bits, b->parts->bits, sizeof a->parts->bits, "%s", name);
    }
}

static void check_message(json_t *vector, zc_slice_t bytes) {
    json_t *json = json_object_get(vector, "message");
    json_t *operations = json_object_get(json, "operations");
    uint64_t number = zc_json_to_uint(json_object_get(json, "number"));
    uint32_t count = (uint32_t)json_array_size(operations);
    zc_request_t request;
    cr_assert_eq(zc_request_open(bytes, &request), ZCACHE_OK, "%s", zc_vectors_name(vector));
    cr_assert(request.number == number && request.count == count);
    cr_assert_eq(zc_request_begin(&buffer, number, count), ZCACHE_OK);
    for (uint32_t i = 0; i < count; i++) {
        zc_operation_t expected = operation_of(json_array_get(operations, i));
        zc_operation_t found;
        cr_assert(zc_request_next(&request, &found));
        expect_same(&found, &expected, zc_vectors_name(vector));
        cr_assert_eq(zc_request_add(&buffer, &expected), ZCACHE_OK);
    }
    zc_operation_t none;
    cr_assert_not(zc_request_next(&request, &none));
    cr_assert(zc_slice_equal(zc_buffer_slice(&buffer), bytes), "%s", zc_vectors_name(vector));
    cr_assert(zc_vectors_oracle(bytes, true));
}

static void check_refused(json_t *vector, zc_slice_t bytes) {
    const char *refused = json_string_value(json_object_get(vector, "refused"));
    zc_request_t request = {.number = 77};
    zcache_status status = zc_request_open(bytes, &request);
    if (strcmp(refused, "MALFORMED") == 0) {
        cr_assert_eq(status, ZCACHE_MALFORMED, "%s", zc_vectors_name(vector));
        cr_assert_eq(request.number, 77);
        return;
    }
    bool too_large = strcmp(refused, "TOO_LARGE") == 0;
    cr_assert_eq(status, too_large ? ZCACHE_TOO_LARGE : ZCACHE_INCOMPATIBLE, "%s",
                 zc_vectors_name(vector));
    cr_assert_eq(request.number, 9, "the number is right, so that it can be answered");
}

Test(request, reads_and_writes_every_vector) {
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *vector = json_array_get(cases, i);
        zc_slice_t bytes = zc_vectors_bytes(vector, "bytes");
        memory.bytes = 0;
        if (json_object_get(vector, "refused") == NULL) {
            check_message(vector, bytes);
        } else {
            check_refused(vector, bytes);
        }
        free((void *)bytes.data);
    }
}

/* Reads all that can be read. */
static void drain(zc_slice_t bytes) {
    zc_request_t request;
    if (zc_request_open(bytes, &request) == ZCACHE_OK) {
        zc_operation_t operation;
        while (zc_request_next(&request, &operation)) {
        }
        cr_assert_eq(request.taken, request.count);
    }
}

Test(request, survives_truncations_and_changes) {
    zc_random_t random = {.state = 1};
    for (size_t i = 0; i < json_array_size(cases); i++) {
        zc_slice_t bytes = zc_vectors_bytes(json_array_get(cases, i), "bytes");
        size_t most = bytes.bytes < 400 ? bytes.bytes : 400;
        for (size_t count = 0; count < most; count++) {
            uint8_t *part = malloc(bytes.bytes);
            cr_assert_not_null(part);
            memcpy(part, bytes.data, bytes.bytes);
            part[count] = (uint8_t)zc_random_next(&random);
            drain(zc_slice(part, bytes.bytes));
            part = realloc(part, count + 1);
            cr_assert_not_null(part);
            drain(zc_slice(part, count));
            free(part);
        }
        free((void *)bytes.data);
    }
}

Test(request, takes_as_many_operations_as_the_limit_says) {
    zc_operation_t ping = {.type = ZC_OPERATION_PING};
    for (uint32_t more = 0; more < 2; more++) {
        uint32_t count = ZCACHE_OPERATIONS_MAX + more;
        cr_assert_eq(zc_request_begin(&buffer, 5, count), ZCACHE_OK);
        for (uint32_t i = 0; i < count; i++) {
            cr_assert_eq(zc_request_add(&buffer, &ping), ZCACHE_OK);
        }
        zc_request_t request;
        cr_assert_eq(zc_request_open(zc_buffer_slice(&buffer), &request),
                     more == 0 ? ZCACHE_OK : ZCACHE_TOO_LARGE);
        cr_assert_eq(request.number, 5);
    }
}

Test(request, a_wrong_type_or_a_long_key_comes_through_to_be_answered) {
    static uint8_t key[ZCACHE_KEY_MAX + 1];
    zc_operation_t set = {.type = ZC_OPERATION_SET, .key = zc_slice(key, sizeof key)};
    cr_assert_eq(zc_request_begin(&buffer, 1, 1), ZCACHE_OK);
    cr_assert_eq(zc_request_add(&buffer, &set), ZCACHE_OK);
    /* The type, second from the end, becomes 1000. */
    cr_assert_not_null(zc_buffer_reserve(&buffer, 2));
    memcpy(buffer.data + buffer.bytes - 2, "\xcd\x03\xe8\x00", 4);
    buffer.bytes += 2;
    zc_request_t request;
    zc_operation_t operation;
    cr_assert_eq(zc_request_open(zc_buffer_slice(&buffer), &request), ZCACHE_OK);
    cr_assert(zc_request_next(&request, &operation));
    cr_assert_eq(operation.value_type, UINT8_MAX);
    cr_assert_eq(operation.key.bytes, sizeof key);
}

Test(request, each_failed_allocation_is_told_and_harmless) {
    static uint8_t value[1000];
    zc_operation_t set = {
        .type = ZC_OPERATION_SET, .key = zc_slice("k", 1), .value = zc_slice(value, sizeof value)};
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    for (uint64_t n = 0; n < 2; n++) {
        zc_buffer_t small;
        zc_buffer_init(&small, &failing.allocator);
        zc_failing_allocator_fail_after(&failing, n);
        zcache_status status = zc_request_begin(&small, 1, 1);
        cr_assert_eq(status, n == 0 ? ZCACHE_NO_MEMORY : ZCACHE_OK);
        if (n == 1) {
            size_t bytes = small.bytes;
            cr_assert_eq(zc_request_add(&small, &set), ZCACHE_NO_MEMORY);
            cr_assert_eq(small.bytes, bytes);
            cr_assert_eq(zc_request_add(&small, &set), ZCACHE_OK);
        }
        zc_buffer_fini(&small);
        cr_assert_eq(failing.blocks, 0);
    }
}
