/* SPDX-License-Identifier: MPL-2.0 */
/* Memo: a function is called once, and always where the cache cannot help. */
#include <zcache/memo.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lib/client/client.h"
#include "tests/support/fake_node.h"

TestSuite(client_memo, .timeout = 60);

typedef struct work {
    unsigned calls;
    zcache_status status;
} work_t;

static zcache_status load(void *context, zcache_value_t *value, uint64_t *ttl_ms) {
    work_t *work = context;
    work->calls++;
    cr_assert_eq(*ttl_ms, 77);
    *ttl_ms = 99;
    zcache_value_assign(value, "computed", 8, ZCACHE_MSGPACK);
    return work->status;
}

static void assert_computed(zcache_value_t *value) {
    cr_assert_eq(value->size, 8);
    cr_assert_arr_eq(value->data, "computed", 8);
    cr_assert_eq(value->type, ZCACHE_MSGPACK);
    value->size = 0;
}

Test(client_memo, the_function_is_called_once) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open(zc_fake_node_endpoint(node), &cache), ZCACHE_OK);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    work_t work = {.status = ZCACHE_OK};
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(zcache_memo(cache, "k", 1, load, &work, 77, &value), ZCACHE_OK);
        assert_computed(&value);
        cr_assert_eq(work.calls, 1);
    }
    zcache_value_fini(&value);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

Test(client_memo, what_the_function_refuses_is_not_kept) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open(zc_fake_node_endpoint(node), &cache), ZCACHE_OK);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    work_t work = {.status = ZCACHE_SYSTEM};
    cr_assert_eq(zcache_memo(cache, "k", 1, load, &work, 77, &value), ZCACHE_SYSTEM);
    cr_assert_eq(zcache_memo(cache, "k", 1, load, &work, 77, &value), ZCACHE_SYSTEM);
    cr_assert_eq(work.calls, 2);
    cr_assert_eq(zcache_get(cache, "k", 1, &value), ZCACHE_MISS);
    cr_assert_eq(zcache_memo(cache, "", 0, load, &work, 77, &value), ZCACHE_INVALID);
    cr_assert_eq(zcache_memo(cache, "k", 1, load, &work, UINT64_MAX, &value), ZCACHE_INVALID);
    cr_assert_eq(work.calls, 2);
    zcache_value_fini(&value);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

static zcache_status load_large(void *context, zcache_value_t *value, uint64_t *ttl_ms) {
    (void)ttl_ms;
    char *bytes = calloc(1, ZCACHE_VALUE_MAX_DEFAULT + 1);
    zcache_value_assign(value, bytes, ZCACHE_VALUE_MAX_DEFAULT + 1, ZCACHE_RAW);
    free(bytes);
    return *(zcache_status *)context;
}

Test(client_memo, there_is_no_error_after_ok_and_none_of_the_cache_after_a_function_that_failed) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_REFUSE);
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open(zc_fake_node_endpoint(node), &cache), ZCACHE_OK);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    work_t work = {.status = ZCACHE_OK};
    cr_assert_eq(zcache_memo(cache, "k", 1, load, &work, 77, &value), ZCACHE_OK);
    cr_assert_str_eq(zcache_error(cache), "", "of the get");
    work.status = ZCACHE_SYSTEM;
    cr_assert_eq(zcache_memo(cache, "k", 1, load, &work, 77, &value), ZCACHE_SYSTEM);
    cr_assert_str_eq(zcache_error(cache), "", "of the get, before a function that failed");
    zc_fake_node_set_mode(node, ZC_FAKE_ANSWER);
    zcache_status status = ZCACHE_OK;
    cr_assert_eq(zcache_memo(cache, "k", 1, load_large, &status, 0, &value), ZCACHE_OK);
    cr_assert_str_eq(zcache_error(cache), "", "of the set");
    cr_assert_eq(value.size, ZCACHE_VALUE_MAX_DEFAULT + 1);
    zcache_value_fini(&value);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

Test(client_memo, a_node_that_cannot_be_reached_does_not_stop_the_work) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_SILENT);
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open(zc_fake_node_endpoint(node), &cache), ZCACHE_OK);
    zcache_set_timeout(cache, 50);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    work_t work = {.status = ZCACHE_OK};
    cr_assert_eq(zcache_memo(cache, "k", 1, load, &work, 77, &value), ZCACHE_OK);
    assert_computed(&value);
    zc_fake_node_stop(&node);
    cr_assert_eq(zcache_memo(cache, "k", 1, load, &work, 77, &value), ZCACHE_OK);
    assert_computed(&value);
    cr_assert_eq(work.calls, 2);
    zcache_value_fini(&value);
    zcache_close(&cache);
}
