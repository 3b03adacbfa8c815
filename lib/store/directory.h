/* SPDX-License-Identifier: MPL-2.0 */
/* A directory: the growing list of equal segments that a table of slots or buckets is made of.
 *
 * A segment never moves once it is in, so that growth costs one segment and, now and then, a copy
 * of the list of pointers. The list is exchanged under the lock, because readers go through it. */
#ifndef ZC_STORE_DIRECTORY_H
#define ZC_STORE_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/allocator.h"
#include "lib/base/lock.h"

typedef struct zc_directory {
    void **segments;
    uint32_t count;
    uint32_t capacity;
} zc_directory_t;

/* Appends a segment of zeroed bytes. False: no memory, and nothing has changed. */
bool zc_directory_grow(zc_directory_t *directory, const zc_allocator_t *allocator,
                       const zc_lock_t *lock, size_t segment_bytes);

/* Frees the segments and the list. */
void zc_directory_fini(zc_directory_t *directory, const zc_allocator_t *allocator);

#endif
