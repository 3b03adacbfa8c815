/* SPDX-License-Identifier: MPL-2.0 */
/* zcache peers: the mesh as one node sees it, itself first. */
#include <inttypes.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/text.h"

static const zc_usage_t usage = {
    .name = "peers",
    .text = "List the members of the mesh as the node sees them, itself first: name, endpoint, "
            "origin, state, region, microseconds of the last round trip, milliseconds that the "
            "node is behind the peer's writes.",
    .at = true,
    .json = true,
    .json_text = "Write an array of name, endpoint, origin, state, region, rtt_us, lag_ms",
};

static const zc_column_t columns[] = {
    {.name = "NAME"},
    {.name = "ENDPOINT"},
    {.name = "ORIGIN"},
    {.name = "STATE"},
    {.name = "REGION"},
    {.name = "RTT US", .right = true},
    {.name = "LAG MS", .right = true},
};

enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]), STATE_COLUMN = 3 };

typedef struct listing {
    zc_table_t *table; /* NULL: JSON */
    zc_json_array_t array;
    bool failed; /* no memory */
} listing_t;

static bool add_json(void *context, const zcache_peer_t *peer) {
    listing_t *listing = context;
    json_t *json = json_pack(
        "{s:s,s:s,s:o,s:s,s:s,s:o,s:o}", "name", peer->name, "endpoint", peer->endpoint, "origin",
        zc_json_of_origin(peer->origin), "state", peer->state, "region", peer->region, "rtt_us",
        zc_json_of_uint(peer->rtt_us), "lag_ms", zc_json_of_uint(peer->lag_ms));
    listing->failed = json == NULL;
    return zc_json_array_add(&listing->array, json);
}

static const char *colour_of(const char *state) {
    if (strcmp(state, "live") == 0 || strcmp(state, "self") == 0) {
        return "green";
    }
    return strcmp(state, "gone") == 0 || strcmp(state, "skewed") == 0 ? "red" : "yellow";
}

static bool add_row(void *context, const zcache_peer_t *peer) {
    listing_t *listing = context;
    char origin[ZC_ORIGIN_TEXT_BYTES];
    zc_origin_text(peer->origin, origin);
    if (zc_table_is_terminal(listing->table)) {
        origin[8] = '\0'; /* enough to tell nodes apart */
    }
    char rtt[ZC_DURATION_BYTES];
    char lag[ZC_DURATION_BYTES];
    snprintf(rtt, sizeof(rtt), "%" PRIu64, peer->rtt_us);
    snprintf(lag, sizeof(lag), "%" PRIu64, peer->lag_ms);
    const char *texts[COLUMN_COUNT] = {
        peer->name, peer->endpoint, origin, peer->state, peer->region, rtt, lag};
    const char *colours[COLUMN_COUNT] = {[STATE_COLUMN] = colour_of(peer->state)};
    bool added = zc_table_add(listing->table, texts, colours);
    listing->failed = !added && !zc_output_broken();
    return added;
}

static int show(zcache_t *cache, bool json) {
    listing_t listing = {.table = json ? NULL : zc_table_new(columns, COLUMN_COUNT)};
    if (!json && listing.table == NULL) {
        return zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    zcache_status status = zcache_peers(cache, json ? add_json : add_row, &listing);
    if (json) {
        zc_json_array_end(&listing.array);
    } else {
        zc_table_print(listing.table);
    }
    zc_table_destroy(&listing.table);
    return listing.failed ? zc_fail(ZC_EXIT_FAILED, "out of memory") : zc_report(cache, status);
}

int zc_command_peers(int argc, char **argv) {
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
