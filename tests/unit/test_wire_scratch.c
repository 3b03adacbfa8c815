/* SPDX-License-Identifier: MPL-2.0 */
/* The block for the arrays of a message. */
#include <criterion/criterion.h>

#include "lib/wire/scratch.h"
#include "tests/support/failing_allocator.h"

Test(scratch, asks_for_what_is_missing_and_then_has_it) {
    zc_wire_scratch_t scratch;
    zc_wire_scratch_init(&scratch, zc_allocator_system());
    zc_unpack_t unpack = zc_unpack_open(zc_slice("x", 1));
    cr_assert_null(zc_scratch_take(&scratch, &unpack, 100));
    cr_assert_eq(unpack.status, ZCACHE_NO_MEMORY);
    cr_assert_null(zc_scratch_take(&scratch, &unpack, 200), "and counts on");
    cr_assert(zc_scratch_grow(&scratch));
    zc_scratch_reset(&scratch);
    unpack = zc_unpack_open(zc_slice("x", 1));
    uint8_t *first = zc_scratch_take(&scratch, &unpack, 100);
    uint8_t *second = zc_scratch_take(&scratch, &unpack, 200);
    cr_assert_not(zc_unpack_failed(&unpack));
    cr_assert(first != NULL && second >= first + 100);
    cr_assert_eq((uintptr_t)second % 8, 0);
    memset(first, 1, 100);
    memset(second, 2, 200);
    zc_wire_scratch_fini(&scratch);
    zc_wire_scratch_fini(&scratch);
}

Test(scratch, a_message_that_is_malformed_takes_nothing) {
    zc_wire_scratch_t scratch;
    zc_wire_scratch_init(&scratch, zc_allocator_system());
    zc_unpack_t unpack = zc_unpack_open(zc_slice("x", 1));
    zc_unpack_fail(&unpack, ZCACHE_MALFORMED);
    cr_assert_null(zc_scratch_take(&scratch, &unpack, 100));
    cr_assert(scratch.used == 0 && unpack.status == ZCACHE_MALFORMED);
}

Test(scratch, without_memory_it_stays_as_it_was) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_wire_scratch_t scratch;
    zc_wire_scratch_init(&scratch, &failing.allocator);
    zc_unpack_t unpack = zc_unpack_open(zc_slice("x", 1));
    zc_scratch_take(&scratch, &unpack, 100);
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_not(zc_scratch_grow(&scratch));
    cr_assert(scratch.block == NULL && scratch.capacity == 0);
    cr_assert(zc_scratch_grow(&scratch));
    zc_wire_scratch_fini(&scratch);
    cr_assert_eq(failing.blocks, 0);
}

Test(scratch, none_and_one_that_was_never_begun_may_be_ended) {
    zc_wire_scratch_t scratch = {.block = NULL};
    zc_wire_scratch_fini(&scratch);
    zc_wire_scratch_fini(NULL);
    cr_assert_null(scratch.allocator);
}
