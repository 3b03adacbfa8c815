/* SPDX-License-Identifier: MPL-2.0 */
/* Names and numbers, as `stats` and `config` list them. A name that this program does not know is
 * shown as the node sends it, so that an older command can ask a newer node. */
#include "cli/settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/json.h"
#include "cli/number.h"
#include "cli/output.h"
#include "cli/table.h"

const zc_shown_setting_t *zc_shown_setting_find(const char *name) {
    static const zc_shown_setting_t settings[] = {
#define SETTING_ROW(shown, api_name, unit, seconds, least, most)                                   \
    {shown, api_name, unit, seconds, least, most},
        ZC_SHOWN_SETTING_MAP(SETTING_ROW)
#undef SETTING_ROW
    };
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (strcmp(settings[i].name, name) == 0 || strcmp(settings[i].api_name, name) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

int zc_shown_setting_parse(const zc_shown_setting_t *setting, const char *option, const char *text,
                           uint64_t *number) {
    /* Under the API's name a time is in the API's unit. */
    bool api = strcmp(option, setting->api_name) == 0;
    if (setting->seconds && !api) {
        return zc_option_seconds(option, text, setting->least, setting->most,
                                 setting->least == 0 ? "never" : NULL, number);
    }
    return zc_option_number(option, text, setting->least, setting->most,
                            setting->seconds ? "milliseconds" : setting->unit, number);
}

struct zc_shown {
    zc_table_t *table;
    json_t *object; /* instead of a table */
    bool failed;
};

static const zc_column_t columns[] = {{.name = "NAME"}, {.name = "VALUE", .right = true}};

zc_shown_t *zc_shown_new(bool json) {
    zc_shown_t *shown = calloc(1, sizeof(*shown));
    if (shown == NULL) {
        return NULL;
    }
    if (json) {
        shown->object = json_object();
    } else {
        shown->table = zc_table_new(columns, sizeof(columns) / sizeof(columns[0]));
    }
    if (shown->object == NULL && shown->table == NULL) {
        zc_shown_destroy(&shown);
    }
    return shown;
}

static json_t *number_to_json(const zc_shown_setting_t *setting, uint64_t number) {
    if (setting == NULL || !setting->seconds || number % 1000 == 0) {
        bool seconds = setting != NULL && setting->seconds;
        return zc_json_of_uint(seconds ? number / 1000 : number);
    }
    return json_real((double)number / 1000);
}

bool zc_shown_add(void *context, const char *name, const char *text, uint64_t number) {
    zc_shown_t *shown = context;
    const zc_shown_setting_t *setting = text == NULL ? zc_shown_setting_find(name) : NULL;
    const char *shown_name = setting == NULL ? name : setting->name;
    if (shown->object != NULL) {
        json_t *json = text == NULL ? number_to_json(setting, number) : json_string(text);
        shown->failed = json_object_set_new(shown->object, shown_name, json) != 0;
        return !shown->failed;
    }
    char digits[ZC_SECONDS_TEXT_BYTES];
    snprintf(digits, sizeof(digits), "%" PRIu64, number);
    if (setting != NULL && setting->seconds) {
        zc_seconds_text(number, digits);
    }
    const char *texts[] = {shown_name, text == NULL ? digits : text};
    bool added = zc_table_add(shown->table, texts, NULL);
    shown->failed = !added && !zc_output_broken();
    return added;
}

bool zc_shown_print(zc_shown_t *shown) {
    if (shown->object != NULL) {
        return zc_json_print(json_incref(shown->object), ZC_DIGITS_SHORT) || zc_output_broken();
    }
    zc_table_print(shown->table);
    return !shown->failed;
}

void zc_shown_destroy(zc_shown_t **shown) {
    if (*shown != NULL) {
        json_decref((*shown)->object);
        zc_table_destroy(&(*shown)->table);
        free(*shown);
        *shown = NULL;
    }
}

int zc_shown_list(zcache_t *cache, zc_shown_ask_fn *ask, bool json) {
    zc_shown_t *shown = zc_shown_new(json);
    if (shown == NULL) {
        return zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    int status = zc_report(cache, ask(cache, zc_shown_add, shown));
    if (status == ZC_EXIT_DONE && !zc_shown_print(shown)) {
        status = zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    zc_shown_destroy(&shown);
    return status;
}
