/* SPDX-License-Identifier: MPL-2.0 */
/* Our own faults end the program, in every build. */
#include <criterion/criterion.h>
#include <signal.h>

#include "lib/base/assert.h"

Test(base_assert, true_condition_goes_on) {
    ZC_ASSERT(1 + 1 == 2);
}

Test(base_assert, false_condition_aborts, .signal = SIGABRT) {
    ZC_ASSERT(1 + 1 == 3);
}
