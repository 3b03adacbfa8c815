/* SPDX-License-Identifier: MPL-2.0 */
/* A directory: a table of items that grows and never moves, made of segments.
 *
 *     segments[0]  first
 *     segments[1]  first * 2          each twice as many items as the one before,
 *     segments[2]  first * 4          so that an item is found by the highest bit of its number
 *
 * Growth costs one request for memory and copies nothing; a segment is not zeroed, so that its
 * pages are the machine's until they are used. Readers go through it without a lock: a number that
 * a reader has acquired lies in a segment that was there before. */
#ifndef ZC_STORE_DIRECTORY_H
#define ZC_STORE_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/allocator.h"

enum { ZC_DIRECTORY_SEGMENTS = 22 };

/* A constant wherever it is used, so that finding an item is a few instructions. */
typedef struct zc_shape {
    unsigned first_bits; /* the first segment has 2 to this power items */
    size_t item_bytes;
} zc_shape_t;

typedef struct zc_directory {
    void *segments[ZC_DIRECTORY_SEGMENTS];
    unsigned segment_count;
} zc_directory_t;

/* How many items there is room for. */
static inline uint64_t zc_directory_room(const zc_directory_t *directory, zc_shape_t shape) {
    return ((UINT64_C(1) << directory->segment_count) - 1) << shape.first_bits;
}

/* An item that there is room for. */
static inline void *zc_directory_at(const zc_directory_t *directory, zc_shape_t shape,
                                    uint32_t number) {
    uint64_t place = (uint64_t)number + (UINT64_C(1) << shape.first_bits);
    unsigned highest = 63U ^ (unsigned)__builtin_clzll(place);
    char *segment = directory->segments[highest - shape.first_bits];
    return segment + (place ^ (UINT64_C(1) << highest)) * shape.item_bytes;
}

/* Appends a segment of bytes that are anything. False: no memory, and nothing has changed. */
bool zc_directory_grow(zc_directory_t *directory, const zc_allocator_t *allocator,
                       zc_shape_t shape);

void zc_directory_fini(zc_directory_t *directory, const zc_allocator_t *allocator);

#endif
