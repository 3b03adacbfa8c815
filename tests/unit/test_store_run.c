/* SPDX-License-Identifier: MPL-2.0 */
/* Runs: what was put in comes out in order, once. */
#include <criterion/criterion.h>

#include "lib/base/random.h"
#include "lib/store/run.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static zc_run_t run;

static void start(void) {
    zc_failing_allocator_init(&failing);
    run = (zc_run_t){.allocator = &failing.allocator};
}

static void stop(void) {
    zc_run_fini(&run);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(store_run, .init = start, .fini = stop);

static void push(zc_hlc_t hlc, zc_origin_index_t origin, uint32_t slot) {
    cr_assert_eq(zc_run_reserve(&run), ZCACHE_OK);
    zc_run_push(&run, &(zc_run_item_t){hlc, slot, origin});
}

static void check_pop(unsigned count) {
    zc_run_item_t last = {.hlc = 0};
    static bool seen[100000];
    for (unsigned i = 0; i < count; i++) {
        zc_run_item_t item;
        cr_assert(zc_run_pop(&run, &item));
        cr_assert(last.origin != item.origin ? last.origin < item.origin : last.hlc <= item.hlc);
        cr_assert_not(seen[item.slot]);
        seen[item.slot] = true;
        last = item;
    }
}

Test(store_run, all_come_out_in_order_by_origin_and_stamp) {
    zc_random_t random = {4};
    for (uint32_t i = 0; i < 100000; i++) {
        push(zc_random_below(&random, 50000), (zc_origin_index_t)zc_random_below(&random, 3), i);
    }
    check_pop(100000);
    zc_run_item_t item;
    cr_assert_not(zc_run_pop(&run, &item));
    cr_assert(zc_run_is_empty(&run));
}

Test(store_run, what_is_sorted_already_stays_so) {
    for (uint32_t i = 0; i < 5000; i++) {
        push(i, 1, i);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        push(9999 - i, 1, 5000 + i);
    }
    check_pop(10000);
}

Test(store_run, it_may_be_taken_from_between) {
    zc_run_item_t item;
    for (uint32_t i = 0; i < 3000; i++) {
        push(i * 2654435761u, 0, i);
        if (i % 3 == 0) {
            cr_assert(zc_run_pop(&run, &item));
        }
    }
    check_pop(2000);
    cr_assert_not(zc_run_pop(&run, &item));
}

Test(store_run, it_may_be_ended_with_all_in_it) {
    for (uint32_t i = 0; i < 30000; i++) {
        push(i * 2654435761u, 0, i);
    }
    zc_run_item_t item;
    cr_assert(zc_run_pop(&run, &item));
    cr_assert_not(zc_run_is_empty(&run));
}

Test(store_run, no_memory_is_told_before_anything_is_put_in) {
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_run_reserve(&run), ZCACHE_NO_MEMORY);
    cr_assert(zc_run_is_empty(&run));
    cr_assert_eq(zc_run_reserve(&run), ZCACHE_OK);
    cr_assert_eq(zc_run_reserve(&run), ZCACHE_OK);
    cr_assert_eq(failing.blocks, 1);
}
