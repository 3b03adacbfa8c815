/* SPDX-License-Identifier: MPL-2.0 */
/* The command line of a command: its options by argp, its words, --help, and one line for whatever
 * is wrong. */
#ifndef ZC_CLI_ARGUMENTS_H
#define ZC_CLI_ARGUMENTS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* What a command takes. */
typedef struct zc_usage {
    const char *name;
    const char *words; /* for --help: "KEY VALUE" */
    size_t least;      /* words */
    size_t most;
    const char *text;                  /* for --help: what it does */
    const struct argp_option *options; /* its own, by keys above 255; NULL: none */
    /* Takes one of them. Returns 0, or EINVAL after a line of zc_fail. */
    int (*take)(int key, const char *argument, void *context);
    bool at;               /* --at: it asks a node */
    bool json;             /* --json, */
    const char *json_text; /* and what --help says of it */
    bool in_order;         /* what follows the first word belongs to the words */
} zc_usage_t;

typedef struct zc_arguments {
    const char *at;        /* HOST:PORT or an endpoint as --at, ZCACHE_AT or the default has it */
    const char *at_source; /* what gave it: "--at", "ZCACHE_AT", or NULL: nothing did */
    bool json;
    char **words; /* point into argv */
    size_t count;
} zc_arguments_t;

/* --ttl, as options and take of a command whose context is a uint64_t of milliseconds; it is
 * untouched where the option is not given. */
extern const struct argp_option zc_ttl_options[];
int zc_ttl_take(int key, const char *argument, void *context);

/* Reads the command line. Returns -1 to go on, or the exit status where all is said: after --help,
 * or after an error. */
int zc_arguments_parse(const zc_usage_t *usage, int argc, char **argv, void *context,
                       zc_arguments_t *arguments);

#endif
