/* SPDX-License-Identifier: MPL-2.0 */
/* Records for batches and chunks: the list doubles within the arena, so that nothing is sized for
 * the largest batch. */
#include "lib/replica/records.h"

#include <string.h>

#include <zcache/limits.h>

enum { CAPACITY_FIRST = 32 };

_Static_assert(ZCACHE_BATCH_MAX / ZC_RECORD_OVERHEAD_BYTES <= ZCACHE_BATCH_RECORDS_MAX,
               "what is within the bytes of a batch is within its number of records");

zc_record_t zc_record_of_item(const zc_store_item_t *item, uint32_t origin, uint64_t age_ms) {
    return (zc_record_t){
        .ghost = item->ghost,
        .type = item->type,
        .origin = origin,
        .hlc = item->hlc,
        .key_hash = item->key_hash,
        .key = item->key,
        .value = item->value,
        .deadline_ms = item->deadline_ms,
        .age_ms = age_ms,
    };
}

zc_store_item_t zc_record_to_item(const zc_record_t *record, zc_origin_index_t origin,
                                  uint64_t now_ms) {
    return (zc_store_item_t){
        .ghost = record->ghost,
        .type = record->type,
        .origin = origin,
        .hlc = record->hlc,
        .key_hash = record->key_hash,
        .key = record->key,
        .value = record->value,
        .deadline_ms = record->deadline_ms,
        .used_ms = now_ms > record->age_ms ? now_ms - record->age_ms : 0,
    };
}

bool zc_records_full(const zc_records_t *list, const zc_store_item_t *item) {
    if (list->count == 0) {
        return false;
    }
    zc_record_t record = zc_record_of_item(item, 0, 0);
    return list->bytes + zc_record_bytes(&record) > ZCACHE_BATCH_MAX;
}

static bool grow(zc_records_t *list) {
    size_t capacity = list->capacity == 0 ? CAPACITY_FIRST : list->capacity * 2;
    zc_record_t *records = zc_arena_take(list->arena, capacity * sizeof *records);
    if (records == NULL) {
        return false;
    }
    if (list->count > 0) {
        memcpy(records, list->records, list->count * sizeof *records);
    }
    list->records = records;
    list->capacity = capacity;
    return true;
}

bool zc_records_add(zc_records_t *list, const zc_store_item_t *item, uint32_t origin,
                    uint64_t age_ms) {
    if (list->count == list->capacity && !grow(list)) {
        return false;
    }
    zc_record_t *record = &list->records[list->count++];
    *record = zc_record_of_item(item, origin, age_ms);
    list->bytes += zc_record_bytes(record);
    return true;
}
