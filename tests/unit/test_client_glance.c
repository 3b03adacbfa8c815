/* SPDX-License-Identifier: MPL-2.0 */
/* What is said of a member by what it holds under a key hash: every case of the rules. */
#include <criterion/criterion.h>

#include "lib/client/glance.h"

enum { RECEIVED = 100, HORIZON = 40, CLEAR = 10 };

static zc_census_member_t members[3];
static zc_census_t census;
static zc_glance_t *glance;
static zc_interval_t interval;
static zc_origin_intervals_t row;

static const zc_origin_t writer = {{7}};

static zc_stamp_t at(zc_hlc_t hlc) {
    return (zc_stamp_t){.hlc = hlc, .origin = writer};
}

/* Three members: all have received (0, RECEIVED] of the writer. */
static void begin(void) {
    interval = (zc_interval_t){.after = 0, .upto = RECEIVED};
    row = (zc_origin_intervals_t){.origin = writer, .intervals = &interval, .count = 1};
    for (size_t i = 0; i < 3; i++) {
        members[i] = (zc_census_member_t){.digest = {.horizon = at(HORIZON),
                                                     .registers = {.clear = at(CLEAR)},
                                                     .vector = {.origins = &row, .count = 1}}};
    }
    census = (zc_census_t){.allocator = zc_allocator_system(), .members = members, .count = 3};
    glance = zc_glance_new(&census);
    cr_assert_not_null(glance);
    glance->hashes = 1;
}

static void end(void) {
    zc_glance_destroy(&glance);
    cr_assert_null(glance);
    zc_glance_destroy(&glance);
}

TestSuite(client_glance, .init = begin, .fini = end);

static void holds(size_t member, zc_held_t held, zc_hlc_t hlc, uint64_t digest) {
    glance->cells[member] = (zc_glance_cell_t){.held = held, .stamp = at(hlc), .digest = digest};
}

/* Members 0 and 1 hold the entry of the newest write; what is said of the third? */
static zc_judgement_t judge(zc_hlc_t newest, zc_held_t held, zc_hlc_t hlc, uint64_t digest) {
    holds(0, ZC_HELD_ENTRY, newest, 5);
    holds(1, ZC_HELD_ENTRY, newest, 5);
    holds(2, held, hlc, digest);
    const zc_stamp_t stamp = at(newest);
    cr_assert_eq(zc_glance_judge(glance, 0, 0, &stamp),
                 digest <= 5 ? ZC_JUDGED_FINE : ZC_JUDGED_VALUE);
    return zc_glance_judge(glance, 0, 2, &stamp);
}

Test(client_glance, the_newest_write_or_a_newer_one_is_fine) {
    cr_assert_eq(judge(60, ZC_HELD_ENTRY, 60, 5), ZC_JUDGED_FINE);
    cr_assert_eq(judge(60, ZC_HELD_ENTRY, 61, 4), ZC_JUDGED_FINE);
    cr_assert_eq(judge(60, ZC_HELD_GHOST, 61, 0), ZC_JUDGED_FINE, "it was deleted since");
}

Test(client_glance, its_ghost_or_a_horizon_above_it_is_an_eviction) {
    cr_assert_eq(judge(60, ZC_HELD_GHOST, 60, 0), ZC_JUDGED_EVICTED);
    cr_assert_eq(judge(HORIZON, ZC_HELD_NOTHING, 0, 0), ZC_JUDGED_EVICTED, "and forgotten");
    cr_assert_eq(judge(HORIZON, ZC_HELD_GHOST, 30, 0), ZC_JUDGED_EVICTED);
}

Test(client_glance, nothing_that_explains_it_is_a_loss) {
    cr_assert_eq(judge(60, ZC_HELD_NOTHING, 0, 0), ZC_JUDGED_LOST);
    cr_assert_eq(judge(HORIZON + 1, ZC_HELD_NOTHING, 0, 0), ZC_JUDGED_LOST);
    cr_assert_eq(judge(60, ZC_HELD_GHOST, 59, 0), ZC_JUDGED_LOST);
}

Test(client_glance, an_older_entry_is_stale_whatever_was_forgotten) {
    cr_assert_eq(judge(60, ZC_HELD_ENTRY, 59, 5), ZC_JUDGED_STALE);
    cr_assert_eq(judge(HORIZON, ZC_HELD_ENTRY, 30, 5), ZC_JUDGED_STALE);
    holds(0, ZC_HELD_GHOST, 60, 0);
    holds(2, ZC_HELD_ENTRY, 59, 5);
    const zc_stamp_t deleted = at(60);
    cr_assert_eq(zc_glance_judge(glance, 0, 2, &deleted), ZC_JUDGED_STALE);
}

Test(client_glance, what_was_not_received_is_missing) {
    cr_assert_eq(judge(RECEIVED + 1, ZC_HELD_NOTHING, 0, 0), ZC_JUDGED_MISSING);
    cr_assert_eq(judge(RECEIVED + 1, ZC_HELD_ENTRY, 50, 5), ZC_JUDGED_MISSING);
    cr_assert_eq(judge(RECEIVED, ZC_HELD_NOTHING, 0, 0), ZC_JUDGED_LOST);
}

Test(client_glance, of_two_values_under_a_stamp_the_larger_digest_is_right) {
    cr_assert_eq(judge(60, ZC_HELD_ENTRY, 60, 4), ZC_JUDGED_VALUE);
    cr_assert_eq(judge(60, ZC_HELD_ENTRY, 60, 6), ZC_JUDGED_FINE);
}

Test(client_glance, what_a_clear_voids_is_fine) {
    cr_assert_eq(judge(CLEAR, ZC_HELD_NOTHING, 0, 0), ZC_JUDGED_FINE);
    cr_assert_eq(judge(CLEAR, ZC_HELD_ENTRY, 5, 3), ZC_JUDGED_FINE);
}

Test(client_glance, a_delete_that_is_forgotten_is_fine) {
    holds(0, ZC_HELD_GHOST, HORIZON, 0);
    holds(1, ZC_HELD_NOTHING, 0, 0);
    const zc_stamp_t deleted = at(HORIZON);
    cr_assert_eq(zc_glance_judge(glance, 0, 0, &deleted), ZC_JUDGED_FINE);
    cr_assert_eq(zc_glance_judge(glance, 0, 1, &deleted), ZC_JUDGED_FINE);
}

Test(client_glance, the_newest_is_of_those_that_count) {
    holds(0, ZC_HELD_ENTRY, 50, 1);
    holds(1, ZC_HELD_GHOST, 60, 0);
    holds(2, ZC_HELD_ENTRY, 70, 1);
    cr_assert_eq(zc_glance_newest(glance, 0).hlc, 70);
    members[2].status = ZCACHE_TIMEOUT;
    cr_assert_eq(zc_glance_newest(glance, 0).hlc, 60);
    const zc_stamp_t stamp = at(60);
    cr_assert_eq(zc_glance_holder(glance, 0, &stamp), &members[1]);
    const zc_stamp_t newer = at(65);
    cr_assert_null(zc_glance_holder(glance, 0, &newer));
    holds(0, ZC_HELD_NOTHING, 0, 0);
    holds(1, ZC_HELD_NOTHING, 0, 0);
    cr_assert_eq(zc_glance_newest(glance, 0).hlc, 0);
    const zc_stamp_t none = {.hlc = 0};
    cr_assert_eq(zc_glance_judge(glance, 0, 0, &none), ZC_JUDGED_FINE, "nobody holds anything");
}

Test(client_glance, fewer_hashes_at_once_the_more_members_there_are) {
    cr_assert_eq(zc_glance_hashes_max(&census), ZC_GLANCE_HASHES_MAX);
    census.count = 1000;
    cr_assert_eq(zc_glance_hashes_max(&census), 262);
    census.count = 100000;
    cr_assert_eq(zc_glance_hashes_max(&census), ZC_GLANCE_HASHES_LEAST);
    census.count = 3;
}
