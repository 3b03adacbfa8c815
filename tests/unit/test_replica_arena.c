/* SPDX-License-Identifier: MPL-2.0 */
/* The arena: memory of one step. */
#include <criterion/criterion.h>
#include <stdalign.h>

#include "lib/replica/arena.h"
#include "tests/support/failing_allocator.h"

enum { LARGE_BYTES = 100 * 1000 };

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

TestSuite(replica_arena, .init = start, .fini = stop);

Test(replica_arena, what_was_taken_does_not_move_and_does_not_overlap) {
    unsigned char *taken[500];
    for (size_t i = 0; i < 500; i++) {
        taken[i] = zc_arena_take(&arena, 1 + i);
        cr_assert_not_null(taken[i]);
        cr_assert_eq((uintptr_t)taken[i] % alignof(max_align_t), 0);
        memset(taken[i], (int)(i % 251), 1 + i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t j = 0; j < 1 + i; j++) {
            cr_assert_eq(taken[i][j], i % 251);
        }
    }
}

Test(replica_arena, large_request_has_a_block_of_its_own_that_reset_gives_back) {
    cr_assert_not_null(zc_arena_take(&arena, 10));
    void *large = zc_arena_take(&arena, LARGE_BYTES);
    cr_assert_not_null(large);
    memset(large, 1, LARGE_BYTES);
    cr_assert_eq(failing.blocks, 2);
    zc_arena_reset(&arena);
    cr_assert_eq(failing.blocks, 1);
}

Test(replica_arena, steps_of_ordinary_size_take_memory_once) {
    for (int i = 0; i < 100; i++) {
        zc_arena_reset(&arena);
        cr_assert_not_null(zc_arena_take(&arena, 1000));
        cr_assert_not_null(zc_arena_take(&arena, 3000));
    }
    cr_assert_eq(failing.requests, 1);
}

Test(replica_arena, many_steps_of_many_blocks_keep_one) {
    for (int i = 0; i < 10; i++) {
        for (int j = 0; j < 10; j++) {
            cr_assert_not_null(zc_arena_take(&arena, 9000));
        }
        zc_arena_reset(&arena);
        cr_assert_eq(failing.blocks, 1);
    }
}

Test(replica_arena, copy_has_the_same_bytes) {
    zc_slice_t copy;
    cr_assert(zc_arena_copy(&arena, zc_slice("bytes", 5), &copy));
    cr_assert(zc_slice_equal(copy, zc_slice_text("bytes")));
    cr_assert(zc_arena_copy(&arena, zc_slice(NULL, 0), &copy));
    cr_assert_eq(copy.bytes, 0);
    cr_assert_not_null(copy.data);
}

Test(replica_arena, without_memory_it_says_so_and_goes_on_later) {
    zc_slice_t copy = zc_slice_text("before");
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_null(zc_arena_take(&arena, 10));
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_not(zc_arena_copy(&arena, zc_slice_text("a"), &copy));
    cr_assert(zc_slice_equal(copy, zc_slice_text("before")));
    cr_assert_not_null(zc_arena_take(&arena, 10));
}
