/* SPDX-License-Identifier: MPL-2.0 */
/* Responses to clients: written result by result, and read in the same way.
 *
 * Invariant of a response being read: `rest` begins with item `items` counted from the end of the
 * listing that is open, or, where none is, with result `taken`. A reader that was told MALFORMED
 * drops the response. */
#include <zcache/client.h>

#include "lib/base/assert.h"
#include "lib/wire/fields.h"
#include "lib/wire/result.h"

enum {
    SPY_ENTRY_ITEMS = 7, /* key, value, type, age, ttl or nil, hlc, origin */
    PEER_ITEMS = 9,      /* name, endpoint, origin, state, region, rtt, lag, agrees or nil, skew */
    PEER_ITEMS_LEAST = 7,
    STAT_ITEMS = 2, /* name, text or number */
    SCAN_ITEMS = 2, /* key hash, digest */
};

/* -- Writing --------------------------------------------------------------- */

zcache_status zc_response_begin(zc_buffer_t *buffer, uint64_t number, uint32_t count) {
    zc_pack_t pack;
    size_t bytes = ZC_WIRE_HEAD_BYTES_MAX + ZC_PACK_UINT_BYTES_MAX + ZC_PACK_HEAD_BYTES_MAX;
    if (!zc_pack_open_anew(&pack, buffer, bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_head(&pack, ZC_RESPONSE_CODE, 2);
    zc_pack_uint(&pack, number);
    zc_pack_array(&pack, count);
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

zcache_status zc_response_add_status(zc_buffer_t *buffer, zcache_status status) {
    zc_pack_t pack;
    if (!zc_pack_open(&pack, buffer, 1 + ZC_PACK_UINT_BYTES_MAX)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, 1);
    zc_pack_int(&pack, status);
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

zcache_status zc_response_add_value(zc_buffer_t *buffer, zc_slice_t value, uint8_t type) {
    zc_pack_t pack;
    size_t bytes = 2 + ZC_PACK_HEAD_BYTES_MAX + value.bytes + ZC_PACK_UINT_BYTES_MAX;
    if (!zc_pack_open(&pack, buffer, bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, 3);
    zc_pack_int(&pack, ZCACHE_OK);
    zc_pack_bin(&pack, value);
    zc_pack_uint(&pack, type);
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

zcache_status zc_response_add_ping(zc_buffer_t *buffer, bool ready, zc_slice_t watch_endpoint) {
    zc_pack_t pack;
    if (!zc_pack_open(&pack, buffer, 3 + ZC_PACK_HEAD_BYTES_MAX + watch_endpoint.bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, 3);
    zc_pack_int(&pack, ZCACHE_OK);
    zc_pack_bool(&pack, ready);
    zc_pack_str(&pack, watch_endpoint);
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

zcache_status zc_response_begin_list(zc_buffer_t *buffer, bool walks, zc_response_list_t *list) {
    zc_pack_t pack;
    if (!zc_pack_open(&pack, buffer, 2 + ZC_PACK_UINT_FIXED_BYTES + ZC_PACK_ARRAY_FIXED_BYTES)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, walks ? 3 : 2);
    zc_pack_int(&pack, ZCACHE_OK);
    if (walks) {
        zc_pack_uint_fixed(zc_pack_skip(&pack, ZC_PACK_UINT_FIXED_BYTES), 0);
    }
    uint8_t *at = zc_pack_skip(&pack, ZC_PACK_ARRAY_FIXED_BYTES);
    zc_pack_array_fixed(at, 0);
    *list = (zc_response_list_t){.at = (size_t)(at - buffer->data), .walks = walks};
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

/* Milliseconds that may be without end. */
static void pack_ttl(zc_pack_t *pack, uint64_t ttl_ms) {
    if (ttl_ms == UINT64_MAX) {
        zc_pack_nil(pack);
    } else {
        zc_pack_uint(pack, ttl_ms);
    }
}

zcache_status zc_response_add_spy_entry(zc_buffer_t *buffer, zc_response_list_t *list,
                                        const zc_spy_entry_t *entry) {
    zc_pack_t pack;
    size_t bytes = 1 + 2 * ZC_PACK_HEAD_BYTES_MAX + entry->key.bytes + entry->value.bytes +
                   4 * ZC_PACK_UINT_BYTES_MAX + ZC_WIRE_ORIGIN_BYTES;
    if (!zc_pack_open(&pack, buffer, bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, SPY_ENTRY_ITEMS);
    zc_pack_bin(&pack, entry->key);
    zc_pack_bin(&pack, entry->value);
    zc_pack_uint(&pack, entry->type);
    zc_pack_uint(&pack, entry->age_ms);
    pack_ttl(&pack, entry->ttl_ms);
    zc_pack_uint(&pack, entry->stamp.hlc);
    zc_pack_origin(&pack, &entry->stamp.origin);
    zc_pack_close(&pack);
    list->count++;
    return ZCACHE_OK;
}

zcache_status zc_response_add_peer(zc_buffer_t *buffer, zc_response_list_t *list,
                                   const zc_peer_row_t *peer) {
    zc_pack_t pack;
    size_t bytes = 1 + 4 * ZC_PACK_HEAD_BYTES_MAX + peer->name.bytes + peer->endpoint.bytes +
                   peer->state.bytes + peer->region.bytes + ZC_WIRE_ORIGIN_BYTES +
                   3 * ZC_PACK_UINT_BYTES_MAX + 1;
    if (!zc_pack_open(&pack, buffer, bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, PEER_ITEMS);
    zc_pack_str(&pack, peer->name);
    zc_pack_str(&pack, peer->endpoint);
    zc_pack_origin(&pack, &peer->origin);
    zc_pack_str(&pack, peer->state);
    zc_pack_str(&pack, peer->region);
    zc_pack_uint(&pack, peer->rtt_us);
    zc_pack_uint(&pack, peer->lag_ms);
    if (peer->agreement == ZC_AGREEMENT_UNKNOWN) {
        zc_pack_nil(&pack);
    } else {
        zc_pack_bool(&pack, peer->agreement == ZC_AGREEMENT_SAME);
    }
    zc_pack_int(&pack, peer->skew_ms);
    zc_pack_close(&pack);
    list->count++;
    return ZCACHE_OK;
}

zcache_status zc_response_add_stat(zc_buffer_t *buffer, zc_response_list_t *list,
                                   const zc_stat_row_t *row) {
    zc_pack_t pack;
    size_t bytes = 1 + 2 * ZC_PACK_HEAD_BYTES_MAX + row->name.bytes +
                   (row->is_text ? row->text.bytes : 0) + ZC_PACK_UINT_BYTES_MAX;
    if (!zc_pack_open(&pack, buffer, bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, STAT_ITEMS);
    zc_pack_str(&pack, row->name);
    if (row->is_text) {
        zc_pack_str(&pack, row->text);
    } else {
        zc_pack_uint(&pack, row->number);
    }
    zc_pack_close(&pack);
    list->count++;
    return ZCACHE_OK;
}

zcache_status zc_response_add_scan_row(zc_buffer_t *buffer, zc_response_list_t *list,
                                       const zc_scan_row_t *row) {
    zc_pack_t pack;
    if (!zc_pack_open(&pack, buffer, 1 + 2 * ZC_PACK_UINT_BYTES_MAX)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, SCAN_ITEMS);
    zc_pack_uint(&pack, row->key_hash);
    zc_pack_uint(&pack, row->digest);
    zc_pack_close(&pack);
    list->count++;
    return ZCACHE_OK;
}

void zc_response_end_list(zc_buffer_t *buffer, zc_response_list_t *list, uint64_t walk) {
    ZC_ASSERT(list->at + ZC_PACK_ARRAY_FIXED_BYTES <= buffer->bytes);
    uint8_t *at = buffer->data + list->at;
    zc_pack_array_fixed(at, list->count);
    if (list->walks) {
        zc_pack_uint_fixed(at - ZC_PACK_UINT_FIXED_BYTES, walk);
    }
}

/* -- Reading --------------------------------------------------------------- */

zcache_status zc_response_open(zc_slice_t bytes, zc_response_t *response) {
    zc_unpack_t unpack = zc_unpack_open(bytes);
    zc_head_t head = zc_unpack_head(&unpack);
    if (zc_unpack_failed(&unpack) || head.code != ZC_RESPONSE_CODE) {
        return ZCACHE_MALFORMED;
    }
    if (head.version != ZC_PROTOCOL_VERSION) {
        return ZCACHE_INCOMPATIBLE;
    }
    uint64_t number = zc_unpack_uint(&unpack, 0, UINT64_MAX);
    uint32_t count = zc_unpack_array(&unpack, 1, ZCACHE_OPERATIONS_MAX, 2);
    if (zc_unpack_failed(&unpack) || head.fields != 2) {
        return ZCACHE_MALFORMED;
    }
    *response = (zc_response_t){.number = number, .count = count, .rest = zc_unpack_rest(&unpack)};
    return ZCACHE_OK;
}

/* Goes on behind what was read, if it was read well: then nothing may be left after the last item
 * of the last result. */
static zcache_status go_on(zc_response_t *response, zc_unpack_t *unpack, uint32_t taken,
                           uint32_t items) {
    if (taken == response->count && items == 0) {
        zc_unpack_finish(unpack);
    }
    if (zc_unpack_failed(unpack)) {
        return ZCACHE_MALFORMED;
    }
    response->taken = taken;
    response->items = items;
    response->rest = zc_unpack_rest(unpack);
    return ZCACHE_OK;
}

zc_unpack_t zc_result_open(const zc_response_t *response, uint32_t items, zcache_status *status) {
    ZC_ASSERT(response->items == 0);
    zc_unpack_t unpack = zc_unpack_open(response->rest);
    if (response->taken == response->count) {
        zc_unpack_fail(&unpack, ZCACHE_MALFORMED);
    }
    uint32_t count = zc_unpack_array(&unpack, 1, items, 1);
#define STATUS_ROW(name, number, text) +1
    const int64_t statuses = 0 ZCACHE_STATUS_MAP(STATUS_ROW);
#undef STATUS_ROW
    *status = (zcache_status)zc_unpack_int(&unpack, 1 - statuses, 0);
    if (count != (*status == ZCACHE_OK ? items : 1)) {
        zc_unpack_fail(&unpack, ZCACHE_MALFORMED);
    }
    return unpack;
}

zcache_status zc_result_close(zc_response_t *response, zc_unpack_t *unpack, zcache_status found,
                              zcache_status *status) {
    zcache_status read = go_on(response, unpack, response->taken + 1, 0);
    if (read == ZCACHE_OK) {
        *status = found;
    }
    return read;
}

zcache_status zc_response_next_status(zc_response_t *response, zcache_status *status) {
    zcache_status found = ZCACHE_OK;
    zc_unpack_t unpack = zc_result_open(response, 1, &found);
    return zc_result_close(response, &unpack, found, status);
}

zcache_status zc_response_next_value(zc_response_t *response, zcache_status *status,
                                     zc_slice_t *value, uint8_t *type) {
    zcache_status found = ZCACHE_OK;
    zc_unpack_t unpack = zc_result_open(response, 3, &found);
    zc_slice_t bytes = zc_slice(NULL, 0);
    uint8_t bytes_type = ZCACHE_RAW;
    if (found == ZCACHE_OK) {
        bytes = zc_unpack_bin(&unpack, 0, ZCACHE_VALUE_MAX_CEILING);
        bytes_type = (uint8_t)zc_unpack_uint(&unpack, ZCACHE_RAW, ZCACHE_MSGPACK);
    }
    zcache_status read = zc_result_close(response, &unpack, found, status);
    if (read == ZCACHE_OK && found == ZCACHE_OK) {
        *value = bytes;
        *type = bytes_type;
    }
    return read;
}

zcache_status zc_response_next_ping(zc_response_t *response, zcache_status *status, bool *ready,
                                    zc_slice_t *watch_endpoint) {
    zcache_status found = ZCACHE_OK;
    zc_unpack_t unpack = zc_result_open(response, 3, &found);
    bool is_ready = false;
    zc_slice_t endpoint = zc_slice(NULL, 0);
    if (found == ZCACHE_OK) {
        is_ready = zc_unpack_bool(&unpack);
        endpoint = zc_unpack_endpoint(&unpack);
    }
    zcache_status read = zc_result_close(response, &unpack, found, status);
    if (read == ZCACHE_OK && found == ZCACHE_OK) {
        *ready = is_ready;
        *watch_endpoint = endpoint;
    }
    return read;
}

zcache_status zc_response_next_list(zc_response_t *response, bool walks, zcache_status *status,
                                    uint64_t *walk, uint32_t *count) {
    zcache_status found = ZCACHE_OK;
    zc_unpack_t unpack = zc_result_open(response, walks ? 3 : 2, &found);
    uint64_t next_walk = 0;
    uint32_t items = 0;
    if (found == ZCACHE_OK) {
        next_walk = walks ? zc_unpack_uint(&unpack, 0, UINT64_MAX) : 0;
        items = zc_unpack_array(&unpack, 0, UINT32_MAX, 1 + STAT_ITEMS);
    }
    zcache_status read = go_on(response, &unpack, response->taken + 1, items);
    if (read == ZCACHE_OK) {
        *status = found;
        *count = items;
        if (walks && found == ZCACHE_OK) {
            *walk = next_walk;
        }
    }
    return read;
}

/* The next item of the listing that is open. */
static zc_unpack_t open_item_between(const zc_response_t *response, uint32_t least, uint32_t most,
                                     uint32_t *items) {
    zc_unpack_t unpack = zc_unpack_open(response->rest);
    if (response->items == 0) {
        zc_unpack_fail(&unpack, ZCACHE_MALFORMED);
    }
    *items = zc_unpack_array(&unpack, least, most, 1);
    return unpack;
}

static zc_unpack_t open_item(const zc_response_t *response, uint32_t items) {
    return open_item_between(response, items, items, &items);
}

static uint64_t unpack_ttl(zc_unpack_t *unpack) {
    return zc_unpack_nil(unpack) ? UINT64_MAX : zc_unpack_uint(unpack, 0, UINT64_MAX - 1);
}

zcache_status zc_response_read_spy_entry(zc_response_t *response, zc_spy_entry_t *entry) {
    zc_unpack_t unpack = open_item(response, SPY_ENTRY_ITEMS);
    zc_spy_entry_t found;
    found.key = zc_unpack_bin(&unpack, 1, ZCACHE_KEY_MAX);
    found.value = zc_unpack_bin(&unpack, 0, ZCACHE_VALUE_MAX_CEILING);
    found.type = (uint8_t)zc_unpack_uint(&unpack, ZCACHE_RAW, ZCACHE_MSGPACK);
    found.age_ms = zc_unpack_uint(&unpack, 0, UINT64_MAX);
    found.ttl_ms = unpack_ttl(&unpack);
    found.stamp.hlc = zc_unpack_hlc(&unpack);
    found.stamp.origin = zc_unpack_origin(&unpack);
    zcache_status read = go_on(response, &unpack, response->taken, response->items - 1);
    if (read == ZCACHE_OK) {
        *entry = found;
    }
    return read;
}

static zc_agreement_t unpack_agreement(zc_unpack_t *unpack) {
    if (zc_unpack_nil(unpack)) {
        return ZC_AGREEMENT_UNKNOWN;
    }
    return zc_unpack_bool(unpack) ? ZC_AGREEMENT_SAME : ZC_AGREEMENT_DIFFERENT;
}

zcache_status zc_response_read_peer(zc_response_t *response, zc_peer_row_t *peer) {
    uint32_t items = 0;
    zc_unpack_t unpack = open_item_between(response, PEER_ITEMS_LEAST, PEER_ITEMS, &items);
    zc_peer_row_t found;
    found.name = zc_unpack_text(&unpack);
    found.endpoint = zc_unpack_endpoint(&unpack);
    zc_slice_t origin = zc_unpack_bin(&unpack, ZC_ORIGIN_BYTES, ZC_ORIGIN_BYTES);
    found.state = zc_unpack_text(&unpack);
    found.region = zc_unpack_text(&unpack);
    found.rtt_us = zc_unpack_uint(&unpack, 0, UINT64_MAX);
    found.lag_ms = zc_unpack_uint(&unpack, 0, UINT64_MAX);
    found.agreement = items > PEER_ITEMS_LEAST ? unpack_agreement(&unpack) : ZC_AGREEMENT_UNKNOWN;
    found.skew_ms = items == PEER_ITEMS ? zc_unpack_int(&unpack, INT64_MIN, INT64_MAX) : 0;
    zcache_status read = go_on(response, &unpack, response->taken, response->items - 1);
    if (read == ZCACHE_OK) {
        memcpy(found.origin.bytes, origin.data, ZC_ORIGIN_BYTES);
        *peer = found;
    }
    return read;
}

zcache_status zc_response_read_stat(zc_response_t *response, zc_stat_row_t *row) {
    zc_unpack_t unpack = open_item(response, STAT_ITEMS);
    zc_stat_row_t found = {.is_text = false};
    found.name = zc_unpack_text(&unpack);
    found.is_text = zc_unpack_is_str(&unpack);
    if (found.is_text) {
        found.text = zc_unpack_text(&unpack);
    } else {
        found.number = zc_unpack_uint(&unpack, 0, UINT64_MAX);
    }
    zcache_status read = go_on(response, &unpack, response->taken, response->items - 1);
    if (read == ZCACHE_OK) {
        *row = found;
    }
    return read;
}

zcache_status zc_response_read_scan_row(zc_response_t *response, zc_scan_row_t *row) {
    zc_unpack_t unpack = open_item(response, SCAN_ITEMS);
    zc_scan_row_t found;
    found.key_hash = zc_unpack_uint(&unpack, 0, UINT64_MAX);
    found.digest = zc_unpack_uint(&unpack, 0, UINT64_MAX);
    zcache_status read = go_on(response, &unpack, response->taken, response->items - 1);
    if (read == ZCACHE_OK) {
        *row = found;
    }
    return read;
}
