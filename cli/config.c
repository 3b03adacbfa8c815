/* SPDX-License-Identifier: MPL-2.0 */
/* zcache config: the settings of the mesh, shown or changed (rule M2). Ranges are the node's to
 * know; here only the unit is converted. */
#include <inttypes.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/number.h"
#include "cli/output.h"
#include "cli/settings.h"

static const zc_usage_t usage = {
    .name = "config",
    .words = "[NAME VALUE]",
    .most = 2,
    .text = "Show the settings of the mesh, or change one on all nodes: max_size (entries), "
            "expire_after (seconds; 0: never), heartbeat (milliseconds), value_max (bytes), "
            "ghosts_max (0: as many as max_size), max_clock_skew (seconds), retire_after "
            "(seconds).",
    .at = true,
    .json = true,
    .json_text = "Write an object",
};

static int show(zcache_t *cache, bool json) {
    zc_shown_t *shown = zc_shown_new(json);
    if (shown == NULL) {
        return zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    int status = zc_report(cache, zcache_config(cache, zc_shown_add, shown));
    if (status == ZC_EXIT_DONE && !zc_shown_print(shown)) {
        status = zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    zc_shown_destroy(&shown);
    return status;
}

/* The setting and the number for the API. */
static int read_change(const zc_arguments_t *arguments, const zc_shown_setting_t **setting,
                       uint64_t *number) {
    const char *name = arguments->words[0];
    const char *text = arguments->words[1];
    const zc_shown_setting_t *found = zc_shown_setting_find(name);
    if (found == NULL) {
        return zc_fail(ZC_EXIT_USAGE, "%s: no such setting; 'zcache config --help' names them",
                       name);
    }
    /* A time under the API's name is in the API's unit. */
    bool seconds = found->seconds && strcmp(name, found->name) == 0;
    bool read = seconds ? zc_seconds_parse(text, 0, UINT64_MAX, number)
                        : zc_number_parse(text, 0, UINT64_MAX, number);
    if (!read) {
        return zc_fail(ZC_EXIT_USAGE, "%s %s: must be a number of %s", name, text,
                       found->seconds && !seconds ? "milliseconds" : found->unit);
    }
    *setting = found;
    return ZC_EXIT_DONE;
}

static int change(zcache_t *cache, const char *const *words, const zc_shown_setting_t *setting,
                  uint64_t number) {
    zcache_status status = zcache_config_set(cache, setting->api_name, number);
    if (status == ZCACHE_INVALID) {
        return zc_fail(ZC_EXIT_USAGE, "%s %s: the mesh does not take that; README.md has the range",
                       words[0], words[1]);
    }
    return zc_report(cache, status);
}

int zc_command_config(int argc, char **argv) {
    zc_arguments_t arguments;
    int status = zc_arguments_parse(&usage, argc, argv, NULL, &arguments);
    if (status >= 0) {
        return status;
    }
    if (arguments.count == 1) {
        return zc_fail(ZC_EXIT_USAGE, "%s: a value is missing: 'zcache config %s VALUE'",
                       arguments.words[0], arguments.words[0]);
    }
    const zc_shown_setting_t *setting = NULL;
    uint64_t number = 0;
    status = arguments.count == 0 ? ZC_EXIT_DONE : read_change(&arguments, &setting, &number);
    if (status != ZC_EXIT_DONE) {
        return status;
    }
    zcache_t *cache = NULL;
    status = zc_connect(arguments.at, &cache);
    if (status != ZC_EXIT_DONE) {
        return status;
    }
    const char *words[] = {arguments.count == 0 ? "" : arguments.words[0],
                           arguments.count == 0 ? "" : arguments.words[1]};
    status = setting == NULL ? show(cache, arguments.json) : change(cache, words, setting, number);
    zcache_close(&cache);
    return zc_output_finish(status);
}
