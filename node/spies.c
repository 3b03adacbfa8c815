/* SPDX-License-Identifier: MPL-2.0 */
/* Walks of clients over the whole cache.
 *
 * Invariant: a place of the table has a walk exactly if its number is not 0; walks are registered
 * with the store, so all calls but zc_spies_drop_route are made under the lock of the replica's
 * steps. */
#include "node/spies.h"

#include "lib/base/assert.h"
#include "node/process.h"

enum {
    SPY_ENTRIES_MAX = 512, /* of a page */
    SPY_SLOTS_MAX = 8192,  /* looked at for a page */
};

static const uint64_t spy_idle_us = 60 * 1000 * 1000;

void zc_spies_init(zc_spies_t *spies, zc_store_t *store) {
    *spies = (zc_spies_t){.store = store};
}

void zc_spies_end(zc_spies_t *spies, zc_spy_t *spy) {
    ZC_ASSERT(spy >= spies->table);
    zc_store_walk_destroy(&spy->walk);
    *spy = (zc_spy_t){.number = 0};
}

void zc_spies_fini(zc_spies_t *spies) {
    for (size_t i = 0; i < ZCACHE_SPIES_MAX; i++) {
        if (spies->table[i].number != 0) {
            zc_spies_end(spies, &spies->table[i]);
        }
    }
}

static zc_spy_t *find(zc_spies_t *spies, uint64_t number) {
    for (size_t i = 0; i < ZCACHE_SPIES_MAX; i++) {
        if (spies->table[i].number == number) {
            return &spies->table[i];
        }
    }
    return NULL;
}

static zcache_status begin(zc_spies_t *spies, uint64_t route, uint64_t now_us, zc_spy_t **spy) {
    zc_spy_t *place = find(spies, 0);
    if (place == NULL) {
        return ZCACHE_BUSY;
    }
    uint64_t number = 0;
    if (zc_process_random(&number, sizeof(number)) != ZCACHE_OK) {
        return ZCACHE_SYSTEM;
    }
    zc_store_walk_t *walk = NULL;
    zcache_status status = zc_store_walk_new(spies->store, ZC_WALK_HOTTEST_FIRST, &walk);
    if (status != ZCACHE_OK) {
        return status;
    }
    *place = (zc_spy_t){
        .number = number != 0 ? number : 1, .route = route, .used_us = now_us, .walk = walk};
    *spy = place;
    return ZCACHE_OK;
}

zcache_status zc_spies_obtain(zc_spies_t *spies, uint64_t number, uint64_t route, uint64_t now_us,
                              zc_spy_t **spy) {
    if (number == 0) {
        return begin(spies, route, now_us, spy);
    }
    zc_spy_t *place = find(spies, number);
    if (place == NULL || place->route != route) {
        return ZCACHE_TIMEOUT;
    }
    place->used_us = now_us;
    *spy = place;
    return ZCACHE_OK;
}

void zc_spies_expire(zc_spies_t *spies, uint64_t now_us) {
    for (size_t i = 0; i < ZCACHE_SPIES_MAX; i++) {
        zc_spy_t *spy = &spies->table[i];
        bool idle = now_us > spy->used_us && now_us - spy->used_us > spy_idle_us;
        if (spy->number != 0 && (idle || spy->gone)) {
            zc_spies_end(spies, spy);
        }
    }
}

void zc_spies_drop_route(zc_spies_t *spies, uint64_t route) {
    for (size_t i = 0; i < ZCACHE_SPIES_MAX; i++) {
        if (spies->table[i].number != 0 && spies->table[i].route == route) {
            spies->table[i].gone = true;
        }
    }
}

static zc_spy_entry_t entry_of(const zc_store_t *store, const zc_store_item_t *item,
                               uint64_t now_ms, uint64_t mesh_ms) {
    zc_spy_entry_t entry = {
        .key = item->key,
        .value = item->value,
        .type = item->type,
        .age_ms = now_ms > item->used_ms ? now_ms - item->used_ms : 0,
        .ttl_ms = UINT64_MAX,
        .stamp = {.hlc = item->hlc, .origin = *zc_store_origin_at(store, item->origin)},
    };
    if (item->deadline_ms != 0) {
        entry.ttl_ms = item->deadline_ms > mesh_ms ? item->deadline_ms - mesh_ms : 0;
    }
    return entry;
}

zcache_status zc_spies_page(zc_spy_t *spy, uint64_t now_us, uint64_t mesh_ms,
                            const zc_store_t *store, zc_buffer_t *buffer, zc_response_list_t *list,
                            bool *end) {
    size_t budget = SPY_SLOTS_MAX;
    size_t bytes_end = buffer->bytes + ZCACHE_BATCH_MAX;
    uint64_t now_ms = now_us / 1000;
    zcache_status status = ZCACHE_OK;
    while (list->count < SPY_ENTRIES_MAX && buffer->bytes < bytes_end) {
        zc_store_item_t item;
        status = zc_store_walk_item(spy->walk, now_ms, &budget, &item);
        if (status != ZCACHE_OK) {
            break;
        }
        zc_spy_entry_t entry = entry_of(store, &item, now_ms, mesh_ms);
        status = zc_response_add_spy_entry(buffer, list, &entry);
        if (status != ZCACHE_OK) {
            return status;
        }
        zc_store_walk_next(spy->walk);
    }
    *end = status == ZCACHE_MISS;
    return ZCACHE_OK;
}
