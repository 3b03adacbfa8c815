/* SPDX-License-Identifier: MPL-2.0 */
/* The life of a slot, and what each step leaves. */
#include <criterion/criterion.h>

#include "lib/store/register.h"
#include "lib/store/state.h"
#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture_start(&fixture);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_register, .init = start, .fini = stop);

static uint32_t number_of(const char *key) {
    return zc_index_find(&fixture.store->index, fixture_hash(key));
}

Test(store_register, entry_and_ghost_of_a_key_have_the_same_slot) {
    fixture_put(&fixture, "a", "v", A, 1);
    uint32_t number = number_of("a");
    zc_register_go(fixture.store, number, ZC_CHANGE_EXPIRE);
    cr_assert_eq(number_of("a"), number);
    fixture_put(&fixture, "a", "w", B, 2);
    cr_assert_eq(number_of("a"), number);
    cr_assert_str_eq(fixture_log(&fixture), "set a=v@1 expire a@1 set a=w@2 ");
}

Test(store_register, view_shows_an_entry_and_its_ghost) {
    fixture_put_until(&fixture, "a", 7, 5000);
    zc_store_item_t item;
    zc_register_view(fixture.store, number_of("a"), &item);
    cr_assert(!item.ghost && item.hlc == 7 && item.origin == A && item.deadline_ms == 5000);
    cr_assert(zc_slice_equal(item.key, zc_slice_text("a")));
    zc_store_evict(fixture.store);
    zc_register_view(fixture.store, number_of("a"), &item);
    cr_assert(item.ghost && item.hlc == 7 && item.origin == A && item.key.bytes == 0);
    cr_assert_eq(item.key_hash, fixture_hash("a"));
}

Test(store_register, removed_slot_leaves_nothing) {
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_ghost(&fixture, "b", A, 2);
    zc_register_remove(fixture.store, number_of("a"));
    zc_register_remove(fixture.store, number_of("b"));
    zc_store_stats_t stats = fixture_stats(&fixture);
    cr_assert(stats.entries == 0 && stats.ghosts == 0 && stats.bytes == 0 && stats.digest == 0);
    cr_assert_eq(zc_store_floor(fixture.store, A), 0);
    cr_assert_str_eq(fixture_chain(&fixture, A), "");
}

Test(store_register, no_more_ghosts_are_forgotten_than_the_budget_allows) {
    fixture_ghost(&fixture, "a", A, 1);
    fixture_ghost(&fixture, "b", A, 2);
    fixture_ghost(&fixture, "c", A, 3);
    zc_store_set_max_size(fixture.store, 4, 1);
    cr_assert_eq(zc_register_trim_ghosts(fixture.store, 1), 1);
    cr_assert_eq(zc_register_trim_ghosts(fixture.store, 9), 1);
    cr_assert_eq(zc_store_floor(fixture.store, A), 2);
}

Test(store_register, bytes_count_bookkeeping_too) {
    fixture_put(&fixture, "key", "value", A, 1);
    cr_assert_eq(fixture_stats(&fixture).bytes, zc_register_cost(&fixture.last));
    cr_assert_eq(zc_register_cost(&fixture.last),
                 sizeof(zc_slot_t) + sizeof(zc_neighbours_t) + 4 + 12,
                 "slot, neighbours, bucket, and the payload: head, key and value");
}

Test(store_register, origin_is_empty_once_its_ghosts_are_forgotten_and_its_floor_says_so) {
    fixture_ghost(&fixture, "a", B, 5);
    fixture_ghost(&fixture, "b", B, 7);
    size_t budget = 1;
    cr_assert_not(zc_store_origin_empty(fixture.store, B, &budget));
    cr_assert_eq(budget, 0);
    cr_assert_eq(zc_store_floor(fixture.store, B), 5);
    budget = 10;
    cr_assert(zc_store_origin_empty(fixture.store, B, &budget));
    cr_assert_eq(budget, 9);
    cr_assert_eq(zc_store_floor(fixture.store, B), 7);
    cr_assert_eq(zc_store_horizon(fixture.store).hlc, 7);
    zc_origin_t id = *zc_store_origin_at(fixture.store, B);
    zc_store_origin_remove(fixture.store, B);
    cr_assert_eq(zc_store_origin_find(fixture.store, &id), ZC_ORIGIN_INDEX_NONE);
    cr_assert(zc_origin_is_none(zc_store_origin_at(fixture.store, B)));
}

Test(store_register, ghosts_behind_an_entry_are_kept) {
    fixture_ghost(&fixture, "a", B, 5);
    fixture_put(&fixture, "b", "1", B, 6);
    fixture_ghost(&fixture, "c", B, 7);
    size_t budget = 10;
    cr_assert_not(zc_store_origin_empty(fixture.store, B, &budget));
    cr_assert_eq(budget, 9);
    cr_assert_eq(zc_store_floor(fixture.store, B), 5);
}
