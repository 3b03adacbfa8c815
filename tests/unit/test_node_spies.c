/* SPDX-License-Identifier: MPL-2.0 */
/* Walks of clients over the whole cache. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "node/spies.h"

static zc_store_t *store;
static zc_spies_t spies;
static zc_buffer_t buffer;
static zc_origin_index_t origin;

static void setup(void) {
    const zc_store_options_t options = {
        .allocator = zc_allocator_system(), .seed = 1, .max_size = 10000, .ghosts_max = 10000};
    const zc_origin_t id = {{3}};
    cr_assert_eq(zc_store_new(&options, &store), ZCACHE_OK);
    cr_assert_eq(zc_store_origin(store, &id, &origin), ZCACHE_OK);
    zc_spies_init(&spies, store);
    zc_buffer_init(&buffer, zc_allocator_system());
}

static void teardown(void) {
    zc_spies_fini(&spies);
    zc_store_destroy(&store);
    zc_buffer_fini(&buffer);
}

TestSuite(spies, .init = setup, .fini = teardown);

static void put(unsigned number, size_t value_bytes) {
    static char value[ZCACHE_BATCH_MAX];
    char key[16];
    zc_store_item_t item = {
        .origin = origin,
        .hlc = number + 1,
        .key = zc_slice(key, (size_t)snprintf(key, sizeof(key), "%u", number)),
        .value = zc_slice(value, value_bytes),
    };
    item.key_hash = zc_key_hash(item.key);
    zc_outcome_t outcome;
    cr_assert_eq(zc_store_apply(store, &item, 1000, &outcome, NULL), ZCACHE_OK);
    cr_assert_eq(outcome, ZC_OUTCOME_APPLIED);
}

/* Reads one page into the buffer and returns its number of entries. */
static uint32_t read_page(zc_spy_t *spy, bool *end) {
    zc_response_list_t list;
    buffer.bytes = 0;
    cr_assert_eq(zc_response_begin_list(&buffer, true, &list), ZCACHE_OK);
    cr_assert_eq(zc_spies_page(spy, 2000 * 1000, 5000, store, &buffer, &list, end), ZCACHE_OK);
    return list.count;
}

static zc_spy_t *begin(uint64_t route) {
    zc_spy_t *spy = NULL;
    cr_assert_eq(zc_spies_obtain(&spies, 0, route, 1, &spy), ZCACHE_OK);
    cr_assert_neq(spy->number, 0);
    return spy;
}

Test(spies, pages_show_everything_once) {
    for (unsigned i = 0; i < 3000; i++) {
        put(i, 10);
    }
    zc_spy_t *spy = begin(1);
    bool end = false;
    uint32_t shown = 0;
    uint32_t pages = 0;
    while (!end) {
        shown += read_page(spy, &end);
        pages++;
        cr_assert(pages < 100);
    }
    cr_assert_eq(shown, 3000);
    cr_assert(pages > 3);
}

Test(spies, page_of_large_values_ends_early) {
    for (unsigned i = 0; i < 10; i++) {
        put(i, 100000);
    }
    zc_spy_t *spy = begin(1);
    bool end = false;
    cr_assert_eq(read_page(spy, &end), 3);
    cr_assert_not(end);
}

Test(spies, empty_cache_ends_at_once) {
    zc_spy_t *spy = begin(1);
    bool end = false;
    cr_assert_eq(read_page(spy, &end), 0);
    cr_assert(end);
}

Test(spies, walk_is_of_the_client_that_began_it) {
    zc_spy_t *spy = begin(1);
    zc_spy_t *other = NULL;
    cr_assert_eq(zc_spies_obtain(&spies, spy->number, 2, 1, &other), ZCACHE_TIMEOUT);
    cr_assert_eq(zc_spies_obtain(&spies, spy->number + 1, 1, 1, &other), ZCACHE_TIMEOUT);
    cr_assert_eq(zc_spies_obtain(&spies, spy->number, 1, 1, &other), ZCACHE_OK);
    cr_assert_eq(spy, other);
}

Test(spies, one_walk_too_many_is_told_to_come_back) {
    for (uint64_t i = 0; i < ZCACHE_SPIES_MAX; i++) {
        begin(i);
    }
    zc_spy_t *further = NULL;
    cr_assert_eq(zc_spies_obtain(&spies, 0, 99, 1, &further), ZCACHE_BUSY);
    /* It comes without a lock, so it only says so. */
    zc_spies_drop_route(&spies, 3);
    cr_assert_eq(zc_spies_obtain(&spies, 0, 99, 1, &further), ZCACHE_BUSY);
    zc_spies_expire(&spies, 1);
    cr_assert_eq(zc_spies_obtain(&spies, 0, 99, 1, &further), ZCACHE_OK);
}

Test(spies, walk_that_nobody_asks_about_ends_after_a_minute) {
    const uint64_t second_us = 1000 * 1000;
    const uint64_t number = begin(1)->number;
    zc_spy_t *spy = NULL;
    zc_spies_expire(&spies, 59 * second_us);
    cr_assert_eq(zc_spies_obtain(&spies, number, 1, 59 * second_us, &spy), ZCACHE_OK);
    zc_spies_expire(&spies, 118 * second_us);
    cr_assert_eq(zc_spies_obtain(&spies, number, 1, 118 * second_us, &spy), ZCACHE_OK);
    zc_spies_expire(&spies, 179 * second_us);
    cr_assert_eq(zc_spies_obtain(&spies, number, 1, 179 * second_us, &spy), ZCACHE_TIMEOUT);
}
