/* SPDX-License-Identifier: MPL-2.0 */
/* The two replicated registers: settings (M2) and clear (R10). */
#include <criterion/criterion.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start(NULL);
    subject_meet('b');
    subject_tick();
    subject_decided();
}

TestSuite(replica_registers, .init = start, .fini = subject_stop);

static zcache_status configure(const char *name, uint64_t number) {
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text(name);
    event.configure.number = number;
    return subject_step(&event);
}

static void receive(const zc_registers_t *registers) {
    zc_message_t message = {.type = ZC_MESSAGE_REGISTERS};
    message.registers =
        (zc_registers_message_t){.origin = subject_origin('b'), .registers = *registers};
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
}

static const zc_registers_t *registers(void) {
    return &subject_replica()->registers;
}

Test(replica_registers, defaults_are_valid_and_what_is_out_of_range_is_named) {
    zc_settings_t settings;
    zc_settings_init(&settings);
    const char *wrong = "none";
    cr_assert(zc_settings_valid(&settings, &wrong));
    cr_assert_str_eq(wrong, "none");
    cr_assert_eq(settings.max_size, 1000);
    cr_assert_eq(settings.expire_after_ms, 60000);
    settings.heartbeat_ms = 9;
    cr_assert_not(zc_settings_valid(&settings, &wrong));
    cr_assert_str_eq(wrong, "heartbeat_ms");
    settings.heartbeat_ms = 60001;
    cr_assert_not(zc_settings_valid(&settings, &wrong));
}

Test(replica_registers, founder_gives_its_settings_a_stamp_that_is_higher_the_older_it_is) {
    zc_stamp_t older = registers()->settings_stamp;
    cr_assert_gt(older.hlc, 0);
    cr_assert_lt(older.hlc, zc_hlc_from_ms(SUBJECT_MESH_MS), "below every reading of a clock");
    subject_stop();
    zc_replica_options_t options;
    subject_options(&options);
    options.wall_ms += 1000;
    subject_start(&options);
    cr_assert_lt(registers()->settings_stamp.hlc, older.hlc);
}

Test(replica_registers, founder_in_the_far_future_has_the_lowest_stamp) {
    subject_stop();
    zc_replica_options_t options;
    subject_options(&options);
    options.wall_ms = (uint64_t)1 << 43;
    subject_start(&options);
    cr_assert_eq(registers()->settings_stamp.hlc, 1);
}

Test(replica_registers, joiner_has_no_settings_of_the_mesh_until_it_is_welcomed_or_alone) {
    subject_stop();
    subject_start_joining();
    cr_assert_eq(registers()->settings_stamp.hlc, 0);
    subject_run_ms(20 * SUBJECT_HEARTBEAT_MS);
    cr_assert_gt(registers()->settings_stamp.hlc, 0, "alone it founds a mesh");
}

Test(replica_registers, change_is_in_force_and_broadcast) {
    cr_assert_eq(configure("max_size", 5), ZCACHE_OK);
    cr_assert_str_eq(subject_decided(), "broadcast registers\n");
    cr_assert_eq(registers()->settings.max_size, 5);
    cr_assert_eq(registers()->settings_stamp.hlc, subject_hlc(0));
    subject_tick();
    cr_assert_str_eq(subject_decided(), "", "once");
    zc_store_stats_t stats;
    zc_store_stats(zc_replica_store(subject_replica()), &stats);
    cr_assert_eq(stats.max_size, 5);
    cr_assert_eq(stats.ghosts_max, 5, "as many ghosts as entries, unless set");
    configure("ghosts_max", 77);
    zc_store_stats(zc_replica_store(subject_replica()), &stats);
    cr_assert_eq(stats.ghosts_max, 77);
}

Test(replica_registers, change_that_is_invalid_changes_nothing) {
    zc_stamp_t before = registers()->settings_stamp;
    cr_assert_eq(configure("max_size", 0), ZCACHE_INVALID);
    cr_assert_eq(configure("max_siz", 5), ZCACHE_INVALID);
    cr_assert_eq(configure("", 5), ZCACHE_INVALID);
    cr_assert_eq(zc_stamp_compare(&before, &registers()->settings_stamp), 0);
    cr_assert_str_eq(subject_decided(), "");
}

Test(replica_registers, higher_stamp_wins_and_lower_one_is_ignored) {
    configure("max_size", 5);
    subject_decided();
    zc_registers_t others = *registers();
    others.settings.max_size = 7;
    others.settings.value_max = 4096;
    others.settings_stamp.hlc++;
    receive(&others);
    cr_assert_eq(registers()->settings.max_size, 7);
    cr_assert_str_eq(subject_decided(), "notice adopted max_size 7 instead of 5\n"
                                        "notice adopted value_max 4096 instead of 1048576\n");
    others.settings.max_size = 9;
    others.settings_stamp.hlc--;
    receive(&others);
    receive(&others);
    cr_assert_eq(registers()->settings.max_size, 7);
}

Test(replica_registers, tie_goes_to_the_higher_origin) {
    zc_registers_t others = *registers();
    others.settings_stamp = (zc_stamp_t){.hlc = subject_hlc(0), .origin = subject_origin('b')};
    others.settings.max_size = 2;
    receive(&others);
    others.settings_stamp.origin = subject_origin('c');
    others.settings.max_size = 3;
    receive(&others);
    others.settings_stamp.origin = subject_origin('a');
    others.settings.max_size = 1;
    receive(&others);
    cr_assert_eq(registers()->settings.max_size, 3);
}

Test(replica_registers, clear_voids_what_is_not_above_it) {
    subject_batch('b', 0, subject_hlc(2), "newer=1");
    subject_set("mine", "1", 0);
    zc_registers_t others = *registers();
    others.clear = (zc_stamp_t){.hlc = subject_hlc(1), .origin = subject_origin('b')};
    receive(&others);
    cr_assert_str_eq(subject_holds("newer"), "1");
    cr_assert_str_eq(subject_holds("mine"), "1", "the own clock had seen the newer one");
    others.clear.hlc = subject_replica()->written;
    others.clear.origin = subject_origin('z');
    receive(&others);
    cr_assert_str_eq(subject_holds("newer"), "");
    cr_assert_str_eq(subject_holds("mine"), "");
}

Test(replica_registers, own_clear_is_above_all_that_was_seen_and_broadcast_with_the_next_tick) {
    subject_batch('b', 0, subject_hlc(5000), "x=1");
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    event.write.type = ZC_WRITE_CLEAR;
    cr_assert_eq(subject_step(&event), ZCACHE_OK);
    cr_assert_str_eq(subject_decided(), "");
    cr_assert_str_eq(subject_holds("x"), "");
    subject_tick();
    cr_assert_str_eq(subject_decided(), "broadcast registers\n");
    subject_set("x", "2", 0);
    cr_assert_str_eq(subject_holds("x"), "2");
    cr_assert_eq(subject_counters().clears, 1);
}

/* Such a clear is nobody's: no clock of a mesh reads so little. It must not void what is written
 * later all the same. */
Test(replica_registers, own_write_is_above_a_clear_that_came_before_the_clock_was_set) {
    subject_stop();
    zc_replica_options_t options;
    subject_options(&options);
    options.wall_ms = 0;
    zc_slice_t seed = zc_slice_text("tcp://b:5000");
    options.seeds = &seed;
    options.seed_count = 1;
    subject_start(&options);
    zc_registers_t others = *registers();
    others.clear = (zc_stamp_t){.hlc = subject_hlc(0) - 1, .origin = subject_origin('b')};
    receive(&others);
    cr_assert_eq(registers()->clear.hlc, 0, "nobody can tell whether it is too far ahead");
    others.clear.hlc = ((zc_hlc_t)1 << 42) - 1;
    receive(&others);
    cr_assert_eq(registers()->clear.hlc, others.clear.hlc);
    subject_run_ms(20 * SUBJECT_HEARTBEAT_MS);
    cr_assert_eq(subject_set("x", "1", 0), ZCACHE_OK);
    cr_assert_str_eq(subject_holds("x"), "1");
}

Test(replica_registers, registers_too_far_ahead_are_refused) {
    zc_registers_t others = *registers();
    others.clear = (zc_stamp_t){.hlc = subject_hlc(20000), .origin = subject_origin('b')};
    subject_set("x", "1", 0);
    receive(&others);
    cr_assert_str_eq(subject_holds("x"), "1");
    cr_assert_eq(subject_counters().skewed, 1);
}

Test(replica_registers, shorter_heartbeat_is_due_at_once_and_blames_nobody) {
    configure("heartbeat_ms", 60000);
    subject_run_ms(1000);
    configure("heartbeat_ms", 100);
    cr_assert_leq(subject_replica()->heartbeat_at_us, subject_replica()->clock.now_us + 100000);
    subject_run_ms(250);
    cr_assert_eq(subject_state(0), ZC_PEER_LIVE);
}

Test(replica_registers, settings_and_clear_are_in_force_also_where_there_is_no_memory_to_tell_it) {
    zc_event_t watch = {.type = ZC_EVENT_WATCH};
    watch.watch.changes = true;
    subject_step(&watch);
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        zc_registers_t changed = *registers();
        changed.settings.max_size++;
        changed.settings_stamp = (zc_stamp_t){.hlc = subject_hlc(0) + n};
        subject_fail_after(n);
        receive(&changed);
        failed = subject_failed();
        cr_assert_eq(subject_decided()[0] == '\0', failed);
        cr_assert_eq(registers()->settings.max_size, changed.settings.max_size);
    }
    failed = true;
    for (uint64_t n = 0; failed; n++) {
        subject_set("a", "1", 0);
        subject_tick();
        subject_decided();
        zc_event_t clear = {.type = ZC_EVENT_WRITE};
        clear.write.type = ZC_WRITE_CLEAR;
        subject_fail_after(n);
        subject_step(&clear);
        failed = subject_failed();
        cr_assert_str_eq(subject_decided(), failed ? "" : "change clear \n");
        cr_assert_str_eq(subject_holds("a"), "");
    }
}

Test(replica_registers, clear_is_told_with_its_stamp) {
    zc_event_t event = {.type = ZC_EVENT_WATCH};
    event.watch.changes = true;
    subject_step(&event);
    event = (zc_event_t){.type = ZC_EVENT_WRITE, .now_us = subject_replica()->clock.now_us};
    event.write.type = ZC_WRITE_CLEAR;
    zc_effects_t effects;
    cr_assert_eq(zc_replica_step(subject_replica(), &event, &effects), ZCACHE_OK);
    cr_assert_eq(effects.count, 1);
    const zc_stamp_t *told = &effects.effects[0].change.stamp;
    cr_assert_gt(told->hlc, 0);
    cr_assert_eq(zc_stamp_compare(told, &registers()->clear), 0);
}
