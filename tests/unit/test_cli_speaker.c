/* SPDX-License-Identifier: MPL-2.0 */
/* Lines for standard error, read and not read. */
#include "cli/speaker.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/wait.h"

static zc_speaker_t speaker;
static int reader;

/* Standard error becomes a pipe whose reading end is the test's. */
static void setup(void) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    reader = ends[0];
    cr_assert_geq(dup2(ends[1], STDERR_FILENO), 0);
    close(ends[1]);
    cr_assert(zc_speaker_start(&speaker));
}

TestSuite(speaker, .init = setup);

static char text[65536];
static size_t text_bytes;

static bool has_come(void *wanted) {
    ssize_t got = read(reader, text + text_bytes, sizeof(text) - 1 - text_bytes);
    if (got > 0) {
        text_bytes += (size_t)got;
        text[text_bytes] = '\0';
    }
    return strstr(text, wanted) != NULL;
}

Test(speaker, lines_are_written_before_it_has_stopped) {
    zc_speaker_say(&speaker, "one");
    zc_speaker_say(&speaker, "two");
    zc_speaker_stop(&speaker);
    char expected[] = ": two\n";
    cr_assert(has_come(expected), "%s", text);
    cr_assert_not_null(strstr(text, ": one\n"), "%s", text);
}

Test(speaker, nobody_waits_for_a_reader_that_does_not_read, .timeout = 10) {
    char line[1000];
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    for (int i = 0; i < 1000; i++) {
        zc_speaker_say(&speaker, line);
    }
    cr_assert_gt(atomic_load(&speaker.lost), 0);
    zc_speaker_stop(&speaker);
}

Test(speaker, dropped_lines_are_told_of_once_somebody_reads, .timeout = 10) {
    char line[1000];
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    for (int i = 0; i < 1000; i++) {
        zc_speaker_say(&speaker, line);
    }
    char expected[] = "lines were dropped";
    cr_assert_eq(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
    while (!zc_wait_for(has_come, expected, 100)) {
        text_bytes = 0;
    }
    zc_speaker_stop(&speaker);
}
