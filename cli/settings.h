/* SPDX-License-Identifier: MPL-2.0 */
/* Settings as people know them: the API counts all times in milliseconds and says so in the name,
 * people count long times in seconds. */
#ifndef ZC_CLI_SETTINGS_H
#define ZC_CLI_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/* X(name for people, name in the API, unit, in seconds?) */
#define ZC_SHOWN_SETTING_MAP(X)                                                                    \
    X("max_size", "max_size", "entries", false)                                                    \
    X("ghosts_max", "ghosts_max", "ghosts", false)                                                 \
    X("expire_after", "expire_after_ms", "seconds", true)                                          \
    X("heartbeat", "heartbeat_ms", "milliseconds", false)                                          \
    X("value_max", "value_max", "bytes", false)                                                    \
    X("max_clock_skew", "max_clock_skew_ms", "seconds", true)                                      \
    X("retire_after", "retire_after_ms", "seconds", true)

typedef struct zc_shown_setting {
    const char *name;
    const char *api_name;
    const char *unit;
    bool seconds;
} zc_shown_setting_t;

/* The row of either name; NULL: there is none. */
const zc_shown_setting_t *zc_shown_setting_find(const char *name);

/* Every line of a node's statistics and settings, in the order in which it sends them: as an object
 * of JSON, or as a table. `context` of the visitor is a zc_shown_t. */
typedef struct zc_shown zc_shown_t;

zc_shown_t *zc_shown_new(bool json); /* NULL: no memory */
bool zc_shown_add(void *shown, const char *name, const char *text, uint64_t number);
/* Writes what is still to be written. False: memory had run out. */
bool zc_shown_print(zc_shown_t *shown);
void zc_shown_destroy(zc_shown_t **shown);

#endif
