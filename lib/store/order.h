/* SPDX-License-Identifier: MPL-2.0 */
/* The order of use: a doubly linked list through slots. Entries are in one (LRU), ghosts in
 * another (in the order in which they came to be), by the same two links.
 *
 *     oldest ... at ──► ... end | used or linked since ... newest        (a place that goes newer)
 *
 * Slots enter at the newest end, but for those that a full transfer brings, which are merged in by
 * their last use. So what lies between a place and its end is what has been left alone since the
 * place was set, and what a transfer has put between: a walk along it ends. */
#ifndef ZC_STORE_ORDER_H
#define ZC_STORE_ORDER_H

#include "lib/store/slots.h"

typedef struct zc_order {
    uint32_t newest;
    uint32_t oldest;
    uint32_t merged; /* the slot that was merged in last, or what is behind it now */
} zc_order_t;

/* A place in a list that survives every change: it moves on when its slot is unlinked. */
typedef struct zc_order_place {
    uint32_t at;  /* ZC_SLOT_NONE: past the end */
    uint32_t end; /* the last slot that it goes to */
    bool newer;   /* the direction it moves in */
    struct zc_order_place *next;
    struct zc_order_place *previous;
} zc_order_place_t;

/* Everything here is done under the lock. */

void zc_order_push(zc_store_t *store, zc_order_t *order, uint32_t number);
/* Links an entry of the list of entries by its last use, behind all that were used before it. What
 * comes is expected to ascend, coldest first, from one zc_order_merge_begin on; who does not is put
 * near. */
void zc_order_merge(zc_store_t *store, zc_order_t *order, uint32_t number);
void zc_order_merge_begin(zc_order_t *order);
void zc_order_unlink(zc_store_t *store, zc_order_t *order, uint32_t number);

/* Makes a slot of the list its newest; and several, one after the other. */
void zc_order_move(zc_store_t *store, zc_order_t *order, uint32_t number);
void zc_order_move_all(zc_store_t *store, zc_order_t *order, const uint32_t *numbers,
                       uint32_t count);

/* Registers a place, at no slot; it is the caller's, until closed. */
void zc_order_place_open(zc_store_t *store, zc_order_place_t *place);
void zc_order_place_close(zc_store_t *store, zc_order_place_t *place);

/* Sets a place to go through all that is in the list now, from its oldest to its newest, or back.
 */
void zc_order_place_set(zc_order_place_t *place, const zc_order_t *order, bool newer);
void zc_order_place_advance(const zc_store_t *store, zc_order_place_t *place);

#endif
