/* SPDX-License-Identifier: MPL-2.0 */
/* Effects: a list of its own for each step; what they point to stays until the next step, also when
 * the store or the table of peers changes within the step. */
#include <criterion/criterion.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start(NULL);
}

TestSuite(replica_effects, .init = start, .fini = subject_stop);

static void watch(bool changes, bool values) {
    zc_event_t event = {.type = ZC_EVENT_WATCH};
    event.watch.changes = changes;
    event.watch.values = values;
    subject_step(&event);
}

Test(replica_effects, changes_are_told_while_somebody_watches) {
    subject_set("a", "1", 0);
    cr_assert_str_eq(subject_decided(), "");
    watch(true, false);
    subject_set("a", "2", 0);
    cr_assert_str_eq(subject_decided(), "change set a\n");
    watch(true, true);
    subject_set("a", "3", 0);
    cr_assert_str_eq(subject_decided(), "change set a=3\n");
    subject_delete("a");
    cr_assert_str_eq(subject_decided(), "change delete a\n");
    watch(false, true);
    subject_set("a", "4", 0);
    cr_assert_str_eq(subject_decided(), "");
}

Test(replica_effects, several_changes_of_a_step_are_told_in_their_order) {
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text("max_size");
    event.configure.number = 2;
    subject_step(&event);
    subject_set("a", "1", 0);
    subject_set("b", "2", 0);
    watch(true, true);
    subject_decided();
    subject_set("c", "3", 0);
    cr_assert_str_eq(subject_decided(), "change set c=3\nchange evict a\n");
    zc_event_t clear = {.type = ZC_EVENT_WRITE};
    clear.write.type = ZC_WRITE_CLEAR;
    subject_step(&clear);
    cr_assert_str_eq(subject_decided(), "change clear \n");
}

Test(replica_effects, change_tells_stamp_origin_and_what_is_left_of_the_ttl) {
    watch(true, false);
    zc_event_t event = {.type = ZC_EVENT_WRITE, .now_us = 1000 * 1000};
    event.write.type = ZC_WRITE_SET;
    event.write.key = zc_slice_text("a");
    event.write.value = zc_slice_text("1");
    event.write.ttl_ms = 5000;
    zc_effects_t effects;
    cr_assert_eq(zc_replica_step(subject_replica(), &event, &effects), ZCACHE_OK);
    cr_assert_eq(effects.count, 1);
    const zc_effect_t *effect = &effects.effects[0];
    cr_assert_eq(effect->change.ttl_ms, 5000);
    cr_assert_eq(effect->change.stamp.hlc, subject_hlc(0));
    zc_origin_t self = subject_origin('s');
    cr_assert(zc_origin_equal(&effect->change.stamp.origin, &self));
    event.write.ttl_ms = 0;
    cr_assert_eq(zc_replica_step(subject_replica(), &event, &effects), ZCACHE_OK);
    cr_assert_eq(effects.effects[0].change.ttl_ms, UINT64_MAX);
}

Test(replica_effects, step_begins_with_an_empty_list) {
    subject_set("a", "1", 0);
    subject_meet('b');
    subject_tick();
    cr_assert_str_neq(subject_decided(), "");
    zc_event_t event = {.type = ZC_EVENT_WATCH};
    subject_step(&event);
    cr_assert_str_eq(subject_decided(), "");
}

Test(replica_effects, texts_of_a_peer_that_is_forgotten_in_the_same_step_stay) {
    subject_meet('b');
    zc_message_t goodbye = {.type = ZC_MESSAGE_GOODBYE};
    goodbye.goodbye.origin = subject_origin('b');
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &goodbye);
    cr_assert_str_eq(subject_decided(), "notice left b\nhang_up 0\n");
}

Test(replica_effects, endpoints_end_in_a_nul) {
    zc_message_t hello = {.type = ZC_MESSAGE_HELLO};
    hello.hello.identity = subject_identity('b');
    zc_event_t event = {.type = ZC_EVENT_MESSAGE, .now_us = 1000 * 1000};
    event.message.from = subject_route(1);
    event.message.message = &hello;
    zc_effects_t effects;
    zc_replica_step(subject_replica(), &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.effects[i].type == ZC_EFFECT_DIAL) {
            cr_assert_str_eq(effects.effects[i].dial.endpoint.data, "tcp://b:5000");
            return;
        }
    }
    cr_assert_fail("it is dialled");
}

Test(replica_effects, effect_without_memory_is_lost_and_no_more) {
    watch(true, true);
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        subject_fail_after(n);
        zcache_status status = subject_set("a", "1", 0);
        failed = subject_failed();
        cr_assert(status == ZCACHE_OK || failed);
        const char *decided = subject_decided();
        cr_assert_str_eq(decided, failed ? "" : "change set a=1\n");
    }
    cr_assert_str_eq(subject_holds("a"), "1");
}

/* -- One effect, outside of a step ----------------------------------------- */

static const zc_message_t ping = {.type = ZC_MESSAGE_PING};

static void broadcast_it(void) {
    zc_effect_broadcast(subject_replica(), &ping);
}

static void send_it(void) {
    zc_effect_send(subject_replica(), subject_route(1), &ping);
}

static void dial_it(void) {
    zc_effect_dial(subject_replica(), ZC_EFFECT_DIAL, zc_peers_at(&subject_replica()->peers, 0));
}

static void tell_of_it(void) {
    zc_effect_notice(subject_replica(), ZC_NOTICE_PEER_LIVE,
                     zc_peers_at(&subject_replica()->peers, 0), 0);
}

static void change_it(void) {
    zc_store_item_t item = {.hlc = 1, .key = zc_slice_text("k"), .value = zc_slice_text("v")};
    zc_effect_change(subject_replica(), ZC_CHANGE_SET, &item);
}

typedef void act_fn(void);

Test(replica_effects, each_effect_is_whole_or_lost) {
    static act_fn *const acts[] = {broadcast_it, send_it, dial_it, tell_of_it, change_it};
    subject_meet('b');
    watch(true, true);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        bool failed = true;
        uint64_t n = 0;
        for (; failed; n++) {
            subject_fail_after(n);
            acts[i]();
            failed = subject_failed();
            cr_assert_eq(subject_replica()->effect_count, failed ? 0 : 1, "effect %zu", i);
        }
        cr_assert_gt(n, 1, "effect %zu takes memory", i);
    }
}

/* There is room for the first of two texts, and not for the second. */
Test(replica_effects, effect_of_two_texts_has_both_or_is_lost) {
    enum { BLOCK_BYTES = 16 * 1024, ONE_TEXT = 16 };
    static act_fn *const acts[] = {tell_of_it, change_it};
    subject_meet('b');
    watch(true, true);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        subject_fail_after(UINT64_MAX);
        zc_arena_take(&subject_replica()->arena, BLOCK_BYTES - ONE_TEXT);
        zc_failing_allocator_fail_after(subject_allocator(), 0);
        acts[i]();
        cr_assert(subject_failed(), "effect %zu", i);
        cr_assert_eq(subject_replica()->effect_count, 0);
        acts[i]();
        cr_assert_eq(subject_replica()->effect_count, 1);
    }
}
