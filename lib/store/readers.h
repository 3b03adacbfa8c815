/* SPDX-License-Identifier: MPL-2.0 */
/* What the store's own files know of readers. */
#ifndef ZC_STORE_READERS_H
#define ZC_STORE_READERS_H

#include "lib/store/reader.h"
#include "lib/store/slots.h"

/* Brings the order of use, used times and touches up to all reads that were noted. To be called
 * before any of them is changed or decides; under the lock. */
void zc_readers_drain(zc_store_t *store);

/* Adds what readers have counted. Under the lock. */
void zc_readers_count(const zc_store_t *store, uint64_t *hits, uint64_t *misses);

/* An entry was read: it was in use then, and the mesh is to hear of it once in a window. Its place
 * in the order of use is the caller's. Under the lock. */
void zc_readers_note(zc_store_t *store, zc_slot_t *slot, uint64_t used_ms);

/* A read under the lock: for what a reader cannot answer without it. As zc_reader_read. */
zcache_status zc_store_read_locked(zc_store_t *store, uint64_t key_hash, zc_slice_t key,
                                   zc_moment_t moment, const zc_allocator_t *allocator,
                                   zcache_value_t *value);

#endif
