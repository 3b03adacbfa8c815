/* SPDX-License-Identifier: MPL-2.0 */
/* Pages: numbers stay good while the table grows, and are used again. */
#include <criterion/criterion.h>

#include "lib/store/pages.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static zc_pages_t pages;

static void start(void) {
    zc_failing_allocator_init(&failing);
}

static void stop(void) {
    zc_pages_fini(&pages, &failing.allocator);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(store_pages, .init = start, .fini = stop);

static uint32_t add(void) {
    void *memory = zc_allocate(&failing.allocator, 8);
    uint32_t number = zc_pages_add(&pages, &failing.allocator, memory, UINT32_MAX);
    cr_assert_neq(number, ZC_PAGE_NONE);
    cr_assert_eq((void *)zc_page_at(&pages, number)->memory, memory);
    return number;
}

Test(store_pages, pages_never_move) {
    uint32_t first = add();
    cr_assert_eq(first, 1);
    const zc_page_t *place = zc_page_at(&pages, first);
    for (uint32_t i = 2; i < 1000; i++) {
        cr_assert_eq(add(), i);
        zc_page_at(&pages, i)->block_bytes = i;
    }
    cr_assert_eq(zc_page_at(&pages, first), place);
    for (uint32_t i = 2; i < 1000; i++) {
        cr_assert_eq(zc_page_at(&pages, i)->block_bytes, i);
    }
}

Test(store_pages, number_of_one_that_went_is_given_again_and_blank) {
    add();
    uint32_t second = add();
    add();
    zc_page_at(&pages, second)->live = 7;
    zc_pages_remove(&pages, &failing.allocator, second);
    cr_assert_null(zc_page_at(&pages, second)->memory);
    cr_assert_eq(add(), second);
    cr_assert_eq(zc_page_at(&pages, second)->live, 0);
    cr_assert_eq(add(), 4);
}

Test(store_pages, no_memory_and_no_number_leave_them_as_they_were) {
    static char memory[1];
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_pages_add(&pages, &failing.allocator, memory, 9), ZC_PAGE_NONE);
    for (uint32_t i = 1; i < 16; i++) {
        add();
    }
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_pages_add(&pages, &failing.allocator, memory, 99), ZC_PAGE_NONE);
    cr_assert_eq(zc_pages_add(&pages, &failing.allocator, memory, 16), ZC_PAGE_NONE);
    cr_assert_eq(add(), 16);
}
