/* SPDX-License-Identifier: MPL-2.0 */
/* Walks. What has been used since the walk began is behind the end of its place in the LRU list and
 * comes in the second part; the bitmap tells what has been shown of it. The bitmap has a bit for
 * each slot that there was at the beginning: an entry in a slot beyond was written since. */
#include "lib/store/walk.h"

#include "lib/store/register.h"
#include "lib/store/state.h"

typedef enum phase {
    PHASE_ORDER,  /* entries that were not used since, in order of use */
    PHASE_USED,   /* entries that were, by slot number */
    PHASE_GHOSTS, /* ghosts, in the order in which they came to be */
    PHASE_END,
} phase_t;

struct zc_store_walk {
    zc_store_t *store;
    zc_walk_order_t order;
    phase_t phase;
    zc_order_place_t place; /* ORDER, GHOSTS */
    uint32_t scan;          /* USED: the slot to look at */
    uint32_t limit;         /* slots from here on have no bit */
    uint32_t shown;         /* the slot that was shown last and not yet gone past */
    uint64_t bits[];
};

enum { WORD_BITS = 64 };

static bool bit_is_set(const zc_store_walk_t *walk, uint32_t number) {
    return (walk->bits[number / WORD_BITS] >> (number % WORD_BITS) & 1) != 0;
}

zcache_status zc_store_walk_new(zc_store_t *store, zc_walk_order_t order, zc_store_walk_t **walk) {
    uint32_t limit = store->slots.end;
    size_t words = (limit + WORD_BITS - 1) / WORD_BITS;
    zc_store_walk_t *made =
        zc_allocate_zeroed(store->options.allocator, sizeof *made + words * sizeof made->bits[0]);
    if (made == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    made->store = store;
    made->order = order;
    made->limit = limit;
    zc_store_lock(store);
    zc_readers_drain(store);
    zc_order_place_open(store, &made->place);
    zc_order_place_set(&made->place, &store->entries, order == ZC_WALK_COLDEST_FIRST);
    zc_store_unlock(store);
    *walk = made;
    return ZCACHE_OK;
}

/* The next part begins. Under the lock. */
static void enter_next_phase(zc_store_walk_t *walk) {
    switch (walk->phase) {
    case PHASE_ORDER:
        walk->phase = PHASE_USED;
        walk->scan = ZC_SLOT_NONE + 1;
        break;
    case PHASE_USED:
        walk->phase = walk->order == ZC_WALK_COLDEST_FIRST ? PHASE_GHOSTS : PHASE_END;
        if (walk->phase == PHASE_GHOSTS) {
            zc_order_place_set(&walk->place, &walk->store->ghosts, true);
        }
        break;
    case PHASE_GHOSTS:
    case PHASE_END:
        walk->phase = PHASE_END;
        break;
    }
}

/* The slot to look at next in this part, or ZC_SLOT_NONE: the part is over. */
static uint32_t candidate(const zc_store_walk_t *walk) {
    if (walk->phase == PHASE_USED) {
        return walk->scan < walk->limit ? walk->scan : ZC_SLOT_NONE;
    }
    return walk->phase == PHASE_END ? ZC_SLOT_NONE : walk->place.at;
}

static void go_past(zc_store_walk_t *walk) {
    if (walk->phase == PHASE_USED) {
        walk->scan++;
    } else {
        zc_order_place_advance(walk->store, &walk->place);
    }
}

/* Under the lock. */
static bool is_to_be_shown(const zc_store_walk_t *walk, uint32_t number, uint64_t now_ms) {
    const zc_slot_t *slot = zc_store_slot(walk->store, number);
    if (walk->phase == PHASE_GHOSTS) {
        return !zc_store_slot_is_void(walk->store, slot);
    }
    if (zc_slot_kind(slot) != ZC_SLOT_ENTRY || bit_is_set(walk, number)) {
        return false;
    }
    /* A transfer brings expired entries too: they refuse older writes until they are collected. */
    return walk->order == ZC_WALK_COLDEST_FIRST ? !zc_store_slot_is_void(walk->store, slot)
                                                : zc_store_is_alive(walk->store, slot, now_ms);
}

/* One slot, or the end of a part. True: walk->shown is the one to show. */
static bool look(zc_store_walk_t *walk, uint64_t now_ms, size_t *budget) {
    uint32_t number = candidate(walk);
    if (number == ZC_SLOT_NONE) {
        enter_next_phase(walk);
        return false;
    }
    (*budget)--;
    if (is_to_be_shown(walk, number, now_ms)) {
        walk->shown = number;
        return true;
    }
    go_past(walk);
    return false;
}

zcache_status zc_store_walk_item(zc_store_walk_t *walk, uint64_t now_ms, size_t *budget,
                                 zc_store_item_t *item) {
    while (walk->phase != PHASE_END) {
        if (*budget == 0) {
            return ZCACHE_BUSY;
        }
        zc_store_lock(walk->store);
        zc_readers_drain(walk->store);
        bool found = look(walk, now_ms, budget);
        zc_store_unlock(walk->store);
        if (found) {
            zc_register_view(walk->store, walk->shown, item);
            return ZCACHE_OK;
        }
    }
    return ZCACHE_MISS;
}

void zc_store_walk_next(zc_store_walk_t *walk) {
    uint32_t shown = walk->shown;
    if (shown == ZC_SLOT_NONE) {
        return;
    }
    walk->shown = ZC_SLOT_NONE;
    if (walk->phase != PHASE_GHOSTS && shown < walk->limit) {
        walk->bits[shown / WORD_BITS] |= UINT64_C(1) << (shown % WORD_BITS);
    }
    zc_store_lock(walk->store);
    if (candidate(walk) == shown) {
        go_past(walk);
    }
    zc_store_unlock(walk->store);
}

void zc_store_walk_destroy(zc_store_walk_t **walk) {
    if (walk == NULL || *walk == NULL) {
        return;
    }
    zc_store_t *store = (*walk)->store;
    zc_store_lock(store);
    zc_order_place_close(store, &(*walk)->place);
    zc_store_unlock(store);
    zc_free(store->options.allocator, *walk);
    *walk = NULL;
}
