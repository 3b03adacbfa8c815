/* SPDX-License-Identifier: MPL-2.0 */
/* Reading with a limit, so that a wrong file costs no more memory than a right one may. */
#define _GNU_SOURCE
#include "cli/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool zc_input_append(zc_input_t *input, const void *data, size_t size) {
    if (size > input->capacity - input->size) {
        size_t capacity = 2 * input->capacity + size + 256;
        char *grown = realloc(input->data, capacity);
        if (grown == NULL) {
            return false;
        }
        input->data = grown;
        input->capacity = capacity;
    }
    if (size > 0) {
        memcpy(input->data + input->size, data, size);
    }
    input->size += size;
    return true;
}

zc_input_result_t zc_input_read_all(zc_input_t *input, FILE *stream, size_t most) {
    char block[65536];
    input->size = 0;
    size_t got = 0;
    while ((got = fread(block, 1, sizeof(block), stream)) > 0) {
        if (got > most - input->size) {
            return ZC_INPUT_TOO_LARGE;
        }
        if (!zc_input_append(input, block, got)) {
            errno = ENOMEM;
            return ZC_INPUT_FAILED;
        }
    }
    return ferror(stream) ? ZC_INPUT_FAILED : ZC_INPUT_DONE;
}

/* Passes over the rest of a line that is too long. */
static zc_input_result_t pass_over(FILE *stream) {
    int byte = 0;
    do {
        byte = getc_unlocked(stream);
    } while (byte != EOF && byte != '\n');
    return ferror(stream) ? ZC_INPUT_FAILED : ZC_INPUT_TOO_LARGE;
}

zc_input_result_t zc_input_read_line(zc_input_t *input, FILE *stream, size_t most) {
    input->size = 0;
    for (;;) {
        int byte = getc_unlocked(stream);
        if (byte == '\n') {
            return ZC_INPUT_DONE;
        }
        if (byte == EOF) {
            return ferror(stream)     ? ZC_INPUT_FAILED
                   : input->size == 0 ? ZC_INPUT_END
                                      : ZC_INPUT_DONE;
        }
        if (input->size == most) {
            return pass_over(stream);
        }
        char character = (char)byte;
        if (!zc_input_append(input, &character, 1)) {
            errno = ENOMEM;
            return ZC_INPUT_FAILED;
        }
    }
}

void zc_input_fini(zc_input_t *input) {
    free(input->data);
    *input = (zc_input_t){.data = NULL};
}
