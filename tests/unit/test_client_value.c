/* SPDX-License-Identifier: MPL-2.0 */
/* Values of callers. */
#include "lib/client/value.h"

#include <criterion/criterion.h>

#include "tests/support/failing_allocator.h"

Test(client_value, an_empty_value_has_data_all_the_same) {
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_value_assign(&value, NULL, 0, ZCACHE_RAW), ZCACHE_OK);
    cr_assert_not_null(value.data);
    cr_assert_eq(value.size, 0);
    zcache_value_fini(&value);
    cr_assert_null(value.data);
    zcache_value_fini(&value);
    zcache_value_fini(NULL);
}

Test(client_value, the_buffer_is_used_again) {
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_value_assign(&value, "longer", 6, ZCACHE_RAW), ZCACHE_OK);
    const void *data = value.data;
    cr_assert_eq(zcache_value_assign(&value, "abc", 3, ZCACHE_MSGPACK), ZCACHE_OK);
    cr_assert_eq(value.data, data);
    cr_assert_eq(value.size, 3);
    cr_assert_eq(value.type, ZCACHE_MSGPACK);
    cr_assert_arr_eq(value.data, "abc", 3);
    zcache_value_fini(&value);
}

Test(client_value, no_memory_leaves_it_as_it_was) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zc_value_assign(&failing.allocator, &value, zc_slice("abc", 3), ZCACHE_RAW),
                 ZCACHE_OK);
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_value_assign(&failing.allocator, &value, zc_slice("longer", 6), ZCACHE_RAW),
                 ZCACHE_NO_MEMORY);
    cr_assert_arr_eq(value.data, "abc", 3);
    cr_assert_eq(value.size, 3);
    zc_free(&failing.allocator, value.data);
    cr_assert_eq(failing.blocks, 0);
}
