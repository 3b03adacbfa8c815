/* SPDX-License-Identifier: MPL-2.0 */
/* Settings as people know them: the API counts all times in milliseconds and says so in the name,
 * people count long times in seconds. */
#ifndef ZC_CLI_SETTINGS_H
#define ZC_CLI_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <zcache/client.h>
#include <zcache/limits.h>

/* X(name for people, name in the API, unit, in seconds?, least, most), the range in the unit of the
 * API. It is the node that holds to the range; here it is for telling people what would be right.
 */
#define ZC_SHOWN_SETTING_MAP(X)                                                                    \
    X("max_size", "max_size", "entries", false, 1, ZCACHE_SIZE_MAX_CEILING)                        \
    X("ghosts_max", "ghosts_max", "ghosts", false, 0, ZCACHE_SIZE_MAX_CEILING)                     \
    X("expire_after", "expire_after_ms", "seconds", true, 0,                                       \
      (uint64_t)ZCACHE_TTL_MAX_SECONDS * 1000)                                                     \
    X("heartbeat", "heartbeat_ms", "milliseconds", false, 10, 60000)                               \
    X("value_max", "value_max", "bytes", false, 1024, ZCACHE_VALUE_MAX_CEILING)                    \
    X("max_clock_skew", "max_clock_skew_ms", "seconds", true, 100, 3600000)                        \
    X("retire_after", "retire_after_ms", "seconds", true, 1000, 31536000000)

typedef struct zc_shown_setting {
    const char *name;
    const char *api_name;
    const char *unit;
    bool seconds;
    uint64_t least;
    uint64_t most;
} zc_shown_setting_t;

/* Reads `text` as a value of the setting, which `option` names ("--max-size", or its name). Returns
 * 0 and *number in the unit of the API, or EINVAL after a line of zc_fail. */
int zc_shown_setting_parse(const zc_shown_setting_t *setting, const char *option, const char *text,
                           uint64_t *number);

/* The row of either name; NULL: there is none. */
const zc_shown_setting_t *zc_shown_setting_find(const char *name);

/* Every line of a node's statistics and settings, in the order in which it sends them: as an object
 * of JSON, or as a table. `context` of the visitor is a zc_shown_t. */
typedef struct zc_shown zc_shown_t;

/* Asks the node with zcache_stats or zcache_config, and shows what it says. Returns the exit
 * status.
 */
typedef zcache_status zc_shown_ask_fn(zcache_t *cache, zcache_stats_fn *visit, void *context);
int zc_shown_list(zcache_t *cache, zc_shown_ask_fn *ask, bool json);

zc_shown_t *zc_shown_new(bool json); /* NULL: no memory */
bool zc_shown_add(void *shown, const char *name, const char *text, uint64_t number);
/* Writes what is still to be written. False: memory had run out. */
bool zc_shown_print(zc_shown_t *shown);
void zc_shown_destroy(zc_shown_t **shown);

#endif
