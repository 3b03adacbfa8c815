/* SPDX-License-Identifier: MPL-2.0 */
/* Lists of records: cut where a batch or chunk is full (L1). */
#include <criterion/criterion.h>
#include <stdlib.h>

#include <zcache/limits.h>

#include "lib/replica/records.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static zc_arena_t arena;
static zc_records_t list;

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_arena_init(&arena, &failing.allocator);
    list = (zc_records_t){.arena = &arena};
}

static void stop(void) {
    zc_arena_fini(&arena);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(replica_records, .init = start, .fini = stop);

Test(replica_records, item_becomes_a_record_and_back) {
    zc_store_item_t item = {.type = 1,
                            .origin = 9,
                            .hlc = 77,
                            .key_hash = 5,
                            .key = zc_slice_text("k"),
                            .value = zc_slice_text("v"),
                            .deadline_ms = 1234,
                            .used_ms = 400};
    zc_record_t record = zc_record_of_item(&item, 3, 100);
    cr_assert_eq(record.origin, 3);
    cr_assert_eq(record.age_ms, 100);
    zc_store_item_t back = zc_record_to_item(&record, 9, 500);
    cr_assert_eq(back.type, 1);
    cr_assert_eq(back.origin, 9);
    cr_assert_eq(back.hlc, 77);
    cr_assert_eq(back.key_hash, 5);
    cr_assert(zc_slice_equal(back.key, item.key));
    cr_assert(zc_slice_equal(back.value, item.value));
    cr_assert_eq(back.deadline_ms, 1234);
    cr_assert_eq(back.used_ms, 400);
}

Test(replica_records, age_beyond_the_beginning_of_local_time_is_its_beginning) {
    zc_record_t record = {.age_ms = 10000};
    cr_assert_eq(zc_record_to_item(&record, 0, 500).used_ms, 0);
}

Test(replica_records, list_of_the_smallest_records_is_full_before_its_number_is_too_high) {
    zc_store_item_t item = {.ghost = true, .hlc = 1};
    while (!zc_records_full(&list, &item)) {
        item.hlc++;
        cr_assert(zc_records_add(&list, &item, 0, 0));
        cr_assert_leq(list.count, ZCACHE_BATCH_RECORDS_MAX);
    }
    cr_assert_leq(list.bytes, ZCACHE_BATCH_MAX);
    cr_assert_eq(list.count, ZCACHE_BATCH_MAX / ZC_RECORD_OVERHEAD_BYTES);
    for (size_t i = 0; i < list.count; i++) {
        cr_assert_eq(list.records[i].hlc, 2 + i, "they keep their order as the list grows");
    }
}

Test(replica_records, list_is_full_at_the_number_of_bytes_and_never_while_empty) {
    size_t bytes = 2 * ZCACHE_BATCH_MAX;
    char *value = calloc(1, bytes);
    zc_store_item_t item = {.key = zc_slice_text("k"), .value = zc_slice(value, bytes)};
    cr_assert_not(zc_records_full(&list, &item), "a value may be larger than a batch");
    cr_assert(zc_records_add(&list, &item, 0, 0));
    item.value.bytes = 0;
    cr_assert(zc_records_full(&list, &item));
    list = (zc_records_t){.arena = &arena};
    item.value.bytes = ZCACHE_BATCH_MAX / 2;
    cr_assert(zc_records_add(&list, &item, 0, 0));
    cr_assert(zc_records_full(&list, &item));
    item.value.bytes -= 4 * ZC_RECORD_OVERHEAD_BYTES;
    cr_assert_not(zc_records_full(&list, &item));
    free(value);
}

Test(replica_records, without_memory_the_list_is_as_it_was) {
    zc_store_item_t item = {.ghost = true, .hlc = 1};
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_not(zc_records_add(&list, &item, 0, 0));
    cr_assert_eq(list.count, 0);
    zc_failing_allocator_stop(&failing);
    cr_assert(zc_records_add(&list, &item, 0, 0));
    cr_assert_eq(list.count, 1);
}
