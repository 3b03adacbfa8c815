/* SPDX-License-Identifier: MPL-2.0 */
/* One replica under test. */
#include "tests/support/subject.h"

#include <stdio.h>

enum { RECORDS_MAX = 16, TEXT_BYTES = 1024, FIRST_US = 1000 * 1000 };

static struct {
    zc_failing_allocator_t failing;
    zc_replica_t *replica;
    uint64_t now_us;
    zc_decisions_t decisions;
    zc_decisions_t shown;
    uint64_t session;
    zc_record_t records[RECORDS_MAX];
    char text[TEXT_BYTES];
    char endpoints[26][3][16];
} subject;

void subject_options(zc_replica_options_t *options) {
    subject.now_us = FIRST_US;
    zc_failing_allocator_init(&subject.failing);
    *options = (zc_replica_options_t){
        .allocator = &subject.failing.allocator,
        .random_seed = 1,
        .identity = subject_identity('s'),
        .now_us = FIRST_US,
        .wall_ms = SUBJECT_MESH_MS,
    };
    zc_settings_init(&options->settings);
}

void subject_start(const zc_replica_options_t *options) {
    zc_replica_options_t defaults;
    if (options == NULL) {
        subject_options(&defaults);
        options = &defaults;
    }
    zcache_status status = zc_replica_new(options, &subject.replica);
    ZC_ASSERT(status == ZCACHE_OK);
}

void subject_start_joining(void) {
    zc_replica_options_t options;
    subject_options(&options);
    zc_slice_t seed = zc_slice_text("tcp://b:5000");
    options.seeds = &seed;
    options.seed_count = 1;
    subject_start(&options);
}

void subject_stop(void) {
    if (subject.replica != NULL) {
        zc_store_check(zc_replica_store(subject.replica));
    }
    zc_replica_destroy(&subject.replica);
    ZC_ASSERT(subject.failing.blocks == 0);
    zc_decisions_fini(&subject.decisions);
    zc_decisions_fini(&subject.shown);
}

zc_replica_t *subject_replica(void) {
    return subject.replica;
}

zc_failing_allocator_t *subject_allocator(void) {
    return &subject.failing;
}

void subject_fail_after(uint64_t requests) {
    zc_arena_fini(&subject.replica->arena);
    zc_free(subject.replica->allocator, subject.replica->effects);
    subject.replica->effects = NULL;
    subject.replica->effect_count = 0;
    subject.replica->effect_capacity = 0;
    zc_failing_allocator_fail_after(&subject.failing, requests);
}

bool subject_failed(void) {
    return zc_failing_allocator_stop(&subject.failing);
}

const char *subject_decided(void) {
    zc_decisions_t kept = subject.shown;
    subject.shown = subject.decisions;
    subject.decisions = kept;
    zc_decisions_clear(&subject.decisions);
    return zc_decisions_text(&subject.shown);
}

/* -- Steps */

static void record(const zc_effect_t *effect) {
    bool heartbeat =
        effect->type == ZC_EFFECT_BROADCAST && effect->message.type == ZC_MESSAGE_HEARTBEAT;
    if (!heartbeat) {
        zc_decisions_add(&subject.decisions, effect);
    }
    if (effect->type == ZC_EFFECT_SEND && effect->send.message.type == ZC_MESSAGE_SYNC_ASK) {
        subject.session = effect->send.message.sync_ask.session;
    }
}

zcache_status subject_step(zc_event_t *event) {
    event->now_us = subject.now_us;
    zc_effects_t effects;
    zcache_status status = zc_replica_step(subject.replica, event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        record(&effects.effects[i]);
    }
    return status;
}

void subject_tick(void) {
    zc_event_t event = {.type = ZC_EVENT_TICK};
    subject_step(&event);
}

void subject_run_ms(uint64_t ms) {
    uint64_t until_us = subject.now_us + ms * 1000;
    while (zc_replica_deadline(subject.replica) <= until_us) {
        uint64_t at_us = zc_replica_deadline(subject.replica);
        subject.now_us = at_us > subject.now_us ? at_us : subject.now_us;
        subject_tick();
    }
    subject.now_us = until_us;
}

static zcache_status write_key(zc_write_type_t type, const char *key, const char *value,
                               uint64_t ttl_ms) {
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    event.write.type = type;
    event.write.key = zc_slice_text(key);
    event.write.value = zc_slice_text(value);
    event.write.ttl_ms = ttl_ms;
    return subject_step(&event);
}

zcache_status subject_set(const char *key, const char *value, uint64_t ttl_ms) {
    return write_key(ZC_WRITE_SET, key, value, ttl_ms);
}

zcache_status subject_delete(const char *key) {
    return write_key(ZC_WRITE_DELETE, key, "", 0);
}

void subject_receive(zc_link_t from, const zc_message_t *message) {
    zc_event_t event = {.type = ZC_EVENT_MESSAGE};
    event.message.from = from;
    event.message.message = message;
    subject_step(&event);
}

/* -- Others */

zc_origin_t subject_origin(char letter) {
    return (zc_origin_t){.bytes = {(uint8_t)letter}};
}

zc_identity_t subject_identity(char letter) {
    char(*texts)[16] = subject.endpoints[letter - 'a'];
    snprintf(texts[0], sizeof texts[0], "%c", letter);
    snprintf(texts[1], sizeof texts[1], "tcp://%c:5000", letter);
    snprintf(texts[2], sizeof texts[2], "tcp://%c:5001", letter);
    return (zc_identity_t){
        .origin = subject_origin(letter),
        .name = zc_slice_text(texts[0]),
        .region = zc_slice("", 0),
        .endpoint = zc_slice_text(texts[1]),
        .publish_endpoint = zc_slice_text(texts[2]),
        .watch_endpoint = zc_slice_text(texts[2]),
    };
}

zc_hlc_t subject_hlc(int64_t after_ms) {
    uint64_t mesh_ms = SUBJECT_MESH_MS + (subject.now_us - FIRST_US) / 1000;
    return zc_hlc_from_ms((uint64_t)((int64_t)mesh_ms + after_ms));
}

zc_link_t subject_peer(zc_peer_number_t number) {
    return (zc_link_t){.type = ZC_LINK_PEER, .number = number};
}

zc_link_t subject_route(uint64_t number) {
    return (zc_link_t){.type = ZC_LINK_ROUTE, .number = number};
}

zc_message_t subject_welcome(char letter, bool joining) {
    zc_message_t message = {.type = ZC_MESSAGE_WELCOME};
    message.welcome.identity = subject_identity(letter);
    message.welcome.clock_ms = zc_hlc_ms(subject_hlc(0));
    message.welcome.joining = joining;
    message.welcome.registers = subject.replica->registers;
    return message;
}

zc_peer_number_t subject_meet(char letter) {
    zc_message_t hello = {.type = ZC_MESSAGE_HELLO};
    hello.hello.identity = subject_identity(letter);
    subject_receive(subject_route((uint64_t)letter), &hello);
    const zc_peer_t *peer =
        zc_peers_dialling(&subject.replica->peers, hello.hello.identity.endpoint);
    ZC_ASSERT(peer != NULL);
    zc_peer_number_t number = peer->number;
    zc_message_t welcome = subject_welcome(letter, false);
    subject_receive(subject_peer(number), &welcome);
    subject_decided();
    return number;
}

void subject_heartbeat(char letter, zc_hlc_t last) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){
        .origin = subject_origin(letter),
        .last = last,
        .clock_ms = zc_hlc_ms(subject_hlc(0)),
        .state_hash = subject.replica->state_hash,
        .members_hash = subject.replica->members_hash,
    };
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
}

static void parse_record(const char *word, size_t bytes, zc_record_t *record) {
    *record = (zc_record_t){.ghost = word[0] == '~'};
    const char *equals = memchr(word, '=', bytes);
    if (record->ghost) {
        record->key_hash = zc_key_hash(zc_slice(word + 1, bytes - 1));
        return;
    }
    ZC_ASSERT(equals != NULL);
    size_t key_bytes = (size_t)(equals - word);
    record->key = zc_slice(word, key_bytes);
    record->value = zc_slice(equals + 1, bytes - key_bytes - 1);
    record->key_hash = zc_key_hash(record->key);
}

const zc_record_t *subject_records(const char *writes, zc_hlc_t last, size_t *count) {
    *count = 0;
    while (*writes != '\0') {
        ZC_ASSERT(*count < RECORDS_MAX);
        size_t bytes = strcspn(writes, " ");
        parse_record(writes, bytes, &subject.records[(*count)++]);
        writes += bytes + (writes[bytes] == ' ');
    }
    for (size_t i = 0; i < *count; i++) {
        subject.records[i].hlc = last - *count + 1 + i;
    }
    return subject.records;
}

void subject_batch(char letter, zc_hlc_t prev, zc_hlc_t last, const char *writes) {
    zc_message_t message = {.type = ZC_MESSAGE_BATCH};
    message.batch = (zc_batch_t){.origin = subject_origin(letter), .prev = prev, .last = last};
    message.batch.records = subject_records(writes, last, &message.batch.count);
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
}

uint64_t subject_session(void) {
    return subject.session;
}

void subject_chunk(zc_link_t from, uint64_t session, uint32_t number, char letter, zc_hlc_t last,
                   const char *writes) {
    zc_origin_t origin = subject_origin(letter);
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CHUNK};
    message.sync_chunk = (zc_sync_chunk_t){
        .session = session, .number = number, .origins = &origin, .origin_count = 1};
    message.sync_chunk.records = subject_records(writes, last, &message.sync_chunk.count);
    subject_receive(from, &message);
}

zc_message_t subject_end(uint64_t session, uint32_t number) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_END};
    message.sync_end.session = session;
    message.sync_end.number = number;
    message.sync_end.registers = subject.replica->registers;
    return message;
}

/* -- What it holds */

const char *subject_holds(const char *key) {
    zc_store_t *store = zc_replica_store(subject.replica);
    zc_store_item_t item;
    zc_slice_t slice = zc_slice_text(key);
    if (zc_store_get(store, slice, subject.now_us / 1000, false, &item) != ZCACHE_OK) {
        return zc_store_find(store, zc_key_hash(slice), &item) && item.ghost ? "~" : "";
    }
    snprintf(subject.text, sizeof subject.text, "%.*s", (int)item.value.bytes,
             (const char *)item.value.data);
    return subject.text;
}

zc_counters_t subject_counters(void) {
    return subject.replica->counters;
}

zc_peer_state_t subject_state(zc_peer_number_t number) {
    const zc_peer_t *peer = zc_peers_at(&subject.replica->peers, number);
    ZC_ASSERT(peer != NULL);
    return peer->state;
}
