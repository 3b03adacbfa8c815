/* SPDX-License-Identifier: MPL-2.0 */
/* Checking, resolving and probing endpoints. What zc_endpoint_parse lets through consists of
 * characters that mean nothing special to libzmq. */
#define _GNU_SOURCE
#include "lib/client/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/client/deadline.h"
#include "lib/wire/text.h"

enum { GREETING_BYTES = 10 }; /* the signature of a ZMTP greeting: FF, eight bytes, 7F */

/* Splits what zc_endpoint_valid has found to be tcp://HOST:PORT. */
static void split_tcp(const char *address, zc_endpoint_t *endpoint) {
    const char *colon = strrchr(address, ':');
    bool bracket = address[0] == '[';
    const char *host = bracket ? address + 1 : address;
    size_t host_bytes = (size_t)(colon - host) - (bracket ? 1 : 0);
    memcpy(endpoint->host, host, host_bytes);
    endpoint->host[host_bytes] = '\0';
    endpoint->port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

zcache_status zc_endpoint_parse(const char *text, zc_endpoint_t *endpoint) {
    static const char tcp[] = "tcp://";
    static const char inproc[] = "inproc://";
    if (text == NULL || strlen(text) >= ZC_ENDPOINT_TEXT_BYTES) {
        return ZCACHE_INVALID;
    }
    zc_endpoint_t parsed = {.port = 0};
    memcpy(parsed.text, text, strlen(text) + 1);
    if (strncmp(text, inproc, sizeof(inproc) - 1) == 0) {
        const char *name = text + sizeof(inproc) - 1;
        if (*name == '\0') {
            return ZCACHE_INVALID;
        }
        memcpy(parsed.name, name, strlen(name) + 1);
        parsed.inproc = true;
    } else if (zc_endpoint_valid(zc_slice_text(text))) {
        split_tcp(text + sizeof(tcp) - 1, &parsed);
    } else {
        return ZCACHE_INVALID;
    }
    *endpoint = parsed;
    return ZCACHE_OK;
}

static struct addrinfo *look_up(const zc_endpoint_t *endpoint) {
    char port[8];
    snprintf(port, sizeof(port), "%u", (unsigned)endpoint->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    return getaddrinfo(endpoint->host, port, &hints, &found) == 0 ? found : NULL;
}

/* libzmq takes the first address alone, and with IPv6 allowed that is often one on which a node
 * that binds IPv4 does not listen. So IPv6 is for hosts that have nothing else. */
zcache_status zc_endpoint_resolve(zc_endpoint_t *endpoint) {
    if (endpoint->inproc) {
        return ZCACHE_OK;
    }
    struct addrinfo *found = look_up(endpoint);
    if (found == NULL) {
        return ZCACHE_UNRESOLVED;
    }
    endpoint->ipv6 = true;
    for (const struct addrinfo *address = found; address != NULL; address = address->ai_next) {
        if (address->ai_family == AF_INET) {
            endpoint->ipv6 = false;
        }
    }
    freeaddrinfo(found);
    return ZCACHE_OK;
}

zcache_status zc_endpoint_replace_any(zc_endpoint_t *endpoint, const char *host) {
    if (strcmp(endpoint->host, "0.0.0.0") != 0 && strcmp(endpoint->host, "::") != 0) {
        return ZCACHE_OK;
    }
    const char *format = strchr(host, ':') == NULL ? "tcp://%s:%u" : "tcp://[%s]:%u";
    char text[ZC_ENDPOINT_TEXT_BYTES];
    int bytes = snprintf(text, sizeof(text), format, host, (unsigned)endpoint->port);
    if (bytes < 0 || (size_t)bytes >= sizeof(text)) {
        return ZCACHE_INVALID;
    }
    return zc_endpoint_parse(text, endpoint);
}

static bool await(int socket, short events, uint64_t deadline_us) {
    struct pollfd item = {.fd = socket, .events = events};
    int remaining_ms = zc_remaining_ms(deadline_us, 10000);
    return poll(&item, 1, remaining_ms) == 1;
}

/* Every ZMTP server greets first, without being asked. */
static zc_probe_t read_greeting(int socket, uint64_t deadline_us) {
    uint8_t greeting[GREETING_BYTES];
    size_t bytes = 0;
    while (bytes < sizeof(greeting) && await(socket, POLLIN, deadline_us)) {
        ssize_t got = recv(socket, greeting + bytes, sizeof(greeting) - bytes, 0);
        if (got <= 0) {
            return ZC_PROBE_STRANGER;
        }
        bytes += (size_t)got;
    }
    if (bytes == 0) {
        return ZC_PROBE_MUTE;
    }
    bool zeromq = bytes == sizeof(greeting) && greeting[0] == 0xff && greeting[9] == 0x7f;
    return zeromq ? ZC_PROBE_ZEROMQ : ZC_PROBE_STRANGER;
}

static zc_probe_t probe_address(const struct addrinfo *address, uint64_t deadline_us) {
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return ZC_PROBE_SILENT;
    }
    zc_probe_t probe = ZC_PROBE_SILENT;
    int error = 0;
    socklen_t error_bytes = sizeof(error);
    if (connect(descriptor, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
        probe = errno == ECONNREFUSED ? ZC_PROBE_REFUSED : ZC_PROBE_SILENT;
    } else if (await(descriptor, POLLOUT, deadline_us) &&
               getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &error_bytes) == 0) {
        probe = error == ECONNREFUSED ? ZC_PROBE_REFUSED
                : error != 0          ? ZC_PROBE_SILENT
                                      : read_greeting(descriptor, deadline_us);
    }
    close(descriptor);
    return probe;
}

zc_probe_t zc_endpoint_probe(const zc_endpoint_t *endpoint, uint32_t timeout_ms) {
    uint64_t deadline_us = zc_deadline_us(timeout_ms);
    struct addrinfo *found = look_up(endpoint);
    zc_probe_t probe = ZC_PROBE_SILENT;
    for (const struct addrinfo *address = found; address != NULL; address = address->ai_next) {
        if ((address->ai_family == AF_INET) != endpoint->ipv6) {
            probe = probe_address(address, deadline_us);
            break;
        }
    }
    if (found != NULL) {
        freeaddrinfo(found);
    }
    return probe;
}
