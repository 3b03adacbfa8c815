/* SPDX-License-Identifier: MPL-2.0 */
/* The allocator: memory is asked for through an interface given at construction, so that a failing
 * allocator and a thousand replicas fit in one process. */
#ifndef ZC_BASE_ALLOCATOR_H
#define ZC_BASE_ALLOCATOR_H

#include <stddef.h>

typedef struct zc_allocator {
    /* As realloc(3): block NULL allocates, bytes 0 frees and returns NULL. NULL with bytes above 0:
     * no memory, and block is as it was. */
    void *(*resize)(void *context, void *block, size_t bytes);
    void *context;
} zc_allocator_t;

/* The C library's own. Borrowed for ever. */
const zc_allocator_t *zc_allocator_system(void);

static inline void *zc_allocate(const zc_allocator_t *allocator, size_t bytes) {
    return allocator->resize(allocator->context, NULL, bytes);
}

/* bytes zeroed. */
void *zc_allocate_zeroed(const zc_allocator_t *allocator, size_t bytes);

static inline void *zc_resize(const zc_allocator_t *allocator, void *block, size_t bytes) {
    return allocator->resize(allocator->context, block, bytes);
}

/* NULL is allowed. */
static inline void zc_free(const zc_allocator_t *allocator, void *block) {
    if (block != NULL) {
        allocator->resize(allocator->context, block, 0);
    }
}

#endif
