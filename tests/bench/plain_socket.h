/* SPDX-License-Identifier: MPL-2.0 */
/* The least that a client of redis or memcached can be: a blocking socket, a request that is known,
 * and an answer whose length is known.
 *
 * So a peer is measured with nothing of a client library in the way. */
#ifndef TESTS_BENCH_PLAIN_SOCKET_H
#define TESTS_BENCH_PLAIN_SOCKET_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static inline int zc_plain_connect(uint64_t port) {
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    zc_bench_require(made >= 0, "cannot make a socket");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    zc_bench_require(connect(made, (struct sockaddr *)&address, sizeof(address)) == 0,
                     "cannot connect to the peer");
    int yes = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return made;
}

/* Sends the request and reads an answer of so many bytes. */
static inline void zc_plain_ask(int made, const char *request, size_t request_bytes, char *answer,
                                size_t answer_bytes) {
    zc_bench_require(send(made, request, request_bytes, MSG_NOSIGNAL) == (ssize_t)request_bytes,
                     "the peer does not take a request");
    for (size_t got = 0; got < answer_bytes;) {
        ssize_t bytes = recv(made, answer + got, answer_bytes - got, 0);
        zc_bench_require(bytes > 0, "the peer does not answer");
        got += (size_t)bytes;
    }
}

#endif
