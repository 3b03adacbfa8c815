/* SPDX-License-Identifier: MPL-2.0 */
/* Readers: how threads read beside the one that writes, without waiting for it.
 *
 *     thread ──► reader ──► index, slot, block       no lock; the stripe tells whether it holds
 *                  │
 *                  └──► ring of what it has read ──► order of use, used times, touches
 *                                                    under the lock, by whoever needs them next
 *
 * A reader belongs to one thread at a time. What it reads it notes in its ring, which is drained
 * before the order of use is changed or looked at by anybody else: so with one thread the order is
 * the exact one. The owner drains it itself where nobody else does; if the lock is taken for so
 * long that the ring is full, reads go unnoted, which costs their recency and nothing else. */
#ifndef ZC_STORE_READER_H
#define ZC_STORE_READER_H

#include "lib/base/moment.h"
#include "lib/store/store.h"

typedef struct zc_reader zc_reader_t;

/* Registers a reader with the store, which it must not outlive. Blocks of the values that it reads
 * into are made with `values`, borrowed for its life. From any thread. Returns OK or NO_MEMORY. */
zcache_status zc_reader_new(zc_store_t *store, const zc_allocator_t *values, zc_reader_t **reader);
/* What it had read and noted counts. NULL and a NULL reader are allowed. */
void zc_reader_destroy(zc_reader_t **reader);

/* As zc_store_read, within what the moment says; data is not NULL after an OK. BUSY where the
 * answer depends on when exactly in it we are; then the caller comes again with an exact one.
 * Nothing is noted or counted then. */
zcache_status zc_reader_read(zc_reader_t *reader, zc_slice_t key, zc_moment_t moment,
                             zcache_value_t *value);

#endif
