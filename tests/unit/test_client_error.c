/* SPDX-License-Identifier: MPL-2.0 */
/* The error line of a handle. */
#include "lib/client/error.h"

#include <criterion/criterion.h>
#include <string.h>

Test(client_error, the_status_comes_back_and_long_texts_are_cut) {
    zc_error_t error;
    zc_error_clear(&error);
    cr_assert_str_eq(error.text, "");
    cr_assert_eq(zc_error_set(&error, ZCACHE_BUSY, "%s %d", "text", 5), ZCACHE_BUSY);
    cr_assert_str_eq(error.text, "text 5");
    zc_error_set(&error, ZCACHE_BUSY, "%*s", 5000, "x");
    cr_assert_eq(strlen(error.text), ZC_ERROR_BYTES - 1);
}
