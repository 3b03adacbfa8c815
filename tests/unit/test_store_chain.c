/* SPDX-License-Identifier: MPL-2.0 */
/* R6: the chain of an origin is in stamp order, whatever the order of arrival, at a cost that stays
 * small; and runs. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/base/random.h"
#include "lib/store/chain.h"
#include "lib/store/state.h"
#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture.options.max_size = 200000;
    fixture.options.ghosts_max = 200000;
    fixture.options.listener = NULL;
    fixture_start(&fixture);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_chain, .init = start, .fini = stop);

static void put(unsigned key_number, zc_hlc_t hlc) {
    char key[16];
    snprintf(key, sizeof key, "k%u", key_number);
    zc_store_item_t item = {
        .origin = A, .hlc = hlc, .key_hash = fixture_hash(key), .key = zc_slice_text(key)};
    zc_outcome_t outcome;
    cr_assert_eq(zc_store_apply(fixture.store, &item, 1000, &outcome, NULL), ZCACHE_OK);
}

Test(store_chain, chain_is_in_stamp_order) {
    put(1, 5);
    put(2, 9);
    put(3, 7);
    put(4, 1);
    put(5, 8);
    cr_assert_str_eq(fixture_chain(&fixture, A), "1 5 7 8 9");
    cr_assert_str_eq(fixture_chain(&fixture, B), "");
}

Test(store_chain, overwrite_moves_and_a_ghost_stays_in_place) {
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 2);
    fixture_put(&fixture, "c", "v", A, 3);
    fixture_put(&fixture, "b", "w", A, 4);
    zc_store_evict(fixture.store);
    cr_assert_str_eq(fixture_chain(&fixture, A), "1! 3 4");
    fixture_put(&fixture, "c", "v", B, 9);
    cr_assert_str_eq(fixture_chain(&fixture, A), "1! 4");
    cr_assert_str_eq(fixture_chain(&fixture, B), "9");
}

Test(store_chain, seek_finds_the_newest_not_above) {
    for (unsigned i = 1; i <= 100; i++) {
        put(i, 10 * i);
    }
    put(200, 505);
    for (zc_hlc_t hlc = 0; hlc <= 1010; hlc++) {
        uint32_t found = zc_chain_seek(fixture.store, A, hlc);
        zc_hlc_t expected = hlc < 505 || hlc >= 510 ? hlc / 10 * 10 : 505;
        zc_hlc_t seen = found == ZC_SLOT_NONE ? 0 : zc_store_slot(fixture.store, found)->hlc;
        cr_assert_eq(seen, expected > 1000 ? 1000 : expected);
    }
    cr_assert_eq(zc_chain_seek(fixture.store, B, 5), ZC_SLOT_NONE);
}

/* If a place were searched from an end each time, these would take minutes. */
Test(store_chain, delta_in_either_order_is_linked_beside_the_last, .timeout = 20) {
    for (unsigned i = 0; i < 50000; i++) {
        put(i, 1 + i);
    }
    for (unsigned i = 0; i < 50000; i++) {
        put(100000 + i, 1000000 + i);
    }
    for (unsigned i = 0; i < 25000; i++) {
        put(200000 + i, 600000 - i);
    }
    for (unsigned i = 0; i < 25000; i++) {
        put(300000 + i, 600001 + i);
    }
    zc_store_check(fixture.store);
}

Test(store_chain, run_takes_any_order_and_is_sorted_once, .timeout = 20) {
    zc_random_t random = {7};
    put(1000000, 50);
    put(1000001, 100000000);
    zc_store_run_begin(fixture.store);
    for (unsigned i = 0; i < 100000; i++) {
        put(i, 1 + zc_random_below(&random, 200000000));
    }
    zc_store_check(fixture.store);
    zc_store_run_end(fixture.store);
    zc_store_check(fixture.store);
    zc_store_run_end(fixture.store);
    uint32_t in_run = zc_store_chain(fixture.store, A)->run;
    cr_assert_gt(in_run, 10000);
    cr_assert(zc_store_sweep(fixture.store, 1000, 1000), "some at a time");
    cr_assert_eq(zc_store_chain(fixture.store, A)->run, in_run - 1000);
    zc_store_check(fixture.store);
    while (zc_store_sweep(fixture.store, 1000, 1000)) {
    }
    cr_assert_eq(zc_store_chain(fixture.store, A)->run, 0);
    zc_store_check(fixture.store);
}

Test(store_chain, run_that_begins_before_the_last_is_in_joins_it) {
    put(1, 1);
    put(2, 1000000);
    zc_store_run_begin(fixture.store);
    for (unsigned i = 0; i < 5000; i++) {
        put(10 + i, 2 + (i * 7919) % 5000 * 2);
    }
    zc_store_run_end(fixture.store);
    zc_store_sweep(fixture.store, 1000, 100);
    zc_store_run_begin(fixture.store);
    cr_assert_not(zc_store_sweep(fixture.store, 1000, 100), "it waits for the end");
    for (unsigned i = 0; i < 5000; i++) {
        put(10000 + i, 3 + (i * 7919) % 5000 * 2);
    }
    zc_store_run_end(fixture.store);
    cr_assert(zc_chain_settle(fixture.store, SIZE_MAX) > 0);
    zc_store_check(fixture.store);
    zc_store_cursor_t cursor;
    zc_store_cursor_open_newer(fixture.store, &cursor, A, 1);
    zc_store_item_t item;
    for (zc_hlc_t hlc = 2; hlc < 10002; hlc++) {
        cr_assert(zc_store_cursor_item(fixture.store, &cursor, &item));
        cr_assert_eq(item.hlc, hlc);
        zc_store_cursor_next(fixture.store, &cursor);
    }
    zc_store_cursor_close(fixture.store, &cursor);
}

Test(store_chain, origin_with_slots_in_a_run_is_not_emptied) {
    fixture_ghost(&fixture, "a", A, 1);
    fixture_ghost(&fixture, "b", A, 9);
    zc_store_run_begin(fixture.store);
    fixture_ghost(&fixture, "c", A, 5);
    zc_store_run_end(fixture.store);
    size_t budget = 10;
    cr_assert_not(zc_store_origin_empty(fixture.store, A, &budget));
    cr_assert_eq(budget, 10);
    fixture_sweep(&fixture);
    cr_assert(zc_store_origin_empty(fixture.store, A, &budget));
}

Test(store_chain, slots_of_a_run_may_go_before_it_ends) {
    put(1, 1);
    put(9, 100);
    zc_store_run_begin(fixture.store);
    put(2, 50);
    put(3, 30);
    put(4, 70);
    put(3, 101); /* from the run to the end of the chain */
    put(2, 60);  /* from the run to the run */
    zc_store_check(fixture.store);
    put(5, 20);
    put(6, 40);
    fixture_ghost(&fixture, "k4", B, 500); /* the middle of the run */
    fixture_ghost(&fixture, "k6", B, 501); /* its first */
    zc_store_run_end(fixture.store);
    cr_assert_str_eq(fixture_chain(&fixture, A), "1 20 60 100 101");
    cr_assert_str_eq(fixture_chain(&fixture, B), "500! 501!");
}

Test(store_chain, live_writes_are_appended_while_a_run_is_open) {
    put(1, 10);
    zc_store_run_begin(fixture.store);
    put(2, 5);
    put(4, 11);
    cr_assert_eq(zc_store_chain(fixture.store, A)->run, 0);
    put(3, 7);
    put(5, 6);
    put(6, 8);
    cr_assert_eq(zc_store_chain(fixture.store, A)->run, 3);
    put(7, 12);
    uint32_t newest = zc_store_chain(fixture.store, A)->newest;
    cr_assert_eq(zc_store_slot(fixture.store, newest)->hlc, 12);
    zc_store_run_end(fixture.store);
    cr_assert_str_eq(fixture_chain(&fixture, A), "5 6 7 8 10 11 12");
}

Test(store_chain, delta_under_way_sees_what_is_in_a_run) {
    put(1, 10);
    put(2, 1);
    zc_store_run_begin(fixture.store);
    put(3, 5);
    cr_assert_str_eq(fixture_chain(&fixture, A), "1 5 10");
    put(4, 3);
    cr_assert_str_eq(fixture_chain(&fixture, A), "1 3 5 10");
    zc_store_run_end(fixture.store);
}

Test(store_chain, equal_hlcs_of_a_faulty_origin_do_no_harm) {
    put(1, 5);
    put(2, 5);
    put(3, 5);
    put(4, 4);
    put(5, 5);
    zc_store_run_begin(fixture.store);
    put(6, 4);
    put(7, 4);
    zc_store_run_end(fixture.store);
    cr_assert_str_eq(fixture_chain(&fixture, A), "4 4 4 5 5 5 5");
}
