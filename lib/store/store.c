/* SPDX-License-Identifier: MPL-2.0 */
/* Making and ending a store, its settings, origins, floors and figures. The work on entries is in
 * apply.c, read.c, register.c and sweep.c. */
#include "lib/store/readers.h"
#include "lib/store/register.h"
#include "lib/store/state.h"

void zc_store_destroy(zc_store_t **store) {
    if (store == NULL || *store == NULL) {
        return;
    }
    zc_store_t *ended = *store;
    ZC_ASSERT(ended->readers == NULL);
    ZC_ASSERT(ended->places == NULL);
    for (uint32_t i = 0; i < ended->origins.count; i++) {
        ZC_ASSERT(ended->origins.chains[i].cursors == NULL);
    }
    zc_run_fini(&ended->run);
    zc_origins_fini(&ended->origins);
    zc_index_fini(&ended->index);
    zc_slots_fini(&ended->slots);
    zc_free(ended->options.allocator, ended);
    *store = NULL;
}

zcache_status zc_store_new(const zc_store_options_t *options, zc_store_t **store) {
    ZC_ASSERT(options->max_size >= 1);
    ZC_ASSERT(options->ghosts_max >= 1);
    zc_store_t *made = zc_allocate_zeroed(options->allocator, sizeof *made);
    if (made == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    made->options = *options;
    made->sweep.due_ms = UINT64_MAX;
    made->run.allocator = options->allocator;
    zc_touches_set_window(&made->touches, options->touch_window_ms);
    zc_slots_init(&made->slots, options->allocator);
    zc_origins_init(&made->origins, options->allocator, &made->options.lock, options->seed);
    zcache_status status = zc_index_init(&made->index, &made->slots, options->seed);
    if (status != ZCACHE_OK) {
        zc_store_destroy(&made);
        return status;
    }
    *store = made;
    return ZCACHE_OK;
}

void zc_store_listen(zc_store_t *store, zc_store_listener_fn *listener, void *context) {
    store->options.listener = listener;
    store->options.listener_context = context;
}

void zc_store_set_max_size(zc_store_t *store, uint64_t max_size, uint64_t ghosts_max) {
    ZC_ASSERT(max_size >= 1);
    ZC_ASSERT(ghosts_max >= 1);
    store->options.max_size = max_size;
    store->options.ghosts_max = ghosts_max;
}

void zc_store_set_expire_after(zc_store_t *store, uint64_t expire_after_ms,
                               uint64_t touch_window_ms) {
    zc_store_lock(store);
    zc_readers_drain(store); /* under the window in which they were read */
    zc_stripes_begin(&store->index.stripes);
    zc_word_store(&store->options.expire_after_ms, expire_after_ms);
    zc_touches_set_window(&store->touches, touch_window_ms);
    zc_stripes_end(&store->index.stripes);
    zc_store_unlock(store);
}

/* When stretches were scanned was said in the old mesh time: all that have deadlines are looked at
 * anew. */
void zc_store_set_clock_offset(zc_store_t *store, int64_t offset_ms) {
    zc_store_lock(store);
    zc_stripes_begin(&store->index.stripes);
    zc_word_store(&store->offset_ms, offset_ms);
    zc_stripes_end(&store->index.stripes);
    zc_store_unlock(store);
    for (uint32_t i = 0; i < zc_stretch_count(&store->slots); i++) {
        zc_stretch_t *stretch = zc_stretch_at(&store->slots, i);
        stretch->scanned_ms = 0;
        if (stretch->due_ms != UINT64_MAX) {
            stretch->due_ms = 0;
            store->sweep.due_ms = 0;
        }
    }
}

void zc_store_expect(zc_store_t *store, uint64_t entries) {
    uint64_t max_size = store->options.max_size;
    store->index.expected = entries < max_size ? entries : max_size;
}

zcache_status zc_store_origin(zc_store_t *store, const zc_origin_t *origin,
                              zc_origin_index_t *index) {
    return zc_origins_add(&store->origins, origin, index);
}

zc_origin_index_t zc_store_origin_find(const zc_store_t *store, const zc_origin_t *origin) {
    return zc_origins_find(&store->origins, origin);
}

const zc_origin_t *zc_store_origin_at(const zc_store_t *store, zc_origin_index_t index) {
    ZC_ASSERT(index < store->origins.count);
    return &store->origins.ids[index];
}

size_t zc_store_origin_count(const zc_store_t *store) {
    return store->origins.count;
}

void zc_store_origin_remove(zc_store_t *store, zc_origin_index_t origin) {
    zc_origins_remove(&store->origins, origin);
}

zc_hlc_t zc_store_floor(const zc_store_t *store, zc_origin_index_t origin) {
    return zc_store_chain(store, origin)->floor;
}

void zc_store_raise_floor(zc_store_t *store, zc_origin_index_t origin, zc_hlc_t hlc) {
    zc_chain_t *chain = zc_store_chain(store, origin);
    if (chain->floor < hlc) {
        chain->floor = hlc;
    }
}

zc_stamp_t zc_store_horizon(const zc_store_t *store) {
    return store->horizon;
}

void zc_store_raise_horizon(zc_store_t *store, const zc_stamp_t *stamp) {
    if (zc_stamp_compare(&store->horizon, stamp) < 0) {
        store->horizon = *stamp;
    }
}

void zc_store_stats(const zc_store_t *store, zc_store_stats_t *stats) {
    *stats = (zc_store_stats_t){.entries = store->entry_count,
                                .ghosts = store->ghost_count,
                                .bytes = store->bytes,
                                .evictions = store->evictions,
                                .expirations = store->expirations,
                                .max_size = store->options.max_size,
                                .ghosts_max = store->options.ghosts_max,
                                .digest = store->digest};
    zc_store_lock(store);
    stats->hits = store->hits;
    stats->misses = store->misses;
    zc_readers_count(store, &stats->hits, &stats->misses);
    stats->touches_dropped = store->touches.dropped;
    zc_store_unlock(store);
}
