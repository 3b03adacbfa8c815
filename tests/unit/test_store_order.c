/* SPDX-License-Identifier: MPL-2.0 */
/* The order of use, and places in it. */
#include <criterion/criterion.h>
#include <stdio.h>

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

static void transfer(const char *key, zc_hlc_t hlc, uint64_t used_ms) {
    zc_store_item_t item = {.key = zc_slice_text(key),
                            .key_hash = fixture_hash(key),
                            .origin = B,
                            .hlc = hlc,
                            .used_ms = used_ms};
    zc_outcome_t outcome;
    cr_assert_eq(zc_store_apply(fixture.store, &item, fixture.now_ms, &outcome, NULL), ZCACHE_OK);
}

/* S2: what a full transfer brings, coldest first, goes between what is here by its last use, and
 * what is hotter here is not evicted for it. */
Test(store_order, transfer_is_merged_by_last_use) {
    uint64_t begin_ms = fixture.now_ms;
    fixture.now_ms = begin_ms + 100;
    fixture_put(&fixture, "mine", "1", A, 4);
    fixture.now_ms = begin_ms + 200;
    zc_store_run_begin(fixture.store);
    transfer("d", 10, begin_ms + 10);
    transfer("e", 11, begin_ms + 50);
    transfer("f", 12, begin_ms + 150);
    cr_assert_str_eq(fixture_keys(&fixture), "d e mine f");
    transfer("g", 13, begin_ms + 1);
    cr_assert_str_eq(fixture_keys(&fixture), "g e mine f", "one out of order is put near");
    zc_store_run_end(fixture.store);
}

Test(store_order, transfer_of_what_is_colder_than_all_is_not_kept) {
    fixture.now_ms += 100;
    use("a");
    fixture_put(&fixture, "mine", "1", A, 4);
    zc_store_run_begin(fixture.store);
    transfer("cold", 10, 0);
    zc_store_run_end(fixture.store);
    cr_assert_str_eq(fixture_keys(&fixture), "b c a mine");
    cr_assert(fixture_is_ghost(&fixture, "cold"));
}

/* It is done under the lock. What is not found in time counts as colder than it is. */
Test(store_order, search_for_the_place_of_what_a_transfer_brings_is_bounded) {
    enum { OLDER = 100 };
    fixture_stop(&fixture);
    fixture_init(&fixture);
    fixture.options.max_size = 2 * OLDER;
    fixture_start(&fixture);
    for (unsigned i = 0; i < OLDER; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i);
        fixture_put(&fixture, key, "v", A, 1 + i);
    }
    uint64_t between_ms = fixture.now_ms + 1000;
    fixture.now_ms += 2000;
    fixture_put(&fixture, "young", "v", A, 1000);
    zc_store_run_begin(fixture.store);
    transfer("x", 10, between_ms);
    zc_store_run_end(fixture.store);
    unsigned before = 0;
    for (uint32_t at = fixture.store->entries.oldest; at != number_of("x"); before++) {
        at = zc_neighbours_at(&fixture.store->slots, at)->newer;
    }
    cr_assert(before > 0 && before < OLDER);
}

Test(store_order, what_is_written_while_an_empty_store_is_filled_stays_the_newest) {
    for (int i = 0; i < 3; i++) {
        cr_assert(zc_store_evict(fixture.store));
    }
    uint64_t begin_ms = fixture.now_ms;
    fixture.now_ms = begin_ms + 200;
    zc_store_run_begin(fixture.store);
    transfer("d", 10, begin_ms + 10);
    fixture_put(&fixture, "mine", "1", A, 4);
    transfer("e", 11, begin_ms + 50);
    transfer("f", 12, begin_ms + 60);
    zc_store_run_end(fixture.store);
    cr_assert_str_eq(fixture_keys(&fixture), "d e f mine");
}
