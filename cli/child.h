/* SPDX-License-Identifier: MPL-2.0 */
/* A command that is run with its standard output passed on and remembered. */
#ifndef ZC_CLI_CHILD_H
#define ZC_CLI_CHILD_H

#include "cli/input.h"

typedef struct zc_child {
    int status;        /* to exit with: its own, or 128 and the signal that killed it */
    bool ended;        /* by itself */
    bool cut;          /* its output is larger than a value may be */
    zc_input_t output; /* what it wrote, unless cut */
} zc_child_t;

/* Runs the words, ended by NULL, with the standard input and error of this process. What it writes
 * to standard output is passed on as it comes. Returns 0, or the error (errno) for which it cannot
 * be started. */
int zc_child_run(char *const *words, zc_child_t *child);

void zc_child_fini(zc_child_t *child);

#endif
