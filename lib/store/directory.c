/* SPDX-License-Identifier: MPL-2.0 */
/* Growing a list of segments beside readers that go through it: a reader finds the old list or the
 * new one, both whole. */
#include "lib/store/directory.h"

#include <string.h>

enum { CAPACITY_FIRST = 4 };

static bool make_room(zc_directory_t *directory, const zc_allocator_t *allocator,
                      const zc_lock_t *lock) {
    if (directory->count < directory->capacity) {
        return true;
    }
    uint32_t capacity = directory->capacity == 0 ? CAPACITY_FIRST : 2 * directory->capacity;
    void **segments = zc_allocate(allocator, capacity * sizeof *segments);
    if (segments == NULL) {
        return false;
    }
    void **old = directory->segments;
    if (directory->count > 0) {
        memcpy(segments, old, directory->count * sizeof *segments);
    }
    zc_lock_acquire(lock);
    directory->segments = segments;
    directory->capacity = capacity;
    zc_lock_release(lock);
    zc_free(allocator, old);
    return true;
}

bool zc_directory_grow(zc_directory_t *directory, const zc_allocator_t *allocator,
                       const zc_lock_t *lock, size_t segment_bytes) {
    if (!make_room(directory, allocator, lock)) {
        return false;
    }
    void *segment = zc_allocate_zeroed(allocator, segment_bytes);
    if (segment == NULL) {
        return false;
    }
    /* No reader looks at the new place before a slot or bucket in it is linked under the lock. */
    directory->segments[directory->count] = segment;
    directory->count++;
    return true;
}

void zc_directory_fini(zc_directory_t *directory, const zc_allocator_t *allocator) {
    for (uint32_t i = 0; i < directory->count; i++) {
        zc_free(allocator, directory->segments[i]);
    }
    zc_free(allocator, directory->segments);
    *directory = (zc_directory_t){.segments = NULL};
}
