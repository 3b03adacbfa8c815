/* SPDX-License-Identifier: MPL-2.0 */
/* The check itself: it finds a structure that is broken, so that what passes it is whole. */
#include <criterion/criterion.h>
#include <signal.h>

#include "lib/store/state.h"
#include "tests/support/store_fixture.h"

static zc_fixture_t fixture;

static void start(void) {
    fixture_init(&fixture);
    fixture_start(&fixture);
    fixture_put(&fixture, "a", "v", A, 1);
    fixture_put(&fixture, "b", "v", A, 2);
    fixture_put_until(&fixture, "c", 3, 5000);
    fixture_ghost(&fixture, "d", B, 4);
}

TestSuite(store_check, .init = start);

static zc_slot_t *slot_of(const char *key) {
    zc_index_t *index = &fixture.store->index;
    return zc_store_slot(fixture.store, zc_index_find(index, fixture_hash(key)));
}

static void check(void) {
    zc_store_check(fixture.store);
}

Test(store_check, whole_store_passes) {
    check();
    fixture_stop(&fixture);
}

Test(store_check, finds_a_wrong_digest, .signal = SIGABRT) {
    fixture.store->digest++;
    check();
}

Test(store_check, finds_wrong_bytes, .signal = SIGABRT) {
    fixture.store->bytes++;
    check();
}

Test(store_check, finds_an_entry_that_the_index_does_not, .signal = SIGABRT) {
    slot_of("a")->label ^= 0x80;
    check();
}

Test(store_check, finds_a_chain_out_of_order, .signal = SIGABRT) {
    slot_of("b")->hlc = 9;
    check();
}

Test(store_check, finds_a_broken_order_of_use, .signal = SIGABRT) {
    uint32_t number = zc_index_find(&fixture.store->index, fixture_hash("b"));
    zc_neighbours_at(&fixture.store->slots, number)->newer = ZC_SLOT_NONE;
    check();
}

Test(store_check, finds_a_mark_on_a_ghost, .signal = SIGABRT) {
    slot_of("d")->flags |= ZC_FLAG_MARK;
    check();
}

Test(store_check, finds_a_forgotten_deadline, .signal = SIGABRT) {
    zc_stretch_at(&fixture.store->slots, 0)->due_ms = 6000;
    check();
}

Test(store_check, finds_a_lost_slot, .signal = SIGABRT) {
    zc_slots_take(&fixture.store->slots);
    check();
}
