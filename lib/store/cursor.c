/* SPDX-License-Identifier: MPL-2.0 */
/* Cursors: places in a chain that the store keeps good. A cursor stands at a slot of its chain, or
 * at the end (no slot). chain.c moves those whose slot is unlinked. Each chain has a list of its
 * own: a delta holds a cursor in every chain, and a write looks at those of one. */
#include "lib/store/chain.h"
#include "lib/store/register.h"
#include "lib/store/state.h"

static void open_cursor(zc_store_t *store, zc_store_cursor_t *cursor, zc_origin_index_t origin,
                        bool newer) {
    /* What is in the run has its place now, else a delta would pass it over. */
    zc_chain_settle(store, SIZE_MAX);
    zc_chain_t *chain = zc_store_chain(store, origin);
    *cursor = (zc_store_cursor_t){.origin = origin, .newer = newer, .next = chain->cursors};
    if (chain->cursors != NULL) {
        chain->cursors->previous = cursor;
    }
    chain->cursors = cursor;
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
        zc_chain_t *chain = zc_store_chain(store, cursor->origin);
        ZC_ASSERT(chain->cursors == cursor);
        chain->cursors = cursor->next;
    }
    if (cursor->next != NULL) {
        cursor->next->previous = cursor->previous;
    }
}
