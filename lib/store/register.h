/* SPDX-License-Identifier: MPL-2.0 */
/* Registers: how a slot takes a write, becomes a ghost and is forgotten (rules R8 and R9).
 *
 *     free ──put──► entry ──go──► ghost ──forget──► free
 *       └────put────────────────────►┘              a voided slot (R10) goes to free at once
 *
 * Every change keeps index, chain, order, counts and digest in step, and holds the lock only while
 * what readers see changes. */
#ifndef ZC_STORE_REGISTER_H
#define ZC_STORE_REGISTER_H

#include "lib/store/payload.h"
#include "lib/store/store.h"

/* What an entry counts for in `bytes`, with its bookkeeping. */
uint64_t zc_register_cost(size_t key_bytes, size_t value_bytes);

/* What a slot holds, as an item. Takes the lock for the time of use. */
void zc_register_view(const zc_store_t *store, uint32_t number, zc_store_item_t *item);

/* Puts a write into the slot `number` of its key hash, or into a new one if that is ZC_SLOT_NONE
 * (then zc_slots_reserve and zc_index_reserve have been called): an entry with `payload`, which is
 * taken, or, NULL, a ghost. Returns the slot, and in *replaced the payload that was there before,
 * which is the caller's to free, or NULL. */
uint32_t zc_register_put(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                         zc_payload_t *payload, zc_payload_t **replaced);

/* An entry goes and leaves its ghost in place, unless it is voided: then it leaves nothing, and
 * nobody is told. Counts and tells why. */
void zc_register_go(zc_store_t *store, uint32_t number, zc_change_t change);

/* Takes a slot out of everything and gives it back, without a trace. */
void zc_register_remove(zc_store_t *store, uint32_t number);

/* Forgets the oldest ghosts above ghosts_max, at most `budget`; returns how many. */
size_t zc_register_trim_ghosts(zc_store_t *store, size_t budget);

/* Tells the listener. */
void zc_register_tell(const zc_store_t *store, zc_change_t change, const zc_store_item_t *item);

#endif
