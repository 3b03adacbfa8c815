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

#include "lib/store/slots.h"
#include "lib/store/store.h"

/* What an item counts for in `bytes` as an entry: what it takes of memory, with its bookkeeping. */
uint64_t zc_register_cost(const zc_store_item_t *item);

/* What an entry adds to the digest. */
uint64_t zc_register_digest(const zc_store_t *store, uint32_t number);

/* What a slot holds, as an item. Takes the lock for the time of use. */
void zc_register_view(const zc_store_t *store, uint32_t number, zc_store_item_t *item);

/* The same of an entry whose key hash is known. Under the lock. */
zc_store_item_t zc_register_item(const zc_store_t *store, uint32_t number, uint64_t key_hash);

/* What a write is put in with. */
typedef struct zc_making {
    /* Where its payload is; ZC_BLOCK_NONE: it leaves a ghost. The block that is in the slot
     * already: there the payload is still to be written, over the one before it. */
    zc_block_t block;
    uint64_t digest;  /* of an entry */
    uint64_t used_ms; /* not after now */
    uint64_t now_ms;
} zc_making_t;

/* Puts a write into the slot `number` of its key hash, or into a new one if that is ZC_SLOT_NONE
 * (then zc_slots_reserve and zc_index_reserve have been called). Takes the block. Returns the slot,
 * and in *replaced the block that was there before and is no longer, which is the caller's to give,
 * or ZC_BLOCK_NONE. */
uint32_t zc_register_put(zc_store_t *store, uint32_t number, const zc_store_item_t *item,
                         const zc_making_t *making, zc_block_t *replaced);

/* An entry goes and leaves its ghost in place, unless it is voided: then it leaves nothing, and
 * nobody is told. Counts and tells why. */
void zc_register_go(zc_store_t *store, uint32_t number, zc_change_t change);

/* Takes a slot out of everything and gives it back, without a trace. */
void zc_register_remove(zc_store_t *store, uint32_t number);

/* Forgets the oldest ghosts above ghosts_max, at most `budget`; returns how many. */
size_t zc_register_trim_ghosts(zc_store_t *store, size_t budget);

/* So many bytes were written: moves payloads out of pages that are to be emptied (compact.h). What
 * was shown of the store is no longer valid. */
void zc_register_compact(zc_store_t *store, uint64_t written_bytes);

/* Tells the listener. */
void zc_register_tell(const zc_store_t *store, zc_change_t change, const zc_store_item_t *item);

#endif
