/* SPDX-License-Identifier: MPL-2.0 */
/* Decoding of UTF-8 after RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "cli/utf8.h"

/* The length of the first character and its code point; 0: it is none. */
static size_t decode(const uint8_t *bytes, size_t size, uint32_t *point) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = bytes[0];
    size_t length = first < 0x80             ? 1
                    : (first & 0xe0) == 0xc0 ? 2
                    : (first & 0xf0) == 0xe0 ? 3
                    : (first & 0xf8) == 0xf0 ? 4
                                             : 0;
    if (length == 0 || length > size) {
        return 0;
    }
    uint32_t code = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < least[length] || code > 0x10ffff || surrogate) {
        return 0;
    }
    *point = code;
    return length;
}

size_t zc_utf8_printable(const uint8_t *bytes, size_t size) {
    uint32_t point = 0;
    size_t length = decode(bytes, size, &point);
    bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    return control ? 0 : length;
}

bool zc_utf8_valid(const void *data, size_t size) {
    const uint8_t *bytes = data;
    size_t at = 0;
    while (at < size) {
        uint32_t point = 0;
        size_t length = decode(bytes + at, size - at, &point);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}
