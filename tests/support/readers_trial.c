/* SPDX-License-Identifier: MPL-2.0 */
/* A value is words: the number of its key, its version, which only rises, and then what follows
 * from both; so a value that is made of two is seen. */
#define _GNU_SOURCE
#include "tests/support/readers_trial.h"

#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/assert.h"
#include "lib/base/random.h"
#include "lib/store/reader.h"
#include "lib/store/walk.h"

enum {
    READERS_MAX = 8,
    KEYS = 6000,
    HOT_KEYS = 4,
    WORDS_FEW = 20, /* most of them are copied through registers */
    WORDS_MAX = 600,
    WORDS_LARGE = 1200, /* more than is read without the lock */
    OTHER_THINGS_EVERY = 256,
};

typedef struct trial {
    pthread_mutex_t mutex;
    zc_store_t *store;
    uint64_t seed;
    atomic_ullong now_ms;
    atomic_bool over;
} trial_t;

typedef struct reader {
    pthread_t thread;
    trial_t *trial;
    uint64_t number;
    uint64_t hits;
    uint64_t versions[KEYS]; /* the highest that it has seen */
} reader_t;

static void acquire(void *context) {
    pthread_mutex_lock(context);
}

static bool attempt(void *context) {
    return pthread_mutex_trylock(context) == 0;
}

static void release(void *context) {
    pthread_mutex_unlock(context);
}

/* Readers ask for the keys that are written most, so that they meet the writer at them. */
static uint64_t draw_key(zc_random_t *random) {
    return zc_random_below(random, 4) > 0 ? zc_random_below(random, HOT_KEYS)
                                          : zc_random_below(random, KEYS);
}

/* -- Reading ----------------------------------------------------------------- */

static void check_value(const zcache_value_t *buffer, uint64_t key, uint64_t *version) {
    const uint64_t *words = buffer->data;
    size_t count = buffer->size / sizeof *words;
    ZC_ASSERT(buffer->size % sizeof *words == 0);
    ZC_ASSERT(count >= 2);
    ZC_ASSERT(words[0] == key);
    ZC_ASSERT(words[1] >= *version);
    for (size_t i = 2; i < count; i++) {
        ZC_ASSERT(words[i] == zc_mix(words[1], i));
    }
    *version = words[1];
}

static void *read_all_the_time(void *context) {
    reader_t *self = context;
    trial_t *trial = self->trial;
    zcache_value_t buffer = ZCACHE_VALUE_INIT;
    zc_random_t random = {trial->seed + 1 + self->number};
    zc_reader_t *reader;
    ZC_ASSERT(zc_reader_new(trial->store, zc_allocator_system(), &reader) == ZCACHE_OK);
    while (!atomic_load(&trial->over)) {
        uint64_t key = draw_key(&random);
        zc_moment_t moment = zc_moment_exact(atomic_load(&trial->now_ms));
        zcache_status status = zc_reader_read(reader, zc_slice(&key, sizeof key), moment, &buffer);
        ZC_ASSERT(status == ZCACHE_OK || status == ZCACHE_MISS);
        if (status == ZCACHE_OK) {
            check_value(&buffer, key, &self->versions[key]);
            self->hits++;
        }
    }
    zc_reader_destroy(&reader);
    zc_free(zc_allocator_system(), buffer.data);
    return NULL;
}

/* -- Writing ----------------------------------------------------------------- */

static void write_one(trial_t *trial, zc_random_t *random, uint64_t version) {
    uint64_t key = draw_key(random);
    uint64_t words[WORDS_LARGE] = {key, version};
    size_t most = zc_random_below(random, 2) == 0 ? WORDS_FEW : WORDS_MAX;
    size_t count = 2 + zc_random_below(random, most - 2);
    if (zc_random_below(random, 200) == 0) {
        count = WORDS_LARGE;
    }
    for (size_t i = 2; i < count; i++) {
        words[i] = zc_mix(version, i);
    }
    uint64_t now_ms = atomic_load(&trial->now_ms);
    zc_slice_t key_bytes = zc_slice(&key, sizeof key);
    zc_store_item_t item = {.ghost = zc_random_below(random, 10) == 0,
                            .hlc = version,
                            .key_hash = zc_key_hash(key_bytes),
                            .used_ms = now_ms};
    if (!item.ghost) {
        item.key = key_bytes;
        item.value = zc_slice(words, count * sizeof words[0]);
        item.deadline_ms = zc_random_below(random, 4) == 0 ? now_ms + 20 : 0;
    }
    zc_outcome_t outcome;
    ZC_ASSERT(zc_store_apply(trial->store, &item, now_ms, &outcome, NULL) == ZCACHE_OK);
}

static void walk_along(zc_store_t *store, uint64_t now_ms) {
    zc_store_walk_t *walk;
    ZC_ASSERT(zc_store_walk_new(store, ZC_WALK_HOTTEST_FIRST, &walk) == ZCACHE_OK);
    size_t budget = 1000;
    zc_store_item_t item;
    while (zc_store_walk_item(walk, now_ms, &budget, &item) == ZCACHE_OK) {
        zc_store_walk_next(walk);
    }
    zc_store_walk_destroy(&walk);
}

static void do_other_things(trial_t *trial, uint64_t version) {
    zc_store_t *store = trial->store;
    uint64_t now_ms = atomic_fetch_add(&trial->now_ms, 1);
    uint64_t touches[64];
    zc_store_take_touches(store, touches, 64);
    zc_store_sweep(store, now_ms, 100);
    zc_store_evict(store);
    uint64_t turn = version / OTHER_THINGS_EVERY;
    if (turn % 8 == 0) {
        walk_along(store, now_ms);
    }
    if (turn % 16 == 1) {
        zc_stamp_t stamp = {.hlc = version - OTHER_THINGS_EVERY / 2, .origin = {.bytes = {1}}};
        zc_store_clear(store, &stamp);
    }
    zc_store_set_max_size(store, 500 + turn * 50 % KEYS, 500);
}

/* -- All together -------------------------------------------------------------- */

static zc_store_t *make_store(trial_t *trial) {
    const zc_store_options_t options = {.allocator = zc_allocator_system(),
                                        .lock = {acquire, release, &trial->mutex, attempt},
                                        .seed = trial->seed,
                                        .max_size = 500,
                                        .ghosts_max = 500,
                                        .expire_after_ms = 100,
                                        .touch_window_ms = 5};
    zc_store_t *store = NULL;
    ZC_ASSERT(zc_store_new(&options, &store) == ZCACHE_OK);
    zc_origin_t origin = {.bytes = {1}};
    zc_origin_index_t index;
    ZC_ASSERT(zc_store_origin(store, &origin, &index) == ZCACHE_OK);
    return store;
}

uint64_t zc_readers_trial(unsigned readers, uint64_t writes, uint64_t seed) {
    ZC_ASSERT(readers <= READERS_MAX);
    static reader_t all[READERS_MAX];
    trial_t trial = {.mutex = PTHREAD_MUTEX_INITIALIZER, .seed = seed, .now_ms = 1000};
    trial.store = make_store(&trial);
    for (unsigned i = 0; i < readers; i++) {
        memset(&all[i], 0, sizeof all[i]);
        all[i].trial = &trial;
        all[i].number = i;
        ZC_ASSERT(pthread_create(&all[i].thread, NULL, read_all_the_time, &all[i]) == 0);
    }
    zc_random_t random = {seed};
    for (uint64_t version = 1; version <= writes; version++) {
        write_one(&trial, &random, version);
        if (version % OTHER_THINGS_EVERY == 0) {
            do_other_things(&trial, version);
        }
    }
    atomic_store(&trial.over, true);
    uint64_t hits = 0;
    for (unsigned i = 0; i < readers; i++) {
        pthread_join(all[i].thread, NULL);
        hits += all[i].hits;
    }
    zc_store_check(trial.store);
    zc_store_stats_t stats;
    zc_store_stats(trial.store, &stats);
    ZC_ASSERT(stats.hits == hits);
    zc_store_destroy(&trial.store);
    return hits;
}
