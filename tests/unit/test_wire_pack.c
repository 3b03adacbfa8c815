/* SPDX-License-Identifier: MPL-2.0 */
/* Writing msgpack: every value comes out as msgpack-c packs it, which is the shortest form. */
#include <criterion/criterion.h>
#include <msgpack.h>
#include <stdlib.h>

#include "lib/wire/pack.h"

static zc_buffer_t buffer;
static msgpack_sbuffer expected;
static msgpack_packer packer;

static void set_up(void) {
    zc_buffer_init(&buffer, zc_allocator_system());
    msgpack_sbuffer_init(&expected);
    msgpack_packer_init(&packer, &expected, msgpack_sbuffer_write);
}

static void tear_down(void) {
    zc_buffer_fini(&buffer);
    msgpack_sbuffer_destroy(&expected);
}

TestSuite(pack, .init = set_up, .fini = tear_down);

static void expect_same(void) {
    cr_assert(zc_slice_equal(zc_buffer_slice(&buffer), zc_slice(expected.data, expected.size)));
}

Test(pack, integers_have_their_shortest_form) {
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int step = -1; step <= 1; step++) {
            uint64_t value = ((uint64_t)1 << bit) + (uint64_t)(int64_t)step;
            zc_pack_t pack;
            cr_assert(zc_pack_open(&pack, &buffer, 2 * ZC_PACK_UINT_BYTES_MAX));
            zc_pack_uint(&pack, value);
            zc_pack_int(&pack, -(int64_t)(value >> 1));
            zc_pack_close(&pack);
            msgpack_pack_uint64(&packer, value);
            msgpack_pack_int64(&packer, -(int64_t)(value >> 1));
            expect_same();
        }
    }
    zc_pack_t pack;
    cr_assert(zc_pack_open(&pack, &buffer, ZC_PACK_UINT_BYTES_MAX));
    zc_pack_int(&pack, INT64_MIN);
    zc_pack_close(&pack);
    msgpack_pack_int64(&packer, INT64_MIN);
    expect_same();
}

Test(pack, heads_have_their_shortest_form) {
    static const size_t counts[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
    static char filler[65536];
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        size_t count = counts[i];
        zc_pack_t pack;
        cr_assert(zc_pack_open(&pack, &buffer, 2 * count + 3 * ZC_PACK_HEAD_BYTES_MAX));
        zc_pack_bin(&pack, zc_slice(filler, count));
        zc_pack_str(&pack, zc_slice(filler, count));
        zc_pack_array(&pack, count);
        zc_pack_close(&pack);
        msgpack_pack_bin(&packer, count);
        msgpack_pack_bin_body(&packer, filler, count);
        msgpack_pack_str(&packer, count);
        msgpack_pack_str_body(&packer, filler, count);
        msgpack_pack_array(&packer, count);
        expect_same();
    }
}

Test(pack, nil_and_booleans) {
    zc_pack_t pack;
    cr_assert(zc_pack_open(&pack, &buffer, 3));
    zc_pack_nil(&pack);
    zc_pack_bool(&pack, true);
    zc_pack_bool(&pack, false);
    zc_pack_close(&pack);
    msgpack_pack_nil(&packer);
    msgpack_pack_true(&packer);
    msgpack_pack_false(&packer);
    expect_same();
}

Test(pack, what_is_filled_in_later_is_valid_msgpack) {
    zc_pack_t pack;
    cr_assert(zc_pack_open(&pack, &buffer, 64));
    uint8_t *count = zc_pack_skip(&pack, ZC_PACK_ARRAY_FIXED_BYTES);
    uint8_t *number = zc_pack_skip(&pack, ZC_PACK_UINT_FIXED_BYTES);
    zc_pack_array_fixed(count, 1);
    zc_pack_uint_fixed(number, 5);
    zc_pack_close(&pack);
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    cr_assert_eq(msgpack_unpack_next(&unpacked, (char *)buffer.data, buffer.bytes, NULL),
                 MSGPACK_UNPACK_SUCCESS);
    cr_assert(unpacked.data.type == MSGPACK_OBJECT_ARRAY && unpacked.data.via.array.size == 1);
    cr_assert_eq(unpacked.data.via.array.ptr[0].via.u64, 5);
    msgpack_unpacked_destroy(&unpacked);
}
