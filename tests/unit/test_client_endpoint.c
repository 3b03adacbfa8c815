/* SPDX-License-Identifier: MPL-2.0 */
/* Endpoints: what is taken, what is refused, and what a probe finds. */
#define _GNU_SOURCE
#include "lib/client/endpoint.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/fake_node.h"

Test(client_endpoint, tcp_and_inproc_are_taken_apart) {
    zc_endpoint_t endpoint;
    cr_assert_eq(zc_endpoint_parse("tcp://example.org:5000", &endpoint), ZCACHE_OK);
    cr_assert_str_eq(endpoint.host, "example.org");
    cr_assert_eq(endpoint.port, 5000);
    cr_assert_not(endpoint.inproc);
    cr_assert_eq(zc_endpoint_parse("tcp://[::1]:65535", &endpoint), ZCACHE_OK);
    cr_assert_str_eq(endpoint.host, "::1");
    cr_assert_eq(endpoint.port, 65535);
    cr_assert_eq(zc_endpoint_parse("inproc://some name", &endpoint), ZCACHE_OK);
    cr_assert_str_eq(endpoint.name, "some name");
    cr_assert(endpoint.inproc);
    cr_assert_str_eq(endpoint.text, "inproc://some name");
}

Test(client_endpoint, anything_else_is_refused_and_changes_nothing) {
    static const char *const wrong[] = {
        "",
        "tcp://",
        "tcp://host",
        "tcp://host:",
        "tcp://host:0",
        "tcp://host:65536",
        "tcp://host:5000x",
        "tcp://host:-1",
        "tcp://*:5000",
        "tcp://eth0;host:5000",
        "tcp://[::1:5000",
        "tcp://:5000",
        "ipc:///tmp/x",
        "inproc://",
        "udp://host:1",
        "host:5000",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        zc_endpoint_t endpoint = {.port = 7};
        cr_assert_eq(zc_endpoint_parse(wrong[i], &endpoint), ZCACHE_INVALID, "%s", wrong[i]);
        cr_assert_eq(endpoint.port, 7);
    }
    zc_endpoint_t endpoint;
    cr_assert_eq(zc_endpoint_parse(NULL, &endpoint), ZCACHE_INVALID);
    char text[600] = "inproc://";
    memset(text + 9, 'n', sizeof(text) - 10);
    cr_assert_eq(zc_endpoint_parse(text, &endpoint), ZCACHE_INVALID);
}

Test(client_endpoint, a_host_that_does_not_exist_is_unresolved) {
    zc_endpoint_t endpoint;
    zc_endpoint_parse("tcp://no.such.host.invalid:5000", &endpoint);
    cr_assert_eq(zc_endpoint_resolve(&endpoint), ZCACHE_UNRESOLVED);
    zc_endpoint_parse("tcp://127.0.0.1:5000", &endpoint);
    cr_assert_eq(zc_endpoint_resolve(&endpoint), ZCACHE_OK);
    cr_assert_not(endpoint.ipv6);
    zc_endpoint_parse("tcp://[::1]:5000", &endpoint);
    cr_assert_eq(zc_endpoint_resolve(&endpoint), ZCACHE_OK);
    cr_assert(endpoint.ipv6);
    zc_endpoint_parse("inproc://x", &endpoint);
    cr_assert_eq(zc_endpoint_resolve(&endpoint), ZCACHE_OK);
}

Test(client_endpoint, all_interfaces_are_replaced_by_the_host_that_was_dialled) {
    zc_endpoint_t endpoint;
    zc_endpoint_parse("tcp://0.0.0.0:5002", &endpoint);
    cr_assert_eq(zc_endpoint_replace_any(&endpoint, "example.org"), ZCACHE_OK);
    cr_assert_str_eq(endpoint.text, "tcp://example.org:5002");
    zc_endpoint_parse("tcp://[::]:5002", &endpoint);
    cr_assert_eq(zc_endpoint_replace_any(&endpoint, "fe80::1"), ZCACHE_OK);
    cr_assert_str_eq(endpoint.text, "tcp://[fe80::1]:5002");
    zc_endpoint_parse("tcp://10.0.0.1:5002", &endpoint);
    cr_assert_eq(zc_endpoint_replace_any(&endpoint, "example.org"), ZCACHE_OK);
    cr_assert_str_eq(endpoint.text, "tcp://10.0.0.1:5002");
}

/* A plain socket that listens on a port of its own. */
static int listen_plainly(zc_endpoint_t *endpoint) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(listener, 5), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    char text[64];
    snprintf(text, sizeof(text), "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    cr_assert_eq(zc_endpoint_parse(text, endpoint), ZCACHE_OK);
    return listener;
}

Test(client_endpoint, a_probe_tells_nothing_from_strangers_from_zeromq) {
    zc_endpoint_t endpoint;
    int listener = listen_plainly(&endpoint);
    cr_assert_eq(zc_endpoint_probe(&endpoint, 50), ZC_PROBE_MUTE);
    close(listener);
    cr_assert_eq(zc_endpoint_probe(&endpoint, 1000), ZC_PROBE_REFUSED);
    zc_fake_node_t *node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zc_endpoint_parse(zc_fake_node_endpoint(node), &endpoint);
    cr_assert_eq(zc_endpoint_probe(&endpoint, 5000), ZC_PROBE_ZEROMQ);
    zc_fake_node_stop(&node);
}
