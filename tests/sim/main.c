/* SPDX-License-Identifier: MPL-2.0 */
/* The swarm simulator on the command line: runs one seed after the other, exit 0 only if every one
 * holds. A seed that fails prints the command that replays it. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/swarm.h"

typedef struct arguments {
    uint64_t first;
    uint64_t count;
    zc_swarm_options_t options;
} arguments_t;

static error_t parse(int key, char *argument, struct argp_state *state) {
    arguments_t *arguments = state->input;
    char *end = NULL;
    unsigned long long number = argument == NULL ? 0 : strtoull(argument, &end, 10);
    if (argument != NULL && (*end != '\0' || *argument == '-' || *argument == '\0')) {
        argp_error(state, "%s is not a whole number", argument);
    }
    switch (key) {
    case 's':
        arguments->first = number;
        return 0;
    case 'n':
        arguments->count = number;
        return 0;
    case 'N':
        if (number < 2 || number > 64) {
            argp_error(state, "--nodes %s: must be from 2 to 64", argument);
        }
        arguments->options.nodes = (int)number;
        return 0;
    case 'm':
        if (number > 10000) {
            argp_error(state, "--minutes %s: must be at most 10000", argument);
        }
        arguments->options.minutes = (int)number;
        return 0;
    case 'v':
        arguments->options.verbose = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option rows[] = {
    {"seed", 's', "FIRST", 0, "the first seed (1)", 0},
    {"seeds", 'n', "HOW_MANY", 0, "how many seeds (1)", 0},
    {"nodes", 'N', "N", 0, "nodes, 2 to 64 (drawn)", 0},
    {"minutes", 'm', "N", 0, "minutes of virtual time under faults (drawn seconds)", 0},
    {"verbose", 'v', NULL, 0, "a line for each seed", 0},
    {0},
};

static void print_result(uint64_t seed, const zc_swarm_result_t *result) {
    printf("seed %llu: %llu writes, %llu deltas, %llu replace-syncs, converged in %llu ms, "
           "trace %016llx\n",
           (unsigned long long)seed, (unsigned long long)result->writes,
           (unsigned long long)result->deltas, (unsigned long long)result->replace_syncs,
           (unsigned long long)result->converged_ms, (unsigned long long)result->trace);
}

int main(int argc, char **argv) {
    arguments_t arguments = {.first = 1, .count = 1};
    const struct argp argp = {rows, parse, NULL, "Runs the swarm simulator.", NULL, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    uint64_t failed = 0;
    uint64_t deltas = 0;
    uint64_t replace_syncs = 0;
    for (uint64_t seed = arguments.first; seed < arguments.first + arguments.count; seed++) {
        zc_swarm_result_t result;
        arguments.options.seed = seed;
        zc_swarm_run(&arguments.options, &result);
        deltas += result.deltas;
        replace_syncs += result.replace_syncs;
        if (arguments.options.verbose) {
            print_result(seed, &result);
        }
        if (!result.passed) {
            failed++;
            printf("seed %llu FAILED: %s\n  replay: ./dev sim --seed %llu --nodes %d --minutes %d "
                   "--verbose\n",
                   (unsigned long long)seed, result.why, (unsigned long long)seed,
                   arguments.options.nodes, arguments.options.minutes);
        }
    }
    printf("%llu seeds, %llu failed, %llu deltas, %llu replace-syncs\n",
           (unsigned long long)arguments.count, (unsigned long long)failed,
           (unsigned long long)deltas, (unsigned long long)replace_syncs);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
