/* SPDX-License-Identifier: MPL-2.0 */
/* Responses: what is written is read back, the vectors in both directions, and what must be
 * refused. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include <zcache/client.h>

#include "lib/base/random.h"
#include "lib/wire/request.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/message_json.h"

static zc_buffer_t buffer;
static zc_buffer_t memory;
static zc_wire_scratch_t scratch;
static json_t *cases;

static void set_up(void) {
    zc_wire_scratch_init(&scratch, zc_allocator_system());
    zc_buffer_init(&buffer, zc_allocator_system());
    zc_buffer_init(&memory, zc_allocator_system());
    cr_assert_not_null(zc_buffer_reserve(&memory, 1 << 20));
    cases = zc_vectors_load("response");
}

static void tear_down(void) {
    json_decref(cases);
    zc_wire_scratch_fini(&scratch);
    zc_buffer_fini(&buffer);
    zc_buffer_fini(&memory);
}

TestSuite(response, .init = set_up, .fini = tear_down);

/* -- The items of listings as JSON, in both directions --------------------- */

static void map_optional(zc_mapper_t *mapper, const char *name, uint64_t *value) {
    if (mapper->writing && *value == UINT64_MAX) {
        json_object_set_new(mapper->object, name, json_null());
    } else if (!mapper->writing && json_is_null(json_object_get(mapper->object, name))) {
        *value = UINT64_MAX;
    } else {
        zc_map_uint(mapper, name, value);
    }
}

static void map_spy_entry(zc_mapper_t *mapper, zc_spy_entry_t *entry) {
    uint64_t type = entry->type;
    zc_map_bytes(mapper, "key", &entry->key);
    zc_map_bytes(mapper, "value", &entry->value);
    zc_map_uint(mapper, "type", &type);
    zc_map_uint(mapper, "age_ms", &entry->age_ms);
    map_optional(mapper, "ttl_ms", &entry->ttl_ms);
    zc_map_uint(mapper, "hlc", &entry->stamp.hlc);
    zc_map_fixed(mapper, "origin", entry->stamp.origin.bytes, ZC_ORIGIN_BYTES);
    entry->type = (uint8_t)type;
}

static void map_peer(zc_mapper_t *mapper, zc_peer_row_t *peer) {
    zc_map_text(mapper, "name", &peer->name);
    zc_map_text(mapper, "endpoint", &peer->endpoint);
    zc_map_fixed(mapper, "origin", peer->origin.bytes, ZC_ORIGIN_BYTES);
    zc_map_text(mapper, "state", &peer->state);
    zc_map_text(mapper, "region", &peer->region);
    zc_map_uint(mapper, "rtt_us", &peer->rtt_us);
    zc_map_uint(mapper, "lag_ms", &peer->lag_ms);
    json_t *agrees = json_object_get(mapper->object, "agrees");
    if (mapper->writing) {
        bool unknown = peer->agreement == ZC_AGREEMENT_UNKNOWN;
        agrees = unknown ? json_null() : json_boolean(peer->agreement == ZC_AGREEMENT_SAME);
        json_object_set_new(mapper->object, "agrees", agrees);
    } else {
        peer->agreement = json_is_null(agrees)   ? ZC_AGREEMENT_UNKNOWN
                          : json_is_true(agrees) ? ZC_AGREEMENT_SAME
                                                 : ZC_AGREEMENT_DIFFERENT;
    }
    if (mapper->writing) {
        json_object_set_new(mapper->object, "skew_ms", json_integer(peer->skew_ms));
    } else {
        peer->skew_ms = json_integer_value(json_object_get(mapper->object, "skew_ms"));
    }
}

static void map_scan_row(zc_mapper_t *mapper, zc_scan_row_t *row) {
    zc_map_uint(mapper, "key_hash", &row->key_hash);
    zc_map_uint(mapper, "digest", &row->digest);
}

static void map_look(zc_mapper_t *mapper, zc_look_t *look) {
    zc_map_bool(mapper, "ghost", &look->ghost);
    zc_map_uint(mapper, "hlc", &look->stamp.hlc);
    zc_map_fixed(mapper, "origin", look->stamp.origin.bytes, ZC_ORIGIN_BYTES);
    zc_map_uint(mapper, "digest", &look->digest);
    zc_map_bytes(mapper, "key", &look->key);
}

/* A number above 2^53 is a string in the JSON of vectors; a text there never has only digits. */
static void map_stat(zc_mapper_t *mapper, zc_stat_row_t *row) {
    zc_map_text(mapper, "name", &row->name);
    if (!mapper->writing) {
        const char *text = json_string_value(json_object_get(mapper->object, "value"));
        row->is_text = text != NULL && strspn(text, "0123456789") < strlen(text);
    }
    if (row->is_text) {
        zc_map_text(mapper, "value", &row->text);
    } else {
        zc_map_uint(mapper, "value", &row->number);
    }
}

static zc_mapper_t reading(json_t *json) {
    return (zc_mapper_t){.object = json, .memory = &memory};
}

static zc_mapper_t writing(void) {
    return (zc_mapper_t){.object = json_object(), .writing = true};
}

/* -- Writing what a vector says -------------------------------------------- */

/* What the items of a listing are called in a vector, and the number before them, if there is one.
 */
static const char *items_of(const char *kind) {
    return strcmp(kind, "SPY") == 0     ? "entries"
           : strcmp(kind, "PEERS") == 0 ? "peers"
           : strcmp(kind, "SCAN") == 0  ? "rows"
                                        : "stats";
}

static const char *walk_of(const char *kind) {
    return strcmp(kind, "SPY") == 0 ? "walk" : strcmp(kind, "SCAN") == 0 ? "position" : NULL;
}

static void write_list(json_t *result, const char *kind) {
    bool spy = strcmp(kind, "SPY") == 0;
    bool peers = strcmp(kind, "PEERS") == 0;
    const char *walk = walk_of(kind);
    zc_response_list_t list;
    cr_assert_eq(zc_response_begin_list(&buffer, walk != NULL, &list), ZCACHE_OK);
    json_t *items = json_object_get(result, items_of(kind));
    for (size_t i = 0; i < json_array_size(items); i++) {
        zc_mapper_t mapper = reading(json_array_get(items, i));
        if (spy) {
            zc_spy_entry_t entry = {.type = 0};
            map_spy_entry(&mapper, &entry);
            cr_assert_eq(zc_response_add_spy_entry(&buffer, &list, &entry), ZCACHE_OK);
        } else if (peers) {
            zc_peer_row_t peer = {.rtt_us = 0};
            map_peer(&mapper, &peer);
            cr_assert_eq(zc_response_add_peer(&buffer, &list, &peer), ZCACHE_OK);
        } else if (walk != NULL) {
            zc_scan_row_t row = {.digest = 0};
            map_scan_row(&mapper, &row);
            cr_assert_eq(zc_response_add_scan_row(&buffer, &list, &row), ZCACHE_OK);
        } else {
            zc_stat_row_t row = {.number = 0};
            map_stat(&mapper, &row);
            cr_assert_eq(zc_response_add_stat(&buffer, &list, &row), ZCACHE_OK);
        }
    }
    uint64_t next = walk == NULL ? 0 : zc_json_to_uint(json_object_get(result, walk));
    zc_response_end_list(&buffer, &list, next);
}

static void write_result(json_t *result) {
    const char *kind = json_string_value(json_object_get(result, "result"));
    int status = (int)json_integer_value(json_object_get(result, "status"));
    zc_mapper_t mapper = reading(result);
    if (status != 0 || strcmp(kind, "STATUS") == 0) {
        cr_assert_eq(zc_response_add_status(&buffer, (zcache_status)status), ZCACHE_OK);
    } else if (strcmp(kind, "VALUE") == 0) {
        zc_slice_t value;
        uint64_t type = 0;
        zc_map_bytes(&mapper, "value", &value);
        zc_map_uint(&mapper, "type", &type);
        cr_assert_eq(zc_response_add_value(&buffer, value, (uint8_t)type), ZCACHE_OK);
    } else if (strcmp(kind, "PING") == 0) {
        bool ready = false;
        zc_slice_t endpoint;
        zc_map_bool(&mapper, "ready", &ready);
        zc_map_text(&mapper, "watch_endpoint", &endpoint);
        cr_assert_eq(zc_response_add_ping(&buffer, ready, endpoint), ZCACHE_OK);
    } else if (strcmp(kind, "DIGEST") == 0) {
        static uint64_t parts[ZC_DIGEST_PARTS];
        zc_digest_t digest = {.joining = false};
        zc_map_digest(&mapper, &digest, parts);
        cr_assert_eq(zc_response_add_digest(&buffer, &digest), ZCACHE_OK);
    } else if (strcmp(kind, "LOOK") == 0) {
        zc_look_t look = {.ghost = false};
        map_look(&mapper, &look);
        cr_assert_eq(zc_response_add_look(&buffer, &look), ZCACHE_OK);
    } else {
        write_list(result, kind);
    }
}

/* -- Reading: the next result of a kind as JSON; NULL: malformed ----------- */

static json_t *read_item(zc_response_t *response, const char *kind) {
    zc_mapper_t mapper = writing();
    zcache_status read = ZCACHE_MALFORMED;
    if (strcmp(kind, "SPY") == 0) {
        zc_spy_entry_t entry;
        read = zc_response_read_spy_entry(response, &entry);
        if (read == ZCACHE_OK) {
            map_spy_entry(&mapper, &entry);
        }
    } else if (strcmp(kind, "PEERS") == 0) {
        zc_peer_row_t peer;
        read = zc_response_read_peer(response, &peer);
        if (read == ZCACHE_OK) {
            map_peer(&mapper, &peer);
        }
    } else if (strcmp(kind, "SCAN") == 0) {
        zc_scan_row_t row;
        read = zc_response_read_scan_row(response, &row);
        if (read == ZCACHE_OK) {
            map_scan_row(&mapper, &row);
        }
    } else {
        zc_stat_row_t row;
        read = zc_response_read_stat(response, &row);
        if (read == ZCACHE_OK) {
            map_stat(&mapper, &row);
        }
    }
    if (read != ZCACHE_OK) {
        json_decref(mapper.object);
        return NULL;
    }
    return mapper.object;
}

static zcache_status read_list(zc_response_t *response, const char *kind, zcache_status *status,
                               zc_mapper_t *mapper) {
    const char *walk_name = walk_of(kind);
    uint64_t walk = 0;
    uint32_t count = 0;
    zcache_status read = zc_response_next_list(response, walk_name != NULL, status, &walk, &count);
    if (read != ZCACHE_OK || *status != ZCACHE_OK) {
        return read;
    }
    if (walk_name != NULL) {
        zc_map_uint(mapper, walk_name, &walk);
    }
    json_t *items = json_array();
    json_object_set_new(mapper->object, items_of(kind), items);
    for (uint32_t i = 0; i < count; i++) {
        json_t *item = read_item(response, kind);
        if (item == NULL) {
            return ZCACHE_MALFORMED;
        }
        json_array_append_new(items, item);
    }
    return ZCACHE_OK;
}

static zcache_status read_value(zc_response_t *response, zcache_status *status,
                                zc_mapper_t *mapper) {
    zc_slice_t value = zc_slice(NULL, 0);
    uint8_t type = 99;
    zcache_status read = zc_response_next_value(response, status, &value, &type);
    if (read == ZCACHE_OK && *status == ZCACHE_OK) {
        uint64_t wide = type;
        zc_map_bytes(mapper, "value", &value);
        zc_map_uint(mapper, "type", &wide);
    } else {
        cr_assert(type == 99 && value.data == NULL);
    }
    return read;
}

static zcache_status read_ping(zc_response_t *response, zcache_status *status,
                               zc_mapper_t *mapper) {
    bool ready = false;
    zc_slice_t endpoint = zc_slice(NULL, 0);
    zcache_status read = zc_response_next_ping(response, status, &ready, &endpoint);
    if (read == ZCACHE_OK && *status == ZCACHE_OK) {
        zc_map_bool(mapper, "ready", &ready);
        zc_map_text(mapper, "watch_endpoint", &endpoint);
    } else {
        cr_assert(!ready && endpoint.data == NULL);
    }
    return read;
}

static zcache_status read_digest(zc_response_t *response, zcache_status *status,
                                 zc_mapper_t *mapper) {
    zc_digest_t digest = {.entries = 77};
    zcache_status read = zc_response_next_digest(response, &scratch, status, &digest);
    if (read == ZCACHE_OK && *status == ZCACHE_OK) {
        zc_map_digest(mapper, &digest, NULL);
    } else {
        cr_assert(digest.entries == 77 && digest.parts == NULL);
    }
    return read;
}

static zcache_status read_look(zc_response_t *response, zcache_status *status,
                               zc_mapper_t *mapper) {
    zc_look_t look = {.digest = 77};
    zcache_status read = zc_response_next_look(response, status, &look);
    if (read == ZCACHE_OK && *status == ZCACHE_OK) {
        map_look(mapper, &look);
    } else {
        cr_assert(look.digest == 77 && look.key.data == NULL);
    }
    return read;
}

static json_t *read_result(zc_response_t *response, const char *kind) {
    zcache_status status = (zcache_status)77;
    zc_mapper_t mapper = writing();
    zcache_status read = ZCACHE_OK;
    if (strcmp(kind, "STATUS") == 0) {
        read = zc_response_next_status(response, &status);
    } else if (strcmp(kind, "VALUE") == 0) {
        read = read_value(response, &status, &mapper);
    } else if (strcmp(kind, "PING") == 0) {
        read = read_ping(response, &status, &mapper);
    } else if (strcmp(kind, "DIGEST") == 0) {
        read = read_digest(response, &status, &mapper);
    } else if (strcmp(kind, "LOOK") == 0) {
        read = read_look(response, &status, &mapper);
    } else {
        read = read_list(response, kind, &status, &mapper);
    }
    if (read != ZCACHE_OK) {
        cr_assert_eq(read, ZCACHE_MALFORMED);
        json_decref(mapper.object);
        return NULL;
    }
    json_object_set_new(mapper.object, "result", json_string(kind));
    json_object_set_new(mapper.object, "status", json_integer(status));
    return mapper.object;
}

static void check_message(json_t *vector, zc_slice_t bytes) {
    json_t *json = json_object_get(vector, "message");
    json_t *results = json_object_get(json, "results");
    uint64_t number = zc_json_to_uint(json_object_get(json, "number"));
    uint32_t count = (uint32_t)json_array_size(results);
    zc_response_t response;
    cr_assert_eq(zc_response_open(bytes, &response), ZCACHE_OK, "%s", zc_vectors_name(vector));
    cr_assert(response.number == number && response.count == count);
    cr_assert_eq(zc_response_begin(&buffer, number, count), ZCACHE_OK);
    for (uint32_t i = 0; i < count; i++) {
        json_t *expected = json_array_get(results, i);
        write_result(expected);
        const char *kind = json_string_value(json_object_get(expected, "result"));
        json_t *found = read_result(&response, kind);
        cr_assert(json_equal(found, expected), "%s", zc_vectors_name(vector));
        json_decref(found);
    }
    cr_assert_null(read_result(&response, "STATUS"), "there are no more results");
    cr_assert(zc_slice_equal(zc_buffer_slice(&buffer), bytes), "%s", zc_vectors_name(vector));
    cr_assert(zc_vectors_oracle(bytes, false));
}

/* Reads results of a kind until there are no more or one is malformed; true: all were good. */
static bool drain(zc_slice_t bytes, const char *kind) {
    zc_response_t response;
    if (zc_response_open(bytes, &response) != ZCACHE_OK) {
        return false;
    }
    for (uint32_t i = 0; i < response.count; i++) {
        json_t *found = read_result(&response, kind);
        if (found == NULL) {
            return false;
        }
        json_decref(found);
    }
    return true;
}

Test(response, reads_and_writes_every_vector) {
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *vector = json_array_get(cases, i);
        zc_slice_t bytes = zc_vectors_bytes(vector, "bytes");
        memory.bytes = 0;
        const char *refused = json_string_value(json_object_get(vector, "refused"));
        if (refused == NULL) {
            check_message(vector, bytes);
        } else if (strcmp(refused, "INCOMPATIBLE") == 0) {
            zc_response_t response;
            cr_assert_eq(zc_response_open(bytes, &response), ZCACHE_INCOMPATIBLE);
        } else {
            const char *kind = json_string_value(json_object_get(vector, "result"));
            cr_assert_not(drain(bytes, kind), "%s", zc_vectors_name(vector));
        }
        free((void *)bytes.data);
    }
}

Test(response, survives_truncations_and_changes) {
    static const char *const kinds[] = {"STATUS", "VALUE",  "PING", "SPY", "PEERS",
                                        "STATS",  "DIGEST", "SCAN", "LOOK"};
    const size_t kind_count = sizeof kinds / sizeof kinds[0];
    zc_random_t random = {.state = 1};
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *vector = json_array_get(cases, i);
        zc_slice_t bytes = zc_vectors_bytes(vector, "bytes");
        bool good = json_object_get(vector, "refused") == NULL;
        size_t most = bytes.bytes < 2000 ? bytes.bytes : 2000;
        for (size_t count = 0; count < most * kind_count; count++) {
            const char *kind = kinds[count % kind_count];
            size_t cut = count / kind_count;
            uint8_t *part = malloc(bytes.bytes);
            cr_assert_not_null(part);
            memcpy(part, bytes.data, bytes.bytes);
            part[cut] = (uint8_t)zc_random_next(&random);
            drain(zc_slice(part, bytes.bytes), kind);
            part = realloc(part, cut + 1);
            cr_assert_not_null(part);
            cr_assert(!drain(zc_slice(part, cut), kind) || !good);
            free(part);
        }
        free((void *)bytes.data);
    }
}

Test(response, a_reader_that_stops_within_a_listing_may_drop_it) {
    zc_response_list_t list;
    zc_stat_row_t row = {.name = zc_slice_text("hits"), .number = 1};
    cr_assert_eq(zc_response_begin(&buffer, 1, 1), ZCACHE_OK);
    cr_assert_eq(zc_response_begin_list(&buffer, false, &list), ZCACHE_OK);
    cr_assert_eq(zc_response_add_stat(&buffer, &list, &row), ZCACHE_OK);
    cr_assert_eq(zc_response_add_stat(&buffer, &list, &row), ZCACHE_OK);
    zc_response_end_list(&buffer, &list, 0);
    zc_response_t response;
    zcache_status status = ZCACHE_MISS;
    uint64_t walk = 7;
    uint32_t count = 0;
    zc_stat_row_t found;
    cr_assert_eq(zc_response_open(zc_buffer_slice(&buffer), &response), ZCACHE_OK);
    cr_assert_eq(zc_response_next_list(&response, false, &status, &walk, &count), ZCACHE_OK);
    cr_assert(status == ZCACHE_OK && count == 2 && walk == 7);
    cr_assert_eq(zc_response_read_stat(&response, &found), ZCACHE_OK);
    cr_assert(zc_slice_equal(found.name, row.name) && found.number == 1);
    cr_assert_eq(zc_response_read_stat(&response, &found), ZCACHE_OK);
    cr_assert_eq(zc_response_read_stat(&response, &found), ZCACHE_MALFORMED);
}

Test(response, result_that_is_a_refusal_brings_no_more_than_its_status) {
    cr_assert_eq(zc_response_begin(&buffer, 1, 3), ZCACHE_OK);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(zc_response_add_status(&buffer, ZCACHE_BUSY), ZCACHE_OK);
    }
    zc_response_t response;
    cr_assert_eq(zc_response_open(zc_buffer_slice(&buffer), &response), ZCACHE_OK);
    zc_slice_t text = zc_slice_text("as it was");
    uint8_t type = 99;
    bool ready = true;
    uint64_t walk = 7;
    uint32_t count = 7;
    zcache_status statuses[3] = {ZCACHE_OK, ZCACHE_OK, ZCACHE_OK};
    cr_assert_eq(zc_response_next_value(&response, &statuses[0], &text, &type), ZCACHE_OK);
    cr_assert_eq(zc_response_next_ping(&response, &statuses[1], &ready, &text), ZCACHE_OK);
    cr_assert_eq(zc_response_next_list(&response, true, &statuses[2], &walk, &count), ZCACHE_OK);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(statuses[i], ZCACHE_BUSY);
    }
    cr_assert(zc_slice_equal(text, zc_slice_text("as it was")));
    cr_assert(type == 99 && ready && walk == 7 && count == 0);
}

Test(response, a_peer_of_seven_items_is_of_a_node_that_knows_no_agreement) {
    zc_slice_t text = zc_slice_text("tcp://h:1");
    zc_peer_row_t peer = {.name = text, .endpoint = text, .agreement = ZC_AGREEMENT_UNKNOWN};
    zc_response_list_t list;
    cr_assert_eq(zc_response_begin(&buffer, 1, 1), ZCACHE_OK);
    cr_assert_eq(zc_response_begin_list(&buffer, false, &list), ZCACHE_OK);
    size_t at = buffer.bytes;
    cr_assert_eq(zc_response_add_peer(&buffer, &list, &peer), ZCACHE_OK);
    zc_response_end_list(&buffer, &list, 0);
    cr_assert(buffer.data[at] == 0x99 && buffer.data[buffer.bytes - 2] == 0xc0);
    buffer.data[at] = 0x97;
    buffer.bytes -= 2;
    zc_response_t response;
    zcache_status status = ZCACHE_MISS;
    uint64_t walk = 0;
    uint32_t count = 0;
    zc_peer_row_t found = {.agreement = ZC_AGREEMENT_SAME};
    cr_assert_eq(zc_response_open(zc_buffer_slice(&buffer), &response), ZCACHE_OK);
    cr_assert_eq(zc_response_next_list(&response, false, &status, &walk, &count), ZCACHE_OK);
    cr_assert_eq(zc_response_read_peer(&response, &found), ZCACHE_OK);
    cr_assert_eq(found.agreement, ZC_AGREEMENT_UNKNOWN);
    cr_assert(zc_slice_equal(found.endpoint, text));
}

Test(response, each_failed_allocation_is_told_and_harmless) {
    static uint8_t filler[255]; /* that fills the first block, so that each call asks for more */
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_slice_t text = zc_slice_text("tcp://h:1");
    zc_response_list_t list = {.count = 0};
    zc_spy_entry_t entry = {.key = text, .stamp = {.hlc = 1}};
    zc_peer_row_t peer = {.name = text, .endpoint = text};
    zc_stat_row_t row = {.name = text};
    zc_scan_row_t scanned = {.digest = 1};
    zc_look_t look = {.stamp = {.hlc = 1}, .key = text};
    static uint64_t parts[ZC_DIGEST_PARTS];
    zc_digest_t digest = {.origin = {{1}}, .parts = parts};
    zc_settings_init(&digest.registers.settings);
    for (int call = 0; call < 10; call++) {
        zc_buffer_t full;
        zc_buffer_init(&full, &failing.allocator);
        memcpy(zc_buffer_reserve(&full, sizeof filler), filler, sizeof filler);
        full.bytes = full.capacity;
        zc_failing_allocator_fail_after(&failing, 0);
        zcache_status results[] = {
            call == 0   ? zc_response_add_status(&full, ZCACHE_MISS)
            : call == 1 ? zc_response_add_value(&full, text, ZCACHE_RAW)
            : call == 2 ? zc_response_add_ping(&full, true, text)
            : call == 3 ? zc_response_begin_list(&full, true, &list)
            : call == 4 ? zc_response_add_spy_entry(&full, &list, &entry)
            : call == 5 ? zc_response_add_peer(&full, &list, &peer)
            : call == 6 ? zc_response_add_scan_row(&full, &list, &scanned)
            : call == 7 ? zc_response_add_look(&full, &look)
            : call == 8 ? zc_response_add_digest(&full, &digest)
                        : zc_response_add_stat(&full, &list, &row),
        };
        cr_assert_eq(results[0], ZCACHE_NO_MEMORY, "call %d", call);
        cr_assert(full.bytes == full.capacity && list.count == 0);
        zc_buffer_fini(&full);
    }
    cr_assert_eq(zc_response_begin(&buffer, 1, 1), ZCACHE_OK);
    cr_assert_eq(zc_response_add_digest(&buffer, &digest), ZCACHE_OK);
    zc_wire_scratch_t none;
    zc_wire_scratch_init(&none, &failing.allocator);
    zc_response_t response;
    zcache_status status = ZCACHE_OK;
    cr_assert_eq(zc_response_open(zc_buffer_slice(&buffer), &response), ZCACHE_OK);
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_response_next_digest(&response, &none, &status, &digest), ZCACHE_NO_MEMORY);
    zc_buffer_t empty;
    zc_buffer_init(&empty, &failing.allocator);
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_response_begin(&empty, 1, 1), ZCACHE_NO_MEMORY);
    cr_assert_eq(failing.blocks, 0);
}
