/* SPDX-License-Identifier: MPL-2.0 */
/* Directories: items stay where they are, and no memory changes nothing. */
#include <criterion/criterion.h>

#include "lib/store/directory.h"
#include "tests/support/failing_allocator.h"

enum { SEGMENTS = 10, ITEMS = 4 * ((1 << SEGMENTS) - 1) };

static const zc_shape_t shape = {2, 24};

Test(store_directory, items_never_move_and_never_meet) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_directory_t directory = {.segment_count = 0};
    static char *places[ITEMS];
    uint32_t made = 0;
    for (unsigned i = 0; i < SEGMENTS; i++) {
        cr_assert(zc_directory_grow(&directory, &failing.allocator, shape));
        for (; made < zc_directory_room(&directory, shape); made++) {
            places[made] = zc_directory_at(&directory, shape, made);
            memset(places[made], 0, shape.item_bytes);
            memcpy(places[made], &made, sizeof made);
        }
    }
    cr_assert_eq(made, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        cr_assert_eq(zc_directory_at(&directory, shape, i), places[i]);
        cr_assert_eq(memcmp(places[i], &i, sizeof i), 0);
    }
    zc_directory_fini(&directory, &failing.allocator);
    zc_directory_fini(&directory, &failing.allocator);
    cr_assert_eq(failing.blocks, 0);
}

Test(store_directory, no_memory_leaves_it_as_it_was) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_directory_t directory = {.segment_count = 0};
    for (unsigned i = 0; i < SEGMENTS; i++) {
        uint64_t room = zc_directory_room(&directory, shape);
        zc_failing_allocator_fail_after(&failing, 0);
        cr_assert_not(zc_directory_grow(&directory, &failing.allocator, shape));
        cr_assert(zc_failing_allocator_stop(&failing));
        cr_assert_eq(zc_directory_room(&directory, shape), room);
        cr_assert(zc_directory_grow(&directory, &failing.allocator, shape));
        cr_assert_eq(zc_directory_room(&directory, shape), 2 * room + 4);
    }
    zc_directory_fini(&directory, &failing.allocator);
    cr_assert_eq(failing.blocks, 0);
}
