/* SPDX-License-Identifier: MPL-2.0 */
/* Batches. */
#include <zcache/batch.h>
#include <zcache/node.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lib/client/client.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/fake_node.h"

TestSuite(client_batch, .timeout = 60);

static zcache_t *open_node(zc_fake_node_t *node) {
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open(zc_fake_node_endpoint(node), &cache), ZCACHE_OK);
    zcache_set_timeout(cache, 20000);
    return cache;
}

static void assert_value(const zcache_batch_t *batch, size_t index, const char *expected) {
    const void *data = NULL;
    size_t size = 0;
    zcache_type type = ZCACHE_RAW;
    cr_assert_eq(zcache_batch_result(batch, index, &data, &size, &type), ZCACHE_OK);
    cr_assert_eq(size, strlen(expected));
    cr_assert_eq(memcmp(data, expected, size), 0);
}

Test(client_batch, every_operation_has_its_own_result) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = open_node(node);
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_get(batch, "a", 1), ZCACHE_OK);
    cr_assert_eq(zcache_batch_set(batch, "a", 1, "one", 3, ZCACHE_MSGPACK, 9), ZCACHE_OK);
    cr_assert_eq(zcache_batch_get(batch, "a", 1), ZCACHE_OK);
    cr_assert_eq(zcache_batch_delete(batch, "a", 1), ZCACHE_OK);
    cr_assert_eq(zcache_batch_delete(batch, "a", 1), ZCACHE_OK);
    cr_assert_eq(zcache_batch_get(batch, "", 0), ZCACHE_INVALID);
    cr_assert_eq(zcache_batch_count(batch), 5);
    cr_assert_eq(zcache_batch_result(batch, 0, NULL, NULL, NULL), ZCACHE_INVALID);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_INVALID);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_BUSY);
    cr_assert_eq(zcache_batch_get(batch, "b", 1), ZCACHE_BUSY);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
    cr_assert_eq(zc_fake_node_requests(node), 1);
    static const zcache_status expected[] = {ZCACHE_MISS, ZCACHE_OK,   ZCACHE_OK,
                                             ZCACHE_OK,   ZCACHE_MISS, ZCACHE_INVALID};
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(zcache_batch_result(batch, i, NULL, NULL, NULL), expected[i]);
    }
    assert_value(batch, 2, "one");
    cr_assert_eq(zcache_batch_get(batch, "b", 1), ZCACHE_BUSY);
    zcache_batch_reset(batch);
    cr_assert_eq(zcache_batch_count(batch), 0);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
    zcache_batch_destroy(&batch);
    zcache_batch_destroy(&batch);
    zcache_batch_destroy(NULL);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

enum { FLIGHT = 40 };

Test(client_batch, many_are_under_way_and_come_back_in_any_order) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_HOLD);
    zcache_t *cache = open_node(node);
    zcache_batch_t *batches[FLIGHT] = {NULL};
    for (int i = 0; i < FLIGHT; i++) {
        char key[2] = {(char)('0' + i), '\0'};
        cr_assert_eq(zcache_batch_new(cache, &batches[i]), ZCACHE_OK);
        cr_assert_eq(zcache_batch_set(batches[i], key, 1, key, 1, ZCACHE_RAW, 0), ZCACHE_OK);
        cr_assert_eq(zcache_batch_get(batches[i], key, 1), ZCACHE_OK);
        cr_assert_eq(zcache_batch_send(batches[i]), ZCACHE_OK);
    }
    zc_fake_node_set_mode(node, ZC_FAKE_ANSWER);
    /* A single call between them, and one that is given up. */
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_OK);
    zcache_batch_destroy(&batches[7]);
    for (int i = 0; i < FLIGHT; i++) {
        char key[2] = {(char)('0' + i), '\0'};
        if (batches[i] != NULL) {
            cr_assert_eq(zcache_batch_wait(batches[i]), ZCACHE_OK);
            assert_value(batches[i], 1, key);
        }
        zcache_batch_destroy(&batches[i]);
    }
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

Test(client_batch, a_full_batch_is_busy_and_takes_one_large_value_alone) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = open_node(node);
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    for (int i = 0; i < ZCACHE_OPERATIONS_MAX; i++) {
        cr_assert_eq(zcache_batch_get(batch, "a", 1), ZCACHE_OK);
    }
    cr_assert_eq(zcache_batch_get(batch, "a", 1), ZCACHE_BUSY);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
    zcache_batch_reset(batch);
    size_t size = 2 * ZCACHE_BATCH_MAX;
    char *bytes = calloc(1, size);
    cr_assert_eq(zcache_batch_set(batch, "a", 1, bytes, size, ZCACHE_RAW, 0), ZCACHE_OK);
    cr_assert_eq(zcache_batch_get(batch, "a", 1), ZCACHE_BUSY);
    cr_assert_eq(zcache_batch_count(batch), 1);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_result(batch, 0, NULL, NULL, NULL), ZCACHE_OK);
    free(bytes);
    zcache_batch_destroy(&batch);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

Test(client_batch, what_one_message_may_not_hold_is_refused_before_it_is_sent) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = open_node(node);
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    char *bytes = calloc(1, ZCACHE_VALUE_MAX_CEILING + 1u);
    for (size_t size = 1; size < ZCACHE_BATCH_MAX; size = size * 7 + 3) {
        zcache_status status = ZCACHE_OK;
        while (status == ZCACHE_OK) {
            status = zcache_batch_set(batch, "key", 3, bytes, size, ZCACHE_RAW, 9);
        }
        cr_assert_eq(status, ZCACHE_BUSY);
        cr_assert_not_null(strstr(zcache_error(cache), "send it"));
        cr_assert_leq(zcache_batch_count(batch) * (size + 3), ZCACHE_BATCH_MAX);
        cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
        cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
        zcache_batch_reset(batch);
    }
    /* The largest operation that the mesh takes, alone, with a key as long as it may be. */
    size_t most = ZCACHE_VALUE_MAX_DEFAULT;
    cr_assert_eq(zcache_batch_set(batch, bytes, ZCACHE_KEY_MAX, bytes, most + 1, ZCACHE_RAW, 0),
                 ZCACHE_TOO_LARGE);
    cr_assert_eq(zcache_batch_get(batch, bytes, ZCACHE_KEY_MAX + 1), ZCACHE_TOO_LARGE);
    cr_assert_eq(zcache_batch_count(batch), 0);
    cr_assert_eq(zcache_batch_set(batch, bytes, ZCACHE_KEY_MAX, bytes, most, ZCACHE_RAW, 0),
                 ZCACHE_OK);
    cr_assert_eq(zcache_batch_set(batch, "a", 1, bytes, most, ZCACHE_RAW, 0), ZCACHE_BUSY);
    cr_assert_eq(zcache_batch_delete(batch, "a", 1), ZCACHE_BUSY);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_result(batch, 0, NULL, NULL, NULL), ZCACHE_OK);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_OK);
    free(bytes);
    zcache_batch_destroy(&batch);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

Test(client_batch, a_refusal_of_the_whole_is_told_and_it_can_be_sent_again) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_REFUSE);
    zcache_t *cache = open_node(node);
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_set(batch, "a", 1, "v", 1, ZCACHE_RAW, 0), ZCACHE_OK);
    cr_assert_eq(zcache_batch_get(batch, "a", 1), ZCACHE_OK);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_BUSY);
    zc_fake_node_set_mode(node, ZC_FAKE_SHORT_RESULT);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_INCOMPATIBLE);
    zc_fake_node_set_mode(node, ZC_FAKE_ANSWER);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
    assert_value(batch, 1, "v");
    zcache_batch_destroy(&batch);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

/* A node of this process with one entry. */
typedef struct local_node {
    zc_local_t local;
    char value;
} local_node_t;

static const zc_allocator_t *value_allocator;

static zcache_status local_attach(zc_local_t *local, const zc_allocator_t *values,
                                  zc_reader_t **reader) {
    (void)local;
    (void)reader;
    value_allocator = values;
    return ZCACHE_OK;
}

static zcache_status local_get(zc_local_t *local, zc_reader_t *reader, zc_slice_t key,
                               zcache_value_t *value, bool *ask) {
    (void)reader;
    *ask = zc_slice_equal(key, zc_slice_text("asked"));
    if (!zc_slice_equal(key, zc_slice_text("a"))) {
        return ZCACHE_MISS;
    }
    char *data = zc_resize(value_allocator, value->data, 1);
    if (data == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    *data = ((local_node_t *)local)->value;
    value->data = data;
    value->capacity = 1;
    value->size = 1;
    return ZCACHE_OK;
}

static zcache_status local_write(zc_local_t *local, const zc_operation_t *operation) {
    ((local_node_t *)local)->value =
        operation->value.bytes == 0 ? '-' : *(const char *)operation->value.data;
    return ZCACHE_OK;
}

static void local_destroy(zc_local_t *local) {
    (void)local;
}

static zcache_status go_through(const zc_allocator_t *allocator) {
    zcache_t *cache = NULL;
    zcache_batch_t *batch = NULL;
    zcache_status status = zc_client_open("inproc://batch", allocator, &cache);
    if (status == ZCACHE_OK) {
        status = zcache_batch_new(cache, &batch);
    }
    for (int i = 0; i < 20 && status == ZCACHE_OK; i++) {
        status = zcache_batch_set(batch, "a", 1, &"xy"[i % 2], 1, ZCACHE_RAW, 0);
        if (status == ZCACHE_OK) {
            status = zcache_batch_get(batch, i % 3 == 0 ? "b" : "a", 1);
        }
    }
    if (status == ZCACHE_OK) {
        status = zcache_batch_send(batch);
    }
    if (status == ZCACHE_OK) {
        status = zcache_batch_wait(batch);
    }
    for (size_t i = 0; i < 20 && status == ZCACHE_OK; i++) {
        const void *data = NULL;
        zcache_status result = zcache_batch_result(batch, 2 * i + 1, &data, NULL, NULL);
        cr_assert(result == (i % 3 == 0 ? ZCACHE_MISS : ZCACHE_OK) || result == ZCACHE_NO_MEMORY);
        if (result == ZCACHE_OK) {
            cr_assert_eq(*(const char *)data, "xy"[i % 2]);
        }
        status = result == ZCACHE_NO_MEMORY ? result : status;
    }
    zcache_batch_destroy(&batch);
    zcache_close(&cache);
    return status;
}

Test(client_batch, inproc_is_done_directly_and_every_allocation_may_fail) {
    local_node_t local = {
        .local = {"batch", 0, local_attach, local_get, local_write, local_destroy}};
    cr_assert_eq(zc_local_register(&local.local), ZCACHE_OK);
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    for (uint64_t n = 0;; n++) {
        zc_failing_allocator_fail_after(&failing, n);
        zcache_status status = go_through(&failing.allocator);
        cr_assert_eq(failing.blocks, 0);
        if (!zc_failing_allocator_stop(&failing)) {
            cr_assert_eq(status, ZCACHE_OK);
            cr_assert_gt(n, 10);
            break;
        }
        cr_assert_eq(status, ZCACHE_NO_MEMORY);
    }
    zc_local_unregister(&local.local);
}

Test(client_batch, there_is_no_error_after_ok_also_where_one_of_its_results_is_one) {
    local_node_t local = {
        .local = {"batch-ok", 0, local_attach, local_get, local_write, local_destroy}};
    cr_assert_eq(zc_local_register(&local.local), ZCACHE_OK);
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open("inproc://batch-ok", &cache), ZCACHE_OK);
    zcache_set_timeout(cache, 50);
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_get(batch, "asked", 5), ZCACHE_OK);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_str_eq(zcache_error(cache), "");
    /* Nobody listens on the socket over which it was asked. */
    cr_assert_eq(zcache_batch_result(batch, 0, NULL, NULL, NULL), ZCACHE_TIMEOUT);
    zcache_batch_destroy(&batch);
    zcache_close(&cache);
    zc_local_unregister(&local.local);
}

Test(client_batch, a_real_node_takes_and_answers_as_much_as_there_can_be_in_one_message) {
    enum { VALUES = 3 };
    zcache_node_options_t options;
    zcache_node_options_init(&options);
    options.port = 0;
    options.value_max = ZCACHE_VALUE_MAX_CEILING;
    zcache_node_t *node = NULL;
    cr_assert_eq(zcache_node_start(&options, &node), ZCACHE_OK);
    zcache_t *cache = NULL;
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_open(zcache_node_endpoint(node), &cache), ZCACHE_OK);
    zcache_set_timeout(cache, 20000);
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    char *bytes = calloc(1, ZCACHE_VALUE_MAX_CEILING);
    for (int i = 0; i < VALUES; i++) {
        bytes[0] = (char)i;
        cr_assert_eq(zcache_batch_set(batch, bytes, ZCACHE_KEY_MAX, bytes, ZCACHE_VALUE_MAX_CEILING,
                                      ZCACHE_RAW, 0),
                     ZCACHE_OK);
        cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
        cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
        cr_assert_eq(zcache_batch_result(batch, 0, NULL, NULL, NULL), ZCACHE_OK);
        zcache_batch_reset(batch);
    }
    for (int i = 0; i < VALUES; i++) {
        bytes[0] = (char)i;
        cr_assert_eq(zcache_batch_get(batch, bytes, ZCACHE_KEY_MAX), ZCACHE_OK);
    }
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
    size_t size = 0;
    cr_assert_eq(zcache_batch_result(batch, 0, NULL, &size, NULL), ZCACHE_OK);
    cr_assert_eq(size, ZCACHE_VALUE_MAX_CEILING);
    cr_assert_eq(zcache_batch_result(batch, VALUES - 1, NULL, NULL, NULL), ZCACHE_BUSY);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_OK);
    free(bytes);
    zcache_batch_destroy(&batch);
    zcache_close(&cache);
    zcache_node_stop(&node);
}
