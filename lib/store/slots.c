/* SPDX-License-Identifier: MPL-2.0 */
/* Taking slots and giving them back. Number 0 is never taken; a slot given back is free and has no
 * flags. */
#include "lib/store/slots.h"

#include "lib/base/assert.h"

void zc_slots_init(zc_slots_t *slots, const zc_allocator_t *allocator, const zc_lock_t *lock) {
    slots->allocator = allocator;
    slots->lock = lock;
    zc_slab_init(&slots->slab, allocator);
    slots->now_ms = 0;
    slots->directory = (zc_directory_t){.count = 0};
    slots->end = ZC_SLOT_NONE + 1;
    slots->free = ZC_SLOT_NONE;
}

void zc_slots_fini(zc_slots_t *slots) {
    zc_slab_fini(&slots->slab);
    zc_directory_fini(&slots->directory, slots->allocator);
}

zcache_status zc_slots_reserve(zc_slots_t *slots) {
    if (slots->free != ZC_SLOT_NONE || slots->end >> ZC_SEGMENT_BITS < slots->directory.count) {
        return ZCACHE_OK;
    }
    if (slots->directory.count == ZC_SEGMENTS_MAX) {
        return ZCACHE_BUSY;
    }
    if (!zc_directory_grow(&slots->directory, slots->allocator, slots->lock,
                           sizeof(zc_segment_t))) {
        return ZCACHE_NO_MEMORY;
    }
    zc_segment_at(slots, slots->directory.count - 1)->due_ms = UINT64_MAX;
    return ZCACHE_OK;
}

uint32_t zc_slots_take(zc_slots_t *slots) {
    if (slots->free == ZC_SLOT_NONE) {
        ZC_ASSERT(slots->end >> ZC_SEGMENT_BITS < slots->directory.count);
        return slots->end++;
    }
    uint32_t number = slots->free;
    slots->free = zc_slot_at(slots, number)->chain_older;
    return number;
}

void zc_slots_give(zc_slots_t *slots, uint32_t number) {
    zc_slot_t *slot = zc_slot_at(slots, number);
    *slot = (zc_slot_t){.chain_older = slots->free};
    slots->free = number;
}
