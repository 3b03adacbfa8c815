/* SPDX-License-Identifier: MPL-2.0 */
/* Slots: the registers of the store, 32 bytes each, named by a number (0: none), and the slab where
 * the payloads of those that are entries lie.
 *
 *     slots        two in a cache line: all that a reader looks at
 *     neighbours   8 bytes for each slot: the order of use
 *     stretches    for 1024 slots each: when one of their deadlines is next due
 *
 * A slot never moves, so that numbers stay good while the table grows. Slots that were given back
 * are taken first; memory is not given back. */
#ifndef ZC_STORE_SLOTS_H
#define ZC_STORE_SLOTS_H

#include <zcache/status.h>

#include "lib/base/hash.h"
#include "lib/base/stamp.h"
#include "lib/base/word.h"
#include "lib/store/directory.h"
#include "lib/store/payload.h"
#include "lib/store/used.h"

enum { ZC_STRETCH_BITS = 10, ZC_STRETCH_SLOTS = 1 << ZC_STRETCH_BITS };
enum { ZC_SLOTS_FIRST_BITS = 10, ZC_STRETCHES_FIRST_BITS = 4 };
#define ZC_SLOTS_MAX (UINT32_C(1) << 31)

#define ZC_SLOT_NONE UINT32_C(0)

typedef enum zc_slot_kind { ZC_SLOT_FREE, ZC_SLOT_GHOST, ZC_SLOT_ENTRY } zc_slot_kind_t;

/* The label: the kind in the lower two bits, and above it six bits of the scattered key hash, so
 * that a search seldom follows the payload of another key. */
enum { ZC_LABEL_KIND = 3, ZC_LABEL_TAG = 0xfc };

/* Flags, the writing thread's alone. Above them stand six bits of the scattered key hash, by which
 * the bucket is split next: else each split would have to look at the keys. */
enum {
    ZC_FLAG_MARK = 1, /* a replace-sync sent it */
    ZC_FLAG_RUN = 2,  /* it is in the run, not in the chain of its origin */
    ZC_FLAG_COURSE_SHIFT = 2,
    ZC_FLAG_COURSE_BITS = 6,
};

/* Readers look at hlc, block, used, index_next, origin and label without a lock: those are written
 * as words, between the marks of the key's stripe. */
typedef struct zc_slot {
    zc_hlc_t hlc;
    union {
        struct {
            zc_block_t block; /* of its payload */
            uint32_t used;    /* used.h */
        };                    /* entry */
        uint64_t key_hash;    /* ghost */
    };
    uint32_t chain_older; /* free: the next free one */
    uint32_t chain_newer;
    uint32_t index_next;
    zc_origin_index_t origin;
    uint8_t label;
    uint8_t flags;
} zc_slot_t;

_Static_assert(sizeof(zc_slot_t) == 32, "a slot has 32 bytes");

/* The place of a slot in the order of use. Under the lock. */
typedef struct zc_neighbours {
    uint32_t older;
    uint32_t newer;
} zc_neighbours_t;

/* A stretch is looked through for expired deadlines no more than once in this time: many deadlines
 * that end one after the other must not have the whole stretch looked through for each. */
enum { ZC_SCAN_INTERVAL_MS = 1000 };

/* Times are mesh time. */
typedef struct zc_stretch {
    uint64_t due_ms;     /* no deadline in here needs to be looked at before; UINT64_MAX: none */
    uint64_t scanned_ms; /* when it was last looked through */
} zc_stretch_t;

typedef struct zc_slots {
    zc_directory_t slots;
    zc_directory_t neighbours;
    zc_directory_t stretches;
    uint64_t now_ms; /* the latest local time that the store was told */
    zc_slab_t slab;
    const zc_allocator_t *allocator;
    uint32_t end;  /* the lowest number that was never taken */
    uint32_t free; /* the first of those given back */
} zc_slots_t;

void zc_slots_init(zc_slots_t *slots, const zc_allocator_t *allocator);
void zc_slots_fini(zc_slots_t *slots);

/* Makes sure that zc_slots_take can be called once. Returns OK, NO_MEMORY or BUSY (no numbers are
 * left). */
zcache_status zc_slots_reserve(zc_slots_t *slots);
uint32_t zc_slots_take(zc_slots_t *slots);
void zc_slots_give(zc_slots_t *slots, uint32_t number);

static inline zc_slot_t *zc_slot_at(const zc_slots_t *slots, uint32_t number) {
    return zc_directory_at(&slots->slots, (zc_shape_t){ZC_SLOTS_FIRST_BITS, sizeof(zc_slot_t)},
                           number);
}

static inline zc_neighbours_t *zc_neighbours_at(const zc_slots_t *slots, uint32_t number) {
    return zc_directory_at(&slots->neighbours,
                           (zc_shape_t){ZC_SLOTS_FIRST_BITS, sizeof(zc_neighbours_t)}, number);
}

/* Stretches from 0 to here have slots that were taken at some time. */
static inline uint32_t zc_stretch_count(const zc_slots_t *slots) {
    uint32_t last = slots->end - 1;
    return last == ZC_SLOT_NONE ? 0 : (last >> ZC_STRETCH_BITS) + 1;
}

static inline zc_stretch_t *zc_stretch_at(const zc_slots_t *slots, uint32_t stretch) {
    return zc_directory_at(&slots->stretches,
                           (zc_shape_t){ZC_STRETCHES_FIRST_BITS, sizeof(zc_stretch_t)}, stretch);
}

/* When a deadline in a stretch is to be looked at. */
static inline uint64_t zc_stretch_due_ms(const zc_stretch_t *stretch, uint64_t deadline_ms) {
    uint64_t next_ms = stretch->scanned_ms + ZC_SCAN_INTERVAL_MS;
    return stretch->scanned_ms != 0 && next_ms > deadline_ms ? next_ms : deadline_ms;
}

static inline zc_slot_kind_t zc_slot_kind(const zc_slot_t *slot) {
    return (zc_slot_kind_t)(slot->label & ZC_LABEL_KIND);
}

static inline void zc_slot_set_kind(zc_slot_t *slot, zc_slot_kind_t kind) {
    zc_word_store(&slot->label, (uint8_t)((slot->label & ZC_LABEL_TAG) | (unsigned)kind));
}

/* Of an entry. */
static inline const zc_payload_t *zc_slot_payload(const zc_slots_t *slots, const zc_slot_t *slot) {
    return zc_slab_at(&slots->slab, slot->block);
}

/* Of an entry or a ghost. */
static inline uint64_t zc_slot_key_hash(const zc_slots_t *slots, const zc_slot_t *slot) {
    return zc_slot_kind(slot) == ZC_SLOT_ENTRY ? zc_payload_key_hash(zc_slot_payload(slots, slot))
                                               : slot->key_hash;
}

/* Of an entry: mesh time; 0: none. */
static inline uint64_t zc_slot_deadline_ms(const zc_slots_t *slots, const zc_slot_t *slot) {
    return zc_payload_deadline_ms(zc_slot_payload(slots, slot), slot->hlc);
}

/* Of an entry: local time of the last read or write. Without the lock it may be far too early where
 * the time is told anew meanwhile. */
static inline uint64_t zc_slot_used_ms(const zc_slots_t *slots, const zc_slot_t *slot) {
    uint32_t used = zc_word_acquire(&slot->used);
    return zc_used_ms(used, zc_word_load(&slots->now_ms));
}

/* Not after the latest time that the store was told. Under the lock. */
static inline void zc_slot_set_used(const zc_slots_t *slots, zc_slot_t *slot, uint64_t used_ms,
                                    uint32_t round) {
    zc_word_release(&slot->used, zc_used_of(used_ms, slots->now_ms, round));
}

#endif
