/* SPDX-License-Identifier: MPL-2.0 */
/* Starting and stopping nodes through the public API. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/support/nodes.h"

static zcache_node_options_t options;

static void setup(void) {
    zc_nodes_options(&options);
}

TestSuite(node, .init = setup);

static double now_s(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

Test(node, three_lines_give_a_warm_copy) {
    zcache_node_t *node = zc_nodes_start(&options);
    cr_assert_not_null(node);
    cr_assert_str_eq(zcache_node_start_error(), "");
    zcache_t *cache = zc_nodes_open(zcache_node_inproc_endpoint(node));
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_set(cache, "key", 3, "value", 5, 0), ZCACHE_OK);
    cr_assert_eq(zcache_get(cache, "key", 3, &value), ZCACHE_OK);
    cr_assert(value.size == 5 && memcmp(value.data, "value", 5) == 0);
    zcache_value_fini(&value);
    zcache_close(&cache);
    zcache_node_stop(&node);
    cr_assert_eq(node, NULL);
    zcache_node_stop(&node);
    zcache_node_stop(NULL);
}

Test(node, failed_start_leaves_the_pointer_and_tells_why) {
    zcache_node_t *node = (zcache_node_t *)&options;
    options.max_size = 0;
    cr_assert_eq(zcache_node_start(&options, &node), ZCACHE_INVALID);
    cr_assert_eq(node, (zcache_node_t *)&options);
    cr_assert(strstr(zcache_node_start_error(), "max_size 0") != NULL);
}

Test(node, process_without_descriptors_is_refused_and_told_why) {
    zcache_node_t *node = NULL;
    const struct rlimit few = {.rlim_cur = 30, .rlim_max = 30};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    cr_assert_eq(zcache_node_start(&options, &node), ZCACHE_SYSTEM);
    cr_assert(strstr(zcache_node_start_error(), "descriptors") != NULL);
    cr_assert(strstr(zcache_node_start_error(), "30") != NULL);
    cr_assert_eq(node, NULL);
}

Test(node, port_of_another_node_is_in_use) {
    zcache_node_t *node = zc_nodes_start(&options);
    zcache_node_t *second = NULL;
    options.port = zc_nodes_port(node);
    cr_assert_eq(zcache_node_start(&options, &second), ZCACHE_IN_USE);
    cr_assert(strstr(zcache_node_start_error(), strrchr(zcache_node_endpoint(node), ':') + 1) !=
              NULL);
    zcache_node_stop(&node);
    /* And is free again as soon as that one has stopped. */
    cr_assert_eq(zcache_node_start(&options, &second), ZCACHE_OK, "%s", zcache_node_start_error());
    zcache_node_stop(&second);
}

Test(node, inproc_name_can_be_chosen_and_is_free_again_after_stop) {
    options.inproc_name = "chosen";
    for (int i = 0; i < 5; i++) {
        zcache_node_t *node = zc_nodes_start(&options);
        cr_assert_not_null(node);
        cr_assert_str_eq(zcache_node_inproc_endpoint(node), "inproc://chosen");
        zcache_node_stop(&node);
    }
}

/* What libzmq gives up in its own time is not in the way of the next node. */
Test(node, can_be_started_again_at_once_however_often) {
    enum { TIMES = 200 };
    for (int i = 0; i < TIMES; i++) {
        zcache_node_t *node = NULL;
        cr_assert_eq(zcache_node_start(&options, &node), ZCACHE_OK, "start %d: %s", i,
                     zcache_node_start_error());
        zcache_node_stop(&node);
    }
}

Test(node, clients_of_a_stopped_node_get_stopped) {
    zcache_node_t *node = zc_nodes_start(&options);
    zcache_t *cache = zc_nodes_open(zcache_node_inproc_endpoint(node));
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_set(cache, "key", 3, "value", 5, 0), ZCACHE_OK);
    zcache_node_stop(&node);
    cr_assert_eq(zcache_get(cache, "key", 3, &value), ZCACHE_STOPPED);
    cr_assert_eq(zcache_set(cache, "key", 3, "value", 5, 0), ZCACHE_STOPPED);
    cr_assert_eq(zcache_delete(cache, "key", 3), ZCACHE_STOPPED);
    cr_assert_eq(zcache_clear(cache), ZCACHE_STOPPED);
    zcache_close(&cache);
}

static zc_nodes_log_t lines;

Test(node, join_to_nothing_serves_alone_and_says_so) {
    const char *join = "127.0.0.1:1";
    options.join = &join;
    options.join_count = 1;
    options.log = zc_nodes_collect;
    options.log_context = &lines;
    zcache_node_t *node = zc_nodes_start(&options);
    zcache_t *cache = zc_nodes_open(zcache_node_endpoint(node));
    cr_assert(zc_nodes_wait_ready(cache));
    cr_assert_eq(zcache_set(cache, "key", 3, "value", 5, 0), ZCACHE_OK);
    zcache_close(&cache);
    zcache_node_stop(&node);
    cr_assert(strstr(lines.text, "tcp://127.0.0.1:1, serving alone") != NULL, "%s", lines.text);
}

Test(node, settings_of_the_mesh_are_adopted_and_said) {
    zcache_node_t *first = zc_nodes_join(NULL);
    const char *join = zcache_node_endpoint(first) + strlen("tcp://");
    options.join = &join;
    options.join_count = 1;
    options.max_size = 55;
    options.log = zc_nodes_collect;
    options.log_context = &lines;
    zcache_node_t *second = zc_nodes_start(&options);
    zcache_t *cache = zc_nodes_open(zcache_node_endpoint(second));
    cr_assert(zc_nodes_wait_ready(cache));
    cr_assert_eq(zc_nodes_number(cache, "max_size"), 10000);
    zcache_close(&cache);
    zcache_node_stop(&second);
    zcache_node_stop(&first);
    cr_assert(strstr(lines.text, "max_size is 55 here, the mesh has 10000: taken over") != NULL,
              "%s", lines.text);
    cr_assert(strstr(lines.text, "joined the mesh") != NULL, "%s", lines.text);
}

Test(node, goodbye_reaches_the_others_each_time) {
    options.log = zc_nodes_collect;
    options.log_context = &lines;
    zcache_node_t *first = zc_nodes_start(&options);
    zcache_t *cache = zc_nodes_open(zcache_node_endpoint(first));
    for (int i = 0; i < 10; i++) {
        zcache_node_t *second = zc_nodes_join(zcache_node_endpoint(first));
        cr_assert_not_null(second);
        cr_assert(zc_nodes_wait_number(cache, "peers_live", 1));
        double began_s = now_s();
        zcache_node_stop(&second);
        cr_assert(now_s() - began_s < 2);
        /* Known as gone by its word, long before twenty heartbeats are missed. */
        while (zc_nodes_number(cache, "peers_live") > 0 && now_s() - began_s < 0.8) {
        }
        cr_assert_eq(zc_nodes_number(cache, "peers_live"), 0);
    }
    zcache_close(&cache);
    zcache_node_stop(&first);
    cr_assert(strstr(lines.text, "said goodbye") != NULL, "%s", lines.text);
    cr_assert_eq(strstr(lines.text, "is gone"), NULL, "%s", lines.text);
}

static volatile sig_atomic_t caught;

static void catch_signal(int number) {
    caught = number;
}

Test(node, signals_stay_the_programs_own) {
    signal(SIGTERM, catch_signal);
    zcache_node_t *node = zc_nodes_start(&options);
    zcache_t *cache = zc_nodes_open(zcache_node_endpoint(node));
    raise(SIGTERM);
    cr_assert_eq(caught, SIGTERM);
    cr_assert_eq(zcache_set(cache, "key", 3, "value", 5, 0), ZCACHE_OK);
    zcache_close(&cache);
    zcache_node_stop(&node);
}

Test(node, wildcard_tells_others_an_address_that_can_be_dialled) {
    options.host = "0.0.0.0";
    options.advertise = "127.0.0.1";
    zcache_node_t *node = zc_nodes_start(&options);
    cr_assert_eq(strncmp(zcache_node_endpoint(node), "tcp://0.0.0.0:", 14), 0);
    char told[256];
    char dialled[64];
    snprintf(dialled, sizeof(dialled), "tcp://127.0.0.1:%s", zcache_node_endpoint(node) + 14);
    zcache_t *cache = zc_nodes_open(dialled);
    zc_nodes_text(cache, "endpoint", told);
    cr_assert_str_eq(told, dialled);
    zcache_close(&cache);
    zcache_node_stop(&node);
}
