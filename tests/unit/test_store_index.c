/* SPDX-License-Identifier: MPL-2.0 */
/* The index against what was put in, through many splits. */
#include <criterion/criterion.h>

#include "lib/base/random.h"
#include "lib/store/index.h"
#include "tests/support/failing_allocator.h"

enum { COUNT = 200000 }; /* more splits than a slot knows bits of its hash */

static zc_failing_allocator_t failing;
static zc_slots_t slots;
static zc_index_t table;

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_slots_init(&slots, &failing.allocator);
    cr_assert_eq(zc_index_init(&table, &slots, 99), ZCACHE_OK);
}

static void stop(void) {
    zc_index_fini(&table);
    zc_slots_fini(&slots);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(store_index, .init = start, .fini = stop);

static uint32_t link_ghost(uint64_t key_hash) {
    cr_assert_eq(zc_slots_reserve(&slots), ZCACHE_OK);
    cr_assert_eq(zc_index_reserve(&table), ZCACHE_OK);
    uint32_t number = zc_slots_take(&slots);
    zc_slot_t *slot = zc_slot_at(&slots, number);
    slot->key_hash = key_hash;
    zc_slot_set_kind(slot, ZC_SLOT_GHOST);
    zc_index_link(&table, number, key_hash);
    return number;
}

Test(store_index, finds_all_that_is_linked_and_nothing_else) {
    static uint32_t numbers[COUNT];
    zc_random_t random = {1};
    for (size_t i = 0; i < COUNT; i++) {
        numbers[i] = link_ghost(zc_random_next(&random));
    }
    random.state = 1;
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t key_hash = zc_random_next(&random);
        cr_assert_eq(zc_index_find(&table, key_hash), numbers[i]);
        cr_assert_eq(zc_index_find(&table, key_hash + 1), ZC_SLOT_NONE);
    }
    for (size_t i = 0; i < COUNT; i += 2) {
        zc_index_unlink(&table, numbers[i]);
    }
    random.state = 1;
    for (size_t i = 0; i < COUNT; i++) {
        uint32_t expected = i % 2 == 0 ? ZC_SLOT_NONE : numbers[i];
        cr_assert_eq(zc_index_find(&table, zc_random_next(&random)), expected);
    }
    cr_assert_eq(table.linked, COUNT / 2);
}

Test(store_index, grows_one_bucket_for_each_slot_above_the_load) {
    uint32_t before = table.buckets;
    for (uint32_t i = 0; i < before; i++) {
        link_ghost(i);
    }
    cr_assert_eq(table.buckets, before);
    for (uint32_t i = 1; i <= 3 * before; i++) {
        link_ghost(before + i);
        cr_assert_eq(table.buckets, before + i);
    }
}

/* Key hashes that would all fall into one bucket but for the seed: no bucket grows long. */
Test(store_index, chosen_key_hashes_are_scattered_by_the_seed) {
    uint32_t longest = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        link_ghost(i << 32);
    }
    for (uint64_t i = 0; i < COUNT; i++) {
        uint32_t number = zc_index_find(&table, i << 32);
        uint32_t length = 0;
        for (; number != ZC_SLOT_NONE; number = zc_slot_at(&slots, number)->index_next) {
            length++;
        }
        longest = length > longest ? length : longest;
    }
    cr_assert_lt(longest, 16);
}

Test(store_index, no_memory_leaves_it_as_it_was) {
    zc_index_t other;
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_index_init(&other, &slots, 1), ZCACHE_NO_MEMORY);
    for (uint64_t i = 0; i < ZC_BUCKETS_FIRST; i++) {
        link_ghost(i);
    }
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_index_reserve(&table), ZCACHE_NO_MEMORY);
    cr_assert_eq(zc_index_reserve(&table), ZCACHE_OK);
}

Test(store_index, one_that_was_never_begun_may_be_ended) {
    zc_index_t other = {.slots = NULL};
    zc_index_fini(&other);
    cr_assert_eq(failing.requests, 1, "that of the table");
}

Test(store_index, what_is_expected_has_its_buckets_long_before_it_is_all_there) {
    table.expected = COUNT;
    zc_random_t random = {1};
    for (size_t i = 0; i < COUNT; i++) {
        link_ghost(zc_random_next(&random));
        cr_assert_leq(table.buckets, ZC_BUCKETS_FIRST + 9 * (i + 1), "not all at once");
    }
    cr_assert_eq(table.buckets, COUNT);
    random.state = 1;
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_neq(zc_index_find(&table, zc_random_next(&random)), ZC_SLOT_NONE);
    }
}

Test(store_index, what_is_expected_and_finds_no_memory_changes_nothing) {
    table.expected = UINT32_MAX;
    zc_random_t random = {1};
    link_ghost(zc_random_next(&random));
    zc_failing_allocator_fail_after(&failing, 0);
    for (size_t i = 1; i < 1000; i++) {
        link_ghost(zc_random_next(&random));
    }
    cr_assert(zc_failing_allocator_stop(&failing));
    cr_assert_eq(table.expected, 0);
    random.state = 1;
    for (size_t i = 0; i < 1000; i++) {
        cr_assert_neq(zc_index_find(&table, zc_random_next(&random)), ZC_SLOT_NONE);
    }
}
