/* SPDX-License-Identifier: MPL-2.0 */
/* Touches (rule R11): of which reads the mesh is to hear, and those that it has not been told yet.
 *
 *     round     1 | 2 | 3 | 4 | 5 | 6      a read is told in round 6 unless the mesh has heard of
 *                       └───────────┴─► now    its entry in round 3 or later
 *
 * Four rounds are a window. A round ends when a quarter of the window's time has passed, or when a
 * 64th of what the cache holds when it is full has come anew: an entry is in danger on other nodes
 * when that much has come before it, not when time has passed. So small busy caches tell often
 * enough, and large calm ones seldom. Each entry bears the round in which the mesh last heard of
 * it, as it was written, came as a touch, or was told (used.h). Everything here is under the
 * store's lock. */
#ifndef ZC_STORE_TOUCHES_H
#define ZC_STORE_TOUCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zcache/limits.h>

#include "lib/store/used.h"

enum { ZC_TOUCHES_ROUNDS = 4 }; /* in a window */

typedef struct zc_touches {
    uint64_t window_ms;
    uint64_t began_ms[ZC_TOUCHES_ROUNDS]; /* of the last rounds, by their number modulo 4 */
    uint64_t until_ms;                    /* when this round ends at the latest */
    uint64_t oldest_ms; /* a read of what was not used since is told whatever the entry bears */
    uint64_t added;     /* entries, in this round */
    uint32_t round;     /* modulo 2^32 */
    uint32_t first;     /* the oldest that is to be told */
    uint32_t count;
    uint64_t dropped;
    uint64_t key_hashes[ZCACHE_TOUCHES_MAX];
} zc_touches_t;

/* `window_ms` 0: every read is told. */
void zc_touches_set_window(zc_touches_t *touches, uint64_t window_ms);

/* An entry was added to a cache that has room for so many. */
void zc_touches_added(zc_touches_t *touches, uint64_t capacity, uint64_t now_ms);

/* It is `now_ms`, which is not before touches->until_ms. */
void zc_touches_pass(zc_touches_t *touches, uint64_t now_ms);

/* The round that it is: what an entry that the mesh hears of now is to bear. */
static inline uint32_t zc_touches_round(zc_touches_t *touches, uint64_t now_ms) {
    if (now_ms >= touches->until_ms) {
        zc_touches_pass(touches, now_ms);
    }
    return touches->round;
}

/* An entry is read that was used before at `before_ms` and bears the round `heard`. True: the mesh
 * is to hear of it. */
static inline bool zc_touches_due(zc_touches_t *touches, uint32_t heard, uint64_t before_ms,
                                  uint64_t now_ms) {
    uint32_t round = zc_touches_round(touches, now_ms);
    return before_ms < touches->oldest_ms ||
           ((round - heard) & ZC_USED_ROUNDS) >= ZC_TOUCHES_ROUNDS;
}

void zc_touches_leave(zc_touches_t *touches, uint64_t key_hash);
size_t zc_touches_take(zc_touches_t *touches, uint64_t *key_hashes, size_t capacity);

#endif
