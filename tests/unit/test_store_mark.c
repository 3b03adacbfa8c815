/* SPDX-License-Identifier: MPL-2.0 */
/* Marks and what is dropped after a replace-sync (R9). */
#include <criterion/criterion.h>

#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture_start(&fixture);
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 2);
    fixture_put(&fixture, "c", "v", A, 3);
    fixture_log(&fixture);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_mark, .init = start, .fini = stop);

/* Everything of an HLC not above *context. */
static bool drop_not_above(void *context, const zc_store_item_t *item) {
    const zc_hlc_t *hlc = context;
    cr_assert_not(item->ghost);
    return item->hlc <= *hlc;
}

static unsigned drop(zc_hlc_t hlc, size_t budget) {
    uint32_t position = 0;
    unsigned steps = 1;
    while (!zc_store_drop_unmarked(fixture.store, &position, budget, drop_not_above, &hlc)) {
        zc_store_check(fixture.store);
        steps++;
    }
    return steps;
}

Test(store_mark, unmarked_entries_go_where_leave_is_given) {
    zc_store_mark(fixture.store, fixture_hash("a"));
    zc_store_mark(fixture.store, fixture_hash("nobody"));
    cr_assert_gt(drop(2, 1), 2);
    cr_assert_str_eq(fixture_log(&fixture), "drop b@2 ");
    cr_assert(fixture_is_ghost(&fixture, "b"));
    cr_assert_str_eq(fixture_keys(&fixture), "a c");
}

Test(store_mark, marks_are_taken_away) {
    zc_store_mark(fixture.store, fixture_hash("a"));
    cr_assert_eq(drop(0, 100), 1);
    drop(1, 100);
    cr_assert_str_eq(fixture_log(&fixture), "drop a@1 ");
    zc_store_mark(fixture.store, fixture_hash("b"));
    uint32_t position = 0;
    cr_assert(zc_store_drop_unmarked(fixture.store, &position, 100, NULL, NULL));
    drop(2, 100);
    cr_assert_str_eq(fixture_log(&fixture), "drop b@2 ");
}

Test(store_mark, slot_that_goes_loses_its_mark) {
    zc_store_mark(fixture.store, fixture_hash("a"));
    zc_store_mark(fixture.store, fixture_hash("b"));
    zc_store_evict(fixture.store);
    fixture_ghost(&fixture, "b", A, 4);
    zc_store_mark(fixture.store, fixture_hash("a")); /* a ghost takes none */
    fixture_put(&fixture, "a", "v", A, 5);
    fixture_put(&fixture, "b", "v", A, 6);
    fixture_log(&fixture);
    drop(100, 100);
    cr_assert_eq(fixture_stats(&fixture).entries, 0);
}

Test(store_mark, voided_entries_are_left_to_the_sweep) {
    zc_stamp_t clear = fixture_stamp(2, A);
    zc_store_clear(fixture.store, &clear);
    drop(100, 100);
    cr_assert_str_eq(fixture_log(&fixture), "drop c@3 ");
    fixture_sweep(&fixture);
    cr_assert_eq(fixture_stats(&fixture).ghosts, 1);
}
