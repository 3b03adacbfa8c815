/* SPDX-License-Identifier: MPL-2.0 */
/* From --at to a node. */
#include "cli/connect.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

#include "cli/output.h"
#include "tests/support/fake_node.h"

static void assert_endpoint(const char *at, const char *expected) {
    char endpoint[ZC_AT_BYTES];
    cr_assert(zc_at_endpoint(at, endpoint));
    cr_assert_str_eq(endpoint, expected);
}

Test(cli_connect, a_port_may_be_left_out) {
    assert_endpoint("host", "tcp://host:5000");
    assert_endpoint("host:7", "tcp://host:7");
    assert_endpoint("tcp://host:7", "tcp://host:7");
    assert_endpoint("[::1]", "tcp://[::1]:5000");
    assert_endpoint("[::1]:7", "tcp://[::1]:7");
    char at[400];
    memset(at, 'a', sizeof(at) - 1);
    at[sizeof(at) - 1] = '\0';
    char endpoint[ZC_AT_BYTES];
    cr_assert_not(zc_at_endpoint(at, endpoint));
}

static int connect_to(const char *at, const char *source, zcache_t **cache) {
    const zc_arguments_t arguments = {.at = at, .at_source = source};
    return zc_connect(&arguments, cache);
}

Test(cli_connect, what_is_wrong_is_one_line_and_an_exit_status, .init = cr_redirect_stderr) {
    zcache_t *cache = NULL;
    cr_assert_eq(connect_to("host:nonsense", "--at", &cache), ZC_EXIT_USAGE);
    cr_assert_eq(connect_to("no.such.host.invalid:7", "ZCACHE_AT", &cache), ZC_EXIT_UNREACHABLE);
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_GARBAGE);
    cr_assert_eq(connect_to(zc_fake_node_endpoint(node), NULL, &cache), ZC_EXIT_UNREACHABLE);
    cr_assert_eq(zc_connect_quietly(zc_fake_node_endpoint(node), &cache), ZCACHE_INCOMPATIBLE);
    cr_assert_null(cache);
    zc_fake_node_set_mode(node, ZC_FAKE_ANSWER);
    cr_assert_eq(connect_to(zc_fake_node_endpoint(node), NULL, &cache), ZC_EXIT_DONE);
    cr_assert_eq(zc_report(cache, zcache_get(cache, "k", 1, NULL)), ZC_EXIT_MISS);
    cr_assert_eq(zc_report(cache, zcache_get(cache, "", 0, NULL)), ZC_EXIT_USAGE);
    zcache_close(&cache);
    zc_fake_node_stop(&node);
    fflush(stderr);
    char text[1000] = "";
    size_t bytes = fread(text, 1, sizeof(text) - 1, cr_get_redirected_stderr());
    cr_assert_gt(bytes, 0);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    cr_assert_eq(lines, 4, "%s", text);
    cr_assert_not_null(strstr(text, "zcache: --at host:nonsense: must be HOST:PORT"));
    cr_assert_not_null(strstr(text, "zcache: ZCACHE_AT no.such.host.invalid:7: the host"));
}
