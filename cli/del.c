/* SPDX-License-Identifier: MPL-2.0 */
/* zcache del: every key is deleted, also where one before it was not there. */
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/output.h"

static const zc_usage_t usage = {
    .name = "del",
    .words = "KEY...",
    .least = 1,
    .most = (size_t)-1,
    .text = "Delete the keys on all nodes. Exit status 1: the node held not all of them.",
    .at = true,
};

int zc_command_del(int argc, char **argv) {
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
    for (size_t i = 0; i < arguments.count && status <= ZC_EXIT_MISS; i++) {
        const char *key = arguments.words[i];
        int deleted = zc_report(cache, zcache_delete(cache, key, strlen(key)));
        status = deleted == ZC_EXIT_DONE ? status : deleted;
    }
    zcache_close(&cache);
    return status;
}
