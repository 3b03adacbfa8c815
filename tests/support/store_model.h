/* SPDX-License-Identifier: MPL-2.0 */
/* The store once more, as naive as can be: an array of registers, linear searches, numbers that
 * count up for the order. Written from the rules (R1, R6, R8-R12) and store.h, sharing no code with
 * lib/store but the hash functions. */
#ifndef TESTS_SUPPORT_STORE_MODEL_H
#define TESTS_SUPPORT_STORE_MODEL_H

#include "lib/store/store.h"

enum { MODEL_REGISTERS = 64, MODEL_ORIGINS = 4, MODEL_EVENTS = 512, MODEL_TOUCHES = 4096 };

typedef enum zc_model_kind { MODEL_NOTHING, MODEL_GHOST, MODEL_ENTRY } zc_model_kind_t;

typedef struct zc_model_register {
    zc_model_kind_t kind;
    zc_hlc_t hlc;
    unsigned origin;
    uint8_t type;
    uint64_t key_hash;
    zc_slice_t key;   /* borrowed for ever */
    zc_slice_t value; /* borrowed for ever */
    uint64_t deadline_ms;
    uint64_t used_ms;
    uint64_t heard; /* the round in which the mesh last heard of it (R11) */
    uint64_t order; /* higher: later */
    bool marked;
} zc_model_register_t;

typedef struct zc_model_event {
    zc_change_t change;
    uint64_t key_hash;
    zc_hlc_t hlc;
} zc_model_event_t;

typedef struct zc_model {
    zc_model_register_t registers[MODEL_REGISTERS]; /* one for each key hash of the test */
    zc_origin_t origins[MODEL_ORIGINS];
    zc_hlc_t floors[MODEL_ORIGINS];
    zc_stamp_t clear;
    zc_stamp_t horizon;
    uint64_t order;
    bool run_open;
    uint64_t merged; /* order of the entry from which on a transfer's next one is placed; 0: none */
    uint64_t max_size;
    uint64_t ghosts_max;
    uint64_t max_memory;
    uint64_t (*cost)(const zc_store_item_t *item); /* what an entry counts for in bytes */
    uint64_t expire_after_ms;
    uint64_t touch_window_ms;
    uint64_t now_ms;      /* the test's, before each operation */
    uint64_t round;       /* four of them are a window */
    uint64_t began_ms[4]; /* of this round and those before it */
    uint64_t added;       /* in this round */
    int64_t offset_ms;
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions;
    uint64_t expirations;
    uint64_t touches[MODEL_TOUCHES];
    size_t touch_count;
    zc_model_event_t events[MODEL_EVENTS]; /* what the listener is to be told */
    size_t event_count;
} zc_model_t;

zc_outcome_t model_apply(zc_model_t *model, const zc_store_item_t *item, uint64_t now_ms,
                         bool *was_held);
void model_run_begin(zc_model_t *model);
/* The entry, if it may be served, noted as read where `touch`; NULL: a miss. */
const zc_model_register_t *model_read(zc_model_t *model, uint64_t key_hash, uint64_t now_ms,
                                      bool touch);
void model_touch(zc_model_t *model, uint64_t key_hash, uint64_t now_ms);
bool model_evict(zc_model_t *model);
bool model_clear(zc_model_t *model, const zc_stamp_t *stamp);
bool model_has_voided(const zc_model_t *model);
/* All of a sweep but what has expired. */
void model_sweep(zc_model_t *model);
/* There is an idle entry that a sweep has to collect. */
bool model_has_idle_tail(const zc_model_t *model, uint64_t now_ms);
/* An entry that the store said has expired: its deadline is past, or it is the tail and
 * idle; false: it has not. */
bool model_expire(zc_model_t *model, uint64_t key_hash, uint64_t now_ms);
/* The earliest deadline there is, in mesh time. */
uint64_t model_first_deadline_ms(const zc_model_t *model);
uint64_t model_mesh_ms(const zc_model_t *model, uint64_t now_ms);
void model_mark(zc_model_t *model, uint64_t key_hash);
/* An entry that drop_unmarked dropped, as the store said; false: it had no leave to. */
bool model_drop(zc_model_t *model, uint64_t key_hash);
void model_unmark_all(zc_model_t *model);

bool model_is_voided(const zc_model_t *model, const zc_model_register_t *found);
bool model_is_alive(const zc_model_t *model, const zc_model_register_t *found, uint64_t now_ms);
zc_model_register_t *model_find(zc_model_t *model, uint64_t key_hash);
uint64_t model_count(const zc_model_t *model, zc_model_kind_t kind);
uint64_t model_bytes(const zc_model_t *model);
uint64_t model_digest(const zc_model_t *model);
/* The register of that kind with the lowest order above `order`; NULL: none. */
const zc_model_register_t *model_after(const zc_model_t *model, zc_model_kind_t kind,
                                       uint64_t order);

#endif
