/* SPDX-License-Identifier: MPL-2.0 */
/* What a delta sends: highest stamp first over all origins, whatever happens meanwhile (R6, R7). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/replica/delta.h"
#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;
static zc_delta_t delta;

static void start(void) {
    fixture_init(&fixture);
    fixture.options.max_size = 100;
    fixture.options.ghosts_max = 100;
    fixture_start(&fixture);
    zc_delta_init(&delta, &fixture.failing.allocator, fixture.store);
    fixture_put(&fixture, "a", "v", A, 10);
    fixture_put(&fixture, "b", "v", B, 20);
    fixture_put(&fixture, "c", "v", A, 30);
    fixture_put(&fixture, "d", "v", C, 30);
    fixture_put(&fixture, "e", "v", B, 40);
}

static void stop(void) {
    zc_delta_fini(&delta);
    fixture_stop(&fixture);
}

TestSuite(replica_delta, .init = start, .fini = stop);

static zcache_status add(unsigned origin, const zc_interval_t *intervals, size_t count) {
    zc_origin_intervals_t row = {
        .origin = fixture_origin(origin), .intervals = intervals, .count = count};
    return zc_delta_add(&delta, &(zc_vector_t){.origins = &row, .count = 1});
}

static void add_all(void) {
    const zc_interval_t all = {.after = 0, .upto = 100};
    for (unsigned origin = A; origin <= C; origin++) {
        cr_assert_eq(add(origin, &all, 1), ZCACHE_OK);
    }
}

/* "e d": the next `count` keys, or as many as there are. */
static const char *next(int count) {
    static char text[64];
    size_t bytes = 0;
    text[0] = '\0';
    zc_store_item_t item;
    for (; count > 0 && zc_delta_item(&delta, &item); count--) {
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "%s%.*s", bytes > 0 ? " " : "",
                                  item.ghost ? 1 : (int)item.key.bytes,
                                  item.ghost ? "!" : (const char *)item.key.data);
        zc_delta_next(&delta);
    }
    return text;
}

Test(replica_delta, goes_from_the_highest_stamp_down_over_all_origins) {
    add_all();
    cr_assert_str_eq(next(9), "e d c b a", "of two with one HLC that of the higher origin first");
}

Test(replica_delta, brings_what_is_within_the_intervals_and_no_more) {
    const zc_interval_t intervals[] = {{.after = 0, .upto = 10}, {.after = 29, .upto = 35}};
    fixture_put(&fixture, "x", "v", A, 11);
    fixture_put(&fixture, "y", "v", A, 29);
    fixture_put(&fixture, "z", "v", A, 36);
    cr_assert_eq(add(A, intervals, 2), ZCACHE_OK);
    cr_assert_eq(add(D, intervals, 2), ZCACHE_OK, "an origin that is not known has nothing");
    cr_assert_str_eq(next(9), "c a");
}

Test(replica_delta, passes_over_what_is_overwritten_and_brings_a_ghost_in_place) {
    add_all();
    cr_assert_str_eq(next(1), "e");
    fixture_put(&fixture, "d", "new", C, 50);
    cr_assert(zc_store_evict(fixture.store));
    cr_assert_str_eq(next(9), "c b !", "\"a\" was evicted");
}

Test(replica_delta, what_is_added_later_takes_its_place_and_is_shown_once) {
    add_all();
    cr_assert_str_eq(next(2), "e d");
    fixture_put(&fixture, "f", "v", B, 60);
    fixture_put(&fixture, "g", "v", B, 25);
    const zc_interval_t news[] = {{.after = 20, .upto = 39}, {.after = 50, .upto = 60}};
    cr_assert_eq(add(B, news, 2), ZCACHE_OK);
    cr_assert_str_eq(next(9), "f c g b a");
}

Test(replica_delta, leaves_a_chain_that_is_about_to_go) {
    add_all();
    zc_delta_leave(&delta, B);
    cr_assert_str_eq(next(1), "d");
    fixture_put(&fixture, "d", "v", A, 50);
    zc_delta_leave(&delta, C);
    zc_store_origin_remove(fixture.store, C);
    cr_assert_str_eq(next(9), "c a");
}

Test(replica_delta, row_without_memory_is_not_added) {
    const zc_interval_t all = {.after = 0, .upto = 100};
    zcache_status status = ZCACHE_NO_MEMORY;
    for (uint64_t n = 0; status != ZCACHE_OK; n++) {
        zc_failing_allocator_fail_after(&fixture.failing, n);
        status = add(A, &all, 1);
        bool failed = zc_failing_allocator_stop(&fixture.failing);
        cr_assert_eq(status, failed ? ZCACHE_NO_MEMORY : ZCACHE_OK);
        cr_assert_eq(delta.count, failed ? 0 : 1);
    }
    cr_assert_str_eq(next(9), "c a");
}
