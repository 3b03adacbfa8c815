/* SPDX-License-Identifier: MPL-2.0 */
/* Taking slots and giving them back. Number 0 is never taken; a slot given back is free and has no
 * flags. */
#include "lib/store/slots.h"

#include "lib/base/assert.h"

static const zc_shape_t slot_shape = {ZC_SLOTS_FIRST_BITS, sizeof(zc_slot_t)};
static const zc_shape_t neighbours_shape = {ZC_SLOTS_FIRST_BITS, sizeof(zc_neighbours_t)};
static const zc_shape_t stretch_shape = {ZC_STRETCHES_FIRST_BITS, sizeof(zc_stretch_t)};

void zc_slots_init(zc_slots_t *slots, const zc_allocator_t *allocator) {
    memset(slots, 0, sizeof *slots);
    slots->allocator = allocator;
    slots->end = ZC_SLOT_NONE + 1;
    slots->free = ZC_SLOT_NONE;
    zc_slab_init(&slots->slab, allocator);
}

void zc_slots_fini(zc_slots_t *slots) {
    zc_slab_fini(&slots->slab);
    zc_directory_fini(&slots->slots, slots->allocator);
    zc_directory_fini(&slots->neighbours, slots->allocator);
    zc_directory_fini(&slots->stretches, slots->allocator);
}

/* Room for an item with this number, which is the next. */
static bool has_room(const zc_slots_t *slots, zc_directory_t *directory, zc_shape_t shape,
                     uint32_t number) {
    return number < zc_directory_room(directory, shape) ||
           zc_directory_grow(directory, slots->allocator, shape);
}

zcache_status zc_slots_reserve(zc_slots_t *slots) {
    if (slots->free != ZC_SLOT_NONE) {
        return ZCACHE_OK;
    }
    if (slots->end == ZC_SLOTS_MAX) {
        return ZCACHE_BUSY;
    }
    bool reserved =
        has_room(slots, &slots->slots, slot_shape, slots->end) &&
        has_room(slots, &slots->neighbours, neighbours_shape, slots->end) &&
        has_room(slots, &slots->stretches, stretch_shape, slots->end >> ZC_STRETCH_BITS);
    return reserved ? ZCACHE_OK : ZCACHE_NO_MEMORY;
}

static void blank(zc_slot_t *slot, uint32_t next_free) {
    zc_word_store(&slot->hlc, 0);
    zc_word_store(&slot->key_hash, 0);
    zc_word_store(&slot->index_next, ZC_SLOT_NONE);
    zc_word_store(&slot->origin, 0);
    zc_word_store(&slot->label, ZC_SLOT_FREE);
    slot->chain_older = next_free;
    slot->chain_newer = ZC_SLOT_NONE;
    slot->flags = 0;
}

/* The first slot of a stretch makes it. */
uint32_t zc_slots_take(zc_slots_t *slots) {
    uint32_t number = slots->free;
    if (number != ZC_SLOT_NONE) {
        slots->free = zc_slot_at(slots, number)->chain_older;
        return number;
    }
    ZC_ASSERT(slots->end < zc_directory_room(&slots->slots, slot_shape));
    number = slots->end++;
    if (number == ZC_SLOT_NONE + 1 || (number & (ZC_STRETCH_SLOTS - 1)) == 0) {
        *zc_stretch_at(slots, number >> ZC_STRETCH_BITS) = (zc_stretch_t){.due_ms = UINT64_MAX};
    }
    blank(zc_slot_at(slots, number), ZC_SLOT_NONE);
    *zc_neighbours_at(slots, number) = (zc_neighbours_t){.older = ZC_SLOT_NONE};
    return number;
}

void zc_slots_give(zc_slots_t *slots, uint32_t number) {
    blank(zc_slot_at(slots, number), slots->free);
    slots->free = number;
}
