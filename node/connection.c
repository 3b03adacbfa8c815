/* SPDX-License-Identifier: MPL-2.0 */
/* Asking the kernel. It has a file of its own because the header of the C library knows fewer
 * fields of tcp_info than the kernel's, and the two cannot be included together. */
#include "node/connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

uint16_t zc_connection_port(int descriptor) {
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t bytes = sizeof(address);
    if (getsockname(descriptor, (struct sockaddr *)&address, &bytes) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
    }
    if (address.ss_family == AF_INET6) {
        return ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port);
    }
    return 0;
}

uint64_t zc_connection_received(int descriptor) {
    struct tcp_info info = {.tcpi_state = 0};
    socklen_t bytes = sizeof(info);
    bool told = getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0 &&
                bytes >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(uint64_t);
    return told ? info.tcpi_bytes_received : 0;
}
