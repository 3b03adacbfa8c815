/* SPDX-License-Identifier: MPL-2.0 */
/* The store under test, with the failing allocator and a listener that writes down what it is told.
 * Whatever a helper cannot do is an assertion: the test that called it is wrong. */
#include "tests/support/store_fixture.h"

#include <stdio.h>

#include "lib/base/assert.h"

static void append(char *text, size_t bytes, const char *more) {
    size_t used = strlen(text);
    ZC_ASSERT(used + strlen(more) < bytes);
    memcpy(text + used, more, strlen(more) + 1);
}

static void listen(void *context, zc_change_t change, const zc_store_item_t *item) {
    static const char *const names[] = {"set", "delete", "clear", "expire", "evict", "drop"};
    zc_fixture_t *fixture = context;
    char line[256];
    int key_bytes = (int)item->key.bytes;
    int value_bytes = change == ZC_CHANGE_SET ? (int)item->value.bytes : 0;
    snprintf(line, sizeof line, "%s %.*s%s%.*s@%llu ", names[change], key_bytes,
             (const char *)item->key.data, value_bytes > 0 ? "=" : "", value_bytes,
             (const char *)item->value.data, (unsigned long long)item->hlc);
    append(fixture->log, sizeof fixture->log, line);
}

zc_origin_t fixture_origin(unsigned number) {
    return (zc_origin_t){.bytes = {[0] = 1, [ZC_ORIGIN_BYTES - 1] = (uint8_t)number}};
}

zc_stamp_t fixture_stamp(zc_hlc_t hlc, unsigned number) {
    return (zc_stamp_t){.hlc = hlc, .origin = fixture_origin(number)};
}

uint64_t fixture_hash(const char *key) {
    return zc_key_hash(zc_slice_text(key));
}

void fixture_twin(unsigned number, char key[FIXTURE_TWIN_BYTES + 1]) {
    static const uint8_t secret[] = {0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe};
    memcpy(key, secret, sizeof secret);
    snprintf(key + sizeof secret, FIXTURE_TWIN_BYTES + 1 - sizeof secret, "%08u-the-rest-equal-",
             number % 1000);
}

void fixture_init(zc_fixture_t *fixture) {
    *fixture = (zc_fixture_t){.now_ms = 1000};
    zc_failing_allocator_init(&fixture->failing);
    fixture->options = (zc_store_options_t){.allocator = &fixture->failing.allocator,
                                            .seed = 42,
                                            .max_size = 4,
                                            .ghosts_max = 4,
                                            .listener = listen,
                                            .listener_context = fixture};
}

void fixture_start(zc_fixture_t *fixture) {
    ZC_ASSERT(zc_store_new(&fixture->options, &fixture->store) == ZCACHE_OK);
    for (unsigned number = A; number <= D; number++) {
        zc_origin_t origin = fixture_origin(number);
        zc_origin_index_t index;
        ZC_ASSERT(zc_store_origin(fixture->store, &origin, &index) == ZCACHE_OK);
        ZC_ASSERT(index == number);
    }
}

void fixture_stop(zc_fixture_t *fixture) {
    zc_store_check(fixture->store);
    zc_store_destroy(&fixture->store);
    ZC_ASSERT(fixture->store == NULL);
    ZC_ASSERT(fixture->failing.blocks == 0);
}

static zc_outcome_t apply(zc_fixture_t *fixture) {
    zc_outcome_t outcome;
    ZC_ASSERT(zc_store_apply(fixture->store, &fixture->last, fixture->now_ms, &outcome,
                             &fixture->was_held) == ZCACHE_OK);
    zc_store_check(fixture->store);
    return outcome;
}

zc_outcome_t fixture_put(zc_fixture_t *fixture, const char *key, const char *value,
                         zc_origin_index_t origin, zc_hlc_t hlc) {
    fixture->last = (zc_store_item_t){.origin = origin,
                                      .hlc = hlc,
                                      .key_hash = fixture_hash(key),
                                      .key = zc_slice_text(key),
                                      .value = zc_slice_text(value),
                                      .used_ms = fixture->now_ms};
    return apply(fixture);
}

zc_outcome_t fixture_put_until(zc_fixture_t *fixture, const char *key, zc_hlc_t hlc,
                               uint64_t deadline_ms) {
    fixture->last = (zc_store_item_t){.origin = A,
                                      .hlc = hlc,
                                      .key_hash = fixture_hash(key),
                                      .key = zc_slice_text(key),
                                      .value = zc_slice_text("v"),
                                      .deadline_ms = deadline_ms,
                                      .used_ms = fixture->now_ms};
    return apply(fixture);
}

zc_outcome_t fixture_ghost(zc_fixture_t *fixture, const char *key, zc_origin_index_t origin,
                           zc_hlc_t hlc) {
    fixture->last = (zc_store_item_t){
        .ghost = true, .origin = origin, .hlc = hlc, .key_hash = fixture_hash(key)};
    return apply(fixture);
}

static const char *keep_text(zc_fixture_t *fixture, const void *data, size_t bytes) {
    ZC_ASSERT(bytes < sizeof fixture->text);
    if (bytes > 0) {
        memcpy(fixture->text, data, bytes);
    }
    fixture->text[bytes] = '\0';
    return fixture->text;
}

const char *fixture_peek(zc_fixture_t *fixture, const char *key) {
    zc_store_item_t item = {.hlc = 0};
    zcache_status status =
        zc_store_get(fixture->store, zc_slice_text(key), fixture->now_ms, false, &item);
    ZC_ASSERT(status == ZCACHE_OK || status == ZCACHE_MISS);
    return keep_text(fixture, item.value.data, item.value.bytes);
}

const char *fixture_read(zc_fixture_t *fixture, const char *key) {
    zcache_value_t value = ZCACHE_VALUE_INIT;
    zcache_status status = zc_store_read(fixture->store, zc_slice_text(key), fixture->now_ms,
                                         &fixture->failing.allocator, &value);
    ZC_ASSERT(status == ZCACHE_OK || status == ZCACHE_MISS);
    keep_text(fixture, value.data, value.size);
    zc_free(&fixture->failing.allocator, value.data);
    return fixture->text;
}

bool fixture_is_ghost(zc_fixture_t *fixture, const char *key) {
    zc_store_item_t item;
    return zc_store_find(fixture->store, fixture_hash(key), &item) && item.ghost;
}

zc_store_stats_t fixture_stats(const zc_fixture_t *fixture) {
    zc_store_stats_t stats;
    zc_store_stats(fixture->store, &stats);
    return stats;
}

void fixture_sweep(zc_fixture_t *fixture) {
    while (zc_store_sweep(fixture->store, fixture->now_ms, 3)) {
        zc_store_check(fixture->store);
    }
    zc_store_check(fixture->store);
}

const char *fixture_keys(zc_fixture_t *fixture) {
    zc_store_walk_t *walk;
    ZC_ASSERT(zc_store_walk_new(fixture->store, ZC_WALK_COLDEST_FIRST, &walk) == ZCACHE_OK);
    fixture->text[0] = '\0';
    size_t budget = 100000;
    zc_store_item_t item;
    while (zc_store_walk_item(walk, fixture->now_ms, &budget, &item) == ZCACHE_OK && !item.ghost) {
        char key[64];
        snprintf(key, sizeof key, "%s%.*s", fixture->text[0] != '\0' ? " " : "",
                 (int)item.key.bytes, (const char *)item.key.data);
        append(fixture->text, sizeof fixture->text, key);
        zc_store_walk_next(walk);
    }
    zc_store_walk_destroy(&walk);
    return fixture->text;
}

const char *fixture_chain(zc_fixture_t *fixture, zc_origin_index_t origin) {
    zc_store_cursor_t cursor;
    zc_store_cursor_open_newer(fixture->store, &cursor, origin, 0);
    fixture->text[0] = '\0';
    zc_store_item_t item;
    for (; zc_store_cursor_item(fixture->store, &cursor, &item);
         zc_store_cursor_next(fixture->store, &cursor)) {
        char hlc[32];
        snprintf(hlc, sizeof hlc, "%s%llu%s", fixture->text[0] != '\0' ? " " : "",
                 (unsigned long long)item.hlc, item.ghost ? "!" : "");
        append(fixture->text, sizeof fixture->text, hlc);
    }
    zc_store_cursor_close(fixture->store, &cursor);
    return fixture->text;
}

const char *fixture_log(zc_fixture_t *fixture) {
    keep_text(fixture, fixture->log, strlen(fixture->log));
    fixture->log[0] = '\0';
    return fixture->text;
}
