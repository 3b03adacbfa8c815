/* SPDX-License-Identifier: MPL-2.0 */
/* Values that belong to callers: their buffer only grows and is used again, so that a loop of gets
 * allocates a few times, not each time. */
#ifndef ZC_CLIENT_VALUE_H
#define ZC_CLIENT_VALUE_H

#include <zcache/memo.h>

#include "lib/base/allocator.h"
#include "lib/base/slice.h"

/* zcache_value_assign with an allocator whose blocks free(3) takes. */
zcache_status zc_value_assign(const zc_allocator_t *allocator, zcache_value_t *value,
                              zc_slice_t bytes, zcache_type type);

/* Makes room for `bytes`, at least one, so that data is not NULL. Returns OK or NO_MEMORY. */
zcache_status zc_value_reserve(const zc_allocator_t *allocator, zcache_value_t *value,
                               size_t bytes);

#endif
