/* SPDX-License-Identifier: MPL-2.0 */
/* Reads: what is a miss, what a read leaves (R11: order of use and touches), and its buffer. */
#include <criterion/criterion.h>
#include <stdio.h>

#include <zcache/limits.h>

#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture.options.touch_window_ms = 100;
    fixture.options.expire_after_ms = 1000;
    fixture_start(&fixture);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_read, .init = start, .fini = stop);

static size_t take(uint64_t *key_hashes, size_t capacity) {
    return zc_store_take_touches(fixture.store, key_hashes, capacity);
}

Test(store_read, read_copies_value_and_type) {
    fixture_put(&fixture, "k", "value", A, 1);
    fixture.last.hlc = 2;
    fixture.last.type = 1;
    zc_outcome_t outcome;
    zc_store_apply(fixture.store, &fixture.last, fixture.now_ms, &outcome, NULL);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(
        zc_store_read(fixture.store, zc_slice_text("k"), 1000, &fixture.failing.allocator, &value),
        ZCACHE_OK);
    cr_assert_eq(value.size, 5);
    cr_assert_eq(value.type, 1);
    cr_assert_eq(memcmp(value.data, "value", 5), 0);
    zc_free(&fixture.failing.allocator, value.data);
}

Test(store_read, prefetch_takes_any_key_hash_and_changes_nothing) {
    fixture_put(&fixture, "k", "value", A, 1);
    zc_store_stats_t before;
    zc_store_stats_t after;
    zc_store_stats(fixture.store, &before);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t key_hash = i == 0 ? zc_key_hash(zc_slice_text("k")) : i << 40;
        zc_store_prefetch(fixture.store, key_hash, ZC_PREFETCH_BUCKET);
        zc_store_prefetch(fixture.store, key_hash, ZC_PREFETCH_SLOT);
        zc_store_prefetch(fixture.store, key_hash, ZC_PREFETCH_ENTRY);
    }
    zc_store_stats(fixture.store, &after);
    cr_assert_arr_eq(&before, &after, sizeof(before));
}

Test(store_read, buffer_is_used_again_and_grows_when_it_must) {
    fixture_put(&fixture, "short", "12", A, 1);
    fixture_put(&fixture, "long", "1234567890", A, 2);
    fixture_put(&fixture, "empty", "", A, 3);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zc_store_read(fixture.store, zc_slice_text("empty"), 1000,
                               &fixture.failing.allocator, &value),
                 ZCACHE_OK);
    cr_assert_eq(value.size, 0);
    cr_assert_eq(zc_store_read(fixture.store, zc_slice_text("long"), 1000,
                               &fixture.failing.allocator, &value),
                 ZCACHE_OK);
    uint64_t requests = fixture.failing.requests;
    const void *data = value.data;
    cr_assert_eq(zc_store_read(fixture.store, zc_slice_text("short"), 1000,
                               &fixture.failing.allocator, &value),
                 ZCACHE_OK);
    cr_assert_eq(value.size, 2);
    cr_assert_eq(value.data, data);
    cr_assert_eq(fixture.failing.requests, requests);
    cr_assert_eq(fixture_stats(&fixture).hits, 3);
    zc_free(&fixture.failing.allocator, value.data);
}

Test(store_read, buffer_stays_when_memory_runs_out) {
    fixture_put(&fixture, "k", "1234567890", A, 1);
    char *data = zc_allocate(&fixture.failing.allocator, 3);
    memset(data, 'o', 3);
    zcache_value_t value = {.data = data, .capacity = 3, .size = 3};
    zc_failing_allocator_fail_after(&fixture.failing, 0);
    cr_assert_eq(
        zc_store_read(fixture.store, zc_slice_text("k"), 1000, &fixture.failing.allocator, &value),
        ZCACHE_NO_MEMORY);
    cr_assert(value.data == data && value.capacity == 3 && value.size == 3);
    cr_assert(data[0] == 'o' && data[2] == 'o');
    cr_assert_eq(fixture_stats(&fixture).hits, 0);
    zc_free(&fixture.failing.allocator, value.data);
}

/* Between two looks at the entry, while the reader has no lock, it goes. */
static bool goes_when_unlocked;

static void delete_once(void *context) {
    if (goes_when_unlocked) {
        goes_when_unlocked = false;
        fixture_ghost(context, "k", A, 2);
    }
}

static void let_pass(void *context) {
    (void)context;
}

Test(store_read, value_is_untouched_where_the_entry_goes_while_its_buffer_grows) {
    fixture_stop(&fixture);
    fixture_init(&fixture);
    fixture.options.lock = (zc_lock_t){let_pass, delete_once, &fixture, NULL};
    fixture_start(&fixture);
    fixture_put(&fixture, "k", "1234567890", A, 1);
    char *data = zc_allocate(&fixture.failing.allocator, 3);
    memset(data, 'o', 3);
    zcache_value_t value = {.data = data, .capacity = 3, .size = 3};
    goes_when_unlocked = true;
    cr_assert_eq(
        zc_store_read(fixture.store, zc_slice_text("k"), 1000, &fixture.failing.allocator, &value),
        ZCACHE_MISS);
    cr_assert_not(goes_when_unlocked);
    cr_assert(value.data == data && value.capacity == 3 && value.size == 3);
    cr_assert_eq(memcmp(value.data, "ooo", 3), 0);
    zc_free(&fixture.failing.allocator, value.data);
}

/* ... or it becomes larger than what the reader has made room for. */
static void overwrite_twice(void *context) {
    static const char *const values[] = {"a longer value", "a value that is much longer"};
    static bool inside;
    static zc_hlc_t times;
    if (goes_when_unlocked && !inside && times < 2) {
        inside = true;
        fixture_put(context, "k", values[times], A, 4 + times);
        times++;
        inside = false;
    }
}

Test(store_read, value_is_whole_where_it_grows_while_its_buffer_does) {
    fixture_stop(&fixture);
    fixture_init(&fixture);
    fixture.options.lock = (zc_lock_t){let_pass, overwrite_twice, &fixture, NULL};
    fixture_start(&fixture);
    fixture_put(&fixture, "k", "short", A, 1);
    zc_failing_allocator_t buffers;
    zc_failing_allocator_init(&buffers);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    goes_when_unlocked = true;
    cr_assert_eq(zc_store_read(fixture.store, zc_slice_text("k"), 1000, &buffers.allocator, &value),
                 ZCACHE_OK);
    goes_when_unlocked = false;
    cr_assert(zc_slice_equal(zc_slice(value.data, value.size),
                             zc_slice_text("a value that is much longer")));
    cr_assert_eq(fixture_stats(&fixture).hits, 1);
    cr_assert_eq(buffers.blocks, 1, "what was too small is given back");
    zc_free(&buffers.allocator, value.data);
}

Test(store_read, empty_value_has_data) {
    fixture_put(&fixture, "k", "", A, 1);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    const zc_allocator_t *allocator = &fixture.failing.allocator;
    cr_assert_eq(zc_store_read(fixture.store, zc_slice_text("k"), 1000, allocator, &value),
                 ZCACHE_OK);
    cr_assert(value.size == 0 && value.data != NULL);
    zc_free(allocator, value.data);
}

Test(store_read, ghost_and_unknown_key_are_misses) {
    fixture_ghost(&fixture, "k", A, 1);
    cr_assert_str_eq(fixture_read(&fixture, "k"), "");
    cr_assert_str_eq(fixture_read(&fixture, "l"), "");
    cr_assert_eq(fixture_stats(&fixture).misses, 2);
}

Test(store_read, entry_past_its_deadline_is_a_miss_before_it_is_collected) {
    fixture_put_until(&fixture, "k", 1, 1500);
    fixture.now_ms = 1499;
    cr_assert_str_eq(fixture_read(&fixture, "k"), "v");
    fixture.now_ms = 1500;
    cr_assert_str_eq(fixture_read(&fixture, "k"), "");
    cr_assert_eq(fixture_stats(&fixture).entries, 1);
}

Test(store_read, deadline_is_mesh_time) {
    fixture_put_until(&fixture, "k", 1, 1500);
    zc_store_set_clock_offset(fixture.store, 400);
    fixture.now_ms = 1099;
    cr_assert_str_eq(fixture_read(&fixture, "k"), "v");
    fixture.now_ms = 1100;
    cr_assert_str_eq(fixture_read(&fixture, "k"), "");
    zc_store_set_clock_offset(fixture.store, -5000); /* mesh time stops at 0 */
    cr_assert_str_eq(fixture_read(&fixture, "k"), "v");
    zc_store_set_clock_offset(fixture.store, 5000);
    zc_store_set_expire_after(fixture.store, 0, 100);
    fixture.now_ms = UINT64_MAX - 4000; /* ... and at its highest number */
    cr_assert_str_eq(fixture_read(&fixture, "k"), "");
}

Test(store_read, idle_entry_is_a_miss_and_reads_keep_it) {
    fixture_put(&fixture, "k", "v", A, 1);
    fixture.now_ms = 1900;
    cr_assert_str_eq(fixture_read(&fixture, "k"), "v");
    fixture.now_ms = 2899;
    cr_assert_str_eq(fixture_read(&fixture, "k"), "v");
    fixture.now_ms = 3899;
    cr_assert_str_eq(fixture_read(&fixture, "k"), "");
    zc_store_set_expire_after(fixture.store, 0, 100);
    cr_assert_str_eq(fixture_read(&fixture, "k"), "v");
}

Test(store_read, voided_entry_is_a_miss) {
    fixture_put(&fixture, "k", "v", A, 5);
    fixture_put(&fixture, "l", "v", B, 5);
    zc_stamp_t clear = fixture_stamp(5, A);
    zc_store_clear(fixture.store, &clear);
    zc_store_item_t item;
    cr_assert_str_eq(fixture_read(&fixture, "k"), "");
    cr_assert_not(zc_store_find(fixture.store, fixture_hash("k"), &item));
    cr_assert_str_eq(fixture_read(&fixture, "l"), "v");
}

Test(store_read, peeking_leaves_no_trace) {
    fixture_put(&fixture, "k", "v", A, 1);
    fixture_put(&fixture, "l", "v", A, 2);
    fixture.now_ms += 500;
    fixture_peek(&fixture, "k");
    fixture_peek(&fixture, "m");
    uint64_t key_hash;
    cr_assert_eq(take(&key_hash, 1), 0);
    zc_store_stats_t stats = fixture_stats(&fixture);
    cr_assert(stats.hits == 0 && stats.misses == 0);
    cr_assert_str_eq(fixture_keys(&fixture), "k l");
}

Test(store_read, one_touch_per_key_and_window) {
    fixture_put(&fixture, "k", "v", A, 1);
    uint64_t key_hashes[4];
    fixture.now_ms = 1099;
    fixture_read(&fixture, "k");
    cr_assert_eq(take(key_hashes, 4), 0);
    fixture.now_ms = 1100;
    fixture_read(&fixture, "k");
    fixture_read(&fixture, "k");
    fixture.now_ms = 1199;
    fixture_read(&fixture, "k");
    cr_assert_eq(take(key_hashes, 4), 1);
    cr_assert_eq(key_hashes[0], fixture_hash("k"));
    fixture.now_ms = 1200;
    fixture_read(&fixture, "k");
    cr_assert_eq(take(key_hashes, 4), 1);
}

/* Readers take the time before they have the lock, so that it may be a little older. */
Test(store_read, read_from_before_the_last_touch_is_none) {
    fixture_put(&fixture, "k", "v", A, 1);
    zc_store_touch(fixture.store, fixture_hash("k"), 1500);
    fixture.now_ms = 1499;
    cr_assert_str_eq(fixture_read(&fixture, "k"), "v");
    uint64_t key_hash;
    cr_assert_eq(take(&key_hash, 1), 0);
    fixture.now_ms = 1600;
    fixture_read(&fixture, "k");
    cr_assert_eq(take(&key_hash, 1), 1);
}

Test(store_read, touch_of_a_peer_counts_as_one) {
    fixture_put(&fixture, "k", "v", A, 1);
    fixture_put(&fixture, "l", "v", A, 2);
    fixture.now_ms = 1100;
    zc_store_touch(fixture.store, fixture_hash("k"), fixture.now_ms);
    cr_assert_str_eq(fixture_keys(&fixture), "l k");
    fixture_read(&fixture, "k");
    uint64_t key_hash;
    cr_assert_eq(take(&key_hash, 1), 0);
    cr_assert_eq(fixture_stats(&fixture).hits, 1);
}

Test(store_read, touch_keeps_an_entry_from_idling_out) {
    fixture_put(&fixture, "k", "v", A, 1);
    fixture_ghost(&fixture, "g", A, 2);
    fixture.now_ms = 1900;
    zc_store_touch(fixture.store, fixture_hash("k"), fixture.now_ms);
    zc_store_touch(fixture.store, fixture_hash("g"), fixture.now_ms);
    zc_store_touch(fixture.store, fixture_hash("nobody"), fixture.now_ms);
    fixture.now_ms = 2500;
    cr_assert_str_eq(fixture_peek(&fixture, "k"), "v");
}

Test(store_read, touches_come_oldest_first_and_are_dropped_at_the_limit) {
    fixture_stop(&fixture);
    fixture_init(&fixture);
    fixture.options.max_size = ZCACHE_TOUCHES_MAX + 2;
    fixture.options.listener = NULL;
    fixture_start(&fixture);
    char key[16];
    uint64_t first[3] = {0};
    for (unsigned i = 0; i < ZCACHE_TOUCHES_MAX + 2; i++) {
        snprintf(key, sizeof key, "k%u", i);
        zc_store_item_t item = {
            .hlc = 1 + i, .key_hash = fixture_hash(key), .key = zc_slice_text(key)};
        zc_outcome_t outcome;
        zc_store_apply(fixture.store, &item, fixture.now_ms, &outcome, NULL);
        cr_assert_eq(zc_store_get(fixture.store, zc_slice_text(key), 1000, true, &item), ZCACHE_OK);
        if (i == 2) {
            cr_assert_eq(take(first, 2), 2);
        }
    }
    cr_assert_eq(first[0], fixture_hash("k0"));
    cr_assert_eq(first[1], fixture_hash("k1"));
    cr_assert_eq(fixture_stats(&fixture).touches_dropped, 0);
    fixture_read(&fixture, "k0");
    cr_assert_eq(fixture_stats(&fixture).touches_dropped, 1);
    static uint64_t all[ZCACHE_TOUCHES_MAX + 1];
    cr_assert_eq(take(all, ZCACHE_TOUCHES_MAX + 1), ZCACHE_TOUCHES_MAX);
    cr_assert_eq(all[0], fixture_hash("k2"));
    cr_assert_eq(all[ZCACHE_TOUCHES_MAX - 1], fixture_hash(key));
}

Test(store_read, other_key_of_the_same_hash_is_a_miss) {
    char key[FIXTURE_TWIN_BYTES + 1];
    char other[FIXTURE_TWIN_BYTES + 1];
    fixture_twin(1, key);
    fixture_twin(2, other);
    cr_assert_eq(fixture_hash(key), fixture_hash(other));
    fixture_put(&fixture, key, "v", A, 1);
    cr_assert_str_eq(fixture_read(&fixture, other), "");
    cr_assert_str_eq(fixture_read(&fixture, key), "v");
}
