/* SPDX-License-Identifier: MPL-2.0 */
/* A list of blocks; the newest is filled from its start, a request that does not fit opens another.
 */
#include "lib/replica/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK_BYTES = 16 * 1024 };

struct zc_arena_block {
    zc_arena_block_t *next;
    size_t capacity;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

void zc_arena_init(zc_arena_t *arena, const zc_allocator_t *allocator) {
    *arena = (zc_arena_t){.allocator = allocator};
}

void zc_arena_fini(zc_arena_t *arena) {
    while (arena->blocks != NULL) {
        zc_arena_block_t *block = arena->blocks;
        arena->blocks = block->next;
        zc_free(arena->allocator, block);
    }
}

static bool open_block(zc_arena_t *arena, size_t bytes) {
    size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    zc_arena_block_t *block = zc_allocate(arena->allocator, sizeof *block + capacity);
    if (block == NULL) {
        return false;
    }
    *block = (zc_arena_block_t){.next = arena->blocks, .capacity = capacity};
    arena->blocks = block;
    return true;
}

void *zc_arena_take(zc_arena_t *arena, size_t bytes) {
    size_t rounded = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    zc_arena_block_t *block = arena->blocks;
    if (block == NULL || block->capacity - block->used < rounded) {
        if (!open_block(arena, rounded)) {
            return NULL;
        }
        block = arena->blocks;
    }
    void *taken = block->bytes + block->used;
    block->used += rounded;
    return taken;
}

bool zc_arena_copy(zc_arena_t *arena, zc_slice_t bytes, zc_slice_t *copy) {
    if (bytes.bytes == 0) {
        *copy = zc_slice("", 0);
        return true;
    }
    void *data = zc_arena_take(arena, bytes.bytes);
    if (data == NULL) {
        return false;
    }
    memcpy(data, bytes.data, bytes.bytes);
    *copy = zc_slice(data, bytes.bytes);
    return true;
}

void zc_arena_reset(zc_arena_t *arena) {
    zc_arena_block_t *newest = arena->blocks;
    if (newest == NULL || newest->used == 0) {
        return; /* a block that was opened is used: there is no other */
    }
    zc_arena_block_t *kept = NULL;
    while (arena->blocks != NULL) {
        zc_arena_block_t *block = arena->blocks;
        arena->blocks = block->next;
        if (kept == NULL && block->capacity == BLOCK_BYTES) {
            kept = block;
        } else {
            zc_free(arena->allocator, block);
        }
    }
    if (kept != NULL) {
        kept->used = 0;
        kept->next = NULL;
        arena->blocks = kept;
    }
}
