/* SPDX-License-Identifier: MPL-2.0 */
/* The calls that list: spy, peers, stats, config. Items are shown as they are read from the answer,
 * which is one message, or for spy one message after another. What is shown is valid during the
 * call of the visitor alone. */
#include "lib/client/client.h"

_Static_assert((int)ZCACHE_AGREES_UNKNOWN == (int)ZC_AGREEMENT_UNKNOWN &&
                   (int)ZCACHE_AGREES == (int)ZC_AGREEMENT_SAME &&
                   (int)ZCACHE_AGREES_NOT == (int)ZC_AGREEMENT_DIFFERENT,
               "an agreement has the same number inside and outside");

static zcache_status visit_spy_page(zc_response_t *page, uint32_t count, zcache_spy_fn *visit,
                                    void *context, bool *going) {
    for (uint32_t i = 0; i < count && *going; i++) {
        zc_spy_entry_t row;
        if (zc_response_read_spy_entry(page, &row) != ZCACHE_OK) {
            return ZCACHE_MALFORMED;
        }
        zcache_entry_t entry = {.key = row.key.data,
                                .key_size = row.key.bytes,
                                .value = row.value.data,
                                .value_size = row.value.bytes,
                                .type = (zcache_type)row.type,
                                .age_ms = row.age_ms,
                                .ttl_ms = row.ttl_ms,
                                .hlc = row.stamp.hlc};
        memcpy(entry.origin, row.stamp.origin.bytes, sizeof(entry.origin));
        *going = visit(context, &entry);
    }
    return ZCACHE_OK;
}

zcache_status zcache_spy(zcache_t *cache, zcache_spy_fn *visit, void *context) {
    zc_client_begin(cache);
    zc_operation_t operation = {.type = ZC_OPERATION_SPY, .number = 0};
    bool going = true;
    do {
        zc_response_t page;
        zcache_status status = zc_client_ask(cache, &operation, &page);
        if (status != ZCACHE_OK) {
            return status;
        }
        uint32_t count = 0;
        uint64_t walk = 0;
        zcache_status decoded = zc_response_next_list(&page, true, &status, &walk, &count);
        if (decoded == ZCACHE_OK && status == ZCACHE_OK) {
            decoded = visit_spy_page(&page, count, visit, context, &going);
        }
        status = zc_client_done(cache, decoded, status);
        if (status != ZCACHE_OK) {
            return status;
        }
        operation.number = walk;
    } while (going && operation.number != 0);
    return ZCACHE_OK;
}

/* The bytes as a string in `text`, which has room for a name; what is longer is cut. */
static const char *terminated(zc_slice_t bytes, char text[ZCACHE_NAME_BYTES_MAX + 1]) {
    size_t length = bytes.bytes <= ZCACHE_NAME_BYTES_MAX ? bytes.bytes : ZCACHE_NAME_BYTES_MAX;
    if (length > 0) {
        memcpy(text, bytes.data, length);
    }
    text[length] = '\0';
    return text;
}

/* Reads and shows one item; false in *going ends the listing. */
typedef zcache_status show_fn(zc_response_t *response, const void *visit, void *context,
                              bool *going);

static zcache_status list(zcache_t *cache, zc_operation_type_t type, show_fn *show,
                          const void *visit, void *context) {
    zc_client_begin(cache);
    zc_operation_t operation = {.type = type};
    zc_response_t response;
    zcache_status status = zc_client_ask(cache, &operation, &response);
    if (status != ZCACHE_OK) {
        return status;
    }
    uint32_t count = 0;
    uint64_t walk = 0;
    zcache_status decoded = zc_response_next_list(&response, false, &status, &walk, &count);
    bool going = decoded == ZCACHE_OK && status == ZCACHE_OK;
    for (uint32_t i = 0; i < count && going; i++) {
        decoded = show(&response, visit, context, &going);
    }
    return zc_client_done(cache, decoded, status);
}

static zcache_status show_peer(zc_response_t *response, const void *visit, void *context,
                               bool *going) {
    zc_peer_row_t row;
    if (zc_response_read_peer(response, &row) != ZCACHE_OK) {
        *going = false;
        return ZCACHE_MALFORMED;
    }
    char name[ZCACHE_NAME_BYTES_MAX + 1];
    char endpoint[ZCACHE_NAME_BYTES_MAX + 1];
    char state[ZCACHE_NAME_BYTES_MAX + 1];
    char region[ZCACHE_NAME_BYTES_MAX + 1];
    zcache_peer_t peer = {.name = terminated(row.name, name),
                          .endpoint = terminated(row.endpoint, endpoint),
                          .state = terminated(row.state, state),
                          .region = terminated(row.region, region),
                          .rtt_us = row.rtt_us,
                          .lag_ms = row.lag_ms,
                          .agrees = (zcache_agreement)row.agreement,
                          .skew_ms = row.skew_ms};
    memcpy(peer.origin, row.origin.bytes, sizeof(peer.origin));
    zcache_peers_fn *const *function = visit;
    *going = (*function)(context, &peer);
    return ZCACHE_OK;
}

static zcache_status show_stat(zc_response_t *response, const void *visit, void *context,
                               bool *going) {
    zc_stat_row_t row;
    if (zc_response_read_stat(response, &row) != ZCACHE_OK) {
        *going = false;
        return ZCACHE_MALFORMED;
    }
    char name[ZCACHE_NAME_BYTES_MAX + 1];
    char text[ZCACHE_NAME_BYTES_MAX + 1];
    zcache_stats_fn *const *function = visit;
    *going = (*function)(context, terminated(row.name, name),
                         row.is_text ? terminated(row.text, text) : NULL, row.number);
    return ZCACHE_OK;
}

zcache_status zcache_peers(zcache_t *cache, zcache_peers_fn *visit, void *context) {
    return list(cache, ZC_OPERATION_PEERS, show_peer, &visit, context);
}

zcache_status zcache_stats(zcache_t *cache, zcache_stats_fn *visit, void *context) {
    return list(cache, ZC_OPERATION_STATS, show_stat, &visit, context);
}

zcache_status zcache_config(zcache_t *cache, zcache_stats_fn *visit, void *context) {
    return list(cache, ZC_OPERATION_CONFIG, show_stat, &visit, context);
}
