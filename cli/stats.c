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

static int show(zcache_t *cache, const zc_arguments_t *arguments, void *context) {
    (void)context;
    return zc_shown_list(cache, zcache_stats, arguments->json);
}

int zc_command_stats(int argc, char **argv) {
    return zc_ask_node(&usage, argc, argv, NULL, show);
}
