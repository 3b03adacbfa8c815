/* SPDX-License-Identifier: MPL-2.0 */
/* The progress bar, where nobody sees it. */
#define _GNU_SOURCE
#include "cli/progress.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

Test(cli_progress, in_a_pipe_nothing_is_written, .init = cr_redirect_stderr) {
    FILE *file = tmpfile();
    fputs("ten bytes.", file);
    fflush(file);
    zc_progress_t progress;
    zc_progress_begin(&progress, file);
    cr_assert_eq(progress.all_bytes, 10);
    zc_progress_add(&progress, 5);
    zc_progress_add(&progress, 5);
    zc_progress_clear(&progress);
    cr_assert_eq(progress.done_bytes, 10);
    fflush(stderr);
    cr_assert_stderr_eq_str("");
    fclose(file);
}
