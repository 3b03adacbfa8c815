/* SPDX-License-Identifier: MPL-2.0 */
/* zcache spy: the whole cache from head to tail. In a pipe and as JSON it is written as it comes.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/text.h"

static const zc_usage_t usage = {
    .name = "spy",
    .text = "List the whole cache of the node, from the most to the least recently used, touching "
            "nothing: key, value, milliseconds since it was used, milliseconds to the end of its "
            "ttl, origin.",
    .at = true,
    .json = true,
    .json_text = "Write an array of key, value, age_ms, ttl_ms (null: none), origin",
};

static const zc_column_t columns[] = {
    {.name = "KEY", .cut = true},
    {.name = "VALUE", .cut = true},
    {.name = "AGE", .right = true},
    {.name = "TTL", .right = true},
    {.name = "ORIGIN"},
};

enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

typedef struct listing {
    zc_table_t *table; /* NULL: JSON */
    zc_json_array_t array;
    bool failed; /* no memory */
} listing_t;

static bool add_json(void *context, const zcache_entry_t *entry) {
    listing_t *listing = context;
    json_t *json =
        json_pack("{s:o,s:o,s:o,s:o,s:o}", "key", zc_json_of_bytes(entry->key, entry->key_size),
                  "value", zc_json_of_value(entry->value, entry->value_size, entry->type), "age_ms",
                  zc_json_of_uint(entry->age_ms), "ttl_ms", zc_json_of_ttl(entry->ttl_ms), "origin",
                  zc_json_of_origin(entry->origin));
    listing->failed = json == NULL;
    return zc_json_array_add(&listing->array, json);
}

static bool add_row(void *context, const zcache_entry_t *entry) {
    listing_t *listing = context;
    bool people = zc_table_is_terminal(listing->table);
    char *key = zc_output_escaped(entry->key, entry->key_size, people ? ZC_TEXT_SHORT : 0);
    char *value =
        zc_text_of_value(entry->value, entry->value_size, entry->type, people ? ZC_TEXT_SHORT : 0);
    char age[ZC_DURATION_BYTES];
    char ttl[ZC_DURATION_BYTES];
    char origin[ZC_ORIGIN_TEXT_BYTES];
    const char *texts[COLUMN_COUNT] = {key, value, zc_text_of_ms(entry->age_ms, people, age),
                                       zc_text_of_ms(entry->ttl_ms, people, ttl),
                                       zc_origin_text(entry->origin, origin)};
    if (people) {
        origin[8] = '\0'; /* enough to tell nodes apart */
    }
    bool made = key != NULL && value != NULL;
    bool added = made && zc_table_add(listing->table, texts, NULL);
    listing->failed = !added && !zc_output_broken();
    free(key);
    free(value);
    return added;
}

/* Shows what there is; an error in the midst of it leaves what came before. */
static int show(zcache_t *cache, bool json) {
    listing_t listing = {.table = json ? NULL : zc_table_new(columns, COLUMN_COUNT)};
    if (!json && listing.table == NULL) {
        return zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    zcache_status spied = zcache_spy(cache, json ? add_json : add_row, &listing);
    if (json) {
        zc_json_array_end(&listing.array);
    } else {
        zc_table_print(listing.table);
    }
    zc_table_destroy(&listing.table);
    return listing.failed ? zc_fail(ZC_EXIT_FAILED, "out of memory") : zc_report(cache, spied);
}

int zc_command_spy(int argc, char **argv) {
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
    status = show(cache, arguments.json);
    zcache_close(&cache);
    return zc_output_finish(status);
}
