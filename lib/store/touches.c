/* SPDX-License-Identifier: MPL-2.0 */
/* Rounds, and the ring of what is to be told. What was used in none of the rounds of a window is
 * told whatever it bears. So what an entry bears decides only where it was used within them, and
 * told then if the mesh had not heard of it within a window before that: it is never as old as the
 * eight rounds that it can tell apart. */
#include "lib/store/touches.h"

enum {
    ROUND_SHARE = 64,    /* of the cache, added in a round */
    ROUND_LEAST_MS = 12, /* a cache that is replaced faster than news travel gains nothing */
};

static uint64_t *began_of(zc_touches_t *touches, uint32_t round) {
    return &touches->began_ms[round % ZC_TOUCHES_ROUNDS];
}

void zc_touches_set_window(zc_touches_t *touches, uint64_t window_ms) {
    uint64_t longest_ms = (window_ms + ZC_TOUCHES_ROUNDS - 1) / ZC_TOUCHES_ROUNDS;
    bool always = window_ms == 0;
    touches->window_ms = window_ms;
    touches->until_ms = always ? UINT64_MAX : *began_of(touches, touches->round) + longest_ms;
    touches->oldest_ms = always ? UINT64_MAX : *began_of(touches, touches->round + 1);
}

static void begin_round(zc_touches_t *touches, uint64_t now_ms) {
    touches->round++;
    touches->added = 0;
    *began_of(touches, touches->round) = now_ms;
    zc_touches_set_window(touches, touches->window_ms);
}

void zc_touches_added(zc_touches_t *touches, uint64_t capacity, uint64_t now_ms) {
    touches->added++;
    if (touches->added >= capacity / ROUND_SHARE &&
        now_ms >= *began_of(touches, touches->round) + ROUND_LEAST_MS) {
        begin_round(touches, now_ms);
    }
}

void zc_touches_pass(zc_touches_t *touches, uint64_t now_ms) {
    if (now_ms - *began_of(touches, touches->round) >= touches->window_ms) {
        for (int i = 0; i < ZC_TOUCHES_ROUNDS; i++) {
            begin_round(touches, now_ms);
        }
    }
    while (now_ms >= touches->until_ms) {
        begin_round(touches, touches->until_ms);
    }
}

void zc_touches_leave(zc_touches_t *touches, uint64_t key_hash) {
    if (touches->count == ZCACHE_TOUCHES_MAX) {
        touches->dropped++;
        return;
    }
    uint32_t place = (touches->first + touches->count) % ZCACHE_TOUCHES_MAX;
    touches->key_hashes[place] = key_hash;
    touches->count++;
}

size_t zc_touches_take(zc_touches_t *touches, uint64_t *key_hashes, size_t capacity) {
    size_t taken = 0;
    for (; taken < capacity && touches->count > 0; taken++) {
        key_hashes[taken] = touches->key_hashes[touches->first];
        touches->first = (touches->first + 1) % ZCACHE_TOUCHES_MAX;
        touches->count--;
    }
    return taken;
}
