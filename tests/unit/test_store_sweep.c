/* SPDX-License-Identifier: MPL-2.0 */
/* Collecting: R12 (both clocks), R10 (clear), and limits that were lowered. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture.options.max_size = 5000;
    fixture.options.ghosts_max = 5000;
    fixture_start(&fixture);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_sweep, .init = start, .fini = stop);

/* Entries k0, k1 ... of origin A with HLCs from 1. */
static void fill(unsigned count, uint64_t deadline_ms, uint64_t step_ms) {
    for (unsigned i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i);
        zc_store_item_t item = {.hlc = 1 + i,
                                .key_hash = fixture_hash(key),
                                .key = zc_slice_text(key),
                                .deadline_ms = deadline_ms == 0 ? 0 : deadline_ms + i * step_ms,
                                .used_ms = fixture.now_ms};
        zc_outcome_t outcome;
        cr_assert_eq(zc_store_apply(fixture.store, &item, fixture.now_ms, &outcome, NULL),
                     ZCACHE_OK);
    }
    fixture_log(&fixture);
}

static uint64_t next_ms(void) {
    return zc_store_next_expiry_ms(fixture.store);
}

Test(store_sweep, entry_past_its_deadline_goes_and_leaves_a_ghost) {
    fixture_put_until(&fixture, "a", 1, 1500);
    fixture_put_until(&fixture, "b", 2, 9000);
    fixture_log(&fixture);
    cr_assert_eq(next_ms(), 1500);
    fixture.now_ms = 1499;
    fixture_sweep(&fixture);
    cr_assert_eq(fixture_stats(&fixture).entries, 2);
    fixture.now_ms = 1500;
    fixture_sweep(&fixture);
    cr_assert_str_eq(fixture_log(&fixture), "expire a@1 ");
    cr_assert(fixture_is_ghost(&fixture, "a"));
    cr_assert_eq(fixture_stats(&fixture).expirations, 1);
    cr_assert_eq(next_ms(), 9000);
}

Test(store_sweep, segment_is_looked_through_once_a_second) {
    fixture_put_until(&fixture, "a", 1, 1500);
    fixture_put_until(&fixture, "b", 2, 1600);
    fixture.now_ms = 1500;
    fixture_sweep(&fixture);
    cr_assert_eq(next_ms(), 2500);
    fixture_put_until(&fixture, "c", 3, 1700);
    cr_assert_eq(next_ms(), 2500);
    fixture.now_ms = 2500;
    fixture_sweep(&fixture);
    cr_assert_eq(fixture_stats(&fixture).entries, 0);
    cr_assert_eq(next_ms(), UINT64_MAX);
}

Test(store_sweep, deadlines_follow_the_mesh_clock) {
    fixture_put_until(&fixture, "a", 1, 5000);
    fixture_put_until(&fixture, "b", 2, 90000);
    zc_store_set_clock_offset(fixture.store, 4000);
    fixture_sweep(&fixture);
    cr_assert_eq(fixture_stats(&fixture).entries, 1);
    cr_assert_eq(next_ms(), 86000);
    zc_store_set_clock_offset(fixture.store, -4000);
    fixture_sweep(&fixture);
    cr_assert_eq(next_ms(), 94000);
}

Test(store_sweep, deadline_beyond_either_end_of_local_time_is_that_end) {
    fixture_put_until(&fixture, "a", 1, UINT64_MAX - 1);
    zc_store_set_clock_offset(fixture.store, 4500);
    cr_assert_eq(next_ms(), 0, "a new clock has all looked at");
    fixture_sweep(&fixture);
    cr_assert_eq(next_ms(), UINT64_MAX - 4501);
    zc_store_set_clock_offset(fixture.store, -4500);
    fixture_sweep(&fixture);
    cr_assert_eq(next_ms(), UINT64_MAX);
    cr_assert_str_eq(fixture_keys(&fixture), "a");
}

Test(store_sweep, idle_time_without_an_end_is_never_over) {
    zc_store_set_expire_after(fixture.store, UINT64_MAX - 999, 100);
    fixture_put(&fixture, "a", "v", A, 1);
    cr_assert_eq(next_ms(), UINT64_MAX, "not before the entry came");
    zc_store_set_expire_after(fixture.store, UINT64_MAX - 1001, 100);
    cr_assert_eq(next_ms(), UINT64_MAX - 1);
}

Test(store_sweep, many_deadlines_in_small_steps) {
    fill(3000, 2000, 1);
    fixture.now_ms = 2999;
    for (unsigned i = 0; zc_store_sweep(fixture.store, fixture.now_ms, 7); i++) {
        fixture_log(&fixture);
        if (i % 16 == 0) {
            zc_store_check(fixture.store);
        }
        if (i == 100) { /* written behind the sweep and before it */
            fixture_put_until(&fixture, "k1", 5000, 2100);
            fixture_put_until(&fixture, "k2900", 5001, 2100);
        }
    }
    zc_store_check(fixture.store);
    cr_assert_eq(fixture_stats(&fixture).entries, 2000);
    fixture.now_ms += 1000;
    while (zc_store_sweep(fixture.store, fixture.now_ms, 500)) {
    }
    cr_assert_eq(fixture_stats(&fixture).entries, 999);
}

Test(store_sweep, idle_entries_go_from_the_tail) {
    zc_store_set_expire_after(fixture.store, 1000, 100);
    fixture_put(&fixture, "a", "v", A, 1);
    fixture.now_ms = 1200;
    fixture_put(&fixture, "b", "v", A, 2);
    fixture_put(&fixture, "c", "v", A, 3);
    fixture.now_ms = 1300;
    fixture_read(&fixture, "b");
    fixture_log(&fixture);
    cr_assert_eq(next_ms(), 2000);
    fixture.now_ms = 2250;
    fixture_sweep(&fixture);
    cr_assert_str_eq(fixture_log(&fixture), "expire a@1 expire c@3 ");
    cr_assert(fixture_is_ghost(&fixture, "a"));
    cr_assert_eq(next_ms(), 2300);
    zc_store_set_expire_after(fixture.store, 0, 100);
    cr_assert_eq(next_ms(), UINT64_MAX);
}

Test(store_sweep, clear_takes_all_below_it_without_ghosts_or_floors) {
    fill(2000, 0, 0);
    fixture_put(&fixture, "b", "v", B, 500);
    fixture_put(&fixture, "c", "v", C, 5000);
    fixture_ghost(&fixture, "d", B, 600);
    fixture_log(&fixture);
    zc_stamp_t clear = fixture_stamp(1500, D);
    cr_assert(zc_store_clear(fixture.store, &clear));
    cr_assert_not(zc_store_clear(fixture.store, &clear));
    clear.hlc = 1499;
    cr_assert_not(zc_store_clear(fixture.store, &clear));
    cr_assert_eq(zc_store_clear_stamp(fixture.store).hlc, 1500);
    while (zc_store_sweep(fixture.store, fixture.now_ms, 10)) {
    }
    zc_store_stats_t stats = fixture_stats(&fixture);
    cr_assert_eq(stats.entries, 501);
    cr_assert_eq(stats.ghosts, 0);
    cr_assert_eq(stats.evictions + stats.expirations, 0);
    cr_assert_eq(zc_store_floor(fixture.store, A), 0);
    cr_assert_eq(zc_store_horizon(fixture.store).hlc, 0);
    cr_assert_str_eq(fixture_log(&fixture), "");
}

Test(store_sweep, clear_ties_go_by_origin) {
    fixture_put(&fixture, "a", "v", A, 5);
    fixture_put(&fixture, "b", "v", B, 5);
    fixture_put(&fixture, "c", "v", C, 5);
    zc_stamp_t clear = fixture_stamp(5, B);
    zc_store_clear(fixture.store, &clear);
    fixture_sweep(&fixture);
    cr_assert_str_eq(fixture_keys(&fixture), "c");
}

Test(store_sweep, clear_finds_what_was_in_a_run) {
    zc_store_run_begin(fixture.store);
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 20);
    fixture_put(&fixture, "c", "v", A, 5);
    zc_stamp_t clear = fixture_stamp(10, A);
    zc_store_clear(fixture.store, &clear);
    fixture_sweep(&fixture);
    cr_assert_str_eq(fixture_keys(&fixture), "b");
    zc_store_run_end(fixture.store);
    fixture_sweep(&fixture);
    cr_assert_eq(fixture_stats(&fixture).entries, 1);
}

Test(store_sweep, lowered_limits_are_reached_step_by_step) {
    fill(100, 0, 0);
    zc_store_set_max_size(fixture.store, 10, 20);
    cr_assert_eq(fixture_stats(&fixture).entries, 100);
    fixture_put(&fixture, "n", "v", A, 1000);
    cr_assert_eq(fixture_stats(&fixture).entries, 99);
    cr_assert(zc_store_sweep(fixture.store, fixture.now_ms, 5));
    cr_assert_eq(fixture_stats(&fixture).entries, 94);
    while (zc_store_sweep(fixture.store, fixture.now_ms, 5)) {
    }
    cr_assert_eq(fixture_stats(&fixture).entries, 10);
    cr_assert_eq(fixture_stats(&fixture).ghosts, 20);
    cr_assert_eq(zc_store_floor(fixture.store, A), 71);
}

Test(store_sweep, lowered_ghost_limit_is_swept) {
    for (unsigned i = 0; i < 10; i++) {
        char key[8];
        snprintf(key, sizeof key, "g%u", i);
        fixture_ghost(&fixture, key, A, 1 + i);
    }
    zc_store_set_max_size(fixture.store, 10, 3);
    fixture_sweep(&fixture);
    cr_assert_eq(fixture_stats(&fixture).ghosts, 3);
    cr_assert_eq(zc_store_floor(fixture.store, A), 7);
}

Test(store_sweep, evict_takes_the_tail_and_passes_over_nothing) {
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", B, 5);
    zc_stamp_t clear = fixture_stamp(2, A);
    zc_store_clear(fixture.store, &clear);
    fixture_log(&fixture);
    cr_assert(zc_store_evict(fixture.store)); /* voided: goes without a trace */
    cr_assert_str_eq(fixture_log(&fixture), "");
    cr_assert(zc_store_evict(fixture.store));
    cr_assert_str_eq(fixture_log(&fixture), "evict b@5 ");
    cr_assert_not(zc_store_evict(fixture.store));
    cr_assert_eq(fixture_stats(&fixture).ghosts, 1);
}
