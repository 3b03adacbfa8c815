/* SPDX-License-Identifier: MPL-2.0 */
/* A buffer of bytes that grows: what encoders write into. */
#ifndef ZC_WIRE_BUFFER_H
#define ZC_WIRE_BUFFER_H

#include <stdint.h>

#include "lib/base/allocator.h"
#include "lib/base/slice.h"

typedef struct zc_buffer {
    const zc_allocator_t *allocator;
    uint8_t *data;
    size_t bytes;    /* in use */
    size_t capacity; /* allocated */
} zc_buffer_t;

void zc_buffer_init(zc_buffer_t *buffer, const zc_allocator_t *allocator);
void zc_buffer_fini(zc_buffer_t *buffer);

/* Makes room for `bytes` more and returns where they go; NULL: no memory, and the buffer is as it
 * was. The caller writes them and adds them to buffer->bytes. */
uint8_t *zc_buffer_reserve(zc_buffer_t *buffer, size_t bytes);

static inline zc_slice_t zc_buffer_slice(const zc_buffer_t *buffer) {
    return zc_slice(buffer->data, buffer->bytes);
}

#endif
