/* SPDX-License-Identifier: MPL-2.0 */
/* Values and times as text. */
#include "cli/text.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void assert_value(const void *data, size_t size, zcache_type type, size_t most,
                         const char *expected) {
    char *text = zc_text_of_value(data, size, type, most);
    cr_assert_str_eq(text, expected);
    free(text);
}

Test(cli_text, values_are_one_line) {
    assert_value("a\nb", 3, ZCACHE_RAW, 0, "a\\nb");
    assert_value("\x92\x01\xa1x", 4, ZCACHE_MSGPACK, 0, "[1,\"x\"]");
    assert_value("\x92\x01\xa1x", 4, ZCACHE_MSGPACK, 3, "[1,...");
    assert_value("\x92", 1, ZCACHE_MSGPACK, 0, "\\x92");
}

Test(cli_text, control_characters_of_json_do_not_reach_a_terminal) {
    assert_value("\xa3{\x7f}", 4, ZCACHE_MSGPACK, 0, "\"{\\u007F}\"");
    assert_value("\xa4\xc2\x9b\xc2\xa0", 5, ZCACHE_MSGPACK, 0, "\"\\u009B\xc2\xa0\"");
    assert_value("\xa1\x1b", 2, ZCACHE_MSGPACK, 0, "\"\\u001B\"");
}

Test(cli_text, times_are_short_for_people) {
    char text[ZC_DURATION_BYTES];
    cr_assert_str_eq(zc_text_of_ms(UINT64_MAX, true, text), "-");
    cr_assert_str_eq(zc_text_of_ms(UINT64_MAX, false, text), "-");
    cr_assert_str_eq(zc_text_of_ms(1500, false, text), "1500");
    cr_assert_str_eq(zc_text_of_ms(15, true, text), "15 ms");
    cr_assert_str_eq(zc_text_of_ms(1500, true, text), "1.5 s");
    cr_assert_str_eq(zc_text_of_ms(7200000, true, text), "2.0 h");
}
