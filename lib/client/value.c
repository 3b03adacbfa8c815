/* SPDX-License-Identifier: MPL-2.0 */
/* Values that belong to callers. Whatever fails, a value stays as it was, and zcache_value_fini
 * frees it. */
#include "lib/client/value.h"

zcache_status zc_value_reserve(const zc_allocator_t *allocator, zcache_value_t *value,
                               size_t bytes) {
    if (value->data != NULL && value->capacity >= bytes) {
        return ZCACHE_OK;
    }
    size_t capacity = bytes == 0 ? 1 : bytes;
    void *data = zc_resize(allocator, value->data, capacity);
    if (data == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    value->data = data;
    value->capacity = capacity;
    return ZCACHE_OK;
}

zcache_status zc_value_assign(const zc_allocator_t *allocator, zcache_value_t *value,
                              zc_slice_t bytes, zcache_type type) {
    if (zc_value_reserve(allocator, value, bytes.bytes) != ZCACHE_OK) {
        return ZCACHE_NO_MEMORY;
    }
    if (bytes.bytes > 0) {
        memcpy(value->data, bytes.data, bytes.bytes);
    }
    value->size = bytes.bytes;
    value->type = type;
    return ZCACHE_OK;
}

zcache_status zcache_value_assign(zcache_value_t *value, const void *data, size_t size,
                                  zcache_type type) {
    return zc_value_assign(zc_allocator_system(), value, zc_slice(data, size), type);
}

void zcache_value_fini(zcache_value_t *value) {
    if (value != NULL) {
        zc_free(zc_allocator_system(), value->data);
        *value = (zcache_value_t)ZCACHE_VALUE_INIT;
    }
}
