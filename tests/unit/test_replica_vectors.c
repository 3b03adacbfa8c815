/* SPDX-License-Identifier: MPL-2.0 */
/* Vectors as values: sorted, copied, subtracted. */
#include <criterion/criterion.h>

#include "lib/base/random.h"
#include "lib/replica/vectors.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static zc_arena_t arena;

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_arena_init(&arena, &failing.allocator);
}

static void stop(void) {
    zc_arena_fini(&arena);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(replica_vectors, .init = start, .fini = stop);

static zc_origin_t origin(unsigned number) {
    return (zc_origin_t){.bytes = {(uint8_t)(number >> 8), (uint8_t)number, 1}};
}

static const zc_interval_t two[] = {{0, 10}, {20, 30}};
static const zc_interval_t one[] = {{0, 25}};

static zc_origin_intervals_t row(unsigned number, const zc_interval_t *intervals, size_t count) {
    return (zc_origin_intervals_t){
        .origin = origin(number), .intervals = intervals, .count = count};
}

Test(replica_vectors, copy_outlives_its_original) {
    zc_interval_t intervals[] = {{0, 10}, {20, 30}};
    zc_origin_intervals_t rows[] = {row(1, intervals, 2), row(2, NULL, 0), row(3, one, 1)};
    zc_vector_t vector = {.origins = rows, .count = 3};
    zc_vector_copy_t copy;
    cr_assert_eq(zc_vector_copy(&failing.allocator, &vector, &copy), ZCACHE_OK);
    memset(intervals, 0xff, sizeof intervals);
    memset(rows, 0xff, sizeof rows);
    cr_assert_eq(copy.vector.count, 3);
    cr_assert_eq(copy.vector.origins[0].intervals[1].upto, 30);
    cr_assert_eq(copy.vector.origins[1].count, 0);
    cr_assert_eq(copy.vector.origins[2].intervals[0].upto, 25);
    zc_vector_copy_fini(&failing.allocator, &copy);
    zc_vector_copy_fini(&failing.allocator, &copy);
}

Test(replica_vectors, copy_of_an_empty_vector_takes_no_memory) {
    zc_vector_t vector = {.count = 0};
    zc_vector_copy_t copy;
    cr_assert_eq(zc_vector_copy(&failing.allocator, &vector, &copy), ZCACHE_OK);
    cr_assert_eq(failing.requests, 0);
    zc_vector_copy_fini(&failing.allocator, &copy);
}

Test(replica_vectors, copy_without_memory_says_so) {
    zc_origin_intervals_t rows[] = {row(1, two, 2)};
    zc_vector_t vector = {.origins = rows, .count = 1};
    zc_vector_copy_t copy = {.block = NULL};
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_vector_copy(&failing.allocator, &vector, &copy), ZCACHE_NO_MEMORY);
    cr_assert_null(copy.block);
}

Test(replica_vectors, rows_sort_by_origin) {
    zc_random_t random = {.state = 3};
    for (size_t count = 0; count < 70; count++) {
        zc_origin_intervals_t rows[70];
        for (size_t i = 0; i < count; i++) {
            unsigned number = (unsigned)zc_random_below(&random, 50);
            rows[i] = row(number, NULL, number);
        }
        zc_rows_sort(rows, count, sizeof rows[0]);
        for (size_t i = 0; i < count; i++) {
            zc_origin_t expected = origin((unsigned)rows[i].count);
            cr_assert(zc_origin_equal(&rows[i].origin, &expected), "rows move whole");
            cr_assert(i == 0 || zc_origin_compare(&rows[i - 1].origin, &rows[i].origin) <= 0);
        }
    }
}

Test(replica_vectors, row_is_found_by_its_origin) {
    zc_origin_intervals_t rows[101];
    for (unsigned i = 0; i < 101; i++) {
        rows[i] = row(2 * i, NULL, i);
    }
    zc_vector_t vector = {.origins = rows, .count = 101};
    for (unsigned i = 0; i < 101; i++) {
        zc_origin_t here = origin(2 * i);
        zc_origin_t between = origin(2 * i + 1);
        cr_assert_eq(zc_vector_find(&vector, &here), &rows[i]);
        cr_assert_null(zc_vector_find(&vector, &between));
    }
    vector.count = 0;
    zc_origin_t any = origin(0);
    cr_assert_null(zc_vector_find(&vector, &any));
}

Test(replica_vectors, highest_is_of_all_rows) {
    zc_origin_intervals_t rows[] = {row(1, one, 1), row(2, two, 2), row(3, NULL, 0)};
    zc_vector_t vector = {.origins = rows, .count = 3};
    cr_assert_eq(zc_vector_highest(&vector), 30);
    vector.count = 0;
    cr_assert_eq(zc_vector_highest(&vector), 0);
}

Test(replica_vectors, what_one_lacks_of_the_other_leaves_out_what_lacks_nothing) {
    zc_origin_intervals_t all[] = {row(1, two, 2), row(2, one, 1), row(3, two, 2)};
    zc_origin_intervals_t held[] = {row(1, one, 1), row(2, one, 1), row(4, one, 1)};
    zc_vector_t vector = {.origins = all, .count = 3};
    zc_vector_t have = {.origins = held, .count = 3};
    zc_vector_t lack;
    cr_assert_eq(zc_vector_subtract(&vector, &have, &arena, &lack), ZCACHE_OK);
    cr_assert_eq(lack.count, 2);
    cr_assert_eq(lack.origins[0].count, 1);
    cr_assert_eq(lack.origins[0].intervals[0].after, 25);
    cr_assert_eq(lack.origins[0].intervals[0].upto, 30);
    zc_origin_t third = origin(3);
    cr_assert(zc_origin_equal(&lack.origins[1].origin, &third));
    cr_assert_eq(lack.origins[1].count, 2);
    for (uint64_t n = 0; n < 2; n++) {
        zc_arena_fini(&arena);
        zc_failing_allocator_fail_after(&failing, n);
        zcache_status status = zc_vector_subtract(&vector, &have, &arena, &lack);
        bool failed = zc_failing_allocator_stop(&failing);
        cr_assert_eq(status, failed ? ZCACHE_NO_MEMORY : ZCACHE_OK);
    }
}

Test(replica_vectors, hash_of_intervals_is_their_sum_and_tells_origins_apart) {
    static const zc_interval_t intervals[] = {{0, 5}, {7, 9}};
    zc_origin_t a = origin(1);
    zc_origin_t b = origin(2);
    uint64_t first = zc_intervals_hash(&a, intervals, 1);
    uint64_t second = zc_intervals_hash(&a, intervals + 1, 1);
    cr_assert_eq(zc_intervals_hash(&a, intervals, 2), first + second);
    cr_assert_eq(zc_intervals_hash(&a, intervals, 0), 0);
    cr_assert_neq(first, second);
    cr_assert_neq(first, zc_intervals_hash(&b, intervals, 1));
}

Test(replica_vectors, hash_of_an_interval_is_that_of_its_bytes) {
    static const zc_interval_t interval = {0x0102030405060708, 0x1112131415161718};
    zc_origin_t id = {.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    uint8_t bytes[32];
    memcpy(bytes, id.bytes, 16);
    for (unsigned i = 0; i < 8; i++) {
        bytes[16 + i] = (uint8_t)(interval.after >> (8 * i));
        bytes[24 + i] = (uint8_t)(interval.upto >> (8 * i));
    }
    cr_assert_eq(zc_intervals_hash(&id, &interval, 1), zc_hash(zc_slice(bytes, 32), 1));
}

/* Its rows have room in the arena, its intervals do not. */
Test(replica_vectors, difference_without_memory_is_not_begun) {
    enum { BLOCK_BYTES = 16 * 1024, ROWS_BYTES = 2 * sizeof(zc_origin_intervals_t) };
    zc_origin_intervals_t row = {.origin = origin(1), .intervals = two, .count = 2};
    zc_vector_t vector = {.origins = &row, .count = 1};
    zc_vector_t none = {.count = 0};
    zc_vector_t lack = {.count = 99};
    zc_arena_take(&arena, BLOCK_BYTES - ROWS_BYTES);
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_vector_subtract(&vector, &none, &arena, &lack), ZCACHE_NO_MEMORY);
    cr_assert_eq(lack.count, 99);
    cr_assert_eq(zc_vector_subtract(&vector, &none, &arena, &lack), ZCACHE_OK);
    cr_assert_eq(lack.count, 1);
}

Test(replica_vectors, above_a_stamp_is_what_is_left_of_the_rows_among_others) {
    const zc_origin_intervals_t rows[] = {
        {.origin = origin(1), .intervals = two, .count = 2},
        {.origin = origin(2), .intervals = one, .count = 1},
        {.origin = origin(3), .intervals = two, .count = 2},
    };
    zc_vector_t vector = {.origins = rows, .count = 3};
    zc_vector_t among = {.origins = rows + 1, .count = 2};
    zc_vector_t above;
    cr_assert_eq(zc_vector_above(&vector, 22, &among, &arena, &above), ZCACHE_OK);
    cr_assert_eq(above.count, 2);
    cr_assert_eq(above.origins[0].count, 1);
    cr_assert_eq(above.origins[0].intervals[0].after, 22);
    cr_assert_eq(above.origins[1].count, 1);
    cr_assert_eq(above.origins[1].intervals[0].upto, 30);
    cr_assert_eq(zc_vector_above(&vector, 25, &among, &arena, &above), ZCACHE_OK);
    cr_assert_eq(above.count, 1, "a row of which nothing is left is left out");
    cr_assert_eq(zc_vector_above(&vector, 0, &among, &arena, &above), ZCACHE_OK);
    cr_assert_eq(above.count, 2);
    cr_assert_eq(above.origins[1].count, 2);
}
