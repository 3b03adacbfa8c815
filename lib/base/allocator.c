/* SPDX-License-Identifier: MPL-2.0 */
/* The system allocator behind the interface. */
#include "lib/base/allocator.h"

#include <stdlib.h>
#include <string.h>

static void *system_resize(void *context, void *block, size_t bytes) {
    (void)context;
    if (bytes == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, bytes);
}

const zc_allocator_t *zc_allocator_system(void) {
    static const zc_allocator_t system = {.resize = system_resize, .context = NULL};
    return &system;
}

void *zc_allocate_zeroed(const zc_allocator_t *allocator, size_t bytes) {
    void *block = zc_allocate(allocator, bytes);
    if (block != NULL) {
        memset(block, 0, bytes);
    }
    return block;
}
