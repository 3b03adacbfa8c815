/* SPDX-License-Identifier: MPL-2.0 */
/* Lines for load. */
#include "cli/line.h"

#include <criterion/criterion.h>
#include <string.h>

static zc_line_t parse(const char *text) {
    zc_line_t line;
    char error[ZC_LINE_ERROR_BYTES];
    cr_assert(zc_line_parse(text, strlen(text), &line, error), "%s", text);
    return line;
}

Test(cli_line, strings_are_bytes_and_other_json_is_msgpack) {
    zc_line_t line = parse("{\"key\": \"a\", \"value\": \"text\"}");
    cr_assert_eq(line.key_size, 1);
    cr_assert_eq(line.value_size, 4);
    cr_assert_arr_eq(line.value, "text", 4);
    cr_assert_eq(line.type, ZCACHE_RAW);
    cr_assert_eq(line.ttl_ms, 0);
    zc_line_fini(&line);
    line = parse("{\"key\": {\"base64\": \"/w==\"}, \"value\": [1], \"ttl\": 0.25, \"more\": 1}");
    cr_assert_arr_eq(line.key, "\xff", 1);
    cr_assert_eq(line.value_size, 2);
    cr_assert_arr_eq(line.value, "\x91\x01", 2);
    cr_assert_eq(line.type, ZCACHE_MSGPACK);
    cr_assert_eq(line.ttl_ms, 250);
    zc_line_fini(&line);
    line = parse("{\"key\": \"a\", \"value\": null, \"ttl\": null}");
    cr_assert_eq(line.type, ZCACHE_MSGPACK);
    cr_assert_eq(line.ttl_ms, 0);
    zc_line_fini(&line);
    line = parse("{\"key\": \"a\", \"value\": {\"base64\": \"AAE=\"}}");
    cr_assert_eq(line.type, ZCACHE_RAW);
    cr_assert_eq(line.value_size, 2);
    zc_line_fini(&line);
}

Test(cli_line, what_is_wrong_is_said) {
    static const char *const wrong[][2] = {
        {"nonsense", "not JSON"},
        {"{\"key\": \"a\", \"value\": 1} x", "not JSON"},
        {"5", "\"key\" and \"value\""},
        {"{\"key\": \"a\"}", "\"key\" and \"value\""},
        {"{\"value\": \"a\"}", "\"key\" and \"value\""},
        {"{\"key\": 5, \"value\": 1}", "\"key\" must be"},
        {"{\"key\": \"a\", \"value\": 1, \"ttl\": -1}", "-1"},
        {"{\"key\": \"a\", \"value\": 1, \"ttl\": 0}", "0.001"},
        {"{\"key\": \"a\", \"value\": 1, \"ttl\": \"5\"}", "\"5\""},
        {"{\"key\": \"a\", \"value\": 1, \"ttl\": 1e99}", "315360000"},
        {"{\"key\": \"a\", \"value\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
         "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
         "deeper"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        zc_line_t line = {.key = NULL};
        char error[ZC_LINE_ERROR_BYTES] = "";
        cr_assert_not(zc_line_parse(wrong[i][0], strlen(wrong[i][0]), &line, error));
        cr_assert_not_null(strstr(error, wrong[i][1]), "%s: %s", wrong[i][0], error);
        cr_assert_null(line.key);
    }
}
