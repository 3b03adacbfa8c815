/* SPDX-License-Identifier: MPL-2.0 */
/* The swarm simulator on the command line: exit 0 only if every seed holds. One that fails is made
 * smaller, and the command that replays it is printed. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/hunt.h"
#include "tests/sim/words.h"

enum { LISTED_MAX = 1000, WORDS_MAX = 32, LINE_BYTES = 1000, FEATURES_KEY = 1000 };
enum { MINUTES_MAX = 10000, JOBS_MAX = 1000 };

static char program[] = "./dev sim";

typedef struct arguments {
    zc_hunt_plan_t plan;
    const char *list;
    bool seeds_given;
} arguments_t;

static void print_features(void) {
    for (int i = 0; i < ZC_FEATURES; i++) {
        printf("%-10s %s\n", zc_feature_text((zc_feature_t)i), zc_feature_what((zc_feature_t)i));
    }
    exit(EXIT_SUCCESS);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    arguments_t *arguments = state->input;
    zc_swarm_options_t *options = &arguments->plan.options;
    switch (key) {
    case 's':
        options->seed = zc_words_number(state, "--seed", argument, 0, UINT64_MAX);
        return 0;
    case 'n':
        arguments->plan.seeds = zc_words_number(state, "--seeds", argument, 1, UINT32_MAX);
        arguments->seeds_given = true;
        return 0;
    case 'N':
        options->nodes = (int)zc_words_number(state, "--nodes", argument, 2, ZC_PLAN_NODES_MAX - 1);
        return 0;
    case 'm':
        options->minutes = (int)zc_words_number(state, "--minutes", argument, 1, MINUTES_MAX);
        return 0;
    case 'S':
        options->steps = zc_words_number(state, "--steps", argument, 1, UINT64_MAX);
        return 0;
    case 'w':
        if (!zc_features_parse(argument, &options->without)) {
            zc_words_refuse(state, "--without %s: no such name; --features lists them", argument);
        }
        return 0;
    case 'j':
        arguments->plan.jobs = (int)zc_words_number(state, "--jobs", argument, 1, JOBS_MAX);
        return 0;
    case 'l':
        arguments->list = argument;
        return 0;
    case 'v':
        options->verbose = true;
        return 0;
    case FEATURES_KEY:
        print_features();
        return 0;
    default:
        return zc_words_other(key, argument, state);
    }
}

static const struct argp_option rows[] = {
    {"seed", 's', "FIRST", 0, "the first seed (1)", 0},
    {"seeds", 'n', "HOW_MANY", 0, "how many seeds (1, or with --list none)", 0},
    {"nodes", 'N', "N", 0, "nodes, 2 to 63 (drawn, 2 to 40)", 0},
    {"minutes", 'm', "N", 0, "minutes of virtual time under faults (drawn, some seconds)", 0},
    {"steps", 'S', "N", 0, "at most so many steps, then all is healed", 0},
    {"without", 'w', "NAME,...", 0, "switches these faults and uses off", 0},
    {"jobs", 'j', "N", 0, "seeds that run side by side (as many as there are processors)", 0},
    {"list", 'l', "FILE", 0, "runs the seeds of this list first", 0},
    {"features", FEATURES_KEY, NULL, 0, "lists the faults and uses that can be switched off", 0},
    {"verbose", 'v', NULL, 0, "a line for each seed that holds", 0},
    ZC_WORDS_HELP,
    {0},
};

static const struct argp argp = {rows, parse, NULL, "Runs the swarm simulator.", NULL, NULL, NULL};

/* -- The list -------------------------------------------------------------- */

/* A line is options as on the command line; what follows a # is for people. False: it is empty. */
static bool parse_line(char *line, zc_swarm_options_t *options) {
    line[strcspn(line, "#\n")] = '\0';
    char *words[WORDS_MAX] = {program};
    int count = 1;
    char *rest = NULL;
    for (char *word = strtok_r(line, " \t", &rest); word != NULL && count < WORDS_MAX - 1;
         word = strtok_r(NULL, " \t", &rest)) {
        words[count++] = word;
    }
    if (count == 1) {
        return false;
    }
    arguments_t of_line = {.list = NULL};
    zc_words_parse(&argp, count, words, &of_line);
    *options = of_line.plan.options;
    return true;
}

static size_t read_list(const char *path, zc_swarm_options_t *listed) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t count = 0;
    char line[LINE_BYTES];
    while (count < LISTED_MAX && fgets(line, sizeof line, file) != NULL) {
        count += parse_line(line, &listed[count]);
    }
    fclose(file);
    return count;
}

int main(int argc, char **argv) {
    static zc_swarm_options_t listed[LISTED_MAX];
    arguments_t arguments = {.plan = {.options = {.seed = 1}, .seeds = 1, .listed = listed}};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    arguments.plan.jobs = processors > 0 ? (int)processors : 1;
    argv[0] = program;
    zc_words_parse(&argp, argc, argv, &arguments);
    if (arguments.list != NULL) {
        arguments.plan.listed_count = read_list(arguments.list, listed);
        if (!arguments.seeds_given) {
            arguments.plan.seeds = 0;
        }
    }
    return zc_hunt_run(&arguments.plan) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
