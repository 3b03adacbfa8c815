/* SPDX-License-Identifier: MPL-2.0 */
/* zcache get: the value's bytes and nothing else, so that what was set is what comes out. */
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/json.h"
#include "cli/output.h"

static const zc_usage_t usage = {
    .name = "get",
    .words = "KEY",
    .least = 1,
    .most = 1,
    .text = "Write the value of KEY to standard output, its bytes alone. Exit status 1: there is "
            "no such key.",
    .at = true,
    .json = true,
    .json_text =
        "Write the value as a line of JSON: one that was set as JSON as that, other bytes as a "
        "string, or as {\"base64\"} where they are not UTF-8",
};

static bool write_value(const zcache_value_t *value, bool json) {
    if (json) {
        return zc_json_print(zc_json_of_value(value->data, value->size, value->type),
                             ZC_DIGITS_EXACT);
    }
    return value->size == 0 || fwrite(value->data, 1, value->size, stdout) == value->size;
}

static int get(zcache_t *cache, const zc_arguments_t *arguments, void *context) {
    (void)context;
    const char *key = arguments->words[0];
    zcache_value_t value = ZCACHE_VALUE_INIT;
    int status = zc_report(cache, zcache_get(cache, key, strlen(key), &value));
    if (status == ZC_EXIT_DONE && !write_value(&value, arguments->json) && !zc_output_broken()) {
        status = zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    zcache_value_fini(&value);
    return status;
}

int zc_command_get(int argc, char **argv) {
    return zc_ask_node(&usage, argc, argv, NULL, get);
}
