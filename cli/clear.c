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

int zc_command_clear(int argc, char **argv) {
    zc_arguments_t arguments;
    int status = zc_arguments_parse(&usage, argc, argv, NULL, &arguments);
    if (status >= 0) {
        return status;
    }
    zcache_t *cache = NULL;
    status = zc_connect(arguments.at, &cache);
    if (status == ZC_EXIT_DONE) {
        status = zc_report(cache, zcache_clear(cache));
    }
    zcache_close(&cache);
    return status;
}
