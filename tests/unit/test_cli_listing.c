/* SPDX-License-Identifier: MPL-2.0 */
/* Listings in a pipe. */
#include "cli/listing.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

static const zc_column_t columns[] = {{.name = "ONE"}, {.name = "TWO", .right = true}};

Test(cli_listing, in_a_pipe_rows_are_fields_between_tabs, .init = cr_redirect_stdout) {
    zc_listing_t listing;
    cr_assert(zc_listing_begin(&listing, columns, 2, false));
    cr_assert_not(zc_listing_is_for_people(&listing));
    cr_assert(zc_listing_add_row(&listing, (const char *[]){"a", "1"}, NULL));
    cr_assert(zc_listing_add_row(&listing, (const char *[]){"", "2"}, NULL));
    cr_assert(zc_listing_end(&listing));
    fflush(stdout);
    cr_assert_stdout_eq_str("a\t1\n\t2\n");
}

Test(cli_listing, as_json_it_is_one_array_and_memory_that_runs_out_is_told,
     .init = cr_redirect_stdout) {
    zc_listing_t listing;
    cr_assert(zc_listing_begin(&listing, columns, 2, true));
    cr_assert(zc_listing_add_json(&listing, json_integer(1)));
    cr_assert(zc_listing_end(&listing));
    cr_assert(zc_listing_begin(&listing, columns, 2, true));
    cr_assert_not(zc_listing_add_json(&listing, NULL));
    cr_assert_not(zc_listing_end(&listing));
    cr_assert(zc_listing_begin(&listing, columns, 2, false));
    cr_assert_not(zc_listing_add_row(&listing, (const char *[]){"a", NULL}, NULL));
    cr_assert_not(zc_listing_end(&listing));
    fflush(stdout);
    cr_assert_stdout_eq_str("[1]\n[null]\n");
}
