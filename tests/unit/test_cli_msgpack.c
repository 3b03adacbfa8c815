/* SPDX-License-Identifier: MPL-2.0 */
/* JSON to msgpack and back, and what is not msgpack. */
#include "cli/msgpack.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void assert_json(const void *data, size_t size, const char *expected) {
    json_t *json = zc_msgpack_to_json(data, size);
    cr_assert_not_null(json, "%s", expected);
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    cr_assert_str_eq(text, expected);
    free(text);
    json_decref(json);
}

static void assert_round_trip(const char *text) {
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    cr_assert_not_null(json);
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    cr_assert(zc_msgpack_of_json(json, &packed));
    cr_assert(zc_msgpack_valid(packed.data, packed.size));
    json_t *back = zc_msgpack_to_json(packed.data, packed.size);
    cr_assert(json_equal(json, back), "%s", text);
    json_decref(back);
    json_decref(json);
    msgpack_sbuffer_destroy(&packed);
}

Test(cli_msgpack, json_comes_back_as_it_was) {
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "1.5",
        "\"\"",
        "\"a\\u0000b\"",
        "[]",
        "{}",
        "[[],{},[[1]]]",
        "[1,[2,[3],4],{\"a\":{\"b\":[]}},5]",
        "{\"\":1,\"a\":[{\"b\":null},2],\"c\":\"\xc3\xa4\"}",
        "[0.1,1e300,-0.5,127,128,255,256,65535,65536,4294967296,-32,-33,-128,-129,-32769]"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_round_trip(texts[i]);
    }
}

Test(cli_msgpack, what_json_does_not_have_is_shown_all_the_same) {
    assert_json("\xc4\x02hi", 4, "\"hi\"");
    assert_json("\xc4\x01\xff", 3, "{\"base64\":\"/w==\"}");
    assert_json("\xa1\xff", 2, "{\"base64\":\"/w==\"}");
    assert_json("\xd4\x07x", 3, "{\"ext\":7,\"base64\":\"eA==\"}");
    assert_json("\xc7\x00\x07", 3, "{\"ext\":7,\"base64\":\"\"}");
    assert_json("\xca\x7f\xc0\x00\x00", 5, "null");
    assert_json("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, "1.8446744073709552e19");
    assert_json("\x83\x01\xc0\xa1k\xc3\x90\xc2", 8, "{\"1\":null,\"k\":true,\"[]\":false}");
}

Test(cli_msgpack, lengths_that_are_not_there_are_refused_before_they_are_believed) {
    static const struct {
        const char *bytes;
        size_t size;
    } wrong[] = {{"", 0},
                 {"\xc1", 1},
                 {"\xc0\xc0", 2},
                 {"\xdd\xff\xff\xff\xff", 5},
                 {"\xdf\xff\xff\xff\xff", 5},
                 {"\xdb\xff\xff\xff\xff", 5},
                 {"\xc6\xff\xff\xff\xff", 5},
                 {"\xc9\xff\xff\xff\xff\x01", 6},
                 {"\xdd\x00\x00\x00", 4},
                 {"\x92\x01", 2},
                 {"\x81\x01", 2},
                 {"\xa5"
                  "abc",
                  4},
                 {"\xd9\x05"
                  "abc",
                  5},
                 {"\xcf\x01", 2},
                 {"\xdc\x00", 2},
                 {"\xd8\x01", 2}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_assert_not(zc_msgpack_valid(wrong[i].bytes, wrong[i].size), "%zu", i);
        cr_assert_null(zc_msgpack_to_json(wrong[i].bytes, wrong[i].size));
    }
}

Test(cli_msgpack, every_head_is_known_as_msgpack_c_knows_it) {
    uint8_t bytes[64] = {0};
    for (unsigned first = 0; first < 256; first++) {
        bytes[0] = (uint8_t)first;
        for (size_t size = 1; size < sizeof(bytes); size++) {
            msgpack_unpacked unpacked;
            msgpack_unpacked_init(&unpacked);
            size_t offset = 0;
            bool whole = msgpack_unpack_next(&unpacked, (const char *)bytes, size, &offset) ==
                             MSGPACK_UNPACK_SUCCESS &&
                         offset == size;
            msgpack_unpacked_destroy(&unpacked);
            cr_assert_eq(zc_msgpack_valid(bytes, size), whole, "%02x %zu", first, size);
        }
    }
}

static bool nest(size_t depth, msgpack_sbuffer *packed) {
    json_t *json = json_array();
    for (size_t i = 1; i < depth; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, json);
        json = outer;
    }
    bool done = zc_msgpack_of_json(json, packed);
    json_decref(json);
    return done;
}

Test(cli_msgpack, what_is_kept_can_be_shown_and_deeper_is_refused) {
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    cr_assert(nest(ZC_MSGPACK_DEPTH_MAX, &packed));
    json_t *json = zc_msgpack_to_json(packed.data, packed.size);
    cr_assert_not_null(json);
    json_decref(json);
    msgpack_sbuffer_clear(&packed);
    cr_assert_not(nest(ZC_MSGPACK_DEPTH_MAX + 1, &packed));
    msgpack_sbuffer_destroy(&packed);
    uint8_t deep[1000];
    memset(deep, 0x91, sizeof(deep));
    deep[sizeof(deep) - 1] = 0xc0;
    cr_assert(zc_msgpack_valid(deep, sizeof(deep)));
    cr_assert_null(zc_msgpack_to_json(deep, sizeof(deep)));
}
