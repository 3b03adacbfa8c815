/* SPDX-License-Identifier: MPL-2.0 */
/* Options of a node: each that is wrong is refused with one line that names its value. */
#include <criterion/criterion.h>
#include <string.h>

#include "node/config.h"
#include "node/failure.h"

static zcache_node_options_t options;
static zc_config_t config;

static void setup(void) {
    zcache_node_options_init(&options);
    memset(&config, 0, sizeof(config));
    zc_failure_clear();
}

TestSuite(config, .init = setup);

/* The option is refused, and the line has both words. */
static void expect_refused(zcache_status status, const char *word, const char *other) {
    cr_assert_eq(zc_config_init(&config, &options), status);
    cr_assert(strstr(zc_failure_text(), word) != NULL, "%s", zc_failure_text());
    cr_assert(strstr(zc_failure_text(), other) != NULL, "%s", zc_failure_text());
    cr_assert_eq(strchr(zc_failure_text(), '\n'), NULL);
}

Test(config, defaults_are_valid) {
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK);
    cr_assert_str_eq(config.host.host, "127.0.0.1");
    cr_assert_eq(config.port, 5000);
    cr_assert_eq(config.settings.max_size, 1000);
    cr_assert_eq(config.settings.expire_after_ms, 60000);
    cr_assert_eq(config.settings.heartbeat_ms, 250);
    cr_assert_eq(config.settings.value_max, ZCACHE_VALUE_MAX_DEFAULT);
    cr_assert_eq(config.settings.retire_after_ms, 86400000);
    cr_assert_eq(config.seed_count, 0);
    cr_assert(config.inproc_name[0] != '\0');
}

Test(config, made_up_inproc_names_differ) {
    zc_config_t other;
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK);
    cr_assert_eq(zc_config_init(&other, &options), ZCACHE_OK);
    cr_assert_str_neq(config.inproc_name, other.inproc_name);
}

Test(config, host_that_is_no_address_is_invalid) {
    options.host = "127.0.0.1:5000";
    expect_refused(ZCACHE_INVALID, "127.0.0.1:5000", "host");
    options.host = "";
    expect_refused(ZCACHE_INVALID, "\"\"", "host");
    options.host = NULL;
    expect_refused(ZCACHE_INVALID, "host", "127.0.0.1");
}

Test(config, host_that_does_not_resolve_is_unresolved) {
    options.host = "nobody.invalid";
    expect_refused(ZCACHE_UNRESOLVED, "nobody.invalid", "host");
}

Test(config, port_leaves_room_for_the_two_above_it) {
    options.port = 65534;
    expect_refused(ZCACHE_INVALID, "65534", "65533");
    options.port = 65533;
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK);
}

Test(config, settings_out_of_range_are_named_with_their_range) {
    options.max_size = 0;
    expect_refused(ZCACHE_INVALID, "max_size 0", "1 to 1000000000");
    options.max_size = 1;
    options.heartbeat_ms = 9;
    expect_refused(ZCACHE_INVALID, "heartbeat_ms 9", "10 to 60000");
    options.heartbeat_ms = 10;
    options.value_max = (uint64_t)ZCACHE_VALUE_MAX_CEILING + 1;
    expect_refused(ZCACHE_INVALID, "value_max 16777217", "1024 to 16777216");
    options.value_max = 1024;
    options.expire_after_ms = UINT64_MAX;
    expect_refused(ZCACHE_INVALID, "expire_after_ms", "315360000000");
}

Test(config, names_are_text_of_at_most_255_bytes) {
    char name[257];
    memset(name, 'n', 256);
    name[256] = '\0';
    options.name = name;
    expect_refused(ZCACHE_INVALID, "name", "256");
    options.name = name + 1;
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK);
    options.name = "bell\a";
    expect_refused(ZCACHE_INVALID, "name", "UTF-8");
    options.name = NULL;
    options.region = "\xff";
    expect_refused(ZCACHE_INVALID, "region", "UTF-8");
    options.region = NULL;
    options.inproc_name = "";
    expect_refused(ZCACHE_INVALID, "inproc", "empty");
}

Test(config, join_without_a_port_takes_5000) {
    const char *join[] = {"127.0.0.1", "localhost:5003", "[::1]:5006", "tcp://127.0.0.1:5009"};
    options.join = join;
    options.join_count = 4;
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK);
    cr_assert_eq(config.seed_count, 4);
    cr_assert_str_eq(config.seeds[3], "tcp://127.0.0.1:5009", "as zcache_node_endpoint gives it");
    cr_assert_str_eq(config.seeds[0], "tcp://127.0.0.1:5000");
    cr_assert_str_eq(config.seeds[1], "tcp://127.0.0.1:5003");
    cr_assert_str_eq(config.seeds[2], "tcp://[::1]:5006");
}

Test(config, join_that_cannot_be_is_named) {
    const char *join[] = {"127.0.0.1:port"};
    options.join = join;
    options.join_count = 1;
    expect_refused(ZCACHE_INVALID, "127.0.0.1:port", "HOST:PORT");
    join[0] = "nobody.invalid:5000";
    expect_refused(ZCACHE_UNRESOLVED, "nobody.invalid:5000", "resolve");
    join[0] = NULL;
    expect_refused(ZCACHE_INVALID, "null", "HOST:PORT");
}

Test(config, more_than_sixteen_joins_are_refused) {
    const char *join[ZCACHE_JOINS_MAX + 1];
    for (size_t i = 0; i <= ZCACHE_JOINS_MAX; i++) {
        join[i] = "127.0.0.1";
    }
    options.join = join;
    options.join_count = ZCACHE_JOINS_MAX + 1;
    expect_refused(ZCACHE_INVALID, "17", "16");
    options.join_count = ZCACHE_JOINS_MAX;
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK);
}

Test(config, failure_leaves_out_untouched) {
    config.port = 77;
    options.max_size = 0;
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_INVALID);
    cr_assert_eq(config.port, 77);
}

static void expect_endpoints(const char *router, const char *watch) {
    zc_endpoints_t endpoints;
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK, "%s", zc_failure_text());
    cr_assert_eq(zc_config_endpoints(&config, 7000, &endpoints), ZCACHE_OK);
    cr_assert_str_eq(endpoints.router, router);
    cr_assert_str_eq(endpoints.watch, watch);
}

Test(config, others_dial_what_is_bound_unless_told_otherwise) {
    expect_endpoints("tcp://127.0.0.1:7000", "tcp://127.0.0.1:7002");
    options.advertise = "10.1.2.3";
    expect_endpoints("tcp://10.1.2.3:7000", "tcp://10.1.2.3:7002");
    options.advertise = "10.1.2.3:9000";
    expect_endpoints("tcp://10.1.2.3:9000", "tcp://10.1.2.3:9002");
    options.host = "0.0.0.0";
    expect_endpoints("tcp://10.1.2.3:9000", "tcp://10.1.2.3:9002");
}

/* Nodes dial no names. */
Test(config, name_that_is_advertised_is_told_as_its_address) {
    options.advertise = "localhost:9000";
    expect_endpoints("tcp://127.0.0.1:9000", "tcp://127.0.0.1:9002");
}

Test(config, nobody_is_told_to_dial_a_wildcard) {
    zc_endpoints_t endpoints;
    options.host = "*";
    cr_assert_eq(zc_config_init(&config, &options), ZCACHE_OK);
    cr_assert_eq(zc_config_endpoints(&config, 7000, &endpoints), ZCACHE_OK);
    cr_assert_eq(strstr(endpoints.router, "0.0.0.0"), NULL);
    options.advertise = "0.0.0.0";
    expect_refused(ZCACHE_INVALID, "0.0.0.0", "advertise");
}

Test(config, advertise_that_cannot_be_dialled_is_refused) {
    options.advertise = "host:0";
    expect_refused(ZCACHE_INVALID, "host:0", "HOST:PORT");
    options.advertise = "127.0.0.1:65534";
    expect_refused(ZCACHE_INVALID, "127.0.0.1:65534", "65533");
    options.advertise = "nobody.invalid";
    expect_refused(ZCACHE_UNRESOLVED, "nobody.invalid", "advertise");
}
