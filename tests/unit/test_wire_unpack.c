/* SPDX-License-Identifier: MPL-2.0 */
/* Reading msgpack: every valid form of a value is read, everything else fails the reader, and a
 * reader that failed gives nothing any more. */
#include <criterion/criterion.h>

#include "lib/base/random.h"
#include "lib/wire/pack.h"
#include "lib/wire/unpack.h"

static zc_unpack_t open_text(const char *bytes, size_t count) {
    return zc_unpack_open(zc_slice(bytes, count));
}

#define OPEN(literal) open_text(literal, sizeof(literal) - 1)

Test(unpack, every_form_of_an_integer_is_read) {
    static const struct {
        const char *bytes;
        size_t count;
        int64_t value;
    } forms[] = {
        {"\x05", 1, 5},
        {"\xcc\x05", 2, 5},
        {"\xcd\x00\x05", 3, 5},
        {"\xce\x00\x00\x00\x05", 5, 5},
        {"\xcf\x00\x00\x00\x00\x00\x00\x00\x05", 9, 5},
        {"\xd0\x05", 2, 5},
        {"\xd1\x00\x05", 3, 5},
        {"\xd2\x00\x00\x00\x05", 5, 5},
        {"\xd3\x00\x00\x00\x00\x00\x00\x00\x05", 9, 5},
        {"\xff", 1, -1},
        {"\xe0", 1, -32},
        {"\xd0\x80", 2, -128},
        {"\xd1\xff\xfe", 3, -2},
        {"\xd2\x80\x00\x00\x00", 5, INT32_MIN},
        {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, INT64_MIN},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        zc_unpack_t unpack = open_text(forms[i].bytes, forms[i].count);
        cr_assert_eq(zc_unpack_int(&unpack, INT64_MIN, INT64_MAX), forms[i].value);
        zc_unpack_finish(&unpack);
        cr_assert_not(zc_unpack_failed(&unpack), "form %zu", i);
        unpack = open_text(forms[i].bytes, forms[i].count);
        zc_unpack_uint(&unpack, 0, UINT64_MAX);
        cr_assert_eq(zc_unpack_failed(&unpack), forms[i].value < 0, "form %zu", i);
        unpack = open_text(forms[i].bytes, forms[i].count - 1);
        zc_unpack_int(&unpack, INT64_MIN, INT64_MAX);
        cr_assert(zc_unpack_failed(&unpack), "form %zu cut short", i);
    }
}

Test(unpack, integers_out_of_range_fail) {
    zc_unpack_t unpack = OPEN("\x05");
    zc_unpack_uint(&unpack, 6, 9);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = OPEN("\x05");
    zc_unpack_uint(&unpack, 0, 4);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = OPEN("\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    cr_assert_eq(zc_unpack_uint(&unpack, 0, UINT64_MAX), UINT64_MAX);
    unpack = OPEN("\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    zc_unpack_int(&unpack, INT64_MIN, INT64_MAX);
    cr_assert(zc_unpack_failed(&unpack));
}

Test(unpack, a_range_that_is_empty_fails) {
    zc_unpack_t unpack = OPEN("\x05");
    zc_unpack_uint(&unpack, 6, 5);
    cr_assert(zc_unpack_failed(&unpack));
}

Test(unpack, bytes_and_texts_are_not_each_other) {
    zc_unpack_t unpack = OPEN("\xa1x");
    zc_unpack_bin(&unpack, 0, 9);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = OPEN("\xc4\x01x");
    cr_assert_not(zc_unpack_is_str(&unpack));
    zc_unpack_str(&unpack, 0, 9);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = OPEN("\xd9\x01x");
    cr_assert(zc_unpack_is_str(&unpack));
    cr_assert(zc_slice_equal(zc_unpack_str(&unpack, 1, 1), zc_slice("x", 1)));
    unpack = OPEN("\xc6\x00\x00\x00\x01x");
    cr_assert(zc_slice_equal(zc_unpack_bin(&unpack, 1, 1), zc_slice("x", 1)));
    cr_assert_not(zc_unpack_is_str(&unpack), "at the end there is nothing");
}

Test(unpack, bytes_that_are_not_there_fail) {
    zc_unpack_t unpack = OPEN("\xc4\x02x");
    cr_assert_null(zc_unpack_bin(&unpack, 0, 9).data);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = OPEN("\xdb\xff\xff\xff\xffx");
    zc_unpack_str(&unpack, 0, SIZE_MAX);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = OPEN("\xc4\x02xy");
    zc_unpack_bin(&unpack, 3, 9);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = OPEN("\xc4\x02xy");
    zc_unpack_bin(&unpack, 0, 1);
    cr_assert(zc_unpack_failed(&unpack));
}

Test(unpack, counts_are_believed_only_where_the_bytes_can_hold_them) {
    zc_unpack_t unpack = OPEN("\x93xxxxxx");
    cr_assert_eq(zc_unpack_array(&unpack, 0, 9, 2), 3);
    unpack = OPEN("\x93xxxxx");
    cr_assert_eq(zc_unpack_array(&unpack, 0, 9, 2), 0);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = OPEN("\xdd\xff\xff\xff\xff");
    zc_unpack_array(&unpack, 0, UINT32_MAX, 1);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = OPEN("\xdc\x00\x01x");
    cr_assert_eq(zc_unpack_array(&unpack, 1, 1, 1), 1);
    unpack = OPEN("\x80");
    zc_unpack_array(&unpack, 0, 9, 1);
    cr_assert(zc_unpack_failed(&unpack));
}

Test(unpack, what_failed_stays_failed_and_gives_nothing) {
    zc_unpack_t unpack = OPEN("\xc1\x05\x05\xc3\xc0\x91");
    zc_unpack_bool(&unpack);
    cr_assert_eq(unpack.status, ZCACHE_MALFORMED);
    zc_unpack_fail(&unpack, ZCACHE_NO_MEMORY);
    cr_assert_eq(unpack.status, ZCACHE_MALFORMED, "the first failure stays");
    cr_assert_eq(zc_unpack_uint(&unpack, 0, 9), 0);
    cr_assert_eq(zc_unpack_int(&unpack, -9, 9), 0);
    cr_assert_not(zc_unpack_bool(&unpack));
    cr_assert_not(zc_unpack_nil(&unpack));
    cr_assert_eq(zc_unpack_array(&unpack, 0, 9, 1), 0);
    cr_assert_eq(zc_unpack_bin(&unpack, 0, 9).bytes, 0);
    cr_assert_eq(zc_unpack_str(&unpack, 0, 9).bytes, 0);
    cr_assert_eq(zc_unpack_rest(&unpack).bytes, 0);
}

Test(unpack, nil_is_read_only_where_it_is) {
    zc_unpack_t unpack = OPEN("\xc0\x05");
    cr_assert(zc_unpack_nil(&unpack));
    cr_assert_not(zc_unpack_nil(&unpack));
    cr_assert_eq(zc_unpack_uint(&unpack, 0, 9), 5);
}

Test(unpack, a_byte_left_over_fails) {
    zc_unpack_t unpack = OPEN("\x05\x05");
    zc_unpack_uint(&unpack, 0, 9);
    zc_unpack_finish(&unpack);
    cr_assert(zc_unpack_failed(&unpack));
    unpack = zc_unpack_open(zc_slice(NULL, 0));
    zc_unpack_finish(&unpack);
    cr_assert_not(zc_unpack_failed(&unpack));
}

/* Values of all kinds, written and read back, in random order. */
Test(unpack, reads_what_pack_writes) {
    zc_random_t random = {.state = 7};
    zc_buffer_t buffer;
    zc_buffer_init(&buffer, zc_allocator_system());
    for (int round = 0; round < 10000; round++) {
        uint64_t value = zc_random_next(&random) >> zc_random_below(&random, 64);
        uint8_t bytes[300];
        size_t count = (size_t)zc_random_below(&random, sizeof bytes);
        memset(bytes, (int)(value & 0xff), sizeof bytes);
        zc_pack_t pack;
        cr_assert(zc_pack_open_anew(&pack, &buffer, 1000));
        zc_pack_uint(&pack, value);
        zc_pack_bin(&pack, zc_slice(bytes, count));
        zc_pack_str(&pack, zc_slice(bytes, count));
        zc_pack_int(&pack, (int64_t)value);
        zc_pack_close(&pack);
        zc_unpack_t unpack = zc_unpack_open(zc_buffer_slice(&buffer));
        cr_assert_eq(zc_unpack_uint(&unpack, 0, UINT64_MAX), value);
        cr_assert(zc_slice_equal(zc_unpack_bin(&unpack, 0, 300), zc_slice(bytes, count)));
        cr_assert(zc_slice_equal(zc_unpack_str(&unpack, 0, 300), zc_slice(bytes, count)));
        cr_assert_eq(zc_unpack_int(&unpack, INT64_MIN, INT64_MAX), (int64_t)value);
        zc_unpack_finish(&unpack);
        cr_assert_not(zc_unpack_failed(&unpack));
    }
    zc_buffer_fini(&buffer);
}
