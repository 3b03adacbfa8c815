/* SPDX-License-Identifier: MPL-2.0 */
/* Cursors: places in a chain that survive every change (R6). */
#include <criterion/criterion.h>

#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture.options.max_size = 100;
    fixture.options.ghosts_max = 100;
    fixture_start(&fixture);
    fixture_put(&fixture, "a", "v", A, 10);
    fixture_put(&fixture, "b", "v", A, 20);
    fixture_put(&fixture, "c", "v", A, 30);
    fixture_put(&fixture, "d", "v", A, 40);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_cursor, .init = start, .fini = stop);

/* The HLC under the cursor; 0: the end. */
static zc_hlc_t at(zc_store_cursor_t *cursor) {
    zc_store_item_t item;
    return zc_store_cursor_item(fixture.store, cursor, &item) ? item.hlc : 0;
}

static zc_hlc_t next(zc_store_cursor_t *cursor) {
    zc_store_cursor_next(fixture.store, cursor);
    return at(cursor);
}

Test(store_cursor, older_begins_at_the_newest_not_above) {
    zc_store_cursor_t cursor;
    zc_store_cursor_open_older(fixture.store, &cursor, A, 35);
    cr_assert_eq(at(&cursor), 30);
    cr_assert_eq(next(&cursor), 20);
    cr_assert_eq(next(&cursor), 10);
    cr_assert_eq(next(&cursor), 0);
    cr_assert_eq(next(&cursor), 0);
    zc_store_cursor_close(fixture.store, &cursor);
}

Test(store_cursor, newer_begins_at_the_oldest_above) {
    zc_store_cursor_t cursor;
    zc_store_cursor_open_newer(fixture.store, &cursor, A, 20);
    cr_assert_eq(at(&cursor), 30);
    zc_store_cursor_close(fixture.store, &cursor);
    zc_store_cursor_open_newer(fixture.store, &cursor, A, 0);
    cr_assert_eq(at(&cursor), 10);
    zc_store_cursor_close(fixture.store, &cursor);
}

Test(store_cursor, moves_on_when_its_slot_is_unlinked) {
    zc_store_cursor_t older;
    zc_store_cursor_t newer;
    zc_store_cursor_open_older(fixture.store, &older, A, 30);
    zc_store_cursor_open_newer(fixture.store, &newer, A, 29);
    fixture_put(&fixture, "c", "w", B, 50);
    cr_assert_eq(at(&older), 20);
    cr_assert_eq(at(&newer), 40);
    fixture_put(&fixture, "d", "w", A, 60);
    cr_assert_eq(at(&newer), 60);
    zc_store_cursor_close(fixture.store, &newer);
    zc_store_cursor_close(fixture.store, &older);
}

Test(store_cursor, entry_that_becomes_a_ghost_stays_under_it) {
    zc_store_cursor_t cursor;
    zc_store_cursor_open_newer(fixture.store, &cursor, A, 0);
    zc_store_evict(fixture.store);
    zc_store_item_t item;
    cr_assert(zc_store_cursor_item(fixture.store, &cursor, &item));
    cr_assert(item.ghost && item.hlc == 10 && item.key_hash == fixture_hash("a"));
    zc_store_cursor_close(fixture.store, &cursor);
}

Test(store_cursor, newer_at_the_end_sees_what_is_appended) {
    zc_store_cursor_t first;
    zc_store_cursor_t second;
    zc_store_cursor_t other;
    zc_store_cursor_open_newer(fixture.store, &first, A, 40);
    zc_store_cursor_open_newer(fixture.store, &second, B, 0);
    zc_store_cursor_open_older(fixture.store, &other, A, 5);
    cr_assert(at(&first) == 0 && at(&second) == 0 && at(&other) == 0);
    fixture_put(&fixture, "e", "v", A, 50);
    fixture_put(&fixture, "f", "v", A, 60);
    fixture_put(&fixture, "g", "v", B, 5);
    cr_assert(at(&first) == 50 && at(&second) == 5 && at(&other) == 0);
    cr_assert_eq(next(&first), 60);
    zc_store_cursor_close(fixture.store, &second); /* in the middle of the list */
    zc_store_cursor_close(fixture.store, &other);
    zc_store_cursor_close(fixture.store, &first);
}

Test(store_cursor, newer_at_the_end_sees_what_a_run_appends) {
    zc_store_cursor_t cursor;
    zc_store_run_begin(fixture.store);
    fixture_put(&fixture, "z", "v", A, 100);
    fixture_put(&fixture, "e", "v", A, 50);
    fixture_put(&fixture, "f", "v", A, 60);
    fixture_put(&fixture, "z", "v", B, 101); /* the run is newer than the chain now */
    zc_store_cursor_open_newer(fixture.store, &cursor, B, 0);
    zc_store_cursor_next(fixture.store, &cursor);
    zc_store_cursor_close(fixture.store, &cursor);
    zc_store_cursor_open_newer(fixture.store, &cursor, A, 40);
    cr_assert_eq(at(&cursor), 50); /* opening has settled the run */
    cr_assert_eq(next(&cursor), 60);
    cr_assert_eq(next(&cursor), 0);
    fixture_put(&fixture, "y", "v", A, 90);
    cr_assert_eq(at(&cursor), 90);
    fixture_put(&fixture, "x", "v", A, 70);
    fixture_put(&fixture, "w", "v", A, 65);
    fixture_put(&fixture, "y", "v", B, 102);
    cr_assert_eq(at(&cursor), 0);
    zc_store_run_end(fixture.store);
    cr_assert_eq(at(&cursor), 0);
    fixture_sweep(&fixture);
    cr_assert_eq(at(&cursor), 65);
    cr_assert_eq(next(&cursor), 70);
    zc_store_cursor_close(fixture.store, &cursor);
}

Test(store_cursor, voided_slots_are_passed_over) {
    zc_store_cursor_t older;
    zc_store_cursor_t newer;
    zc_store_cursor_open_older(fixture.store, &older, A, 40);
    zc_store_cursor_open_newer(fixture.store, &newer, A, 0);
    zc_stamp_t clear = fixture_stamp(25, A);
    zc_store_clear(fixture.store, &clear);
    cr_assert_eq(at(&newer), 30);
    cr_assert_eq(next(&older), 30);
    cr_assert_eq(next(&older), 0);
    fixture_sweep(&fixture);
    cr_assert_eq(at(&newer), 30);
    cr_assert_eq(at(&older), 0);
    zc_store_cursor_close(fixture.store, &newer);
    zc_store_cursor_close(fixture.store, &older);
}
