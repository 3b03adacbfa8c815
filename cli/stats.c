/* SPDX-License-Identifier: MPL-2.0 */
/* zcache stats: what a node has counted. */
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/output.h"
#include "cli/settings.h"

static const zc_usage_t usage = {
    .name = "stats",
    .text = "Show the state of the node, what it holds, and its counters. Two nodes have the same "
            "digest exactly if they hold the same.",
    .at = true,
    .json = true,
    .json_text = "Write an object",
};

static int show(zcache_t *cache, bool json) {
    zc_shown_t *shown = zc_shown_new(json);
    if (shown == NULL) {
        return zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    int status = zc_report(cache, zcache_stats(cache, zc_shown_add, shown));
    if (status == ZC_EXIT_DONE && !zc_shown_print(shown)) {
        status = zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    zc_shown_destroy(&shown);
    return status;
}

int zc_command_stats(int argc, char **argv) {
    zc_arguments_t arguments;
    int status = zc_arguments_parse(&usage, argc, argv, NULL, &arguments);
    if (status >= 0) {
        return status;
    }
    zcache_t *cache = NULL;
    status = zc_connect(arguments.at, &cache);
    if (status != ZC_EXIT_DONE) {
        return status;
    }
    status = show(cache, arguments.json);
    zcache_close(&cache);
    return zc_output_finish(status);
}
