/* SPDX-License-Identifier: MPL-2.0 */
/* The calls on keys, over tcp against a fake node, and over inproc against a fake local one. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lib/client/client.h"
#include "tests/support/fake_node.h"

static zc_fake_node_t *node;
static zcache_t *cache;

static void begin(void) {
    node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    cr_assert_eq(zcache_open(zc_fake_node_endpoint(node), &cache), ZCACHE_OK);
}

static void end(void) {
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

TestSuite(client_calls, .init = begin, .fini = end, .timeout = 60);

Test(client_calls, what_was_set_is_what_is_got) {
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_get(cache, "a\0b", 3, &value), ZCACHE_MISS);
    cr_assert_null(value.data);
    cr_assert_str_eq(zcache_error(cache), "");
    cr_assert_eq(zcache_set(cache, "a\0b", 3, "one", 3, 0), ZCACHE_OK);
    cr_assert_eq(zcache_set_typed(cache, "m", 1, "\xc0", 1, ZCACHE_MSGPACK, 5), ZCACHE_OK);
    cr_assert_eq(zcache_set(cache, "empty", 5, NULL, 0, 0), ZCACHE_OK);
    cr_assert_eq(zcache_get(cache, "a\0b", 3, &value), ZCACHE_OK);
    cr_assert_eq(value.size, 3);
    cr_assert_arr_eq(value.data, "one", 3);
    cr_assert_eq(value.type, ZCACHE_RAW);
    cr_assert_eq(zcache_get(cache, "m", 1, &value), ZCACHE_OK);
    cr_assert_eq(value.type, ZCACHE_MSGPACK);
    cr_assert_eq(zcache_get(cache, "empty", 5, &value), ZCACHE_OK);
    cr_assert_eq(value.size, 0);
    cr_assert_not_null(value.data);
    zcache_value_fini(&value);
}

Test(client_calls, delete_and_clear_and_ping_and_settings) {
    cr_assert_eq(zcache_delete(cache, "k", 1), ZCACHE_MISS);
    cr_assert_eq(zcache_set(cache, "k", 1, "v", 1, 0), ZCACHE_OK);
    cr_assert_eq(zcache_delete(cache, "k", 1), ZCACHE_OK);
    cr_assert_eq(zcache_set(cache, "k", 1, "v", 1, 0), ZCACHE_OK);
    cr_assert_eq(zcache_clear(cache), ZCACHE_OK);
    cr_assert_eq(zcache_delete(cache, "k", 1), ZCACHE_MISS);
    bool ready = false;
    cr_assert_eq(zcache_ping(cache, &ready), ZCACHE_OK);
    cr_assert(ready);
    cr_assert_eq(zcache_config_set(cache, "max_size", 5), ZCACHE_OK);
    cr_assert_eq(zcache_config_set(cache, "max_size", 0), ZCACHE_INVALID);
    cr_assert_not_null(strstr(zcache_error(cache), "max_size"));
}

Test(client_calls, large_values_go_and_those_over_value_max_are_told_the_limit) {
    size_t size = ZCACHE_VALUE_MAX_DEFAULT;
    char *bytes = malloc(size + 1);
    memset(bytes, 'x', size + 1);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_set(cache, "k", 1, bytes, size, 0), ZCACHE_OK);
    cr_assert_eq(zcache_get(cache, "k", 1, &value), ZCACHE_OK);
    cr_assert_eq(value.size, size);
    cr_assert_eq(memcmp(value.data, bytes, size), 0);
    cr_assert_eq(zcache_set(cache, "k", 1, bytes, size + 1, 0), ZCACHE_TOO_LARGE);
    cr_assert_not_null(strstr(zcache_error(cache), "1048577"));
    cr_assert_not_null(strstr(zcache_error(cache), "value_max of the mesh is 1048576"));
    zcache_value_fini(&value);
    free(bytes);
}

Test(client_calls, a_result_of_another_form_is_incompatible) {
    zc_fake_node_set_mode(node, ZC_FAKE_SHORT_RESULT);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_set(cache, "k", 1, "v", 1, 0), ZCACHE_INCOMPATIBLE);
    cr_assert_eq(zcache_get(cache, "k", 1, &value), ZCACHE_INCOMPATIBLE);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_INCOMPATIBLE);
    zc_fake_node_set_mode(node, ZC_FAKE_REFUSE);
    cr_assert_eq(zcache_get(cache, "k", 1, &value), ZCACHE_BUSY);
    cr_assert_neq(zcache_error(cache)[0], '\0');
    cr_assert_null(value.data);
}

Test(client_calls, a_write_that_is_busy_is_tried_until_the_timeout) {
    zc_fake_node_set_mode(node, ZC_FAKE_REFUSE);
    zcache_set_timeout(cache, 100);
    unsigned before = zc_fake_node_requests(node);
    cr_assert_eq(zcache_set(cache, "k", 1, "v", 1, 0), ZCACHE_BUSY);
    cr_assert_gt(zc_fake_node_requests(node), before + 1);
}

/* A node of this process that knows the key "here", and asks others about "there". */
typedef struct local_node {
    zc_local_t local;
    unsigned writes;
    bool stopped;
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
    if (((local_node_t *)local)->stopped) {
        return ZCACHE_STOPPED;
    }
    if (!zc_slice_equal(key, zc_slice_text("here"))) {
        *ask = zc_slice_equal(key, zc_slice_text("there"));
        return ZCACHE_MISS;
    }
    void *data = zc_resize(value_allocator, value->data, 4);
    memcpy(data, "near", 4);
    value->data = data;
    value->capacity = 4;
    value->size = 4;
    value->type = ZCACHE_MSGPACK;
    return ZCACHE_OK;
}

static zcache_status local_write(zc_local_t *local, const zc_operation_t *operation) {
    ((local_node_t *)local)->writes++;
    return operation->type == ZC_OPERATION_DELETE ? ZCACHE_MISS : ZCACHE_OK;
}

static void local_destroy(zc_local_t *local) {
    (void)local;
}

Test(client_calls, inproc_reads_and_writes_without_a_socket) {
    local_node_t local = {
        .local = {"test-local", 0, local_attach, local_get, local_write, local_destroy},
    };
    cr_assert_eq(zc_local_register(&local.local), ZCACHE_OK);
    zcache_t *inside = NULL;
    cr_assert_eq(zcache_open("inproc://test-local", &inside), ZCACHE_OK);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_get(inside, "here", 4, &value), ZCACHE_OK);
    cr_assert_arr_eq(value.data, "near", 4);
    cr_assert_eq(value.size, 4);
    cr_assert_eq(value.type, ZCACHE_MSGPACK);
    cr_assert_eq(zcache_get(inside, "nowhere", 7, &value), ZCACHE_MISS);
    cr_assert_eq(zcache_set(inside, "k", 1, "v", 1, 0), ZCACHE_OK);
    cr_assert_eq(zcache_delete(inside, "k", 1), ZCACHE_MISS);
    cr_assert_eq(zcache_clear(inside), ZCACHE_OK);
    cr_assert_eq(local.writes, 3);
    cr_assert_null(inside->exchange.socket);

    /* Nobody listens on the socket: only what must cross it fails. */
    zcache_set_timeout(inside, 50);
    cr_assert_eq(zcache_get(inside, "there", 5, &value), ZCACHE_TIMEOUT);
    zc_local_unregister(&local.local);
    local.stopped = true;
    zcache_set_timeout(inside, 10000);
    cr_assert_eq(zcache_ping(inside, NULL), ZCACHE_STOPPED);
    cr_assert_not_null(strstr(zcache_error(inside), "test-local"));
    cr_assert_eq(zcache_get(inside, "here", 4, &value), ZCACHE_STOPPED);
    zcache_value_fini(&value);
    zcache_close(&inside);
}

Test(client_calls, inproc_asks_over_the_socket_where_the_node_says_so) {
    zc_fake_node_t *near = zc_fake_node_start("inproc://test-near", ZC_FAKE_ANSWER);
    local_node_t local = {
        .local = {"test-near", 0, local_attach, local_get, local_write, local_destroy},
    };
    cr_assert_eq(zc_local_register(&local.local), ZCACHE_OK);
    zcache_t *inside = NULL;
    cr_assert_eq(zcache_open("inproc://test-near", &inside), ZCACHE_OK);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_get(inside, "there", 5, &value), ZCACHE_MISS);
    cr_assert_eq(zc_fake_node_requests(near), 1);
    cr_assert_eq(zcache_ping(inside, NULL), ZCACHE_OK);
    zcache_value_fini(&value);
    zcache_close(&inside);
    zc_local_unregister(&local.local);
    zc_fake_node_stop(&near);
}
