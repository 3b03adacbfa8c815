/* SPDX-License-Identifier: MPL-2.0 */
/* Asking the kernel. It has a file of its own because the header of the C library knows fewer
 * fields of tcp_info than the kernel's, and the two cannot be included together. */
#define _GNU_SOURCE
#include "node/connection.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
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

uint64_t zc_connection_cookie(int descriptor) {
    uint64_t cookie = 0;
    socklen_t bytes = sizeof(cookie);
    return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &bytes) == 0 ? cookie : 0;
}

zc_traffic_t zc_connection_traffic(int descriptor) {
    struct tcp_info info = {.tcpi_state = 0};
    socklen_t bytes = sizeof(info);
    zc_traffic_t traffic = {.received = 0};
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0 ||
        bytes < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(uint64_t)) {
        return traffic;
    }
    /* Asked after what was received, so that what comes in between counts as not read. */
    int unread = 0;
    traffic.received = info.tcpi_bytes_received;
    traffic.acknowledged = info.tcpi_bytes_acked;
    if (ioctl(descriptor, SIOCINQ, &unread) == 0 && (uint64_t)unread < traffic.received) {
        traffic.read = traffic.received - (uint64_t)unread;
    }
    return traffic;
}
