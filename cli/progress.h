/* SPDX-License-Identifier: MPL-2.0 */
/* A progress bar on standard error, where that is a terminal; nowhere else anything is written. */
#ifndef ZC_CLI_PROGRESS_H
#define ZC_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct zc_progress {
    bool shown;
    bool drawn; /* a bar is on the line */
    uint64_t done_bytes;
    uint64_t all_bytes; /* 0: not known */
    uint64_t next_ns;   /* not drawn before */
} zc_progress_t;

/* For what is read from `stream`; a file tells how long it is. */
void zc_progress_begin(zc_progress_t *progress, FILE *stream);
void zc_progress_add(zc_progress_t *progress, uint64_t bytes);

/* Takes the bar away, so that a line can be written. */
void zc_progress_clear(zc_progress_t *progress);

#endif
