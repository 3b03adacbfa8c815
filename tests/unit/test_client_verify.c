/* SPDX-License-Identifier: MPL-2.0 */
/* zcache_verify at nodes of this process. What is really different needs members that break the
 * rules: tests/integration/test_verify.py has them. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/nodes.h"

static zcache_node_t *nodes[2];
static zcache_t *cache;

static void begin(void) {
    nodes[0] = zc_nodes_join(NULL);
    cr_assert_not_null(nodes[0]);
    nodes[1] = zc_nodes_join(zcache_node_endpoint(nodes[0]));
    cr_assert_not_null(nodes[1]);
    cache = zc_nodes_open(zcache_node_inproc_endpoint(nodes[0]));
    cr_assert(zc_nodes_wait_number(cache, "peers_live", 1));
}

static void end(void) {
    zcache_close(&cache);
    for (size_t i = 0; i < 2; i++) {
        zcache_node_stop(&nodes[i]);
    }
}

TestSuite(client_verify, .init = begin, .fini = end);

static bool take(void *context, const zcache_finding_t *finding) {
    zcache_finding_t *last = context;
    *last = *finding;
    return false;
}

Test(client_verify, members_that_hold_the_same_are_equal) {
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert_eq(zcache_set(cache, &i, sizeof(i), "value", 5, 0), ZCACHE_OK);
    }
    zcache_verdict_t verdict;
    zcache_finding_t found = {.name = NULL};
    cr_assert_eq(zcache_verify(cache, NULL, take, &found, &verdict), ZCACHE_OK);
    cr_assert(verdict.equal, "also while the last write is on its way");
    cr_assert_null(found.name);
    cr_assert(verdict.members == 2 && verdict.silent == 0 && verdict.keys == 0);
    cr_assert_gt(verdict.as_of_ms, 0);
    cr_assert_eq(zcache_verify(cache, NULL, NULL, NULL, &verdict), ZCACHE_OK);
    cr_assert(verdict.equal && verdict.same && verdict.entries == 1000 && verdict.digest != 0);
}

Test(client_verify, what_one_has_evicted_is_counted_and_no_difference) {
    zcache_node_options_t options;
    zc_nodes_options(&options);
    const char *join = zcache_node_endpoint(nodes[0]) + strlen("tcp://");
    options.join = &join;
    options.join_count = 1;
    options.max_memory = 20000;
    zcache_node_t *small = zc_nodes_start(&options);
    cr_assert_not_null(small);
    zcache_t *other = zc_nodes_open(zcache_node_endpoint(small));
    cr_assert(zc_nodes_wait_ready(other));
    cr_assert(zc_nodes_wait_number(cache, "peers_live", 2));
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert_eq(zcache_set(cache, &i, sizeof(i), "value", 5, 0), ZCACHE_OK);
    }
    zcache_verdict_t verdict;
    cr_assert_eq(zcache_verify(cache, NULL, NULL, NULL, &verdict), ZCACHE_OK);
    cr_assert(verdict.equal && !verdict.same);
    cr_assert_eq(verdict.evicted, 1000 - zc_nodes_number(other, "entries"));
    zcache_close(&other);
    zcache_node_stop(&small);
}

Test(client_verify, without_options_it_repairs_nothing_and_asks_all) {
    zcache_verify_options_t options;
    memset(&options, 0xff, sizeof(options));
    zcache_verify_options_init(&options);
    cr_assert(!options.repair && !options.without_gone);
    cr_assert(options.patience_ms == 0 && options.keys_max == 20);
}

Test(client_verify, a_node_that_is_not_there_cannot_be_asked) {
    zcache_close(&cache);
    cache = zc_nodes_open("tcp://127.0.0.1:1");
    zcache_set_timeout(cache, 100);
    zcache_verdict_t verdict = {.members = 77};
    cr_assert_eq(zcache_verify(cache, NULL, NULL, NULL, &verdict), ZCACHE_UNREACHABLE);
    cr_assert_eq(verdict.members, 77);
    cr_assert_gt(strlen(zcache_error(cache)), 0);
}

Test(client_verify, every_difference_has_a_word_and_a_text) {
    for (int one = ZCACHE_DIFFERENCE_SILENT; one <= ZCACHE_DIFFERENCE_VALUE; one++) {
        cr_assert_gt(strlen(zcache_difference_word((zcache_difference)one)), 3);
        cr_assert_gt(strlen(zcache_difference_text((zcache_difference)one)), 3);
    }
    cr_assert_str_eq(zcache_difference_word(ZCACHE_DIFFERENCE_VALUE), "value");
    cr_assert_str_eq(zcache_difference_word((zcache_difference)99), "");
    cr_assert_str_eq(zcache_difference_text((zcache_difference)99), "");
}
