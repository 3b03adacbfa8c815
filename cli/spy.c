/* SPDX-License-Identifier: MPL-2.0 */
/* zcache spy: the whole cache from head to tail. In a pipe and as JSON it is written as it comes.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/json.h"
#include "cli/listing.h"
#include "cli/output.h"
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

static bool add_json(void *context, const zcache_entry_t *entry) {
    zc_listing_t *listing = context;
    json_t *json =
        json_pack("{s:o,s:o,s:o,s:o,s:o}", "key", zc_json_of_bytes(entry->key, entry->key_size),
                  "value", zc_json_of_value(entry->value, entry->value_size, entry->type), "age_ms",
                  zc_json_of_uint(entry->age_ms), "ttl_ms", zc_json_of_ttl(entry->ttl_ms), "origin",
                  zc_json_of_origin(entry->origin));
    return zc_listing_add_json(listing, json);
}

static bool add_row(void *context, const zcache_entry_t *entry) {
    zc_listing_t *listing = context;
    bool people = zc_listing_is_for_people(listing);
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
    bool added = zc_listing_add_row(listing, texts, NULL);
    free(key);
    free(value);
    return added;
}

static int show(zcache_t *cache, const zc_arguments_t *arguments, void *context) {
    (void)context;
    zc_listing_t listing;
    if (!zc_listing_begin(&listing, columns, COLUMN_COUNT, arguments->json)) {
        return zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    zcache_status status = zcache_spy(cache, arguments->json ? add_json : add_row, &listing);
    /* An error in the midst of it leaves what came before. */
    return zc_listing_end(&listing) ? zc_report(cache, status)
                                    : zc_fail(ZC_EXIT_FAILED, "out of memory");
}

int zc_command_spy(int argc, char **argv) {
    return zc_ask_node(&usage, argc, argv, NULL, show);
}
