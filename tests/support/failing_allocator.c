/* SPDX-License-Identifier: MPL-2.0 */
/* Counting and failing on top of the system's allocator. A request that fails changes nothing. */
#include "tests/support/failing_allocator.h"

#include <malloc.h>

static void count_bytes(zc_failing_allocator_t *failing, size_t before, void *block) {
    failing->bytes += (block == NULL ? 0 : malloc_usable_size(block)) - before;
    if (failing->bytes > failing->most_bytes) {
        failing->most_bytes = failing->bytes;
    }
}

static void *failing_resize(void *context, void *block, size_t bytes) {
    zc_failing_allocator_t *failing = context;
    size_t before = block == NULL ? 0 : malloc_usable_size(block);
    if (bytes == 0) {
        failing->blocks -= block != NULL;
        count_bytes(failing, before, NULL);
        return zc_resize(zc_allocator_system(), block, 0);
    }
    failing->requests++;
    if (failing->countdown == 0) {
        failing->countdown = UINT64_MAX;
        failing->failed = true;
        return NULL;
    }
    if (failing->countdown != UINT64_MAX) {
        failing->countdown--;
    }
    void *resized = zc_resize(zc_allocator_system(), block, bytes);
    if (resized != NULL) {
        failing->blocks += block == NULL;
        count_bytes(failing, before, resized);
    }
    return resized;
}

void zc_failing_allocator_init(zc_failing_allocator_t *failing) {
    *failing = (zc_failing_allocator_t){.allocator = {.resize = failing_resize, .context = failing},
                                        .countdown = UINT64_MAX};
}

void zc_failing_allocator_fail_after(zc_failing_allocator_t *failing, uint64_t requests) {
    failing->countdown = requests;
    failing->failed = false;
}

bool zc_failing_allocator_stop(zc_failing_allocator_t *failing) {
    failing->countdown = UINT64_MAX;
    return failing->failed;
}
