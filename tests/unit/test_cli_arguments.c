/* SPDX-License-Identifier: MPL-2.0 */
/* Command lines. */
#define _GNU_SOURCE
#include "cli/arguments.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

enum { KEY_ONE = 256 };

static int take(int key, const char *argument, void *context) {
    if (key != KEY_ONE) {
        return ARGP_ERR_UNKNOWN;
    }
    *(const char **)context = argument;
    return strcmp(argument, "bad") == 0 ? zc_fail(EINVAL, "--one bad: must be good") : 0;
}

static const struct argp_option options[] = {{"one", KEY_ONE, "TEXT", 0, "An option", 0}, {0}};

static zc_usage_t usage = {.name = "test",
                           .words = "WORD...",
                           .least = 1,
                           .most = 2,
                           .text = "Does nothing.",
                           .options = options,
                           .take = take,
                           .at = true,
                           .json = true,
                           .json_text = "Writes JSON"};

static zc_arguments_t arguments;
static const char *one;

static int parse(size_t count, const char *const *words) {
    static char *argv[10];
    for (size_t i = 0; i < count; i++) {
        free(argv[i]);
        argv[i] = strdup(words[i]);
    }
    free(argv[count]);
    argv[count] = NULL;
    one = NULL;
    return zc_arguments_parse(&usage, (int)count, argv, &one, &arguments);
}

#define PARSE(...)                                                                                 \
    parse(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *),                            \
          (const char *[]){__VA_ARGS__})

Test(cli_arguments, options_and_words_come_in_any_order) {
    unsetenv("ZCACHE_AT");
    cr_assert_eq(PARSE("test", "a", "--one", "x", "b", "--json"), -1);
    cr_assert_eq(arguments.count, 2);
    cr_assert_str_eq(arguments.words[0], "a");
    cr_assert_str_eq(arguments.words[1], "b");
    cr_assert_str_eq(one, "x");
    cr_assert(arguments.json);
    cr_assert_str_eq(arguments.at, "127.0.0.1:5000");
    cr_assert_null(arguments.at_source);
    setenv("ZCACHE_AT", "elsewhere:1", 1);
    cr_assert_eq(PARSE("test", "--", "-a"), -1);
    cr_assert_str_eq(arguments.words[0], "-a");
    cr_assert_str_eq(arguments.at, "elsewhere:1");
    cr_assert_str_eq(arguments.at_source, "ZCACHE_AT");
    cr_assert_eq(PARSE("test", "a", "--at=here:2"), -1);
    cr_assert_str_eq(arguments.at, "here:2");
    cr_assert_str_eq(arguments.at_source, "--at");
    setenv("ZCACHE_AT", "", 1);
    cr_assert_eq(PARSE("test", "a"), -1);
    cr_assert_str_eq(arguments.at, "127.0.0.1:5000");
}

Test(cli_arguments, of_an_option_that_is_given_twice_the_last_one_holds) {
    cr_assert_eq(PARSE("test", "--at", "a:1", "--one", "x", "w", "--one=y", "--at", "b:2"), -1);
    cr_assert_str_eq(arguments.at, "b:2");
    cr_assert_str_eq(one, "y");
}

Test(cli_arguments, a_command_without_words_is_told_nothing_of_them, .init = cr_redirect_stderr) {
    usage.least = 0;
    usage.most = 0;
    cr_assert_eq(PARSE("test", "--nonsense"), 2);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "zcache: --nonsense: no such option; 'zcache test --help' lists them\n");
}

Test(cli_arguments, the_words_of_a_command_are_its_own) {
    usage.in_order = true;
    usage.most = 9;
    cr_assert_eq(PARSE("test", "--one", "x", "ls", "--one", "-l"), -1);
    cr_assert_eq(arguments.count, 3);
    cr_assert_str_eq(arguments.words[2], "-l");
    cr_assert_eq(PARSE("test", "--", "--help"), -1);
    cr_assert_str_eq(arguments.words[0], "--help");
    cr_assert_null(arguments.words[1]);
}

Test(cli_arguments, what_is_wrong_is_named_on_one_line, .init = cr_redirect_stderr) {
    cr_assert_eq(PARSE("test"), 2);
    cr_assert_eq(PARSE("test", "a", "b", "c"), 2);
    cr_assert_eq(PARSE("test", "a", "--nonsense"), 2);
    cr_assert_eq(PARSE("test", "-x", "a"), 2);
    cr_assert_eq(PARSE("test", "a", "--one"), 2);
    cr_assert_eq(PARSE("test", "a", "--json=5"), 2);
    cr_assert_eq(PARSE("test", "a", "--one", "bad"), 2);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "zcache: a word is missing: 'zcache test WORD...'\n"
        "zcache: c: one word too many: 'zcache test WORD...'\n"
        "zcache: --nonsense: no such option; 'zcache test --help' lists them (a word that begins "
        "with - goes behind --)\n"
        "zcache: -x: no such option; 'zcache test --help' lists them (a word that begins with - "
        "goes behind --)\n"
        "zcache: --one: its value is missing: --one TEXT\n"
        "zcache: --json=5: --json takes no value\n"
        "zcache: --one bad: must be good\n");
}

Test(cli_arguments, a_ttl_is_seconds_and_nothing_else, .init = cr_redirect_stderr) {
    uint64_t ttl_ms = 7;
    cr_assert_null(zc_ttl_options[1].name);
    int key = zc_ttl_options[0].key;
    cr_assert_eq(zc_ttl_take(key, "1.5", &ttl_ms), 0);
    cr_assert_eq(ttl_ms, 1500);
    cr_assert_eq(zc_ttl_take(key, "0", &ttl_ms), EINVAL);
    cr_assert_eq(zc_ttl_take(key, "315360001", &ttl_ms), EINVAL);
    cr_assert_eq(zc_ttl_take(key + 1, "2", &ttl_ms), (int)ARGP_ERR_UNKNOWN);
    cr_assert_eq(ttl_ms, 1500);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "zcache: --ttl 0: must be a number of seconds from 0.001 to 315360000\n"
        "zcache: --ttl 315360001: must be a number of seconds from 0.001 to 315360000\n");
}
