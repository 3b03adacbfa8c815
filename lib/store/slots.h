/* SPDX-License-Identifier: MPL-2.0 */
/* Slots: the registers of the store, 40 bytes each, named by a number (0: none), and the slab where
 * the payloads of those that are entries lie.
 *
 *     directory ──► segment: 1024 slots, and when one of their deadlines is next due
 *
 * A slot never moves, so that numbers stay good while the table grows. Slots that were given back
 * are taken first; memory is not given back. */
#ifndef ZC_STORE_SLOTS_H
#define ZC_STORE_SLOTS_H

#include "lib/base/hash.h"
#include "lib/base/stamp.h"
#include "lib/store/directory.h"
#include "lib/store/payload.h"
#include "lib/store/used.h"

enum { ZC_SEGMENT_BITS = 10, ZC_SEGMENT_SLOTS = 1 << ZC_SEGMENT_BITS };
enum { ZC_SEGMENTS_MAX = 1 << (31 - ZC_SEGMENT_BITS) };

#define ZC_SLOT_NONE UINT32_C(0)

typedef enum zc_slot_kind { ZC_SLOT_FREE, ZC_SLOT_GHOST, ZC_SLOT_ENTRY } zc_slot_kind_t;

/* The label: the kind in the lower two bits, and above it six bits of the scattered key hash, so
 * that a search seldom follows the payload of another key. */
enum { ZC_LABEL_KIND = 3, ZC_LABEL_TAG = 0xfc };

/* Flags, the writing thread's alone. */
enum {
    ZC_FLAG_MARK = 1, /* a replace-sync sent it */
    ZC_FLAG_RUN = 2,  /* it is in the run, not in the chain of its origin */
};

/* Readers look at hlc, payload, index_next, origin and label, and write the order of entries: those
 * change under the lock. */
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
    uint32_t order_older;
    uint32_t order_newer;
    uint32_t index_next;
    zc_origin_index_t origin;
    uint8_t label;
    uint8_t flags;
} zc_slot_t;

_Static_assert(sizeof(zc_slot_t) == 40, "a slot has 40 bytes");

/* A segment is looked through for expired deadlines no more than once in this time: many deadlines
 * that end one after the other must not have the whole segment looked through for each. */
enum { ZC_SCAN_INTERVAL_MS = 1000 };

/* Times are mesh time. */
typedef struct zc_segment {
    uint64_t due_ms;     /* no deadline in here needs to be looked at before; UINT64_MAX: none */
    uint64_t scanned_ms; /* when it was last looked through */
    zc_slot_t slots[ZC_SEGMENT_SLOTS];
} zc_segment_t;

typedef struct zc_slots {
    const zc_allocator_t *allocator;
    const zc_lock_t *lock;
    zc_slab_t slab;
    uint64_t now_ms; /* the latest local time that the store was told */
    zc_directory_t directory;
    uint32_t end;  /* the lowest number that was never taken */
    uint32_t free; /* the first of those given back */
} zc_slots_t;

void zc_slots_init(zc_slots_t *slots, const zc_allocator_t *allocator, const zc_lock_t *lock);
void zc_slots_fini(zc_slots_t *slots);

/* Makes sure that zc_slots_take can be called once. Returns OK, NO_MEMORY or BUSY (no numbers are
 * left). */
zcache_status zc_slots_reserve(zc_slots_t *slots);
uint32_t zc_slots_take(zc_slots_t *slots);
void zc_slots_give(zc_slots_t *slots, uint32_t number);

static inline zc_segment_t *zc_segment_at(const zc_slots_t *slots, uint32_t segment) {
    return slots->directory.segments[segment];
}

/* When a deadline in a segment is to be looked at. */
static inline uint64_t zc_segment_due_ms(const zc_segment_t *segment, uint64_t deadline_ms) {
    uint64_t next_ms = segment->scanned_ms + ZC_SCAN_INTERVAL_MS;
    return segment->scanned_ms != 0 && next_ms > deadline_ms ? next_ms : deadline_ms;
}

static inline zc_slot_t *zc_slot_at(const zc_slots_t *slots, uint32_t number) {
    return &zc_segment_at(slots, number >> ZC_SEGMENT_BITS)->slots[number & (ZC_SEGMENT_SLOTS - 1)];
}

static inline zc_slot_kind_t zc_slot_kind(const zc_slot_t *slot) {
    return (zc_slot_kind_t)(slot->label & ZC_LABEL_KIND);
}

static inline void zc_slot_set_kind(zc_slot_t *slot, zc_slot_kind_t kind) {
    slot->label = (uint8_t)((slot->label & ZC_LABEL_TAG) | (unsigned)kind);
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

/* Of an entry: local time of the last read or write. Under the lock. */
static inline uint64_t zc_slot_used_ms(const zc_slots_t *slots, const zc_slot_t *slot) {
    return zc_used_ms(slot->used, slots->now_ms);
}

/* Not after the latest time that the store was told. Under the lock. */
static inline void zc_slot_set_used_ms(const zc_slots_t *slots, zc_slot_t *slot, uint64_t used_ms) {
    slot->used = zc_used_of(used_ms, slots->now_ms);
}

#endif
