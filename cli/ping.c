/* SPDX-License-Identifier: MPL-2.0 */
/* zcache ping: is it there, is it ready (rule S1), and how long did it take to say so. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <time.h>

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

static int take(int key, char *argument, void *context) {
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

int zc_command_ping(int argc, char **argv) {
    zc_arguments_t arguments;
    bool must_be_ready = false;
    int status = zc_arguments_parse(&usage, argc, argv, &must_be_ready, &arguments);
    if (status >= 0) {
        return status;
    }
    zcache_t *cache = NULL;
    status = zc_connect(arguments.at, &cache);
    if (status != ZC_EXIT_DONE) {
        return status;
    }
    bool ready = false;
    uint64_t began_ns = zc_clock_ns();
    status = zc_report(cache, zcache_ping(cache, &ready));
    uint64_t took_us = (zc_clock_ns() - began_ns) / 1000;
    if (status == ZC_EXIT_DONE) {
        printf("%s\t%" PRIu64 "\n", ready ? "ready" : "joining", took_us);
        status = must_be_ready && !ready ? ZC_EXIT_MISS : ZC_EXIT_DONE;
    }
    zcache_close(&cache);
    return zc_output_finish(status);
}
