/* SPDX-License-Identifier: MPL-2.0 */
/* Giving indexes to origins. Places of the table follow the id under the store's seed, so that
 * nobody can choose ids that fall together. */
#include "lib/store/origins.h"

#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/base/hash.h"

enum { CAPACITY_FIRST = 8 };

void zc_origins_init(zc_origins_t *origins, const zc_allocator_t *allocator, const zc_lock_t *lock,
                     uint64_t seed) {
    *origins = (zc_origins_t){.allocator = allocator, .lock = lock, .seed = seed};
}

void zc_origins_fini(zc_origins_t *origins) {
    zc_free(origins->allocator, origins->ids);
    zc_free(origins->allocator, origins->chains);
    zc_free(origins->allocator, origins->table);
}

/* The place of an origin in a table of 2 * capacity places: where it is, or the free one where it
 * belongs. At most half of the places are taken, so that there is always a free one. */
static uint16_t *place_of(const zc_origins_t *origins, const zc_origin_t *origin) {
    uint32_t mask = 2 * origins->capacity - 1;
    uint32_t place = (uint32_t)zc_hash(zc_slice(origin->bytes, ZC_ORIGIN_BYTES), origins->seed);
    for (;; place++) {
        uint16_t *found = &origins->table[place & mask];
        if (*found == ZC_ORIGIN_INDEX_NONE || zc_origin_equal(&origins->ids[*found], origin)) {
            return found;
        }
    }
}

static void exchange(zc_origins_t *origins, zc_origins_t *grown) {
    zc_origins_t old = *origins;
    zc_lock_acquire(origins->lock);
    origins->ids = grown->ids;
    zc_lock_release(origins->lock);
    origins->chains = grown->chains;
    origins->table = grown->table;
    origins->capacity = grown->capacity;
    /* It grows only where no index is free. */
    for (uint32_t i = 0; i < origins->count; i++) {
        *place_of(origins, &origins->ids[i]) = (uint16_t)i;
    }
    zc_origins_fini(&old);
}

static bool grow(zc_origins_t *origins) {
    uint32_t capacity = origins->capacity == 0 ? CAPACITY_FIRST : 2 * origins->capacity;
    size_t table_bytes = 2 * capacity * sizeof *origins->table;
    zc_origins_t grown = *origins;
    grown.capacity = capacity;
    grown.ids = zc_allocate_zeroed(origins->allocator, capacity * sizeof *grown.ids);
    grown.chains = zc_allocate_zeroed(origins->allocator, capacity * sizeof *grown.chains);
    grown.table = zc_allocate(origins->allocator, table_bytes);
    if (grown.ids == NULL || grown.chains == NULL || grown.table == NULL) {
        zc_origins_fini(&grown);
        return false;
    }
    if (origins->count > 0) {
        memcpy(grown.ids, origins->ids, origins->count * sizeof *grown.ids);
        memcpy(grown.chains, origins->chains, origins->count * sizeof *grown.chains);
    }
    memset(grown.table, 0xff, table_bytes); /* every place ZC_ORIGIN_INDEX_NONE */
    exchange(origins, &grown);
    return true;
}

zc_origin_index_t zc_origins_find(const zc_origins_t *origins, const zc_origin_t *origin) {
    return origins->capacity == 0 ? ZC_ORIGIN_INDEX_NONE : *place_of(origins, origin);
}

/* The lowest index that is free, or a new one. */
static uint32_t free_index(const zc_origins_t *origins) {
    for (uint32_t i = 0; origins->free_count > 0 && i < origins->count; i++) {
        if (zc_origin_is_none(&origins->ids[i])) {
            return i;
        }
    }
    return origins->count;
}

static void set_id(zc_origins_t *origins, uint32_t index, const zc_origin_t *id) {
    zc_lock_acquire(origins->lock);
    origins->ids[index] = *id;
    zc_lock_release(origins->lock);
}

zcache_status zc_origins_add(zc_origins_t *origins, const zc_origin_t *origin,
                             zc_origin_index_t *index) {
    zc_origin_index_t known = zc_origins_find(origins, origin);
    if (known != ZC_ORIGIN_INDEX_NONE) {
        *index = known;
        return ZCACHE_OK;
    }
    uint32_t given = free_index(origins);
    if (given == ZCACHE_ORIGINS_MAX) {
        return ZCACHE_BUSY;
    }
    if (given == origins->capacity && !grow(origins)) {
        return ZCACHE_NO_MEMORY;
    }
    if (given < origins->count) {
        origins->free_count--;
    } else {
        origins->count++;
    }
    set_id(origins, given, origin);
    *place_of(origins, origin) = (uint16_t)given;
    *index = (zc_origin_index_t)given;
    return ZCACHE_OK;
}

/* All that follows without a hole is put in again, so that a search never meets a hole before what
 * it looks for. */
static void close_place(zc_origins_t *origins, uint32_t hole) {
    uint32_t mask = 2 * origins->capacity - 1;
    origins->table[hole] = ZC_ORIGIN_INDEX_NONE;
    for (uint32_t place = (hole + 1) & mask; origins->table[place] != ZC_ORIGIN_INDEX_NONE;
         place = (place + 1) & mask) {
        uint16_t moved = origins->table[place];
        origins->table[place] = ZC_ORIGIN_INDEX_NONE;
        *place_of(origins, &origins->ids[moved]) = moved;
    }
}

void zc_origins_remove(zc_origins_t *origins, zc_origin_index_t index) {
    const zc_chain_t *chain = &origins->chains[index];
    ZC_ASSERT(chain->newest == 0 && chain->run == 0);
    ZC_ASSERT(chain->cursors == NULL);
    uint16_t *place = place_of(origins, &origins->ids[index]);
    ZC_ASSERT(*place == index);
    close_place(origins, (uint32_t)(place - origins->table));
    static const zc_origin_t none = {{0}};
    set_id(origins, index, &none);
    origins->chains[index] = (zc_chain_t){.newest = 0};
    origins->free_count++;
}
