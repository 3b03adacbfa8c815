/* SPDX-License-Identifier: MPL-2.0 */
/* Slices: equal by their bytes, and empty ones may point nowhere. */
#include <criterion/criterion.h>

#include "lib/base/slice.h"

Test(base_slice, equal_by_bytes) {
    cr_assert(zc_slice_equal(zc_slice_text("abc"), zc_slice("abcd", 3)));
    cr_assert_not(zc_slice_equal(zc_slice_text("abc"), zc_slice_text("abd")));
    cr_assert_not(zc_slice_equal(zc_slice_text("abc"), zc_slice_text("ab")));
    cr_assert(zc_slice_equal(zc_slice(NULL, 0), zc_slice_text("")));
}
