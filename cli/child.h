/* SPDX-License-Identifier: MPL-2.0 */
/* A command that is run with its standard output passed on and remembered. */
#ifndef ZC_CLI_CHILD_H
#define ZC_CLI_CHILD_H

#include "cli/input.h"

/* Whether the output of a command is remembered, or why not. */
typedef enum zc_child_kept {
    ZC_CHILD_KEPT,
    ZC_CHILD_TOO_LARGE, /* it is larger than a value may be */
    ZC_CHILD_NO_MEMORY,
    ZC_CHILD_REFUSED, /* it could not be passed on: zc_output_finish tells why */
} zc_child_kept_t;

typedef struct zc_child {
    int status; /* to exit with: its own, or 128 and the signal that killed it */
    bool ended; /* by itself */
    zc_child_kept_t kept;
    zc_input_t output; /* what it wrote, if kept */
} zc_child_t;

/* Runs the words, ended by NULL, into a zeroed *child, with the standard input and error of this
 * process. What it writes to standard output is passed on as it comes. Returns 0, or the error
 * (errno) for which it cannot be started. */
int zc_child_run(char *const *words, zc_child_t *child);

void zc_child_fini(zc_child_t *child);

#endif
