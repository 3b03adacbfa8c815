/* SPDX-License-Identifier: MPL-2.0 */
/* Directories: segments stay where they are, and no memory changes nothing. */
#include <criterion/criterion.h>

#include "lib/store/directory.h"
#include "tests/support/failing_allocator.h"

static const zc_lock_t lock;

Test(store_directory, segments_are_zeroed_and_never_move) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_directory_t directory = {.segments = NULL};
    char *segments[50];
    for (uint32_t i = 0; i < 50; i++) {
        cr_assert(zc_directory_grow(&directory, &failing.allocator, &lock, 64));
        segments[i] = directory.segments[i];
        cr_assert(segments[i][0] == 0 && segments[i][63] == 0);
        segments[i][63] = 'x';
    }
    for (uint32_t i = 0; i < 50; i++) {
        cr_assert_eq(directory.segments[i], segments[i]);
    }
    zc_directory_fini(&directory, &failing.allocator);
    zc_directory_fini(&directory, &failing.allocator);
    cr_assert_eq(failing.blocks, 0);
}

Test(store_directory, no_memory_leaves_it_as_it_was) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_directory_t directory = {.segments = NULL};
    for (uint32_t i = 0; i < 20; i++) {
        for (uint64_t n = 0;; n++) {
            zc_failing_allocator_fail_after(&failing, n);
            bool grown = zc_directory_grow(&directory, &failing.allocator, &lock, 64);
            cr_assert_neq(grown, zc_failing_allocator_stop(&failing));
            cr_assert_eq(directory.count, i + grown);
            if (grown) {
                break;
            }
        }
    }
    zc_directory_fini(&directory, &failing.allocator);
    cr_assert_eq(failing.blocks, 0);
}

/* How often it was taken, and whether it is held. */
typedef struct count {
    unsigned taken;
    bool held;
} count_t;

static void take(void *context) {
    count_t *count = context;
    cr_assert_not(count->held);
    count->taken++;
    count->held = true;
}

static void give(void *context) {
    count_t *count = context;
    cr_assert(count->held);
    count->held = false;
}

Test(store_directory, lock_is_held_while_the_list_is_exchanged_and_no_longer) {
    count_t count = {.taken = 0};
    zc_lock_t counted = {.acquire = take, .release = give, .context = &count};
    zc_directory_t directory = {.segments = NULL};
    for (uint32_t i = 0; i < 50; i++) {
        cr_assert(zc_directory_grow(&directory, zc_allocator_system(), &counted, 64));
        cr_assert_not(count.held);
    }
    cr_assert_gt(count.taken, 0);
    zc_directory_fini(&directory, zc_allocator_system());
}
