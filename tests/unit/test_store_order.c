/* SPDX-License-Identifier: MPL-2.0 */
/* The order of use, and places in it. */
#include <criterion/criterion.h>

#include "lib/store/order.h"
#include "lib/store/state.h"
#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture_start(&fixture);
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 2);
    fixture_put(&fixture, "c", "v", A, 3);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_order, .init = start, .fini = stop);

static uint32_t number_of(const char *key) {
    return zc_index_find(&fixture.store->index, fixture_hash(key));
}

static void use(const char *key) {
    zc_order_move(fixture.store, &fixture.store->entries, number_of(key));
}

Test(store_order, what_is_used_becomes_the_newest) {
    use("a");
    cr_assert_str_eq(fixture_keys(&fixture), "b c a");
    use("a");
    cr_assert_str_eq(fixture_keys(&fixture), "b c a");
    use("c");
    cr_assert_str_eq(fixture_keys(&fixture), "b a c");
}

Test(store_order, place_goes_through_what_is_left_alone) {
    zc_order_place_t place;
    zc_order_place_open(fixture.store, &place);
    cr_assert_eq(place.at, ZC_SLOT_NONE);
    zc_order_place_set(&place, &fixture.store->entries, true);
    cr_assert_eq(place.at, number_of("a"));
    use("a");
    cr_assert_eq(place.at, number_of("b"));
    use("c");
    cr_assert_eq(place.end, number_of("b"));
    zc_order_place_advance(fixture.store, &place);
    cr_assert_eq(place.at, ZC_SLOT_NONE);
    zc_order_place_close(fixture.store, &place);
}

Test(store_order, place_that_goes_older_ends_where_the_oldest_was_used) {
    zc_order_place_t place;
    zc_order_place_open(fixture.store, &place);
    zc_order_place_set(&place, &fixture.store->entries, false);
    cr_assert_eq(place.at, number_of("c"));
    use("a");
    zc_order_place_advance(fixture.store, &place);
    cr_assert_eq(place.at, number_of("b"));
    use("b");
    cr_assert_eq(place.at, ZC_SLOT_NONE);
    zc_order_place_close(fixture.store, &place);
}
