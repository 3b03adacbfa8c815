/* SPDX-License-Identifier: MPL-2.0 */
/* R1: stamps are ordered by HLC, then by origin, bytewise. */
#include <criterion/criterion.h>

#include "lib/base/stamp.h"

static zc_stamp_t stamp(zc_hlc_t hlc, uint8_t first, uint8_t last) {
    zc_stamp_t made = {.hlc = hlc};
    made.origin.bytes[0] = first;
    made.origin.bytes[ZC_ORIGIN_BYTES - 1] = last;
    return made;
}

static int compare(zc_stamp_t a, zc_stamp_t b) {
    int order = zc_stamp_compare(&a, &b);
    return (order > 0) - (order < 0);
}

Test(base_stamp, hlc_decides_first) {
    cr_assert_eq(compare(stamp(1, 9, 9), stamp(2, 0, 0)), -1);
    cr_assert_eq(compare(stamp(UINT64_MAX, 0, 0), stamp(1, 0, 0)), 1);
}

Test(base_stamp, tie_goes_to_higher_origin_bytewise) {
    cr_assert_eq(compare(stamp(1, 1, 9), stamp(1, 2, 0)), -1);
    cr_assert_eq(compare(stamp(1, 0x80, 0), stamp(1, 0x7f, 9)), 1);
    cr_assert_eq(compare(stamp(1, 1, 1), stamp(1, 1, 2)), -1);
    cr_assert_eq(compare(stamp(1, 1, 1), stamp(1, 1, 1)), 0);
}

Test(base_stamp, hlc_has_48_bits_of_milliseconds_and_16_of_counter) {
    cr_assert_eq(zc_hlc_from_ms(1), 65536);
    cr_assert_eq(zc_hlc_ms(zc_hlc_from_ms(123456789) + 65535), 123456789);
}

Test(base_stamp, origin_of_zeros_is_none) {
    zc_origin_t origin = {{0}};
    cr_assert(zc_origin_is_none(&origin));
    origin.bytes[15] = 1;
    cr_assert_not(zc_origin_is_none(&origin));
}
