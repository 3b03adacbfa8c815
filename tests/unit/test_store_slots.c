/* SPDX-License-Identifier: MPL-2.0 */
/* Slots: numbers stay good while the table grows, and are used again. */
#include <criterion/criterion.h>

#include "lib/store/slots.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static zc_slots_t slots;

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_slots_init(&slots, &failing.allocator);
}

static void stop(void) {
    zc_slots_fini(&slots);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(store_slots, .init = start, .fini = stop);

static uint32_t take(void) {
    cr_assert_eq(zc_slots_reserve(&slots), ZCACHE_OK);
    return zc_slots_take(&slots);
}

Test(store_slots, number_0_is_none_and_slots_never_move) {
    uint32_t first = take();
    cr_assert_neq(first, ZC_SLOT_NONE);
    const zc_slot_t *place = zc_slot_at(&slots, first);
    for (uint32_t i = 0; i < 20 * ZC_STRETCH_SLOTS; i++) {
        zc_slot_t *slot = zc_slot_at(&slots, take());
        cr_assert_eq(zc_slot_kind(slot), ZC_SLOT_FREE);
        slot->hlc = i;
    }
    cr_assert_eq(zc_slot_at(&slots, first), place);
    cr_assert_eq(zc_slot_at(&slots, first + 1)->hlc, 0);
    cr_assert_eq(zc_slot_at(&slots, first + 20 * ZC_STRETCH_SLOTS)->hlc, 20 * ZC_STRETCH_SLOTS - 1);
}

Test(store_slots, those_given_back_are_taken_first_and_blank) {
    uint32_t first = take();
    uint32_t second = take();
    zc_slot_at(&slots, first)->flags = ZC_FLAG_MARK;
    zc_slot_set_kind(zc_slot_at(&slots, first), ZC_SLOT_GHOST);
    zc_slots_give(&slots, first);
    zc_slots_give(&slots, second);
    cr_assert_eq(take(), second);
    cr_assert_eq(take(), first);
    cr_assert_eq(zc_slot_at(&slots, first)->flags, 0);
    cr_assert_eq(zc_slot_kind(zc_slot_at(&slots, first)), ZC_SLOT_FREE);
    cr_assert_gt(take(), second);
}

Test(store_slots, no_memory_leaves_them_as_they_were) {
    for (uint64_t n = 0; n < 3; n++) { /* slots, links and stretches: what is had is kept */
        zc_failing_allocator_fail_after(&failing, n > 0);
        cr_assert_eq(zc_slots_reserve(&slots), ZCACHE_NO_MEMORY);
        cr_assert(zc_failing_allocator_stop(&failing));
    }
    cr_assert_eq(take(), 1);
}

Test(store_slots, stretch_is_due_for_its_deadline_but_not_twice_in_a_second) {
    zc_stretch_t stretch = {.scanned_ms = 0};
    cr_assert_eq(zc_stretch_due_ms(&stretch, 5), 5);
    stretch.scanned_ms = 100;
    cr_assert_eq(zc_stretch_due_ms(&stretch, 5), 100 + ZC_SCAN_INTERVAL_MS);
    cr_assert_eq(zc_stretch_due_ms(&stretch, 5000), 5000);
}

Test(store_slots, number_of_slots_is_bounded) {
    take();
    zc_slots_t full = slots;
    full.end = ZC_SLOTS_MAX;
    uint64_t requests = failing.requests;
    cr_assert_eq(zc_slots_reserve(&full), ZCACHE_BUSY);
    cr_assert_eq(failing.requests, requests);
    zc_slots_give(&slots, 1);
    full.free = 1;
    cr_assert_eq(zc_slots_reserve(&full), ZCACHE_OK, "one that was given back will do");
}
