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

static int delete_keys(zcache_t *cache, const zc_arguments_t *arguments, void *context) {
    (void)context;
    int status = ZC_EXIT_DONE;
    for (size_t i = 0; i < arguments->count && status <= ZC_EXIT_MISS; i++) {
        const char *key = arguments->words[i];
        int deleted = zc_report(cache, zcache_delete(cache, key, strlen(key)));
        status = deleted == ZC_EXIT_DONE ? status : deleted;
    }
    return status;
}

int zc_command_del(int argc, char **argv) {
    return zc_ask_node(&usage, argc, argv, NULL, delete_keys);
}
