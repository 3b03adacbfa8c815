/* SPDX-License-Identifier: MPL-2.0 */
/* Walks (S2): in order of use, and every entry that stays is shown exactly once whatever happens
 * meanwhile. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/base/random.h"
#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture.options.max_size = 300;
    fixture.options.ghosts_max = 300;
    fixture.options.listener = NULL;
    fixture_start(&fixture);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_walk, .init = start, .fini = stop);

static zc_store_walk_t *open_walk(zc_walk_order_t order) {
    zc_store_walk_t *walk;
    cr_assert_eq(zc_store_walk_new(fixture.store, order, &walk), ZCACHE_OK);
    return walk;
}

/* The key at which the walk stands ("g" for a ghost, "" at the end), and goes past it. */
static const char *show(zc_store_walk_t *walk, bool go_past) {
    static char text[16];
    zc_store_item_t item;
    size_t budget = 1000;
    zcache_status status = zc_store_walk_item(walk, fixture.now_ms, &budget, &item);
    if (status != ZCACHE_OK) {
        cr_assert_eq(status, ZCACHE_MISS);
        return "";
    }
    snprintf(text, sizeof text, "%.*s", item.ghost ? 1 : (int)item.key.bytes,
             item.ghost ? "g" : (const char *)item.key.data);
    if (go_past) {
        zc_store_walk_next(walk);
    }
    return text;
}

static void put_four(void) {
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 2);
    fixture_put(&fixture, "c", "v", A, 3);
    fixture_put(&fixture, "d", "v", A, 4);
}

Test(store_walk, coldest_first_then_ghosts) {
    put_four();
    fixture_read(&fixture, "a");
    fixture_ghost(&fixture, "x", B, 1);
    fixture_ghost(&fixture, "d", B, 5);
    zc_store_walk_t *walk = open_walk(ZC_WALK_COLDEST_FIRST);
    const char *const expected[] = {"b", "c", "a", "g", "g", "", ""};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        cr_assert_str_eq(show(walk, true), expected[i]);
    }
    zc_store_walk_destroy(&walk);
    cr_assert_null(walk);
    zc_store_walk_destroy(&walk);
}

Test(store_walk, hottest_first_is_entries_alone) {
    put_four();
    fixture_read(&fixture, "a");
    fixture_ghost(&fixture, "x", B, 1);
    zc_store_walk_t *walk = open_walk(ZC_WALK_HOTTEST_FIRST);
    const char *const expected[] = {"a", "d", "c", "b", ""};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        cr_assert_str_eq(show(walk, true), expected[i]);
    }
    zc_store_walk_destroy(&walk);
}

Test(store_walk, item_is_shown_again_until_it_is_gone_past) {
    put_four();
    zc_store_walk_t *walk = open_walk(ZC_WALK_COLDEST_FIRST);
    zc_store_walk_next(walk); /* nothing was shown: nothing to go past */
    cr_assert_str_eq(show(walk, false), "a");
    cr_assert_str_eq(show(walk, false), "a");
    fixture_read(&fixture, "a"); /* it moves before it was taken: it comes later */
    cr_assert_str_eq(show(walk, true), "b");
    cr_assert_str_eq(show(walk, false), "c");
    fixture_read(&fixture, "c"); /* it moves while it is taken: it does not come again */
    zc_store_walk_next(walk);
    cr_assert_str_eq(show(walk, true), "d");
    cr_assert_str_eq(show(walk, true), "a");
    cr_assert_str_eq(show(walk, true), "");
    zc_store_walk_destroy(&walk);
}

Test(store_walk, used_ones_come_last_and_the_walk_ends) {
    put_four();
    zc_store_walk_t *walk = open_walk(ZC_WALK_COLDEST_FIRST);
    cr_assert_str_eq(show(walk, true), "a");
    fixture_read(&fixture, "a");
    fixture_read(&fixture, "d");
    fixture_read(&fixture, "b");
    cr_assert_str_eq(show(walk, true), "c");
    fixture_put(&fixture, "e", "v", A, 5);
    cr_assert_str_eq(show(walk, true), "b");
    fixture_read(&fixture, "b");
    cr_assert_str_eq(show(walk, true), "d");
    cr_assert_str_eq(show(walk, true), "");
    zc_store_walk_destroy(&walk);
}

Test(store_walk, voided_ones_are_passed_over_and_expired_ones_by_spies) {
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_ghost(&fixture, "x", A, 2);
    fixture_put_until(&fixture, "b", 3, 1500);
    fixture_put(&fixture, "c", "v", A, 4);
    fixture_ghost(&fixture, "y", A, 5);
    zc_stamp_t clear = fixture_stamp(2, A);
    zc_store_clear(fixture.store, &clear);
    fixture.now_ms = 1500;
    zc_store_walk_t *walk = open_walk(ZC_WALK_COLDEST_FIRST);
    cr_assert_str_eq(show(walk, true), "b");
    cr_assert_str_eq(show(walk, true), "c");
    cr_assert_str_eq(show(walk, true), "g");
    cr_assert_str_eq(show(walk, true), "");
    zc_store_walk_destroy(&walk);
    walk = open_walk(ZC_WALK_HOTTEST_FIRST);
    cr_assert_str_eq(show(walk, true), "c");
    cr_assert_str_eq(show(walk, true), "");
    zc_store_walk_destroy(&walk);
}

Test(store_walk, budget_bounds_what_is_looked_at) {
    fixture_put(&fixture, "z", "v", A, 500);
    for (unsigned i = 0; i < 100; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%u", i);
        fixture_put_until(&fixture, key, 1 + i, 1500);
    }
    fixture.now_ms = 2000;
    zc_store_walk_t *walk = open_walk(ZC_WALK_HOTTEST_FIRST);
    zc_store_item_t item;
    size_t budget = 60;
    cr_assert_eq(zc_store_walk_item(walk, 2000, &budget, &item), ZCACHE_BUSY);
    cr_assert_eq(budget, 0);
    budget = 60;
    cr_assert_eq(zc_store_walk_item(walk, 2000, &budget, &item), ZCACHE_OK);
    cr_assert_eq(budget, 19);
    zc_store_walk_destroy(&walk);
}

Test(store_walk, no_memory_for_a_walk_leaves_the_store_alone) {
    put_four();
    zc_store_walk_t *walk = NULL;
    zc_failing_allocator_fail_after(&fixture.failing, 0);
    cr_assert_eq(zc_store_walk_new(fixture.store, ZC_WALK_COLDEST_FIRST, &walk), ZCACHE_NO_MEMORY);
    cr_assert_null(walk);
    zc_store_check(fixture.store);
}

enum { KEYS = 200 };

typedef struct witness {
    bool stays[KEYS]; /* from the beginning of the walk on */
    unsigned shown[KEYS];
    uint64_t key_hashes[KEYS];
} witness_t;

static void name_of(unsigned number, char *key, size_t bytes) {
    snprintf(key, bytes, "k%u", number);
}

/* One random change, and who does not stay because of it. */
static void change(zc_random_t *random, witness_t *witness, zc_hlc_t *hlc) {
    char key[16];
    unsigned number = (unsigned)zc_random_below(random, KEYS);
    name_of(number, key, sizeof key);
    switch (zc_random_below(random, 8)) {
    case 0:
        fixture_ghost(&fixture, key, B, ++*hlc);
        break;
    case 1:
        fixture_put(&fixture, key, "new", C, ++*hlc);
        break;
    case 2:
        zc_store_evict(fixture.store);
        break;
    default:
        fixture_read(&fixture, key);
        break;
    }
    for (unsigned i = 0; i < KEYS; i++) {
        zc_store_item_t item;
        bool held = zc_store_find(fixture.store, witness->key_hashes[i], &item) && !item.ghost;
        witness->stays[i] = witness->stays[i] && held;
    }
}

static void note_shown(witness_t *witness, const zc_store_item_t *item) {
    for (unsigned i = 0; i < KEYS; i++) {
        if (witness->key_hashes[i] == item->key_hash) {
            witness->shown[i]++;
            return;
        }
    }
    cr_assert_fail("shows a key that nobody wrote");
}

static void walk_under_change(uint64_t seed, zc_walk_order_t order) {
    zc_random_t random = {seed};
    zc_hlc_t hlc = 1000;
    witness_t witness = {.stays = {false}};
    for (unsigned i = 0; i < KEYS; i++) {
        char key[16];
        name_of(i, key, sizeof key);
        witness.key_hashes[i] = fixture_hash(key);
        if (zc_random_below(&random, 4) > 0) {
            fixture_put(&fixture, key, "v", A, ++hlc);
            witness.stays[i] = true;
        }
    }
    zc_store_walk_t *walk = open_walk(order);
    zcache_status status = ZCACHE_OK;
    for (unsigned step = 0; status != ZCACHE_MISS; step++) {
        cr_assert_lt(step, 100 * KEYS, "seed %llu: the walk does not end",
                     (unsigned long long)seed);
        zc_store_item_t item;
        size_t budget = zc_random_below(&random, 5);
        status = zc_store_walk_item(walk, fixture.now_ms, &budget, &item);
        if (status == ZCACHE_OK && !item.ghost) {
            note_shown(&witness, &item);
        }
        if (zc_random_below(&random, 2) == 0) {
            change(&random, &witness, &hlc);
        }
        zc_store_walk_next(walk);
        change(&random, &witness, &hlc);
    }
    zc_store_walk_destroy(&walk);
    for (unsigned i = 0; i < KEYS; i++) {
        cr_assert(!witness.stays[i] || witness.shown[i] == 1, "seed %llu: k%u was shown %u times",
                  (unsigned long long)seed, i, witness.shown[i]);
    }
}

Test(store_walk, what_stays_is_shown_exactly_once) {
    for (uint64_t seed = 1; seed <= 12; seed++) {
        walk_under_change(seed, seed % 2 == 0 ? ZC_WALK_COLDEST_FIRST : ZC_WALK_HOTTEST_FIRST);
        fixture_stop(&fixture);
        start();
    }
}

Test(store_walk, two_walks_and_their_ends_do_not_disturb_each_other) {
    put_four();
    zc_store_walk_t *cold = open_walk(ZC_WALK_COLDEST_FIRST);
    zc_store_walk_t *hot = open_walk(ZC_WALK_HOTTEST_FIRST);
    cr_assert_str_eq(show(cold, true), "a");
    cr_assert_str_eq(show(hot, true), "d");
    zc_store_walk_t *third = open_walk(ZC_WALK_HOTTEST_FIRST);
    fixture_ghost(&fixture, "b", B, 9); /* where cold stands, and an end */
    fixture_ghost(&fixture, "c", B, 10);
    fixture_ghost(&fixture, "d", B, 11);
    zc_store_walk_destroy(&hot);
    cr_assert_str_eq(show(third, true), "a");
    cr_assert_str_eq(show(third, true), "");
    zc_store_walk_destroy(&third);
    cr_assert_str_eq(show(cold, true), "g");
    zc_store_walk_destroy(&cold);
}

Test(store_walk, entry_that_goes_while_the_walk_stands_at_it_is_the_end_if_it_was_the_last) {
    fixture_put(&fixture, "a", "v", A, 1);
    zc_store_walk_t *walk = open_walk(ZC_WALK_HOTTEST_FIRST);
    cr_assert_str_eq(show(walk, false), "a");
    zc_store_evict(fixture.store);
    cr_assert_str_eq(show(walk, false), "");
    zc_store_walk_next(walk);
    cr_assert_str_eq(show(walk, true), "");
    zc_store_walk_destroy(&walk);
}

/* Its slot is younger than the walk, so that nothing may be noted of it. */
Test(store_walk, ghost_that_goes_while_the_walk_stands_at_it_is_gone_past) {
    fixture_put(&fixture, "a", "v", A, 1);
    zc_store_walk_t *walk = open_walk(ZC_WALK_COLDEST_FIRST);
    for (unsigned i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "g%u", i);
        fixture_ghost(&fixture, key, B, 1 + i);
    }
    cr_assert_str_eq(show(walk, true), "a");
    for (unsigned i = 0; i < 99; i++) {
        cr_assert_str_eq(show(walk, true), "g");
    }
    cr_assert_str_eq(show(walk, false), "g");
    fixture_put(&fixture, "g99", "v", B, 200);
    cr_assert_str_eq(show(walk, false), "");
    zc_store_walk_next(walk);
    cr_assert_str_eq(show(walk, true), "");
    zc_store_walk_destroy(&walk);
}

Test(store_walk, no_walk_may_be_ended) {
    zc_store_walk_destroy(NULL);
    put_four();
    cr_assert_str_eq(fixture_keys(&fixture), "a b c d");
}
