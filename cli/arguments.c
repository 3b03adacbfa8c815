/* SPDX-License-Identifier: MPL-2.0 */
/* Command lines by argp. Its own error messages take two lines and do not say what would be right,
 * so it is told to be silent, and what went wrong is found out here. */
#include "cli/arguments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zcache/limits.h>

#include "cli/number.h"
#include "cli/output.h"

#define AT_DEFAULT "127.0.0.1:5000"

enum { KEY_TTL = 256, KEY_AT = 1000, KEY_JSON, KEY_SPECIAL = 0x100000 };

const struct argp_option zc_ttl_options[] = {
    {"ttl", KEY_TTL, "SECONDS", 0,
     "The entry is gone so long after this, read or not (none: it goes when nobody has used it for "
     "expire_after)",
     0},
    {0},
};

typedef struct parse {
    const zc_usage_t *usage;
    zc_arguments_t *arguments;
    void *context;
    bool help;
    bool told; /* an error line is out */
    char *at;  /* of --at; NULL: not given */
    int next;  /* after an error: where argp stood */
} parse_t;

static error_t take_own(int key, char *argument, struct argp_state *state) {
    parse_t *parse = state->input;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = parse;
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        /* The options are through: all the rest are words. */
        parse->arguments->words = &state->argv[state->next - 1];
        parse->arguments->count = (size_t)state->argc - (size_t)state->next + 1;
        state->next = state->argc;
        return 0;
    }
    if (key == ARGP_KEY_ERROR) {
        parse->next = state->next;
    }
    if (key >= KEY_SPECIAL || key < 0 || parse->usage->take == NULL) {
        return ARGP_ERR_UNKNOWN;
    }
    int status = parse->usage->take(key, argument, parse->context);
    parse->told = parse->told || status == EINVAL;
    return status;
}

static error_t take_common(int key, char *argument, struct argp_state *state) {
    parse_t *parse = state->input;
    switch (key) {
    case KEY_AT:
        parse->at = argument;
        return 0;
    case KEY_JSON:
        parse->arguments->json = true;
        return 0;
    case 'h':
        parse->help = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The row of an option that is written `--name` or `--name=...`; NULL: there is none. */
static const struct argp_option *find_option(const struct argp_option *rows, const char *name,
                                             size_t length) {
    for (; rows != NULL && (rows->name != NULL || rows->key != 0); rows++) {
        if (rows->name != NULL && strlen(rows->name) == length &&
            strncmp(rows->name, name, length) == 0) {
            return rows;
        }
    }
    return NULL;
}

/* The word that getopt has stopped at: it is behind it, unless more letters are in the word. */
static const char *wrong_word(int argc, char **argv, int next) {
    bool behind = next > 1 && argv[next - 1][0] == '-';
    return argv[behind || next >= argc ? next - 1 : next];
}

/* Says what is wrong with an option that argp has refused. */
static int refuse_option(const zc_usage_t *usage, const struct argp_option *common,
                         const char *word) {
    const char *name = word + strspn(word, "-");
    size_t length = strcspn(name, "=");
    const struct argp_option *row = find_option(usage->options, name, length);
    row = row == NULL ? find_option(common, name, length) : row;
    if (row != NULL && row->arg != NULL) {
        return zc_fail(ZC_EXIT_USAGE, "--%s: its value is missing: --%s %s", row->name, row->name,
                       row->arg);
    }
    if (row != NULL) {
        return zc_fail(ZC_EXIT_USAGE, "%s: --%s takes no value", word, row->name);
    }
    return zc_fail(ZC_EXIT_USAGE, "%s: no such option; 'zcache %s --help' lists them%s", word,
                   usage->name,
                   usage->most > 0 ? " (a word that begins with - goes behind --)" : "");
}

static int check_words(const zc_usage_t *usage, const zc_arguments_t *arguments) {
    const char *words = usage->words == NULL ? "" : usage->words;
    if (arguments->count < usage->least) {
        return zc_fail(ZC_EXIT_USAGE, "a word is missing: 'zcache %s %s'", usage->name, words);
    }
    if (arguments->count > usage->most) {
        return zc_fail(ZC_EXIT_USAGE, "%s: one word too many: 'zcache %s%s%s'",
                       arguments->words[usage->most], usage->name, words[0] == '\0' ? "" : " ",
                       words);
    }
    return -1;
}

static int show_help(const struct argp *argp, const zc_usage_t *usage) {
    char name[64];
    snprintf(name, sizeof(name), "zcache %s", usage->name);
    argp_help(argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC, name);
    return zc_output_finish(ZC_EXIT_DONE);
}

int zc_ttl_take(int key, const char *argument, void *context) {
    return key == KEY_TTL
               ? zc_option_seconds("--ttl", argument, 1, (uint64_t)ZCACHE_TTL_MAX_SECONDS * 1000,
                                   NULL, context)
               : (int)ARGP_ERR_UNKNOWN;
}

int zc_arguments_parse(const zc_usage_t *usage, int argc, char **argv, void *context,
                       zc_arguments_t *arguments) {
    struct argp_option common[4] = {{"help", 'h', NULL, 0, "Show this", 11}};
    size_t offered = 1;
    if (usage->at) {
        common[offered++] = (struct argp_option){
            "at", KEY_AT, "HOST:PORT", 0, "The node to ask (ZCACHE_AT, else " AT_DEFAULT ")", 10};
    }
    if (usage->json) {
        common[offered++] = (struct argp_option){"json", KEY_JSON, NULL, 0, usage->json_text, 10};
    }
    const struct argp common_argp = {.options = common, .parser = take_common};
    const struct argp_child children[] = {{.argp = &common_argp}, {0}};
    const struct argp argp = {.options = usage->options,
                              .parser = take_own,
                              .args_doc = usage->words,
                              .doc = usage->text,
                              .children = children};
    const char *environment = getenv("ZCACHE_AT");
    bool named = environment != NULL && environment[0] != '\0';
    *arguments = (zc_arguments_t){.at = named ? environment : AT_DEFAULT,
                                  .at_source = named ? "ZCACHE_AT" : NULL};
    parse_t parse = {.usage = usage, .arguments = arguments, .context = context};
    unsigned flags = ARGP_NO_ERRS | ARGP_NO_HELP | (usage->in_order ? ARGP_IN_ORDER : 0);
    error_t error = argp_parse(&argp, argc, argv, flags, NULL, &parse);
    if (parse.at != NULL) {
        arguments->at = parse.at;
        arguments->at_source = "--at";
    }
    if (parse.help && error == 0) {
        return show_help(&argp, usage);
    }
    if (parse.told) {
        return ZC_EXIT_USAGE;
    }
    if (error != 0) {
        return refuse_option(usage, common, wrong_word(argc, argv, parse.next));
    }
    return check_words(usage, arguments);
}
