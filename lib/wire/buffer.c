/* SPDX-License-Identifier: MPL-2.0 */
/* A buffer of bytes that grows.
 *
 * Invariant: bytes <= capacity, and data is NULL only while capacity is 0. Capacity at least
 * doubles when it grows, so that adding n bytes piece by piece costs O(n). */
#include "lib/wire/buffer.h"

#include "lib/base/assert.h"

enum { BUFFER_BYTES_MIN = 256 };

void zc_buffer_init(zc_buffer_t *buffer, const zc_allocator_t *allocator) {
    *buffer = (zc_buffer_t){.allocator = allocator};
}

void zc_buffer_fini(zc_buffer_t *buffer) {
    if (buffer != NULL && buffer->allocator != NULL) {
        zc_free(buffer->allocator, buffer->data);
        *buffer = (zc_buffer_t){.allocator = buffer->allocator};
    }
}

uint8_t *zc_buffer_reserve(zc_buffer_t *buffer, size_t bytes) {
    ZC_ASSERT(buffer->bytes <= buffer->capacity);
    if (buffer->data != NULL && bytes <= buffer->capacity - buffer->bytes) {
        return buffer->data + buffer->bytes;
    }
    if (bytes > SIZE_MAX / 4 || buffer->capacity > SIZE_MAX / 4) {
        return NULL;
    }
    size_t capacity = buffer->bytes + bytes;
    if (capacity < buffer->capacity * 2) {
        capacity = buffer->capacity * 2;
    }
    if (capacity < BUFFER_BYTES_MIN) {
        capacity = BUFFER_BYTES_MIN;
    }
    uint8_t *data = zc_resize(buffer->allocator, buffer->data, capacity);
    if (data == NULL) {
        return NULL;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return data + buffer->bytes;
}
