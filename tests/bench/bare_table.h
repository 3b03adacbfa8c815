/* SPDX-License-Identifier: MPL-2.0 */
/* The limit that reads in a process are held against: a chained hash table with an exact LRU list
 * and nothing else. No lock, no clock, no expiry, no counters; the value is copied out.
 *
 *     XXH3 of the key ──► bucket ──► entry ──► entry      one malloc'ed block each, with key and
 *                                      │                  value in it
 *                       head ◄──► ... entry ... ◄──► tail
 *
 * All of it is inline, so that not even a call stands between the reader and its memory. */
#ifndef TESTS_BENCH_BARE_TABLE_H
#define TESTS_BENCH_BARE_TABLE_H

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tests/bench/bench.h"

typedef struct zc_bare_entry {
    struct zc_bare_entry *next; /* in the bucket */
    struct zc_bare_entry *newer;
    struct zc_bare_entry *older;
    uint32_t key_bytes;
    uint32_t value_bytes;
    char bytes[]; /* key, then value */
} zc_bare_entry_t;

typedef struct zc_bare_table {
    zc_bare_entry_t **buckets;
    uint64_t mask;
    zc_bare_entry_t *newest;
    zc_bare_entry_t *oldest;
} zc_bare_table_t;

/* With at least one bucket for each of `entries`. False: no memory. */
static inline bool zc_bare_init(zc_bare_table_t *table, uint64_t entries) {
    uint64_t count = 1;
    while (count < entries) {
        count *= 2;
    }
    *table = (zc_bare_table_t){.mask = count - 1};
    table->buckets = calloc(count, sizeof(zc_bare_entry_t *));
    return table->buckets != NULL;
}

static inline zc_bare_entry_t **zc_bare_bucket(zc_bare_table_t *table, const void *key,
                                               size_t bytes) {
    return &table->buckets[XXH3_64bits(key, bytes) & table->mask];
}

static inline void zc_bare_link_newest(zc_bare_table_t *table, zc_bare_entry_t *entry) {
    entry->newer = NULL;
    entry->older = table->newest;
    if (table->newest != NULL) {
        table->newest->newer = entry;
    } else {
        table->oldest = entry;
    }
    table->newest = entry;
}

/* An entry that is not the newest. */
static inline void zc_bare_unlink(zc_bare_table_t *table, zc_bare_entry_t *entry) {
    entry->newer->older = entry->older;
    if (entry->older != NULL) {
        entry->older->newer = entry->newer;
    } else {
        table->oldest = entry->newer;
    }
}

/* Adds a key that is not there. False: no memory. */
static inline bool zc_bare_add(zc_bare_table_t *table, const void *key, size_t key_bytes,
                               const void *value, size_t value_bytes) {
    zc_bare_entry_t *entry = malloc(sizeof(*entry) + key_bytes + value_bytes);
    if (entry == NULL) {
        return false;
    }
    zc_bare_entry_t **bucket = zc_bare_bucket(table, key, key_bytes);
    entry->next = *bucket;
    entry->key_bytes = (uint32_t)key_bytes;
    entry->value_bytes = (uint32_t)value_bytes;
    memcpy(entry->bytes, key, key_bytes);
    memcpy(entry->bytes + key_bytes, value, value_bytes);
    *bucket = entry;
    zc_bare_link_newest(table, entry);
    return true;
}

/* Makes a table of the keys 0 ... entries - 1. */
static inline void zc_bare_fill(zc_bare_table_t *table, uint64_t entries) {
    zc_bench_require(zc_bare_init(table, entries), "out of memory");
    for (uint64_t number = 0; number < entries; number++) {
        zc_bench_key_t key = zc_bench_key(number);
        zc_bench_value_t value = zc_bench_value(number);
        zc_bench_require(zc_bare_add(table, &key, sizeof(key), &value, sizeof(value)),
                         "out of memory");
    }
}

/* Copies the value of a key to `value`, which is large enough, and makes it the newest. */
static inline bool zc_bare_get(zc_bare_table_t *table, const void *key, size_t key_bytes,
                               void *value) {
    zc_bare_entry_t *entry = *zc_bare_bucket(table, key, key_bytes);
    while (entry != NULL &&
           (entry->key_bytes != key_bytes || memcmp(entry->bytes, key, key_bytes) != 0)) {
        entry = entry->next;
    }
    if (entry == NULL) {
        return false;
    }
    if (entry != table->newest) {
        zc_bare_unlink(table, entry);
        zc_bare_link_newest(table, entry);
    }
    memcpy(value, entry->bytes + key_bytes, entry->value_bytes);
    return true;
}

#endif
