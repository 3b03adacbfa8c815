/* SPDX-License-Identifier: MPL-2.0 */
/* A client's writes and the batches that carry them (R1, R3, R6). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start(NULL);
    subject_meet('b');
    subject_tick();
    subject_decided();
}

TestSuite(replica_write, .init = start, .fini = subject_stop);

static zcache_status set_slices(zc_slice_t key, zc_slice_t value, uint8_t type, uint64_t ttl_ms) {
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    event.write.type = ZC_WRITE_SET;
    event.write.key = key;
    event.write.value = value;
    event.write.value_type = type;
    event.write.ttl_ms = ttl_ms;
    return subject_step(&event);
}

/* Ticks, and gives the batches that this broadcasts; borrowed until the next step. */
static size_t flush(zc_batch_t *batches, size_t capacity) {
    zc_event_t event = {.type = ZC_EVENT_TICK, .now_us = 1000 * 1000};
    zc_effects_t effects;
    zc_replica_step(subject_replica(), &event, &effects);
    size_t count = 0;
    for (size_t i = 0; i < effects.count; i++) {
        const zc_effect_t *effect = &effects.effects[i];
        if (effect->type == ZC_EFFECT_BROADCAST && effect->message.type == ZC_MESSAGE_BATCH) {
            cr_assert_lt(count, capacity);
            batches[count++] = effect->message.batch;
        }
    }
    return count;
}

Test(replica_write, write_is_sent_at_the_next_tick_which_is_due_at_once) {
    cr_assert_eq(subject_set("a", "1", 0), ZCACHE_OK);
    cr_assert_str_eq(subject_decided(), "", "the step of a writer sends nothing");
    cr_assert_eq(zc_replica_deadline(subject_replica()), 0);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "broadcast batch a=1\n");
    cr_assert_gt(zc_replica_deadline(subject_replica()), 0);
}

Test(replica_write, writer_may_send_itself_and_changes_nothing_else) {
    uint64_t before_us = zc_replica_deadline(subject_replica());
    zc_event_t event = {.type = ZC_EVENT_FLUSH};
    cr_assert_eq(subject_step(&event), ZCACHE_OK);
    cr_assert_str_eq(subject_decided(), "", "there is nothing to send");
    cr_assert_eq(subject_set("a", "1", 0), ZCACHE_OK);
    cr_assert_eq(zc_replica_deadline(subject_replica()), 0);
    cr_assert_eq(subject_step(&event), ZCACHE_OK);
    cr_assert_str_eq(subject_decided(), "broadcast batch a=1\n");
    cr_assert_eq(zc_replica_deadline(subject_replica()), before_us, "all else is due as it was");
    subject_tick();
    cr_assert_str_eq(subject_decided(), "", "it is sent once");
}

Test(replica_write, what_was_written_meanwhile_goes_out_together) {
    subject_set("a", "1", 0);
    subject_set("b", "2", 0);
    subject_delete("c");
    subject_tick();
    cr_assert_str_eq(subject_decided(), "broadcast batch a=1 b=2 ghost\n");
    cr_assert_eq(subject_counters().batches_sent, 1);
}

Test(replica_write, key_that_was_written_twice_goes_out_once) {
    subject_set("a", "1", 0);
    subject_set("b", "2", 0);
    subject_set("a", "3", 0);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "broadcast batch b=2 a=3\n");
}

Test(replica_write, batches_cover_everything_from_the_last_one_on) {
    zc_batch_t first;
    zc_batch_t second;
    subject_set("a", "1", 0);
    subject_set("a", "2", 0);
    cr_assert_eq(flush(&first, 1), 1);
    cr_assert_eq(first.prev, 0);
    zc_hlc_t last = first.last;
    cr_assert_eq(last, first.records[first.count - 1].hlc);
    subject_set("b", "3", 0);
    cr_assert_eq(flush(&second, 1), 1);
    cr_assert_eq(second.prev, last);
    cr_assert_gt(second.last, last);
    cr_assert_eq(subject_replica()->sent, subject_replica()->written);
}

Test(replica_write, what_is_evicted_before_it_is_sent_goes_out_as_its_ghost) {
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text("max_size");
    event.configure.number = 1;
    subject_step(&event);
    subject_decided();
    subject_set("a", "1", 0);
    subject_set("b", "2", 0);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "broadcast batch ghost b=2\n");
}

Test(replica_write, what_a_batch_no_longer_brings_it_does_not_cover) {
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text("ghosts_max");
    event.configure.number = 1;
    subject_step(&event);
    subject_delete("a");
    subject_delete("b");
    subject_set("c", "3", 0);
    zc_hlc_t forgotten = zc_store_floor(zc_replica_store(subject_replica()), 0);
    cr_assert_gt(forgotten, 0, "the ghost of a is forgotten before it was sent");
    zc_batch_t batch;
    cr_assert_eq(flush(&batch, 1), 1);
    cr_assert_eq(batch.prev, forgotten);
    cr_assert_eq(batch.count, 2);
}

Test(replica_write, batch_brings_the_clear_that_voided_what_it_leaves_out) {
    zc_batch_t batch;
    subject_set("a", "1", 0);
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    event.write.type = ZC_WRITE_CLEAR;
    subject_step(&event);
    subject_set("b", "2", 0);
    cr_assert_eq(flush(&batch, 1), 1);
    cr_assert_eq(batch.count, 1);
    cr_assert_eq(batch.clear.hlc, subject_replica()->registers.clear.hlc);
    subject_set("c", "3", 0);
    cr_assert_eq(flush(&batch, 1), 1);
    cr_assert_eq(batch.clear.hlc, 0, "it is below what this one covers");
}

Test(replica_write, large_writes_are_cut_into_batches_that_follow_each_other) {
    enum { BIG_BYTES = 100 * 1000, WRITES = 9 };
    char *value = calloc(1, BIG_BYTES);
    for (int i = 0; i < WRITES; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(set_slices(zc_slice_text(key), zc_slice(value, BIG_BYTES), 0, 0), ZCACHE_OK);
    }
    free(value);
    zc_batch_t batches[WRITES];
    size_t count = flush(batches, WRITES);
    cr_assert_eq(count, 5);
    zc_hlc_t last = 0;
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(batches[i].prev, last);
        cr_assert_leq(batches[i].count, 2);
        last = batches[i].last;
    }
    cr_assert_eq(last, subject_replica()->written);
}

Test(replica_write, no_more_than_some_batches_go_out_in_a_step) {
    enum { BIG_BYTES = 300 * 1000, WRITES = 12 };
    char *value = calloc(1, BIG_BYTES);
    for (int i = 0; i < WRITES; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(set_slices(zc_slice_text(key), zc_slice(value, BIG_BYTES), 0, 0), ZCACHE_OK);
    }
    free(value);
    zc_batch_t batches[WRITES];
    cr_assert_eq(flush(batches, WRITES), ZC_BATCHES_PER_STEP);
    cr_assert_eq(zc_replica_deadline(subject_replica()), 0, "the rest is due at once");
    cr_assert_eq(flush(batches, WRITES), WRITES - ZC_BATCHES_PER_STEP);
}

Test(replica_write, what_was_written_goes_out_before_a_message_can_overwrite_it) {
    subject_set("a", "1", 0);
    subject_batch('b', 0, subject_hlc(5), "a=2");
    cr_assert_str_eq(subject_decided(), "broadcast batch a=1\n");
    cr_assert_str_eq(subject_holds("a"), "2");
}

Test(replica_write, keys_and_values_beyond_their_limits_are_refused) {
    char *large = calloc(1, ZCACHE_VALUE_MAX_DEFAULT + 1);
    zc_slice_t value = zc_slice_text("v");
    cr_assert_eq(set_slices(zc_slice("", 0), value, 0, 0), ZCACHE_INVALID);
    cr_assert_eq(set_slices(zc_slice(large, ZCACHE_KEY_MAX + 1), value, 0, 0), ZCACHE_TOO_LARGE);
    cr_assert_eq(set_slices(zc_slice(large, ZCACHE_KEY_MAX), value, 0, 0), ZCACHE_OK);
    zc_slice_t key = zc_slice_text("k");
    cr_assert_eq(set_slices(key, zc_slice(large, ZCACHE_VALUE_MAX_DEFAULT + 1), 0, 0),
                 ZCACHE_TOO_LARGE);
    cr_assert_eq(set_slices(key, zc_slice(large, ZCACHE_VALUE_MAX_DEFAULT), 0, 0), ZCACHE_OK);
    cr_assert_eq(set_slices(key, value, ZC_VALUE_TYPE_MAX, 0), ZCACHE_OK);
    cr_assert_eq(set_slices(key, value, ZC_VALUE_TYPE_MAX + 1, 0), ZCACHE_INVALID);
    uint64_t ttl_ms = (uint64_t)ZCACHE_TTL_MAX_SECONDS * 1000;
    cr_assert_eq(set_slices(key, value, 0, ttl_ms + 1), ZCACHE_INVALID);
    cr_assert_eq(set_slices(key, value, 0, ttl_ms), ZCACHE_OK);
    cr_assert_eq(subject_delete(""), ZCACHE_INVALID);
    free(large);
    cr_assert_eq(subject_counters().sets, 4);
}

Test(replica_write, write_that_would_not_have_room_alone_is_refused) {
    subject_stop();
    zc_replica_options_t options;
    subject_options(&options);
    options.max_memory = 1000;
    subject_start(&options);
    static char value[1000];
    cr_assert_eq(set_slices(zc_slice_text("k"), zc_slice(value, 1000), 0, 0), ZCACHE_TOO_LARGE);
    cr_assert_eq(set_slices(zc_slice_text("k"), zc_slice(value, 500), 0, 0), ZCACHE_OK);
}

Test(replica_write, delete_answers_whether_the_key_was_held_and_counts) {
    cr_assert_eq(subject_delete("a"), ZCACHE_MISS);
    subject_set("a", "1", 0);
    cr_assert_eq(subject_delete("a"), ZCACHE_OK);
    cr_assert_eq(subject_delete("a"), ZCACHE_MISS);
    cr_assert_eq(subject_counters().deletes, 3);
    cr_assert_str_eq(subject_holds("a"), "~", "also what was not held leaves a ghost");
}

Test(replica_write, write_is_above_everything_that_was_seen) {
    zc_hlc_t seen = subject_hlc(3000);
    subject_batch('b', 0, seen, "a=1");
    subject_set("a", "2", 0);
    cr_assert_gt(subject_replica()->written, seen);
    cr_assert_str_eq(subject_holds("a"), "2");
}

Test(replica_write, own_vector_is_one_interval_whatever_was_written) {
    for (int i = 0; i < 100; i++) {
        subject_set("a", "1", 0);
        if (i % 7 == 0) {
            subject_tick();
        }
    }
    zc_origin_t self = subject_origin('s');
    zc_origin_intervals_t row = zc_vvec_row(&subject_replica()->vvec, 0, &self);
    cr_assert_eq(row.count, 1);
    cr_assert_eq(row.intervals[0].after, 0);
    cr_assert_eq(row.intervals[0].upto, subject_replica()->written);
}

Test(replica_write, batch_that_finds_no_memory_is_cut_later) {
    subject_set("a", "1", 0);
    subject_set("b", "2", 0);
    zc_arena_fini(&subject_replica()->arena);
    zc_failing_allocator_fail_after(subject_allocator(), 0);
    subject_tick();
    cr_assert(zc_failing_allocator_stop(subject_allocator()));
    cr_assert_str_eq(subject_decided(), "");
    subject_tick();
    cr_assert_str_eq(subject_decided(), "broadcast batch a=1 b=2\n");
}

Test(replica_write, set_without_memory_changes_nothing) {
    subject_set("a", "1", 0);
    zc_hlc_t written = subject_replica()->written;
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        zc_failing_allocator_fail_after(subject_allocator(), n);
        zcache_status status = subject_set("a", "2", 0);
        failed = zc_failing_allocator_stop(subject_allocator());
        cr_assert_eq(status, failed ? ZCACHE_NO_MEMORY : ZCACHE_OK);
        cr_assert_str_eq(subject_holds("a"), failed ? "1" : "2");
        cr_assert_eq(subject_replica()->written == written, failed);
    }
}

Test(replica_write, delete_without_memory_changes_nothing) {
    char key[16];
    bool failed = false;
    for (int i = 0; !failed; i++) { /* until a ghost needs a slot that has to be made */
        cr_assert_lt(i, 5000);
        snprintf(key, sizeof key, "k%d", i);
        zc_hlc_t written = subject_replica()->written;
        uint64_t deletes = subject_counters().deletes;
        zc_failing_allocator_fail_after(subject_allocator(), 0);
        zcache_status status = subject_delete(key);
        failed = subject_failed();
        cr_assert_eq(status, failed ? ZCACHE_NO_MEMORY : ZCACHE_MISS);
        cr_assert_eq(subject_replica()->written == written, failed);
        cr_assert_eq(subject_counters().deletes, deletes + !failed);
    }
    cr_assert_str_eq(subject_holds(key), "");
    cr_assert_eq(subject_delete(key), ZCACHE_MISS);
}

Test(replica_write, writes_with_nobody_to_hear_them_wait_in_the_store) {
    subject_stop();
    subject_start(NULL);
    subject_set("a", "1", 0);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "");
    cr_assert_eq(subject_replica()->sent, subject_replica()->written);
    subject_meet('b');
    subject_set("b", "2", 0);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "broadcast batch b=2\n");
}
