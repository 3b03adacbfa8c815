/* SPDX-License-Identifier: MPL-2.0 */
/* A sequence of requests: a file with a key in each line, read whole. */
#ifndef TESTS_BENCH_TRACE_H
#define TESTS_BENCH_TRACE_H

#include <stdlib.h>
#include <sys/stat.h>

#include "tests/bench/bench.h"

enum { ZC_TRACE_KEY_MAX = 63 }; /* bytes */

typedef struct zc_trace {
    char *text;
    size_t position;
    char key[ZC_TRACE_KEY_MAX + 1]; /* the present one, as a string */
} zc_trace_t;

static inline zc_trace_t zc_trace_open(const char *path) {
    FILE *file = fopen(path, "re");
    struct stat about;
    zc_bench_require(file != NULL && stat(path, &about) == 0, "cannot read the trace");
    size_t bytes = (size_t)about.st_size;
    zc_trace_t trace = {.text = malloc(bytes + 1)};
    zc_bench_require(trace.text != NULL, "out of memory");
    zc_bench_require(fread(trace.text, 1, bytes, file) == bytes, "cannot read all of the trace");
    trace.text[bytes] = '\0';
    fclose(file);
    return trace;
}

static inline void zc_trace_close(zc_trace_t *trace) {
    free(trace->text);
}

/* Moves on to the next key; at the end back to the beginning, and false. */
static inline bool zc_trace_next(zc_trace_t *trace) {
    const char *line = trace->text + trace->position;
    size_t bytes = strcspn(line, "\n");
    if (bytes == 0) {
        trace->position = 0;
        return false;
    }
    zc_bench_require(bytes <= ZC_TRACE_KEY_MAX, "a key of the trace is too long");
    memcpy(trace->key, line, bytes);
    trace->key[bytes] = '\0';
    trace->position += bytes + 1;
    return true;
}

#endif
