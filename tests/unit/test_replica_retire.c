/* SPDX-License-Identifier: MPL-2.0 */
/* Origins that are long gone (R13): they give up their index, are left out of asks where the donor
 * has the same of them, and nothing of what R9 knows is lost. */
#include <criterion/criterion.h>

#include "tests/support/subject.h"

enum { RETIRE_MS = 8000, STEP_MS = RETIRE_MS / 8 };

static zc_link_t b;

static void start(void) {
    zc_replica_options_t options;
    subject_options(&options);
    options.settings.retire_after_ms = RETIRE_MS;
    options.settings.expire_after_ms = 0;
    subject_start(&options);
    subject_meet('b');
    b = subject_peer(0);
    subject_tick();
    subject_decided();
}

TestSuite(replica_retire, .init = start, .fini = subject_stop);

/* Time passes while b stays live. */
static void pass_ms(uint64_t ms) {
    for (uint64_t passed = 0; passed < ms; passed += SUBJECT_HEARTBEAT_MS) {
        subject_run_ms(SUBJECT_HEARTBEAT_MS);
        subject_heartbeat('b', 0);
    }
    subject_decided();
}

static zc_origin_index_t index_of(char letter) {
    zc_origin_t origin = subject_origin(letter);
    return zc_store_origin_find(subject_replica()->store, &origin);
}

static const zc_retired_row_t *retired(char letter) {
    zc_origin_t origin = subject_origin(letter);
    return zc_retired_find(&subject_replica()->retired, &origin);
}

/* x, which is no member, has written "k" and deleted it; then it is retired. */
static zc_hlc_t retire_x(void) {
    zc_hlc_t last = subject_hlc(0);
    subject_batch('x', 0, last, "~k");
    cr_assert_neq(index_of('x'), ZC_ORIGIN_INDEX_NONE);
    pass_ms(RETIRE_MS + 2 * STEP_MS);
    cr_assert_not_null(retired('x'));
    return last;
}

Test(replica_retire, gone_origin_that_owns_nothing_gives_up_its_index) {
    zc_hlc_t last = retire_x();
    cr_assert_eq(index_of('x'), ZC_ORIGIN_INDEX_NONE);
    cr_assert_eq(retired('x')->known.count, 1);
    cr_assert_eq(retired('x')->known.intervals[0].upto, last);
    cr_assert_eq(retired('x')->floor, last, "its ghost was forgotten");
    cr_assert_eq(zc_store_horizon(subject_replica()->store).hlc, last);
    cr_assert_eq(subject_counters().retired, 1);
}

Test(replica_retire, vector_still_says_all_that_is_known) {
    zc_hlc_t last = retire_x();
    zc_vector_t vector;
    cr_assert_eq(zc_replica_vector(subject_replica(), &vector), ZCACHE_OK);
    zc_origin_t x = subject_origin('x');
    const zc_origin_intervals_t *row = zc_vector_find(&vector, &x);
    cr_assert_not_null(row);
    cr_assert_eq(row->intervals[0].upto, last);
}

Test(replica_retire, state_hash_is_of_what_is_known_whether_retired_or_not) {
    subject_batch('x', 0, subject_hlc(0), "~k");
    pass_ms(SUBJECT_HEARTBEAT_MS);
    uint64_t before = subject_replica()->state_hash;
    pass_ms(RETIRE_MS + 2 * STEP_MS);
    cr_assert_not_null(retired('x'));
    cr_assert_eq(subject_replica()->state_hash, before);
}

Test(replica_retire, origin_that_owns_an_entry_keeps_its_index) {
    subject_batch('x', 0, subject_hlc(0), "k=1");
    pass_ms(RETIRE_MS + 2 * STEP_MS);
    cr_assert_null(retired('x'));
    cr_assert_neq(index_of('x'), ZC_ORIGIN_INDEX_NONE);
    cr_assert_str_eq(subject_holds("k"), "1");
    subject_set("k", "2", 0);
    pass_ms(SUBJECT_HEARTBEAT_MS);
    cr_assert_not_null(retired('x'), "it owns nothing any more");
}

Test(replica_retire, member_is_not_retired_however_long_it_wrote_nothing) {
    subject_batch('b', 0, subject_hlc(0), "~k");
    pass_ms(RETIRE_MS + 2 * STEP_MS);
    cr_assert_null(retired('b'));
    cr_assert_neq(index_of('b'), ZC_ORIGIN_INDEX_NONE);
}

Test(replica_retire, nobody_is_retired_before_the_time) {
    subject_batch('x', 0, subject_hlc(0), "~k");
    pass_ms(RETIRE_MS - STEP_MS);
    cr_assert_null(retired('x'));
    cr_assert_eq(zc_retire_left_out(subject_replica()), 0);
}

Test(replica_retire, origin_of_which_nothing_is_known_just_frees_its_index) {
    zc_origin_t x = subject_origin('x');
    zc_origin_index_t index;
    cr_assert_eq(zc_store_origin(subject_replica()->store, &x, &index), ZCACHE_OK);
    pass_ms(SUBJECT_HEARTBEAT_MS);
    cr_assert_eq(index_of('x'), ZC_ORIGIN_INDEX_NONE);
    cr_assert_null(retired('x'));
}

Test(replica_retire, one_that_writes_again_comes_back_with_all_that_was_known) {
    zc_hlc_t last = retire_x();
    subject_batch('x', last, subject_hlc(0), "m=1");
    cr_assert_null(retired('x'));
    cr_assert_neq(index_of('x'), ZC_ORIGIN_INDEX_NONE);
    cr_assert_eq(zc_store_floor(subject_replica()->store, index_of('x')), last);
    cr_assert(zc_vvec_covers_interval(&subject_replica()->vvec, index_of('x'), 0, last));
    cr_assert_str_eq(subject_holds("m"), "1");
}

Test(replica_retire, late_write_of_a_retired_origin_is_not_served) {
    zc_hlc_t last = retire_x();
    subject_batch('x', last - 5, last, "k=old");
    cr_assert_str_neq(subject_holds("k"), "old");
}

/* -- Asks ------------------------------------------------------------------- */

static void lack_something_of_b(void) {
    subject_heartbeat('b', subject_hlc(0));
    subject_run_ms(SUBJECT_HEARTBEAT_MS / 4 + 1);
}

Test(replica_retire, ask_for_a_delta_leaves_settled_origins_out) {
    retire_x();
    lack_something_of_b();
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask left_out\n");
}

Test(replica_retire, asker_that_is_told_to_sends_its_whole_vector) {
    retire_x();
    lack_something_of_b();
    subject_decided();
    zc_message_t end = subject_end(subject_session(), 0);
    end.sync_end.result = ZC_SYNC_NEEDS_VECTOR;
    subject_receive(b, &end);
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
    end = subject_end(subject_session(), 0);
    end.sync_end.result = ZC_SYNC_NEEDS_VECTOR;
    subject_receive(b, &end);
    cr_assert_eq(subject_counters().transfers_broken, 1, "it had all: this donor makes no sense");
}

static zc_message_t ask_leaving_out(uint64_t left_out) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_ASK};
    message.sync_ask = (zc_sync_ask_t){.session = 4,
                                       .left_out = left_out,
                                       .credit_bytes = ZC_CREDIT_BYTES,
                                       .registers = subject_replica()->registers};
    return message;
}

Test(replica_retire, donor_that_knows_other_things_wants_the_whole_vector) {
    retire_x();
    zc_message_t message = ask_leaving_out(1 + zc_retire_left_out(subject_replica()));
    subject_receive(subject_route(1), &message);
    cr_assert_str_eq(subject_decided(), "to route 1: sync_end needs_vector\n");
}

Test(replica_retire, donor_that_knows_the_same_sends_nothing_of_settled_origins) {
    retire_x();
    zc_message_t message = ask_leaving_out(zc_retire_left_out(subject_replica()));
    subject_receive(subject_route(1), &message);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "to route 1: sync_end complete\n");
}

Test(replica_retire, donor_refuses_a_delta_to_one_who_lacks_what_a_retired_origin_forgot) {
    retire_x();
    zc_message_t message = ask_leaving_out(0);
    subject_receive(subject_route(1), &message);
    cr_assert_str_eq(subject_decided(), "to route 1: sync_end needs_replace\n");
}

Test(replica_retire, transfer_that_waits_for_credit_keeps_nobody_from_retiring) {
    subject_batch('x', 0, subject_hlc(0), "~k");
    zc_message_t message = ask_leaving_out(0);
    message.sync_ask.credit_bytes = 0;
    subject_receive(subject_route(1), &message);
    pass_ms(RETIRE_MS + 2 * STEP_MS);
    cr_assert_not_null(subject_replica()->donations[0]);
    cr_assert_not_null(retired('x'));
}

/* -- What others know of them ------------------------------------------------ */

Test(replica_retire, old_rows_of_a_vector_take_no_index) {
    zc_interval_t interval = {0, subject_hlc(-RETIRE_MS - 2 * STEP_MS)};
    zc_origin_intervals_t row = {.origin = subject_origin('y'), .intervals = &interval, .count = 1};
    cr_assert_eq(zc_retire_cover(subject_replica(), &row), ZCACHE_OK);
    cr_assert_not_null(retired('y'));
    cr_assert_eq(index_of('y'), ZC_ORIGIN_INDEX_NONE);
    zc_origin_t y = subject_origin('y');
    cr_assert_eq(zc_retire_raise_floor(subject_replica(), &y, interval.upto - 1), ZCACHE_OK);
    cr_assert_eq(zc_retire_floor(subject_replica(), &y), interval.upto - 1);
    interval.upto = subject_hlc(0);
    cr_assert_eq(zc_retire_cover(subject_replica(), &row), ZCACHE_OK);
    cr_assert_null(retired('y'), "what is known of it is no longer old");
    cr_assert_eq(zc_retire_floor(subject_replica(), &y), subject_hlc(-RETIRE_MS - 2 * STEP_MS) - 1);
}

Test(replica_retire, without_memory_nothing_of_it_is_lost) {
    zc_hlc_t last = retire_x();
    zc_origin_t x = subject_origin('x');
    for (uint64_t n = 0; retired('x') != NULL; n++) {
        zc_failing_allocator_fail_after(subject_allocator(), n);
        zc_origin_index_t index = 0;
        zcache_status status = zc_retire_origin(subject_replica(), &x, &index);
        zc_failing_allocator_stop(subject_allocator());
        cr_assert(status == ZCACHE_OK || status == ZCACHE_NO_MEMORY);
        cr_assert(retired('x') == NULL || index_of('x') == ZC_ORIGIN_INDEX_NONE);
    }
    cr_assert(zc_vvec_covers_interval(&subject_replica()->vvec, index_of('x'), 0, last));
}

Test(replica_retire, one_that_comes_back_without_memory_stays_retired_with_all_that_was_known) {
    zc_hlc_t last = retire_x();
    zc_replica_t *replica = subject_replica();
    for (uint8_t i = 0; zc_store_origin_count(replica->store) <= replica->vvec.count; i++) {
        zc_origin_t other = {.bytes = {200, i}};
        zc_origin_index_t index;
        cr_assert_eq(zc_store_origin(replica->store, &other, &index), ZCACHE_OK);
    }
    zc_origin_t x = subject_origin('x');
    zc_origin_index_t index = 0;
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        subject_fail_after(n);
        zcache_status status = zc_retire_origin(replica, &x, &index);
        failed = subject_failed();
        cr_assert_eq(status, failed ? ZCACHE_NO_MEMORY : ZCACHE_OK);
        cr_assert_eq(retired('x') != NULL, failed);
        cr_assert_eq(index_of('x') == ZC_ORIGIN_INDEX_NONE, failed);
    }
    cr_assert(zc_vvec_covers_interval(&replica->vvec, index, 0, last));
}

Test(replica_retire, old_row_that_the_table_has_no_memory_for_takes_an_index) {
    zc_interval_t interval = {0, subject_hlc(-RETIRE_MS - 2 * STEP_MS)};
    zc_origin_intervals_t row = {.origin = subject_origin('y'), .intervals = &interval, .count = 1};
    subject_fail_after(0);
    cr_assert_eq(zc_retire_cover(subject_replica(), &row), ZCACHE_OK);
    cr_assert(subject_failed());
    cr_assert_null(retired('y'));
    cr_assert(zc_vvec_covers_interval(&subject_replica()->vvec, index_of('y'), 0, interval.upto));
}

Test(replica_retire, one_that_there_is_no_memory_for_keeps_its_index_until_there_is) {
    subject_batch('x', 0, subject_hlc(0), "~k");
    pass_ms(RETIRE_MS - STEP_MS);
    zc_replica_t *replica = subject_replica();
    zc_clock_advance(&replica->clock, replica->clock.now_us + 3 * STEP_MS * 1000);
    subject_fail_after(0);
    zc_retire_tick(replica);
    cr_assert(subject_failed());
    cr_assert_null(retired('x'));
    cr_assert_neq(index_of('x'), ZC_ORIGIN_INDEX_NONE);
    zc_retire_tick(replica);
    cr_assert_not_null(retired('x'));
}

/* -- What is said of them ---------------------------------------------------- */

Test(replica_retire, origin_of_which_only_a_floor_is_known_is_retired_with_it) {
    zc_replica_t *replica = subject_replica();
    zc_origin_t x = subject_origin('x');
    zc_hlc_t floor = subject_hlc(-RETIRE_MS - 2 * STEP_MS);
    zc_origin_index_t index;
    cr_assert_eq(zc_store_origin(replica->store, &x, &index), ZCACHE_OK);
    zc_store_raise_floor(replica->store, index, floor);
    pass_ms(SUBJECT_HEARTBEAT_MS);
    cr_assert_eq(index_of('x'), ZC_ORIGIN_INDEX_NONE);
    cr_assert_eq(zc_retire_floor(replica, &x), floor);
    cr_assert_eq(zc_retire_left_out(replica), 0);
    zc_vector_t vector;
    cr_assert_eq(zc_retire_vector(replica, &subject_replica()->arena, true, &vector), ZCACHE_OK);
    cr_assert_null(zc_vector_find(&vector, &x), "no write of it is known");
}

Test(replica_retire, row_without_intervals_says_nothing) {
    zc_origin_intervals_t row = {.origin = subject_origin('y')};
    cr_assert_eq(zc_retire_cover(subject_replica(), &row), ZCACHE_OK);
    cr_assert_null(retired('y'));
    cr_assert_eq(index_of('y'), ZC_ORIGIN_INDEX_NONE);
    cr_assert_eq(zc_retire_floor(subject_replica(), &row.origin), 0);
}

Test(replica_retire, time_that_is_raised_brings_them_back_into_asks) {
    retire_x();
    zc_origin_t x = subject_origin('x');
    zc_vector_t vector;
    cr_assert_eq(zc_retire_vector(subject_replica(), &subject_replica()->arena, false, &vector),
                 ZCACHE_OK);
    cr_assert_null(zc_vector_find(&vector, &x));
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text("retire_after_ms");
    event.configure.number = 10 * RETIRE_MS;
    cr_assert_eq(subject_step(&event), ZCACHE_OK);
    cr_assert_eq(zc_retire_vector(subject_replica(), &subject_replica()->arena, false, &vector),
                 ZCACHE_OK);
    cr_assert_not_null(zc_vector_find(&vector, &x));
    cr_assert_eq(zc_retire_left_out(subject_replica()), 0);
}

Test(replica_retire, nobody_is_old_while_the_mesh_clock_is_younger_than_that) {
    subject_stop();
    zc_replica_options_t options;
    subject_options(&options);
    options.settings.retire_after_ms = RETIRE_MS;
    options.wall_ms = 1000;
    subject_start(&options);
    zc_hlc_t last = zc_hlc_from_ms(1000);
    subject_batch('x', 0, last, "~k");
    subject_run_ms(4 * SUBJECT_HEARTBEAT_MS);
    cr_assert_null(retired('x'));
    cr_assert_neq(index_of('x'), ZC_ORIGIN_INDEX_NONE);
}

/* As many origins as no message to a ROUTER has room for. */
static void know_of_many(unsigned count) {
    zc_interval_t interval = {0, subject_hlc(-RETIRE_MS - 2 * STEP_MS)};
    for (unsigned i = 0; i < count; i++) {
        zc_origin_t origin = {{(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 7}};
        zc_origin_intervals_t row = {.origin = origin, .intervals = &interval, .count = 1};
        cr_assert_eq(zc_retire_cover(subject_replica(), &row), ZCACHE_OK);
    }
}

Test(replica_retire, vector_that_no_message_has_room_for_is_left_out_as_a_whole) {
    know_of_many(20000);
    lack_something_of_b();
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask left_out\n");
    zc_message_t end = subject_end(subject_session(), 0);
    end.sync_end.result = ZC_SYNC_NEEDS_VECTOR;
    subject_receive(b, &end);
    const zc_sync_ask_t *ask = &subject_replica()->effects[0].send.message.sync_ask;
    cr_assert_geq(ask->have.count, 20000);
    know_of_many(40000);
    zc_message_t again = subject_end(subject_session(), 0);
    again.sync_end.result = ZC_SYNC_BUSY;
    subject_receive(b, &again);
    lack_something_of_b();
    end = subject_end(subject_session(), 0);
    end.sync_end.result = ZC_SYNC_NEEDS_VECTOR;
    subject_receive(b, &end);
    ask = &subject_replica()->effects[0].send.message.sync_ask;
    cr_assert_eq(ask->have.count, 0);
    cr_assert_eq(ask->left_out, 0);
}
