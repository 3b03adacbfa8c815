/* SPDX-License-Identifier: MPL-2.0 */
/* Errors on one line, bytes escaped, and output that is known to be written. */
#define _GNU_SOURCE
#include "cli/output.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void assert_escaped(const char *data, size_t size, size_t most, const char *expected) {
    char *text = zc_output_escaped(data, size, most);
    cr_assert_str_eq(text, expected);
    free(text);
}

Test(cli_output, bytes_do_nothing_on_a_terminal) {
    assert_escaped("a\tb\nc\r\\", 7, 0, "a\\tb\\nc\\r\\\\");
    assert_escaped("\x1b[31m\0\x7f", 7, 0, "\\x1b[31m\\x00\\x7f");
    assert_escaped("\xc2\x9b \xc3\xa4 \xff", 7, 0, "\\xc2\\x9b \xc3\xa4 \\xff");
    assert_escaped("abcdef", 6, 3, "abc...");
    assert_escaped("abc", 3, 3, "abc");
    assert_escaped(NULL, 0, 3, "");
}

Test(cli_output, an_error_is_one_line, .init = cr_redirect_stderr) {
    zc_output_begin("zcache test");
    cr_assert_eq(zc_fail(7, "%s: %d", "two\nlines", 5), 7);
    cr_assert_stderr_eq_str("zcache test: two\\nlines: 5\n");
}

Test(cli_output, statuses_have_exits) {
    cr_assert_eq(zc_exit_of(ZCACHE_OK), 0);
    cr_assert_eq(zc_exit_of(ZCACHE_MISS), 1);
    cr_assert_eq(zc_exit_of(ZCACHE_INVALID), 2);
    cr_assert_eq(zc_exit_of(ZCACHE_TOO_LARGE), 2);
    cr_assert_eq(zc_exit_of(ZCACHE_UNREACHABLE), 3);
    cr_assert_eq(zc_exit_of(ZCACHE_TIMEOUT), 3);
    cr_assert_eq(zc_exit_of(ZCACHE_INCOMPATIBLE), 3);
    cr_assert_eq(zc_exit_of(ZCACHE_UNRESOLVED), 3);
    cr_assert_eq(zc_exit_of(ZCACHE_NO_MEMORY), 1);
}

Test(cli_output, what_could_not_be_written_is_no_success, .init = cr_redirect_stderr) {
    cr_assert_not_null(freopen("/dev/full", "w", stdout));
    fputs("text", stdout);
    zc_output_begin("zcache test");
    cr_assert_eq(zc_output_finish(ZC_EXIT_DONE), ZC_EXIT_FAILED);
    cr_assert_stderr_eq_str("zcache test: cannot write the output: No space left on device\n");
}

Test(cli_output, the_reason_is_that_of_the_write_that_failed, .init = cr_redirect_stderr) {
    cr_assert_not_null(freopen("/dev/full", "w", stdout));
    setvbuf(stdout, NULL, _IONBF, 0);
    cr_assert_not(zc_output_broken());
    fputs("text", stdout);
    cr_assert(zc_output_broken());
    errno = EAGAIN; /* of whatever was called since */
    cr_assert(zc_output_broken());
    zc_output_begin("zcache test");
    cr_assert_eq(zc_output_finish(ZC_EXIT_DONE), ZC_EXIT_FAILED);
    cr_assert_stderr_eq_str("zcache test: cannot write the output: No space left on device\n");
}

Test(cli_output, a_closed_pipe_is_quiet, .init = cr_redirect_stderr) {
    signal(SIGPIPE, SIG_IGN);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    fflush(stdout);
    cr_assert_geq(dup2(ends[1], STDOUT_FILENO), 0);
    fputs("text", stdout);
    cr_assert_eq(zc_output_finish(ZC_EXIT_DONE), ZC_EXIT_DONE);
    fflush(stderr);
    cr_assert_stderr_eq_str("");
}
