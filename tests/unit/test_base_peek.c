/* SPDX-License-Identifier: MPL-2.0 */
/* Peeking: every size at every address, none of what is beside it. */
#include <criterion/criterion.h>

#include "lib/base/peek.h"

enum { ROOM = 1024, PLACES = 16, LONG_BYTES = 300 };

static _Alignas(16) unsigned char shared[ROOM];

static void fill(void) {
    for (size_t i = 0; i < sizeof shared; i++) {
        shared[i] = (unsigned char)(i * 37 + i / 256);
    }
}

TestSuite(base_peek, .init = fill);

static bool answer(const void *context) {
    return *(const bool *)context;
}

Test(base_peek, what_fits_is_copied_where_it_holds_and_nothing_else_is_touched) {
    for (size_t bytes = 0; zc_peek_fits(bytes); bytes++) {
        for (size_t place = 32; place < 32 + PLACES; place++) {
            unsigned char own[ZC_PEEK_BYTES + 2];
            unsigned char untouched[ZC_PEEK_BYTES + 2];
            memset(own, 'o', sizeof own);
            memset(untouched, 'o', sizeof untouched);
            bool holds = false;
            cr_assert_not(zc_peek_copy(own + 1, shared + place, bytes, answer, &holds));
            cr_assert_eq(memcmp(own, untouched, sizeof own), 0, "%zu bytes", bytes);
            holds = true;
            cr_assert(zc_peek_copy(own + 1, shared + place, bytes, answer, &holds));
            cr_assert_eq(memcmp(own + 1, shared + place, bytes), 0, "%zu bytes", bytes);
            cr_assert(own[0] == 'o' && own[bytes + 1] == 'o', "%zu bytes", bytes);
        }
    }
    cr_assert(zc_peek_fits(ZC_PEEK_BYTES));
    cr_assert_not(zc_peek_fits(ZC_PEEK_BYTES + 1));
}

Test(base_peek, every_byte_is_compared_and_no_other) {
    unsigned char own[LONG_BYTES];
    for (size_t bytes = 0; bytes <= LONG_BYTES; bytes += bytes < 40 ? 1 : 13) {
        for (size_t place = 32; place < 32 + PLACES; place++) {
            memset(own, 0, sizeof own);
            memcpy(own, shared + place, bytes);
            cr_assert(zc_peek_equal(shared + place, own, bytes));
            for (size_t i = 0; i < bytes; i++) {
                own[i] ^= 1;
                cr_assert_not(zc_peek_equal(shared + place, own, bytes), "byte %zu of %zu", i,
                              bytes);
                own[i] ^= 1;
            }
        }
    }
}
