/* SPDX-License-Identifier: MPL-2.0 */
/* Times of use in 32 bits: exact while recent, never later than they were. */
#include <criterion/criterion.h>

#include "lib/store/state.h"
#include "tests/support/store_fixture.h"

enum { DAY_MS = 86400000 };

Test(store_used, recent_use_is_told_to_the_millisecond_for_three_days) {
    const uint64_t bases[] = {0,
                              1000,
                              UINT64_C(0x7fffffff),
                              UINT64_C(0x80000000),
                              UINT64_C(0x1ffffffff),
                              UINT64_C(1700000000000)};
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        uint64_t used_ms = bases[i];
        uint32_t used = zc_used_of(used_ms, used_ms + 1000, (uint32_t)i);
        cr_assert_eq(zc_used_ms(used, used_ms + 1000), used_ms);
        cr_assert_eq(zc_used_ms(used, used_ms + UINT64_C(3) * DAY_MS), used_ms);
        cr_assert_eq(zc_used_round(used), i);
    }
}

Test(store_used, old_use_is_told_to_the_second_and_never_later) {
    const uint64_t now_ms = UINT64_C(1700000000000);
    for (uint64_t age_ms = UINT64_C(7) * DAY_MS; age_ms < now_ms; age_ms = age_ms * 5 / 4 + 7) {
        uint64_t used_ms = now_ms - age_ms;
        uint32_t used = zc_used_of(used_ms, now_ms, 5);
        cr_assert_leq(zc_used_ms(used, now_ms), used_ms);
        cr_assert_lt(used_ms - zc_used_ms(used, now_ms), 1024);
        cr_assert_eq(zc_used_ms(used, now_ms + UINT64_C(3650) * DAY_MS), zc_used_ms(used, now_ms));
    }
    cr_assert_eq(zc_used_ms(zc_used_of(0, UINT64_MAX, 0), UINT64_MAX), 0);
}

Test(store_used, use_to_come_is_now) {
    cr_assert_eq(zc_used_ms(zc_used_of(2000, 1000, 0), 1000), 1000);
}

/* -- In a store ------------------------------------------------------------ */

static zc_fixture_t fixture;

static uint64_t used_ms_of(const char *key) {
    zc_store_item_t item;
    cr_assert(zc_store_find(fixture.store, fixture_hash(key), &item));
    return item.used_ms;
}

static void start(uint64_t expire_after_ms) {
    fixture_init(&fixture);
    fixture.options.expire_after_ms = expire_after_ms;
    fixture_start(&fixture);
    fixture.now_ms = 5000;
    fixture_put(&fixture, "a", "v", A, 1);
}

Test(store_used, idle_time_of_years_is_kept) {
    start(UINT64_C(3650) * DAY_MS);
    for (unsigned day = 0; day < 3649; day++) {
        fixture.now_ms += DAY_MS;
        fixture_sweep(&fixture);
        cr_assert_leq(used_ms_of("a"), 5000);
        cr_assert_geq(used_ms_of("a"), 4096 - 1024);
        cr_assert_eq(fixture_stats(&fixture).entries, 1);
    }
    fixture.now_ms += DAY_MS;
    cr_assert_str_eq(fixture_peek(&fixture, "a"), "");
    fixture_sweep(&fixture);
    cr_assert_eq(fixture_stats(&fixture).entries, 0);
    fixture_stop(&fixture);
}

/* Whatever time has passed without a sweep. */
Test(store_used, old_entry_is_not_taken_for_young_after_a_long_pause) {
    for (uint64_t days = 1; days < 200; days++) {
        start(DAY_MS);
        fixture.now_ms += days * DAY_MS;
        cr_assert_str_eq(fixture_peek(&fixture, "a"), "", "after %u days", (unsigned)days);
        fixture_stop(&fixture);
    }
}

Test(store_used, pass_over_all_entries_is_done_in_steps) {
    start(0);
    fixture_put(&fixture, "b", "v", A, 2);
    fixture_put(&fixture, "c", "v", A, 3);
    fixture.now_ms += DAY_MS;
    fixture_put(&fixture, "d", "v", A, 4);
    zc_store_sweep(fixture.store, fixture.now_ms, 1);
    cr_assert(fixture.store->aging.passing);
    cr_assert(zc_store_slot(fixture.store, 1)->used & ZC_USED_LONG);
    cr_assert_not(zc_store_slot(fixture.store, 2)->used & ZC_USED_LONG);
    fixture_sweep(&fixture);
    cr_assert_not(fixture.store->aging.passing);
    cr_assert(zc_store_slot(fixture.store, 3)->used & ZC_USED_LONG);
    cr_assert_not(zc_store_slot(fixture.store, 4)->used & ZC_USED_LONG);
    cr_assert_eq(used_ms_of("d"), fixture.now_ms);
    fixture_stop(&fixture);
}
