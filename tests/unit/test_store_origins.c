/* SPDX-License-Identifier: MPL-2.0 */
/* Origins: an index stays until its origin is removed, and there is a limit (L1). */
#include <criterion/criterion.h>

#include <zcache/limits.h>

#include "lib/store/origins.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static const zc_lock_t lock;
static zc_origins_t origins;

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_origins_init(&origins, &failing.allocator, &lock, 5);
}

static void stop(void) {
    zc_origins_fini(&origins);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(store_origins, .init = start, .fini = stop);

static zc_origin_t origin_of(unsigned number) {
    zc_origin_t origin = {{0}};
    memcpy(origin.bytes, &number, sizeof number);
    origin.bytes[ZC_ORIGIN_BYTES - 1] = 1;
    return origin;
}

Test(store_origins, index_is_given_once_and_stays) {
    for (unsigned i = 0; i < 1000; i++) {
        zc_origin_t origin = origin_of(i);
        cr_assert_eq(zc_origins_find(&origins, &origin), ZC_ORIGIN_INDEX_NONE);
        zc_origin_index_t index;
        cr_assert_eq(zc_origins_add(&origins, &origin, &index), ZCACHE_OK);
        cr_assert_eq(index, i);
    }
    for (unsigned i = 0; i < 1000; i++) {
        zc_origin_t origin = origin_of(i);
        zc_origin_index_t index;
        cr_assert_eq(zc_origins_add(&origins, &origin, &index), ZCACHE_OK);
        cr_assert_eq(index, i);
        cr_assert_eq(zc_origins_find(&origins, &origin), i);
        cr_assert(zc_origin_equal(&origins.ids[i], &origin));
    }
}

Test(store_origins, further_ones_are_refused_at_the_limit) {
    zc_origin_index_t index = 7;
    for (unsigned i = 0; i < ZCACHE_ORIGINS_MAX; i++) {
        zc_origin_t origin = origin_of(i);
        cr_assert_eq(zc_origins_add(&origins, &origin, &index), ZCACHE_OK);
    }
    zc_origin_t origin = origin_of(ZCACHE_ORIGINS_MAX);
    index = 7;
    cr_assert_eq(zc_origins_add(&origins, &origin, &index), ZCACHE_BUSY);
    cr_assert_eq(index, 7);
    origin = origin_of(0);
    cr_assert_eq(zc_origins_add(&origins, &origin, &index), ZCACHE_OK);
}

Test(store_origins, no_memory_leaves_them_as_they_were) {
    zc_origin_index_t index = 7;
    for (unsigned i = 0; i < 40; i++) {
        zc_origin_t origin = origin_of(i);
        zcache_status status = ZCACHE_NO_MEMORY;
        for (uint64_t n = 0; status != ZCACHE_OK; n++) {
            zc_failing_allocator_fail_after(&failing, n);
            status = zc_origins_add(&origins, &origin, &index);
            cr_assert(status == ZCACHE_OK || failing.failed);
            cr_assert_eq(origins.count, i + (status == ZCACHE_OK));
            zc_failing_allocator_stop(&failing);
        }
        cr_assert_eq(index, i);
    }
    for (unsigned i = 0; i < 40; i++) {
        zc_origin_t origin = origin_of(i);
        cr_assert_eq(zc_origins_find(&origins, &origin), i);
    }
}

static zc_origin_index_t add(unsigned number) {
    zc_origin_t origin = origin_of(number);
    zc_origin_index_t index = ZC_ORIGIN_INDEX_NONE;
    cr_assert_eq(zc_origins_add(&origins, &origin, &index), ZCACHE_OK);
    return index;
}

Test(store_origins, index_of_a_removed_one_is_given_to_the_next) {
    for (unsigned i = 0; i < 20; i++) {
        add(i);
    }
    origins.chains[7].floor = 9;
    zc_origins_remove(&origins, 7);
    zc_origins_remove(&origins, 3);
    zc_origin_t gone = origin_of(7);
    cr_assert_eq(zc_origins_find(&origins, &gone), ZC_ORIGIN_INDEX_NONE);
    cr_assert_eq(add(100), 3);
    cr_assert_eq(add(101), 7);
    cr_assert_eq(origins.chains[7].floor, 0, "what was known of the one before went with it");
    cr_assert_eq(add(102), 20);
}

/* Any order of adding and removing leaves every other origin where it was. */
Test(store_origins, removing_any_leaves_all_others_to_be_found) {
    enum { NUMBERS = 200 };
    zc_origin_index_t given[NUMBERS];
    bool present[NUMBERS] = {false};
    uint64_t dice = 12345;
    for (unsigned step = 0; step < 20000; step++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        unsigned number = (unsigned)(dice >> 33) % NUMBERS;
        if (present[number]) {
            zc_origins_remove(&origins, given[number]);
        } else {
            given[number] = add(number);
        }
        present[number] = !present[number];
        number = (unsigned)(dice >> 40) % NUMBERS;
        zc_origin_t origin = origin_of(number);
        cr_assert_eq(zc_origins_find(&origins, &origin),
                     present[number] ? given[number] : ZC_ORIGIN_INDEX_NONE);
    }
    cr_assert_leq(origins.count, NUMBERS);
}

Test(store_origins, removing_one_that_has_slots_is_our_own_fault, .signal = 6) {
    add(0);
    origins.chains[0].newest = 1;
    zc_origins_remove(&origins, 0);
}
