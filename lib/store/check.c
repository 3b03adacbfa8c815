/* SPDX-License-Identifier: MPL-2.0 */
/* Every invariant of a store, said once more in the plainest way. For tests: it looks at
 * everything, and nobody may read meanwhile. */
#include "lib/store/register.h"
#include "lib/store/state.h"

static void check_slots(const zc_store_t *store) {
    uint64_t entries = 0;
    uint64_t ghosts = 0;
    for (uint32_t number = ZC_SLOT_NONE + 1; number < store->slots.end; number++) {
        const zc_slot_t *slot = zc_store_slot(store, number);
        if (zc_slot_kind(slot) == ZC_SLOT_FREE) {
            ZC_ASSERT(slot->flags == 0);
            continue;
        }
        entries += zc_slot_kind(slot) == ZC_SLOT_ENTRY;
        ghosts += zc_slot_kind(slot) == ZC_SLOT_GHOST;
        ZC_ASSERT(slot->origin < store->origins.count);
        ZC_ASSERT(zc_index_has_course(&store->index, slot));
        ZC_ASSERT(zc_index_find(&store->index, zc_slot_key_hash(&store->slots, slot)) == number);
        ZC_ASSERT(zc_slot_kind(slot) == ZC_SLOT_ENTRY || (slot->flags & ZC_FLAG_MARK) == 0);
    }
    ZC_ASSERT(entries == store->entry_count);
    ZC_ASSERT(ghosts == store->ghost_count);
    ZC_ASSERT(entries + ghosts == store->index.linked);
    uint64_t free_slots = 0;
    for (uint32_t number = store->slots.free; number != ZC_SLOT_NONE;
         number = zc_store_slot(store, number)->chain_older) {
        ZC_ASSERT(zc_slot_kind(zc_store_slot(store, number)) == ZC_SLOT_FREE);
        free_slots++;
    }
    ZC_ASSERT(entries + ghosts + free_slots + 1 == store->slots.end);
}

/* Every block that is in use is that of one entry: of two that had the same, the index would not
 * find one. */
static void check_blocks(const zc_store_t *store) {
    const zc_slab_t *slab = &store->slots.slab;
    zc_slab_check(slab);
    for (uint32_t number = ZC_SLOT_NONE + 1; number < store->slots.end; number++) {
        const zc_slot_t *slot = zc_store_slot(store, number);
        if (zc_slot_kind(slot) == ZC_SLOT_ENTRY && !zc_block_is_large(slot->block)) {
            const zc_page_t *page = zc_page_at(&slab->pages, zc_block_page(slot->block));
            ZC_ASSERT(zc_slab_is_live(page, zc_block_number(slot->block)));
        }
    }
    ZC_ASSERT(slab->live == store->entry_count);
}

static void check_figures(const zc_store_t *store) {
    uint64_t bytes = 0;
    uint64_t digest = 0;
    uint64_t parts[ZC_DIGEST_PARTS] = {0};
    for (uint32_t number = ZC_SLOT_NONE + 1; number < store->slots.end; number++) {
        if (zc_slot_kind(zc_store_slot(store, number)) != ZC_SLOT_ENTRY) {
            continue;
        }
        zc_store_item_t item;
        zc_register_view(store, number, &item);
        ZC_ASSERT(item.key_hash == zc_key_hash(item.key));
        bytes += zc_register_cost(&item);
        uint64_t added = zc_item_digest(&item, &store->origins.ids[item.origin]);
        ZC_ASSERT(zc_register_digest(store, number) == added);
        digest += added;
        parts[zc_digest_part(item.key_hash)] += added;
    }
    ZC_ASSERT(bytes == store->bytes);
    ZC_ASSERT(digest == store->digest);
    for (size_t i = 0; i < ZC_DIGEST_PARTS; i++) {
        ZC_ASSERT(parts[i] == store->digest_parts[i]);
    }
}

static void check_order(const zc_store_t *store, const zc_order_t *order, zc_slot_kind_t kind,
                        uint64_t count) {
    uint32_t older = ZC_SLOT_NONE;
    for (uint32_t number = order->oldest; number != ZC_SLOT_NONE;) {
        const zc_neighbours_t *link = zc_neighbours_at(&store->slots, number);
        ZC_ASSERT(zc_slot_kind(zc_store_slot(store, number)) == kind);
        ZC_ASSERT(link->older == older);
        ZC_ASSERT(count > 0);
        count--;
        older = number;
        number = link->newer;
    }
    ZC_ASSERT(count == 0);
    ZC_ASSERT(order->newest == older);
}

static uint64_t check_chain(const zc_store_t *store, zc_origin_index_t origin) {
    const zc_chain_t *chain = zc_store_chain(store, origin);
    uint64_t count = 0;
    uint32_t older = ZC_SLOT_NONE;
    bool finger = chain->finger == ZC_SLOT_NONE;
    for (uint32_t number = chain->oldest; number != ZC_SLOT_NONE; count++) {
        const zc_slot_t *slot = zc_store_slot(store, number);
        ZC_ASSERT(zc_slot_kind(slot) != ZC_SLOT_FREE);
        ZC_ASSERT(slot->origin == origin);
        ZC_ASSERT((slot->flags & ZC_FLAG_RUN) == 0);
        ZC_ASSERT(slot->chain_older == older);
        ZC_ASSERT(older == ZC_SLOT_NONE || zc_store_slot(store, older)->hlc <= slot->hlc);
        finger = finger || number == chain->finger;
        older = number;
        number = slot->chain_newer;
    }
    ZC_ASSERT(chain->newest == older);
    ZC_ASSERT(finger);
    return count;
}

static void check_run(const zc_store_t *store, uint64_t in_run) {
    uint64_t count = 0;
    for (uint32_t number = ZC_SLOT_NONE + 1; number < store->slots.end; number++) {
        count += (zc_store_slot(store, number)->flags & ZC_FLAG_RUN) != 0;
    }
    ZC_ASSERT(count == in_run);
    ZC_ASSERT(in_run == 0 || !zc_run_is_empty(&store->run));
}

static void check_cursors(const zc_store_t *store, zc_origin_index_t origin) {
    const zc_store_cursor_t *cursor = zc_store_chain(store, origin)->cursors;
    for (; cursor != NULL; cursor = cursor->next) {
        ZC_ASSERT(cursor->origin == origin);
        if (cursor->slot != ZC_SLOT_NONE) {
            const zc_slot_t *slot = zc_store_slot(store, cursor->slot);
            ZC_ASSERT(zc_slot_kind(slot) != ZC_SLOT_FREE);
            ZC_ASSERT(slot->origin == origin);
            ZC_ASSERT((slot->flags & ZC_FLAG_RUN) == 0);
        }
    }
}

static void check_chains(const zc_store_t *store) {
    uint64_t count = 0;
    uint64_t in_run = 0;
    for (uint32_t i = 0; i < store->origins.count; i++) {
        zc_origin_index_t origin = (zc_origin_index_t)i;
        const zc_origin_t *id = &store->origins.ids[i];
        bool free = zc_origin_is_none(id);
        ZC_ASSERT(free || zc_origins_find(&store->origins, id) == origin);
        count += check_chain(store, origin);
        in_run += zc_store_chain(store, origin)->run;
        check_cursors(store, origin);
    }
    ZC_ASSERT(count + in_run == store->entry_count + store->ghost_count);
    check_run(store, in_run);
}

/* No deadline is forgotten: its stretch is due in time, and so is the pass that comes to it. */
static void check_deadlines(const zc_store_t *store) {
    const zc_sweep_t *sweep = &store->sweep;
    for (uint32_t number = ZC_SLOT_NONE + 1; number < store->slots.end; number++) {
        uint32_t place = number >> ZC_STRETCH_BITS;
        const zc_stretch_t *stretch = zc_stretch_at(&store->slots, place);
        const zc_slot_t *slot = zc_store_slot(store, number);
        bool to_come = sweep->deadlines && sweep->stretch <= place;
        ZC_ASSERT(to_come || sweep->due_ms <= stretch->due_ms);
        if (zc_slot_kind(slot) != ZC_SLOT_ENTRY) {
            continue;
        }
        uint64_t deadline_ms = zc_slot_deadline_ms(&store->slots, slot);
        to_come = sweep->scanning && sweep->stretch == place &&
                  sweep->offset <= (number & (ZC_STRETCH_SLOTS - 1));
        ZC_ASSERT(deadline_ms == 0 || to_come ||
                  stretch->due_ms <= zc_stretch_due_ms(stretch, deadline_ms));
    }
}

void zc_store_check(const zc_store_t *store) {
    check_blocks(store);
    check_slots(store);
    check_figures(store);
    check_order(store, &store->entries, ZC_SLOT_ENTRY, store->entry_count);
    check_order(store, &store->ghosts, ZC_SLOT_GHOST, store->ghost_count);
    check_chains(store);
    check_deadlines(store);
}
