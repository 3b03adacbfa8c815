/* SPDX-License-Identifier: MPL-2.0 */
/* Chains: the slots of each origin, linked in stamp order (rule R6), and the cursors in them.
 *
 *     chain: oldest ◄──► ... ◄──► newest            sorted by HLC
 *     run:   a, b, c                                of all chains, beside them (run.h)
 *
 * Every slot that is not free is in the chain or in the run of its origin. Cursors are in chains
 * alone. The writing thread's alone: readers do not look at chains. */
#ifndef ZC_STORE_CHAIN_H
#define ZC_STORE_CHAIN_H

#include "lib/store/store.h"

/* Links a slot by its HLC and origin. */
void zc_chain_link(zc_store_t *store, uint32_t number);

/* Takes a slot out, and moves the cursors on that stand there. */
void zc_chain_unlink(zc_store_t *store, uint32_t number);

/* Links what is in the run, the next `budget` slots of it at most, in their chains. Returns what is
 * left of the budget: above 0, the run is empty. */
size_t zc_chain_settle(zc_store_t *store, size_t budget);

/* The newest slot of the chain with an HLC not above `hlc`, or ZC_SLOT_NONE. */
uint32_t zc_chain_seek(const zc_store_t *store, zc_origin_index_t origin, zc_hlc_t hlc);

#endif
