/* SPDX-License-Identifier: MPL-2.0 */
/* Marks: which entries a replace-sync sent (rule R9). A mark is a flag of the slot; ghosts and free
 * slots have none. */
#include "lib/store/register.h"
#include "lib/store/state.h"

void zc_store_mark(zc_store_t *store, uint64_t key_hash) {
    uint32_t number = zc_index_find(&store->index, key_hash);
    if (number != ZC_SLOT_NONE && zc_slot_kind(zc_store_slot(store, number)) == ZC_SLOT_ENTRY) {
        zc_store_slot(store, number)->flags |= ZC_FLAG_MARK;
    }
}

static void unmark_or_drop(zc_store_t *store, uint32_t number, zc_store_drop_fn *drop,
                           void *context) {
    zc_slot_t *slot = zc_store_slot(store, number);
    if (zc_slot_kind(slot) != ZC_SLOT_ENTRY) {
        return;
    }
    if ((slot->flags & ZC_FLAG_MARK) != 0 || drop == NULL) {
        slot->flags &= (uint8_t)~ZC_FLAG_MARK;
        return;
    }
    if (zc_store_slot_is_void(store, slot)) {
        return;
    }
    zc_store_item_t item;
    zc_register_view(store, number, &item);
    if (drop(context, &item)) {
        zc_register_go(store, number, ZC_CHANGE_DROP);
    }
}

bool zc_store_drop_unmarked(zc_store_t *store, uint32_t *position, size_t budget,
                            zc_store_drop_fn *drop, void *context) {
    for (; budget > 0 && *position < store->slots.end; budget--) {
        if (*position != ZC_SLOT_NONE) {
            unmark_or_drop(store, *position, drop, context);
        }
        (*position)++;
    }
    return *position >= store->slots.end;
}
