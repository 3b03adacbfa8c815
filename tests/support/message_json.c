/* SPDX-License-Identifier: MPL-2.0 */
/* Messages as JSON: one function for each part, which names its fields once and maps them in the
 * direction of the mapper. */
#include "tests/support/message_json.h"

#include <stdlib.h>

#include "lib/base/assert.h"
#include "lib/base/hash.h"

static void map_origin(zc_mapper_t *mapper, const char *name, zc_origin_t *origin) {
    zc_map_fixed(mapper, name, origin->bytes, ZC_ORIGIN_BYTES);
}

/* null: no stamp. */
static void map_stamp(zc_mapper_t *mapper, const char *name, zc_stamp_t *stamp) {
    if (mapper->writing && stamp->hlc == 0) {
        json_object_set_new(mapper->object, name, json_null());
        return;
    }
    if (!mapper->writing && json_is_null(json_object_get(mapper->object, name))) {
        return;
    }
    zc_mapper_t inner = zc_map_object(mapper, name);
    zc_map_uint(&inner, "hlc", &stamp->hlc);
    map_origin(&inner, "origin", &stamp->origin);
}

static void map_registers(zc_mapper_t *mapper, zc_registers_t *registers) {
    zc_mapper_t inner = zc_map_object(mapper, "registers");
    map_stamp(&inner, "settings_stamp", &registers->settings_stamp);
    zc_mapper_t settings = zc_map_object(&inner, "settings");
#define SETTING_ROW(name, initial, least, most, unit)                                              \
    zc_map_uint(&settings, #name, &registers->settings.name);
    ZC_SETTING_MAP(SETTING_ROW)
#undef SETTING_ROW
    map_stamp(&inner, "clear", &registers->clear);
}

static void map_identity(zc_mapper_t *mapper, zc_identity_t *identity) {
    zc_mapper_t inner = zc_map_object(mapper, "identity");
    map_origin(&inner, "origin", &identity->origin);
    zc_map_text(&inner, "name", &identity->name);
    zc_map_text(&inner, "region", &identity->region);
    zc_map_text(&inner, "endpoint", &identity->endpoint);
    zc_map_text(&inner, "publish_endpoint", &identity->publish_endpoint);
    zc_map_text(&inner, "watch_endpoint", &identity->watch_endpoint);
}

static void map_members(zc_mapper_t *mapper, zc_members_t *members) {
    const void *items = members->members;
    zc_map_array(mapper, "members", &items, sizeof(zc_member_t), &members->count);
    members->members = items;
    for (size_t i = 0; i < members->count; i++) {
        zc_member_t *member = (zc_member_t *)&members->members[i];
        zc_mapper_t inner = zc_map_item(mapper, "members", i);
        map_origin(&inner, "origin", &member->origin);
        zc_map_text(&inner, "endpoint", &member->endpoint);
    }
}

static void map_record(zc_mapper_t *inner, zc_record_t *record, bool indexed) {
    if (indexed) {
        uint64_t origin = record->origin;
        zc_map_uint(inner, "origin", &origin);
        record->origin = (uint32_t)origin;
    }
    zc_map_bool(inner, "ghost", &record->ghost);
    zc_map_uint(inner, "hlc", &record->hlc);
    if (record->ghost) {
        zc_map_uint(inner, "key_hash", &record->key_hash);
        return;
    }
    uint64_t type = record->type;
    zc_map_bytes(inner, "key", &record->key);
    zc_map_bytes(inner, "value", &record->value);
    zc_map_uint(inner, "type", &type);
    zc_map_uint(inner, "deadline_ms", &record->deadline_ms);
    zc_map_uint(inner, "age_ms", &record->age_ms);
    record->type = (uint8_t)type;
    if (!inner->writing) {
        record->key_hash = zc_key_hash(record->key);
    }
    ZC_ASSERT(record->key_hash == zc_key_hash(record->key));
}

static void map_records(zc_mapper_t *mapper, const zc_record_t **records, size_t *count,
                        bool indexed) {
    const void *items = *records;
    zc_map_array(mapper, "records", &items, sizeof **records, count);
    *records = items;
    for (size_t i = 0; i < *count; i++) {
        zc_mapper_t inner = zc_map_item(mapper, "records", i);
        map_record(&inner, (zc_record_t *)&(*records)[i], indexed);
    }
}

/* Intervals are pairs in the JSON. */
static void map_intervals(zc_mapper_t *inner, zc_origin_intervals_t *row) {
    const void *items = row->intervals;
    zc_map_array(inner, "intervals", &items, sizeof(zc_interval_t), &row->count);
    row->intervals = items;
    json_t *array = json_object_get(inner->object, "intervals");
    for (size_t i = 0; i < row->count; i++) {
        zc_interval_t *interval = (zc_interval_t *)&row->intervals[i];
        if (inner->writing) {
            json_t *pair = json_array();
            json_array_append_new(pair, zc_json_uint(interval->after));
            json_array_append_new(pair, zc_json_uint(interval->upto));
            json_array_append_new(array, pair);
        } else {
            json_t *pair = json_array_get(array, i);
            interval->after = zc_json_to_uint(json_array_get(pair, 0));
            interval->upto = zc_json_to_uint(json_array_get(pair, 1));
        }
    }
}

static void map_vector(zc_mapper_t *mapper, const char *name, zc_vector_t *vector) {
    const void *items = vector->origins;
    zc_map_array(mapper, name, &items, sizeof(zc_origin_intervals_t), &vector->count);
    vector->origins = items;
    for (size_t i = 0; i < vector->count; i++) {
        zc_origin_intervals_t *row = (zc_origin_intervals_t *)&vector->origins[i];
        zc_mapper_t inner = zc_map_item(mapper, name, i);
        map_origin(&inner, "origin", &row->origin);
        map_intervals(&inner, row);
    }
}

static void map_batch(zc_mapper_t *mapper, zc_batch_t *batch) {
    map_origin(mapper, "origin", &batch->origin);
    zc_map_uint(mapper, "prev", &batch->prev);
    zc_map_uint(mapper, "last", &batch->last);
    map_stamp(mapper, "clear", &batch->clear);
    map_records(mapper, &batch->records, &batch->count, false);
}

static void map_heartbeat(zc_mapper_t *mapper, zc_heartbeat_t *heartbeat) {
    map_origin(mapper, "origin", &heartbeat->origin);
    zc_map_uint(mapper, "last", &heartbeat->last);
    zc_map_uint(mapper, "clock_ms", &heartbeat->clock_ms);
    zc_map_uint(mapper, "state_hash", &heartbeat->state_hash);
    zc_map_uint(mapper, "members_hash", &heartbeat->members_hash);
    zc_map_uint(mapper, "digest", &heartbeat->digest);
    zc_map_bool(mapper, "joining", &heartbeat->joining);
}

static void map_touch(zc_mapper_t *mapper, zc_touch_t *touch) {
    map_origin(mapper, "origin", &touch->origin);
    const void *items = touch->key_hashes;
    zc_map_array(mapper, "key_hashes", &items, sizeof(uint64_t), &touch->count);
    touch->key_hashes = items;
    json_t *array = json_object_get(mapper->object, "key_hashes");
    for (size_t i = 0; i < touch->count; i++) {
        uint64_t *hash = (uint64_t *)&touch->key_hashes[i];
        if (mapper->writing) {
            json_array_append_new(array, zc_json_uint(*hash));
        } else {
            *hash = zc_json_to_uint(json_array_get(array, i));
        }
    }
}

static void map_welcome(zc_mapper_t *mapper, zc_welcome_t *welcome) {
    map_identity(mapper, &welcome->identity);
    zc_map_uint(mapper, "clock_ms", &welcome->clock_ms);
    zc_map_bool(mapper, "joining", &welcome->joining);
    zc_map_uint(mapper, "entries", &welcome->entries);
    map_registers(mapper, &welcome->registers);
    map_members(mapper, &welcome->members);
}

static void map_ask(zc_mapper_t *mapper, zc_sync_ask_t *ask) {
    uint64_t credit_bytes = ask->credit_bytes;
    zc_map_uint(mapper, "session", &ask->session);
    zc_map_bool(mapper, "replace", &ask->replace);
    zc_map_uint(mapper, "credit_bytes", &credit_bytes);
    map_registers(mapper, &ask->registers);
    map_vector(mapper, "have", &ask->have);
    zc_map_uint(mapper, "left_out", &ask->left_out);
    ask->credit_bytes = (uint32_t)credit_bytes;
}

static void map_chunk(zc_mapper_t *mapper, zc_sync_chunk_t *chunk) {
    uint64_t number = chunk->number;
    zc_map_uint(mapper, "session", &chunk->session);
    zc_map_uint(mapper, "number", &number);
    zc_map_bool(mapper, "replace", &chunk->replace);
    chunk->number = (uint32_t)number;
    const void *items = chunk->origins;
    zc_map_array(mapper, "origins", &items, sizeof(zc_origin_t), &chunk->origin_count);
    chunk->origins = items;
    json_t *array = json_object_get(mapper->object, "origins");
    for (size_t i = 0; i < chunk->origin_count; i++) {
        zc_mapper_t inner = *mapper;
        inner.object = json_object();
        if (!mapper->writing) {
            json_object_set(inner.object, "origin", json_array_get(array, i));
        }
        map_origin(&inner, "origin", (zc_origin_t *)&chunk->origins[i]);
        if (mapper->writing) {
            json_array_append(array, json_object_get(inner.object, "origin"));
        }
        json_decref(inner.object);
    }
    map_records(mapper, &chunk->records, &chunk->count, true);
}

static void map_end(zc_mapper_t *mapper, zc_sync_end_t *end) {
    uint64_t number = end->number;
    uint64_t result = end->result;
    zc_map_uint(mapper, "session", &end->session);
    zc_map_uint(mapper, "number", &number);
    zc_map_uint(mapper, "result", &result);
    zc_map_bool(mapper, "replace", &end->replace);
    zc_map_uint(mapper, "entries", &end->entries);
    map_vector(mapper, "vector", &end->vector);
    const void *items = end->floors;
    zc_map_array(mapper, "floors", &items, sizeof(zc_floor_t), &end->floor_count);
    end->floors = items;
    for (size_t i = 0; i < end->floor_count; i++) {
        zc_floor_t *floor = (zc_floor_t *)&end->floors[i];
        zc_mapper_t inner = zc_map_item(mapper, "floors", i);
        map_origin(&inner, "origin", &floor->origin);
        zc_map_uint(&inner, "hlc", &floor->hlc);
    }
    map_stamp(mapper, "horizon", &end->horizon);
    map_registers(mapper, &end->registers);
    end->number = (uint32_t)number;
    end->result = (zc_sync_result_t)result;
}

static void map_answer(zc_mapper_t *mapper, zc_read_answer_t *answer) {
    zc_map_uint(mapper, "number", &answer->number);
    zc_map_bool(mapper, "found", &answer->found);
    if (answer->found) {
        map_origin(mapper, "origin", &answer->origin);
        zc_mapper_t inner = zc_map_object(mapper, "record");
        map_record(&inner, &answer->record, false);
    }
}

static void map_refused(zc_mapper_t *mapper, zc_refused_t *refused) {
    uint64_t reason = refused->reason;
    uint64_t version = refused->version;
    zc_map_uint(mapper, "reason", &reason);
    zc_map_uint(mapper, "version", &version);
    *refused = (zc_refused_t){.reason = (zc_refusal_t)reason, .version = (uint32_t)version};
}

static void map_message(zc_mapper_t *mapper, zc_message_t *message) {
    switch (message->type) {
    case ZC_MESSAGE_BATCH:
        map_batch(mapper, &message->batch);
        break;
    case ZC_MESSAGE_HEARTBEAT:
        map_heartbeat(mapper, &message->heartbeat);
        break;
    case ZC_MESSAGE_TOUCH:
        map_touch(mapper, &message->touch);
        break;
    case ZC_MESSAGE_REGISTERS:
        map_origin(mapper, "origin", &message->registers.origin);
        map_registers(mapper, &message->registers.registers);
        break;
    case ZC_MESSAGE_GOODBYE:
        map_origin(mapper, "origin", &message->goodbye.origin);
        break;
    case ZC_MESSAGE_HELLO:
        map_identity(mapper, &message->hello.identity);
        zc_map_uint(mapper, "clock_ms", &message->hello.clock_ms);
        zc_map_bool(mapper, "wants_members", &message->hello.wants_members);
        break;
    case ZC_MESSAGE_WELCOME:
        map_welcome(mapper, &message->welcome);
        break;
    case ZC_MESSAGE_PING:
    case ZC_MESSAGE_PONG:
        zc_map_uint(mapper, "number", &message->ping.number);
        break;
    case ZC_MESSAGE_MEMBERS_ASK:
        break;
    case ZC_MESSAGE_MEMBERS:
        map_members(mapper, &message->members);
        break;
    case ZC_MESSAGE_SYNC_ASK:
        map_ask(mapper, &message->sync_ask);
        break;
    case ZC_MESSAGE_SYNC_CHUNK:
        map_chunk(mapper, &message->sync_chunk);
        break;
    case ZC_MESSAGE_SYNC_CREDIT: {
        uint64_t credit_bytes = message->sync_credit.credit_bytes;
        zc_map_uint(mapper, "session", &message->sync_credit.session);
        zc_map_uint(mapper, "credit_bytes", &credit_bytes);
        message->sync_credit.credit_bytes = (uint32_t)credit_bytes;
        break;
    }
    case ZC_MESSAGE_SYNC_END:
        map_end(mapper, &message->sync_end);
        break;
    case ZC_MESSAGE_READ:
        zc_map_uint(mapper, "number", &message->read.number);
        zc_map_bytes(mapper, "key", &message->read.key);
        break;
    case ZC_MESSAGE_READ_ANSWER:
        map_answer(mapper, &message->read_answer);
        break;
    case ZC_MESSAGE_REFUSED:
        map_refused(mapper, &message->refused);
        break;
    }
}

static const struct {
    zc_message_type_t type;
    const char *name;
} type_names[] = {
    {ZC_MESSAGE_BATCH, "BATCH"},
    {ZC_MESSAGE_HEARTBEAT, "HEARTBEAT"},
    {ZC_MESSAGE_TOUCH, "TOUCH"},
    {ZC_MESSAGE_REGISTERS, "REGISTERS"},
    {ZC_MESSAGE_GOODBYE, "GOODBYE"},
    {ZC_MESSAGE_HELLO, "HELLO"},
    {ZC_MESSAGE_WELCOME, "WELCOME"},
    {ZC_MESSAGE_PING, "PING"},
    {ZC_MESSAGE_PONG, "PONG"},
    {ZC_MESSAGE_MEMBERS_ASK, "MEMBERS_ASK"},
    {ZC_MESSAGE_MEMBERS, "MEMBERS"},
    {ZC_MESSAGE_SYNC_ASK, "SYNC_ASK"},
    {ZC_MESSAGE_SYNC_CHUNK, "SYNC_CHUNK"},
    {ZC_MESSAGE_SYNC_CREDIT, "SYNC_CREDIT"},
    {ZC_MESSAGE_SYNC_END, "SYNC_END"},
    {ZC_MESSAGE_READ, "READ"},
    {ZC_MESSAGE_READ_ANSWER, "READ_ANSWER"},
    {ZC_MESSAGE_REFUSED, "REFUSED"},
};

enum { TYPE_COUNT = sizeof type_names / sizeof type_names[0] };

void zc_message_from_json(json_t *json, zc_buffer_t *memory, zc_message_t *message) {
    const char *name = json_string_value(json_object_get(json, "type"));
    ZC_ASSERT(name != NULL);
    memset(message, 0, sizeof *message);
    size_t i = 0;
    while (i < TYPE_COUNT && strcmp(type_names[i].name, name) != 0) {
        i++;
    }
    ZC_ASSERT(i < TYPE_COUNT);
    message->type = type_names[i].type;
    zc_mapper_t mapper = {.object = json, .memory = memory};
    map_message(&mapper, message);
}

json_t *zc_message_to_json(const zc_message_t *message) {
    zc_message_t copy = *message;
    zc_mapper_t mapper = {.object = json_object(), .writing = true};
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (type_names[i].type == message->type) {
            json_object_set_new(mapper.object, "type", json_string(type_names[i].name));
        }
    }
    map_message(&mapper, &copy);
    return mapper.object;
}

static json_t *parts_to_json(const uint64_t *parts) {
    json_t *pairs = json_array();
    for (size_t i = 0; i < ZC_DIGEST_PARTS; i++) {
        if (parts[i] != 0) {
            json_t *pair = json_array();
            json_array_append_new(pair, zc_json_uint(i));
            json_array_append_new(pair, zc_json_uint(parts[i]));
            json_array_append_new(pairs, pair);
        }
    }
    return pairs;
}

static void parts_from_json(const json_t *pairs, uint64_t parts[ZC_DIGEST_PARTS]) {
    memset(parts, 0, ZC_DIGEST_PARTS * sizeof *parts);
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        uint64_t index = zc_json_to_uint(json_array_get(pair, 0));
        ZC_ASSERT(index < ZC_DIGEST_PARTS);
        parts[index] = zc_json_to_uint(json_array_get(pair, 1));
    }
}

void zc_map_digest(zc_mapper_t *mapper, zc_digest_t *digest, uint64_t parts[ZC_DIGEST_PARTS]) {
    map_origin(mapper, "origin", &digest->origin);
    zc_map_bool(mapper, "joining", &digest->joining);
    zc_map_uint(mapper, "clock_ms", &digest->clock_ms);
    map_registers(mapper, &digest->registers);
    zc_map_uint(mapper, "entries", &digest->entries);
    map_stamp(mapper, "horizon", &digest->horizon);
    map_vector(mapper, "vector", &digest->vector);
    if (mapper->writing) {
        json_object_set_new(mapper->object, "parts", parts_to_json(digest->parts));
    } else {
        parts_from_json(json_object_get(mapper->object, "parts"), parts);
        digest->parts = parts;
    }
}

/* null: none. */
static void map_optional(zc_mapper_t *mapper, const char *name, uint64_t *value) {
    if (mapper->writing && *value == UINT64_MAX) {
        json_object_set_new(mapper->object, name, json_null());
    } else if (!mapper->writing && json_is_null(json_object_get(mapper->object, name))) {
        *value = UINT64_MAX;
    } else {
        zc_map_uint(mapper, name, value);
    }
}

static void map_event(zc_mapper_t *mapper, zc_watch_event_t *event) {
    uint64_t change = event->change;
    uint64_t type = event->type;
    zc_map_uint(mapper, "change", &change);
    zc_map_bytes(mapper, "key", &event->key);
    if (!mapper->writing) {
        event->has_value = json_is_string(json_object_get(mapper->object, "value"));
    }
    if (event->has_value) {
        zc_map_bytes(mapper, "value", &event->value);
    } else {
        json_object_set_new(mapper->object, "value", json_null());
    }
    zc_map_uint(mapper, "type", &type);
    zc_map_uint(mapper, "hlc", &event->stamp.hlc);
    map_origin(mapper, "origin", &event->stamp.origin);
    map_optional(mapper, "ttl_ms", &event->ttl_ms);
    event->change = (uint8_t)change;
    event->type = (uint8_t)type;
}

void zc_watch_event_from_json(json_t *json, zc_buffer_t *memory, zc_watch_event_t *event) {
    memset(event, 0, sizeof *event);
    zc_mapper_t mapper = {.object = json, .memory = memory};
    map_event(&mapper, event);
    const json_t *numbers = json_object_get(json, "numbers");
    event->number_count = json_array_size(numbers);
    ZC_ASSERT(event->number_count <= ZC_EVENT_NUMBERS_MAX);
    for (size_t i = 0; i < event->number_count; i++) {
        json_t *pair = json_array_get(numbers, i);
        event->numbers[i] = (zc_event_number_t){
            .prefix_bytes = (uint32_t)zc_json_to_uint(json_array_get(pair, 0)),
            .number = zc_json_to_uint(json_array_get(pair, 1)),
        };
    }
}

json_t *zc_watch_event_to_json(const zc_watch_event_t *event) {
    zc_watch_event_t copy = *event;
    zc_mapper_t mapper = {.object = json_object(), .writing = true};
    map_event(&mapper, &copy);
    json_t *numbers = json_array();
    for (size_t i = 0; i < event->number_count; i++) {
        json_t *pair = json_array();
        json_array_append_new(pair, zc_json_uint(event->numbers[i].prefix_bytes));
        json_array_append_new(pair, zc_json_uint(event->numbers[i].number));
        json_array_append_new(numbers, pair);
    }
    json_object_set_new(mapper.object, "numbers", numbers);
    return mapper.object;
}
