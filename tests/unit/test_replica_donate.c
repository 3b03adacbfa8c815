/* SPDX-License-Identifier: MPL-2.0 */
/* The donor's side of a transfer (R6, R7, R9, S2). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/subject.h"

static zc_link_t asker;

static void start(void) {
    subject_start(NULL);
    asker = subject_route(9);
}

TestSuite(replica_donate, .init = start, .fini = subject_stop);

static zc_message_t ask_for(uint64_t session, bool replace, const zc_origin_intervals_t *rows,
                            size_t count) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_ASK};
    message.sync_ask = (zc_sync_ask_t){.session = session,
                                       .have = {.origins = rows, .count = count},
                                       .replace = replace,
                                       .credit_bytes = ZC_CREDIT_BYTES,
                                       .registers = subject_replica()->registers};
    return message;
}

static void ask(uint64_t session, bool replace) {
    zc_message_t message = ask_for(session, replace, NULL, 0);
    subject_receive(asker, &message);
}

static void credit(uint64_t session, uint32_t bytes) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CREDIT};
    message.sync_credit = (zc_sync_credit_t){.session = session, .credit_bytes = bytes};
    subject_receive(asker, &message);
}

static void configure(const char *name, uint64_t number) {
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text(name);
    event.configure.number = number;
    subject_step(&event);
    subject_decided();
}

static void set_big(int count) {
    enum { BIG_BYTES = 200 * 1000 };
    char *value = calloc(1, BIG_BYTES);
    for (int i = 0; i < count; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        zc_event_t event = {.type = ZC_EVENT_WRITE};
        event.write.type = ZC_WRITE_SET;
        event.write.key = zc_slice_text(key);
        event.write.value = zc_slice(value, BIG_BYTES);
        cr_assert_eq(subject_step(&event), ZCACHE_OK);
    }
    free(value);
}

static size_t count_donations(void) {
    size_t count = 0;
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        count += subject_replica()->donations[i] != NULL && !subject_replica()->ended[i];
    }
    return count;
}

Test(replica_donate, delta_brings_what_is_lacking_newest_first) {
    subject_set("a", "1", 0);
    zc_hlc_t first = subject_replica()->written;
    subject_set("b", "2", 0);
    subject_delete("c");
    zc_interval_t interval = {.after = 0, .upto = first};
    zc_origin_intervals_t row = {.origin = subject_origin('s'), .intervals = &interval, .count = 1};
    zc_message_t message = ask_for(5, false, &row, 1);
    subject_receive(asker, &message);
    cr_assert_str_eq(subject_decided(),
                     "to route 9: sync_chunk 0 ghost b=2\nto route 9: sync_end complete\n");
    cr_assert_eq(subject_counters().transfers_donated, 1);
    cr_assert_eq(count_donations(), 0);
}

Test(replica_donate, delta_brings_what_is_lacking_between_two_intervals_and_no_more) {
    zc_interval_t held[2] = {{.after = 0}};
    subject_set("a", "1", 0);
    held[0].upto = subject_replica()->written;
    subject_set("b", "2", 0);
    held[1].after = subject_replica()->written;
    subject_set("c", "3", 0);
    held[1].upto = subject_replica()->written;
    subject_set("d", "4", 0);
    zc_origin_intervals_t row = {.origin = subject_origin('s'), .intervals = held, .count = 2};
    zc_message_t message = ask_for(5, false, &row, 1);
    subject_receive(asker, &message);
    cr_assert_str_eq(subject_decided(),
                     "to route 9: sync_chunk 0 d=4 b=2\nto route 9: sync_end complete\n");
}

Test(replica_donate, asker_that_lacks_nothing_gets_an_end) {
    subject_set("a", "1", 0);
    zc_interval_t interval = {.after = 0, .upto = ZC_HLC_MAX};
    zc_origin_intervals_t row = {.origin = subject_origin('s'), .intervals = &interval, .count = 1};
    zc_message_t message = ask_for(5, true, &row, 1);
    subject_receive(asker, &message);
    cr_assert_str_eq(subject_decided(), "to route 9: sync_end complete\n");
}

Test(replica_donate, who_has_nothing_gets_all_by_recency_coldest_first) {
    subject_set("old", "1", 0);
    subject_run_ms(10);
    subject_set("young", "2", 0);
    subject_delete("gone");
    subject_run_ms(10000);
    zc_store_item_t item;
    zc_store_get(zc_replica_store(subject_replica()), zc_slice_text("old"),
                 subject_replica()->clock.now_us / 1000, true, &item);
    subject_decided();
    ask(5, true);
    cr_assert_str_eq(subject_decided(), "to route 9: sync_chunk 0 replace young=2 old=1 ghost\n"
                                        "to route 9: sync_end complete replace\n");
}

Test(replica_donate, forgotten_ghost_makes_a_delta_impossible) {
    configure("ghosts_max", 1);
    subject_set("a", "1", 0);
    subject_delete("b");
    subject_delete("c");
    subject_tick();
    ask(5, false);
    cr_assert_str_eq(subject_decided(), "to route 9: sync_end needs_replace\n");
    ask(6, true);
    cr_assert_str_eq(subject_decided(), "to route 9: sync_chunk 0 replace a=1 ghost\n"
                                        "to route 9: sync_end complete replace\n");
}

Test(replica_donate, asker_that_has_all_below_the_floor_gets_a_delta) {
    configure("ghosts_max", 1);
    subject_delete("b");
    zc_hlc_t first = subject_replica()->written;
    subject_delete("c");
    zc_interval_t interval = {.after = 0, .upto = first};
    zc_origin_intervals_t row = {.origin = subject_origin('s'), .intervals = &interval, .count = 1};
    zc_message_t message = ask_for(5, false, &row, 1);
    subject_receive(asker, &message);
    cr_assert_str_eq(subject_decided(),
                     "to route 9: sync_chunk 0 ghost\nto route 9: sync_end complete\n");
}

Test(replica_donate, forgotten_ghost_in_the_first_hole_makes_a_delta_impossible) {
    configure("ghosts_max", 1);
    subject_delete("b");
    subject_delete("c");
    zc_interval_t interval = {.after = subject_replica()->written};
    subject_set("d", "4", 0);
    interval.upto = subject_replica()->written;
    subject_set("e", "5", 0);
    zc_origin_intervals_t row = {.origin = subject_origin('s'), .intervals = &interval, .count = 1};
    zc_message_t message = ask_for(5, false, &row, 1);
    subject_receive(asker, &message);
    cr_assert_str_eq(subject_decided(), "to route 9: sync_end needs_replace\n");
}

Test(replica_donate, chunks_go_out_one_in_a_step_and_as_far_as_the_credit_goes) {
    set_big(20);
    subject_tick();
    subject_decided();
    ask(5, false);
    cr_assert_eq(zc_replica_deadline(subject_replica()), 0, "the next chunk is due at once");
    subject_tick();
    cr_assert_eq(zc_replica_deadline(subject_replica()), 0);
    for (int i = 0; i < 50; i++) {
        subject_tick();
    }
    const char *decided = subject_decided();
    cr_assert_not_null(strstr(decided, "sync_chunk 5 "));
    cr_assert_null(strstr(decided, "sync_chunk 6 "), "a mebibyte is six chunks of 200,000 bytes");
    cr_assert_not_null(strstr(decided, "sync_end part\n"), "and then there is a checkpoint");
    cr_assert_gt(zc_replica_deadline(subject_replica()), 0, "it waits for credit");
    credit(5, 200000);
    cr_assert_not_null(strstr(subject_decided(), "sync_chunk 7 "));
    credit(5, UINT32_MAX);
    for (int i = 0; i < 50; i++) {
        subject_tick();
    }
    decided = subject_decided();
    cr_assert_not_null(strstr(decided, "sync_chunk 22 "), "20 chunks and 3 checkpoints");
    cr_assert_not_null(strstr(decided, "sync_end complete\n"));
}

/* What the end or part that comes with more credit covers of the own origin above its `after`, 0:
 * there is none; *part tells which of the two it is. */
static zc_interval_t covered_with_credit(bool *part) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CREDIT};
    message.sync_credit = (zc_sync_credit_t){.session = 5, .credit_bytes = ZC_CREDIT_BYTES};
    zc_event_t event = {.type = ZC_EVENT_MESSAGE, .now_us = subject_replica()->clock.now_us};
    event.message.from = asker;
    event.message.message = &message;
    zc_effects_t effects;
    zc_replica_step(subject_replica(), &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        const zc_message_t *sent = &effects.effects[i].send.message;
        if (effects.effects[i].type == ZC_EFFECT_SEND && sent->type == ZC_MESSAGE_SYNC_END) {
            *part = sent->sync_end.result == ZC_SYNC_PART;
            cr_assert_eq(sent->sync_end.vector.count, 1);
            return sent->sync_end.vector.origins[0].intervals[0];
        }
    }
    return (zc_interval_t){.after = 0};
}

/* Sets k0, k1 ... and returns their HLCs. */
static void set_and_note(zc_hlc_t *hlcs, int count) {
    for (int i = 0; i < count; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        subject_set(key, "1", 0);
        hlcs[i] = subject_replica()->written;
    }
}

/* Three records of 67 bytes make a checkpoint. */
static void ask_in_parts(void) {
    subject_replica()->checkpoint_bytes = 3 * 67;
    zc_message_t message = ask_for(5, false, NULL, 0);
    message.sync_ask.credit_bytes = 0;
    subject_receive(asker, &message);
}

Test(replica_donate, checkpoint_covers_what_is_above_the_next_write) {
    zc_hlc_t hlcs[7];
    bool part = false;
    set_and_note(hlcs, 7);
    ask_in_parts();
    zc_interval_t covered = covered_with_credit(&part);
    cr_assert(part && covered.after == hlcs[3] && covered.upto == hlcs[6]);
    covered = covered_with_credit(&part);
    cr_assert(part && covered.after == hlcs[0] && covered.upto == hlcs[6]);
    covered = covered_with_credit(&part);
    cr_assert(!part && covered.after == 0 && covered.upto == hlcs[6]);
}

Test(replica_donate, checkpoint_covers_what_has_come_since_only_with_what_that_is) {
    zc_hlc_t hlcs[7];
    bool part = false;
    set_and_note(hlcs, 7);
    ask_in_parts();
    subject_set("k5", "2", 0);
    zc_hlc_t newest = subject_replica()->written;
    subject_tick();
    subject_decided();
    credit(5, ZC_CREDIT_BYTES);
    cr_assert_str_eq(subject_decided(), "to route 9: sync_chunk 0 k6=1 k4=1 k3=1 k5=2\n"
                                        "to route 9: sync_end part\n");
    zc_interval_t covered = covered_with_credit(&part);
    cr_assert(!part && covered.after == 0 && covered.upto == newest);
}

/* The donor asks b for what it lacks itself, and gets a part: that is in no vector. */
static void receive_uncovered(const char *writes) {
    subject_heartbeat('b', subject_hlc(-100));
    subject_run_ms(SUBJECT_HEARTBEAT_MS);
    cr_assert_not_null(strstr(subject_decided(), "to peer 0: sync_ask\n"));
    subject_chunk(subject_peer(0), subject_session(), 0, 'b', subject_hlc(0), writes);
    subject_decided();
}

Test(replica_donate, delta_brings_what_has_overwritten_and_no_vector_covers) {
    zc_hlc_t hlcs[7];
    subject_meet('b');
    set_and_note(hlcs, 7);
    ask_in_parts();
    subject_decided();
    credit(5, 1);
    credit(5, 1);
    cr_assert_not_null(strstr(subject_decided(), "k1=1\nto route 9: sync_end part\n"),
                       "k0 is left");
    receive_uncovered("k0=new fresh=1");
    credit(5, ZC_CREDIT_BYTES);
    cr_assert_str_eq(subject_decided(), "to route 9: sync_chunk 4 k0=new\n"
                                        "to route 9: sync_end complete\n");
    subject_tick();
    cr_assert_null(subject_replica()->strays.key_hashes, "nobody is given anything any more");
}

Test(replica_donate, delta_that_there_is_no_memory_for_strays_of_is_not_complete) {
    zc_hlc_t hlcs[2];
    subject_meet('b');
    set_and_note(hlcs, 2);
    ask_in_parts();
    subject_heartbeat('b', subject_hlc(-100));
    subject_run_ms(SUBJECT_HEARTBEAT_MS);
    zc_record_t record = {.key_hash = 1};
    zc_failing_allocator_fail_after(subject_allocator(), 0);
    zc_stray_note(subject_replica(), &record);
    zc_failing_allocator_stop(subject_allocator());
    subject_decided();
    credit(5, ZC_CREDIT_BYTES);
    cr_assert_not_null(strstr(subject_decided(), "sync_end incomplete\n"));
}

Test(replica_donate, floor_that_rises_ends_a_delta_at_the_next_checkpoint) {
    zc_hlc_t hlcs[9];
    bool part = false;
    configure("ghosts_max", 1);
    set_and_note(hlcs, 9);
    ask_in_parts();
    covered_with_credit(&part);
    cr_assert(part);
    subject_delete("k0");
    subject_delete("k1");
    subject_decided();
    credit(5, ZC_CREDIT_BYTES);
    cr_assert_not_null(strstr(subject_decided(), "sync_end incomplete\n"));
    cr_assert_eq(count_donations(), 0);
}

Test(replica_donate, live_writes_go_on_between_chunks) {
    subject_meet('b');
    set_big(4);
    subject_run_ms(10);
    ask(5, false);
    subject_decided();
    subject_set("live", "1", 0);
    subject_tick();
    const char *decided = subject_decided();
    cr_assert_not_null(strstr(decided, "broadcast batch live=1\n"));
    cr_assert_not_null(strstr(decided, "sync_chunk 1 "));
}

Test(replica_donate, floor_that_rises_meanwhile_ends_a_delta_as_incomplete) {
    configure("ghosts_max", 1);
    set_big(8);
    ask(5, false);
    for (int i = 0; i < 3; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        subject_delete(key);
    }
    credit(5, UINT32_MAX);
    for (int i = 0; i < 20; i++) {
        subject_tick();
    }
    cr_assert_not_null(strstr(subject_decided(), "sync_end incomplete\n"));
    cr_assert_eq(subject_counters().transfers_donated, 0);
}

Test(replica_donate, what_is_written_meanwhile_is_not_covered) {
    set_big(4);
    zc_hlc_t before = subject_replica()->written;
    ask(5, false);
    subject_set("later", "1", 0);
    cr_assert_eq(subject_replica()->donations[0]->covered.vector.origins[0].intervals[0].upto,
                 before);
}

Test(replica_donate, asker_that_gives_up_is_forgotten_at_once_and_a_silent_one_after_its_timeout) {
    set_big(20);
    subject_tick();
    ask(5, false);
    ask(6, false);
    cr_assert_eq(count_donations(), 2);
    credit(5, 0);
    cr_assert_eq(count_donations(), 1);
    subject_run_ms(29000);
    cr_assert_eq(count_donations(), 1);
    subject_run_ms(2000);
    cr_assert_eq(count_donations(), 0);
    credit(6, 1000);
    cr_assert_eq(count_donations(), 0);
}

Test(replica_donate, session_counts_only_on_its_own_link) {
    set_big(20);
    ask(5, false);
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CREDIT};
    message.sync_credit = (zc_sync_credit_t){.session = 5, .credit_bytes = 0};
    subject_receive(subject_route(10), &message);
    cr_assert_eq(count_donations(), 1);
}

Test(replica_donate, transfers_beyond_the_limit_are_told_to_come_back) {
    set_big(20);
    for (uint64_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        ask(i, false);
    }
    subject_decided();
    ask(100, false);
    cr_assert_not_null(strstr(subject_decided(), "to route 9: sync_end busy\n"));
    cr_assert_eq(subject_counters().transfers_refused, 1);
    ask(3, false);
    cr_assert_eq(subject_counters().transfers_refused, 1, "the same session begins anew");
}

Test(replica_donate, node_that_is_joining_gives_nothing) {
    subject_stop();
    subject_start_joining();
    ask(5, true);
    cr_assert_str_eq(subject_decided(), "to route 9: sync_end joining\n");
}

Test(replica_donate, registers_of_the_asker_are_merged) {
    zc_message_t message = ask_for(5, false, NULL, 0);
    message.sync_ask.registers.settings.max_size = 5;
    message.sync_ask.registers.settings_stamp =
        (zc_stamp_t){.hlc = subject_hlc(0), .origin = subject_origin('b')};
    subject_receive(asker, &message);
    cr_assert_eq(subject_replica()->registers.settings.max_size, 5);
}

Test(replica_donate, entries_of_many_origins_go_out_in_one_chunk) {
    for (unsigned i = 0; i < 150; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i);
        zc_store_item_t item = {.hlc = 5, .key = zc_slice_text(key)};
        item.key_hash = zc_key_hash(item.key);
        zc_origin_t origin = {.bytes = {1, (uint8_t)i}};
        zc_store_t *store = zc_replica_store(subject_replica());
        cr_assert_eq(zc_store_origin(store, &origin, &item.origin), ZCACHE_OK);
        zc_outcome_t outcome;
        cr_assert_eq(zc_store_apply(store, &item, 1000, &outcome, NULL), ZCACHE_OK);
        cr_assert_eq(zc_vvec_cover(&subject_replica()->vvec, item.origin, 0, 5), ZCACHE_OK);
    }
    ask(5, false);
    const char *decided = subject_decided();
    cr_assert_not_null(strstr(decided, "sync_chunk 0 "));
    cr_assert_null(strstr(decided, "sync_chunk 1 "));
    cr_assert_not_null(strstr(decided, "sync_end complete\n"));
}

Test(replica_donate, transfer_without_memory_ends_as_one_to_be_asked_for_again) {
    subject_set("a", "1", 0);
    subject_delete("b");
    subject_tick();
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        zc_arena_fini(&subject_replica()->arena);
        zc_failing_allocator_fail_after(subject_allocator(), n);
        subject_decided();
        ask(n, true);
        failed = zc_failing_allocator_stop(subject_allocator());
        for (int i = 0; i < 4; i++) {
            subject_tick();
        }
        cr_assert_eq(count_donations(), 0, "with allocation %d failed", (int)n);
    }
    cr_assert_not_null(strstr(subject_decided(), "sync_end complete replace\n"));
}

/* -- Without memory -------------------------------------------------------- */

/* One that has no memory for what it says next. */
Test(replica_donate, donor_without_memory_for_a_chunk_gives_up) {
    for (int replace = 0; replace < 2; replace++) {
        set_big(4);
        subject_tick();
        ask(5, replace != 0);
        subject_decided();
        subject_fail_after(0);
        subject_tick();
        cr_assert(subject_failed());
        cr_assert_str_eq(subject_decided(), "to route 9: sync_end incomplete\n");
        subject_tick();
        cr_assert_eq(count_donations(), 0);
    }
}

/* Gives credit to the transfer that waits for it, and returns the number that its end has, or
 * UINT32_MAX: it has no good end. *chunks is how many came before it. */
static uint32_t take_end(uint64_t session, size_t *chunks) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CREDIT};
    message.sync_credit = (zc_sync_credit_t){.session = session, .credit_bytes = ZC_CREDIT_BYTES};
    zc_event_t event = {.type = ZC_EVENT_MESSAGE, .now_us = subject_replica()->clock.now_us};
    event.message.from = asker;
    event.message.message = &message;
    zc_effects_t effects;
    zc_replica_step(subject_replica(), &event, &effects);
    *chunks = 0;
    for (size_t i = 0; i < effects.count; i++) {
        const zc_message_t *sent = &effects.effects[i].send.message;
        *chunks += sent->type == ZC_MESSAGE_SYNC_CHUNK;
        if (sent->type == ZC_MESSAGE_SYNC_END && sent->sync_end.result == ZC_SYNC_COMPLETE) {
            return sent->sync_end.number;
        }
    }
    return UINT32_MAX;
}

/* The list of effects has to grow for the chunk, and then for the end. */
Test(replica_donate, chunk_that_is_lost_for_want_of_memory_counts_so_that_the_asker_sees_it) {
    subject_set("a", "1", 0);
    subject_tick();
    bool failed = true;
    size_t lost = 0;
    for (uint64_t n = 0; failed; n++) {
        zc_message_t message = ask_for(n, false, NULL, 0);
        message.sync_ask.credit_bytes = 0;
        subject_receive(asker, &message);
        zc_free(subject_replica()->allocator, subject_replica()->effects);
        subject_replica()->effects = NULL;
        subject_replica()->effect_capacity = 0;
        subject_fail_after(n);
        size_t chunks;
        uint32_t number = take_end(n, &chunks);
        failed = subject_failed();
        cr_assert(failed || chunks == 1);
        cr_assert(number == UINT32_MAX || number == 1, "with allocation %d failed", (int)n);
        lost += chunks == 0 && number == 1;
    }
    cr_assert_gt(lost, 0);
}

/* So many origins that their floors do not fit into a block of the arena beside anything else. */
Test(replica_donate, replace_sync_without_memory_for_its_floors_is_not_complete) {
    enum { ORIGINS = 4000, CHUNK_BLOCKS = 2 };
    for (unsigned i = 0; i < ORIGINS; i++) {
        zc_origin_t origin = {.bytes = {1, (uint8_t)i, (uint8_t)(i >> 8)}};
        zc_origin_index_t index;
        zcache_status status =
            zc_store_origin(zc_replica_store(subject_replica()), &origin, &index);
        cr_assert_eq(status, ZCACHE_OK);
    }
    set_big(2);
    subject_tick();
    zc_message_t message = ask_for(5, true, NULL, 0);
    message.sync_ask.credit_bytes = 1;
    subject_receive(asker, &message);
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    event.write.type = ZC_WRITE_CLEAR;
    subject_step(&event);
    subject_tick();
    subject_decided();
    /* The chunk's own memory comes before. */
    subject_fail_after(CHUNK_BLOCKS);
    credit(5, 1000);
    cr_assert(subject_failed());
    cr_assert_str_eq(subject_decided(), "to route 9: sync_end incomplete replace\n");
}
