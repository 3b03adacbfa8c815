/* SPDX-License-Identifier: MPL-2.0 */
/* The store: the bounded cache of one node, with everything that replication asks of it.
 *
 * One register for each key hash, held in a slot. A slot is an entry (key and value are here) or a
 * ghost (only the stamp of what was here). All slots of one origin are linked in stamp order, the
 * chain (rule R6): an entry that goes becomes a ghost in place, a newer write moves the slot to the
 * new end.
 *
 *     key hash ──mix──► bucket ──► slot ──► slot      index: linear hashing, a bucket at a time
 *                                   │
 *     ┌─────────────────────────────┴──────────────────────┐
 *     │ hlc, origin      entry: payload ──► key, value     │
 *     │                  ghost: key hash                   │
 *     │ chain older, newer   (by origin, in stamp order)   │
 *     │ order older, newer   (entry: LRU; ghost: FIFO)     │
 *     └────────────────────────────────────────────────────┘
 *
 * A key is known to replication by its key hash (64 bits, R8). Two keys with the same key hash
 * share one register: the newer write takes it, and a read compares the key's bytes, so that the
 * other key is a miss, never a wrong value. That also means that every slot of a bucket has another
 * key hash, and buckets are chosen under a seed: nobody can choose colliding keys.
 *
 * Threads: one thread at a time may call everything here. Beside it, any number of threads may have
 * readers (reader.h), which look without a lock, or call zc_store_read; what those leave is kept in
 * order by the lock that the store is given, which is never held for longer than the work on a few
 * entries (rule C1). Memory that zc_store_item_t points into is stable
 * between mutating calls. */
#ifndef ZC_STORE_STORE_H
#define ZC_STORE_STORE_H

#include <zcache/status.h>
#include <zcache/value.h>

#include "lib/base/allocator.h"
#include "lib/base/hash.h"
#include "lib/base/lock.h"
#include "lib/base/stamp.h"

typedef struct zc_store zc_store_t;

/* An origin as this store knows it: an index from 0, given by zc_store_origin. The index of one
 * that was removed is given to another. */
typedef uint16_t zc_origin_index_t;
#define ZC_ORIGIN_INDEX_NONE ((zc_origin_index_t)UINT16_MAX)

/* What goes in and what is shown: an entry, or a ghost (then key and value are empty and only the
 * stamp and key hash count). */
typedef struct zc_store_item {
    bool ghost;
    uint8_t type; /* zcache_type of the value */
    zc_origin_index_t origin;
    zc_hlc_t hlc;
    uint64_t key_hash; /* zc_key_hash of key */
    zc_slice_t key;
    zc_slice_t value;
    uint64_t deadline_ms; /* mesh time; 0: none (rule R12) */
    uint64_t used_ms;     /* local time of the last read or write */
} zc_store_item_t;

/* Why an entry went or came, for the listener. The first five have the numbers of zcache_change. */
typedef enum zc_change {
    ZC_CHANGE_SET,
    ZC_CHANGE_DELETE,
    ZC_CHANGE_CLEAR,
    ZC_CHANGE_EXPIRE,
    ZC_CHANGE_EVICT,
    ZC_CHANGE_DROP, /* a replace-sync had leave to drop it (R9) */
} zc_change_t;

/* Is told of every entry that comes or goes, during the call that does it: for SET after the entry
 * is in, else before its bytes go. An overwrite is one SET. Entries that a clear voids are not told
 * one by one. The item is valid during the call; the listener must not change the store. For DELETE
 * `hlc` and `origin` are those of the delete. */
typedef void zc_store_listener_fn(void *context, zc_change_t change, const zc_store_item_t *item);

typedef struct zc_store_options {
    const zc_allocator_t *allocator; /* borrowed for the life of the store */
    zc_lock_t lock;
    uint64_t seed;            /* of the index; random */
    uint64_t max_size;        /* entries, at least 1 */
    uint64_t ghosts_max;      /* ghosts, at least 1 */
    uint64_t max_memory;      /* bytes of keys, values and bookkeeping; 0: no limit */
    uint64_t expire_after_ms; /* idle time; 0: never */
    uint64_t touch_window_ms; /* a key is told once in this time; 0: at each read (touches.h) */
    zc_store_listener_fn *listener; /* NULL: nobody */
    void *listener_context;
} zc_store_options_t;

/* Returns OK or NO_MEMORY. */
zcache_status zc_store_new(const zc_store_options_t *options, zc_store_t **store);
void zc_store_destroy(zc_store_t **store);

/* Whom to tell from now on; NULL: nobody, which spares looking at what nobody is shown. */
void zc_store_listen(zc_store_t *store, zc_store_listener_fn *listener, void *context);

/* -- Settings that change live. A smaller size is reached by zc_store_sweep, not at once. -- */

void zc_store_set_max_size(zc_store_t *store, uint64_t max_size, uint64_t ghosts_max);
void zc_store_set_expire_after(zc_store_t *store, uint64_t expire_after_ms,
                               uint64_t touch_window_ms);

/* Mesh time minus local time, in milliseconds (rule R2): how deadlines are compared with the clock.
 */
void zc_store_set_clock_offset(zc_store_t *store, int64_t offset_ms);

/* -- Origins --------------------------------------------------------------- */

/* The index of an origin, given anew if it has none. Returns OK, BUSY (ZCACHE_ORIGINS_MAX) or
 * NO_MEMORY. */
zcache_status zc_store_origin(zc_store_t *store, const zc_origin_t *origin,
                              zc_origin_index_t *index);
/* ZC_ORIGIN_INDEX_NONE if the store does not know it. */
zc_origin_index_t zc_store_origin_find(const zc_store_t *store, const zc_origin_t *origin);
/* Borrowed until the next zc_store_origin; none where the index is free. */
const zc_origin_t *zc_store_origin_at(const zc_store_t *store, zc_origin_index_t index);
/* Indexes from 0 to here were given at some time. */
size_t zc_store_origin_count(const zc_store_t *store);
/* Forgets ghosts of an origin (R9) from the oldest on, up to its first entry, and takes them off
 * *budget, which ends it at 0. True: the origin has no slot left. No run may be open. */
bool zc_store_origin_empty(zc_store_t *store, zc_origin_index_t origin, size_t *budget);
/* Gives up the index, and with it the floor, of an origin that has no slot and no cursor (R13). */
void zc_store_origin_remove(zc_store_t *store, zc_origin_index_t origin);

/* -- Writing --------------------------------------------------------------- */

typedef enum zc_outcome {
    ZC_OUTCOME_APPLIED,  /* it is in (or, a ghost: in place) */
    ZC_OUTCOME_SAME,     /* it was there already, with the same stamp */
    ZC_OUTCOME_OUTDATED, /* something newer is there, or the clear register voids it (R10) */
    ZC_OUTCOME_LATE,     /* not above the horizon, refused and left as a ghost (R9) */
    ZC_OUTCOME_FAULT, /* the same stamp with other bytes: refused (R1); the larger digest stays on
                         all nodes */
} zc_outcome_t;

/* Merges one write by rules R1, R8, R9 and R10: an entry, or a ghost (a delete, or what a donor no
 * longer holds). Copies key and value. Evicts the least recently used until the new entry has room;
 * an entry larger than max_memory alone becomes a ghost. A write that is in is at the head of the
 * LRU list, also one that was last used in the past (those of a transfer come coldest first, S2);
 * its time of use is item->used_ms, unless the entry that it overwrites was used later, and never
 * after now_ms. A ghost that takes the place of an entry tells DELETE, or, if that had expired,
 * EXPIRE. `was_held`, if not NULL, tells whether an entry of that key was here and unexpired
 * before. Returns OK, BUSY (no slot is left) or NO_MEMORY; on an error nothing has changed. */
zcache_status zc_store_apply(zc_store_t *store, const zc_store_item_t *item, uint64_t now_ms,
                             zc_outcome_t *outcome, bool *was_held);

/* Whether an entry of this size may be held at all, by max_memory. */
bool zc_store_has_room(const zc_store_t *store, size_t key_bytes, size_t value_bytes);

/* Tells the processor which memory a call for this key hash is about to need, from the index to the
 * entry: each step needs what the one before has fetched, so they are made some calls apart.
 * Changes nothing. The first step may be made by any thread. */
typedef enum zc_prefetch { ZC_PREFETCH_BUCKET, ZC_PREFETCH_SLOT, ZC_PREFETCH_ENTRY } zc_prefetch_t;

void zc_store_prefetch(const zc_store_t *store, uint64_t key_hash, zc_prefetch_t step);

/* As a run: between these two calls, what is applied and belongs in the middle of its origin's
 * chain is put aside, in any stamp order, and sorted in short steps; zc_store_sweep puts it into
 * the chains after the end. For full transfers, which come by recency. What belongs at either end
 * of the chain is linked at once, so that live writes may go on meanwhile. Opening a cursor puts in
 * all that was set aside by then. Both calls are idempotent. */
void zc_store_run_begin(zc_store_t *store);
void zc_store_run_end(zc_store_t *store);

/* So many entries are about to come, as far as somebody says: the index grows ahead of them. */
void zc_store_expect(zc_store_t *store, uint64_t entries);

/* -- Reading --------------------------------------------------------------- */

/* Copies the value of a key, makes it the most recently used and notes a touch (rule R11). Safe
 * beside the one writing thread. Where the value has no room its block is replaced by one of the
 * allocator. `now_ms` is local time. Counts hits and misses. Returns OK, MISS or NO_MEMORY; *value
 * is untouched unless OK. */
zcache_status zc_store_read(zc_store_t *store, zc_slice_t key, uint64_t now_ms,
                            const zc_allocator_t *allocator, zcache_value_t *value);

/* The same without a copy, for the writing thread: *item is valid until the next mutating call.
 * `touch` false reads without a trace. Returns OK or MISS. */
zcache_status zc_store_get(zc_store_t *store, zc_slice_t key, uint64_t now_ms, bool touch,
                           zc_store_item_t *item);

/* What is in the register of a key hash, entry or ghost, expired or not. False: nothing. */
bool zc_store_find(const zc_store_t *store, uint64_t key_hash, zc_store_item_t *item);

/* A peer's touch: makes the entry the most recently used as of now. */
void zc_store_touch(zc_store_t *store, uint64_t key_hash, uint64_t now_ms);

/* Takes up to `capacity` touches that reads have left, oldest first, into `key_hashes`. */
size_t zc_store_take_touches(zc_store_t *store, uint64_t *key_hashes, size_t capacity);

/* -- Going ----------------------------------------------------------------- */

/* Voids everything with a stamp not above `stamp` (rule R10): it is unread and unsent from now on,
 * and leaves memory, size and digest as zc_store_sweep gets to it, without ghosts and without
 * raising a floor. A lower stamp than the present one changes nothing. Returns true if it rose. */
bool zc_store_clear(zc_store_t *store, const zc_stamp_t *stamp);
zc_stamp_t zc_store_clear_stamp(const zc_store_t *store);

/* Puts what a run brought into the chains, and collects what is voided by a clear, expired by ttl
 * or idle time, or over a limit, at most `budget` slots' worth of work. Returns true if there may
 * be more to do now. */
bool zc_store_sweep(zc_store_t *store, uint64_t now_ms, size_t budget);

/* Local time at which the next entry expires, as far as is known without looking; UINT64_MAX: none
 * does. */
uint64_t zc_store_next_expiry_ms(const zc_store_t *store);

/* Evicts the least recently used entry, if there is one. */
bool zc_store_evict(zc_store_t *store);

/* -- Floors (rule R9) ------------------------------------------------------ */

/* The highest HLC of a forgotten ghost of this origin; 0: none. */
zc_hlc_t zc_store_floor(const zc_store_t *store, zc_origin_index_t origin);
void zc_store_raise_floor(zc_store_t *store, zc_origin_index_t origin, zc_hlc_t hlc);
/* The highest stamp of all forgotten ghosts. */
zc_stamp_t zc_store_horizon(const zc_store_t *store);
void zc_store_raise_horizon(zc_store_t *store, const zc_stamp_t *stamp);

/* -- Cursors: a place in a chain that survives every change (rule R6) ------ */

/* Owned by the caller, registered with the store between open and close. Fields are not for
 * callers. */
typedef struct zc_store_cursor {
    uint32_t slot;
    zc_origin_index_t origin;
    bool newer; /* the direction it moves in, also when its slot is unlinked under it */
    struct zc_store_cursor *next;
    struct zc_store_cursor *previous;
} zc_store_cursor_t;

/* Places the cursor at the newest slot of the origin with hlc <= `hlc` and walks to older ones...
 */
void zc_store_cursor_open_older(zc_store_t *store, zc_store_cursor_t *cursor,
                                zc_origin_index_t origin, zc_hlc_t hlc);
/* ... or at the oldest slot with hlc > `hlc`, and walks to newer ones. */
void zc_store_cursor_open_newer(zc_store_t *store, zc_store_cursor_t *cursor,
                                zc_origin_index_t origin, zc_hlc_t hlc);
/* The item under the cursor, valid until the next mutating call; false at the end. Voided slots are
 * passed over. A cursor that walks newer and stands at the end sees what is appended later. */
bool zc_store_cursor_item(zc_store_t *store, zc_store_cursor_t *cursor, zc_store_item_t *item);
void zc_store_cursor_next(zc_store_t *store, zc_store_cursor_t *cursor);
void zc_store_cursor_close(zc_store_t *store, zc_store_cursor_t *cursor);

/* -- Marks: which entries a replace-sync sent (rule R9) -------------------- */

/* Marks the entry of a key hash, if there is one. A slot that goes loses its mark. */
void zc_store_mark(zc_store_t *store, uint64_t key_hash);

/* Tells whether an unmarked entry is to be dropped. */
typedef bool zc_store_drop_fn(void *context, const zc_store_item_t *item);

/* Looks at up to `budget` slots from *position (0 at first): drops unmarked entries for which
 * `drop` says so, and takes all marks away; `drop` NULL only takes the marks away. Returns true
 * when it has been through all slots. */
bool zc_store_drop_unmarked(zc_store_t *store, uint32_t *position, size_t budget,
                            zc_store_drop_fn *drop, void *context);

/* -- What it holds --------------------------------------------------------- */

typedef struct zc_store_stats {
    uint64_t entries;
    uint64_t ghosts;
    uint64_t bytes; /* what max_memory bounds: keys, values and bookkeeping of entries */
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions;
    uint64_t expirations;
    uint64_t touches_dropped;
    uint64_t max_size;
    uint64_t ghosts_max;
    /* The sum over all entries of a hash of key, stamp, value, type and deadline: equal on two
     * nodes exactly if they hold the same, whatever the order. */
    uint64_t digest;
} zc_store_stats_t;

void zc_store_stats(const zc_store_t *store, zc_store_stats_t *stats);

/* -- What another store may hold differently ------------------------------- */

/* The digest in parts, by the upper bits of the key hash: their sum is the digest. Two stores need
 * to be compared entry by entry only where their parts differ. */
enum { ZC_DIGEST_PARTS = 1024, ZC_DIGEST_PART_SHIFT = 54 };

static inline size_t zc_digest_part(uint64_t key_hash) {
    return (size_t)(key_hash >> ZC_DIGEST_PART_SHIFT);
}

/* What an entry that this store has shown, and that is still there, adds to the digest; a ghost
 * adds nothing. */
uint64_t zc_store_item_digest(const zc_store_t *store, const zc_store_item_t *item);

/* ZC_DIGEST_PARTS numbers, borrowed for the life of the store. */
const uint64_t *zc_store_digest_parts(const zc_store_t *store);

/* A set of parts, a bit for each: the lowest bit of the first byte is part 0. */
typedef struct zc_digest_set {
    uint8_t bits[ZC_DIGEST_PARTS / 8];
} zc_digest_set_t;

/* Goes through the entries of these parts by slot number, from *position (0 at first), which is all
 * that there is of the scan: nothing has to be ended. An entry that stays is shown exactly once;
 * one that comes meanwhile may be left out. Looks at no more than `*budget` slots and lowers it.
 * Returns OK (*item is the next entry, valid until the next mutating call, and *position is behind
 * it), BUSY (the budget is spent) or MISS (the end). */
zcache_status zc_store_scan(const zc_store_t *store, const zc_digest_set_t *parts,
                            uint64_t *position, size_t *budget, zc_store_item_t *item);

/* Checks every invariant of the structure, O(n), for tests: asserts where one is broken. */
void zc_store_check(const zc_store_t *store);

#endif
