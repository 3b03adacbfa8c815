/* SPDX-License-Identifier: MPL-2.0 */
/* What text may travel. The vectors of peers have more of what may not. */
#include <criterion/criterion.h>
#include <stdio.h>

#include <zcache/limits.h>

#include "lib/wire/text.h"

static bool text(const char *value) {
    return zc_text_valid(zc_slice_text(value));
}

static bool endpoint(const char *value) {
    return zc_endpoint_valid(zc_slice_text(value));
}

Test(text, every_printable_character_may_travel) {
    cr_assert(text(""));
    cr_assert(text(" ~"));
    cr_assert(text("Z\xc3\xbcrich"));
    cr_assert(text("\xc2\xa0"), "the first after the controls");
    cr_assert(text("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), "around the surrogates");
    cr_assert(text("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), "the first and the last of four bytes");
}

Test(text, controls_do_not) {
    for (char c = 1; c < 0x20; c++) {
        const char value[] = {'a', c, '\0'};
        cr_assert_not(text(value));
    }
    cr_assert_not(text("\x7f"));
    cr_assert_not(text("\xc2\x80"));
    cr_assert_not(text("\xc2\x9f"));
    cr_assert_not(zc_text_valid(zc_slice("a\0b", 3)));
}

Test(text, what_is_not_utf8_does_not) {
    cr_assert_not(text("\x80"), "a continuation alone");
    cr_assert_not(text("\xc3"), "cut short");
    cr_assert_not(text("\xe2\x82"), "cut short");
    cr_assert_not(text("\xf0\x9f\x90"), "cut short");
    cr_assert_not(text("\xc0\xaf"), "overlong");
    cr_assert_not(text("\xe0\x9f\xbf"), "overlong");
    cr_assert_not(text("\xf0\x8f\xbf\xbf"), "overlong");
    cr_assert_not(text("\xed\xa0\x80"), "a surrogate");
    cr_assert_not(text("\xf4\x90\x80\x80"), "above U+10FFFF");
    cr_assert_not(text("\xf5\x80\x80\x80"));
    cr_assert_not(text("\xff"));
    cr_assert_not(text("\xc3(\x01"), "no continuation");
}

Test(text, has_at_most_the_limit_of_bytes) {
    char value[ZCACHE_NAME_BYTES_MAX + 1];
    memset(value, 'n', sizeof value);
    cr_assert(zc_text_valid(zc_slice(value, ZCACHE_NAME_BYTES_MAX)));
    cr_assert_not(zc_text_valid(zc_slice(value, ZCACHE_NAME_BYTES_MAX + 1)));
    for (int more = 0; more < 2; more++) {
        char endpoint_text[ZCACHE_NAME_BYTES_MAX + 2];
        int bytes = snprintf(endpoint_text, sizeof endpoint_text, "tcp://%0*d:12",
                             ZCACHE_NAME_BYTES_MAX - 9 + more, 0);
        cr_assert_eq(bytes, ZCACHE_NAME_BYTES_MAX + more);
        cr_assert_eq(endpoint(endpoint_text), more == 0);
    }
}

Test(text, an_endpoint_names_a_host_and_a_port) {
    cr_assert(endpoint("tcp://127.0.0.1:5000"));
    cr_assert(endpoint("tcp://localhost:1"));
    cr_assert(endpoint("tcp://a-b_c.Example:65535"));
    cr_assert(endpoint("tcp://[::1]:5000"));
    cr_assert(endpoint("tcp://[fe80::1%eth0]:5000"));
    static const char *const wrong[] = {
        "",           "tcp://",       "tcp://h",         "tcp://h:",       "tcp://:5",
        "tcp://h:0",  "tcp://h:x",    "tcp://h:65536",   "tcp://h:100000", "tcp://h:+1",
        "tcp://h:01", "tcp://*:5",    "tcp://h:*",       "tcp://h:1;h:2",  "tcp://h h:1",
        "tcp://[]:1", "tcp://[::1:5", "tcp://[::1]5000", "udp://h:1",      "TCP://h:1",
        "tcp://h:1/", "inproc://h",   "tcp://a:b:1",     "tcp://[::1]",    "tcp://h:1 ",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert_not(endpoint(wrong[i]), "%s", wrong[i]);
    }
}
