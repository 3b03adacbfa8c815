/* SPDX-License-Identifier: MPL-2.0 */
/* Making a store, its floors and horizon (R9), its origins and figures. */
#include <criterion/criterion.h>

#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture_start(&fixture);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_store, .init = start, .fini = stop);

Test(store_store, no_memory_for_a_store_leaves_nothing) {
    zc_store_t *store = NULL;
    uint64_t blocks = fixture.failing.blocks;
    for (uint64_t n = 0; store == NULL; n++) {
        zc_failing_allocator_fail_after(&fixture.failing, n);
        zcache_status status = zc_store_new(&fixture.options, &store);
        cr_assert_eq(status,
                     zc_failing_allocator_stop(&fixture.failing) ? ZCACHE_NO_MEMORY : ZCACHE_OK);
        cr_assert(status == ZCACHE_OK || fixture.failing.blocks == blocks);
    }
    zc_store_destroy(&store);
    zc_store_destroy(&store);
    zc_store_destroy(NULL);
}

Test(store_store, floors_and_horizon_only_rise) {
    zc_store_raise_floor(fixture.store, B, 7);
    zc_store_raise_floor(fixture.store, B, 5);
    cr_assert_eq(zc_store_floor(fixture.store, A), 0);
    cr_assert_eq(zc_store_floor(fixture.store, B), 7);
    zc_stamp_t high = fixture_stamp(9, B);
    zc_stamp_t tie = fixture_stamp(9, A);
    zc_stamp_t low = fixture_stamp(8, C);
    zc_store_raise_horizon(fixture.store, &high);
    zc_store_raise_horizon(fixture.store, &tie);
    zc_store_raise_horizon(fixture.store, &low);
    zc_stamp_t horizon = zc_store_horizon(fixture.store);
    cr_assert_eq(zc_stamp_compare(&horizon, &high), 0);
}

Test(store_store, origins_are_known_by_index) {
    cr_assert_eq(zc_store_origin_count(fixture.store), 4);
    zc_origin_t origin = fixture_origin(C);
    cr_assert_eq(zc_store_origin_find(fixture.store, &origin), C);
    cr_assert(zc_origin_equal(zc_store_origin_at(fixture.store, C), &origin));
    origin = fixture_origin(77);
    cr_assert_eq(zc_store_origin_find(fixture.store, &origin), ZC_ORIGIN_INDEX_NONE);
}

Test(store_store, figures_return_to_nothing) {
    fixture_put(&fixture, "a", "v", A, 1);
    zc_store_stats_t stats = fixture_stats(&fixture);
    cr_assert(stats.entries == 1 && stats.bytes > 2 && stats.digest != 0);
    cr_assert(stats.max_size == 4 && stats.ghosts_max == 4);
    fixture_ghost(&fixture, "a", A, 2);
    stats = fixture_stats(&fixture);
    cr_assert(stats.entries == 0 && stats.bytes == 0 && stats.digest == 0 && stats.ghosts == 1);
}

/* The same content by other ways: through ghosts, overwrites and evictions. */
Test(store_store, digest_is_of_what_is_held_alone) {
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", B, 2);
    uint64_t digest = fixture_stats(&fixture).digest;
    fixture_stop(&fixture);
    fixture_init(&fixture);
    fixture.options.seed = 7;
    fixture_start(&fixture);
    fixture_put(&fixture, "x", "v", C, 1);
    fixture_put(&fixture, "b", "old", A, 1);
    zc_store_evict(fixture.store);
    fixture_put(&fixture, "b", "v", B, 2);
    fixture.now_ms += 50;
    fixture_put(&fixture, "a", "v", A, 1);
    cr_assert_eq(fixture_stats(&fixture).digest, digest);
}
