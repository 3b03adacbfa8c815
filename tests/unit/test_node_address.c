/* SPDX-License-Identifier: MPL-2.0 */
/* Addresses as people write them and as sockets want them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "node/address.h"

static void expect(const char *text, const char *host, uint16_t port) {
    zc_address_t address;
    cr_assert_eq(zc_address_parse(text, 5000, &address), ZCACHE_OK, "%s", text);
    cr_assert_str_eq(address.host, host, "%s", text);
    cr_assert_eq(address.port, port, "%s", text);
}

Test(address, host_alone_takes_the_default_port) {
    expect("10.0.0.5", "10.0.0.5", 5000);
    expect("example", "example", 5000);
    expect("::1", "::1", 5000);
    expect("[::1]", "::1", 5000);
}

Test(address, port_stands_behind_a_colon) {
    expect("10.0.0.5:1", "10.0.0.5", 1);
    expect("localhost:65535", "localhost", 65535);
    expect("[fe80::2]:70", "fe80::2", 70);
}

Test(address, what_is_no_address_is_refused_and_leaves_out_untouched) {
    static const char *const wrong[] = {
        "",        ":5000", "host:",     "host:0", "host:65536", "host:99999999999", "host:-1",
        "host:5x", "[::1",  "[::1]5000", "[::1]:", "[]",         "host: 5"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        zc_address_t address = {.host = "untouched", .port = 7};
        cr_assert_eq(zc_address_parse(wrong[i], 5000, &address), ZCACHE_INVALID, "%s", wrong[i]);
        cr_assert_str_eq(address.host, "untouched");
        cr_assert_eq(address.port, 7);
    }
}

Test(address, host_of_256_bytes_is_refused) {
    char host[ZC_HOST_BYTES + 1];
    memset(host, 'a', sizeof(host));
    host[ZC_HOST_BYTES] = '\0';
    zc_address_t address;
    cr_assert_eq(zc_address_parse(host, 1, &address), ZCACHE_INVALID);
    host[ZC_HOST_BYTES - 1] = '\0';
    cr_assert_eq(zc_address_parse(host, 1, &address), ZCACHE_OK);
}

Test(address, endpoint_puts_ipv6_into_brackets) {
    char endpoint[ZC_ENDPOINT_BYTES];
    cr_assert_eq(zc_address_endpoint("127.0.0.1", 5000, endpoint), ZCACHE_OK);
    cr_assert_str_eq(endpoint, "tcp://127.0.0.1:5000");
    cr_assert_eq(zc_address_endpoint("::1", 5001, endpoint), ZCACHE_OK);
    cr_assert_str_eq(endpoint, "tcp://[::1]:5001");
}

Test(address, endpoint_with_characters_that_no_host_has_is_refused) {
    char endpoint[ZC_ENDPOINT_BYTES] = "untouched";
    static const char *const wrong[] = {"a;b", "eth0/x", "a b", "*", "", "a\nb"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_assert_eq(zc_address_endpoint(wrong[i], 1, endpoint), ZCACHE_INVALID, "%s", wrong[i]);
    }
    cr_assert_eq(zc_address_endpoint("a", 0, endpoint), ZCACHE_INVALID);
    cr_assert_str_eq(endpoint, "untouched");
}

Test(address, numbers_resolve_to_themselves) {
    zc_numeric_t numeric;
    cr_assert_eq(zc_address_resolve("127.0.0.1", &numeric), ZCACHE_OK);
    cr_assert_str_eq(numeric.host, "127.0.0.1");
    cr_assert(numeric.loopback && !numeric.any && !numeric.ipv6);
    cr_assert_eq(zc_address_resolve("::1", &numeric), ZCACHE_OK);
    cr_assert_str_eq(numeric.host, "::1");
    cr_assert(numeric.loopback && !numeric.any && numeric.ipv6);
}

Test(address, wildcards_are_seen) {
    static const char *const wildcards[] = {"*", "0.0.0.0", "::"};
    for (size_t i = 0; i < 3; i++) {
        zc_numeric_t numeric;
        cr_assert_eq(zc_address_resolve(wildcards[i], &numeric), ZCACHE_OK);
        cr_assert(numeric.any, "%s", wildcards[i]);
        cr_assert_not(numeric.loopback);
    }
}

Test(address, localhost_is_looked_up_as_ipv4) {
    zc_numeric_t numeric;
    cr_assert_eq(zc_address_resolve("localhost", &numeric), ZCACHE_OK);
    cr_assert_str_eq(numeric.host, "127.0.0.1");
}

Test(address, name_that_nobody_has_is_unresolved) {
    zc_numeric_t numeric = {.host = "untouched"};
    cr_assert_eq(zc_address_resolve("nobody.invalid", &numeric), ZCACHE_UNRESOLVED);
    cr_assert_str_eq(numeric.host, "untouched");
}

Test(address, machine_has_an_address_of_the_family_asked_for) {
    zc_numeric_t numeric;
    zc_address_of_machine(false, &numeric);
    cr_assert_not(numeric.ipv6);
    cr_assert(strchr(numeric.host, '.') != NULL);
    zc_address_of_machine(true, &numeric);
    cr_assert(numeric.ipv6);
    cr_assert(strchr(numeric.host, ':') != NULL);
    cr_assert_not(numeric.any);
}
