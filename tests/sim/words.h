/* SPDX-License-Identifier: MPL-2.0 */
/* What the command lines of the simulator's programs have in common. They are called by ./dev and
 * answer as it does: one line that names what is wrong, and exit status 2. */
#ifndef ZC_TESTS_SIM_WORDS_H
#define ZC_TESTS_SIM_WORDS_H

#include <argp.h>
#include <stdint.h>

/* The last row but one of every program's options. */
#define ZC_WORDS_HELP                                                                              \
    { "help", 'h', NULL, 0, "shows this", -1 }

/* argp_parse of a whole command line of options, whose first word is what people have typed
 * ("./dev sim"). */
void zc_words_parse(const struct argp *argp, int argc, char **argv, void *input);

/* For the keys that a parser does not know: --help and what no option fits. */
error_t zc_words_other(int key, char *argument, struct argp_state *state);

/* Says what is wrong and ends the program. */
_Noreturn void zc_words_refuse(const struct argp_state *state, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The value of an option ("--seeds") as a whole number in the range, or the end. */
uint64_t zc_words_number(const struct argp_state *state, const char *option, const char *text,
                         uint64_t least, uint64_t most);

#endif
