/* SPDX-License-Identifier: MPL-2.0 */
/* Opening and closing handles, and arguments that are refused before anything is sent. */
#include "lib/client/client.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/failing_allocator.h"
#include "tests/support/fake_node.h"

Test(client_client, an_endpoint_is_checked_when_it_is_opened) {
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open("5000", &cache), ZCACHE_INVALID);
    cr_assert_eq(zcache_open(NULL, &cache), ZCACHE_INVALID);
    cr_assert_eq(zcache_open("tcp://127.0.0.1:5000", NULL), ZCACHE_INVALID);
    cr_assert_eq(zcache_open("tcp://no.such.host.invalid:5000", &cache), ZCACHE_UNRESOLVED);
    cr_assert_eq(zcache_open("inproc://nobody", &cache), ZCACHE_UNREACHABLE);
    cr_assert_null(cache);
    zcache_close(&cache);
    zcache_close(NULL);
}

Test(client_client, wrong_arguments_are_refused_without_a_message) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open(zc_fake_node_endpoint(node), &cache), ZCACHE_OK);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    char *large = calloc(1, ZCACHE_VALUE_MAX_CEILING + 1);
    const uint64_t long_ms = (uint64_t)ZCACHE_TTL_MAX_SECONDS * 1000 + 1;

    cr_assert_eq(zcache_get(cache, "", 0, &value), ZCACHE_INVALID);
    cr_assert_not_null(strstr(zcache_error(cache), "1 to 65535"));
    cr_assert_eq(zcache_get(cache, NULL, 3, &value), ZCACHE_INVALID);
    cr_assert_eq(zcache_delete(cache, large, ZCACHE_KEY_MAX + 1), ZCACHE_TOO_LARGE);
    cr_assert_not_null(strstr(zcache_error(cache), "65536"));
    cr_assert_eq(zcache_set(cache, "k", 1, NULL, 1, 0), ZCACHE_INVALID);
    cr_assert_eq(zcache_set(cache, "k", 1, large, ZCACHE_VALUE_MAX_CEILING + 1, 0),
                 ZCACHE_TOO_LARGE);
    cr_assert_eq(zcache_set(cache, "k", 1, "v", 1, long_ms), ZCACHE_INVALID);
    cr_assert_eq(zcache_set_typed(cache, "k", 1, "v", 1, (zcache_type)7, 0), ZCACHE_INVALID);
    cr_assert_eq(zcache_config_set(cache, "", 1), ZCACHE_INVALID);
    cr_assert_eq(zcache_config_set(cache, NULL, 1), ZCACHE_INVALID);

    cr_assert_eq(zc_fake_node_requests(node), 0);
    cr_assert_eq(zcache_ping(cache, NULL), ZCACHE_OK);
    cr_assert_str_eq(zcache_error(cache), "");
    free(large);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

/* Everything that allocates, from opening to a get. */
static zcache_status go_through(const zc_allocator_t *allocator, const char *endpoint) {
    zcache_t *cache = NULL;
    zcache_value_t value = ZCACHE_VALUE_INIT;
    zcache_status status = zc_client_open(endpoint, allocator, &cache);
    if (status == ZCACHE_OK) {
        status = zcache_set(cache, "key", 3, "value", 5, 0);
    }
    if (status == ZCACHE_OK) {
        status = zcache_get(cache, "key", 3, &value);
    }
    zc_free(allocator, value.data);
    zcache_close(&cache);
    return status;
}

Test(client_client, every_allocation_may_fail) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    for (uint64_t n = 0;; n++) {
        zc_failing_allocator_fail_after(&failing, n);
        zcache_status status = go_through(&failing.allocator, zc_fake_node_endpoint(node));
        cr_assert_eq(failing.blocks, 0);
        if (!zc_failing_allocator_stop(&failing)) {
            cr_assert_eq(status, ZCACHE_OK);
            cr_assert_geq(n, 3);
            break;
        }
        cr_assert_eq(status, ZCACHE_NO_MEMORY);
    }
    zc_fake_node_stop(&node);
}
