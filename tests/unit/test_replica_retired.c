/* SPDX-License-Identifier: MPL-2.0 */
/* The table of retired origins (R13): what is known of them is neither lost nor mixed up. */
#include <criterion/criterion.h>

#include <zcache/limits.h>

#include "lib/replica/retired.h"
#include "lib/replica/vectors.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static zc_retired_t retired;

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_retired_init(&retired, &failing.allocator);
}

static void stop(void) {
    zc_retired_fini(&retired);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(replica_retired, .init = start, .fini = stop);

static zc_origin_t origin(unsigned number) {
    return (zc_origin_t){{(uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number, 1}};
}

static zcache_status cover(zc_retired_row_t *row, zc_hlc_t after, zc_hlc_t upto) {
    const zc_interval_t interval = {.after = after, .upto = upto};
    return zc_retired_unite(&retired, row, &interval, 1);
}

static zc_retired_row_t *add(unsigned number, zc_hlc_t upto) {
    zc_origin_t id = origin(number);
    zc_retired_row_t *row = NULL;
    cr_assert_eq(zc_retired_add(&retired, &id, &row), ZCACHE_OK);
    cr_assert_eq(cover(row, 0, upto), ZCACHE_OK);
    return row;
}

Test(replica_retired, rows_ascend_whatever_the_order_they_came_in) {
    static const unsigned numbers[] = {5, 1, 9, 3, 7};
    for (size_t i = 0; i < 5; i++) {
        add(numbers[i], numbers[i])->floor = numbers[i];
    }
    cr_assert_eq(retired.count, 5);
    for (size_t i = 1; i < 5; i++) {
        cr_assert_lt(zc_origin_compare(&retired.rows[i - 1].origin, &retired.rows[i].origin), 0);
    }
    for (unsigned number = 1; number < 10; number++) {
        zc_origin_t id = origin(number);
        const zc_retired_row_t *row = zc_retired_find(&retired, &id);
        cr_assert_eq(row != NULL, number % 2 == 1);
        cr_assert(row == NULL || row->floor == number);
    }
}

Test(replica_retired, hash_is_the_sum_over_all_rows_after_every_change) {
    add(1, 10);
    add(2, 20);
    zc_origin_t one = origin(1);
    zc_origin_t two = origin(2);
    zc_interval_t first = {0, 10};
    zc_interval_t second = {0, 20};
    cr_assert_eq(retired.hash,
                 zc_intervals_hash(&one, &first, 1) + zc_intervals_hash(&two, &second, 1));
    second.upto = 30;
    cr_assert_eq(cover(zc_retired_find(&retired, &two), 20, 30), ZCACHE_OK);
    cr_assert_eq(retired.hash,
                 zc_intervals_hash(&one, &first, 1) + zc_intervals_hash(&two, &second, 1));
    zc_vvec_row_t taken = zc_retired_take(&retired, zc_retired_find(&retired, &one));
    cr_assert_eq(taken.count, 1);
    cr_assert_eq(retired.hash, zc_intervals_hash(&two, &second, 1));
    zc_retired_row_t *row = NULL;
    cr_assert_eq(zc_retired_add(&retired, &one, &row), ZCACHE_OK);
    zc_retired_put(&retired, row, &taken);
    cr_assert_eq(retired.hash,
                 zc_intervals_hash(&one, &first, 1) + zc_intervals_hash(&two, &second, 1));
}

Test(replica_retired, further_ones_are_refused_at_the_limit) {
    zc_origin_t id;
    zc_retired_row_t *row = NULL;
    for (unsigned i = 0; i < ZCACHE_RETIRED_MAX; i++) {
        id = origin(i);
        cr_assert_eq(zc_retired_add(&retired, &id, &row), ZCACHE_OK);
    }
    id = origin(ZCACHE_RETIRED_MAX);
    cr_assert_eq(zc_retired_add(&retired, &id, &row), ZCACHE_BUSY);
}

Test(replica_retired, no_memory_leaves_the_table_as_it_was) {
    for (unsigned i = 0; i < 40; i++) {
        zc_origin_t id = origin(i);
        zc_retired_row_t *row = NULL;
        zcache_status status = ZCACHE_NO_MEMORY;
        for (uint64_t n = 0; status != ZCACHE_OK; n++) {
            zc_failing_allocator_fail_after(&failing, n);
            status = zc_retired_add(&retired, &id, &row);
            cr_assert_eq(retired.count, i + (status == ZCACHE_OK));
            zc_failing_allocator_stop(&failing);
        }
        uint64_t hash = retired.hash;
        zc_failing_allocator_fail_after(&failing, 0);
        cr_assert_eq(cover(row, 0, 5), ZCACHE_NO_MEMORY);
        zc_failing_allocator_stop(&failing);
        cr_assert_eq(retired.hash, hash);
    }
}
