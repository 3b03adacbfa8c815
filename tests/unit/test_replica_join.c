/* SPDX-License-Identifier: MPL-2.0 */
/* From start to the first complete transfer (M1, M4, S1). The subject joins at tcp://b:5000. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start_joining();
    subject_tick();
}

TestSuite(replica_join, .init = start, .fini = subject_stop);

static void welcome(char letter, const char *members) {
    zc_member_t list[8];
    zc_message_t message = subject_welcome(letter, false);
    for (const char *member = members; *member != '\0'; member++) {
        list[message.welcome.members.count++] = (zc_member_t){
            .origin = subject_origin(*member), .endpoint = subject_identity(*member).endpoint};
    }
    message.welcome.members.members = list;
    const zc_peer_t *peer =
        zc_peers_dialling(&subject_replica()->peers, subject_identity(letter).endpoint);
    subject_receive(subject_peer(peer->number), &message);
}

/* Until it has asked for everything. */
static uint64_t ask(void) {
    welcome('b', "sb");
    subject_heartbeat('b', 0);
    subject_run_ms(1);
    cr_assert_not_null(strstr(subject_decided(), "to peer 0: sync_ask replace\n"));
    return subject_session();
}

static zcache_status read_key(const char *key, uint64_t token) {
    zc_event_t event = {.type = ZC_EVENT_READ};
    event.read.token = token;
    event.read.key = zc_slice_text(key);
    return subject_step(&event);
}

Test(replica_join, seeds_are_dialled_at_the_first_tick) {
    cr_assert_str_eq(subject_decided(), "dial 0 tcp://b:5000\nto peer 0: hello wants_members\n");
    cr_assert(subject_replica()->joining);
}

Test(replica_join, members_are_wanted_of_the_seeds_alone) {
    subject_decided();
    welcome('b', "sbc");
    cr_assert_not_null(strstr(subject_decided(), "to peer 1: hello\n"));
}

Test(replica_join, it_asks_once_every_member_was_heard) {
    welcome('b', "sbc");
    subject_decided();
    subject_heartbeat('b', 0);
    subject_run_ms(100);
    cr_assert_null(strstr(subject_decided(), "sync_ask"), "c has not answered");
    welcome('c', "sbc");
    subject_heartbeat('b', 0);
    subject_run_ms(100);
    cr_assert_null(strstr(subject_decided(), "sync_ask"), "c was not heard");
    subject_heartbeat('c', 0);
    subject_run_ms(SUBJECT_HEARTBEAT_MS);
    cr_assert_not_null(strstr(subject_decided(), "sync_ask replace\n"));
}

Test(replica_join, it_asks_as_soon_as_the_last_member_was_heard) {
    welcome('b', "sb");
    subject_run_ms(10);
    cr_assert_null(strstr(subject_decided(), "sync_ask"));
    subject_heartbeat('b', 0);
    subject_run_ms(1);
    cr_assert_not_null(strstr(subject_decided(), "to peer 0: sync_ask replace\n"));
}

Test(replica_join, it_does_not_wait_for_ever_for_a_member_that_is_not_heard) {
    welcome('b', "sbc");
    subject_decided();
    for (int i = 0; i < 5; i++) {
        subject_heartbeat('b', 0);
        subject_run_ms(SUBJECT_HEARTBEAT_MS);
    }
    cr_assert_not_null(strstr(subject_decided(), "to peer 0: sync_ask replace\n"));
}

Test(replica_join, complete_transfer_ends_joining) {
    uint64_t session = ask();
    subject_chunk(subject_peer(0), session, 0, 'b', subject_hlc(0), "x=1 y=2");
    cr_assert(subject_replica()->joining);
    zc_message_t end = subject_end(session, 1);
    subject_receive(subject_peer(0), &end);
    cr_assert_str_eq(subject_decided(), "notice joined b 2\n");
    cr_assert_not(subject_replica()->joining);
}

/* A heartbeat of b with another state than the subject's. */
static void differ(void) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){
        .origin = subject_origin('b'),
        .clock_ms = zc_hlc_ms(subject_hlc(0)),
        .state_hash = subject_replica()->state_hash + 1,
        .members_hash = subject_replica()->members_hash,
    };
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    subject_run_ms(SUBJECT_HEARTBEAT_MS);
}

Test(replica_join, differences_count_from_the_end_of_joining_on) {
    uint64_t session = ask();
    differ();
    zc_message_t end = subject_end(session, 0);
    subject_receive(subject_peer(0), &end);
    cr_assert_not(subject_replica()->joining);
    subject_decided();
    differ();
    cr_assert_null(strstr(subject_decided(), "sync_ask"));
    differ();
    cr_assert_not_null(strstr(subject_decided(), "to peer 0: sync_ask\n"));
}

Test(replica_join, settings_of_the_mesh_hold_from_the_welcome_on) {
    zc_message_t message = subject_welcome('b', false);
    message.welcome.registers.settings.max_size = 7;
    message.welcome.registers.settings_stamp =
        (zc_stamp_t){.hlc = 100, .origin = subject_origin('b')};
    subject_decided();
    subject_receive(subject_peer(0), &message);
    cr_assert_not_null(strstr(subject_decided(), "notice adopted max_size 7 instead of 1000\n"));
}

Test(replica_join, donor_that_is_joining_itself_is_not_asked) {
    zc_message_t message = subject_welcome('b', true);
    subject_receive(subject_peer(0), &message);
    subject_run_ms(1000);
    cr_assert_null(strstr(subject_decided(), "sync_ask"));
    cr_assert_eq(read_key("x", 1), ZCACHE_MISS);
}

Test(replica_join, node_that_reaches_nobody_goes_on_alone_and_keeps_trying) {
    subject_decided();
    subject_run_ms(ZC_JOIN_ALONE_HEARTBEATS * SUBJECT_HEARTBEAT_MS - 10);
    cr_assert(subject_replica()->joining);
    subject_run_ms(2 * SUBJECT_HEARTBEAT_MS);
    cr_assert_not(subject_replica()->joining);
    cr_assert_not_null(strstr(subject_decided(), "notice alone tcp://b:5000\n"));
    subject_run_ms(60000);
    cr_assert_not_null(strstr(subject_decided(), "dial 0 tcp://b:5000\n"));
}

Test(replica_join, transfer_that_breaks_begins_again_until_it_is_complete) {
    uint64_t session = ask();
    subject_chunk(subject_peer(0), session, 5, 'b', subject_hlc(0), "x=1");
    cr_assert(subject_replica()->joining);
    subject_heartbeat('b', 0);
    subject_run_ms(500);
    cr_assert_neq(subject_session(), session);
    zc_message_t end = subject_end(subject_session(), 0);
    subject_receive(subject_peer(0), &end);
    cr_assert_not(subject_replica()->joining);
}

static void answer(uint64_t number, const char *key, zc_slice_t value) {
    zc_message_t message = {.type = ZC_MESSAGE_READ_ANSWER};
    message.read_answer = (zc_read_answer_t){.number = number,
                                             .found = true,
                                             .origin = subject_origin('b'),
                                             .record = {.hlc = subject_hlc(0),
                                                        .key_hash = zc_key_hash(zc_slice_text(key)),
                                                        .key = zc_slice_text(key),
                                                        .value = value}};
    subject_receive(subject_peer(0), &message);
}

Test(replica_join, miss_is_asked_of_a_donor_and_its_answer_told) {
    ask();
    cr_assert_eq(read_key("x", 7), ZCACHE_OK);
    cr_assert_str_eq(subject_decided(), "to peer 0: read x\n");
    uint64_t number = subject_replica()->reads[0].number;
    answer(number, "x", zc_slice_text("1"));
    cr_assert_str_eq(subject_decided(), "answer 7 x=1\n");
    answer(number, "x", zc_slice_text("1"));
    cr_assert_str_eq(subject_decided(), "", "once");
}

Test(replica_join, answer_belongs_to_the_read_of_its_number) {
    ask();
    read_key("x", 7);
    read_key("y", 8);
    subject_decided();
    answer(subject_replica()->reads[1].number, "y", zc_slice_text("2"));
    cr_assert_str_eq(subject_decided(), "answer 8 y=2\n");
    answer(subject_replica()->reads[0].number, "x", zc_slice_text("1"));
    cr_assert_str_eq(subject_decided(), "answer 7 x=1\n");
}

/* So large that its copy leaves no room for that of the key. */
Test(replica_join, answer_that_there_is_no_memory_for_is_no_miss) {
    static char large[20000];
    zc_message_t message = {.type = ZC_MESSAGE_READ_ANSWER};
    message.read_answer = (zc_read_answer_t){.found = true,
                                             .origin = subject_origin('b'),
                                             .record = {.hlc = subject_hlc(0),
                                                        .key_hash = zc_key_hash(zc_slice_text("x")),
                                                        .key = zc_slice_text("x"),
                                                        .value = zc_slice(large, sizeof large)}};
    zc_event_t event = {.type = ZC_EVENT_MESSAGE};
    event.message.from = subject_peer(0);
    event.message.message = &message;
    ask();
    bool failed = true;
    uint64_t n = 0;
    for (; failed; n++) {
        read_key("x", 7);
        message.read_answer.number = subject_replica()->reads[0].number;
        event.now_us = subject_replica()->clock.now_us;
        zc_effects_t effects;
        subject_fail_after(n);
        zc_replica_step(subject_replica(), &event, &effects);
        failed = subject_failed();
        cr_assert_eq(subject_replica()->read_count, 0);
        for (size_t i = 0; i < effects.count; i++) {
            cr_assert_eq(effects.effects[i].type, ZC_EFFECT_READ_ANSWER);
            cr_assert_eq(effects.effects[i].read_answer.answered, !failed);
            cr_assert_eq(effects.effects[i].read_answer.found, !failed);
        }
        cr_assert(failed || effects.count == 1);
    }
    cr_assert_gt(n, 3, "value, key and effect");
}

Test(replica_join, read_that_is_not_answered_is_a_miss_after_a_second) {
    ask();
    read_key("x", 7);
    read_key("y", 8);
    subject_decided();
    subject_heartbeat('b', 0);
    subject_run_ms(990);
    cr_assert_null(strstr(subject_decided(), "answer"));
    subject_run_ms(20);
    const char *decided = subject_decided();
    cr_assert_not_null(strstr(decided, "answer 7 miss\n"));
    cr_assert_not_null(strstr(decided, "answer 8 miss\n"));
}

Test(replica_join, reads_beyond_the_limit_are_misses) {
    ask();
    for (uint64_t i = 0; i < ZCACHE_READS_MAX; i++) {
        cr_assert_eq(read_key("x", i), ZCACHE_OK);
    }
    cr_assert_eq(read_key("x", 1), ZCACHE_MISS);
}

Test(replica_join, read_without_memory_is_a_miss) {
    ask();
    zc_arena_fini(&subject_replica()->arena);
    for (uint64_t n = 0; n < 2; n++) {
        zc_failing_allocator_fail_after(subject_allocator(), n);
        cr_assert_eq(read_key("x", 1), ZCACHE_MISS);
        zc_arena_fini(&subject_replica()->arena);
    }
    zc_failing_allocator_stop(subject_allocator());
    cr_assert_eq(read_key("x", 1), ZCACHE_OK);
}

Test(replica_join, donor_answers_a_read_and_keeps_the_key_young) {
    subject_stop();
    subject_start(NULL);
    subject_set("x", "1", 0);
    subject_tick();
    subject_decided();
    zc_message_t message = {.type = ZC_MESSAGE_READ};
    message.read = (zc_read_t){.number = 5, .key = zc_slice_text("x")};
    subject_receive(subject_route(3), &message);
    cr_assert_str_eq(subject_decided(), "to route 3: read_answer x=1\n");
    message.read.key = zc_slice_text("none");
    subject_receive(subject_route(3), &message);
    cr_assert_str_eq(subject_decided(), "to route 3: read_answer miss\n");
}

static void answer_read(zc_hlc_t hlc, const char *value) {
    zc_message_t answer = {.type = ZC_MESSAGE_READ_ANSWER};
    answer.read_answer = (zc_read_answer_t){.number = subject_replica()->reads[0].number,
                                            .found = true,
                                            .origin = subject_origin('b'),
                                            .record = {.hlc = hlc,
                                                       .key_hash = zc_key_hash(zc_slice_text("x")),
                                                       .key = zc_slice_text("x"),
                                                       .value = zc_slice_text(value)}};
    subject_receive(subject_peer(0), &answer);
}

Test(replica_join, answer_is_not_older_than_what_came_meanwhile) {
    ask();
    read_key("x", 7);
    zc_hlc_t later = subject_hlc(0);
    subject_batch('b', later - 10, later, "x=2");
    subject_decided();
    answer_read(later - 20, "1");
    cr_assert_str_eq(subject_decided(), "answer 7 x=2\n");
}

static void answer_none(void) {
    zc_message_t answer = {.type = ZC_MESSAGE_READ_ANSWER};
    answer.read_answer.number = subject_replica()->reads[0].number;
    subject_receive(subject_peer(0), &answer);
}

Test(replica_join, donor_that_has_none_does_not_hide_what_came_meanwhile) {
    ask();
    read_key("x", 7);
    zc_hlc_t later = subject_hlc(0);
    subject_batch('b', later - 10, later, "x=2");
    subject_decided();
    answer_none();
    cr_assert_str_eq(subject_decided(), "answer 7 x=2\n");
}

Test(replica_join, answer_of_another_key_answers_nothing) {
    ask();
    read_key("y", 7);
    subject_decided();
    answer_read(subject_hlc(0), "1");
    cr_assert_str_eq(subject_decided(), "");
    cr_assert_eq(subject_counters().malformed, 1);
    cr_assert_str_eq(subject_holds("x"), "");
    answer_none();
    cr_assert_str_eq(subject_decided(), "answer 7 miss\n");
}

Test(replica_join, what_was_answered_is_not_taken_back) {
    ask();
    read_key("x", 7);
    zc_hlc_t later = subject_hlc(0);
    answer_read(later, "2");
    subject_batch('b', later - 20, later - 10, "x=1");
    cr_assert_str_eq(subject_holds("x"), "2");
}

Test(replica_join, time_is_asked_anew_of_a_donor_that_was_joining_itself) {
    zc_message_t message = subject_welcome('b', true);
    subject_receive(subject_peer(0), &message);
    subject_decided();
    subject_heartbeat('b', 0);
    subject_run_ms(SUBJECT_HEARTBEAT_MS + 1);
    const char *decided = subject_decided();
    cr_assert_not_null(strstr(decided, "to peer 0: hello wants_members\n"));
    cr_assert_null(strstr(decided, "sync_ask"), "whose clock it does not know");
    cr_assert_eq(read_key("x", 1), ZCACHE_MISS);
    ask();
}

Test(replica_join, nothing_is_applied_before_the_time_is_known) {
    zc_message_t message = subject_welcome('b', true);
    subject_receive(subject_peer(0), &message);
    zc_hlc_t ahead = subject_hlc(9000);
    subject_heartbeat('b', ahead);
    subject_batch('b', 0, ahead, "x=1");
    cr_assert_str_eq(subject_holds("x"), "");
    cr_assert_lt(subject_replica()->clock.hlc, ahead);
}

Test(replica_join, time_of_a_welcome_that_was_long_on_its_way_is_not_taken) {
    subject_run_ms(400);
    zc_message_t late = subject_welcome('b', false);
    zc_peers_at(&subject_replica()->peers, 0)->hello_sent_us -= 1100 * 1000;
    late.welcome.clock_ms -= 1500;
    subject_receive(subject_peer(0), &late);
    cr_assert_not(subject_replica()->anchored);
    subject_decided();
    subject_heartbeat('b', 0);
    subject_run_ms(SUBJECT_HEARTBEAT_MS + 1);
    cr_assert_not_null(strstr(subject_decided(), "to peer 0: hello wants_members\n"));
    ask();
}
