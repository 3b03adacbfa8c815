/* SPDX-License-Identifier: MPL-2.0 */
/* What readers remember: how long it holds, and that it grows with the store. */
#include <criterion/criterion.h>

#include "lib/store/recent.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static zc_recent_t recent;

static void start(void) {
    zc_failing_allocator_init(&failing);
    cr_assert_eq(zc_recent_init(&recent, &failing.allocator), ZCACHE_OK);
}

static void stop(void) {
    zc_recent_fini(&recent, &failing.allocator);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(store_recent, .init = start, .fini = stop);

static const uint64_t scattered = 0x123456789abcdef0;

static const zc_payload_t payload;

static void keep(zc_stripe_t entered) {
    zc_memo_keep(zc_recent_memo(&recent, scattered), scattered, entered, 7, &payload);
}

static bool is_kept(zc_stripe_t entered) {
    const zc_memo_t *memo = zc_recent_memo(&recent, scattered);
    return zc_memo_payload(memo, scattered, entered) == &payload && memo->number == 7;
}

Test(store_recent, memo_is_of_one_number_of_its_stripe) {
    cr_assert_not(is_kept(0));
    keep(0);
    cr_assert(is_kept(0));
    cr_assert_not(is_kept(1));
    cr_assert_not(is_kept(2));
}

Test(store_recent, memo_is_of_one_tag) {
    uint64_t other = scattered ^ UINT64_C(1) << 63;
    keep(4);
    const zc_memo_t *memo = zc_recent_memo(&recent, other);
    cr_assert_eq(memo, zc_recent_memo(&recent, scattered));
    cr_assert_null(zc_memo_payload(memo, other, 4));
}

Test(store_recent, empty_memo_is_of_no_tag) {
    const zc_memo_t *memo = zc_recent_memo(&recent, 0);
    cr_assert_null(zc_memo_payload(memo, 0, 0));
}

Test(store_recent, address_without_room_for_the_tag_is_not_kept) {
    zc_memo_t memo = {.place = 0};
    const uintptr_t far = UINTPTR_MAX / 2;
    zc_memo_keep(&memo, scattered, 4, 7, (const zc_payload_t *)far);
    cr_assert_eq(memo.place, 0);
}

Test(store_recent, nothing_is_kept_beyond_its_time) {
    cr_assert_not(zc_recent_holds(&recent, zc_moment_exact(0)));
    zc_recent_begin(&recent, 1000);
    cr_assert(zc_recent_holds(&recent, zc_moment_exact(999)));
    cr_assert_not(zc_recent_holds(&recent, zc_moment_exact(1000)));
    zc_moment_t moment = {.earliest_ms = 900, .late_ms = 99, .used_after_ms = 10};
    cr_assert(zc_recent_holds(&recent, moment));
    moment.late_ms = 100;
    cr_assert_not(zc_recent_holds(&recent, moment));
}

Test(store_recent, new_time_begins_with_nothing) {
    zc_recent_begin(&recent, 1000);
    keep(2);
    zc_recent_begin(&recent, 2000);
    cr_assert_not(is_kept(2));
}

Test(store_recent, grows_with_the_store_up_to_its_limit) {
    zc_recent_grow(&recent, &failing.allocator, ZC_RECENT_FIRST);
    cr_assert_eq(recent.count, ZC_RECENT_FIRST);
    keep(2);
    zc_failing_allocator_fail_after(&failing, 0);
    zc_recent_grow(&recent, &failing.allocator, ZC_RECENT_FIRST + 1);
    cr_assert(recent.count == ZC_RECENT_FIRST && is_kept(2), "without memory it stays");
    zc_failing_allocator_stop(&failing);
    zc_recent_grow(&recent, &failing.allocator, ZC_RECENT_FIRST + 1);
    cr_assert_eq(recent.count, 2 * ZC_RECENT_FIRST);
    cr_assert_not(is_kept(2));
    zc_recent_grow(&recent, &failing.allocator, UINT32_MAX);
    cr_assert_eq(recent.count, ZC_RECENT_MAX);
}

Test(store_recent, no_memory_is_told) {
    zc_recent_t other;
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_recent_init(&other, &failing.allocator), ZCACHE_NO_MEMORY);
}
