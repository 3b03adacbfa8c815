/* SPDX-License-Identifier: MPL-2.0 */
/* What a delta sends (R6, R7): a cursor in the chain of each origin, in a heap, so that what is
 * left comes highest stamp first over all origins. It costs what it sends, and whatever is above
 * the item at which it stands has gone out or is held no longer. */
#ifndef ZC_REPLICA_DELTA_H
#define ZC_REPLICA_DELTA_H

#include "lib/replica/message.h"
#include "lib/store/store.h"

typedef struct zc_delta_chain zc_delta_chain_t;

typedef struct zc_delta {
    const zc_allocator_t *allocator;
    zc_store_t *store;
    zc_delta_chain_t **heap;
    size_t count;
    size_t capacity;
    zc_stamp_t passed; /* what was gone past last */
} zc_delta_t;

/* `store` is borrowed until zc_delta_fini, which leaves a zeroed one alone. */
void zc_delta_init(zc_delta_t *delta, const zc_allocator_t *allocator, zc_store_t *store);
void zc_delta_fini(zc_delta_t *delta);

/* Adds all that the store holds within the rows, which are copied. Returns OK or NO_MEMORY; then a
 * part was added. */
zcache_status zc_delta_add(zc_delta_t *delta, const zc_vector_t *rows);

/* Leaves the chain of an origin, which is about to be removed from the store. */
void zc_delta_leave(zc_delta_t *delta, zc_origin_index_t origin);

/* The item of the highest stamp that is left, valid until the store changes; false: none. What was
 * added twice is shown once if it was added before it was shown. */
bool zc_delta_item(zc_delta_t *delta, zc_store_item_t *item);

/* Goes past the item that was shown last. */
void zc_delta_next(zc_delta_t *delta);

#endif
