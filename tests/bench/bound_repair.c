/* SPDX-License-Identifier: MPL-2.0 */
/* What a repair takes at most, in time and bytes, on virtual time: prints what was measured beside
 * what is promised, exit 0 only if every promise was kept. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/bounds.h"

static error_t parse(int key, char *argument, struct argp_state *state) {
    zc_bounds_options_t *options = state->input;
    switch (key) {
    case 's':
        options->seed = strtoull(argument, NULL, 10);
        return 0;
    case 'q':
        options->trials = 200;
        options->entries = 20000;
        return 0;
    default:
        (void)argument;
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option rows[] = {
    {"seed", 's', "SEED", 0, "of the simulations (1)", 0},
    {"quick", 'q', NULL, 0, "fewer trials and entries", 0},
    {0},
};

int main(int argc, char **argv) {
    zc_bounds_options_t options = {.seed = 1, .trials = 2000, .entries = 1000000};
    const struct argp argp = {rows, parse, NULL, "What a repair takes at most.", NULL, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    int failed = zc_bounds_loss(&options);
    failed += zc_bounds_partition(&options);
    failed += zc_bounds_floor(&options);
    printf("%d bounds were not kept\n", failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
