/* SPDX-License-Identifier: MPL-2.0 */
/* What is UTF-8, and what may be shown. */
#include "cli/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

static bool valid(const char *text) {
    return zc_utf8_valid(text, strlen(text));
}

Test(cli_utf8, shortest_forms_alone_are_valid) {
    cr_assert(zc_utf8_valid("", 0));
    cr_assert(zc_utf8_valid("a\0b", 3));
    cr_assert(valid("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf"));
    static const char *const wrong[] = {"\xff",
                                        "\x80",
                                        "\xc3",
                                        "\xc0\x80",
                                        "\xe0\x80\x80",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf8\x88\x80\x80\x80",
                                        "a\xe2\x82",
                                        "\xc3\x28"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_assert_not(valid(wrong[i]), "%zu", i);
    }
}

Test(cli_utf8, control_characters_are_not_printable) {
    const uint8_t euro[] = {0xe2, 0x82, 0xac};
    cr_assert_eq(zc_utf8_printable(euro, 3), 3);
    cr_assert_eq(zc_utf8_printable(euro, 2), 0);
    static const uint8_t controls[][2] = {{0x00, 0}, {0x1b, 0}, {0x7f, 0}, {0xc2, 0x9b}};
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(zc_utf8_printable(controls[i], 2), 0);
    }
    cr_assert_eq(zc_utf8_printable((const uint8_t *)"a", 1), 1);
}
