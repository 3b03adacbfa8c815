/* SPDX-License-Identifier: MPL-2.0 */
/* zcache peers: the mesh as one node sees it, itself first. */
#include <inttypes.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/json.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "cli/text.h"

static const zc_usage_t usage = {
    .name = "peers",
    .text =
        "List the members of the mesh as the node sees them, itself first: name, endpoint, "
        "origin, state, region, microseconds of the last round trip (- where it is not known, as "
        "of one that is gone), milliseconds that the "
        "node is behind the peer's writes, and whether the two held the same entries when its "
        "last heartbeat came: yes, no, or - where traffic or its state leave that open. They may "
        "differ by what each has evicted: 'zcache verify' tells. SKEW_MS is how far the peer's "
        "clock is ahead of the node's where that is too far (max_clock_skew_ms), so that the node "
        "takes nothing from it, or, negative, behind, so that it takes nothing from the node.",
    .at = true,
    .json = true,
    .json_text =
        "Write an array of name, endpoint, origin, state, region, rtt_us (null: not known), "
        "lag_ms, agrees (true, false, or null: not known), skew_ms",
};

static const zc_column_t columns[] = {
    {.name = "NAME", .cut = true},      {.name = "ENDPOINT"},
    {.name = "ORIGIN", .cut = true},    {.name = "STATE"},
    {.name = "REGION", .cut = true},    {.name = "RTT_US", .right = true},
    {.name = "LAG_MS", .right = true},  {.name = "AGREES"},
    {.name = "SKEW_MS", .right = true},
};

enum {
    COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]),
    STATE_COLUMN = 3,
    AGREES_COLUMN = 7,
};

static json_t *json_of_agreement(zcache_agreement agrees) {
    return agrees == ZCACHE_AGREES_UNKNOWN ? json_null() : json_boolean(agrees == ZCACHE_AGREES);
}

static json_t *json_of_rtt(uint64_t rtt_us) {
    return rtt_us == 0 ? json_null() : zc_json_of_uint(rtt_us);
}

static const char *text_of_agreement(zcache_agreement agrees) {
    return agrees == ZCACHE_AGREES_UNKNOWN ? "-" : agrees == ZCACHE_AGREES ? "yes" : "no";
}

static bool add_json(void *context, const zcache_peer_t *peer) {
    zc_listing_t *listing = context;
    json_t *json = json_pack(
        "{s:s,s:s,s:o,s:s,s:s,s:o,s:o,s:o,s:I}", "name", peer->name, "endpoint", peer->endpoint,
        "origin", zc_json_of_origin(peer->origin), "state", peer->state, "region", peer->region,
        "rtt_us", json_of_rtt(peer->rtt_us), "lag_ms", zc_json_of_uint(peer->lag_ms), "agrees",
        json_of_agreement(peer->agrees), "skew_ms", (json_int_t)peer->skew_ms);
    return zc_listing_add_json(listing, json);
}

static const char *colour_of(const char *state) {
    if (strcmp(state, "live") == 0 || strcmp(state, "self") == 0) {
        return "green";
    }
    return strcmp(state, "gone") == 0 || strcmp(state, "skewed") == 0 ? "red" : "yellow";
}

static bool add_row(void *context, const zcache_peer_t *peer) {
    zc_listing_t *listing = context;
    char origin[ZC_ORIGIN_TEXT_BYTES];
    zc_origin_text(peer->origin, origin);
    const char *name = peer->name;
    if (zc_listing_is_for_people(listing)) {
        origin[8] = '\0'; /* enough to tell nodes apart */
        name = strcmp(name, peer->endpoint) == 0 ? "-" : name;
    }
    char rtt[ZC_DURATION_BYTES] = "-";
    char lag[ZC_DURATION_BYTES];
    char skew[ZC_DURATION_BYTES];
    if (peer->rtt_us != 0) {
        snprintf(rtt, sizeof(rtt), "%" PRIu64, peer->rtt_us);
    }
    snprintf(lag, sizeof(lag), "%" PRIu64, peer->lag_ms);
    snprintf(skew, sizeof(skew), "%" PRId64, peer->skew_ms);
    const char *texts[COLUMN_COUNT] = {name,         peer->endpoint,
                                       origin,       peer->state,
                                       peer->region, rtt,
                                       lag,          text_of_agreement(peer->agrees),
                                       skew};
    const char *colours[COLUMN_COUNT] = {[STATE_COLUMN] = colour_of(peer->state),
                                         [AGREES_COLUMN] =
                                             peer->agrees == ZCACHE_AGREES_NOT ? "yellow" : NULL};
    return zc_listing_add_row(listing, texts, colours);
}

static int show(zcache_t *cache, const zc_arguments_t *arguments, void *context) {
    (void)context;
    zc_listing_t listing;
    if (!zc_listing_begin(&listing, columns, COLUMN_COUNT, arguments->json)) {
        return zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    zcache_status status = zcache_peers(cache, arguments->json ? add_json : add_row, &listing);
    /* An error in the midst of it leaves what came before. */
    return zc_listing_end(&listing) ? zc_report(cache, status)
                                    : zc_fail(ZC_EXIT_FAILED, "out of memory");
}

int zc_command_peers(int argc, char **argv) {
    return zc_ask_node(&usage, argc, argv, NULL, show);
}
