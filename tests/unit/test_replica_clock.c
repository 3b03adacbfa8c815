/* SPDX-License-Identifier: MPL-2.0 */
/* The mesh clock and the hybrid logical clock above it (R1, R2): neither goes back. */
#include <criterion/criterion.h>

#include "lib/replica/clock.h"

Test(replica_clock, time_that_goes_back_stands_still) {
    zc_clock_t clock = {.now_us = 5000};
    zc_clock_advance(&clock, 4000);
    cr_assert_eq(zc_clock_local_ms(&clock), 5);
    zc_clock_advance(&clock, 7000);
    cr_assert_eq(zc_clock_local_ms(&clock), 7);
}

Test(replica_clock, anchored_clock_runs_on_local_time) {
    zc_clock_t clock = {.now_us = 2000 * 1000};
    zc_clock_anchor(&clock, 1000000);
    cr_assert_eq(zc_clock_mesh_ms(&clock), 1000000);
    zc_clock_advance(&clock, 2500 * 1000);
    cr_assert_eq(zc_clock_mesh_ms(&clock), 1000500);
    zc_clock_anchor(&clock, 10);
    cr_assert_eq(zc_clock_mesh_ms(&clock), 10, "also behind local time");
    clock.offset_ms = -1000000;
    cr_assert_eq(zc_clock_mesh_ms(&clock), 0);
}

Test(replica_clock, readings_rise_also_within_a_millisecond_and_when_the_clock_goes_back) {
    zc_clock_t clock = {.now_us = 1000};
    zc_clock_anchor(&clock, 1000);
    zc_hlc_t first = zc_clock_next(&clock);
    cr_assert_eq(first, zc_hlc_from_ms(1000));
    zc_hlc_t second = zc_clock_next(&clock);
    cr_assert_eq(second, first + 1);
    zc_clock_anchor(&clock, 500);
    cr_assert_eq(zc_clock_next(&clock), second + 1);
    zc_clock_anchor(&clock, 2000);
    cr_assert_eq(zc_clock_next(&clock), zc_hlc_from_ms(2000));
}

Test(replica_clock, reading_is_above_all_that_were_seen) {
    zc_clock_t clock = {.now_us = 1000};
    zc_clock_anchor(&clock, 1000);
    zc_hlc_t seen = zc_hlc_from_ms(5000) + 7;
    zc_clock_observe(&clock, seen);
    zc_clock_observe(&clock, 3);
    cr_assert_eq(zc_clock_next(&clock), seen + 1);
}

Test(replica_clock, ahead_is_told_and_behind_is_not) {
    zc_clock_t clock = {.now_us = 1000};
    zc_clock_anchor(&clock, 1000);
    cr_assert_eq(zc_clock_ahead_ms(&clock, 1500), 500);
    cr_assert_eq(zc_clock_ahead_ms(&clock, 1000), 0);
    cr_assert_eq(zc_clock_ahead_ms(&clock, 10), 0);
}
