/* SPDX-License-Identifier: MPL-2.0 */
/* The digest in parts, and scans of some of them. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;
static zc_digest_set_t all;

static void start(void) {
    fixture_init(&fixture);
    fixture.options.max_size = 300;
    fixture.options.ghosts_max = 300;
    fixture_start(&fixture);
    memset(all.bits, 0xff, sizeof all.bits);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_scan, .init = start, .fini = stop);

static void put_many(int count) {
    for (int i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        fixture_put(&fixture, key, "v", A, (zc_hlc_t)i + 1);
    }
}

/* Scans to the end in steps of `budget` slots; returns the sum of what was shown. */
static uint64_t scan(const zc_digest_set_t *parts, size_t budget, size_t *count) {
    uint64_t position = 0;
    uint64_t sum = 0;
    for (zcache_status status = ZCACHE_BUSY; status != ZCACHE_MISS;) {
        size_t left = budget;
        zc_store_item_t item;
        status = zc_store_scan(fixture.store, parts, &position, &left, &item);
        if (status == ZCACHE_OK) {
            sum += zc_store_item_digest(fixture.store, &item);
            (*count)++;
        } else {
            cr_assert(status == ZCACHE_MISS || left == 0);
        }
    }
    return sum;
}

Test(store_scan, parts_add_up_to_the_digest) {
    put_many(200);
    fixture_ghost(&fixture, "7", B, 500);
    uint64_t sum = 0;
    size_t used = 0;
    for (size_t i = 0; i < ZC_DIGEST_PARTS; i++) {
        sum += zc_store_digest_parts(fixture.store)[i];
        used += zc_store_digest_parts(fixture.store)[i] != 0;
    }
    cr_assert_eq(sum, fixture_stats(&fixture).digest);
    cr_assert(used > 100, "keys spread over the parts: %zu", used);
}

Test(store_scan, shows_every_entry_once_whatever_the_steps) {
    put_many(200);
    fixture_ghost(&fixture, "7", B, 500);
    size_t whole = 0;
    size_t small = 0;
    cr_assert_eq(scan(&all, 100000, &whole), fixture_stats(&fixture).digest);
    cr_assert_eq(scan(&all, 1, &small), fixture_stats(&fixture).digest);
    cr_assert(whole == 199 && small == 199, "the ghost is no entry");
}

Test(store_scan, shows_the_parts_that_are_asked_for_and_no_others) {
    put_many(200);
    size_t part = zc_digest_part(fixture_hash("42"));
    zc_digest_set_t one = {{0}};
    one.bits[part / 8] = (uint8_t)(1u << (part % 8));
    size_t count = 0;
    cr_assert_eq(scan(&one, 10, &count), zc_store_digest_parts(fixture.store)[part]);
    cr_assert(count >= 1 && count < 10);
    const zc_digest_set_t none = {{0}};
    count = 0;
    cr_assert_eq(scan(&none, 1000, &count), 0);
    cr_assert_eq(count, 0);
}

Test(store_scan, a_place_beyond_the_end_is_the_end) {
    put_many(3);
    uint64_t position = UINT64_MAX;
    size_t budget = 10;
    zc_store_item_t item;
    cr_assert_eq(zc_store_scan(fixture.store, &all, &position, &budget, &item), ZCACHE_MISS);
}

Test(store_scan, what_a_clear_voids_is_not_shown) {
    put_many(5);
    zc_stamp_t clear = fixture_stamp(3, A);
    zc_store_clear(fixture.store, &clear);
    size_t count = 0;
    scan(&all, 1000, &count);
    cr_assert_eq(count, 2);
}
