/* SPDX-License-Identifier: MPL-2.0 */
/* The system's allocator, and the failing one that tests stand on. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/failing_allocator.h"

Test(base_allocator, system_allocates_resizes_and_frees) {
    const zc_allocator_t *allocator = zc_allocator_system();
    char *block = zc_allocate_zeroed(allocator, 100);
    cr_assert(block[0] == 0 && block[99] == 0);
    memset(block, 'k', 100);
    block = zc_resize(allocator, block, 100000);
    cr_assert(block[0] == 'k' && block[99] == 'k');
    zc_free(allocator, block);
    zc_free(allocator, NULL);
}

Test(base_allocator, failing_one_fails_once_where_it_is_told) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_failing_allocator_fail_after(&failing, 1);
    void *first = zc_allocate(&failing.allocator, 10);
    cr_assert_not_null(first);
    cr_assert_null(zc_allocate(&failing.allocator, 10));
    void *second = zc_allocate_zeroed(&failing.allocator, 10);
    cr_assert_not_null(second);
    cr_assert(zc_failing_allocator_stop(&failing));
    cr_assert_eq(failing.blocks, 2);
    cr_assert_eq(failing.requests, 3);
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_null(zc_resize(&failing.allocator, first, 20)); /* first is as it was */
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_null(zc_allocate_zeroed(&failing.allocator, 10));
    zc_free(&failing.allocator, first);
    zc_free(&failing.allocator, second);
    cr_assert_eq(failing.blocks, 0);
}
