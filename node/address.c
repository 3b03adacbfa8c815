/* SPDX-License-Identifier: MPL-2.0 */
/* Addresses as people write them and as sockets want them.
 *
 * Invariant: an endpoint that leaves here has the form that zc_endpoint_valid checks, the same that
 * is asked of the endpoints of peers. */
#define _GNU_SOURCE
#include "node/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/wire/text.h"

static zcache_status parse_port(const char *text, uint16_t *port) {
    uint32_t number = 0;
    size_t digits = 0;
    for (; text[digits] != '\0'; digits++) {
        if (text[digits] < '0' || text[digits] > '9' || digits == 5) {
            return ZCACHE_INVALID;
        }
        number = number * 10 + (uint32_t)(text[digits] - '0');
    }
    if (digits == 0 || number == 0 || number > UINT16_MAX) {
        return ZCACHE_INVALID;
    }
    *port = (uint16_t)number;
    return ZCACHE_OK;
}

/* Finds where the host begins and ends, and the text after the colon of a port (NULL: none). */
static bool split(const char *text, const char **host, size_t *host_bytes, const char **port) {
    *port = NULL;
    *host = text;
    if (text[0] == '[') {
        const char *close = strchr(text, ']');
        if (close == NULL || (close[1] != '\0' && close[1] != ':')) {
            return false;
        }
        *host = text + 1;
        *host_bytes = (size_t)(close - text) - 1;
        *port = close[1] == ':' ? close + 2 : NULL;
        return true;
    }
    const char *colon = strchr(text, ':');
    if (colon == NULL || strchr(colon + 1, ':') != NULL) {
        *host_bytes = strlen(text);
        return true;
    }
    *host_bytes = (size_t)(colon - text);
    *port = colon + 1;
    return true;
}

zcache_status zc_address_parse(const char *text, uint16_t port_default, zc_address_t *address) {
    const char *host = NULL;
    const char *port_text = NULL;
    size_t host_bytes = 0;
    if (!split(text, &host, &host_bytes, &port_text)) {
        return ZCACHE_INVALID;
    }
    if (host_bytes == 0 || host_bytes >= ZC_HOST_BYTES) {
        return ZCACHE_INVALID;
    }
    if (strspn(host, "0123456789") >= host_bytes) {
        return ZCACHE_INVALID; /* a port without its host, which libc would take for an address */
    }
    uint16_t port = port_default;
    if (port_text != NULL && parse_port(port_text, &port) != ZCACHE_OK) {
        return ZCACHE_INVALID;
    }
    memcpy(address->host, host, host_bytes);
    address->host[host_bytes] = '\0';
    address->port = port;
    return ZCACHE_OK;
}

static bool set_numeric(const struct sockaddr *address, zc_numeric_t *numeric) {
    const void *bytes = NULL;
    if (address->sa_family == AF_INET) {
        const struct in_addr *v4 = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
        numeric->ipv6 = false;
        numeric->any = v4->s_addr == htonl(INADDR_ANY);
        numeric->loopback = ntohl(v4->s_addr) >> 24 == 127;
        bytes = v4;
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *v6 =
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        numeric->ipv6 = true;
        numeric->any = IN6_IS_ADDR_UNSPECIFIED(v6);
        numeric->loopback = IN6_IS_ADDR_LOOPBACK(v6);
        bytes = v6;
    } else {
        return false;
    }
    return inet_ntop(address->sa_family, bytes, numeric->host, sizeof(numeric->host)) != NULL;
}

zcache_status zc_address_resolve(const char *host, zc_numeric_t *numeric) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(strcmp(host, "*") == 0 ? "0.0.0.0" : host, NULL, &hints, &found) != 0) {
        return ZCACHE_UNRESOLVED;
    }
    zc_numeric_t result = {.host = ""};
    bool have = false;
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        if (!have || (result.ipv6 && at->ai_family == AF_INET)) {
            have = set_numeric(at->ai_addr, &result) || have;
        }
    }
    freeaddrinfo(found);
    if (!have) {
        return ZCACHE_UNRESOLVED;
    }
    *numeric = result;
    return ZCACHE_OK;
}

void zc_address_of_machine(bool ipv6, zc_numeric_t *numeric) {
    *numeric = (zc_numeric_t){.host = "127.0.0.1", .loopback = true};
    if (ipv6) {
        *numeric = (zc_numeric_t){.host = "::1", .ipv6 = true, .loopback = true};
    }
    struct ifaddrs *interfaces = NULL;
    if (getifaddrs(&interfaces) != 0) {
        return;
    }
    for (const struct ifaddrs *at = interfaces; at != NULL; at = at->ifa_next) {
        if (at->ifa_addr == NULL || (at->ifa_flags & IFF_UP) == 0 ||
            (at->ifa_flags & IFF_LOOPBACK) != 0) {
            continue;
        }
        zc_numeric_t candidate = {.host = ""};
        /* A link-local address (fe80::) means nothing on another machine. */
        if (set_numeric(at->ifa_addr, &candidate) && candidate.ipv6 == ipv6 &&
            strncmp(candidate.host, "fe80:", 5) != 0) {
            *numeric = candidate;
            break;
        }
    }
    freeifaddrs(interfaces);
}

bool zc_address_is_numeric(const char *endpoint) {
    zc_address_t address;
    struct in6_addr number;
    const char *host = endpoint + strlen("tcp://");
    return zc_address_parse(host, 0, &address) == ZCACHE_OK &&
           inet_pton(host[0] == '[' ? AF_INET6 : AF_INET, address.host, &number) == 1;
}

zcache_status zc_address_endpoint(const char *host, uint16_t port,
                                  char endpoint[ZC_ENDPOINT_BYTES]) {
    bool brackets = strchr(host, ':') != NULL;
    char text[ZC_HOST_BYTES + 32];
    int bytes = snprintf(text, sizeof(text), brackets ? "tcp://[%s]:%u" : "tcp://%s:%u", host,
                         (unsigned)port);
    if (bytes < 0 || bytes >= ZC_ENDPOINT_BYTES || !zc_endpoint_valid(zc_slice_text(text))) {
        return ZCACHE_INVALID;
    }
    memcpy(endpoint, text, (size_t)bytes + 1);
    return ZCACHE_OK;
}
