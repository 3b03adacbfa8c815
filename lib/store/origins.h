/* SPDX-License-Identifier: MPL-2.0 */
/* Origins by index: the ids that this store knows, and for each the ends of its chain, its run and
 * its floor.
 *
 * An index stays until its origin is removed; then it is free, its id is none, and the next new
 * origin gets it. The list of ids changes under the lock, because readers compare ids where an
 * entry has the very HLC of the clear register. */
#ifndef ZC_STORE_ORIGINS_H
#define ZC_STORE_ORIGINS_H

#include <zcache/status.h>

#include "lib/base/allocator.h"
#include "lib/base/lock.h"
#include "lib/base/stamp.h"
#include "lib/store/store.h"

/* See chain.c. Numbers of slots, 0: none. */
typedef struct zc_chain {
    uint32_t newest;
    uint32_t oldest;
    uint32_t finger;            /* linked last out of order: the next one is probably beside it */
    uint32_t run;               /* how many of its slots are in the run */
    zc_hlc_t floor;             /* rule R9 */
    zc_store_cursor_t *cursors; /* in the chain */
} zc_chain_t;

typedef struct zc_origins {
    const zc_allocator_t *allocator;
    const zc_lock_t *lock;
    uint64_t seed;
    zc_origin_t *ids;
    zc_chain_t *chains;
    uint16_t *table; /* twice as many places as there is room for ids; open addressing */
    uint32_t count;  /* indexes that were ever given */
    uint32_t capacity;
    uint32_t free_count; /* ... of which so many are free again */
} zc_origins_t;

void zc_origins_init(zc_origins_t *origins, const zc_allocator_t *allocator, const zc_lock_t *lock,
                     uint64_t seed);
void zc_origins_fini(zc_origins_t *origins);

/* As zc_store_origin and zc_store_origin_find. */
zcache_status zc_origins_add(zc_origins_t *origins, const zc_origin_t *origin,
                             zc_origin_index_t *index);
zc_origin_index_t zc_origins_find(const zc_origins_t *origins, const zc_origin_t *origin);

/* Frees the index of an origin that has no slot. */
void zc_origins_remove(zc_origins_t *origins, zc_origin_index_t index);

#endif
