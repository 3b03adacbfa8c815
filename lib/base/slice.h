/* SPDX-License-Identifier: MPL-2.0 */
/* A slice: borrowed bytes and how many. Whoever hands one over says how long it lives. */
#ifndef ZC_BASE_SLICE_H
#define ZC_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct zc_slice {
    const void *data; /* may be NULL where bytes is 0 */
    size_t bytes;
} zc_slice_t;

static inline zc_slice_t zc_slice(const void *data, size_t bytes) {
    return (zc_slice_t){.data = data, .bytes = bytes};
}

static inline zc_slice_t zc_slice_text(const char *text) {
    return zc_slice(text, strlen(text));
}

static inline bool zc_slice_equal(zc_slice_t a, zc_slice_t b) {
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.data, b.data, a.bytes) == 0);
}

#endif
