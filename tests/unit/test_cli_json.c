/* SPDX-License-Identifier: MPL-2.0 */
/* JSON of keys and values. */
#include "cli/json.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>

static void assert_text(json_t *json, const char *expected) {
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    cr_assert_str_eq(text, expected);
    free(text);
    json_decref(json);
}

Test(cli_json, bytes_are_strings_where_they_are_utf8) {
    assert_text(zc_json_of_bytes("", 0), "\"\"");
    assert_text(zc_json_of_bytes(NULL, 0), "\"\"");
    assert_text(zc_json_of_bytes("a\0\n", 3), "\"a\\u0000\\n\"");
    assert_text(zc_json_of_bytes("\xff", 1), "{\"base64\":\"/w==\"}");
}

Test(cli_json, values_are_shown_by_their_type) {
    assert_text(zc_json_of_value("\xc3", 1, ZCACHE_MSGPACK), "true");
    assert_text(zc_json_of_value("\xc3", 1, ZCACHE_RAW), "{\"base64\":\"ww==\"}");
    assert_text(zc_json_of_value("\x92", 1, ZCACHE_MSGPACK), "{\"base64\":\"kg==\"}");
    assert_text(zc_json_of_ttl(UINT64_MAX), "null");
    assert_text(zc_json_of_ttl(5), "5");
    static const uint8_t origin[16] = {0xab, 0x01};
    assert_text(zc_json_of_origin(origin), "\"ab010000000000000000000000000000\"");
}

Test(cli_json, bytes_are_taken_from_both_forms) {
    json_t *json = json_pack("[s,{s:s},{s:s},{s:i},{s:s,s:s},i]", "text", "base64",
                             "/wA=", "base64", "/w", "base64", 5, "base64", "/wA=", "more", "", 5);
    void *data = NULL;
    size_t size = 0;
    cr_assert(zc_json_take_bytes(json_array_get(json, 0), &data, &size));
    cr_assert_eq(size, 4);
    free(data);
    cr_assert(zc_json_take_bytes(json_array_get(json, 1), &data, &size));
    cr_assert_eq(size, 2);
    cr_assert_eq(memcmp(data, "\xff\0", 2), 0);
    free(data);
    for (size_t i = 2; i < json_array_size(json); i++) {
        cr_assert_not(zc_json_take_bytes(json_array_get(json, i), &data, &size));
    }
    cr_assert_not(zc_json_take_bytes(NULL, &data, &size));
    json_decref(json);
}

Test(cli_json, an_array_is_written_item_by_item, .init = cr_redirect_stdout) {
    zc_json_array_t array = {.count = 0};
    zc_json_array_end(&array);
    cr_assert(zc_json_array_add(&array, json_integer(1), ZC_DIGITS_EXACT));
    cr_assert(zc_json_array_add(&array, json_real(0.1), ZC_DIGITS_SHORT));
    zc_json_array_end(&array);
    cr_assert(zc_json_print(json_pack("{s:f}", "a", 0.1), ZC_DIGITS_EXACT));
    fflush(stdout);
    cr_assert_stdout_eq_str("[]\n[1,\n 0.1]\n{\"a\":0.10000000000000001}\n");
}
