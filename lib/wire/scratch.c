/* SPDX-License-Identifier: MPL-2.0 */
/* The arrays of a message that is being decoded.
 *
 * Invariant: what was taken lies within the block as long as used <= capacity; `used` goes on
 * counting past it, and nothing is handed out then. */
#include "lib/wire/scratch.h"

#include "lib/base/assert.h"

enum { ALIGNMENT = 16 };

void zc_wire_scratch_init(zc_wire_scratch_t *scratch, const zc_allocator_t *allocator) {
    *scratch = (zc_wire_scratch_t){.allocator = allocator};
}

void zc_wire_scratch_fini(zc_wire_scratch_t *scratch) {
    if (scratch != NULL && scratch->allocator != NULL) {
        zc_free(scratch->allocator, scratch->block);
        *scratch = (zc_wire_scratch_t){.allocator = scratch->allocator};
    }
}

void *zc_scratch_take(zc_wire_scratch_t *scratch, zc_unpack_t *unpack, size_t bytes) {
    if (zc_unpack_failed(unpack) && unpack->status != ZCACHE_NO_MEMORY) {
        return NULL;
    }
    ZC_ASSERT(bytes <= SIZE_MAX / 4 && scratch->used <= SIZE_MAX / 4);
    size_t at = scratch->used;
    scratch->used += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (scratch->used > scratch->capacity) {
        zc_unpack_fail(unpack, ZCACHE_NO_MEMORY);
        return NULL;
    }
    return at == 0 ? scratch->block : (uint8_t *)scratch->block + at;
}

void zc_scratch_reset(zc_wire_scratch_t *scratch) {
    scratch->used = 0;
}

bool zc_scratch_grow(zc_wire_scratch_t *scratch) {
    ZC_ASSERT(scratch->used > scratch->capacity);
    void *block = zc_resize(scratch->allocator, scratch->block, scratch->used);
    if (block == NULL) {
        return false;
    }
    scratch->block = block;
    scratch->capacity = scratch->used;
    return true;
}
