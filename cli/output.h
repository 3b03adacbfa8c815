/* SPDX-License-Identifier: MPL-2.0 */
/* What people and scripts get to see: exit statuses, one line for each error, and output that is
 * known to be written before the program ends with success. */
#ifndef ZC_CLI_OUTPUT_H
#define ZC_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <zcache/status.h>

typedef enum zc_exit {
    ZC_EXIT_DONE = 0,
    ZC_EXIT_MISS = 1,        /* no such key, not equal, not ready, not all of it */
    ZC_EXIT_USAGE = 2,       /* the command line or the input is wrong */
    ZC_EXIT_UNREACHABLE = 3, /* the node does not answer, or cannot be started */
    ZC_EXIT_FAILED = 1,      /* refused: disk full, no memory, the node is busy */
} zc_exit_t;

/* The exit status for what a call of the library returned. */
int zc_exit_of(zcache_status status);

/* What errors are prefixed with: "zcache" until a command is known, then "zcache COMMAND". The text
 * is borrowed for the life of the process. */
void zc_output_begin(const char *program);
const char *zc_output_program(void);

/* One line on standard error, behind the prefix. Returns `status`. */
int zc_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True once standard output has refused something; then writing on is of no use. The first call
 * after that takes the reason from errno, for zc_output_finish. */
bool zc_output_broken(void);

/* Closes standard output and returns `status`; or, where not all could be written, says so and
 * returns FAILED. A reader that closed its end of a pipe has what it wants: that is DONE. */
int zc_output_finish(int status);

/* True if it is a terminal, and colours are not refused by NO_COLOR. */
bool zc_output_is_terminal(FILE *stream);
bool zc_output_has_colour(FILE *stream);

/* Writes bytes as one field of a line: backslash, tab, line end and whatever would do something on
 * a terminal or is not UTF-8 is written as an escape (\\, \t, \n, \r, \xNN). */
void zc_output_escape(FILE *stream, const void *data, size_t size);

/* The escaped bytes as a string that the caller frees; NULL: no memory. At most `most` bytes of the
 * text are taken, then "..." follows; 0: all. */
char *zc_output_escaped(const void *data, size_t size, size_t most);

#endif
