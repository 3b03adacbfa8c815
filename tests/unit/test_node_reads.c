/* SPDX-License-Identifier: MPL-2.0 */
/* Answers with holes, filled in any order. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/request.h"
#include "node/reads.h"

static zc_reads_t reads;
static zc_buffer_t results;
static zc_buffer_t whole;
static zc_holes_t holes;

static void setup(void) {
    zc_reads_init(&reads);
    zc_buffer_init(&results, zc_allocator_system());
    zc_buffer_init(&whole, zc_allocator_system());
    zc_holes_init(&holes);
}

static void teardown(void) {
    zc_reads_fini(&reads);
    zc_buffer_fini(&results);
    zc_buffer_fini(&whole);
    zc_holes_fini(&holes);
}

TestSuite(reads, .init = setup, .fini = teardown);

static void add_hole(void) {
    cr_assert_eq(zc_holes_add(&holes, results.bytes, zc_slice_text("key")), ZCACHE_OK);
}

static void add_status(zcache_status status) {
    cr_assert_eq(zc_response_add_status(&results, status), ZCACHE_OK);
}

/* hole, OK, hole, hole, INVALID */
static zc_waiting_t *begin_with_three_holes(uint64_t until_us) {
    cr_assert_eq(zc_response_begin(&results, 42, 5), ZCACHE_OK);
    add_hole();
    add_status(ZCACHE_OK);
    add_hole();
    add_hole();
    add_status(ZCACHE_INVALID);
    zc_waiting_t *waiting = zc_reads_begin(&reads, 9, until_us, &results, &holes);
    cr_assert_not_null(waiting);
    return waiting;
}

/* A value, or NULL: a miss. Returns whether that was the last hole. */
static bool fill(zc_waiting_t *waiting, size_t hole, const char *value) {
    zc_slice_t slice = value != NULL ? zc_slice_text(value) : zc_slice(NULL, 0);
    return zc_reads_fill(&reads, waiting, hole, value != NULL ? ZCACHE_OK : ZCACHE_MISS, slice, 1);
}

static void expect_value(zc_response_t *response, const char *expected) {
    zcache_status status = ZCACHE_OK;
    zc_slice_t value = zc_slice(NULL, 0);
    uint8_t type = 0;
    cr_assert_eq(zc_response_next_value(response, &status, &value, &type), ZCACHE_OK);
    if (expected == NULL) {
        cr_assert_eq(status, ZCACHE_MISS);
        return;
    }
    cr_assert_eq(status, ZCACHE_OK);
    cr_assert_eq(type, 1);
    cr_assert(zc_slice_equal(value, zc_slice_text(expected)));
}

static void expect_status(zc_response_t *response, zcache_status expected) {
    zcache_status status = ZCACHE_OK;
    cr_assert_eq(zc_response_next_status(response, &status), ZCACHE_OK);
    cr_assert_eq(status, expected);
}

Test(reads, results_stand_in_the_order_of_the_operations) {
    zc_waiting_t *waiting = begin_with_three_holes(1);
    cr_assert_not(fill(waiting, 2, "third"));
    cr_assert_not(fill(waiting, 0, "first"));
    cr_assert(fill(waiting, 1, NULL));
    cr_assert_eq(waiting->route, 9);
    cr_assert_eq(zc_reads_finish(&reads, waiting, &whole), ZCACHE_OK);
    zc_response_t response;
    cr_assert_eq(zc_response_open(zc_buffer_slice(&whole), &response), ZCACHE_OK);
    cr_assert_eq(response.number, 42);
    cr_assert_eq(response.count, 5);
    expect_value(&response, "first");
    expect_status(&response, ZCACHE_OK);
    expect_value(&response, NULL);
    expect_value(&response, "third");
    expect_status(&response, ZCACHE_INVALID);
}

Test(reads, filling_twice_does_no_harm) {
    zc_waiting_t *waiting = begin_with_three_holes(1);
    for (int i = 0; i < 5; i++) {
        cr_assert_not(fill(waiting, 0, "value"));
    }
    cr_assert_eq(waiting->open, 2);
}

Test(reads, token_finds_its_hole_as_long_as_it_is_known) {
    zc_waiting_t *other = begin_with_three_holes(1);
    zc_waiting_t *waiting = begin_with_three_holes(1);
    size_t hole = 9;
    cr_assert_eq(zc_reads_find(&reads, zc_reads_token(waiting, 2), &hole), waiting);
    cr_assert_eq(hole, 2);
    cr_assert_eq(zc_reads_find(&reads, zc_reads_token(other, 0), &hole), other);
    cr_assert_eq(hole, 0);
    cr_assert_eq(zc_reads_find(&reads, zc_reads_token(waiting, 2) + 1, &hole), NULL);
    cr_assert_eq(zc_reads_find(&reads, zc_reads_token(waiting, 0) + (UINT64_C(1) << 32), &hole),
                 NULL);
}

Test(reads, holes_are_asked_one_by_one_with_their_keys) {
    zc_waiting_t *waiting = begin_with_three_holes(1);
    size_t hole = 9;
    cr_assert(zc_slice_equal(zc_holes_key(&waiting->holes, 1), zc_slice_text("key")));
    cr_assert_eq(zc_reads_unasked(&reads, &hole), waiting);
    cr_assert_eq(hole, 0);
    zc_reads_set_asked(&reads, waiting, 0, true);
    fill(waiting, 1, "filled before it was asked");
    cr_assert_eq(zc_reads_unasked(&reads, &hole), waiting);
    cr_assert_eq(hole, 2);
    zc_reads_set_asked(&reads, waiting, 2, true);
    cr_assert_eq(zc_reads_unasked(&reads, &hole), NULL);
    zc_reads_set_asked(&reads, waiting, 2, false);
    cr_assert_eq(zc_reads_unasked(&reads, &hole), waiting);
    cr_assert_eq(hole, 2);
}

Test(reads, hole_that_is_unasked_again_comes_before_later_ones) {
    zc_waiting_t *first = begin_with_three_holes(1);
    zc_waiting_t *second = begin_with_three_holes(1);
    zc_waiting_t *waiting = NULL;
    size_t hole = 9;
    for (size_t i = 0; i < 5; i++) {
        waiting = zc_reads_unasked(&reads, &hole);
        cr_assert_eq(waiting, i < 3 ? first : second);
        cr_assert_eq(hole, i % 3);
        zc_reads_set_asked(&reads, waiting, hole, true);
    }
    zc_reads_set_asked(&reads, second, 0, false);
    zc_reads_set_asked(&reads, first, 1, false);
    static const size_t order[] = {1, 0, 2};
    for (size_t i = 0; i < 3; i++) {
        waiting = zc_reads_unasked(&reads, &hole);
        cr_assert_eq(waiting, i == 0 ? first : second);
        cr_assert_eq(hole, order[i]);
        zc_reads_set_asked(&reads, waiting, hole, true);
    }
    cr_assert_eq(zc_reads_unasked(&reads, &hole), NULL);
}

Test(reads, number_of_holes_that_wait_is_bounded) {
    size_t begun = 0;
    while (zc_reads_has_room(&reads, &holes, 0)) {
        add_hole();
        if (holes.count == 64) {
            cr_assert_not_null(zc_reads_begin(&reads, 1, 1, &results, &holes));
            begun++;
        }
    }
    cr_assert_eq(begun * 64, ZCACHE_READS_MAX);
    cr_assert_eq(reads.open, ZCACHE_READS_MAX);
    for (size_t i = 0; i < 64; i++) {
        fill(reads.first, i, NULL);
    }
    cr_assert_eq(zc_reads_finish(&reads, reads.first, &whole), ZCACHE_OK);
    cr_assert(zc_reads_has_room(&reads, &holes, 0));
}

Test(reads, bytes_that_wait_are_bounded) {
    cr_assert(zc_reads_has_room(&reads, &holes, ZCACHE_READS_WAITING_MAX));
    cr_assert_not(zc_reads_has_room(&reads, &holes, ZCACHE_READS_WAITING_MAX + 1));
    /* Values of many answers: those that find no room are busy, and no answer is too large. */
    const size_t bytes = ZCACHE_VALUE_MAX_CEILING;
    char *value = calloc(1, bytes);
    zc_waiting_t *waiting[4];
    for (size_t i = 0; i < 4; i++) {
        waiting[i] = begin_with_three_holes(1);
        for (size_t hole = 0; hole < 3; hole++) {
            zc_reads_fill(&reads, waiting[i], hole, ZCACHE_OK, zc_slice(value, bytes), 0);
        }
        cr_assert(waiting[i]->bytes <= ZCACHE_MESSAGE_MAX);
    }
    cr_assert(reads.bytes <= ZCACHE_READS_WAITING_MAX + ZCACHE_BATCH_MAX);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(zc_reads_finish(&reads, waiting[i], &whole), ZCACHE_OK);
    }
    cr_assert_eq(reads.bytes, 0);
    cr_assert_eq(reads.open, 0);
    free(value);
}

Test(reads, answers_are_overdue_in_the_order_of_their_beginning) {
    zc_waiting_t *first = begin_with_three_holes(100);
    zc_waiting_t *second = begin_with_three_holes(200);
    cr_assert_eq(zc_reads_overdue(&reads, 99), NULL);
    cr_assert_eq(zc_reads_overdue(&reads, 100), first);
    for (size_t hole = 0; hole < 3; hole++) {
        fill(first, hole, NULL);
    }
    cr_assert_eq(zc_reads_finish(&reads, first, &whole), ZCACHE_OK);
    cr_assert_eq(zc_reads_overdue(&reads, 199), NULL);
    cr_assert_eq(zc_reads_overdue(&reads, 200), second);
}

Test(reads, answers_end_in_any_order) {
    zc_waiting_t *waiting[3];
    for (size_t i = 0; i < 3; i++) {
        waiting[i] = begin_with_three_holes(1);
    }
    static const size_t order[] = {1, 2, 0};
    for (size_t i = 0; i < 3; i++) {
        zc_waiting_t *one = waiting[order[i]];
        for (size_t hole = 0; hole < 3; hole++) {
            fill(one, hole, NULL);
        }
        cr_assert_eq(zc_reads_finish(&reads, one, &whole), ZCACHE_OK);
    }
    cr_assert_eq(reads.first, NULL);
    cr_assert_eq(reads.last, NULL);
    cr_assert_not_null(begin_with_three_holes(1));
}
