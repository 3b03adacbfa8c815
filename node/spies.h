/* SPDX-License-Identifier: MPL-2.0 */
/* Walks of clients over the whole cache (spy), page by page. */
#ifndef ZC_NODE_SPIES_H
#define ZC_NODE_SPIES_H

#include <zcache/limits.h>

#include "lib/store/walk.h"
#include "lib/wire/request.h"

typedef struct zc_spy {
    uint64_t number; /* random, so that nobody takes over another one's walk; 0: free */
    uint64_t route;  /* of the client, that alone may go on with it */
    uint64_t used_us;
    bool gone; /* its client: ended by the next zc_spies_expire */
    zc_store_walk_t *walk;
} zc_spy_t;

typedef struct zc_spies {
    zc_store_t *store; /* borrowed */
    zc_spy_t table[ZCACHE_SPIES_MAX];
} zc_spies_t;

void zc_spies_init(zc_spies_t *spies, zc_store_t *store);
void zc_spies_fini(zc_spies_t *spies);

/* The walk `number` of this client, or a new one where number is 0. Returns OK, BUSY
 * (ZCACHE_SPIES_MAX), TIMEOUT (there is no such walk any more), NO_MEMORY or SYSTEM. */
zcache_status zc_spies_obtain(zc_spies_t *spies, uint64_t number, uint64_t route, uint64_t now_us,
                              zc_spy_t **spy);
void zc_spies_end(zc_spies_t *spies, zc_spy_t *spy);

/* Ends the walks that nobody has asked about for 60 s, and those of clients that are gone. */
void zc_spies_expire(zc_spies_t *spies, uint64_t now_us);

/* Says that a client is gone. Unlike all others it does not touch the store, so the caller needs no
 * lock: it comes from the middle of sending. */
void zc_spies_drop_route(zc_spies_t *spies, uint64_t route);

/* Adds the next page of the walk to a list of spy entries, and says whether the walk is at its end.
 * A page has some hundred entries or ZCACHE_BATCH_MAX bytes, but one entry at least where one is
 * found; it may be empty before the end. `mesh_ms`: mesh time now. Returns OK or NO_MEMORY. */
zcache_status zc_spies_page(zc_spy_t *spy, uint64_t now_us, uint64_t mesh_ms,
                            const zc_store_t *store, zc_buffer_t *buffer, zc_response_list_t *list,
                            bool *end);

#endif
