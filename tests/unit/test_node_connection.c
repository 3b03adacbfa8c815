/* SPDX-License-Identifier: MPL-2.0 */
/* What the kernel tells of a connection. */
#include "node/connection.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

Test(connection, port_and_bytes_are_those_of_this_end) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, bytes), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &bytes), 0);
    int near = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(near, (struct sockaddr *)&address, bytes), 0);
    int far = accept(listener, NULL, NULL);
    cr_assert_eq(zc_connection_port(far), ntohs(address.sin_port));
    cr_assert_eq(zc_connection_traffic(far).received, 0);
    cr_assert_eq(write(near, "12345", 5), 5);
    char taken[3];
    cr_assert_eq(recv(far, taken, sizeof(taken), MSG_WAITALL), 3);
    cr_assert_eq(zc_connection_traffic(far).received, 5);
    cr_assert_eq(zc_connection_traffic(far).read, 3);
    cr_assert_eq(zc_connection_traffic(near).received, 0);
    cr_assert_eq(zc_connection_traffic(far).acknowledged, 0);
    cr_assert_neq(zc_connection_cookie(far), 0);
    cr_assert_neq(zc_connection_cookie(far), zc_connection_cookie(near));
    close(near);
    close(far);
    close(listener);
}

Test(connection, what_is_none_has_neither) {
    int pipes[2];
    cr_assert_eq(pipe(pipes), 0);
    cr_assert_eq(zc_connection_port(pipes[0]), 0);
    cr_assert_eq(zc_connection_traffic(pipes[0]).received, 0);
    cr_assert_eq(zc_connection_cookie(pipes[0]), 0);
    cr_assert_eq(zc_connection_port(-1), 0);
    close(pipes[0]);
    close(pipes[1]);
}
