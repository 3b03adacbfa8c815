/* SPDX-License-Identifier: MPL-2.0 */
/* Cursors: places in a chain that the store keeps good. A cursor stands at a slot of its chain, or
 * at the end (no slot). chain.c moves those whose slot is unlinked. */
#include "lib/store/chain.h"
#include "lib/store/register.h"
#include "lib/store/state.h"

static void open_cursor(zc_store_t *store, zc_store_cursor_t *cursor, zc_origin_index_t origin,
                        bool newer) {
    /* What is in the run has its place now, else a delta would pass it over. */
    zc_chain_settle(store, origin);
    *cursor = (zc_store_cursor_t){.origin = origin, .newer = newer, .next = store->cursors};
    if (store->cursors != NULL) {
        store->cursors->previous = cursor;
    }
    store->cursors = cursor;
}

void zc_store_cursor_open_older(zc_store_t *store, zc_store_cursor_t *cursor,
                                zc_origin_index_t origin, zc_hlc_t hlc) {
    open_cursor(store, cursor, origin, false);
    cursor->slot = zc_chain_seek(store, origin, hlc);
}

void zc_store_cursor_open_newer(zc_store_t *store, zc_store_cursor_t *cursor,
                                zc_origin_index_t origin, zc_hlc_t hlc) {
    open_cursor(store, cursor, origin, true);
    uint32_t passed = zc_chain_seek(store, origin, hlc);
    cursor->slot = passed != ZC_SLOT_NONE ? zc_store_slot(store, passed)->chain_newer
                                          : zc_store_chain(store, origin)->oldest;
}

bool zc_store_cursor_item(zc_store_t *store, zc_store_cursor_t *cursor, zc_store_item_t *item) {
    while (cursor->slot != ZC_SLOT_NONE &&
           zc_store_slot_is_void(store, zc_store_slot(store, cursor->slot))) {
        if (!cursor->newer) {
            cursor->slot = ZC_SLOT_NONE; /* what is older is voided as well */
            return false;
        }
        zc_store_cursor_next(store, cursor);
    }
    if (cursor->slot == ZC_SLOT_NONE) {
        return false;
    }
    zc_register_view(store, cursor->slot, item);
    return true;
}

void zc_store_cursor_next(zc_store_t *store, zc_store_cursor_t *cursor) {
    if (cursor->slot != ZC_SLOT_NONE) {
        const zc_slot_t *slot = zc_store_slot(store, cursor->slot);
        cursor->slot = cursor->newer ? slot->chain_newer : slot->chain_older;
    }
}

void zc_store_cursor_close(zc_store_t *store, zc_store_cursor_t *cursor) {
    if (cursor->previous != NULL) {
        cursor->previous->next = cursor->next;
    } else {
        ZC_ASSERT(store->cursors == cursor);
        store->cursors = cursor->next;
    }
    if (cursor->next != NULL) {
        cursor->next->previous = cursor->previous;
    }
}

bool zc_store_origin_is_walked(const zc_store_t *store, zc_origin_index_t origin) {
    for (const zc_store_cursor_t *cursor = store->cursors; cursor != NULL; cursor = cursor->next) {
        if (cursor->origin == origin) {
            return true;
        }
    }
    return false;
}
