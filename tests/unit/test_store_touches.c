/* SPDX-License-Identifier: MPL-2.0 */
/* R11: of which reads the mesh is to hear. */
#include <criterion/criterion.h>

#include "lib/store/touches.h"

enum { WINDOW_MS = 100, ROUND_MS = WINDOW_MS / ZC_TOUCHES_ROUNDS, ENTRIES = 640 };

static zc_touches_t touches;

static void start(void) {
    touches = (zc_touches_t){.round = UINT32_MAX - 2}; /* so that it goes through 0 */
    zc_touches_set_window(&touches, WINDOW_MS);
    zc_touches_round(&touches, 1000);
}

TestSuite(store_touches, .init = start);

static uint32_t heard_at(uint64_t now_ms) {
    return zc_touches_round(&touches, now_ms) & ZC_USED_ROUNDS;
}

Test(store_touches, entry_is_told_again_after_a_window_of_four_rounds) {
    for (uint64_t heard_ms = 1000; heard_ms < 1000 + ROUND_MS; heard_ms++) {
        start();
        uint32_t heard = heard_at(heard_ms);
        for (uint64_t now_ms = heard_ms; now_ms < 1000 + WINDOW_MS; now_ms++) {
            cr_assert_not(zc_touches_due(&touches, heard, now_ms, now_ms));
        }
        cr_assert(zc_touches_due(&touches, heard, heard_ms, 1000 + WINDOW_MS));
    }
}

Test(store_touches, what_was_not_used_for_a_window_is_told_whatever_it_bears) {
    for (uint32_t heard = 0; heard <= ZC_USED_ROUNDS; heard++) {
        start();
        cr_assert(zc_touches_due(&touches, heard, 1099, 1200));
        cr_assert(zc_touches_due(&touches, heard, 1199, 100000), "after a pause of any length");
    }
}

Test(store_touches, read_from_before_the_present_round_is_not_told_of_what_was_heard_since) {
    uint32_t heard = heard_at(1500);
    cr_assert_not(zc_touches_due(&touches, heard, 1500, 1499));
}

Test(store_touches, whatever_is_read_often_is_told_once_in_a_window_and_not_less) {
    uint32_t heard = heard_at(1000);
    uint64_t told_ms = 1000;
    for (uint64_t now_ms = 1007; now_ms < 100000; now_ms += 7) {
        if (zc_touches_due(&touches, heard, now_ms - 7, now_ms)) {
            cr_assert_geq(now_ms - told_ms, WINDOW_MS - ROUND_MS);
            heard = heard_at(now_ms);
            told_ms = now_ms;
        }
        cr_assert_lt(now_ms - told_ms, WINDOW_MS);
    }
}

Test(store_touches, sixteenth_of_the_cache_that_comes_anew_is_a_window_too) {
    uint64_t now_ms = 1000;
    zc_touches_set_window(&touches, 1000000);
    uint32_t heard = heard_at(now_ms);
    for (int i = 0; i < ENTRIES / 16; i++) {
        cr_assert_not(zc_touches_due(&touches, heard, now_ms, now_ms));
        now_ms += 10;
        zc_touches_added(&touches, ENTRIES, now_ms);
    }
    cr_assert(zc_touches_due(&touches, heard, now_ms, now_ms));
}

Test(store_touches,
     entries_that_come_faster_than_news_travel_do_not_make_a_window_shorter_than_48_ms) {
    zc_touches_set_window(&touches, 1000000);
    uint32_t heard = heard_at(1000);
    for (uint64_t now_us = 1000000; now_us < 1048000; now_us += 10) {
        cr_assert_not(zc_touches_due(&touches, heard, now_us / 1000, now_us / 1000));
        zc_touches_added(&touches, ENTRIES, now_us / 1000);
    }
    zc_touches_added(&touches, ENTRIES, 1048);
    cr_assert(zc_touches_due(&touches, heard, 1048, 1048));
}

Test(store_touches, without_a_window_every_read_is_told) {
    zc_touches_set_window(&touches, 0);
    for (uint64_t now_ms = 1000; now_ms < 1010; now_ms++) {
        cr_assert(zc_touches_due(&touches, heard_at(now_ms), now_ms, now_ms));
    }
}

Test(store_touches, shorter_window_holds_at_once) {
    zc_touches_set_window(&touches, 1000000);
    uint32_t heard = heard_at(1000);
    cr_assert_not(zc_touches_due(&touches, heard, 1500, 1500));
    zc_touches_set_window(&touches, WINDOW_MS);
    cr_assert(zc_touches_due(&touches, heard, 1500, 1501));
}
