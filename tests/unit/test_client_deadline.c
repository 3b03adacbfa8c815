/* SPDX-License-Identifier: MPL-2.0 */
/* Deadlines. */
#include "lib/client/deadline.h"

#include <criterion/criterion.h>

Test(client_deadline, what_remains_is_rounded_up_and_limited) {
    cr_assert_eq(zc_remaining_ms(zc_now_us(), 1000), 0);
    cr_assert_eq(zc_remaining_ms(0, 1000), 0);
    cr_assert_eq(zc_remaining_ms(zc_deadline_us(60000), 1000), 1000);
    int remaining_ms = zc_remaining_ms(zc_deadline_us(60000), 100000);
    cr_assert(remaining_ms > 50000 && remaining_ms <= 60000);
    cr_assert_gt(zc_remaining_ms(zc_now_us() + 900000, 100000), 0);
}
