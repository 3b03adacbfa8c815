/* SPDX-License-Identifier: MPL-2.0 */
/* Linking in stamp order at O(1) for all that really comes: a new write at the newest end, a delta
 * (oldest first or newest first) beside what it brought before, and what a full transfer brings in
 * the order of use by way of the run. */
#include "lib/store/chain.h"

#include "lib/store/state.h"

/* Puts a slot between two neighbours of a chain. */
static void put_between(zc_store_t *store, zc_chain_t *chain, uint32_t number, uint32_t older,
                        uint32_t newer) {
    zc_slot_t *slot = zc_store_slot(store, number);
    slot->chain_older = older;
    slot->chain_newer = newer;
    if (older != ZC_SLOT_NONE) {
        zc_store_slot(store, older)->chain_newer = number;
    } else {
        chain->oldest = number;
    }
    if (newer != ZC_SLOT_NONE) {
        zc_store_slot(store, newer)->chain_older = number;
    } else {
        chain->newest = number;
    }
}

/* Cursors that stand at the end of a chain and walk newer see what is appended. */
static void wake_cursors(const zc_chain_t *chain, uint32_t number) {
    for (zc_store_cursor_t *cursor = chain->cursors; cursor != NULL; cursor = cursor->next) {
        if (cursor->slot == ZC_SLOT_NONE && cursor->newer) {
            cursor->slot = number;
        }
    }
}

static void append(zc_store_t *store, zc_chain_t *chain, uint32_t number) {
    put_between(store, chain, number, chain->newest, ZC_SLOT_NONE);
    wake_cursors(chain, number);
}

static void push_run(zc_store_t *store, zc_chain_t *chain, uint32_t number) {
    zc_slot_t *slot = zc_store_slot(store, number);
    slot->flags |= ZC_FLAG_RUN;
    chain->run++;
    zc_run_push(&store->run, &(zc_run_item_t){slot->hlc, number, slot->origin});
}

/* One step of a search that began at the finger. True: *at is the place. */
static bool step_finger(const zc_store_t *store, uint32_t *at, bool older, zc_hlc_t hlc) {
    const zc_slot_t *slot = zc_store_slot(store, *at);
    if (older) {
        if (slot->hlc <= hlc) {
            return true;
        }
        *at = slot->chain_older;
        return *at == ZC_SLOT_NONE;
    }
    uint32_t newer = slot->chain_newer;
    ZC_ASSERT(newer != ZC_SLOT_NONE); /* the newest is above `hlc`, or the search was over */
    if (zc_store_slot(store, newer)->hlc > hlc) {
        return true;
    }
    *at = newer;
    return false;
}

/* Searches from both ends and from the finger at once, so that the nearest of the three decides
 * what it costs. */
uint32_t zc_chain_seek(const zc_store_t *store, zc_origin_index_t origin, zc_hlc_t hlc) {
    const zc_chain_t *chain = zc_store_chain(store, origin);
    uint32_t down = chain->newest;
    uint32_t up = chain->oldest;
    if (down == ZC_SLOT_NONE) {
        return ZC_SLOT_NONE;
    }
    uint32_t near = chain->finger != ZC_SLOT_NONE ? chain->finger : down;
    bool near_older = zc_store_slot(store, near)->hlc > hlc;
    for (;;) {
        const zc_slot_t *upper = zc_store_slot(store, down);
        if (upper->hlc <= hlc) {
            return down;
        }
        const zc_slot_t *lower = zc_store_slot(store, up);
        if (lower->hlc > hlc) {
            return lower->chain_older;
        }
        if (step_finger(store, &near, near_older, hlc)) {
            return near;
        }
        down = upper->chain_older;
        up = lower->chain_newer;
    }
}

static void link_in_order(zc_store_t *store, zc_chain_t *chain, uint32_t number) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    if (chain->newest == ZC_SLOT_NONE || slot->hlc >= zc_store_slot(store, chain->newest)->hlc) {
        append(store, chain, number);
    } else {
        uint32_t older = zc_chain_seek(store, slot->origin, slot->hlc);
        uint32_t newer =
            older != ZC_SLOT_NONE ? zc_store_slot(store, older)->chain_newer : chain->oldest;
        put_between(store, chain, number, older, newer);
        chain->finger = number;
    }
}

/* What belongs at either end of the chain is linked at once, also while a run is open. */
void zc_chain_link(zc_store_t *store, uint32_t number) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    zc_chain_t *chain = zc_store_chain(store, slot->origin);
    if (store->run_open && chain->newest != ZC_SLOT_NONE &&
        slot->hlc >= zc_store_slot(store, chain->oldest)->hlc &&
        slot->hlc < zc_store_slot(store, chain->newest)->hlc) {
        push_run(store, chain, number);
    } else {
        link_in_order(store, chain, number);
    }
}

static void move_cursors(const zc_store_t *store, const zc_chain_t *chain, uint32_t number) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    for (zc_store_cursor_t *cursor = chain->cursors; cursor != NULL; cursor = cursor->next) {
        if (cursor->slot == number) {
            cursor->slot = cursor->newer ? slot->chain_newer : slot->chain_older;
        }
    }
}

void zc_chain_unlink(zc_store_t *store, uint32_t number) {
    zc_slot_t *slot = zc_store_slot(store, number);
    zc_chain_t *chain = zc_store_chain(store, slot->origin);
    if ((slot->flags & ZC_FLAG_RUN) != 0) {
        slot->flags &= (uint8_t)~ZC_FLAG_RUN; /* the run passes over it */
        chain->run--;
        return;
    }
    move_cursors(store, chain, number);
    if (chain->finger == number) {
        chain->finger = slot->chain_older != ZC_SLOT_NONE ? slot->chain_older : slot->chain_newer;
    }
    if (slot->chain_older != ZC_SLOT_NONE) {
        zc_store_slot(store, slot->chain_older)->chain_newer = slot->chain_newer;
    } else {
        ZC_ASSERT(chain->oldest == number);
        chain->oldest = slot->chain_newer;
    }
    if (slot->chain_newer != ZC_SLOT_NONE) {
        zc_store_slot(store, slot->chain_newer)->chain_older = slot->chain_older;
    } else {
        ZC_ASSERT(chain->newest == number);
        chain->newest = slot->chain_older;
    }
}

/* What went meanwhile, or was written anew, is passed over. */
static void settle_item(zc_store_t *store, const zc_run_item_t *item) {
    zc_slot_t *slot = zc_store_slot(store, item->slot);
    if ((slot->flags & ZC_FLAG_RUN) == 0 || slot->hlc != item->hlc ||
        slot->origin != item->origin) {
        return;
    }
    zc_chain_t *chain = zc_store_chain(store, item->origin);
    slot->flags &= (uint8_t)~ZC_FLAG_RUN;
    chain->run--;
    link_in_order(store, chain, item->slot);
}

/* Each is linked beside the one before it: they come in stamp order. Slots lie anywhere in memory,
 * so they are asked for some items ahead. */
size_t zc_chain_settle(zc_store_t *store, size_t budget) {
    enum { AHEAD = 16 };
    while (budget > 0 && !zc_run_is_empty(&store->run)) {
        zc_run_item_t items[AHEAD];
        size_t count = 0;
        while (count < AHEAD && count < budget && zc_run_pop(&store->run, &items[count])) {
            __builtin_prefetch(zc_store_slot(store, items[count].slot), 1);
            count++;
        }
        for (size_t i = 0; i < count; i++) {
            settle_item(store, &items[i]);
        }
        budget -= count;
        if (zc_run_is_empty(&store->run)) {
            /* A clear may void what was in the run: the sweep looks at the chains again. */
            store->sweep.voided = true;
            store->sweep.origin = 0;
        }
    }
    return budget;
}

void zc_store_run_begin(zc_store_t *store) {
    if (!store->run_open) {
        store->run_open = true;
        zc_store_lock(store);
        zc_order_merge_begin(&store->entries);
        zc_store_unlock(store);
    }
}

void zc_store_run_end(zc_store_t *store) {
    store->run_open = false;
}
