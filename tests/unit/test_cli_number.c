/* SPDX-License-Identifier: MPL-2.0 */
/* Numbers of command lines. */
#include "cli/number.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>

Test(cli_number, whole_numbers_are_digits_and_nothing_else) {
    static const char *const wrong[] = {
        "", "-1", "+1", " 1", "1 ", "0x10", "1e3", "1.0", "1k", "11", "18446744073709551616"};
    uint64_t number = 77;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_assert_not(zc_number_parse(wrong[i], 1, 10, &number), "%s", wrong[i]);
        cr_assert_eq(number, 77);
    }
    cr_assert_not(zc_number_parse("0", 1, 10, &number));
    cr_assert(zc_number_parse("10", 1, 10, &number));
    cr_assert_eq(number, 10);
    cr_assert(zc_number_parse("18446744073709551615", 0, UINT64_MAX, &number));
    cr_assert_eq(number, UINT64_MAX);
}

Test(cli_number, seconds_have_at_most_three_places) {
    static const char *const wrong[] = {"",
                                        "-1",
                                        ".5",
                                        "1.",
                                        "1.2345",
                                        "nan",
                                        "1e99",
                                        "5x",
                                        "1,5",
                                        "0",
                                        "3601",
                                        "inf",
                                        "99999999999999999999",
                                        "18446744073709551"};
    uint64_t ms = 77;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_assert_not(zc_seconds_parse(wrong[i], 1, 3600000, &ms), "%s", wrong[i]);
        cr_assert_eq(ms, 77);
    }
    cr_assert(zc_seconds_parse("3600", 1, 3600000, &ms));
    cr_assert_eq(ms, 3600000);
    cr_assert(zc_seconds_parse("0.25", 1, 3600000, &ms));
    cr_assert_eq(ms, 250);
    cr_assert(zc_seconds_parse("0.001", 1, 3600000, &ms));
    cr_assert_eq(ms, 1);
    cr_assert(zc_seconds_parse("1.5", 1, 3600000, &ms));
    cr_assert_eq(ms, 1500);
}

Test(cli_number, milliseconds_are_written_as_seconds) {
    char text[ZC_SECONDS_TEXT_BYTES];
    cr_assert_str_eq(zc_seconds_text(60000, text), "60");
    cr_assert_str_eq(zc_seconds_text(250, text), "0.25");
    cr_assert_str_eq(zc_seconds_text(0, text), "0");
    cr_assert_str_eq(zc_seconds_text(100001, text), "100.001");
}

Test(cli_number, a_refusal_names_the_option_the_value_and_the_range, .init = cr_redirect_stderr) {
    uint64_t number = 0;
    cr_assert_eq(zc_option_number("--count", "-5", 1, 9, "things", &number), EINVAL);
    cr_assert_eq(zc_option_seconds("--ttl", "x", 1, 9000, NULL, &number), EINVAL);
    cr_assert_eq(zc_option_seconds("--idle", "x", 0, 9000, "never", &number), EINVAL);
    cr_assert_eq(zc_option_number("--count", "5", 1, 9, "things", &number), 0);
    cr_assert_eq(number, 5);
    cr_assert_stderr_eq_str(
        "zcache: --count -5: must be a number of things from 1 to 9\n"
        "zcache: --ttl x: must be a number of seconds from 0.001 to 9\n"
        "zcache: --idle x: must be a number of seconds from 0 to 9; 0: never\n");
}
