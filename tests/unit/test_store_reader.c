/* SPDX-License-Identifier: MPL-2.0 */
/* Readers: what they answer without a lock, and what their reads leave when their rings are
 * drained: the very order of use, times and touches that reads under the lock leave. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/base/random.h"
#include "lib/store/reader.h"
#include "lib/store/state.h"
#include "tests/support/readers_trial.h"
#include "tests/support/store_fixture.h"

enum { RING = 8192 }; /* of reader.c */

static zc_fixture_t fixture;
static zc_reader_t *reader;

/* A lock that counts, and that may be taken by somebody else. */
typedef struct counted {
    unsigned taken;
    unsigned given;
    bool busy;
} counted_t;

static counted_t lock;

static void take(void *context) {
    ((counted_t *)context)->taken++;
}

static bool try_to_take(void *context) {
    counted_t *counted = context;
    counted->taken += !counted->busy;
    return !counted->busy;
}

static void give(void *context) {
    (void)context;
}

static void start_with(uint64_t max_size) {
    fixture_init(&fixture);
    lock = (counted_t){.taken = 0};
    fixture.options.lock = (zc_lock_t){take, give, &lock, try_to_take};
    fixture.options.max_size = max_size;
    fixture.options.touch_window_ms = 100;
    fixture.options.expire_after_ms = 1000;
    fixture_start(&fixture);
    cr_assert_eq(zc_reader_new(fixture.store, &fixture.failing.allocator, &reader), ZCACHE_OK);
}

static void start(void) {
    start_with(4);
}

static void stop(void) {
    zc_reader_destroy(&reader);
    fixture_stop(&fixture);
}

static void restart_with(uint64_t max_size) {
    stop();
    start_with(max_size);
}

TestSuite(store_reader, .init = start, .fini = stop);

static zcache_status read_at(zc_reader_t *by, const char *key, zc_moment_t moment) {
    zcache_value_t value = ZCACHE_VALUE_INIT;
    zcache_status status = zc_reader_read(by, zc_slice_text(key), moment, &value);
    if (status == ZCACHE_OK) {
        if (value.size > 0) {
            memcpy(fixture.text, value.data, value.size);
        }
        fixture.text[value.size] = '\0';
    }
    zc_free(&fixture.failing.allocator, value.data);
    return status;
}

/* The value as the reader sees it now, "" for a miss. */
static const char *get_by(zc_reader_t *by, const char *key) {
    fixture.text[0] = '\0';
    zcache_status status = read_at(by, key, zc_moment_exact(fixture.now_ms));
    cr_assert(status == ZCACHE_OK || status == ZCACHE_MISS);
    return fixture.text;
}

static const char *get(const char *key) {
    return get_by(reader, key);
}

/* -- What it answers --------------------------------------------------------- */

Test(store_reader, value_is_read_without_the_lock) {
    fixture_put(&fixture, "k", "value", A, 1);
    fixture_put(&fixture, "long key of some words", "a value of some more words", A, 2);
    fixture_put(&fixture, "empty", "", A, 3);
    lock.taken = 0;
    cr_assert_str_eq(get("k"), "value");
    cr_assert_str_eq(get("long key of some words"), "a value of some more words");
    cr_assert_eq(read_at(reader, "empty", zc_moment_exact(fixture.now_ms)), ZCACHE_OK);
    cr_assert_str_eq(get("long key of some word"), "");
    cr_assert_str_eq(get("nobody"), "");
    cr_assert_eq(lock.taken, 0);
    zc_store_stats_t stats = fixture_stats(&fixture);
    cr_assert(stats.hits == 3 && stats.misses == 2);
}

Test(store_reader, type_is_that_of_the_value) {
    fixture_put(&fixture, "k", "value", A, 1);
    fixture.last.hlc = 2;
    fixture.last.type = 1;
    zc_outcome_t outcome;
    zc_store_apply(fixture.store, &fixture.last, fixture.now_ms, &outcome, NULL);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    zc_moment_t moment = zc_moment_exact(fixture.now_ms);
    cr_assert_eq(zc_reader_read(reader, zc_slice_text("k"), moment, &value), ZCACHE_OK);
    cr_assert(value.type == 1 && value.size == 5);
    zc_free(&fixture.failing.allocator, value.data);
}

Test(store_reader, deleted_and_voided_are_misses) {
    fixture_put(&fixture, "deleted", "v", A, 1);
    fixture_ghost(&fixture, "deleted", A, 2);
    fixture_put(&fixture, "older", "v", A, 3);
    fixture_put(&fixture, "same a", "v", A, 5);
    fixture_put(&fixture, "same b", "v", B, 5);
    zc_stamp_t clear = fixture_stamp(5, A);
    zc_store_clear(fixture.store, &clear);
    cr_assert_str_eq(get("deleted"), "");
    cr_assert_str_eq(get("older"), "");
    cr_assert_str_eq(get("same a"), "");
    cr_assert_str_eq(get("same b"), "v", "equal clock readings are told apart by their origins");
}

Test(store_reader, other_key_of_the_same_hash_is_a_miss) {
    char key[FIXTURE_TWIN_BYTES + 1];
    char other[FIXTURE_TWIN_BYTES + 1];
    fixture_twin(1, key);
    fixture_twin(2, other);
    fixture_put(&fixture, key, "v", A, 1);
    cr_assert_str_eq(get(other), "");
    cr_assert_str_eq(get(key), "v");
}

Test(store_reader, value_stays_when_memory_runs_out_and_nothing_is_counted) {
    fixture_put(&fixture, "k", "1234567890", A, 1);
    void *data = zc_allocate(&fixture.failing.allocator, 3);
    cr_assert_not_null(data);
    memcpy(data, "ooo", 3);
    zcache_value_t value = {.data = data, .capacity = 3, .size = 3};
    zc_moment_t moment = zc_moment_exact(fixture.now_ms);
    zc_failing_allocator_fail_after(&fixture.failing, 0);
    cr_assert_eq(zc_reader_read(reader, zc_slice_text("k"), moment, &value), ZCACHE_NO_MEMORY);
    cr_assert(value.data == data && value.capacity == 3 && value.size == 3);
    cr_assert_eq(memcmp(data, "ooo", 3), 0);
    cr_assert_eq(fixture_stats(&fixture).hits, 0);
    zc_free(&fixture.failing.allocator, value.data);
    zc_reader_t *other;
    zc_failing_allocator_fail_after(&fixture.failing, 0);
    cr_assert_eq(zc_reader_new(fixture.store, &fixture.failing.allocator, &other),
                 ZCACHE_NO_MEMORY);
}

/* What cannot be read whole without the lock is read under it. */
Test(store_reader, large_value_is_read_under_the_lock) {
    static char text[20001];
    memset(text, 'x', 20000);
    restart_with(4);
    fixture.store->options.listener = NULL;
    fixture_put(&fixture, "k", text, A, 1);
    lock.taken = 0;
    cr_assert_str_eq(get("k"), text);
    cr_assert_gt(lock.taken, 0);
    cr_assert_eq(fixture_stats(&fixture).hits, 1);
}

Test(store_reader, while_somebody_writes_it_is_read_under_the_lock) {
    fixture_put(&fixture, "k", "v", A, 1);
    zc_stripe_t *stripe = zc_index_stripe(&fixture.store->index, fixture_hash("k"));
    zc_stripe_begin(stripe);
    lock.taken = 0;
    cr_assert_str_eq(get("k"), "v");
    cr_assert_gt(lock.taken, 0);
    zc_stripe_end(stripe);
    lock.taken = 0;
    cr_assert_str_eq(get("k"), "v");
    cr_assert_eq(lock.taken, 0);
}

/* Every change of what is found under a key shows in its stripe, which is even after it. */
Test(store_reader, every_change_of_an_entry_shows_in_its_stripe) {
    const zc_stripe_t *stripe = zc_index_stripe(&fixture.store->index, fixture_hash("k"));
    zc_stripe_t number = *stripe;
    fixture_put(&fixture, "k", "v", A, 1);
    cr_assert(*stripe > number && *stripe % 2 == 0);
    number = *stripe;
    fixture_put(&fixture, "k", "w", A, 2);
    cr_assert(*stripe > number && *stripe % 2 == 0);
    number = *stripe;
    zc_store_evict(fixture.store);
    cr_assert(*stripe > number && *stripe % 2 == 0);
    number = *stripe;
    fixture_put(&fixture, "k", "v", A, 3);
    cr_assert(*stripe > number && *stripe % 2 == 0);
    number = *stripe;
    zc_stamp_t clear = fixture_stamp(3, A);
    zc_store_clear(fixture.store, &clear);
    fixture_sweep(&fixture);
    cr_assert(*stripe > number && *stripe % 2 == 0);
}

Test(store_reader, readers_beside_a_writer_get_what_was_written_whole) {
    cr_assert_gt(zc_readers_trial(3, 100000, 11), 0);
}

/* -- When it is --------------------------------------------------------------- */

static zc_moment_t between(uint64_t earliest_ms, uint64_t latest_ms) {
    return (zc_moment_t){.earliest_ms = earliest_ms,
                         .late_ms = (uint32_t)(latest_ms - earliest_ms)};
}

Test(store_reader, deadline_within_the_moment_asks_for_the_exact_time) {
    fixture_put_until(&fixture, "k", 1, 1500);
    cr_assert_eq(read_at(reader, "k", between(1400, 1499)), ZCACHE_OK);
    cr_assert_eq(read_at(reader, "k", between(1401, 1500)), ZCACHE_BUSY);
    cr_assert_eq(read_at(reader, "k", between(1499, 1600)), ZCACHE_BUSY);
    cr_assert_eq(read_at(reader, "k", between(1500, 1600)), ZCACHE_MISS);
    cr_assert_eq(read_at(reader, "k", zc_moment_exact(1499)), ZCACHE_OK);
    cr_assert_eq(read_at(reader, "k", zc_moment_exact(1500)), ZCACHE_MISS);
    zc_store_stats_t stats = fixture_stats(&fixture);
    cr_assert(stats.hits == 2 && stats.misses == 2, "what was not answered does not count");
}

Test(store_reader, idle_time_that_ends_within_the_moment_asks_for_the_exact_time) {
    fixture_put(&fixture, "k", "v", A, 1);
    cr_assert_eq(read_at(reader, "k", between(1950, 2050)), ZCACHE_BUSY);
    cr_assert_eq(read_at(reader, "k", between(2000, 2050)), ZCACHE_MISS);
    cr_assert_eq(read_at(reader, "k", between(1900, 1999)), ZCACHE_OK);
    cr_assert_eq(read_at(reader, "k", between(1950, 2050)), ZCACHE_OK, "it was read at 1900");
}

Test(store_reader, deadline_is_mesh_time) {
    fixture_put_until(&fixture, "k", 1, 1500);
    zc_store_set_clock_offset(fixture.store, 400);
    cr_assert_eq(read_at(reader, "k", zc_moment_exact(1099)), ZCACHE_OK);
    cr_assert_eq(read_at(reader, "k", zc_moment_exact(1100)), ZCACHE_MISS);
}

/* -- What it remembers ------------------------------------------------------------ */

/* Reads a key twice, the second time by what the reader remembers of the first. */
static void remember_well(const char *key) {
    cr_assert_str_neq(get(key), "");
    cr_assert_str_neq(get(key), "");
}

Test(store_reader, what_it_remembers_is_found_without_the_index) {
    fixture_put(&fixture, "k", "value", A, 1);
    get("k");
    zc_store_t *store = fixture.store;
    uint32_t *bucket = zc_index_bucket(&store->index, store->index.buckets,
                                       zc_index_scatter(&store->index, fixture_hash("k")));
    uint32_t number = *bucket;
    *bucket = ZC_SLOT_NONE; /* without its stripe: nobody could know */
    cr_assert_str_eq(get("k"), "value");
    cr_assert_eq(fixture_stats(&fixture).hits, 2);
    fixture.now_ms += fixture.options.expire_after_ms / 10;
    cr_assert_str_eq(get("k"), "", "after a tenth of the idle time nothing is remembered");
    *bucket = number;
    cr_assert_str_eq(get("k"), "value");
}

Test(store_reader, what_it_remembers_is_overwritten_deleted_and_evicted_all_the_same) {
    fixture_put(&fixture, "k", "old", A, 1);
    remember_well("k");
    fixture_put(&fixture, "k", "new", A, 2);
    cr_assert_str_eq(get("k"), "new");
    remember_well("k");
    fixture_ghost(&fixture, "k", A, 3);
    cr_assert_str_eq(get("k"), "");
    fixture_put(&fixture, "k", "again", A, 4);
    remember_well("k");
    zc_store_evict(fixture.store);
    cr_assert_str_eq(get("k"), "");
}

Test(store_reader, what_it_remembers_is_voided_by_a_clear) {
    fixture_put(&fixture, "k", "v", A, 1);
    remember_well("k");
    zc_stamp_t clear = fixture_stamp(1, A);
    zc_store_clear(fixture.store, &clear);
    cr_assert_str_eq(get("k"), "");
}

Test(store_reader, what_it_remembers_follows_the_settings_and_the_clock_of_the_mesh) {
    fixture_put(&fixture, "k", "v", A, 1);
    remember_well("k");
    fixture.now_ms += 20;
    zc_store_set_expire_after(fixture.store, 20, 100);
    cr_assert_str_eq(get("k"), "");
    zc_store_set_expire_after(fixture.store, 0, 100);
    fixture_put_until(&fixture, "until", 2, 5000);
    remember_well("until");
    zc_store_set_clock_offset(fixture.store, 5000);
    cr_assert_str_eq(get("until"), "");
}

Test(store_reader, what_ends_soon_is_not_remembered) {
    fixture_put_until(&fixture, "k", 1, 1050);
    remember_well("k");
    cr_assert_eq(read_at(reader, "k", zc_moment_exact(1049)), ZCACHE_OK);
    cr_assert_eq(read_at(reader, "k", zc_moment_exact(1050)), ZCACHE_MISS);
}

Test(store_reader, other_key_in_the_place_of_one_it_remembers_is_another) {
    char key[FIXTURE_TWIN_BYTES + 1];
    char other[FIXTURE_TWIN_BYTES + 1];
    fixture_twin(1, key);
    fixture_twin(2, other);
    fixture_put(&fixture, key, "v", A, 1);
    remember_well(key);
    cr_assert_str_eq(get(other), "");
    cr_assert_str_eq(get(key), "v");
}

/* At and around where it is copied in another way. */
Test(store_reader, values_of_all_sizes_are_read_whole) {
    static char text[9001];
    const size_t sizes[] = {1, 7, 8, 15, 16, 17, 64, 65, 127, 128, 129, 1023, 1024, 8000, 9000};
    fixture.store->options.listener = NULL;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(text, 'a' + (char)i, sizes[i]);
        text[sizes[i]] = '\0';
        fixture_put(&fixture, "k", text, A, 1 + i);
        static char data[9000];
        zcache_value_t value = {.data = data, .capacity = sizes[i]};
        for (int again = 0; again < 2; again++) {
            memset(data, 'o', sizeof data);
            zc_moment_t now = zc_moment_exact(fixture.now_ms);
            cr_assert_eq(zc_reader_read(reader, zc_slice_text("k"), now, &value), ZCACHE_OK);
            cr_assert(value.size == sizes[i] && memcmp(data, text, sizes[i]) == 0);
            cr_assert(sizes[i] == sizeof data || data[sizes[i]] == 'o');
        }
    }
}

/* -- What its reads leave -------------------------------------------------------- */

static void put_letters(const char *letters) {
    for (; *letters != '\0'; letters++) {
        char key[2] = {*letters, '\0'};
        fixture_put(&fixture, key, "v", A, fixture.last.hlc + 1);
    }
}

Test(store_reader, what_was_read_is_not_evicted) {
    put_letters("abcd");
    get("a");
    get("c");
    get("a");
    put_letters("e");
    cr_assert_str_eq(fixture_keys(&fixture), "d c a e");
    get("d");
    zc_store_evict(fixture.store);
    cr_assert_str_eq(fixture_keys(&fixture), "a e d");
}

/* What was read before a write is older than what was written. */
Test(store_reader, reads_and_writes_are_in_one_order) {
    put_letters("abcd");
    get("b");
    put_letters("a");
    get("c");
    fixture_read(&fixture, "d");
    get("b");
    zc_store_touch(fixture.store, fixture_hash("c"), fixture.now_ms);
    cr_assert_str_eq(fixture_keys(&fixture), "a d b c");
}

Test(store_reader, walk_shows_what_was_read_last_first) {
    put_letters("abc");
    get("a");
    zc_store_walk_t *walk;
    cr_assert_eq(zc_store_walk_new(fixture.store, ZC_WALK_HOTTEST_FIRST, &walk), ZCACHE_OK);
    size_t budget = 10;
    zc_store_item_t item;
    cr_assert_eq(zc_store_walk_item(walk, fixture.now_ms, &budget, &item), ZCACHE_OK);
    cr_assert(zc_slice_equal(item.key, zc_slice_text("a")));
    zc_store_walk_destroy(&walk);
}

Test(store_reader, what_was_read_does_not_idle_out_before_its_time) {
    put_letters("abc");
    fixture.now_ms = 1999;
    get("a");
    get("b");
    fixture.now_ms = 2998;
    zc_store_sweep(fixture.store, fixture.now_ms, 100);
    cr_assert_str_eq(fixture_keys(&fixture), "a b", "c idled out");
    get("a");
    fixture.now_ms = 2999;
    zc_store_sweep(fixture.store, fixture.now_ms, 100);
    cr_assert_str_eq(fixture_keys(&fixture), "a");
}

Test(store_reader, entry_that_was_only_read_by_readers_is_alive_to_everybody) {
    put_letters("a");
    zc_reader_t *other;
    cr_assert_eq(zc_reader_new(fixture.store, &fixture.failing.allocator, &other), ZCACHE_OK);
    for (fixture.now_ms = 1900; fixture.now_ms < 6000; fixture.now_ms += 900) {
        cr_assert_str_eq(get("a"), "v");
        fixture.now_ms += 900;
        cr_assert_str_eq(get_by(other, "a"), "v");
    }
    cr_assert_str_eq(get("a"), "v");
    fixture.now_ms += 900;
    cr_assert_str_eq(fixture_peek(&fixture, "a"), "v");
    get("a");
    fixture.now_ms += 900;
    fixture_put(&fixture, "a", "w", A, 2);
    cr_assert(fixture.was_held);
    zc_reader_destroy(&other);
}

Test(store_reader, one_touch_for_a_key_and_window) {
    put_letters("a");
    uint64_t key_hashes[4];
    for (fixture.now_ms = 1000; fixture.now_ms < 1100; fixture.now_ms += 10) {
        get("a");
    }
    cr_assert_eq(zc_store_take_touches(fixture.store, key_hashes, 4), 0);
    for (fixture.now_ms = 1100; fixture.now_ms < 1200; fixture.now_ms++) {
        get("a");
    }
    cr_assert_eq(zc_store_take_touches(fixture.store, key_hashes, 4), 1);
    cr_assert_eq(key_hashes[0], fixture_hash("a"));
    get("a");
    get("a");
    cr_assert_eq(zc_store_take_touches(fixture.store, key_hashes, 4), 1);
}

/* A reader may note an entry after it has gone, and then drain its own ring: whenever the lock is
 * free, what is called an entry has its place in the order of use. */
static void give_and_check(void *context) {
    (void)context;
    const zc_store_t *store = fixture.store;
    if (store == NULL) {
        return;
    }
    unsigned called = 0;
    for (uint32_t number = ZC_SLOT_NONE + 1; number < store->slots.end; number++) {
        called += zc_slot_kind(zc_store_slot(store, number)) == ZC_SLOT_ENTRY;
    }
    uint32_t number = store->entries.oldest;
    for (; number != ZC_SLOT_NONE; number = zc_neighbours_at(&store->slots, number)->newer) {
        cr_assert_eq(zc_slot_kind(zc_store_slot(store, number)), ZC_SLOT_ENTRY);
        called--;
    }
    cr_assert_eq(called, 0);
    lock.given++;
}

Test(store_reader, entry_without_a_place_in_the_order_is_seen_by_nobody) {
    fixture.store->options.lock.release = give_and_check;
    put_letters("abcdef");
    put_letters("d");
    fixture_ghost(&fixture, "e", A, 10);
    zc_store_evict(fixture.store);
    zc_stamp_t clear = fixture_stamp(10, A);
    zc_store_clear(fixture.store, &clear);
    fixture_sweep(&fixture);
    put_letters("ab");
    cr_assert_gt(lock.given, 0);
    cr_assert_str_eq(fixture_keys(&fixture), "a b");
}

/* -- Rings ------------------------------------------------------------------------ */

static const char *key_of(unsigned number) {
    static char key[16];
    snprintf(key, sizeof key, "%u", number);
    return key;
}

static void put_numbers(unsigned count) {
    fixture.options.listener = NULL;
    restart_with(count);
    fixture.store->options.listener = NULL;
    for (unsigned i = 0; i < count; i++) {
        zc_store_item_t item = {.hlc = 1 + i,
                                .key_hash = fixture_hash(key_of(i)),
                                .key = zc_slice_text(key_of(i)),
                                .value = zc_slice_text("v"),
                                .used_ms = fixture.now_ms};
        zc_outcome_t outcome;
        cr_assert_eq(zc_store_apply(fixture.store, &item, fixture.now_ms, &outcome, NULL),
                     ZCACHE_OK);
    }
}

/* The oldest by number. */
static unsigned oldest(void) {
    zc_store_item_t item;
    zc_store_walk_t *walk;
    size_t budget = 10;
    cr_assert_eq(zc_store_walk_new(fixture.store, ZC_WALK_COLDEST_FIRST, &walk), ZCACHE_OK);
    cr_assert_eq(zc_store_walk_item(walk, fixture.now_ms, &budget, &item), ZCACHE_OK);
    char key[16] = "";
    memcpy(key, item.key.data, item.key.bytes);
    zc_store_walk_destroy(&walk);
    return (unsigned)strtoul(key, NULL, 10);
}

/* The order is that of the last read of each, whatever of it was dropped on the way. */
static void check_order(const uint64_t *read_at_step, unsigned count) {
    zc_store_walk_t *walk;
    zc_store_item_t item;
    size_t budget = 2 * count;
    uint64_t before = 0;
    cr_assert_eq(zc_store_walk_new(fixture.store, ZC_WALK_COLDEST_FIRST, &walk), ZCACHE_OK);
    for (unsigned i = 0; i < count; i++) {
        cr_assert_eq(zc_store_walk_item(walk, fixture.now_ms, &budget, &item), ZCACHE_OK);
        char key[16] = "";
        memcpy(key, item.key.data, item.key.bytes);
        uint64_t step = read_at_step[strtoul(key, NULL, 10)];
        cr_assert_geq(step, before);
        before = step;
        zc_store_walk_next(walk);
    }
    zc_store_walk_destroy(&walk);
}

Test(store_reader, ring_is_drained_by_its_reader_where_nobody_else_does) {
    enum { KEYS = 1500, STEPS = 20 * RING };
    static uint64_t read_at_step[KEYS];
    zc_random_t random = {5};
    put_numbers(KEYS);
    lock.taken = 0;
    for (uint64_t step = 1; step <= STEPS; step++) {
        /* Some all the time, others seldom. */
        unsigned key = (unsigned)zc_random_below(&random, 1 + zc_random_below(&random, KEYS));
        get(key_of(key));
        read_at_step[key] = step;
        lock.busy = zc_random_below(&random, 3 * RING) < RING / 2;
        if (zc_random_below(&random, 3 * RING) == 0) {
            check_order(read_at_step, KEYS);
        }
    }
    check_order(read_at_step, KEYS);
    cr_assert_eq(fixture_stats(&fixture).hits, STEPS);
    cr_assert_gt(lock.taken, 0);
}

Test(store_reader, full_ring_costs_recency_and_nothing_else) {
    put_numbers(2 * RING);
    lock.busy = true;
    lock.taken = 0;
    for (unsigned i = 0; i < 2 * RING; i++) {
        cr_assert_str_eq(get(key_of(i)), "v");
    }
    cr_assert_eq(lock.taken, 0, "nobody waits for it");
    lock.busy = false;
    cr_assert_eq(oldest(), RING, "the first to find no room");
    cr_assert_eq(fixture_stats(&fixture).hits, 2 * RING);
    get(key_of(RING));
    cr_assert_eq(oldest(), RING + 1, "there is room again");
}

Test(store_reader, what_a_reader_that_is_gone_had_noted_counts) {
    put_letters("abcd");
    get("a");
    get("nobody");
    zc_reader_destroy(&reader);
    cr_assert_null(reader);
    zc_store_stats_t stats = fixture_stats(&fixture);
    cr_assert(stats.hits == 1 && stats.misses == 1);
    cr_assert_str_eq(fixture_keys(&fixture), "b c d a");
    zc_reader_destroy(&reader);
}

Test(store_reader, readers_come_and_go_in_any_order) {
    zc_reader_t *others[3];
    put_letters("abcd");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(zc_reader_new(fixture.store, &fixture.failing.allocator, &others[i]),
                     ZCACHE_OK);
    }
    get_by(others[0], "a");
    get_by(others[1], "b");
    get_by(others[2], "c");
    zc_reader_destroy(&others[1]);
    zc_reader_destroy(&others[2]);
    get("nobody");
    cr_assert(fixture_stats(&fixture).hits == 3 && fixture_stats(&fixture).misses == 1);
    put_letters("efg");
    cr_assert_eq(fixture_stats(&fixture).evictions, 3);
    zc_reader_destroy(&others[0]);
    cr_assert_str_eq(get("d"), "");
}
