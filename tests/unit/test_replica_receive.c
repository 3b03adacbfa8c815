/* SPDX-License-Identifier: MPL-2.0 */
/* What others broadcast: batches (R1-R3) and touches (R11). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start(NULL);
    subject_meet('b');
    subject_tick();
    subject_decided();
}

TestSuite(replica_receive, .init = start, .fini = subject_stop);

static bool covers(char letter, zc_hlc_t after, zc_hlc_t upto) {
    zc_origin_t origin = subject_origin(letter);
    zc_origin_index_t index = zc_store_origin_find(zc_replica_store(subject_replica()), &origin);
    return zc_vvec_covers_interval(&subject_replica()->vvec, index, after, upto);
}

Test(replica_receive, batch_is_applied_and_its_interval_covered) {
    zc_hlc_t last = subject_hlc(0);
    subject_batch('b', 0, last, "x=1 y=2 ~z");
    cr_assert_str_eq(subject_holds("x"), "1");
    cr_assert_str_eq(subject_holds("y"), "2");
    cr_assert_str_eq(subject_holds("z"), "~");
    cr_assert(covers('b', 0, last));
    cr_assert_eq(subject_counters().applied, 3);
    cr_assert_eq(subject_counters().batches_received, 1);
}

Test(replica_receive, batch_that_comes_again_changes_nothing) {
    zc_hlc_t last = subject_hlc(0);
    subject_batch('b', 0, last, "x=1");
    subject_set("x", "mine", 0);
    subject_batch('b', 0, last, "x=1");
    cr_assert_str_eq(subject_holds("x"), "mine");
    cr_assert_eq(subject_counters().applied, 1);
}

Test(replica_receive, batch_after_a_hole_is_applied_and_the_hole_asked_for) {
    zc_hlc_t last = subject_hlc(0);
    subject_batch('b', last - 10, last, "x=1");
    cr_assert_str_eq(subject_holds("x"), "1");
    cr_assert_not(covers('b', 0, last));
    cr_assert(covers('b', last - 10, last));
    cr_assert_eq(subject_counters().gaps, 1);
    cr_assert_str_eq(subject_decided(), "", "not at once, but after a random delay");
    subject_run_ms(SUBJECT_HEARTBEAT_MS / 4 + 1);
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
}

Test(replica_receive, hole_that_is_filled_in_time_is_not_asked_for) {
    zc_hlc_t last = subject_hlc(0);
    subject_batch('b', last - 10, last, "x=1");
    subject_batch('b', 0, last - 10, "y=2");
    subject_run_ms(200);
    cr_assert_str_eq(subject_decided(), "");
    cr_assert(covers('b', 0, last));
}

Test(replica_receive, older_write_is_outdated_and_of_a_tie_the_higher_origin_wins) {
    zc_hlc_t hlc = subject_hlc(0);
    subject_batch('b', 0, hlc, "x=b");
    subject_batch('c', 0, hlc, "x=c");
    cr_assert_str_eq(subject_holds("x"), "c");
    subject_batch('a', 0, hlc, "x=a");
    cr_assert_str_eq(subject_holds("x"), "c");
    subject_batch('d', 0, hlc - 1, "x=d");
    cr_assert_str_eq(subject_holds("x"), "c");
    cr_assert_eq(subject_counters().outdated, 2);
}

Test(replica_receive, batch_of_an_origin_that_nobody_introduced_is_applied) {
    zc_hlc_t last = subject_hlc(0);
    subject_batch('q', last - 5, last, "x=1");
    cr_assert_str_eq(subject_holds("x"), "1");
    cr_assert(covers('q', last - 5, last));
    subject_run_ms(200);
    cr_assert_str_eq(subject_decided(), "", "there is nobody to ask for its hole");
}

Test(replica_receive, own_batch_that_comes_back_is_ignored) {
    subject_batch('s', 0, subject_hlc(5), "x=1");
    cr_assert_str_eq(subject_holds("x"), "");
    subject_set("y", "1", 0);
    cr_assert_eq(subject_replica()->written, subject_hlc(0));
}

Test(replica_receive, clear_that_a_batch_brings_comes_before_its_records) {
    subject_set("mine", "1", 0);
    zc_message_t message = {.type = ZC_MESSAGE_BATCH};
    message.batch = (zc_batch_t){.origin = subject_origin('b'), .last = subject_hlc(2)};
    message.batch.clear = (zc_stamp_t){.hlc = subject_hlc(1), .origin = subject_origin('b')};
    message.batch.records = subject_records("x=1", subject_hlc(2), &message.batch.count);
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    cr_assert_str_eq(subject_holds("mine"), "");
    cr_assert_str_eq(subject_holds("x"), "1");
    message.batch.prev = subject_hlc(2);
    message.batch.last = subject_hlc(3);
    message.batch.clear.hlc = subject_hlc(20000);
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    cr_assert_eq(subject_counters().batches_refused, 1, "the clear is too far ahead");
    cr_assert_str_eq(subject_holds("x"), "1");
}

Test(replica_receive, batch_too_far_ahead_is_refused_whole) {
    uint64_t skew_ms = subject_replica()->registers.settings.max_clock_skew_ms;
    zc_hlc_t last = subject_hlc((int64_t)skew_ms + 1);
    subject_batch('b', 0, last, "x=1 y=2");
    cr_assert_str_eq(subject_holds("x"), "");
    cr_assert_not(covers('b', 0, last));
    cr_assert_eq(subject_counters().skewed, 1);
    subject_batch('b', 0, subject_hlc((int64_t)skew_ms), "x=1");
    cr_assert_str_eq(subject_holds("x"), "1");
}

Test(replica_receive, two_values_under_one_stamp_are_a_fault_and_all_keep_the_same) {
    zc_hlc_t hlc = subject_hlc(0);
    subject_stop();
    const char *kept[2];
    for (int order = 0; order < 2; order++) {
        subject_start(NULL);
        zc_store_item_t item = {.hlc = hlc, .key = zc_slice_text("x")};
        item.key_hash = zc_key_hash(item.key);
        zc_origin_t origin = subject_origin('b');
        zc_store_t *store = zc_replica_store(subject_replica());
        cr_assert_eq(zc_store_origin(store, &origin, &item.origin), ZCACHE_OK);
        for (int i = 0; i < 2; i++) {
            zc_record_t record = {.hlc = hlc, .key = item.key, .key_hash = item.key_hash};
            record.value = zc_slice_text(i == order ? "first" : "second");
            cr_assert_eq(zc_receive_record(subject_replica(), &record, item.origin), ZCACHE_OK);
        }
        cr_assert_eq(subject_counters().faults, 1);
        kept[order] = strcmp(subject_holds("x"), "first") == 0 ? "first" : "second";
        subject_stop();
    }
    cr_assert_str_eq(kept[0], kept[1]);
    subject_start(NULL);
}

Test(replica_receive, batch_without_memory_is_not_covered_and_counted) {
    zc_hlc_t last = subject_hlc(0);
    subject_batch('b', 0, last - 100, "w=0");
    bool failed = true;
    uint64_t refused = 0;
    for (uint64_t n = 0; failed; n++) {
        zc_failing_allocator_fail_after(subject_allocator(), n);
        /* A value of another size takes a page of its own. */
        subject_batch('b', last - 100, last, "x=1 y=0123456789012345678901234567890123456789");
        failed = zc_failing_allocator_stop(subject_allocator());
        refused += failed;
        cr_assert_eq(covers('b', 0, last), !failed);
        cr_assert_eq(subject_counters().batches_refused, refused);
    }
    cr_assert_gt(refused, 0);
    cr_assert_str_eq(subject_holds("y"), "0123456789012345678901234567890123456789");
}

Test(replica_receive, batches_of_origins_beyond_the_limit_are_refused) {
    zc_store_t *store = zc_replica_store(subject_replica());
    for (unsigned i = 0; zc_store_origin_count(store) < ZCACHE_ORIGINS_MAX; i++) {
        zc_origin_t origin = {.bytes = {0xff, (uint8_t)(i >> 8), (uint8_t)i}};
        zc_origin_index_t index;
        cr_assert_eq(zc_store_origin(store, &origin, &index), ZCACHE_OK);
    }
    subject_batch('q', 0, subject_hlc(0), "x=1");
    cr_assert_eq(subject_counters().batches_refused, 1);
    cr_assert_str_eq(subject_holds("x"), "");
    subject_batch('b', 0, subject_hlc(0), "x=1");
    cr_assert_str_eq(subject_holds("x"), "1", "those that are known go on");
}

Test(replica_receive, batch_beyond_the_intervals_leaves_something_to_be_claimed) {
    zc_hlc_t last = subject_hlc(0) - 100 * ZCACHE_INTERVALS_MAX;
    for (int i = 0; i < ZCACHE_INTERVALS_MAX; i++, last += 100) {
        subject_batch('b', last - 10, last, "x=1");
    }
    cr_assert_not(subject_replica()->uncovered);
    subject_batch('b', last - 10, last, "y=1");
    cr_assert_eq(subject_counters().batches_refused, 1);
    cr_assert_str_eq(subject_holds("y"), "1");
    cr_assert_not(covers('b', last - 10, last));
    cr_assert(subject_replica()->uncovered);
    cr_assert(subject_replica()->claim.wanted);
}

Test(replica_receive, touch_makes_an_entry_the_youngest) {
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text("max_size");
    event.configure.number = 2;
    subject_step(&event);
    subject_set("old", "1", 0);
    subject_set("young", "2", 0);
    subject_run_ms(10);
    uint64_t key_hashes[] = {zc_key_hash(zc_slice_text("old")), 12345};
    zc_message_t message = {.type = ZC_MESSAGE_TOUCH};
    message.touch =
        (zc_touch_t){.origin = subject_origin('b'), .key_hashes = key_hashes, .count = 2};
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    subject_set("new", "3", 0);
    cr_assert_str_eq(subject_holds("old"), "1");
    cr_assert_str_eq(subject_holds("young"), "~");
    cr_assert_eq(subject_counters().touches_received, 2);
}
