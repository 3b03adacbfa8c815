/* SPDX-License-Identifier: MPL-2.0 */
/* Effects on real sockets: what a joining node asks of its donor. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/nodes.h"

enum { ENTRIES = 20000, VALUE_BYTES = 1000 };

static zcache_node_options_t options;
static zcache_node_t *donor;
static const char *join;

static size_t make_key(unsigned number, char key[16]) {
    return (size_t)snprintf(key, 16, "key %u", number % ENTRIES);
}

static void setup(void) {
    static const char value[VALUE_BYTES];
    zc_nodes_options(&options);
    options.max_size = ENTRIES;
    donor = zc_nodes_start(&options);
    cr_assert_not_null(donor);
    zcache_t *cache = zc_nodes_open(zcache_node_inproc_endpoint(donor));
    for (unsigned i = 0; i < ENTRIES; i++) {
        char key[16];
        size_t key_bytes = make_key(i, key);
        cr_assert_eq(zcache_set(cache, key, key_bytes, value, sizeof(value), 0), ZCACHE_OK);
    }
    zcache_close(&cache);
    join = zcache_node_endpoint(donor) + strlen("tcp://");
    options.join = &join;
    options.join_count = 1;
}

static void teardown(void) {
    zcache_node_stop(&donor);
}

TestSuite(perform, .init = setup, .fini = teardown);

/* Reads from the first moment on until the node is ready; `batched`: many keys in one request. */
static void expect_no_false_miss(const char *endpoint, bool batched) {
    zcache_t *cache = zc_nodes_open(endpoint);
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    bool ready = false;
    for (unsigned i = 0; !ready; i += 50) {
        zcache_batch_reset(batch);
        for (unsigned j = 0; j < 50; j++) {
            char key[16];
            size_t key_bytes = make_key((i + j) * 7919, key);
            zcache_value_t value = ZCACHE_VALUE_INIT;
            if (batched) {
                cr_assert_eq(zcache_batch_get(batch, key, key_bytes), ZCACHE_OK);
            } else {
                cr_assert_eq(zcache_get(cache, key, key_bytes, &value), ZCACHE_OK);
                cr_assert_eq(value.size, VALUE_BYTES);
            }
            zcache_value_fini(&value);
        }
        if (batched) {
            cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
            cr_assert_eq(zcache_batch_wait(batch), ZCACHE_OK);
        }
        for (size_t j = 0; j < zcache_batch_count(batch); j++) {
            cr_assert_eq(zcache_batch_result(batch, j, NULL, NULL, NULL), ZCACHE_OK);
        }
        cr_assert_eq(zcache_ping(cache, &ready), ZCACHE_OK);
    }
    cr_assert(zc_nodes_number(cache, "reads_through") > 0);
    zcache_batch_destroy(&batch);
    zcache_close(&cache);
}

Test(perform, no_miss_is_false_while_joining_in_process) {
    zcache_node_t *node = zc_nodes_start(&options);
    expect_no_false_miss(zcache_node_inproc_endpoint(node), false);
    zcache_node_stop(&node);
}

Test(perform, no_miss_is_false_while_joining_over_tcp) {
    zcache_node_t *node = zc_nodes_start(&options);
    expect_no_false_miss(zcache_node_endpoint(node), true);
    zcache_node_stop(&node);
}

Test(perform, reads_of_a_node_that_stops_while_joining_are_answered) {
    zcache_node_t *node = zc_nodes_start(&options);
    zcache_t *cache = zc_nodes_open(zcache_node_endpoint(node));
    zcache_batch_t *batch = NULL;
    cr_assert_eq(zcache_batch_new(cache, &batch), ZCACHE_OK);
    cr_assert_eq(zcache_batch_get(batch, "nobody has it", 13), ZCACHE_OK);
    cr_assert_eq(zcache_batch_send(batch), ZCACHE_OK);
    zcache_node_stop(&node);
    /* Whatever it is, it comes: a miss, stopped, or that the node was gone before it was asked. */
    zcache_set_timeout(cache, 2000);
    cr_assert_neq(zcache_batch_wait(batch), ZCACHE_MALFORMED);
    zcache_batch_destroy(&batch);
    zcache_close(&cache);
}
