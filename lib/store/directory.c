/* SPDX-License-Identifier: MPL-2.0 */
/* Growing a directory. There are never more segments than their limit: what is stored in one has
 * numbers of 31 bits. */
#include "lib/store/directory.h"

#include "lib/base/assert.h"

bool zc_directory_grow(zc_directory_t *directory, const zc_allocator_t *allocator,
                       zc_shape_t shape) {
    ZC_ASSERT(directory->segment_count < ZC_DIRECTORY_SEGMENTS);
    size_t items = (size_t)1 << (shape.first_bits + directory->segment_count);
    void *segment = zc_allocate(allocator, items * shape.item_bytes);
    if (segment == NULL) {
        return false;
    }
    directory->segments[directory->segment_count] = segment;
    directory->segment_count++;
    return true;
}

void zc_directory_fini(zc_directory_t *directory, const zc_allocator_t *allocator) {
    for (unsigned i = 0; i < directory->segment_count; i++) {
        zc_free(allocator, directory->segments[i]);
    }
    *directory = (zc_directory_t){.segment_count = 0};
}
