/* SPDX-License-Identifier: MPL-2.0 */
/* Base64 with padding. Decoding takes what encoding makes and nothing else, so that equal bytes
 * have one text. */
#include "cli/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *zc_base64_encode(const void *data, size_t size) {
    const uint8_t *bytes = data;
    char *text = malloc((size + 2) / 3 * 4 + 1);
    if (text == NULL) {
        return NULL;
    }
    char *out = text;
    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at;
        uint32_t group = (uint32_t)bytes[at] << 16 | (uint32_t)(left > 1 ? bytes[at + 1] : 0) << 8 |
                         (uint32_t)(left > 2 ? bytes[at + 2] : 0);
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = '=';
        *out++ = '=';
        if (left > 1) {
            out[-2] = digits[group >> 6 & 63];
        }
        if (left > 2) {
            out[-1] = digits[group & 63];
        }
    }
    *out = '\0';
    return text;
}

static bool decode_group(const char *text, size_t count, uint8_t *out) {
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        const char *digit = i < count ? memchr(digits, text[i], 64) : digits;
        if (digit == NULL) {
            return false;
        }
        group = group << 6 | (uint32_t)(digit - digits);
    }
    uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
    for (size_t i = 0; i + 1 < count; i++) {
        out[i] = bytes[i];
    }
    /* Bits behind the last byte would give it a second text. */
    return (count > 3 || bytes[2] == 0) && (count > 2 || bytes[1] == 0);
}

bool zc_base64_decode(const char *text, size_t length, void **data, size_t *size) {
    if (length % 4 != 0) {
        return false;
    }
    size_t padding = length == 0 || text[length - 1] != '=' ? 0 : text[length - 2] != '=' ? 1 : 2;
    uint8_t *bytes = malloc(length / 4 * 3 + 1);
    bool done = bytes != NULL;
    for (size_t at = 0; at < length && done; at += 4) {
        size_t count = at + 4 == length ? 4 - padding : 4;
        done = decode_group(text + at, count, bytes + at / 4 * 3);
    }
    if (!done) {
        free(bytes);
        return false;
    }
    *data = bytes;
    *size = length / 4 * 3 - padding;
    return true;
}
