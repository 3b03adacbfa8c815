/* SPDX-License-Identifier: MPL-2.0 */
/* zcache clear: everything, everywhere. */
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/output.h"

static const zc_usage_t usage = {
    .name = "clear",
    .text = "Delete every entry on all nodes that was written before now.",
    .at = true,
};

static int clear(zcache_t *cache, const zc_arguments_t *arguments, void *context) {
    (void)arguments;
    (void)context;
    return zc_report(cache, zcache_clear(cache));
}

int zc_command_clear(int argc, char **argv) {
    return zc_ask_node(&usage, argc, argv, NULL, clear);
}
