/* SPDX-License-Identifier: MPL-2.0 */
/* The merge rule: R1 (order), R8 (ghosts), R9 (late writes), R10 (clear) and what makes room. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture_start(&fixture);
}

static void start_bounded(void) {
    fixture_init(&fixture);
    fixture.options.max_memory = 1000;
    fixture.options.max_size = 100;
    fixture.options.ghosts_max = 100;
    fixture_start(&fixture);
}

static void stop(void) {
    fixture_stop(&fixture);
}

TestSuite(store_apply, .init = start, .fini = stop);
TestSuite(store_memory, .init = start_bounded, .fini = stop);

static zc_outcome_t again(bool *held) {
    zc_outcome_t outcome;
    cr_assert_eq(zc_store_apply(fixture.store, &fixture.last, fixture.now_ms, &outcome, held),
                 ZCACHE_OK);
    return outcome;
}

Test(store_apply, higher_stamp_wins_whatever_comes_first) {
    cr_assert_eq(fixture_put(&fixture, "k", "old", A, 5), ZC_OUTCOME_APPLIED);
    cr_assert_not(fixture.was_held);
    cr_assert_eq(fixture_put(&fixture, "k", "new", B, 7), ZC_OUTCOME_APPLIED);
    cr_assert(fixture.was_held);
    cr_assert_eq(fixture_put(&fixture, "k", "late", C, 6), ZC_OUTCOME_OUTDATED);
    cr_assert_str_eq(fixture_peek(&fixture, "k"), "new");
    cr_assert_str_eq(fixture_log(&fixture), "set k=old@5 set k=new@7 ");
}

Test(store_apply, tie_goes_to_higher_origin) {
    fixture_put(&fixture, "k", "b", B, 5);
    cr_assert_eq(fixture_put(&fixture, "k", "a", A, 5), ZC_OUTCOME_OUTDATED);
    cr_assert_eq(fixture_put(&fixture, "k", "c", C, 5), ZC_OUTCOME_APPLIED);
    cr_assert_str_eq(fixture_peek(&fixture, "k"), "c");
}

Test(store_apply, same_write_twice_changes_nothing) {
    fixture_put(&fixture, "k", "v", A, 5);
    fixture_put(&fixture, "l", "v", A, 6);
    fixture_log(&fixture);
    uint64_t digest = fixture_stats(&fixture).digest;
    cr_assert_eq(fixture_put(&fixture, "k", "v", A, 5), ZC_OUTCOME_SAME);
    cr_assert_str_eq(fixture_log(&fixture), "");
    cr_assert_eq(fixture_stats(&fixture).digest, digest);
    cr_assert_str_eq(fixture_keys(&fixture), "k l");
}

Test(store_apply, same_stamp_with_other_bytes_is_a_fault_that_ends_the_same_everywhere) {
    fixture_put(&fixture, "k", "one", A, 5);
    uint64_t one = fixture_stats(&fixture).digest;
    cr_assert_eq(fixture_put(&fixture, "k", "two", A, 5), ZC_OUTCOME_FAULT);
    uint64_t both = fixture_stats(&fixture).digest;
    fixture_stop(&fixture);
    start();
    fixture_put(&fixture, "k", "two", A, 5);
    uint64_t two = fixture_stats(&fixture).digest;
    cr_assert_eq(fixture_put(&fixture, "k", "one", A, 5), ZC_OUTCOME_FAULT);
    cr_assert_eq(fixture_stats(&fixture).digest, both);
    cr_assert_eq(both, one > two ? one : two);
    cr_assert_str_eq(fixture_peek(&fixture, "k"), one > two ? "one" : "two");
}

Test(store_apply, key_type_and_deadline_belong_to_the_bytes_of_a_write) {
    fixture_put(&fixture, "k", "v", A, 5);
    fixture.last.type = 1;
    cr_assert_eq(again(NULL), ZC_OUTCOME_FAULT);
    fixture_put(&fixture, "l", "v", A, 6);
    fixture.last.deadline_ms = 99999;
    cr_assert_eq(again(NULL), ZC_OUTCOME_FAULT);
    fixture_put(&fixture, "m", "v", A, 7);
    fixture.last.key = zc_slice_text("other"); /* as if it had the same hash */
    cr_assert_eq(again(NULL), ZC_OUTCOME_FAULT);
    cr_assert_str_eq(fixture_peek(&fixture, "m"), "v");
}

static const void *place_of(const char *key) {
    zc_store_item_t item;
    cr_assert(zc_store_find(fixture.store, fixture_hash(key), &item));
    return item.value.data;
}

Test(store_apply, value_of_the_same_size_takes_the_place_of_the_one_before) {
    fixture_put(&fixture, "k", "one", A, 5);
    const void *place = place_of("k");
    zc_store_stats_t before = fixture_stats(&fixture);
    cr_assert_eq(fixture_put(&fixture, "k", "two", A, 6), ZC_OUTCOME_APPLIED);
    cr_assert_eq(place_of("k"), place);
    cr_assert_str_eq(fixture_peek(&fixture, "k"), "two");
    cr_assert_eq(fixture_stats(&fixture).bytes, before.bytes);
    cr_assert_neq(fixture_stats(&fixture).digest, before.digest);
    fixture_put(&fixture, "k", "longer by a word", A, 7);
    cr_assert_neq(place_of("k"), place);
    cr_assert_str_eq(fixture_peek(&fixture, "k"), "longer by a word");
    char large[2000];
    memset(large, 'l', sizeof large);
    large[sizeof large - 1] = '\0';
    fixture_put(&fixture, "k", large, A, 8); /* readers would have to wait for too long */
    place = place_of("k");
    fixture_put(&fixture, "k", large, A, 9);
    cr_assert_neq(place_of("k"), place);
}

Test(store_apply, listener_that_has_gone_is_told_nothing) {
    fixture_put(&fixture, "k", "v", A, 5);
    zc_store_listen(fixture.store, NULL, NULL);
    fixture_put(&fixture, "k", "w", A, 6);
    fixture_ghost(&fixture, "k", A, 7);
    cr_assert_str_eq(fixture_log(&fixture), "set k=v@5 ");
}

Test(store_apply, ghost_refuses_what_is_not_above_it) {
    fixture_ghost(&fixture, "k", B, 5);
    cr_assert_eq(fixture_put(&fixture, "k", "v", A, 4), ZC_OUTCOME_OUTDATED);
    cr_assert_eq(fixture_put(&fixture, "k", "v", A, 5), ZC_OUTCOME_OUTDATED);
    cr_assert_eq(fixture_put(&fixture, "k", "v", B, 5), ZC_OUTCOME_SAME);
    cr_assert_str_eq(fixture_peek(&fixture, "k"), "");
    cr_assert_eq(fixture_put(&fixture, "k", "v", C, 5), ZC_OUTCOME_APPLIED);
    cr_assert_str_eq(fixture_peek(&fixture, "k"), "v");
    cr_assert_eq(fixture_stats(&fixture).ghosts, 0);
}

Test(store_apply, delete_leaves_a_ghost_and_is_told_with_its_own_stamp) {
    fixture_put(&fixture, "k", "v", A, 5);
    fixture_log(&fixture);
    cr_assert_eq(fixture_ghost(&fixture, "k", B, 6), ZC_OUTCOME_APPLIED);
    cr_assert(fixture.was_held);
    cr_assert_str_eq(fixture_log(&fixture), "delete k@6 ");
    cr_assert(fixture_is_ghost(&fixture, "k"));
    cr_assert_eq(fixture_ghost(&fixture, "k", B, 7), ZC_OUTCOME_APPLIED);
    cr_assert_not(fixture.was_held);
    cr_assert_str_eq(fixture_log(&fixture), "");
}

Test(store_apply, older_ghost_and_ghost_of_the_same_stamp_change_nothing) {
    fixture_put(&fixture, "k", "v", B, 5);
    cr_assert_eq(fixture_ghost(&fixture, "k", A, 5), ZC_OUTCOME_OUTDATED);
    cr_assert_eq(fixture_ghost(&fixture, "k", B, 5), ZC_OUTCOME_SAME);
    cr_assert_str_eq(fixture_peek(&fixture, "k"), "v");
}

Test(store_apply, late_write_is_refused_and_leaves_a_ghost) {
    zc_stamp_t horizon = fixture_stamp(10, B);
    zc_store_raise_horizon(fixture.store, &horizon);
    cr_assert_eq(fixture_put(&fixture, "k", "v", B, 10), ZC_OUTCOME_LATE);
    cr_assert(fixture_is_ghost(&fixture, "k"));
    cr_assert_eq(fixture_put(&fixture, "l", "v", C, 10), ZC_OUTCOME_APPLIED);
    cr_assert_str_eq(fixture_log(&fixture), "set l=v@10 ");
}

Test(store_apply, late_write_over_an_older_ghost_is_refused) {
    fixture_ghost(&fixture, "k", A, 3);
    zc_stamp_t horizon = fixture_stamp(10, A);
    zc_store_raise_horizon(fixture.store, &horizon);
    cr_assert_eq(fixture_put(&fixture, "k", "v", A, 5), ZC_OUTCOME_LATE);
    zc_store_item_t item;
    cr_assert(zc_store_find(fixture.store, fixture_hash("k"), &item));
    cr_assert(item.ghost && item.hlc == 5);
}

Test(store_apply, what_is_held_takes_a_newer_write_below_the_horizon) {
    fixture_put(&fixture, "k", "v", A, 3);
    zc_stamp_t horizon = fixture_stamp(10, A);
    zc_store_raise_horizon(fixture.store, &horizon);
    cr_assert_eq(fixture_put(&fixture, "k", "w", A, 5), ZC_OUTCOME_APPLIED);
    cr_assert_eq(fixture_ghost(&fixture, "l", A, 2), ZC_OUTCOME_APPLIED);
}

Test(store_apply, write_not_above_the_clear_is_outdated_and_leaves_nothing) {
    zc_stamp_t clear = fixture_stamp(10, B);
    cr_assert(zc_store_clear(fixture.store, &clear));
    cr_assert_eq(fixture_put(&fixture, "k", "v", A, 10), ZC_OUTCOME_OUTDATED);
    cr_assert_eq(fixture_put(&fixture, "k", "v", B, 10), ZC_OUTCOME_OUTDATED);
    cr_assert_eq(fixture_ghost(&fixture, "k", B, 10), ZC_OUTCOME_OUTDATED);
    cr_assert_eq(fixture_stats(&fixture).ghosts, 0);
    cr_assert_eq(fixture_put(&fixture, "k", "v", C, 10), ZC_OUTCOME_APPLIED);
}

Test(store_apply, voided_entry_counts_as_none) {
    fixture_put(&fixture, "k", "v", A, 5);
    fixture_put(&fixture, "l", "v", A, 6);
    zc_stamp_t stamp = fixture_stamp(10, A);
    zc_store_clear(fixture.store, &stamp);
    stamp.hlc = 20;
    zc_store_raise_horizon(fixture.store, &stamp);
    fixture_log(&fixture);
    cr_assert_eq(fixture_put(&fixture, "k", "w", A, 15), ZC_OUTCOME_LATE);
    cr_assert_not(fixture.was_held);
    cr_assert_eq(fixture_put(&fixture, "l", "w", A, 21), ZC_OUTCOME_APPLIED);
    cr_assert_not(fixture.was_held);
    cr_assert_str_eq(fixture_log(&fixture), "set l=w@21 ");
}

Test(store_apply, full_cache_evicts_the_least_recently_used) {
    const char *const keys[] = {"a", "b", "c", "d"};
    for (zc_hlc_t i = 0; i < 4; i++) {
        fixture_put(&fixture, keys[i], "v", A, 1 + i);
    }
    fixture_read(&fixture, "a");
    fixture_log(&fixture);
    fixture_put(&fixture, "e", "v", A, 5);
    cr_assert_str_eq(fixture_log(&fixture), "set e=v@5 evict b@2 ");
    cr_assert(fixture_is_ghost(&fixture, "b"));
    cr_assert_str_eq(fixture_keys(&fixture), "c d a e");
    cr_assert_eq(fixture_stats(&fixture).evictions, 1);
}

Test(store_apply, overwrite_in_a_full_cache_evicts_nobody) {
    const char *const keys[] = {"a", "b", "c", "d", "a", "b"};
    for (zc_hlc_t i = 0; i < 6; i++) {
        fixture_put(&fixture, keys[i], "v", A, 1 + i);
    }
    cr_assert_eq(fixture_stats(&fixture).evictions, 0);
    cr_assert_str_eq(fixture_keys(&fixture), "c d a b");
}

Test(store_apply, ghosts_above_their_limit_raise_floor_and_horizon) {
    const char *const keys[] = {"a", "b", "c", "d"};
    for (zc_hlc_t i = 0; i < 4; i++) {
        fixture_ghost(&fixture, keys[i], (zc_origin_index_t)(i % 2), 9 - i);
    }
    cr_assert_eq(zc_store_floor(fixture.store, A), 0);
    fixture_ghost(&fixture, "a", C, 20); /* comes to be anew: "b" is the oldest now */
    fixture_ghost(&fixture, "e", C, 21);
    cr_assert_eq(fixture_stats(&fixture).ghosts, 4);
    cr_assert_not(fixture_is_ghost(&fixture, "b"));
    cr_assert_eq(zc_store_floor(fixture.store, A), 0);
    cr_assert_eq(zc_store_floor(fixture.store, B), 8);
    zc_stamp_t horizon = zc_store_horizon(fixture.store);
    zc_stamp_t expected = fixture_stamp(8, B);
    cr_assert_eq(zc_stamp_compare(&horizon, &expected), 0);
}

Test(store_apply, forgetting_a_voided_ghost_raises_nothing) {
    const char *const keys[] = {"a", "b", "c", "d", "e"};
    for (zc_hlc_t i = 0; i < 4; i++) {
        fixture_ghost(&fixture, keys[i], A, 1 + i);
    }
    zc_stamp_t clear = fixture_stamp(2, A);
    zc_store_clear(fixture.store, &clear);
    fixture_ghost(&fixture, "e", A, 5);
    cr_assert_eq(fixture_stats(&fixture).ghosts, 4);
    cr_assert_eq(zc_store_floor(fixture.store, A), 0);
    cr_assert_eq(zc_store_horizon(fixture.store).hlc, 0);
}

Test(store_apply, write_becomes_the_most_recently_used_and_keeps_the_later_time) {
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 2);
    fixture.last = (zc_store_item_t){.origin = A,
                                     .hlc = 3,
                                     .key_hash = fixture_hash("a"),
                                     .key = zc_slice_text("a"),
                                     .used_ms = 10};
    again(NULL);
    cr_assert_str_eq(fixture_keys(&fixture), "b a");
    zc_store_item_t item;
    cr_assert(zc_store_find(fixture.store, fixture_hash("a"), &item));
    cr_assert_eq(item.used_ms, fixture.now_ms);
}

Test(store_apply, time_of_use_is_never_in_the_future) {
    fixture_put(&fixture, "a", "v", A, 1);
    fixture.last.hlc = 2;
    fixture.last.used_ms = fixture.now_ms + 5000;
    again(NULL);
    zc_store_item_t item;
    cr_assert(zc_store_find(fixture.store, fixture_hash("a"), &item));
    cr_assert_eq(item.used_ms, fixture.now_ms);
}

Test(store_apply, expired_entry_that_is_deleted_was_not_held) {
    fixture_put_until(&fixture, "a", 1, 1500);
    fixture.now_ms = 1500;
    fixture_log(&fixture);
    cr_assert_eq(fixture_ghost(&fixture, "a", A, 2), ZC_OUTCOME_APPLIED);
    cr_assert_not(fixture.was_held);
    cr_assert_str_eq(fixture_log(&fixture), "expire a@1 ");
}

Test(store_apply, other_key_of_the_same_hash_takes_the_register) {
    char key[FIXTURE_TWIN_BYTES + 1];
    char other[FIXTURE_TWIN_BYTES + 1];
    fixture_twin(1, key);
    fixture_twin(2, other);
    cr_assert_eq(fixture_hash(key), fixture_hash(other));
    fixture_put(&fixture, key, "v", A, 1);
    fixture_put(&fixture, other, "w", A, 2);
    cr_assert_not(fixture.was_held);
    cr_assert_str_eq(fixture_peek(&fixture, key), "");
    cr_assert_str_eq(fixture_peek(&fixture, other), "w");
    cr_assert_eq(fixture_stats(&fixture).entries, 1);
}

static bool armed;

static void do_nothing(void *context) {
    (void)context;
}

/* As if other threads read "a" and "b" whenever the writer gives the lock away. */
static void read_both(void *context) {
    (void)context;
    if (armed) {
        armed = false;
        fixture_read(&fixture, "a");
        fixture_read(&fixture, "b");
        armed = true;
    }
}

Test(store_apply, new_entry_never_goes_for_itself) {
    fixture_stop(&fixture);
    fixture_init(&fixture);
    fixture.options.max_size = 2;
    fixture.options.lock = (zc_lock_t){.acquire = do_nothing, .release = read_both};
    fixture_start(&fixture);
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 2);
    armed = true;
    fixture_put(&fixture, "c", "v", A, 3);
    armed = false;
    cr_assert_str_eq(fixture_peek(&fixture, "c"), "v");
    cr_assert_eq(fixture_stats(&fixture).entries, 2);
}

Test(store_memory, bytes_stay_within_max_memory) {
    char key[16];
    for (unsigned i = 0; i < 60; i++) {
        snprintf(key, sizeof key, "key%u", i);
        fixture_put(&fixture, key, "0123456789", A, 1 + i);
        cr_assert_leq(fixture_stats(&fixture).bytes, 1000);
    }
    cr_assert_geq(fixture_stats(&fixture).entries, 5);
    cr_assert_str_eq(fixture_peek(&fixture, "key59"), "0123456789");
    cr_assert_str_eq(fixture_peek(&fixture, "key0"), "");
}

Test(store_memory, larger_value_makes_room_among_the_others) {
    char value[911] = {0};
    memset(value, 'v', 910);
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 2);
    fixture_put(&fixture, "a", value, A, 3);
    cr_assert_str_eq(fixture_keys(&fixture), "a");
    cr_assert(fixture_is_ghost(&fixture, "b"));
}

Test(store_memory, entry_that_alone_is_too_large_becomes_a_ghost) {
    char value[1001] = {0};
    memset(value, 'v', 1000);
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 2);
    fixture_log(&fixture);
    cr_assert_eq(fixture_put(&fixture, "a", value, A, 3), ZC_OUTCOME_APPLIED);
    cr_assert_str_eq(fixture_log(&fixture), "evict a@1 ");
    cr_assert_eq(fixture_put(&fixture, "c", value, A, 4), ZC_OUTCOME_APPLIED);
    cr_assert_str_eq(fixture_log(&fixture), "");
    cr_assert(fixture_is_ghost(&fixture, "a"));
    cr_assert(fixture_is_ghost(&fixture, "c"));
    cr_assert_str_eq(fixture_keys(&fixture), "b");
}

/* Applies `item`, failing each allocation once. */
static void fail_each(const zc_store_item_t *item) {
    zc_store_stats_t before = fixture_stats(&fixture);
    zc_outcome_t outcome = ZC_OUTCOME_FAULT;
    bool held = true;
    uint64_t failures = 0;
    for (bool failed = true; failed; failures++) {
        zc_failing_allocator_fail_after(&fixture.failing, failures);
        zcache_status status = zc_store_apply(fixture.store, item, fixture.now_ms, &outcome, &held);
        failed = zc_failing_allocator_stop(&fixture.failing);
        cr_assert_eq(status, failed ? ZCACHE_NO_MEMORY : ZCACHE_OK);
        zc_store_check(fixture.store);
        if (failed) {
            zc_store_stats_t after = fixture_stats(&fixture);
            cr_assert_eq(memcmp(&before, &after, sizeof before), 0);
            cr_assert(held && outcome == ZC_OUTCOME_FAULT);
        }
    }
    cr_assert_eq(outcome, ZC_OUTCOME_APPLIED);
    cr_assert_gt(failures, 1);
}

Test(store_memory, nothing_has_changed_when_memory_runs_out) {
    fixture_stop(&fixture);
    fixture_init(&fixture);
    fixture.options.max_size = 10000;
    fixture_start(&fixture);
    char key[16];
    for (unsigned i = 0; i < 3070; i++) {
        snprintf(key, sizeof key, "key%u", i);
        zc_store_item_t item = {
            .origin = A, .hlc = 1 + i, .key_hash = fixture_hash(key), .key = zc_slice_text(key)};
        zc_outcome_t outcome;
        fixture.log[0] = '\0';
        cr_assert_eq(zc_store_apply(fixture.store, &item, 1000, &outcome, NULL), ZCACHE_OK);
    }
    /* The second slot from here needs a segment, and one for its link, as do buckets one later; a
     * value of another size needs a page. */
    static const char value[100];
    for (unsigned i = 3070; i < 3075; i++) {
        snprintf(key, sizeof key, "key%u", i);
        zc_store_item_t item = {.origin = A,
                                .hlc = 1 + i,
                                .key_hash = fixture_hash(key),
                                .key = zc_slice_text(key),
                                .value = zc_slice(value, 10 * (i - 3065))};
        fixture.log[0] = '\0';
        fail_each(&item);
    }
    zc_store_item_t over = {.origin = A,
                            .hlc = 9999,
                            .key_hash = fixture_hash("key7"),
                            .key = zc_slice_text("key7"),
                            .value = zc_slice(value, sizeof value)};
    fail_each(&over);
}
