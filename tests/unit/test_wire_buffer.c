/* SPDX-License-Identifier: MPL-2.0 */
/* The growing buffer. */
#include <criterion/criterion.h>

#include "lib/wire/buffer.h"
#include "tests/support/failing_allocator.h"

Test(buffer, growing_byte_by_byte_takes_few_allocations) {
    zc_failing_allocator_t counting;
    zc_failing_allocator_init(&counting);
    zc_buffer_t buffer;
    zc_buffer_init(&buffer, &counting.allocator);
    for (size_t i = 0; i < 100000; i++) {
        uint8_t *at = zc_buffer_reserve(&buffer, 1);
        cr_assert_not_null(at);
        *at = (uint8_t)i;
        buffer.bytes++;
    }
    cr_assert_leq(counting.requests, 12);
    for (size_t i = 0; i < 100000; i++) {
        cr_assert_eq(buffer.data[i], (uint8_t)i);
    }
    cr_assert_eq(zc_buffer_slice(&buffer).bytes, 100000);
    zc_buffer_fini(&buffer);
    zc_buffer_fini(&buffer);
    cr_assert_eq(counting.blocks, 0);
}

Test(buffer, room_that_is_there_is_used_again) {
    zc_failing_allocator_t counting;
    zc_failing_allocator_init(&counting);
    zc_buffer_t buffer;
    zc_buffer_init(&buffer, &counting.allocator);
    uint8_t *first = zc_buffer_reserve(&buffer, 1000);
    cr_assert_eq(zc_buffer_reserve(&buffer, 1000), first);
    cr_assert_eq(zc_buffer_reserve(&buffer, 0), first);
    cr_assert_eq(counting.requests, 1);
    zc_buffer_fini(&buffer);
}

Test(buffer, without_memory_it_stays_as_it_was) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_buffer_t buffer;
    zc_buffer_init(&buffer, &failing.allocator);
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_null(zc_buffer_reserve(&buffer, 0));
    cr_assert_null(buffer.data);
    *zc_buffer_reserve(&buffer, 1) = 7;
    buffer.bytes = 1;
    size_t capacity = buffer.capacity;
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_null(zc_buffer_reserve(&buffer, capacity));
    cr_assert(buffer.bytes == 1 && buffer.capacity == capacity && buffer.data[0] == 7);
    cr_assert_null(zc_buffer_reserve(&buffer, SIZE_MAX));
    cr_assert_null(zc_buffer_reserve(&buffer, SIZE_MAX / 2));
    zc_buffer_t huge = buffer;
    huge.bytes = huge.capacity = SIZE_MAX / 2;
    uint64_t requests = failing.requests;
    cr_assert_null(zc_buffer_reserve(&huge, 1));
    cr_assert_eq(failing.requests, requests, "sizes do not run over");
    zc_buffer_fini(&buffer);
    cr_assert_eq(failing.blocks, 0);
}

Test(buffer, none_and_one_that_was_never_begun_may_be_ended) {
    zc_buffer_t buffer = {.data = NULL};
    zc_buffer_fini(&buffer);
    zc_buffer_fini(NULL);
    cr_assert_null(buffer.allocator);
}
