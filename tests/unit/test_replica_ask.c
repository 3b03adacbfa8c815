/* SPDX-License-Identifier: MPL-2.0 */
/* The asker's side of a transfer (R4, R7, R9): a vector is taken over at checkpoints and at the
 * end, or not at all. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/subject.h"

static zc_link_t b;

static void start(void) {
    subject_start(NULL);
    subject_meet('b');
    b = subject_peer(0);
    subject_tick();
    subject_decided();
}

TestSuite(replica_ask, .init = start, .fini = subject_stop);

/* b has written up to `last`, of which nothing came: the subject asks. */
static uint64_t ask(zc_hlc_t last) {
    subject_tick();
    subject_decided();
    subject_heartbeat('b', last);
    subject_run_ms(SUBJECT_HEARTBEAT_MS / 4 + 1);
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
    return subject_session();
}

/* ... and a delta will not do. */
static uint64_t ask_replace(zc_hlc_t last) {
    zc_message_t end = subject_end(ask(last), 0);
    end.sync_end.result = ZC_SYNC_NEEDS_REPLACE;
    subject_receive(b, &end);
    cr_assert_str_eq(subject_decided(), "");
    subject_tick();
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask replace\n");
    return subject_session();
}

/* It begins again after it broke. */
static uint64_t ask_again(int which, uint64_t before, zc_hlc_t last) {
    const zc_ask_t *begun = &subject_replica()->asks[which];
    while (begun->phase != ZC_ASK_RECEIVING || begun->session == before) {
        subject_heartbeat('b', last);
        subject_run_ms(10);
    }
    return begun->session;
}

static uint64_t ask_replace_again(uint64_t before, zc_hlc_t last) {
    uint64_t session = ask_again(ZC_ASK_HUNTED, before, last);
    cr_assert(subject_replica()->asks[ZC_ASK_HUNTED].may_replace);
    return session;
}

/* The end of a transfer that covers (0, upto] of `letter`. */
static zc_message_t end_of(uint64_t session, uint32_t number, char letter, zc_hlc_t upto) {
    static zc_interval_t interval;
    static zc_origin_intervals_t row;
    interval = (zc_interval_t){.after = 0, .upto = upto};
    row = (zc_origin_intervals_t){
        .origin = subject_origin(letter), .intervals = &interval, .count = 1};
    zc_message_t end = subject_end(session, number);
    end.sync_end.vector = (zc_vector_t){.origins = &row, .count = 1};
    return end;
}

static bool covers(char letter, zc_hlc_t upto) {
    zc_origin_t origin = subject_origin(letter);
    zc_origin_index_t index = zc_store_origin_find(zc_replica_store(subject_replica()), &origin);
    return zc_vvec_covers_interval(&subject_replica()->vvec, index, 0, upto);
}

static void replace_chunk(uint64_t session, uint32_t number, zc_hlc_t last, const char *writes) {
    zc_origin_t origin = subject_origin('b');
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CHUNK};
    message.sync_chunk = (zc_sync_chunk_t){.session = session,
                                           .number = number,
                                           .replace = true,
                                           .origins = &origin,
                                           .origin_count = 1};
    message.sync_chunk.records = subject_records(writes, last, &message.sync_chunk.count);
    subject_receive(b, &message);
}

Test(replica_ask, vector_is_taken_over_at_the_end_and_not_before) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask(last);
    subject_chunk(b, session, 0, 'b', last, "x=1");
    subject_chunk(b, session, 1, 'b', last - 10, "y=2");
    cr_assert_str_eq(subject_holds("x"), "1");
    cr_assert_not(covers('b', last));
    zc_message_t end = end_of(session, 2, 'b', last);
    subject_receive(b, &end);
    cr_assert(covers('b', last));
    cr_assert_eq(subject_counters().deltas, 1);
    subject_run_ms(150);
    cr_assert_str_eq(subject_decided(), "", "nothing is left to ask for");
}

/* A checkpoint that covers (after, upto] of b. */
static void part(uint64_t session, uint32_t number, zc_hlc_t after, zc_hlc_t upto) {
    zc_message_t message = end_of(session, number, 'b', upto);
    zc_interval_t interval = {.after = after, .upto = upto};
    zc_origin_intervals_t row = message.sync_end.vector.origins[0];
    row.intervals = &interval;
    message.sync_end.vector.origins = &row;
    message.sync_end.result = ZC_SYNC_PART;
    subject_receive(b, &message);
}

static zc_origin_intervals_t row_of_b(void) {
    zc_origin_t origin = subject_origin('b');
    zc_origin_index_t index = zc_store_origin_find(zc_replica_store(subject_replica()), &origin);
    return zc_vvec_row(&subject_replica()->vvec, index, &origin);
}

Test(replica_ask, checkpoint_is_taken_over_and_the_transfer_goes_on) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask(last);
    subject_chunk(b, session, 0, 'b', last, "x=1");
    part(session, 1, last - 5, last);
    cr_assert_eq(row_of_b().count, 1);
    cr_assert_eq(row_of_b().intervals[0].after, last - 5);
    cr_assert_str_eq(subject_decided(), "", "nothing is asked for beside it");
    cr_assert_eq(subject_counters().deltas, 0);
    subject_chunk(b, session, 2, 'b', last - 10, "y=2");
    zc_message_t end = end_of(session, 3, 'b', last);
    subject_receive(b, &end);
    cr_assert(covers('b', last));
    cr_assert_eq(subject_counters().deltas, 1);
}

Test(replica_ask, checkpoint_stays_where_the_transfer_breaks_and_the_rest_is_asked_for) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask(last);
    subject_chunk(b, session, 0, 'b', last, "x=1");
    part(session, 1, last - 5, last);
    subject_chunk(b, session, 5, 'b', last - 10, "y=2");
    cr_assert_eq(subject_counters().transfers_broken, 1);
    ask_again(ZC_ASK_GAP, session, last);
    cr_assert_eq(row_of_b().intervals[0].after, last - 5);
}

Test(replica_ask, checkpoint_before_which_one_was_lost_breaks_the_transfer) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask(last);
    subject_chunk(b, session, 0, 'b', last, "x=1");
    part(session, 2, last - 5, last);
    cr_assert_eq(row_of_b().count, 0);
    cr_assert_eq(subject_counters().transfers_broken, 1);
}

Test(replica_ask, checkpoint_of_a_replace_sync_or_of_the_future_breaks_the_transfer) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask_replace(last);
    replace_chunk(session, 0, last, "x=1");
    part(session, 1, last - 5, last);
    cr_assert_eq(row_of_b().count, 0);
    cr_assert_eq(subject_counters().transfers_broken, 1);
    session = ask_replace_again(session, last);
    part(session, 0, last, subject_hlc(60000));
    cr_assert_eq(row_of_b().count, 0);
    cr_assert_eq(subject_counters().transfers_broken, 2);
}

/* A checkpoint would leave a hole more than there may be: the end does not. */
Test(replica_ask, checkpoint_at_the_limit_of_intervals_waits_for_the_end) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask(last);
    zc_origin_t origin = subject_origin('b');
    zc_origin_index_t index = zc_store_origin_find(zc_replica_store(subject_replica()), &origin);
    for (zc_hlc_t i = 1; i <= ZCACHE_INTERVALS_MAX; i++) {
        cr_assert_eq(zc_vvec_cover(&subject_replica()->vvec, index, 4 * i, 4 * i + 1), ZCACHE_OK);
    }
    part(session, 0, last - 5, last);
    cr_assert_eq(row_of_b().count, ZCACHE_INTERVALS_MAX);
    cr_assert_eq(subject_counters().transfers_broken, 0);
    zc_message_t end = end_of(session, 1, 'b', last);
    subject_receive(b, &end);
    cr_assert(covers('b', last));
}

Test(replica_ask, chunk_out_of_order_breaks_the_transfer_and_it_begins_again) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask(last);
    subject_chunk(b, session, 1, 'b', last, "x=1");
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_credit 0\n");
    cr_assert_eq(subject_counters().transfers_broken, 1);
    zc_message_t end = end_of(session, 1, 'b', last);
    subject_receive(b, &end);
    cr_assert_not(covers('b', last), "the old session is over");
    subject_run_ms(250);
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
}

Test(replica_ask, end_that_counts_other_chunks_breaks_the_transfer) {
    zc_hlc_t last = subject_hlc(0);
    zc_message_t end = end_of(ask(last), 3, 'b', last);
    subject_receive(b, &end);
    cr_assert_not(covers('b', last));
    cr_assert_eq(subject_counters().transfers_broken, 1);
}

Test(replica_ask, session_counts_only_from_the_peer_that_was_asked) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask(last);
    subject_meet('c');
    zc_message_t end = end_of(session, 0, 'b', last);
    subject_receive(subject_peer(1), &end);
    cr_assert_not(covers('b', last));
    end.sync_end.session++;
    subject_receive(b, &end);
    cr_assert_not(covers('b', last));
}

Test(replica_ask, donor_that_does_not_answer_is_asked_again_after_the_timeout) {
    zc_hlc_t last = subject_hlc(0);
    ask(last);
    for (int i = 0; i < 19; i++) {
        subject_run_ms(100);
        subject_heartbeat('b', last);
    }
    cr_assert_null(strstr(subject_decided(), "sync_ask"));
    subject_run_ms(400);
    const char *decided = subject_decided();
    cr_assert_not_null(strstr(decided, "to peer 0: sync_credit 0\n"));
    cr_assert_not_null(strstr(decided, "to peer 0: sync_ask\n"));
}

Test(replica_ask, busy_and_incomplete_are_asked_again) {
    static const zc_sync_result_t results[] = {ZC_SYNC_BUSY, ZC_SYNC_INCOMPLETE, ZC_SYNC_JOINING};
    zc_hlc_t last = subject_hlc(0);
    ask(last);
    for (size_t i = 0; i < 3; i++) {
        zc_message_t end = end_of(subject_session(), 0, 'b', last);
        end.sync_end.result = results[i];
        subject_receive(b, &end);
        cr_assert_not(covers('b', last));
        subject_decided();
        subject_run_ms(250);
        cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
    }
}

Test(replica_ask, peer_that_is_lost_breaks_its_transfer) {
    ask(subject_hlc(0));
    subject_run_ms(30 * SUBJECT_HEARTBEAT_MS);
    cr_assert_eq(subject_state(0), ZC_PEER_GONE);
    cr_assert_geq(subject_counters().transfers_broken, 1);
    for (int i = 0; i < ZC_ASKS; i++) {
        cr_assert_eq(subject_replica()->asks[i].phase, ZC_ASK_IDLE);
    }
}

Test(replica_ask, credit_is_given_as_chunks_are_taken) {
    enum { BIG_BYTES = 200 * 1000 };
    static char value[BIG_BYTES];
    uint64_t session = ask(subject_hlc(0));
    zc_origin_t origin = subject_origin('b');
    for (uint32_t i = 0; i < 3; i++) {
        zc_record_t record = {
            .hlc = 10 - i, .key = zc_slice(value, i + 1), .value = zc_slice(value, BIG_BYTES)};
        record.key_hash = zc_key_hash(record.key);
        zc_message_t chunk = {.type = ZC_MESSAGE_SYNC_CHUNK};
        chunk.sync_chunk = (zc_sync_chunk_t){.session = session,
                                             .number = i,
                                             .origins = &origin,
                                             .origin_count = 1,
                                             .records = &record,
                                             .count = 1};
        subject_receive(b, &chunk);
        cr_assert_str_eq(subject_decided(), i < 2 ? "" : "to peer 0: sync_credit\n");
    }
}

Test(replica_ask, replace_sync_drops_what_the_donor_has_seen_and_not_sent) {
    zc_hlc_t first = subject_hlc(0);
    subject_batch('b', 0, first, "kept=1 dropped=1");
    subject_batch('c', 0, first, "unknown=1");
    subject_set("mine", "1", 0);
    zc_hlc_t last = subject_hlc(1);
    uint64_t session = ask_replace(last);
    replace_chunk(session, 0, first - 1, "kept=1");
    zc_message_t end = end_of(session, 1, 'b', last);
    end.sync_end.replace = true;
    subject_receive(b, &end);
    subject_tick();
    cr_assert_str_eq(subject_holds("kept"), "1");
    cr_assert_str_eq(subject_holds("dropped"), "~");
    cr_assert_str_eq(subject_holds("unknown"), "1", "the donor has never seen it");
    cr_assert_str_eq(subject_holds("mine"), "1");
    cr_assert(covers('b', last));
    cr_assert_eq(subject_counters().replace_syncs, 1);
}

Test(replica_ask, replace_sync_drops_what_is_not_above_the_donors_horizon) {
    zc_hlc_t first = subject_hlc(0);
    subject_batch('c', 0, first, "below=1 at=1 above=1");
    uint64_t session = ask_replace(subject_hlc(1));
    zc_floor_t floor = {.origin = subject_origin('d'), .hlc = 77};
    zc_message_t end = end_of(session, 0, 'b', subject_hlc(1));
    end.sync_end.replace = true;
    end.sync_end.horizon = (zc_stamp_t){.hlc = first - 1, .origin = subject_origin('c')};
    end.sync_end.floors = &floor;
    end.sync_end.floor_count = 1;
    subject_receive(b, &end);
    subject_tick();
    cr_assert_str_eq(subject_holds("below"), "~");
    cr_assert_str_eq(subject_holds("at"), "~", "the donor may have forgotten this very write");
    cr_assert_str_eq(subject_holds("above"), "1");
    zc_store_t *store = zc_replica_store(subject_replica());
    cr_assert_eq(zc_store_horizon(store).hlc, first - 1);
    cr_assert_eq(zc_retire_floor(subject_replica(), &floor.origin), 77);
}

Test(replica_ask, own_write_after_a_replace_sync_is_above_its_horizon) {
    uint64_t session = ask_replace(subject_hlc(0));
    zc_message_t end = end_of(session, 0, 'b', subject_hlc(0));
    end.sync_end.replace = true;
    end.sync_end.horizon = (zc_stamp_t){.hlc = subject_hlc(9000), .origin = subject_origin('z')};
    subject_receive(b, &end);
    subject_tick();
    cr_assert_eq(subject_counters().replace_syncs, 1);
    cr_assert_eq(subject_set("new", "1", 0), ZCACHE_OK);
    cr_assert_str_eq(subject_holds("new"), "1");
}

Test(replica_ask, broken_replace_sync_drops_nothing_and_takes_its_marks_away) {
    zc_hlc_t first = subject_hlc(0);
    subject_batch('b', 0, first, "held=1 other=1");
    uint64_t session = ask_replace(subject_hlc(1));
    replace_chunk(session, 0, first - 1, "held=1");
    replace_chunk(session, 7, first - 1, "held=1");
    cr_assert_eq(subject_replica()->asks[ZC_ASK_HUNTED].phase, ZC_ASK_UNMARKING);
    subject_tick();
    cr_assert_eq(subject_replica()->asks[ZC_ASK_HUNTED].phase, ZC_ASK_IDLE);
    cr_assert_str_eq(subject_holds("other"), "1");
    session = ask_replace_again(session, subject_hlc(1));
    zc_message_t end = end_of(session, 0, 'b', subject_hlc(1));
    end.sync_end.replace = true;
    subject_receive(b, &end);
    subject_tick();
    cr_assert_str_eq(subject_holds("held"), "~", "a mark of the broken one does not count");
}

Test(replica_ask, replace_that_was_not_asked_for_breaks_the_transfer) {
    zc_hlc_t last = subject_hlc(0);
    subject_set("mine", "1", 0);
    subject_tick();
    subject_decided();
    uint64_t session = ask(last);
    replace_chunk(session, 0, last, "x=1");
    cr_assert_eq(subject_counters().transfers_broken, 1);
    subject_decided();
    subject_run_ms(250);
    zc_message_t end = end_of(subject_session(), 0, 's', subject_hlc(0));
    end.sync_end.replace = true;
    subject_receive(b, &end);
    cr_assert_eq(subject_counters().transfers_broken, 2);
    cr_assert_str_eq(subject_holds("mine"), "1");
}

Test(replica_ask, donor_that_may_replace_and_says_it_needs_to_is_not_asked_in_a_circle) {
    zc_message_t end = subject_end(ask_replace(subject_hlc(0)), 0);
    end.sync_end.result = ZC_SYNC_NEEDS_REPLACE;
    subject_receive(b, &end);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_credit 0\n", "but only after a while");
}

Test(replica_ask, ends_that_run_too_far_ahead_are_refused) {
    uint64_t session = ask_replace(subject_hlc(0));
    zc_hlc_t far = subject_hlc(20000);
    for (int i = 0; i < 3; i++) {
        zc_message_t end = end_of(session, 0, 'b', i == 0 ? far : subject_hlc(0));
        zc_floor_t floor = {.origin = subject_origin('d'), .hlc = far};
        end.sync_end.replace = true;
        end.sync_end.horizon.hlc = i == 1 ? far : 0;
        end.sync_end.floors = &floor;
        end.sync_end.floor_count = i == 2;
        subject_receive(b, &end);
        cr_assert_eq(subject_counters().skewed, (uint64_t)i + 1);
        session = ask_replace_again(session, subject_hlc(0));
    }
    cr_assert_lt(subject_replica()->clock.hlc, far);
}

Test(replica_ask, what_others_say_of_the_own_origin_is_not_taken_over) {
    subject_set("mine", "1", 0);
    zc_hlc_t written = subject_replica()->written;
    uint64_t session = ask(subject_hlc(0));
    zc_message_t end = end_of(session, 0, 's', written + 100);
    subject_receive(b, &end);
    cr_assert_eq(subject_counters().deltas, 1);
    cr_assert_not(covers('s', written + 100));
    cr_assert(covers('s', written));
}

/* -- What runs too far ahead, and what does not fit together ---------------- */

Test(replica_ask, record_that_runs_too_far_ahead_breaks_the_transfer) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask(last);
    subject_chunk(b, session, 0, 'b', subject_hlc(20000), "x=1");
    cr_assert_eq(subject_counters().skewed, 1);
    cr_assert_eq(subject_counters().transfers_broken, 1);
    cr_assert_str_eq(subject_holds("x"), "");
    cr_assert_lt(subject_replica()->clock.hlc, subject_hlc(20000));
}

Test(replica_ask, registers_that_run_too_far_ahead_break_the_transfer) {
    zc_hlc_t last = subject_hlc(0);
    zc_message_t end = end_of(ask(last), 0, 'b', last);
    end.sync_end.registers.clear = (zc_stamp_t){.hlc = subject_hlc(20000)};
    subject_receive(b, &end);
    cr_assert_eq(subject_counters().transfers_broken, 1);
    cr_assert_not(covers('b', last));
    cr_assert_eq(subject_replica()->registers.clear.hlc, 0);
}

Test(replica_ask, replace_sync_that_ends_as_a_delta_is_broken) {
    zc_hlc_t last = subject_hlc(0);
    uint64_t session = ask_replace(last);
    replace_chunk(session, 0, last, "x=1");
    zc_message_t end = end_of(session, 1, 'b', last);
    subject_receive(b, &end);
    cr_assert_eq(subject_counters().transfers_broken, 1);
    cr_assert_not(covers('b', last));
}

/* -- Slots beyond what one step looks at ----------------------------------- */

static void start_large(void) {
    enum { ENTRIES = ZC_DROP_SLOTS + 10 };
    subject_stop();
    zc_replica_options_t options;
    subject_options(&options);
    options.settings.max_size = ENTRIES;
    subject_start(&options);
    for (int i = 0; i < ENTRIES; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(subject_set(key, "v", 0), ZCACHE_OK);
    }
    subject_meet('b');
}

Test(replica_ask, end_of_a_large_replace_sync_takes_several_steps) {
    start_large();
    zc_hlc_t last = subject_hlc(1);
    zc_message_t end = end_of(ask_replace(last), 0, 'b', last);
    end.sync_end.replace = true;
    const zc_ask_t *hunted = &subject_replica()->asks[ZC_ASK_HUNTED];
    subject_receive(b, &end);
    subject_tick();
    cr_assert_eq(hunted->phase, ZC_ASK_DROPPING);
    cr_assert_not(covers('b', last));
    subject_tick();
    cr_assert_eq(hunted->phase, ZC_ASK_IDLE);
    cr_assert(covers('b', last));
}

Test(replica_ask, marks_of_a_large_broken_replace_sync_go_in_several_steps) {
    start_large();
    zc_hlc_t last = subject_hlc(1);
    uint64_t session = ask_replace(last);
    const zc_ask_t *hunted = &subject_replica()->asks[ZC_ASK_HUNTED];
    replace_chunk(session, 0, last, "x=1");
    replace_chunk(session, 7, last, "x=1");
    subject_tick();
    cr_assert_eq(hunted->phase, ZC_ASK_UNMARKING);
    subject_tick();
    cr_assert_eq(hunted->phase, ZC_ASK_IDLE);
}

/* -- Without memory -------------------------------------------------------- */

Test(replica_ask, ask_without_memory_is_made_later) {
    const zc_peer_t *peer = zc_peers_at(&subject_replica()->peers, 0);
    zc_hlc_t last = subject_hlc(0);
    subject_heartbeat('b', last);
    subject_run_ms((peer->gap_at_us - subject_replica()->clock.now_us) / 1000);
    cr_assert_str_eq(subject_decided(), "");
    subject_fail_after(0);
    subject_run_ms(1);
    cr_assert(subject_failed());
    cr_assert_eq(subject_replica()->asks[ZC_ASK_GAP].phase, ZC_ASK_IDLE);
    ask_again(ZC_ASK_GAP, 0, last);
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
}

/* More origins than there is room for without asking for memory. */
enum { MANY = 40 };

static void list_many(uint8_t first, zc_origin_t origins[MANY]) {
    for (unsigned i = 0; i < MANY; i++) {
        origins[i] = (zc_origin_t){.bytes = {first, (uint8_t)i}};
    }
}

Test(replica_ask, chunk_without_memory_breaks_the_transfer) {
    zc_origin_t origins[MANY];
    list_many(200, origins);
    zc_record_t record = *subject_records("x=1", 5, &(size_t){0});
    record.origin = MANY - 1;
    zc_message_t chunk = {.type = ZC_MESSAGE_SYNC_CHUNK};
    chunk.sync_chunk =
        (zc_sync_chunk_t){.origins = origins, .origin_count = MANY, .records = &record, .count = 1};
    bool failed = true;
    uint64_t n = 0;
    for (; failed; n++) {
        subject_stop();
        start();
        chunk.sync_chunk.session = ask(subject_hlc(0));
        subject_fail_after(n);
        subject_receive(b, &chunk);
        failed = subject_failed();
        cr_assert_str_eq(subject_holds("x"), failed ? "" : "1");
        cr_assert_eq(subject_counters().transfers_broken, failed);
    }
    cr_assert_gt(n, 6, "the map, twice the table of origins");
}

/* The end of a replace-sync that brings many new origins, and floors of as many others. */
static zc_message_t end_of_many(uint64_t session) {
    static zc_interval_t interval;
    static zc_origin_intervals_t rows[MANY];
    static zc_floor_t floors[MANY];
    zc_origin_t origins[MANY];
    interval = (zc_interval_t){.after = 0, .upto = subject_hlc(0)};
    list_many(200, origins);
    for (unsigned i = 0; i < MANY; i++) {
        rows[i] = (zc_origin_intervals_t){.origin = origins[i], .intervals = &interval, .count = 1};
    }
    list_many(201, origins);
    for (unsigned i = 0; i < MANY; i++) {
        floors[i] = (zc_floor_t){.origin = origins[i], .hlc = interval.upto};
    }
    zc_message_t end = subject_end(session, 0);
    end.sync_end.replace = true;
    end.sync_end.vector = (zc_vector_t){.origins = rows, .count = MANY};
    end.sync_end.floors = floors;
    end.sync_end.floor_count = MANY;
    return end;
}

Test(replica_ask, end_without_memory_breaks_the_transfer) {
    bool failed = true;
    uint64_t n = 0;
    for (; failed; n++) {
        subject_stop();
        start();
        zc_message_t end = end_of_many(ask_replace(subject_hlc(0)));
        subject_fail_after(n);
        subject_receive(b, &end);
        subject_tick();
        failed = subject_failed();
        cr_assert_eq(subject_counters().transfers_broken, failed);
        cr_assert_eq(subject_counters().replace_syncs, !failed);
    }
    cr_assert_gt(n, 10, "the vector, the floors, twice the table of origins, rows");
}

Test(replica_ask, transfer_whose_donor_has_gone_breaks_without_a_word) {
    zc_message_t end = end_of_many(ask_replace(subject_hlc(0)));
    subject_receive(b, &end);
    zc_message_t goodbye = {.type = ZC_MESSAGE_GOODBYE};
    goodbye.goodbye.origin = subject_origin('b');
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &goodbye);
    cr_assert_eq(subject_replica()->asks[ZC_ASK_HUNTED].phase, ZC_ASK_DROPPING);
    subject_decided();
    subject_fail_after(0);
    subject_tick();
    cr_assert(subject_failed());
    cr_assert_eq(subject_counters().transfers_broken, 1);
    cr_assert_str_eq(subject_decided(), "");
}
