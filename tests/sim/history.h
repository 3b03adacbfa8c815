/* SPDX-License-Identifier: MPL-2.0 */
/* All writes of a run, as the simulator saw them being accepted: what the checkers hold the nodes
 * against.
 *
 * A write that was overwritten before it was sent is known to nobody but its node, and goes with
 * it; `sent` tells them apart. `let_go` is set once any node has evicted, expired, dropped or
 * refused the entry: from then on others may get its ghost instead of it. */
#ifndef ZC_TESTS_SIM_HISTORY_H
#define ZC_TESTS_SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"
#include "lib/base/stamp.h"
#include "tests/sim/plan.h"

typedef struct zc_written {
    zc_stamp_t stamp;
    int key;
    int node;
    bool deletes;
    bool sent;
    bool let_go;
    uint64_t value_hash;
    uint64_t deadline_ms; /* mesh time as its node had it; 0: none */
    uint64_t at_ms;       /* virtual time */
    uint64_t ttl_ms;
} zc_written_t;

/* The writes to one key, by stamp. */
typedef struct zc_key_history {
    zc_written_t **writes;
    size_t count;
    size_t capacity;
} zc_key_history_t;

typedef struct zc_history {
    zc_key_history_t keys[ZC_PLAN_KEYS_MAX];
    uint64_t key_hashes[ZC_PLAN_KEYS_MAX];
    uint64_t writes;
    zc_stamp_t highest_horizon; /* that any node was seen to have */
} zc_history_t;

void zc_history_init(zc_history_t *history);
void zc_history_fini(zc_history_t *history);

/* "key-N". */
enum { ZC_KEY_TEXT_BYTES = 16 };
void zc_history_key_text(int key, char text[ZC_KEY_TEXT_BYTES]);
/* The number of a key or of its hash; -1: none of ours. */
int zc_history_key(const zc_history_t *history, zc_slice_t key);
int zc_history_key_of_hash(const zc_history_t *history, uint64_t key_hash);

/* Copies the write. NULL: there is one with that stamp. */
zc_written_t *zc_history_add(zc_history_t *history, const zc_written_t *written);
/* NULL: nobody has written that. */
zc_written_t *zc_history_find(const zc_history_t *history, int key, const zc_stamp_t *stamp);

#endif
