/* SPDX-License-Identifier: MPL-2.0 */
/* Commands that are run. */
#include "cli/child.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <string.h>

#include <zcache/limits.h>

static int run(const char *script, zc_child_t *child) {
    char shell[] = "sh";
    char option[] = "-c";
    char text[200];
    strncpy(text, script, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    char *words[] = {shell, option, text, NULL};
    *child = (zc_child_t){.status = 0};
    return zc_child_run(words, child);
}

Test(cli_child, output_and_status_are_remembered_and_passed_on, .init = cr_redirect_stdout) {
    zc_child_t child;
    cr_assert_eq(run("printf 'a\\0b'; exit 7", &child), 0);
    cr_assert(child.ended);
    cr_assert_eq(child.status, 7);
    cr_assert_eq(child.kept, ZC_CHILD_KEPT);
    cr_assert_eq(child.output.size, 3);
    cr_assert_eq(memcmp(child.output.data, "a\0b", 3), 0);
    zc_child_fini(&child);
    cr_assert_eq(run("exit 0", &child), 0);
    cr_assert_eq(child.output.size, 0);
    zc_child_fini(&child);
    fflush(stdout);
    FILE *passed_on = cr_get_redirected_stdout();
    char bytes[10];
    cr_assert_eq(fread(bytes, 1, 3, passed_on), 3);
    cr_assert_eq(memcmp(bytes, "a\0b", 3), 0);
}

Test(cli_child, what_standard_output_refuses_is_not_told_as_too_large) {
    cr_assert_not_null(freopen("/dev/full", "w", stdout));
    zc_child_t child;
    cr_assert_eq(run("echo text; exit 3", &child), 0);
    cr_assert(child.ended);
    cr_assert_eq(child.status, 3);
    cr_assert_eq(child.kept, ZC_CHILD_REFUSED);
    zc_child_fini(&child);
}

Test(cli_child, what_is_larger_than_a_value_is_passed_on_and_not_remembered) {
    cr_assert_not_null(freopen("/dev/null", "w", stdout));
    zc_child_t child;
    cr_assert_eq(run("head -c 16777217 /dev/zero", &child), 0);
    cr_assert(child.ended);
    cr_assert_eq(child.status, 0);
    cr_assert_eq(child.kept, ZC_CHILD_TOO_LARGE);
    zc_child_fini(&child);
    cr_assert_eq(run("head -c 16777216 /dev/zero", &child), 0);
    cr_assert_eq(child.kept, ZC_CHILD_KEPT);
    cr_assert_eq(child.output.size, ZCACHE_VALUE_MAX_CEILING);
    zc_child_fini(&child);
}

Test(cli_child, one_that_was_killed_has_not_ended) {
    zc_child_t child;
    cr_assert_eq(run("kill -9 $$", &child), 0);
    cr_assert_not(child.ended);
    cr_assert_eq(child.status, 128 + 9);
    zc_child_fini(&child);
}

Test(cli_child, one_that_cannot_be_started_is_an_error) {
    char word[] = "/no/such/command";
    char *words[] = {word, NULL};
    zc_child_t child = {.status = 0};
    cr_assert_eq(zc_child_run(words, &child), ENOENT);
    zc_child_fini(&child);
}
