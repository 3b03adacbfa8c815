/* SPDX-License-Identifier: MPL-2.0 */
/* Input of any size, with a limit: bytes to the end of a stream, and lines. */
#ifndef ZC_CLI_INPUT_H
#define ZC_CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Bytes that grow up to a limit. Zeroed at first, freed by zc_input_fini. */
typedef struct zc_input {
    char *data;
    size_t size;
    size_t capacity;
} zc_input_t;

typedef enum zc_input_result {
    ZC_INPUT_DONE,
    ZC_INPUT_END,       /* there was nothing left */
    ZC_INPUT_TOO_LARGE, /* more than the limit; of a line, the rest of it was passed over */
    ZC_INPUT_FAILED,    /* errno tells why */
} zc_input_result_t;

/* Reads all of the stream. Returns DONE, TOO_LARGE or FAILED. */
zc_input_result_t zc_input_read_all(zc_input_t *input, FILE *stream, size_t most);

/* Reads the next line, without its end. */
zc_input_result_t zc_input_read_line(zc_input_t *input, FILE *stream, size_t most);

/* Appends bytes. False: no memory. */
bool zc_input_append(zc_input_t *input, const void *data, size_t size);

void zc_input_fini(zc_input_t *input);

#endif
