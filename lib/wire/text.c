/* SPDX-License-Identifier: MPL-2.0 */
/* What text may travel.
 *
 * Invariant: whatever passes here can be printed on a terminal, put into JSON and (an endpoint)
 * given to the socket library without meaning anything else there. */
#include "lib/wire/text.h"

#include <stdint.h>

#include <zcache/limits.h>

/* How many bytes the character at `at` takes, or 0 if it is not one that may travel. */
static size_t character_bytes(const uint8_t *at, size_t left) {
    if (at[0] < 0x80) {
        return at[0] >= 0x20 && at[0] != 0x7f ? 1 : 0;
    }
    size_t bytes = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || bytes > left) {
        return 0;
    }
    uint32_t point = at[0] & (0xffu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (at[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point >= least[bytes] && point <= 0x10ffff && !surrogate ? bytes : 0;
}

bool zc_text_valid(zc_slice_t text) {
    if (text.bytes > ZCACHE_NAME_BYTES_MAX) {
        return false;
    }
    const uint8_t *at = text.data;
    for (size_t i = 0; i < text.bytes;) {
        size_t bytes = character_bytes(at + i, text.bytes - i);
        if (bytes == 0) {
            return false;
        }
        i += bytes;
    }
    return true;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_host_character(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
}

/* How many of the bytes, of which there is one at least, the host at the beginning takes; 0: there
 * is none. */
static size_t host_bytes(const char *at, size_t left) {
    bool brackets = at[0] == '[';
    size_t i = brackets ? 1 : 0;
    while (i < left && (is_host_character(at[i]) || (brackets && (at[i] == ':' || at[i] == '%')))) {
        i++;
    }
    if (!brackets) {
        return i;
    }
    return i > 1 && i < left && at[i] == ']' ? i + 1 : 0;
}

static bool is_port(const char *at, size_t bytes) {
    if (bytes == 0 || bytes > 5 || at[0] == '0') {
        return false;
    }
    uint32_t port = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (!is_digit(at[i])) {
            return false;
        }
        port = port * 10 + (uint32_t)(at[i] - '0');
    }
    return port <= 65535;
}

bool zc_endpoint_valid(zc_slice_t endpoint) {
    static const char scheme[] = "tcp://";
    const size_t scheme_bytes = sizeof scheme - 1;
    const char *text = endpoint.data;
    if (endpoint.bytes <= scheme_bytes || endpoint.bytes > ZCACHE_NAME_BYTES_MAX ||
        memcmp(text, scheme, scheme_bytes) != 0) {
        return false;
    }
    const char *host = text + scheme_bytes;
    size_t left = endpoint.bytes - scheme_bytes;
    size_t bytes = host_bytes(host, left);
    if (bytes == 0 || bytes == left || host[bytes] != ':') {
        return false;
    }
    return is_port(host + bytes + 1, left - bytes - 1);
}
