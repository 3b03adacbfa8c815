/* SPDX-License-Identifier: MPL-2.0 */
/* zcache config: the settings of the mesh, shown or changed (rule M2). */
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
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
    if (zc_shown_setting_parse(found, name, text, number) != 0) {
        return ZC_EXIT_USAGE;
    }
    *setting = found;
    return ZC_EXIT_DONE;
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
    status = zc_connect(&arguments, &cache);
    if (status != ZC_EXIT_DONE) {
        return status;
    }
    status = setting == NULL
                 ? zc_shown_list(cache, zcache_config, arguments.json)
                 : zc_report(cache, zcache_config_set(cache, setting->api_name, number));
    zcache_close(&cache);
    return zc_output_finish(status);
}
