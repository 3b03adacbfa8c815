/* SPDX-License-Identifier: MPL-2.0 */
/* What a broken transfer left behind (R3, R7): nobody else may have it any more. */
#include <criterion/criterion.h>
#include <stdio.h>

#include <zcache/limits.h>

#include "tests/support/subject.h"

static zc_link_t b;
static zc_link_t c;

static void start(void) {
    zc_replica_options_t options;
    subject_options(&options);
    options.settings.max_size = 100000;
    subject_start(&options);
    subject_meet('b');
    subject_meet('c');
    b = subject_peer(0);
    c = subject_peer(1);
    subject_tick();
    subject_decided();
}

TestSuite(replica_claim, .init = start, .fini = subject_stop);

static zc_origin_index_t index_of(char letter) {
    zc_origin_t origin = subject_origin(letter);
    return zc_store_origin_find(subject_replica()->store, &origin);
}

static bool covers(char letter, zc_hlc_t hlc) {
    return zc_vvec_covers(&subject_replica()->vvec, index_of(letter), hlc);
}

static uint64_t ask(char letter, zc_hlc_t last) {
    subject_heartbeat(letter, last);
    subject_run_ms(SUBJECT_HEARTBEAT_MS / 4 + 1);
    subject_decided();
    return subject_session();
}

static void leave_b(void) {
    zc_message_t goodbye = {.type = ZC_MESSAGE_GOODBYE};
    goodbye.goodbye.origin = subject_origin('b');
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &goodbye);
}

/* A transfer from b brings writes of x, which is dead, and breaks. */
static void break_after(const char *writes, zc_hlc_t last) {
    subject_chunk(b, ask('b', subject_hlc(-10)), 0, 'x', last, writes);
    leave_b();
    cr_assert_eq(subject_counters().transfers_broken, 1);
}

/* c ends a transfer that covers (0, upto] of x, or, 0, nothing of it. */
static void complete_from_c(zc_hlc_t upto) {
    zc_interval_t interval = {0, upto};
    zc_origin_intervals_t row = {.origin = subject_origin('x'), .intervals = &interval, .count = 1};
    zc_message_t end = subject_end(ask('c', subject_hlc(-5)), 0);
    end.sync_end.vector = (zc_vector_t){.origins = &row, .count = upto > 0};
    subject_receive(c, &end);
    subject_run_ms(1);
}

Test(replica_claim, write_that_nobody_else_has_is_claimed_after_the_next_transfer) {
    zc_hlc_t last = subject_hlc(-100);
    break_after("k=1 ~d", last);
    cr_assert_str_eq(subject_holds("k"), "1");
    cr_assert_not(covers('x', last), "a vector is taken over whole or not at all");
    complete_from_c(0);
    cr_assert(covers('x', last - 1));
    cr_assert(covers('x', last), "a delete too");
    cr_assert_not(covers('x', last - 2));
    cr_assert_eq(subject_counters().claimed, 2);
}

Test(replica_claim, state_hash_tells_of_what_no_vector_covers) {
    zc_hlc_t last = subject_hlc(-100);
    uint64_t before = subject_replica()->state_hash;
    break_after("k=1", last);
    subject_run_ms(SUBJECT_HEARTBEAT_MS);
    cr_assert_not(covers('x', last));
    cr_assert_neq(subject_replica()->state_hash, before, "others are to know that it is here");
}

Test(replica_claim, what_the_next_transfer_covers_needs_no_claim) {
    zc_hlc_t last = subject_hlc(-100);
    break_after("k=1", last);
    complete_from_c(last);
    cr_assert(covers('x', 1));
    cr_assert_eq(subject_counters().claimed, 0);
}

Test(replica_claim, nothing_is_looked_for_where_no_transfer_broke) {
    complete_from_c(0);
    cr_assert_null(subject_replica()->claim.walk);
    cr_assert_eq(subject_counters().claimed, 0);
}

Test(replica_claim, room_is_left_for_what_the_origin_still_sends) {
    zc_hlc_t first = subject_hlc(-1000);
    uint64_t session = ask('b', subject_hlc(-10));
    for (uint32_t i = 0; i < ZCACHE_INTERVALS_MAX; i++) {
        char write[] = {(char)('0' + i), '=', '1', '\0'};
        subject_chunk(b, session, i, 'x', first + 2 * i, write);
    }
    leave_b();
    complete_from_c(0);
    zc_origin_t x = subject_origin('x');
    zc_origin_intervals_t row = zc_vvec_row(&subject_replica()->vvec, index_of('x'), &x);
    cr_assert_eq(row.count, ZCACHE_INTERVALS_MAX / 2);
}

Test(replica_claim, without_memory_it_is_tried_again_after_the_next_transfer) {
    zc_hlc_t last = subject_hlc(-100);
    break_after("k=1", last);
    subject_replica()->claim.wanted = true;
    zc_failing_allocator_fail_after(subject_allocator(), 0);
    zc_claim_begin(subject_replica());
    zc_failing_allocator_stop(subject_allocator());
    cr_assert(subject_replica()->claim.wanted);
    complete_from_c(0);
    cr_assert(covers('x', last));
}

Test(replica_claim, large_store_is_looked_through_in_several_steps) {
    zc_hlc_t last = subject_hlc(-100);
    for (int i = 0; i < 40000; i++) {
        char key[16];
        snprintf(key, sizeof key, "key%d", i);
        subject_set(key, "v", 0);
    }
    break_after("k=1", last);
    zc_message_t end = subject_end(ask('c', subject_hlc(-5)), 0);
    subject_receive(c, &end);
    subject_tick();
    cr_assert_not_null(subject_replica()->claim.walk, "there is more to look at");
    for (int i = 0; i < 5; i++) {
        subject_tick();
    }
    cr_assert_null(subject_replica()->claim.walk);
    cr_assert(covers('x', last));
}

/* So that no interval is spent on each of what a delta is about to cover as one. */
Test(replica_claim, claiming_waits_while_a_transfer_is_under_way) {
    zc_hlc_t last = subject_hlc(-100);
    for (int i = 0; i < 40000; i++) {
        char key[16];
        snprintf(key, sizeof key, "key%d", i);
        subject_set(key, "v", 0);
    }
    break_after("k=1", last);
    zc_message_t end = subject_end(ask('c', subject_hlc(-5)), 0);
    subject_receive(c, &end);
    subject_tick();
    zc_hunt_for(subject_replica(), 1, 0);
    for (int i = 0; i < 5; i++) {
        subject_tick();
    }
    uint64_t session = subject_session();
    cr_assert_not(covers('x', last));
    zc_interval_t interval = {0, last};
    zc_origin_intervals_t row = {.origin = subject_origin('x'), .intervals = &interval, .count = 1};
    end = subject_end(session, 0);
    end.sync_end.vector = (zc_vector_t){.origins = &row, .count = 1};
    subject_receive(c, &end);
    for (int i = 0; i < 5; i++) {
        subject_tick();
    }
    cr_assert_null(subject_replica()->claim.walk, "it went on");
    cr_assert_eq(subject_counters().claimed, 0);
}

/* What an ask says is borrowed from the vector until the step is over, and a claim changes it. */
Test(replica_claim, ask_of_the_same_step_says_what_is_claimed) {
    zc_hlc_t last = subject_hlc(-100);
    subject_batch('x', last + 10, last + 20, "z=1");
    break_after("k=1", last);
    zc_message_t end = subject_end(ask('c', subject_hlc(-5)), 0);
    subject_receive(c, &end);
    zc_hunt_for(subject_replica(), 1, 0);
    subject_tick();
    cr_assert(covers('x', last), "it was claimed in this step");
    const zc_replica_t *replica = subject_replica();
    const zc_message_t *message = NULL;
    for (size_t i = 0; i < replica->effect_count; i++) {
        if (replica->effects[i].type == ZC_EFFECT_SEND) {
            message = &replica->effects[i].send.message;
        }
    }
    cr_assert_not_null(message);
    cr_assert_eq(message->type, ZC_MESSAGE_SYNC_ASK);
    zc_origin_t x = subject_origin('x');
    const zc_origin_intervals_t *row = zc_vector_find(&message->sync_ask.have, &x);
    cr_assert_eq(row->count, 2);
    cr_assert_eq(row->intervals[0].upto, last);
    cr_assert_eq(row->intervals[1].after, last + 10);
}
