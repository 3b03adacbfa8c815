/* SPDX-License-Identifier: MPL-2.0 */
/* zcache ping: is it there, is it ready (rule S1), and how long did it take to say so. */
#include <inttypes.h>

#include "cli/arguments.h"
#include "cli/clock.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/output.h"

enum { KEY_READY = 256 };

static const struct argp_option options[] = {
    {"ready", KEY_READY, NULL, 0,
     "Exit status 1 while the node is joining: it has not yet "
     "received what the mesh holds",
     0},
    {0},
};

static int take(int key, const char *argument, void *context) {
    (void)argument;
    if (key != KEY_READY) {
        return ARGP_ERR_UNKNOWN;
    }
    *(bool *)context = true;
    return 0;
}

static const zc_usage_t usage = {
    .name = "ping",
    .text = "Ask whether the node is there. Writes \"ready\" or \"joining\", and the microseconds "
            "that the answer took.",
    .options = options,
    .take = take,
    .at = true,
};

static int ping(zcache_t *cache, const zc_arguments_t *arguments, void *context) {
    (void)arguments;
    const bool *must_be_ready = context;
    bool ready = false;
    uint64_t began_ns = zc_clock_ns();
    int status = zc_report(cache, zcache_ping(cache, &ready));
    uint64_t took_us = (zc_clock_ns() - began_ns) / 1000;
    if (status != ZC_EXIT_DONE) {
        return status;
    }
    printf("%s\t%" PRIu64 "\n", ready ? "ready" : "joining", took_us);
    return *must_be_ready && !ready ? ZC_EXIT_MISS : ZC_EXIT_DONE;
}

int zc_command_ping(int argc, char **argv) {
    bool must_be_ready = false;
    return zc_ask_node(&usage, argc, argv, &must_be_ready, ping);
}
