/* SPDX-License-Identifier: MPL-2.0 */
/* Watchers: greetings, numbers, losses. */
#include <zcache/watch.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lib/client/client.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/fake_node.h"

TestSuite(client_watch, .timeout = 60);

enum { LONG_MS = 20000 };

/* Publishes an event of a key, as number `number` of the prefix of that many bytes. */
static void publish(zc_fake_node_t *node, const char *topic, const char *key, zcache_change change,
                    uint32_t prefix_bytes, uint64_t number) {
    zc_watch_event_t event = {.change = (uint8_t)change,
                              .key = zc_slice_text(key),
                              .has_value = topic[0] == 'v' && change == ZCACHE_CHANGE_SET,
                              .value = zc_slice_text("value"),
                              .stamp = {.hlc = 5, .origin = {{9}}},
                              .ttl_ms = UINT64_MAX,
                              .number_count = 1,
                              .numbers = {{prefix_bytes, number}}};
    zc_fake_node_publish(node, zc_slice_text(topic), &event);
}

static void assert_next(zcache_watch_t *watch, const char *key, uint64_t number, uint64_t lost) {
    zcache_event_t event;
    cr_assert_eq(zcache_watch_next(watch, LONG_MS, &event), ZCACHE_OK);
    cr_assert_eq(event.key_size, strlen(key));
    cr_assert_eq(memcmp(event.key, key, event.key_size), 0);
    cr_assert_eq(event.number, number);
    cr_assert_eq(event.lost, lost);
}

Test(client_watch, events_are_shown_whole_and_counted_from_the_greeting) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zc_fake_node_set_greeting(node, 40);
    zcache_watch_t *watch = NULL;
    cr_assert_eq(zcache_watch_open(zc_fake_node_endpoint(node), "ab", 2, true, LONG_MS, &watch),
                 ZCACHE_OK);
    publish(node, "vabc", "abc", ZCACHE_CHANGE_SET, 2, 41);
    zcache_event_t event;
    cr_assert_eq(zcache_watch_next(watch, LONG_MS, &event), ZCACHE_OK);
    cr_assert_eq(event.change, ZCACHE_CHANGE_SET);
    cr_assert_eq(event.key_size, 3);
    cr_assert_arr_eq(event.key, "abc", 3);
    cr_assert_eq(event.value_size, 5);
    cr_assert_arr_eq(event.value, "value", 5);
    cr_assert_eq(event.hlc, 5);
    cr_assert_eq(event.origin[0], 9);
    cr_assert_eq(event.ttl_ms, UINT64_MAX);
    cr_assert_eq(event.number, 41);
    cr_assert_eq(event.lost, 0);
    publish(node, "vabd", "abd", ZCACHE_CHANGE_DELETE, 2, 42);
    cr_assert_eq(zcache_watch_next(watch, LONG_MS, &event), ZCACHE_OK);
    cr_assert_eq(event.change, ZCACHE_CHANGE_DELETE);
    cr_assert_null(event.value);
    cr_assert_eq(zcache_watch_next(watch, 20, &event), ZCACHE_TIMEOUT);
    zcache_watch_close(&watch);
    zcache_watch_close(&watch);
    zcache_watch_close(NULL);
    zc_fake_node_stop(&node);
}

Test(client_watch, losses_are_told_and_a_number_that_goes_back_begins_anew) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_watch_t *watch = NULL;
    cr_assert_eq(zcache_watch_open(zc_fake_node_endpoint(node), NULL, 0, false, LONG_MS, &watch),
                 ZCACHE_OK);
    publish(node, "ka", "a", ZCACHE_CHANGE_SET, 0, 1);
    publish(node, "kb", "b", ZCACHE_CHANGE_SET, 0, 5);
    publish(node, "kc", "c", ZCACHE_CHANGE_SET, 0, 6);
    publish(node, "kd", "d", ZCACHE_CHANGE_SET, 0, 2);
    publish(node, "ke", "e", ZCACHE_CHANGE_SET, 0, 4);
    assert_next(watch, "a", 1, 0);
    assert_next(watch, "b", 5, 3);
    assert_next(watch, "c", 6, 0);
    assert_next(watch, "d", 2, 0);
    assert_next(watch, "e", 4, 1);
    zcache_watch_close(&watch);
    zc_fake_node_stop(&node);
}

/* A greeting, as another watcher of the same prefix makes the node send it. */
static void greet(zc_fake_node_t *node, const char *topic, uint32_t prefix_bytes, uint64_t number) {
    zc_watch_event_t event = {.change = ZC_WATCH_GREETING,
                              .stamp = {.hlc = 1, .origin = {{9}}},
                              .ttl_ms = UINT64_MAX,
                              .number_count = 1,
                              .numbers = {{prefix_bytes, number}}};
    zc_fake_node_publish(node, zc_slice_text(topic), &event);
}

Test(client_watch, later_greetings_tell_what_was_lost) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_watch_t *watch = NULL;
    cr_assert_eq(zcache_watch_open(zc_fake_node_endpoint(node), "a", 1, false, LONG_MS, &watch),
                 ZCACHE_OK);
    publish(node, "ka", "a", ZCACHE_CHANGE_SET, 1, 1);
    greet(node, "ka", 1, 1);
    greet(node, "kaa", 2, 70); /* of a longer prefix: not for us */
    greet(node, "ka", 1, 4);
    publish(node, "ka", "a", ZCACHE_CHANGE_SET, 1, 7);
    greet(node, "ka", 1, 0); /* the node was started anew */
    publish(node, "ka", "a", ZCACHE_CHANGE_SET, 1, 1);
    assert_next(watch, "a", 1, 0);
    assert_next(watch, "a", 7, 5);
    assert_next(watch, "a", 1, 0);
    zcache_watch_close(&watch);
    zc_fake_node_stop(&node);
}

Test(client_watch, only_what_is_meant_for_the_prefix_is_shown) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    char prefix[251];
    memset(prefix, 'p', 250);
    prefix[250] = '\0';
    zcache_watch_t *watch = NULL;
    cr_assert_eq(
        zcache_watch_open(zc_fake_node_endpoint(node), prefix, 250, false, LONG_MS, &watch),
        ZCACHE_OK);
    char topic[202];
    snprintf(topic, sizeof(topic), "k%.200s", prefix);
    char other[260];
    snprintf(other, sizeof(other), "%.249sx", prefix);
    char ours[260];
    snprintf(ours, sizeof(ours), "%sx", prefix);
    /* Another key with the same 200 bytes counts, but is not shown; one without our number is
     * neither. */
    publish(node, topic, other, ZCACHE_CHANGE_SET, 200, 1);
    publish(node, topic, ours, ZCACHE_CHANGE_SET, 3, 9);
    publish(node, topic, ours, ZCACHE_CHANGE_SET, 200, 2);
    assert_next(watch, ours, 2, 0);
    publish(node, topic, "", ZCACHE_CHANGE_CLEAR, 200, 3);
    zcache_event_t event;
    cr_assert_eq(zcache_watch_next(watch, LONG_MS, &event), ZCACHE_OK);
    cr_assert_eq(event.change, ZCACHE_CHANGE_CLEAR);
    cr_assert_eq(event.key_size, 0);
    zcache_watch_close(&watch);
    zc_fake_node_stop(&node);
}

Test(client_watch, bytes_that_are_no_event_are_told_and_dropped) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_watch_t *watch = NULL;
    cr_assert_eq(zcache_watch_open(zc_fake_node_endpoint(node), NULL, 0, false, LONG_MS, &watch),
                 ZCACHE_OK);
    zc_fake_node_publish(node, zc_slice_text("kx"), NULL);
    publish(node, "ka", "a", ZCACHE_CHANGE_SET, 0, 1);
    zcache_event_t event;
    cr_assert_eq(zcache_watch_next(watch, LONG_MS, &event), ZCACHE_MALFORMED);
    assert_next(watch, "a", 1, 0);
    zcache_watch_close(&watch);
    zc_fake_node_stop(&node);
}

Test(client_watch, without_a_greeting_it_is_not_open) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    const char *endpoint = zc_fake_node_endpoint(node);
    zcache_watch_t *watch = NULL;
    zc_fake_node_set_greeting(node, -1);
    cr_assert_eq(zcache_watch_open(endpoint, NULL, 0, false, 200, &watch), ZCACHE_TIMEOUT);
    zc_fake_node_set_greeting(node, UINT32_MAX);
    cr_assert_eq(zcache_watch_open(endpoint, NULL, 0, false, LONG_MS, &watch), ZCACHE_BUSY);
    zc_fake_node_set_watch_endpoint(node, "inproc://elsewhere");
    cr_assert_eq(zcache_watch_open(endpoint, NULL, 0, false, LONG_MS, &watch), ZCACHE_INCOMPATIBLE);
    zc_fake_node_stop(&node);
    cr_assert_eq(zcache_watch_open("tcp://nonsense", NULL, 0, false, 100, &watch), ZCACHE_INVALID);
    cr_assert_eq(zcache_watch_open("tcp://127.0.0.1:9", NULL, 3, false, 100, &watch),
                 ZCACHE_INVALID);
    cr_assert_eq(
        zcache_watch_open("tcp://127.0.0.1:9", "p", ZCACHE_KEY_MAX + 1, false, 100, &watch),
        ZCACHE_TOO_LARGE);
    cr_assert_eq(zcache_watch_open("tcp://127.0.0.1:9", NULL, 0, false, 100, &watch),
                 ZCACHE_UNREACHABLE);
    cr_assert_null(watch);
}

Test(client_watch, every_allocation_may_fail) {
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    for (uint64_t n = 0;; n++) {
        zcache_watch_t *watch = NULL;
        zc_failing_allocator_fail_after(&failing, n);
        zcache_status status = zc_client_watch(zc_fake_node_endpoint(node), zc_slice("p", 1), false,
                                               LONG_MS, &failing.allocator, &watch);
        zcache_watch_close(&watch);
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

Test(client_watch, changes_have_names) {
    cr_assert_str_eq(zcache_change_text(ZCACHE_CHANGE_SET), "set");
    cr_assert_str_eq(zcache_change_text(ZCACHE_CHANGE_DELETE), "delete");
    cr_assert_str_eq(zcache_change_text(ZCACHE_CHANGE_CLEAR), "clear");
    cr_assert_str_eq(zcache_change_text(ZCACHE_CHANGE_EXPIRE), "expire");
    cr_assert_str_eq(zcache_change_text(ZCACHE_CHANGE_EVICT), "evict");
    cr_assert_not_null(zcache_change_text((zcache_change)99));
}
