/* SPDX-License-Identifier: MPL-2.0 */
/* The step as a whole: beginning, ending, who may say what on which way, and that it wakes when it
 * says. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/subject.h"

TestSuite(replica_replica, .fini = subject_stop);

Test(replica_replica, options_out_of_range_are_invalid) {
    zc_replica_options_t good;
    subject_options(&good);
    zc_replica_t *replica = NULL;
    zc_replica_options_t options = good;
    options.identity.origin = (zc_origin_t){{0}};
    cr_assert_eq(zc_replica_new(&options, &replica), ZCACHE_INVALID);
    options = good;
    options.settings.max_size = 0;
    cr_assert_eq(zc_replica_new(&options, &replica), ZCACHE_INVALID);
    options = good;
    options.seed_count = ZCACHE_JOINS_MAX + 1;
    cr_assert_eq(zc_replica_new(&options, &replica), ZCACHE_INVALID);
    cr_assert_null(replica);
    cr_assert_eq(subject_allocator()->requests, 0);
}

Test(replica_replica, every_allocation_of_a_new_one_may_fail) {
    zc_replica_options_t options;
    subject_options(&options);
    zc_slice_t seeds[] = {zc_slice_text("tcp://b:5000"), zc_slice_text("tcp://c:5000")};
    options.seeds = seeds;
    options.seed_count = 2;
    bool failed = true;
    uint64_t n = 0;
    for (; failed; n++) {
        zc_replica_t *replica = NULL;
        zc_failing_allocator_fail_after(subject_allocator(), n);
        zcache_status status = zc_replica_new(&options, &replica);
        failed = zc_failing_allocator_stop(subject_allocator());
        cr_assert_eq(status, failed ? ZCACHE_NO_MEMORY : ZCACHE_OK);
        cr_assert_eq(replica == NULL, failed);
        zc_replica_destroy(&replica);
        cr_assert_null(replica);
        cr_assert_eq(subject_allocator()->blocks, 0);
    }
    cr_assert_gt(n, 5);
    zc_replica_t *none = NULL;
    zc_replica_destroy(&none);
}

Test(replica_replica, options_are_copied) {
    zc_replica_options_t options;
    subject_options(&options);
    char seed[] = "tcp://b:5000";
    char name[] = "name";
    zc_slice_t seeds[] = {zc_slice_text(seed)};
    options.seeds = seeds;
    options.seed_count = 1;
    options.identity.name = zc_slice_text(name);
    subject_start(&options);
    memset(seed, 'x', sizeof seed - 1);
    memset(name, 'x', sizeof name - 1);
    seeds[0] = zc_slice(NULL, 0);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "dial 0 tcp://b:5000\nto peer 0: hello wants_members\n");
    cr_assert(zc_slice_equal(subject_replica()->identity.name, zc_slice_text("name")));
}

/* Starts a joiner of these two. */
static void start_with_seeds(const char *first, const char *second) {
    zc_replica_options_t options;
    subject_options(&options);
    zc_slice_t seeds[] = {zc_slice_text(first), zc_slice_text(second)};
    options.seeds = seeds;
    options.seed_count = 2;
    subject_start(&options);
}

Test(replica_replica, address_that_was_named_twice_is_dialled_once) {
    start_with_seeds("tcp://b:5000", "tcp://b:5000");
    subject_tick();
    cr_assert_str_eq(subject_decided(), "dial 0 tcp://b:5000\nto peer 0: hello wants_members\n");
}

Test(replica_replica, address_that_was_named_is_known_as_such_if_it_says_hello_first) {
    start_with_seeds("tcp://b:5000", "tcp://c:5000");
    zc_message_t hello = {.type = ZC_MESSAGE_HELLO};
    hello.hello.identity = subject_identity('c');
    subject_receive(subject_route(1), &hello);
    subject_tick();
    cr_assert_eq(subject_replica()->peers.count, 2);
    cr_assert(zc_peers_at(&subject_replica()->peers, 0)->seed);
    cr_assert(zc_peers_at(&subject_replica()->peers, 1)->seed);
}

Test(replica_replica, address_that_there_was_no_memory_for_is_dialled_later) {
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        start_with_seeds("tcp://b:5000", "tcp://c:5000");
        subject_fail_after(n);
        subject_tick();
        failed = subject_failed();
        subject_run_ms(SUBJECT_HEARTBEAT_MS);
        cr_assert_eq(subject_replica()->peers.count, 2, "with allocation %d failed", (int)n);
        cr_assert(zc_peers_at(&subject_replica()->peers, 0)->seed);
        cr_assert(zc_peers_at(&subject_replica()->peers, 1)->seed);
        subject_stop();
    }
    subject_start(NULL);
}

Test(replica_replica, new_one_wants_a_tick_at_once_and_then_when_something_is_due) {
    subject_start(NULL);
    cr_assert_leq(zc_replica_deadline(subject_replica()), 1000 * 1000);
    subject_tick();
    cr_assert_eq(zc_replica_deadline(subject_replica()), 1000 * 1000 + SUBJECT_HEARTBEAT_MS * 1000);
    subject_set("a", "1", 100);
    subject_tick();
    cr_assert_leq(zc_replica_deadline(subject_replica()), 1100 * 1000, "its deadline");
}

Test(replica_replica, early_tick_does_no_harm) {
    subject_start(NULL);
    subject_meet('b');
    subject_tick();
    subject_decided();
    uint64_t deadline_us = zc_replica_deadline(subject_replica());
    for (int i = 0; i < 100; i++) {
        subject_tick();
    }
    cr_assert_str_eq(subject_decided(), "");
    cr_assert_eq(zc_replica_deadline(subject_replica()), deadline_us);
}

Test(replica_replica, time_that_goes_back_stands_still) {
    subject_start(NULL);
    subject_run_ms(1000);
    zc_event_t event = {.type = ZC_EVENT_TICK, .now_us = 5};
    zc_effects_t effects;
    zc_replica_step(subject_replica(), &event, &effects);
    cr_assert_eq(subject_replica()->clock.now_us, 2000 * 1000 - 0);
}

Test(replica_replica, sweep_collects_what_has_expired) {
    subject_start(NULL);
    subject_set("a", "1", 100);
    subject_set("b", "1", 0);
    subject_run_ms(2000);
    zc_replica_view_t view;
    zc_replica_view(subject_replica(), &view);
    cr_assert_eq(view.store.entries, 1);
    cr_assert_eq(view.counters.expirations, 1);
    subject_run_ms(60000);
    zc_replica_view(subject_replica(), &view);
    cr_assert_eq(view.store.entries, 0);
}

Test(replica_replica, what_one_tick_does_not_sweep_the_next_does_at_once) {
    enum { ENTRIES = 2 * ZC_SWEEP_SLOTS };
    zc_replica_options_t options;
    subject_options(&options);
    options.settings.max_size = ENTRIES;
    subject_start(&options);
    for (int i = 0; i < ENTRIES; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(subject_set(key, "1", 5000), ZCACHE_OK);
    }
    subject_run_ms(4999);
    cr_assert_eq(subject_replica()->counters.sets, ENTRIES);
    zc_replica_view_t view;
    zc_replica_view(subject_replica(), &view);
    cr_assert_eq(view.store.entries, ENTRIES);
    zc_event_t event = {.type = ZC_EVENT_TICK, .now_us = subject_replica()->clock.now_us + 2000000};
    zc_effects_t effects;
    zc_replica_step(subject_replica(), &event, &effects);
    cr_assert_eq(zc_replica_deadline(subject_replica()), 0);
    zc_replica_view(subject_replica(), &view);
    cr_assert(view.store.entries > 0 && view.store.entries < ENTRIES);
    subject_run_ms(1);
    zc_replica_view(subject_replica(), &view);
    cr_assert_eq(view.store.entries, 0);
}

/* Key, value and record each take a block of their own, and the batch must bring all that it
 * covers. */
Test(replica_replica, message_for_which_own_writes_found_no_memory_is_lost) {
    static char large[20001];
    memset(large, 'v', sizeof large - 1);
    subject_start(NULL);
    subject_meet('b');
    for (uint64_t n = 0; n < 3; n++) {
        subject_set("a", large, 0);
        subject_decided();
        subject_fail_after(n);
        subject_batch('b', 0, subject_hlc(1 + (int64_t)n), "a=2");
        cr_assert(subject_failed());
        cr_assert_str_neq(subject_holds("a"), "2", "with allocation %d failed", (int)n);
        subject_tick();
        cr_assert_eq(strncmp(subject_decided(), "broadcast batch a=vvv", 21), 0);
    }
    subject_set("a", large, 0);
    subject_batch('b', 0, subject_hlc(9), "a=2");
    cr_assert_str_eq(subject_holds("a"), "2");
}

Test(replica_replica, leaving_without_memory_is_leaving_all_the_same) {
    subject_start(NULL);
    subject_meet('b');
    subject_set("a", "1", 0);
    zc_event_t event = {.type = ZC_EVENT_LEAVE};
    subject_fail_after(0);
    subject_step(&event);
    cr_assert(subject_failed());
    cr_assert_str_eq(subject_decided(), "broadcast goodbye\n");
    subject_tick();
    cr_assert_str_eq(subject_decided(), "");
}

Test(replica_replica, leaving_sends_what_was_not_sent_and_says_goodbye_last) {
    subject_start(NULL);
    subject_meet('b');
    subject_set("a", "1", 0);
    zc_event_t event = {.type = ZC_EVENT_LEAVE};
    subject_step(&event);
    cr_assert_str_eq(subject_decided(), "broadcast batch a=1\nbroadcast goodbye\n");
    subject_tick();
    subject_set("b", "2", 0);
    subject_step(&event);
    cr_assert_str_eq(subject_decided(), "", "it has left");
}

/* Whether the message was counted as malformed on this way. */
static bool is_refused(zc_link_type_t link, zc_message_type_t type) {
    zc_message_t message = {.type = type};
    uint64_t before = subject_counters().malformed;
    zc_identity_t identity = subject_identity('x');
    zc_origin_t origin = subject_origin('x');
    switch (type) {
    case ZC_MESSAGE_HELLO:
        message.hello.identity = identity;
        break;
    case ZC_MESSAGE_WELCOME:
        message.welcome = subject_welcome('b', false).welcome;
        break;
    case ZC_MESSAGE_BATCH:
        message.batch = (zc_batch_t){.origin = origin, .prev = 1, .last = 2};
        break;
    case ZC_MESSAGE_HEARTBEAT:
        message.heartbeat.origin = origin;
        break;
    case ZC_MESSAGE_TOUCH:
        message.touch.origin = origin;
        break;
    case ZC_MESSAGE_REGISTERS:
        message.registers.registers = subject_replica()->registers;
        break;
    case ZC_MESSAGE_SYNC_ASK:
        message.sync_ask.registers = subject_replica()->registers;
        break;
    case ZC_MESSAGE_SYNC_END:
        message = subject_end(1, 0);
        break;
    case ZC_MESSAGE_READ:
        message.read.key = zc_slice_text("k");
        break;
    case ZC_MESSAGE_REFUSED:
        message.refused.reason = ZC_REFUSED_FULL;
        break;
    case ZC_MESSAGE_GOODBYE:
    case ZC_MESSAGE_PING:
    case ZC_MESSAGE_PONG:
    case ZC_MESSAGE_MEMBERS_ASK:
    case ZC_MESSAGE_MEMBERS:
    case ZC_MESSAGE_SYNC_CHUNK:
    case ZC_MESSAGE_SYNC_CREDIT:
    case ZC_MESSAGE_READ_ANSWER:
        break;
    }
    subject_receive((zc_link_t){.type = link, .number = 0}, &message);
    return subject_counters().malformed > before;
}

Test(replica_replica, every_message_has_one_way_on_which_it_comes) {
    subject_start(NULL);
    subject_meet('b');
    static const zc_message_type_t types[] = {
        ZC_MESSAGE_BATCH,       ZC_MESSAGE_HEARTBEAT,   ZC_MESSAGE_TOUCH,    ZC_MESSAGE_REGISTERS,
        ZC_MESSAGE_GOODBYE,     ZC_MESSAGE_HELLO,       ZC_MESSAGE_WELCOME,  ZC_MESSAGE_PING,
        ZC_MESSAGE_PONG,        ZC_MESSAGE_MEMBERS_ASK, ZC_MESSAGE_MEMBERS,  ZC_MESSAGE_SYNC_ASK,
        ZC_MESSAGE_SYNC_CHUNK,  ZC_MESSAGE_SYNC_CREDIT, ZC_MESSAGE_SYNC_END, ZC_MESSAGE_READ,
        ZC_MESSAGE_READ_ANSWER, ZC_MESSAGE_REFUSED,
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        zc_message_type_t type = types[i];
        bool broadcast = type < ZC_MESSAGE_HELLO;
        bool request = !broadcast && type % 2 == 0;
        cr_assert_eq(is_refused(ZC_LINK_BROADCAST, type), !broadcast, "%s", zc_message_name(type));
        cr_assert_eq(is_refused(ZC_LINK_ROUTE, type), !request, "%s", zc_message_name(type));
        cr_assert_eq(is_refused(ZC_LINK_PEER, type), broadcast || request, "%s",
                     zc_message_name(type));
    }
}

Test(replica_replica, answer_on_a_connection_that_is_no_more_is_ignored) {
    subject_start(NULL);
    zc_message_t message = subject_welcome('b', false);
    subject_receive(subject_peer(5), &message);
    subject_receive((zc_link_t){.type = ZC_LINK_PEER, .number = UINT64_MAX}, &message);
    cr_assert_str_eq(subject_decided(), "");
    cr_assert_eq(subject_replica()->peers.count, 0);
}
