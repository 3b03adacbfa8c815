/* SPDX-License-Identifier: MPL-2.0 */
/* A walk over the whole store in LRU order, in many short steps while the store changes: every
 * entry that stays is shown exactly once, whatever is read, written or evicted meanwhile, and the
 * walk always ends.
 *
 * First the LRU list, from the tail up (or the head down) as far as entries were last used before
 * the walk began; then, by slot number, whatever was used since and has not been shown. What has
 * been shown is kept in a bitmap, a bit a slot; a slot that is used again for another key may be
 * left out: such a key was written during the walk. */
#ifndef ZC_STORE_WALK_H
#define ZC_STORE_WALK_H

#include "lib/store/store.h"

typedef struct zc_store_walk zc_store_walk_t;

typedef enum zc_walk_order {
    ZC_WALK_COLDEST_FIRST, /* a full transfer (S2): entries, then ghosts */
    ZC_WALK_HOTTEST_FIRST, /* spy: entries alone */
} zc_walk_order_t;

/* Returns OK or NO_MEMORY. The walk is registered with the store and must be destroyed before it.
 */
zcache_status zc_store_walk_new(zc_store_t *store, zc_walk_order_t order, zc_store_walk_t **walk);

/* The item at which the walk stands, valid until the next mutating call of the store. Voided ones
 * are passed over, and by HOTTEST_FIRST expired ones; a transfer brings those, because they refuse
 * older writes until they are collected. Looks at no more than `*budget` slots and lowers it by
 * what it looked at. Returns OK, BUSY (the budget is spent, there is more) or MISS (the end). */
zcache_status zc_store_walk_item(zc_store_walk_t *walk, uint64_t now_ms, size_t *budget,
                                 zc_store_item_t *item);

/* Goes past the item that was shown last. */
void zc_store_walk_next(zc_store_walk_t *walk);

void zc_store_walk_destroy(zc_store_walk_t **walk);

#endif
