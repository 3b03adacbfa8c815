/* SPDX-License-Identifier: MPL-2.0 */
/* Command lines by argp, which would name the program by the last part of its path and end with
 * another status: it is told to be silent. */
#include "tests/sim/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

void zc_words_parse(const struct argp *argp, int argc, char **argv, void *input) {
    argp_parse(argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, input);
}

void zc_words_refuse(const struct argp_state *state, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", state->argv[0]);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_USAGE);
}

error_t zc_words_other(int key, char *argument, struct argp_state *state) {
    int last = state->next > 1 ? state->next - 1 : 1;
    switch (key) {
    case 'h':
        argp_help(state->root_argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC,
                  state->argv[0]);
        exit(EXIT_SUCCESS);
    case ARGP_KEY_ARG:
        zc_words_refuse(state, "%s: an option is wanted, not a word", argument);
    case ARGP_KEY_ERROR:
        zc_words_refuse(state,
                        "%s: no such option, or its value is missing; '%s --help' lists them",
                        state->argv[last], state->argv[0]);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

uint64_t zc_words_number(const struct argp_state *state, const char *option, const char *text,
                         uint64_t least, uint64_t most) {
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number < least ||
        number > most) {
        zc_words_refuse(state, "%s %s: must be a whole number from %llu to %llu", option, text,
                        (unsigned long long)least, (unsigned long long)most);
    }
    return number;
}
