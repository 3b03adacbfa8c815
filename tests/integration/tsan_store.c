/* SPDX-License-Identifier: MPL-2.0 */
/* Readers beside the one writer of a store (rule C1), for ThreadSanitizer: every read is a miss or
 * a value that was written to that very key, whole, and at the end the store is whole. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "lib/base/assert.h"
#include "lib/base/random.h"
#include "lib/store/reader.h"
#include "lib/store/walk.h"

enum { READERS = 3, KEYS = 3000, WRITES = 60000, VALUE_BYTES_MAX = 300 };

typedef struct trial {
    pthread_mutex_t mutex;
    zc_store_t *store;
    atomic_ullong now_ms;
    atomic_bool over;
    atomic_ullong hits;
} trial_t;

static void acquire(void *context) {
    pthread_mutex_lock(context);
}

static bool attempt(void *context) {
    return pthread_mutex_trylock(context) == 0;
}

static void release(void *context) {
    pthread_mutex_unlock(context);
}

/* The value of a key repeats its number, as often as one likes. */
static size_t make_value(uint32_t *value, uint32_t key, size_t times) {
    for (size_t i = 0; i < times; i++) {
        value[i] = key;
    }
    return times * sizeof *value;
}

static void check_value(const zcache_value_t *buffer, uint32_t key) {
    const uint32_t *value = buffer->data;
    ZC_ASSERT(buffer->size % sizeof *value == 0);
    for (size_t i = 0; i < buffer->size / sizeof *value; i++) {
        ZC_ASSERT(value[i] == key);
    }
}

static void *read_all_the_time(void *context) {
    trial_t *trial = context;
    zcache_value_t buffer = ZCACHE_VALUE_INIT;
    zc_reader_t *reader;
    ZC_ASSERT(zc_reader_new(trial->store, zc_allocator_system(), &reader) == ZCACHE_OK);
    zc_random_t random = {(uint64_t)(uintptr_t)&buffer};
    while (!atomic_load(&trial->over)) {
        uint32_t key = (uint32_t)zc_random_below(&random, KEYS);
        zc_moment_t moment = zc_moment_exact(atomic_load(&trial->now_ms));
        zcache_status status = zc_reader_read(reader, zc_slice(&key, sizeof key), moment, &buffer);
        ZC_ASSERT(status == ZCACHE_OK || status == ZCACHE_MISS);
        if (status == ZCACHE_OK) {
            check_value(&buffer, key);
            atomic_fetch_add(&trial->hits, 1);
        }
    }
    zc_reader_destroy(&reader);
    zc_free(zc_allocator_system(), buffer.data);
    return NULL;
}

static void write_one(trial_t *trial, zc_random_t *random, zc_hlc_t hlc) {
    uint32_t key = (uint32_t)zc_random_below(random, KEYS);
    uint32_t value[VALUE_BYTES_MAX / sizeof key];
    size_t bytes = make_value(value, key, 1 + zc_random_below(random, sizeof value / sizeof key));
    uint64_t now_ms = atomic_load(&trial->now_ms);
    zc_slice_t key_bytes = zc_slice(&key, sizeof key);
    zc_store_item_t item = {.ghost = zc_random_below(random, 8) == 0,
                            .origin = (zc_origin_index_t)zc_random_below(random, 2),
                            .hlc = hlc,
                            .key_hash = zc_key_hash(key_bytes),
                            .used_ms = now_ms};
    if (!item.ghost) {
        item.key = key_bytes;
        item.value = zc_slice(value, bytes);
        item.deadline_ms = zc_random_below(random, 4) == 0 ? now_ms + 50 : 0;
    }
    zc_outcome_t outcome;
    bool held;
    ZC_ASSERT(zc_store_apply(trial->store, &item, now_ms, &outcome, &held) == ZCACHE_OK);
}

static bool drop_some(void *context, const zc_store_item_t *item) {
    (void)context;
    return item->key_hash % 4 == 0;
}

static void walk_along(zc_store_t *store, uint64_t now_ms) {
    zc_store_walk_t *walk;
    ZC_ASSERT(zc_store_walk_new(store, ZC_WALK_COLDEST_FIRST, &walk) == ZCACHE_OK);
    size_t budget = 100000;
    zc_store_item_t item;
    while (zc_store_walk_item(walk, now_ms, &budget, &item) == ZCACHE_OK) {
        zc_store_walk_next(walk);
    }
    zc_store_walk_destroy(&walk);
}

/* Everything else that a replica does, now and then. */
static void do_other_things(trial_t *trial, uint64_t step) {
    zc_store_t *store = trial->store;
    uint64_t now_ms = atomic_load(&trial->now_ms);
    uint64_t touches[64] = {0};
    zc_store_take_touches(store, touches, 64);
    zc_store_touch(store, zc_key_hash(zc_slice(&step, sizeof(uint32_t))), now_ms);
    zc_store_sweep(store, now_ms, 200);
    zc_store_next_expiry_ms(store);
    zc_store_stats_t stats;
    zc_store_stats(store, &stats);
    switch (step / 100 % 8) {
    case 0:
        walk_along(store, now_ms);
        break;
    case 1: {
        uint32_t position = 0;
        zc_store_mark(store, touches[0]);
        zc_store_drop_unmarked(store, &position, 1000, drop_some, NULL);
        break;
    }
    case 2:
        zc_store_run_begin(store);
        break;
    case 3:
        zc_store_run_end(store);
        break;
    case 4:
        zc_store_set_expire_after(store, 40 + step % 7, 5);
        zc_store_set_clock_offset(store, (int64_t)(step % 3));
        break;
    case 5:
        zc_store_evict(store);
        break;
    default:
        break;
    }
}

static void add_origin(zc_store_t *store, uint8_t number) {
    zc_origin_t origin = {.bytes = {number, 1}};
    zc_origin_index_t index;
    ZC_ASSERT(zc_store_origin(store, &origin, &index) == ZCACHE_OK);
}

static void write_all(trial_t *trial) {
    zc_random_t random = {7};
    for (uint64_t step = 1; step <= WRITES; step++) {
        write_one(trial, &random, step + zc_random_below(&random, 50));
        if (step % 100 == 0) {
            atomic_fetch_add(&trial->now_ms, 1);
            do_other_things(trial, step);
        }
        if (step % 10000 == 0) {
            zc_stamp_t stamp = {.hlc = step - 500, .origin = {.bytes = {1, 1}}};
            zc_store_clear(trial->store, &stamp);
            add_origin(trial->store, (uint8_t)(10 + step / 10000));
        }
    }
}

int main(void) {
    trial_t trial = {.mutex = PTHREAD_MUTEX_INITIALIZER, .now_ms = 1000};
    zc_store_options_t options = {.allocator = zc_allocator_system(),
                                  .lock = {acquire, release, &trial.mutex, attempt},
                                  .seed = 3,
                                  .max_size = 1500,
                                  .ghosts_max = 700,
                                  .max_memory = 300000,
                                  .expire_after_ms = 40,
                                  .touch_window_ms = 5};
    ZC_ASSERT(zc_store_new(&options, &trial.store) == ZCACHE_OK);
    add_origin(trial.store, 1);
    add_origin(trial.store, 2);
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++) {
        ZC_ASSERT(pthread_create(&readers[i], NULL, read_all_the_time, &trial) == 0);
    }
    write_all(&trial);
    atomic_store(&trial.over, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i], NULL);
    }
    zc_store_run_end(trial.store);
    zc_store_check(trial.store);
    unsigned long long hits = atomic_load(&trial.hits);
    zc_store_destroy(&trial.store);
    printf("%d writes beside %d readers, %llu hits\n", (int)WRITES, (int)READERS, hits);
    return hits > 0 ? 0 : 1;
}
