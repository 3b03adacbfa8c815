/* SPDX-License-Identifier: MPL-2.0 */
/* An arena: memory for what one step returns, all of it given back at the next step. Blocks never
 * move. */
#ifndef ZC_REPLICA_ARENA_H
#define ZC_REPLICA_ARENA_H

#include "lib/base/allocator.h"
#include "lib/base/slice.h"

typedef struct zc_arena_block zc_arena_block_t;

typedef struct zc_arena {
    const zc_allocator_t *allocator;
    zc_arena_block_t *blocks; /* the one in use first */
} zc_arena_t;

void zc_arena_init(zc_arena_t *arena, const zc_allocator_t *allocator);
void zc_arena_fini(zc_arena_t *arena);

/* Aligned for anything; NULL: no memory. Valid until the next reset. */
void *zc_arena_take(zc_arena_t *arena, size_t bytes);

/* A copy of the bytes; false: no memory. */
bool zc_arena_copy(zc_arena_t *arena, zc_slice_t bytes, zc_slice_t *copy);

/* Gives all back, and keeps one block of ordinary size for the next step. */
void zc_arena_reset(zc_arena_t *arena);

#endif
