/* SPDX-License-Identifier: MPL-2.0 */
/* Classes of sizes: every size has the smallest class that holds it, at little waste. */
#include <criterion/criterion.h>

#include "lib/store/sizes.h"

Test(store_sizes, every_size_has_a_class_that_holds_it_and_none_below_does) {
    for (size_t bytes = 1; bytes <= ZC_SIZES_BYTES_MAX; bytes++) {
        unsigned size_class = zc_size_class(bytes);
        cr_assert(size_class >= 1 && size_class < ZC_SIZES);
        cr_assert_geq(zc_size_nominal(size_class), bytes);
        cr_assert_lt(zc_size_nominal(size_class - 1), bytes);
        cr_assert_geq(zc_size_bytes(size_class), zc_size_nominal(size_class));
    }
    cr_assert_eq(zc_size_class(ZC_SIZES_BYTES_MAX), ZC_SIZES - 1);
}

Test(store_sizes, rounding_wastes_little) {
    for (size_t bytes = 1; bytes <= ZC_SIZES_BYTES_MAX; bytes++) {
        size_t wasted = zc_size_bytes(zc_size_class(bytes)) - bytes;
        if (bytes < ZC_SIZES_FITTED) {
            cr_assert(wasted < 4 || wasted * 32 < bytes);
        } else {
            cr_assert_lt(wasted * 10, bytes);
        }
    }
}

Test(store_sizes, whole_page_of_a_large_class_has_little_left_over) {
    for (unsigned size_class = zc_size_class(ZC_SIZES_FITTED); size_class < ZC_SIZES;
         size_class++) {
        uint32_t bytes = zc_size_bytes(size_class);
        uint32_t page = (UINT32_C(1) << ZC_SIZES_PAGE_BITS) - ZC_PAGE_SPARED;
        cr_assert_lt(page % bytes, 1024);
        cr_assert_eq(bytes % 4, 0);
    }
}
