/* SPDX-License-Identifier: MPL-2.0 */
/* Linking and unlinking in order of use. A place whose slot is unlinked moves on first, and an end
 * draws back towards its place, so that both are always slots of the list. */
#include "lib/store/order.h"

#include "lib/store/state.h"

enum { MERGE_STEPS = 64 };

static zc_neighbours_t *neighbours_at(const zc_store_t *store, uint32_t number) {
    return zc_neighbours_at(&store->slots, number);
}

void zc_order_push(zc_store_t *store, zc_order_t *order, uint32_t number) {
    *neighbours_at(store, number) =
        (zc_neighbours_t){.older = order->newest, .newer = ZC_SLOT_NONE};
    if (order->newest != ZC_SLOT_NONE) {
        neighbours_at(store, order->newest)->newer = number;
    } else {
        order->oldest = number;
    }
    order->newest = number;
}

void zc_order_merge_begin(zc_order_t *order) {
    order->merged = order->oldest;
}

/* Where an entry of this last use belongs: the first slot that was used after it, or ZC_SLOT_NONE.
 * The search is bounded, as it is done under the lock. */
static uint32_t place_of(const zc_store_t *store, const zc_order_t *order, uint64_t used_ms) {
    uint32_t at = order->merged;
    for (int step = 0; step < MERGE_STEPS && at != ZC_SLOT_NONE; step++) {
        if (zc_slot_used_ms(&store->slots, zc_store_slot(store, at)) > used_ms) {
            return at;
        }
        at = neighbours_at(store, at)->newer;
    }
    return at;
}

void zc_order_merge(zc_store_t *store, zc_order_t *order, uint32_t number) {
    uint64_t used_ms = zc_slot_used_ms(&store->slots, zc_store_slot(store, number));
    if (order->newest == ZC_SLOT_NONE ||
        zc_slot_used_ms(&store->slots, zc_store_slot(store, order->newest)) <= used_ms) {
        /* What is merged goes on behind it where it came last. */
        if (order->merged == ZC_SLOT_NONE || order->merged == order->newest) {
            order->merged = number;
        }
        zc_order_push(store, order, number);
        return;
    }
    uint32_t newer = place_of(store, order, used_ms);
    order->merged = number;
    if (newer == ZC_SLOT_NONE) {
        zc_order_push(store, order, number);
        return;
    }
    zc_neighbours_t *after = neighbours_at(store, newer);
    *neighbours_at(store, number) = (zc_neighbours_t){.older = after->older, .newer = newer};
    if (after->older != ZC_SLOT_NONE) {
        neighbours_at(store, after->older)->newer = number;
    } else {
        order->oldest = number;
    }
    after->older = number;
}

static void leave(const zc_store_t *store, uint32_t number) {
    for (zc_order_place_t *place = store->places; place != NULL; place = place->next) {
        if (place->at == number) {
            zc_order_place_advance(store, place);
        } else if (place->end == number) {
            const zc_neighbours_t *link = neighbours_at(store, number);
            place->end = place->newer ? link->older : link->newer;
        }
    }
}

void zc_order_unlink(zc_store_t *store, zc_order_t *order, uint32_t number) {
    leave(store, number);
    zc_neighbours_t *link = neighbours_at(store, number);
    if (order->merged == number) {
        order->merged = link->newer;
    }
    if (link->older != ZC_SLOT_NONE) {
        neighbours_at(store, link->older)->newer = link->newer;
    } else {
        ZC_ASSERT(order->oldest == number);
        order->oldest = link->newer;
    }
    if (link->newer != ZC_SLOT_NONE) {
        neighbours_at(store, link->newer)->older = link->older;
    } else {
        ZC_ASSERT(order->newest == number);
        order->newest = link->older;
    }
    *link = (zc_neighbours_t){.older = ZC_SLOT_NONE};
}

/* What every read comes to: in one go where no place has to move on. */
void zc_order_move(zc_store_t *store, zc_order_t *order, uint32_t number) {
    if (order->newest == number) {
        return;
    }
    if (store->places != NULL || order->merged == number || order->oldest == number) {
        zc_order_unlink(store, order, number);
        zc_order_push(store, order, number);
        return;
    }
    zc_neighbours_t *link = neighbours_at(store, number);
    neighbours_at(store, link->older)->newer = link->newer;
    neighbours_at(store, link->newer)->older = link->older;
    neighbours_at(store, order->newest)->newer = number;
    *link = (zc_neighbours_t){.older = order->newest, .newer = ZC_SLOT_NONE};
    order->newest = number;
}

/* What the moves touch is brought near for all of them first. */
void zc_order_move_all(zc_store_t *store, zc_order_t *order, const uint32_t *numbers,
                       uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const zc_neighbours_t *link = neighbours_at(store, numbers[i]);
        __builtin_prefetch(neighbours_at(store, link->older), 1);
        __builtin_prefetch(neighbours_at(store, link->newer), 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        zc_order_move(store, order, numbers[i]);
    }
}

void zc_order_place_open(zc_store_t *store, zc_order_place_t *place) {
    *place = (zc_order_place_t){.next = store->places};
    if (store->places != NULL) {
        store->places->previous = place;
    }
    store->places = place;
}

void zc_order_place_close(zc_store_t *store, zc_order_place_t *place) {
    if (place->previous != NULL) {
        place->previous->next = place->next;
    } else {
        ZC_ASSERT(store->places == place);
        store->places = place->next;
    }
    if (place->next != NULL) {
        place->next->previous = place->previous;
    }
}

void zc_order_place_set(zc_order_place_t *place, const zc_order_t *order, bool newer) {
    place->newer = newer;
    place->at = newer ? order->oldest : order->newest;
    place->end = newer ? order->newest : order->oldest;
}

void zc_order_place_advance(const zc_store_t *store, zc_order_place_t *place) {
    if (place->at == place->end) {
        place->at = ZC_SLOT_NONE;
        place->end = ZC_SLOT_NONE;
        return;
    }
    const zc_neighbours_t *link = neighbours_at(store, place->at);
    place->at = place->newer ? link->newer : link->older;
}
