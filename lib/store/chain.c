/* SPDX-License-Identifier: MPL-2.0 */
/* Linking in stamp order at O(1) for all that really comes: a new write at the newest end, a delta
 * (oldest first or newest first) beside what it brought before, and what a full transfer brings in
 * the order of use in the run, which is sorted once. */
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
    slot->chain_older = chain->run;
    slot->chain_newer = ZC_SLOT_NONE;
    if (chain->run != ZC_SLOT_NONE) {
        zc_store_slot(store, chain->run)->chain_newer = number;
    }
    chain->run = number;
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

void zc_chain_link(zc_store_t *store, uint32_t number) {
    const zc_slot_t *slot = zc_store_slot(store, number);
    zc_chain_t *chain = zc_store_chain(store, slot->origin);
    if (chain->newest == ZC_SLOT_NONE || slot->hlc >= zc_store_slot(store, chain->newest)->hlc) {
        append(store, chain, number);
        return;
    }
    if (slot->hlc < zc_store_slot(store, chain->oldest)->hlc) {
        put_between(store, chain, number, ZC_SLOT_NONE, chain->oldest);
    } else if (store->run_open) {
        push_run(store, chain, number);
        return;
    } else {
        uint32_t older = zc_chain_seek(store, slot->origin, slot->hlc);
        put_between(store, chain, number, older, zc_store_slot(store, older)->chain_newer);
    }
    chain->finger = number;
}

static void unlink_run(zc_store_t *store, zc_chain_t *chain, zc_slot_t *slot) {
    if (slot->chain_newer != ZC_SLOT_NONE) {
        zc_store_slot(store, slot->chain_newer)->chain_older = slot->chain_older;
    } else {
        chain->run = slot->chain_older;
    }
    if (slot->chain_older != ZC_SLOT_NONE) {
        zc_store_slot(store, slot->chain_older)->chain_newer = slot->chain_newer;
    }
    slot->flags &= (uint8_t)~ZC_FLAG_RUN;
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
        unlink_run(store, chain, slot);
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

/* Merges two lists that are linked by chain_older, newest first. */
static uint32_t merge_lists(const zc_store_t *store, uint32_t a, uint32_t b) {
    uint32_t first = ZC_SLOT_NONE;
    uint32_t *end = &first;
    while (a != ZC_SLOT_NONE && b != ZC_SLOT_NONE) {
        uint32_t *taken = zc_store_slot(store, a)->hlc >= zc_store_slot(store, b)->hlc ? &a : &b;
        *end = *taken;
        end = &zc_store_slot(store, *taken)->chain_older;
        *taken = *end;
    }
    *end = a != ZC_SLOT_NONE ? a : b;
    return first;
}

/* Merge sort from below: bin i holds a sorted list of 2^i slots, or nothing. */
static uint32_t sort_list(const zc_store_t *store, uint32_t list) {
    uint32_t bins[32] = {ZC_SLOT_NONE};
    while (list != ZC_SLOT_NONE) {
        zc_slot_t *slot = zc_store_slot(store, list);
        uint32_t carry = list;
        list = slot->chain_older;
        slot->chain_older = ZC_SLOT_NONE;
        size_t bin = 0;
        for (; bins[bin] != ZC_SLOT_NONE; bin++) {
            carry = merge_lists(store, bins[bin], carry);
            bins[bin] = ZC_SLOT_NONE;
        }
        bins[bin] = carry;
    }
    uint32_t sorted = ZC_SLOT_NONE;
    for (size_t bin = 0; bin < sizeof bins / sizeof bins[0]; bin++) {
        sorted = merge_lists(store, bins[bin], sorted);
    }
    return sorted;
}

/* What is appended here came out of order, and cursors at the end see the oldest of it first. */
static void wake_after(const zc_store_t *store, const zc_chain_t *chain, uint32_t newest_before) {
    if (newest_before == chain->newest) {
        return;
    }
    uint32_t appended = newest_before == ZC_SLOT_NONE
                            ? chain->oldest
                            : zc_store_slot(store, newest_before)->chain_newer;
    wake_cursors(chain, appended);
}

void zc_chain_settle(zc_store_t *store, zc_origin_index_t origin) {
    zc_chain_t *chain = zc_store_chain(store, origin);
    if (chain->run == ZC_SLOT_NONE) {
        return;
    }
    uint32_t next = sort_list(store, chain->run);
    chain->run = ZC_SLOT_NONE;
    uint32_t newest_before = chain->newest;
    uint32_t newer = ZC_SLOT_NONE;
    uint32_t older = chain->newest;
    while (next != ZC_SLOT_NONE) {
        zc_slot_t *slot = zc_store_slot(store, next);
        uint32_t after = slot->chain_older;
        while (older != ZC_SLOT_NONE && zc_store_slot(store, older)->hlc > slot->hlc) {
            newer = older;
            older = zc_store_slot(store, older)->chain_older;
        }
        slot->flags &= (uint8_t)~ZC_FLAG_RUN;
        put_between(store, chain, next, older, newer);
        newer = next;
        next = after;
    }
    wake_after(store, chain, newest_before);
    /* A clear may void what was in the run: the sweep, which looks at chains, starts again. */
    store->sweep.voided = true;
    store->sweep.origin = 0;
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
    for (uint32_t origin = 0; origin < store->origins.count; origin++) {
        zc_chain_settle(store, (zc_origin_index_t)origin);
    }
}
