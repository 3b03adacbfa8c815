/* SPDX-License-Identifier: MPL-2.0 */
/* Random numbers: equal seeds give equal numbers, and they are splitmix64's. */
#include <criterion/criterion.h>

#include "lib/base/random.h"

Test(base_random, is_splitmix64) {
    zc_random_t random = {1234567};
    cr_assert_eq(zc_random_next(&random), UINT64_C(6457827717110365317));
    cr_assert_eq(zc_random_next(&random), UINT64_C(3203168211198807973));
    cr_assert_eq(zc_random_next(&random), UINT64_C(9817491932198370423));
}

Test(base_random, stays_below_its_bound) {
    zc_random_t random = {1};
    bool seen[5] = {false};
    for (int i = 0; i < 1000; i++) {
        uint64_t number = zc_random_below(&random, 5);
        cr_assert_lt(number, 5);
        seen[number] = true;
    }
    cr_assert(seen[0] && seen[1] && seen[2] && seen[3] && seen[4]);
    cr_assert_eq(zc_random_below(&random, 0), 0);
    cr_assert_eq(zc_random_below(&random, 1), 0);
}
