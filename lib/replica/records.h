/* SPDX-License-Identifier: MPL-2.0 */
/* A list of records in the arena, cut where a batch or chunk is full (rule L1). */
#ifndef ZC_REPLICA_RECORDS_H
#define ZC_REPLICA_RECORDS_H

#include "lib/replica/arena.h"
#include "lib/replica/message.h"
#include "lib/store/store.h"

typedef struct zc_records {
    zc_arena_t *arena;
    zc_record_t *records;
    size_t count;
    size_t capacity;
    size_t bytes; /* as zc_record_bytes counts */
} zc_records_t;

/* The item would take the list over BATCH_MAX or BATCH_RECORDS_MAX; an empty list is never full. */
bool zc_records_full(const zc_records_t *list, const zc_store_item_t *item);

/* Adds the item as a record of the `origin`-th origin of its message; key and value stay the
 * store's. False: no memory. */
bool zc_records_add(zc_records_t *list, const zc_store_item_t *item, uint32_t origin,
                    uint64_t age_ms);

/* An item as a record, and back (`origin` is the store's index). */
zc_record_t zc_record_of_item(const zc_store_item_t *item, uint32_t origin, uint64_t age_ms);
zc_store_item_t zc_record_to_item(const zc_record_t *record, zc_origin_index_t origin,
                                  uint64_t now_ms);

#endif
