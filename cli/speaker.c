/* SPDX-License-Identifier: MPL-2.0 */
/* A pipe between the one who says a line and a thread that writes it to standard error.
 *
 * Invariant: a line is in the pipe whole or not at all, because it has at most PIPE_BUF bytes. Only
 * the thread ever waits for standard error, so whoever does not read it holds up nobody else. */
#define _GNU_SOURCE
#include "cli/speaker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const long patience_ns = 500 * 1000 * 1000;

/* Not through a stream: whoever ends the program flushes those, and would wait as this does. False:
 * there is no standard error any more. */
static bool write_line(const char *line) {
    char text[PIPE_BUF + 64];
    int bytes = snprintf(text, sizeof(text), "zcache node: %s\n", line);
    return bytes > 0 && write(STDERR_FILENO, text, (size_t)bytes) >= 0;
}

static void tell_lost(zc_speaker_t *speaker) {
    unsigned long lost = atomic_exchange(&speaker->lost, 0);
    if (lost > 0) {
        char line[80];
        snprintf(line, sizeof(line), "%lu lines were dropped, because nobody read this", lost);
        (void)write_line(line);
    }
}

static void *write_lines(void *context) {
    zc_speaker_t *speaker = context;
    FILE *lines = fdopen(speaker->outlet, "r");
    char line[PIPE_BUF + 1];
    while (lines != NULL && fgets(line, sizeof(line), lines) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (write_line(line)) {
            tell_lost(speaker);
        }
    }
    if (lines != NULL) {
        fclose(lines);
    } else {
        close(speaker->outlet);
    }
    return NULL;
}

bool zc_speaker_start(zc_speaker_t *speaker) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    speaker->outlet = ends[0];
    speaker->inlet = ends[1];
    atomic_init(&speaker->lost, 0);
    int error = fcntl(speaker->inlet, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
    if (error == 0) {
        error = pthread_create(&speaker->thread, NULL, write_lines, speaker);
    }
    if (error != 0) {
        close(speaker->inlet);
        close(speaker->outlet);
        errno = error;
    }
    return error == 0;
}

void zc_speaker_say(void *context, const char *line) {
    zc_speaker_t *speaker = context;
    char text[PIPE_BUF];
    size_t bytes = strnlen(line, sizeof(text) - 1);
    memcpy(text, line, bytes);
    text[bytes] = '\n';
    if (write(speaker->inlet, text, bytes + 1) < 0) {
        atomic_fetch_add(&speaker->lost, 1);
    }
}

void zc_speaker_stop(zc_speaker_t *speaker) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += patience_ns;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    close(speaker->inlet);
    (void)pthread_timedjoin_np(speaker->thread, NULL, &until);
}
