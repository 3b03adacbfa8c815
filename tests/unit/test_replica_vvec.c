/* SPDX-License-Identifier: MPL-2.0 */
/* The version vector (R3): by example, and against a naive model that keeps one bit for each HLC.
 */
#include <criterion/criterion.h>

#include <zcache/limits.h>

#include "lib/base/random.h"
#include "lib/replica/vvec.h"
#include "tests/support/failing_allocator.h"

enum { MODEL_HLCS = 100, MODEL_RUNS = 300, MODEL_STEPS = 60 };

static zc_failing_allocator_t failing;
static zc_vvec_t vvec;

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_vvec_init(&vvec, &failing.allocator);
}

static void stop(void) {
    zc_vvec_fini(&vvec);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(replica_vvec, .init = start, .fini = stop);

static void cover(zc_hlc_t after, zc_hlc_t upto) {
    cr_assert_eq(zc_vvec_cover(&vvec, 0, after, upto), ZCACHE_OK);
}

static zc_origin_intervals_t row(zc_origin_index_t index) {
    static const zc_origin_t origin = {{1}};
    return zc_vvec_row(&vvec, index, &origin);
}

static void expect(size_t at, zc_hlc_t after, zc_hlc_t upto) {
    cr_assert_lt(at, row(0).count);
    cr_assert_eq(row(0).intervals[at].after, after);
    cr_assert_eq(row(0).intervals[at].upto, upto);
}

Test(replica_vvec, intervals_that_follow_each_other_are_one) {
    cover(0, 10);
    cover(10, 20);
    cr_assert_eq(row(0).count, 1);
    expect(0, 0, 20);
}

Test(replica_vvec, what_lies_between_two_intervals_is_not_covered) {
    cover(0, 10);
    cover(20, 30);
    cr_assert_eq(row(0).count, 2);
    cr_assert(zc_vvec_covers(&vvec, 0, 10));
    cr_assert_not(zc_vvec_covers(&vvec, 0, 11));
    cr_assert_not(zc_vvec_covers(&vvec, 0, 20));
    cr_assert(zc_vvec_covers(&vvec, 0, 21));
    cr_assert_not(zc_vvec_covers(&vvec, 0, 31));
    cr_assert(zc_vvec_covers_interval(&vvec, 0, 20, 30));
    cr_assert_not(zc_vvec_covers_interval(&vvec, 0, 5, 25));
    cr_assert(zc_vvec_covers_interval(&vvec, 0, 15, 15), "an empty one is always covered");
}

Test(replica_vvec, interval_that_closes_a_hole_joins_both_sides) {
    cover(0, 10);
    cover(20, 30);
    cover(40, 50);
    cover(10, 20);
    cr_assert_eq(row(0).count, 2);
    expect(0, 0, 30);
    expect(1, 40, 50);
    cover(5, 45);
    cr_assert_eq(row(0).count, 1);
    expect(0, 0, 50);
}

Test(replica_vvec, empty_interval_changes_nothing) {
    cover(10, 10);
    cover(20, 10);
    cr_assert_eq(row(0).count, 0);
    cr_assert_eq(zc_vvec_last(&vvec, 0), 0);
    cr_assert_eq(zc_vvec_whole_upto(&vvec, 0), 0);
}

Test(replica_vvec, last_and_whole_tell_the_ends) {
    cover(20, 30);
    cr_assert_eq(zc_vvec_last(&vvec, 0), 30);
    cr_assert_eq(zc_vvec_whole_upto(&vvec, 0), 0, "the beginning is missing");
    cover(0, 10);
    cr_assert_eq(zc_vvec_whole_upto(&vvec, 0), 10);
}

Test(replica_vvec, origin_that_is_not_known_has_nothing) {
    cr_assert_not(zc_vvec_covers(&vvec, 7, 1));
    cr_assert_not(zc_vvec_covers_interval(&vvec, 7, 0, 1));
    cr_assert(zc_vvec_covers_interval(&vvec, 7, 0, 0));
    cr_assert_eq(zc_vvec_last(&vvec, ZC_ORIGIN_INDEX_NONE), 0);
    cr_assert_eq(row(7).count, 0);
}

Test(replica_vvec, interval_beyond_the_limit_is_refused_until_holes_are_closed) {
    for (zc_hlc_t i = 0; i < ZCACHE_INTERVALS_MAX; i++) {
        cover(10 * i, 10 * i + 5);
    }
    cr_assert_eq(zc_vvec_cover(&vvec, 0, 10000, 10001), ZCACHE_BUSY);
    cr_assert_eq(row(0).count, ZCACHE_INTERVALS_MAX);
    cr_assert_not(zc_vvec_covers(&vvec, 0, 10001));
    cover(10 * (ZCACHE_INTERVALS_MAX - 1), 9000);
    cover(5, 10);
    cover(10000, 10001);
    cr_assert_eq(zc_vvec_last(&vvec, 0), 10001);
}

/* What a delta covers closes holes in one place and opens others elsewhere. */
Test(replica_vvec, row_that_is_added_whole_is_held_against_the_limit_when_all_of_it_is_there) {
    enum { HOLES_CLOSED = 3 };
    for (zc_hlc_t i = 0; i < ZCACHE_INTERVALS_MAX; i++) {
        cover(100 + 10 * i, 100 + 10 * i + 5);
    }
    zc_interval_t others[] = {{20, 30}, {40, 50}, {60, 70}, {100, 100 + 10 * HOLES_CLOSED + 5}};
    cr_assert_eq(zc_vvec_unite(&vvec, 0, others, 4), ZCACHE_OK);
    cr_assert_eq(row(0).count, ZCACHE_INTERVALS_MAX);
    expect(0, 20, 30);
    expect(3, 100, 100 + 10 * HOLES_CLOSED + 5);
    others[0] = (zc_interval_t){80, 90};
    cr_assert_eq(zc_vvec_unite(&vvec, 0, others, 1), ZCACHE_BUSY);
    cr_assert_eq(row(0).count, ZCACHE_INTERVALS_MAX);
    expect(3, 100, 100 + 10 * HOLES_CLOSED + 5);
}

Test(replica_vvec, first_cover_of_a_reserved_row_takes_no_memory) {
    cr_assert_eq(zc_vvec_reserve(&vvec, 3), ZCACHE_OK);
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_vvec_cover(&vvec, 3, 0, 10), ZCACHE_OK);
    cr_assert_eq(zc_vvec_cover(&vvec, 3, 10, 20), ZCACHE_OK);
    cr_assert_not(zc_failing_allocator_stop(&failing));
}

Test(replica_vvec, without_memory_nothing_changes) {
    for (uint64_t n = 0; n < 2; n++) {
        zc_failing_allocator_fail_after(&failing, n);
        cr_assert_eq(zc_vvec_cover(&vvec, 5, 0, 10), ZCACHE_NO_MEMORY);
        cr_assert_not(zc_vvec_covers(&vvec, 5, 10));
        zc_failing_allocator_fail_after(&failing, 0);
        cr_assert_eq(zc_vvec_reserve(&vvec, (zc_origin_index_t)(100 * (n + 1))), ZCACHE_NO_MEMORY);
    }
    zc_failing_allocator_stop(&failing);
    cr_assert_eq(zc_vvec_cover(&vvec, 5, 0, 10), ZCACHE_OK);
}

/* -- Against the model */

static bool model[MODEL_HLCS + 1];

static void check_model(void) {
    zc_hlc_t last = 0;
    zc_hlc_t whole = 0;
    for (zc_hlc_t hlc = 1; hlc <= MODEL_HLCS; hlc++) {
        cr_assert_eq(zc_vvec_covers(&vvec, 0, hlc), model[hlc]);
        last = model[hlc] ? hlc : last;
        whole = model[hlc] && whole == hlc - 1 ? hlc : whole;
    }
    cr_assert_eq(zc_vvec_last(&vvec, 0), last);
    cr_assert_eq(zc_vvec_whole_upto(&vvec, 0), whole);
    zc_origin_intervals_t found = row(0);
    for (size_t i = 0; i < found.count; i++) {
        cr_assert_lt(found.intervals[i].after, found.intervals[i].upto);
        cr_assert(i == 0 || found.intervals[i - 1].upto < found.intervals[i].after);
    }
}

static void check_interval(zc_random_t *random) {
    zc_hlc_t after = zc_random_below(random, MODEL_HLCS);
    zc_hlc_t upto = after + zc_random_below(random, MODEL_HLCS - after + 1);
    bool all = true;
    for (zc_hlc_t hlc = after + 1; hlc <= upto; hlc++) {
        all = all && model[hlc];
    }
    cr_assert_eq(zc_vvec_covers_interval(&vvec, 0, after, upto), all);
}

Test(replica_vvec, random_intervals_end_as_in_a_naive_model) {
    zc_random_t random = {.state = 1};
    for (int run = 0; run < MODEL_RUNS; run++) {
        memset(model, 0, sizeof model);
        zc_vvec_fini(&vvec);
        uint64_t longest = 1 + zc_random_below(&random, 20);
        for (int i = 0; i < MODEL_STEPS; i++) {
            zc_hlc_t after = zc_random_below(&random, MODEL_HLCS);
            zc_hlc_t upto = after + zc_random_below(&random, longest + 1);
            upto = upto > MODEL_HLCS ? MODEL_HLCS : upto;
            cover(after, upto);
            for (zc_hlc_t hlc = after + 1; hlc <= upto; hlc++) {
                model[hlc] = true;
            }
            check_model();
            check_interval(&random);
        }
    }
}

/* Draws a row of ascending intervals that do not touch. */
static size_t draw_row(zc_random_t *random, zc_interval_t *intervals, bool *bits) {
    memset(bits, 0, MODEL_HLCS + 1);
    size_t count = 0;
    zc_hlc_t at = zc_random_below(random, 20);
    while (at + 1 < MODEL_HLCS) {
        zc_hlc_t upto = at + 1 + zc_random_below(random, 15);
        upto = upto > MODEL_HLCS ? MODEL_HLCS : upto;
        intervals[count++] = (zc_interval_t){.after = at, .upto = upto};
        for (zc_hlc_t hlc = at + 1; hlc <= upto; hlc++) {
            bits[hlc] = true;
        }
        at = upto + 1 + zc_random_below(random, 15);
    }
    return count;
}

Test(replica_vvec, random_rows_subtract_as_in_a_naive_model) {
    zc_random_t random = {.state = 2};
    for (int run = 0; run < 20 * MODEL_RUNS; run++) {
        zc_interval_t a[MODEL_HLCS];
        zc_interval_t b[MODEL_HLCS];
        zc_interval_t lack[2 * MODEL_HLCS];
        bool a_bits[MODEL_HLCS + 1];
        bool b_bits[MODEL_HLCS + 1];
        size_t a_count = draw_row(&random, a, a_bits);
        size_t b_count = draw_row(&random, b, b_bits);
        size_t count = zc_intervals_subtract(a, a_count, b, b_count, lack);
        cr_assert_leq(count, a_count + b_count);
        for (zc_hlc_t hlc = 1; hlc <= MODEL_HLCS; hlc++) {
            cr_assert_eq(zc_intervals_cover(a, a_count, hlc), a_bits[hlc]);
            cr_assert_eq(zc_intervals_cover(lack, count, hlc), a_bits[hlc] && !b_bits[hlc]);
        }
        for (size_t i = 0; i < count; i++) {
            cr_assert_lt(lack[i].after, lack[i].upto);
            cr_assert(i == 0 || lack[i - 1].upto < lack[i].after);
        }
    }
}

Test(replica_vvec, origin_of_which_nothing_is_covered_ends_at_its_beginning) {
    cr_assert_eq(zc_vvec_last(&vvec, 0), 0, "beyond the rows");
    cr_assert_eq(zc_vvec_whole_upto(&vvec, 0), 0, "beyond the rows");
    cr_assert_eq(zc_vvec_cover(&vvec, 2, 0, 9), ZCACHE_OK);
    cr_assert_eq(zc_vvec_last(&vvec, 2), 9);
    cr_assert_eq(zc_vvec_whole_upto(&vvec, 2), 9);
    cr_assert_eq(zc_vvec_last(&vvec, 0), 0, "an empty row");
    cr_assert_eq(zc_vvec_whole_upto(&vvec, 0), 0);
}
