/* SPDX-License-Identifier: MPL-2.0 */
/* Vectors as values: the version vector as a message has it, copies that outlive a step, and what
 * one lacks of another. */
#ifndef ZC_REPLICA_VECTORS_H
#define ZC_REPLICA_VECTORS_H

#include "lib/replica/arena.h"
#include "lib/replica/vvec.h"

/* A copy of a vector in memory of its own: rows, then all intervals, in one block. Zeroed: an empty
 * one. */
typedef struct zc_vector_copy {
    zc_vector_t vector;
    void *block;
} zc_vector_copy_t;

zcache_status zc_vector_copy(const zc_allocator_t *allocator, const zc_vector_t *vector,
                             zc_vector_copy_t *copy);
void zc_vector_copy_fini(const zc_allocator_t *allocator, zc_vector_copy_t *copy);

/* Sorts an array of structures that begin with their zc_origin_t (at most 64 bytes each) by it. */
void zc_rows_sort(void *rows, size_t count, size_t row_bytes);

/* The sum of the hashes of an origin's intervals, as heartbeats have it (PROTOCOL.md). */
uint64_t zc_intervals_hash(const zc_origin_t *origin, const zc_interval_t *intervals, size_t count);

/* What of `vector` is not in `have`: rows that lack nothing are left out. In memory of the arena.
 */
zcache_status zc_vector_subtract(const zc_vector_t *vector, const zc_vector_t *have,
                                 zc_arena_t *arena, zc_vector_t *lack);

/* What of `vector` is above `down_to`, of the origins that `among` has; in memory of the arena. No
 * row has more intervals than before. Returns OK or NO_MEMORY. */
zcache_status zc_vector_above(const zc_vector_t *vector, zc_hlc_t down_to, const zc_vector_t *among,
                              zc_arena_t *arena, zc_vector_t *above);

/* The bytes that a message needs for it, at most. */
size_t zc_vector_weight(const zc_vector_t *vector);

/* The highest HLC of all origins; 0: it is empty. */
zc_hlc_t zc_vector_highest(const zc_vector_t *vector);

/* The row of an origin, by binary search; NULL: none. */
const zc_origin_intervals_t *zc_vector_find(const zc_vector_t *vector, const zc_origin_t *origin);
bool zc_vector_covers(const zc_vector_t *vector, const zc_stamp_t *stamp);

#endif
