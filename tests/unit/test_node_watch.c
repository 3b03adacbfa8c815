/* SPDX-License-Identifier: MPL-2.0 */
/* The change stream: what is queued for whom, under which topic and with which numbers. It is read
 * back through a real SUB, so that libzmq's own filter is part of the test. */
#include <criterion/criterion.h>
#include <czmq.h>
#include <stdlib.h>
#include <string.h>

#include <zcache/watch.h>

#include "lib/client/context.h"
#include "node/watch.h"
#include "tests/support/wait.h"

static zc_ledger_t *ledger;
static zc_watch_t watch;
static zsock_t *xpub;
static zsock_t *sub;
static zc_watch_event_t event;
static char topic[2 + ZCACHE_WATCH_TOPIC_MAX];
static char body[4096];

static void setup(void) {
    const zc_origin_t origin = {{1}};
    zc_context_init();
    ledger = zc_ledger_new();
    zc_watch_init(&watch, ledger, &origin);
    xpub = zsock_new(ZMQ_XPUB);
    sub = zsock_new(ZMQ_SUB);
    int verbose = 1;
    zmq_setsockopt(zsock_resolve(xpub), ZMQ_XPUB_VERBOSE, &verbose, sizeof(verbose));
    cr_assert_eq(zmq_bind(zsock_resolve(xpub), "inproc://test-watch"), 0);
    cr_assert_eq(zmq_connect(zsock_resolve(sub), "inproc://test-watch"), 0);
    zsock_set_rcvtimeo(sub, 5000);
}

static void teardown(void) {
    zsock_destroy(&sub);
    zsock_destroy(&xpub);
    zc_watch_fini(&watch);
    zc_ledger_release(ledger);
}

TestSuite(watch, .init = setup, .fini = teardown);

static bool take_upstream(void *context) {
    bool *changed = context;
    zmq_msg_t message;
    zmq_msg_init(&message);
    bool came = zmq_msg_recv(&message, zsock_resolve(xpub), ZMQ_DONTWAIT) >= 0;
    if (came) {
        zc_slice_t bytes = zc_slice(zmq_msg_data(&message), zmq_msg_size(&message));
        *changed = zc_watch_subscription(&watch, bytes, 0);
    }
    zmq_msg_close(&message);
    return came;
}

static bool subscribe(const char *to) {
    bool changed = false;
    zmq_setsockopt(zsock_resolve(sub), ZMQ_SUBSCRIBE, to, strlen(to));
    cr_assert(zc_wait_for(take_upstream, &changed, 5000));
    return changed;
}

static bool unsubscribe(const char *from) {
    bool changed = false;
    zmq_setsockopt(zsock_resolve(sub), ZMQ_UNSUBSCRIBE, from, strlen(from));
    cr_assert(zc_wait_for(take_upstream, &changed, 5000));
    cr_assert_not(changed, "it stays for a while");
    return zc_watch_expire(&watch, ZC_WATCH_ENDING_US);
}

static void flush(void) {
    zc_watch_send(zc_watch_take(&watch), zsock_resolve(xpub));
}

static zc_effect_t change_of(zc_change_t change, const char *key, const char *value) {
    zc_effect_t effect = {.type = ZC_EFFECT_CHANGE};
    effect.change.change = change;
    effect.change.key = zc_slice_text(key);
    effect.change.value = zc_slice_text(value);
    effect.change.stamp = (zc_stamp_t){.hlc = 77, .origin = {{5}}};
    effect.change.ttl_ms = UINT64_MAX;
    return effect;
}

static void change(zc_change_t what, const char *key, const char *value) {
    zc_effect_t effect = change_of(what, key, value);
    zc_watch_change(&watch, &effect);
}

/* The next event that SUB lets through; false: there is none. */
static bool next_event(int flags) {
    void *handle = zsock_resolve(sub);
    int topic_bytes = zmq_recv(handle, topic, sizeof(topic) - 1, flags);
    if (topic_bytes < 0) {
        return false;
    }
    topic[topic_bytes] = '\0';
    int bytes = zmq_recv(handle, body, sizeof(body), 0);
    cr_assert(bytes > 0);
    cr_assert_not(zsock_rcvmore(sub));
    cr_assert_eq(zc_event_decode(zc_slice(body, (size_t)bytes), &event), ZCACHE_OK);
    return true;
}

Test(watch, subscription_is_greeted_with_the_number_before_it) {
    cr_assert(subscribe("ka"));
    change(ZC_CHANGE_SET, "ab", "1");
    change(ZC_CHANGE_SET, "b", "1");
    cr_assert_not(subscribe("ka"));
    flush();
    cr_assert(next_event(0));
    cr_assert_str_eq(topic, "ka");
    cr_assert_eq(event.change, ZC_WATCH_GREETING);
    cr_assert_eq(event.number_count, 1);
    cr_assert(event.numbers[0].prefix_bytes == 1 && event.numbers[0].number == 0);
    cr_assert(next_event(0));
    cr_assert_str_eq(topic, "kab");
    cr_assert_eq(event.change, ZCACHE_CHANGE_SET);
    cr_assert_eq(event.numbers[0].number, 1);
    cr_assert(next_event(0));
    cr_assert_eq(event.change, ZC_WATCH_GREETING);
    cr_assert_eq(event.numbers[0].number, 1);
    cr_assert_not(next_event(ZMQ_DONTWAIT));
}

Test(watch, value_goes_to_those_who_want_it) {
    subscribe("k");
    cr_assert(subscribe("va"));
    bool changes = false;
    bool values = false;
    zc_watch_wanted(&watch, &changes, &values);
    cr_assert(changes && values);
    zc_watch_send(zc_watch_take(&watch), NULL);
    change(ZC_CHANGE_SET, "abc", "value");
    flush();
    cr_assert(next_event(0));
    cr_assert_str_eq(topic, "kabc");
    cr_assert_not(event.has_value);
    cr_assert_eq(event.number_count, 2);
    cr_assert(next_event(0));
    cr_assert_str_eq(topic, "vabc");
    cr_assert(event.has_value);
    cr_assert(zc_slice_equal(event.value, zc_slice_text("value")));
    cr_assert_eq(event.stamp.hlc, 77);
}

Test(watch, clear_is_an_event_of_every_prefix_under_its_own_topic) {
    subscribe("k");
    subscribe("kab");
    zc_watch_send(zc_watch_take(&watch), NULL);
    change(ZC_CHANGE_SET, "ab", "1");
    change(ZC_CHANGE_CLEAR, "", "");
    flush();
    cr_assert(next_event(0));
    static const struct {
        const char *topic;
        uint32_t bytes;
    } expected[] = {{"k", 0}, {"kab", 2}};
    for (size_t i = 0; i < 2; i++) {
        cr_assert(next_event(0));
        cr_assert_str_eq(topic, expected[i].topic);
        cr_assert_eq(event.change, ZCACHE_CHANGE_CLEAR);
        cr_assert_eq(event.key.bytes, 0);
        cr_assert_eq(event.number_count, 1);
        cr_assert_eq(event.numbers[0].prefix_bytes, expected[i].bytes);
        cr_assert_eq(event.numbers[0].number, 2);
    }
}

Test(watch, nobody_watches_after_the_last_one_has_gone) {
    bool changes = true;
    bool values = true;
    subscribe("va");
    cr_assert(unsubscribe("va"));
    zc_watch_wanted(&watch, &changes, &values);
    cr_assert(!changes && !values);
    zc_watch_send(zc_watch_take(&watch), NULL);
    change(ZC_CHANGE_SET, "a", "1");
    cr_assert_eq(zc_watch_take(&watch), NULL);
}

Test(watch, garbage_from_below_changes_nothing) {
    cr_assert_not(zc_watch_subscription(&watch, zc_slice_text("\1x"), 0));
    cr_assert_not(zc_watch_subscription(&watch, zc_slice_text("hello"), 0));
    cr_assert_not(zc_watch_subscription(&watch, zc_slice(NULL, 0), 0));
    cr_assert_eq(zc_watch_take(&watch), NULL);
}

Test(watch, key_is_filtered_by_its_first_200_bytes) {
    char key[301];
    memset(key, 'a', 300);
    key[300] = '\0';
    subscribe("kaaa");
    zc_watch_send(zc_watch_take(&watch), NULL);
    change(ZC_CHANGE_DELETE, key, "");
    flush();
    cr_assert(next_event(0));
    cr_assert_eq(strlen(topic), 1 + ZCACHE_WATCH_TOPIC_MAX);
    cr_assert_eq(event.key.bytes, 300);
    cr_assert_eq(event.change, ZCACHE_CHANGE_DELETE);
}

Test(watch, events_beyond_the_queue_are_dropped_and_still_numbered) {
    enum { VALUE_BYTES = 1 << 20 };
    char *value = malloc(VALUE_BYTES + 1);
    memset(value, 'v', VALUE_BYTES);
    value[VALUE_BYTES] = '\0';
    subscribe("v");
    for (int i = 0; i < 80; i++) {
        change(ZC_CHANGE_SET, "key", value);
    }
    free(value);
    cr_assert(watch.events_dropped > 10);
    cr_assert(watch.queued_bytes <= ZCACHE_WATCH_QUEUE_MAX + 2 * VALUE_BYTES);
    zc_watch_send(zc_watch_take(&watch), NULL);
    change(ZC_CHANGE_SET, "key", "small");
    flush();
    cr_assert(next_event(0));
    cr_assert_eq(event.numbers[0].number, 81);
    cr_assert_eq(zc_ledger_waiting(ledger, ZC_LANE_EVENTS), 0);
}

Test(watch, prefix_beyond_the_limit_is_greeted_without_a_number) {
    char bytes[16] = "\1k";
    for (int i = 0; i < ZCACHE_WATCH_PREFIXES_MAX; i++) {
        int digits = snprintf(bytes + 2, sizeof(bytes) - 2, "%d", i);
        zc_watch_subscription(&watch, zc_slice(bytes, 2 + (size_t)digits), 0);
    }
    zc_watch_send(zc_watch_take(&watch), NULL);
    subscribe("kone too many");
    flush();
    cr_assert(next_event(0));
    cr_assert_eq(event.change, ZC_WATCH_GREETING);
    cr_assert_eq(event.number_count, 0);
}
