/* SPDX-License-Identifier: MPL-2.0 */
/* The writes of a run, by key and in the order of their stamps. */
#include "tests/sim/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"
#include "lib/base/hash.h"

void zc_history_init(zc_history_t *history) {
    *history = (zc_history_t){.writes = 0};
    for (int key = 0; key < ZC_PLAN_KEYS_MAX; key++) {
        char text[ZC_KEY_TEXT_BYTES];
        zc_history_key_text(key, text);
        history->key_hashes[key] = zc_key_hash(zc_slice_text(text));
    }
}

void zc_history_fini(zc_history_t *history) {
    for (int key = 0; key < ZC_PLAN_KEYS_MAX; key++) {
        for (size_t i = 0; i < history->keys[key].count; i++) {
            free(history->keys[key].writes[i]);
        }
        free(history->keys[key].writes);
    }
    *history = (zc_history_t){.writes = 0};
}

void zc_history_key_text(int key, char text[ZC_KEY_TEXT_BYTES]) {
    snprintf(text, ZC_KEY_TEXT_BYTES, "key-%d", key);
}

int zc_history_key_of_hash(const zc_history_t *history, uint64_t key_hash) {
    for (int key = 0; key < ZC_PLAN_KEYS_MAX; key++) {
        if (history->key_hashes[key] == key_hash) {
            return key;
        }
    }
    return -1;
}

int zc_history_key(const zc_history_t *history, zc_slice_t key) {
    char text[ZC_KEY_TEXT_BYTES];
    if (key.bytes < 5 || key.bytes >= sizeof text) {
        return -1;
    }
    memcpy(text, key.data, key.bytes);
    text[key.bytes] = '\0';
    long number = strtol(text + 4, NULL, 10);
    bool ours =
        number >= 0 && number < ZC_PLAN_KEYS_MAX && history->key_hashes[number] == zc_key_hash(key);
    return ours ? (int)number : -1;
}

/* Where a stamp is among the writes to a key, or belongs. */
static size_t place_of(const zc_key_history_t *key, const zc_stamp_t *stamp) {
    size_t low = 0;
    size_t high = key->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zc_stamp_compare(&key->writes[middle]->stamp, stamp) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

zc_written_t *zc_history_find(const zc_history_t *history, int key, const zc_stamp_t *stamp) {
    const zc_key_history_t *of_key = &history->keys[key];
    size_t at = place_of(of_key, stamp);
    if (at == of_key->count || zc_stamp_compare(&of_key->writes[at]->stamp, stamp) != 0) {
        return NULL;
    }
    return of_key->writes[at];
}

zc_written_t *zc_history_add(zc_history_t *history, const zc_written_t *written) {
    if (zc_history_find(history, written->key, &written->stamp) != NULL) {
        return NULL;
    }
    zc_key_history_t *key = &history->keys[written->key];
    if (key->count == key->capacity) {
        key->capacity = key->capacity == 0 ? 16 : key->capacity * 2;
        key->writes = realloc(key->writes, key->capacity * sizeof *key->writes);
        ZC_ASSERT(key->writes != NULL);
    }
    zc_written_t *copy = malloc(sizeof *copy);
    ZC_ASSERT(copy != NULL);
    *copy = *written;
    size_t at = place_of(key, &written->stamp);
    memmove(&key->writes[at + 1], &key->writes[at], (key->count - at) * sizeof(zc_written_t *));
    key->writes[at] = copy;
    key->count++;
    history->writes++;
    return copy;
}
