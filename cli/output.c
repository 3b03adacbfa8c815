/* SPDX-License-Identifier: MPL-2.0 */
/* Output that nobody can misread: errors on one line, bytes of strangers escaped, and no success
 * before standard output is closed. */
#define _GNU_SOURCE
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/utf8.h"

static const char *prefix = "zcache";
static int broken_error; /* errno when standard output was first found broken; 0: it was not */

void zc_output_begin(const char *program) {
    prefix = program;
}

const char *zc_output_program(void) {
    return prefix;
}

int zc_fail(int status, const char *format, ...) {
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&line, format, arguments) < 0) {
        line = NULL;
    }
    va_end(arguments);
    const char *text = line == NULL ? "out of memory" : line;
    fprintf(stderr, "%s: ", prefix);
    zc_output_escape(stderr, text, strlen(text));
    fputc('\n', stderr);
    free(line);
    return status;
}

int zc_exit_of(zcache_status status) {
    switch (status) {
    case ZCACHE_OK:
        return ZC_EXIT_DONE;
    case ZCACHE_MISS:
        return ZC_EXIT_MISS;
    case ZCACHE_INVALID:
    case ZCACHE_TOO_LARGE:
        return ZC_EXIT_USAGE;
    case ZCACHE_TIMEOUT:
    case ZCACHE_UNREACHABLE:
    case ZCACHE_INCOMPATIBLE:
    case ZCACHE_UNRESOLVED:
    case ZCACHE_STOPPED:
    case ZCACHE_MALFORMED:
    case ZCACHE_IN_USE:
        return ZC_EXIT_UNREACHABLE;
    case ZCACHE_NO_MEMORY:
    case ZCACHE_BUSY:
    case ZCACHE_SYSTEM:
        return ZC_EXIT_FAILED;
    }
    return ZC_EXIT_FAILED;
}

bool zc_output_broken(void) {
    bool broken = ferror(stdout) != 0;
    if (broken && broken_error == 0) {
        broken_error = errno;
    }
    return broken;
}

int zc_output_finish(int status) {
    bool broken = ferror(stdout) != 0;
    int error = errno;
    if (fflush(stdout) != 0) {
        broken = true;
        error = errno;
    }
    if (fclose(stdout) != 0 && !broken) {
        broken = true;
        error = errno;
    }
    if (!broken) {
        return status;
    }
    error = broken_error == 0 ? error : broken_error;
    return error == EPIPE ? ZC_EXIT_DONE
                          : zc_fail(ZC_EXIT_FAILED, "cannot write the output: %s", strerror(error));
}

bool zc_output_is_terminal(FILE *stream) {
    return isatty(fileno(stream)) == 1;
}

bool zc_output_has_colour(FILE *stream) {
    const char *refused = getenv("NO_COLOR");
    return zc_output_is_terminal(stream) && (refused == NULL || refused[0] == '\0');
}

static void escape_byte(FILE *stream, uint8_t byte) {
    switch (byte) {
    case '\t':
        fputs("\\t", stream);
        break;
    case '\n':
        fputs("\\n", stream);
        break;
    case '\r':
        fputs("\\r", stream);
        break;
    case '\\':
        fputs("\\\\", stream);
        break;
    default:
        fprintf(stream, "\\x%02x", byte);
        break;
    }
}

void zc_output_escape(FILE *stream, const void *data, size_t size) {
    const uint8_t *bytes = data;
    size_t at = 0;
    while (at < size) {
        size_t length = zc_utf8_printable(bytes + at, size - at);
        if (length == 0 || bytes[at] == '\\') {
            escape_byte(stream, bytes[at]);
            at++;
        } else {
            fwrite(bytes + at, 1, length, stream);
            at += length;
        }
    }
}

char *zc_output_escaped(const void *data, size_t size, size_t most) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (stream == NULL) {
        return NULL;
    }
    bool cut = most > 0 && size > most;
    zc_output_escape(stream, data, cut ? most : size);
    if (cut) {
        fputs("...", stream);
    }
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
