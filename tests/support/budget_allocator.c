/* SPDX-License-Identifier: MPL-2.0 */
/* Counting bytes on top of the system's allocator: each block has its size in front of it. */
#include "tests/support/budget_allocator.h"

#include <stdalign.h>

enum { HEAD_BYTES = alignof(max_align_t) };

static size_t *size_of(void *block) {
    return (size_t *)(void *)((unsigned char *)block - HEAD_BYTES);
}

static void *budget_resize(void *context, void *block, size_t bytes) {
    zc_budget_allocator_t *budget = context;
    size_t before = block == NULL ? 0 : *size_of(block);
    void *whole = block == NULL ? NULL : size_of(block);
    if (bytes == 0) {
        budget->bytes -= before;
        return zc_resize(zc_allocator_system(), whole, 0);
    }
    if (budget->countdown == 0) {
        budget->countdown = UINT64_MAX;
        return NULL;
    }
    budget->countdown -= budget->countdown != UINT64_MAX;
    size_t *head = zc_resize(zc_allocator_system(), whole, HEAD_BYTES + bytes);
    if (head == NULL) {
        return NULL;
    }
    *head = bytes;
    budget->bytes += bytes - before;
    budget->bytes_most = budget->bytes > budget->bytes_most ? budget->bytes : budget->bytes_most;
    return (unsigned char *)head + HEAD_BYTES;
}

void zc_budget_allocator_init(zc_budget_allocator_t *budget) {
    *budget = (zc_budget_allocator_t){.allocator = {.resize = budget_resize, .context = budget},
                                      .countdown = UINT64_MAX};
}
