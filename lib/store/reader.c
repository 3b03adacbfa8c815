/* SPDX-License-Identifier: MPL-2.0 */
/* Reading without a lock, what is remembered of it (recent.h), and rings.
 *
 * A ring has one producer, the owner of the reader, and one consumer at a time, who holds the lock.
 * The look without a lock decides nothing that it is not sure of: what is expired, voided by the
 * very stamp of the clear register, large, or changes too often meanwhile is read under the lock.
 */
#include "lib/base/assert.h"
#include "lib/base/hash_here.h"
#include "lib/base/peek.h"
#include "lib/store/readers.h"
#include "lib/store/recent.h"
#include "lib/store/state.h"

enum {
    RING_ITEMS = 8192,
    RING_DRAIN = RING_ITEMS / 2, /* so many are drained at once by the owner */
    RING_RETRY = 32,             /* after so many more, where the lock was taken */
    PORTION = 64,                /* drained under the lock without letting go of it */
    FILTER_ITEMS = 4096,
    TRIES = 16,
    CHAIN_MAX = 64, /* longer than any that a seeded hash makes */
    LINE_BYTES = 64,
    MEMOS_MS = 5000,  /* what is remembered holds so long, */
    MEMOS_SHARE = 10, /* and no longer than such a share of the idle time */
};

/* A note, one word: the slot, and the lower half of the time of use. */
typedef uint64_t note_t;

static uint32_t slot_of(note_t note) {
    return (uint32_t)note;
}

struct zc_reader {
    zc_store_t *store;
    const zc_allocator_t *values;
    uint64_t head;      /* notes ever made; the owner's */
    uint64_t attention; /* the head at which the ring is to be looked at */
    uint64_t used_ms;   /* of the newest note */
    uint64_t unnoted;   /* hits that left no note, as the ring was full */
    uint64_t misses;
    zc_recent_t recent;
    char owners[LINE_BYTES]; /* what is above and what is below change in other threads */
    uint64_t tail;           /* notes ever drained; under the lock */
    zc_reader_t *next;
    zc_reader_t *previous;
    char drainers[LINE_BYTES];
    note_t ring[RING_ITEMS];
    uint64_t aside[ZC_SIZES_BYTES_MAX / ZC_WORD_BYTES + 1]; /* a block, until it is known whole */
};

/* -- Life ------------------------------------------------------------------ */

zcache_status zc_reader_new(zc_store_t *store, const zc_allocator_t *values, zc_reader_t **reader) {
    zc_reader_t *made = zc_allocate_zeroed(store->options.allocator, sizeof *made);
    if (made == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    if (zc_recent_init(&made->recent, store->options.allocator) != ZCACHE_OK) {
        zc_free(store->options.allocator, made);
        return ZCACHE_NO_MEMORY;
    }
    made->store = store;
    made->values = values;
    made->attention = RING_DRAIN;
    zc_store_lock(store);
    zc_slab_pin(&store->slots.slab);
    made->next = store->readers;
    if (store->readers != NULL) {
        store->readers->previous = made;
    }
    store->readers = made;
    zc_store_unlock(store);
    *reader = made;
    return ZCACHE_OK;
}

static void drain(zc_reader_t *reader);

void zc_reader_destroy(zc_reader_t **reader) {
    if (reader == NULL || *reader == NULL) {
        return;
    }
    zc_reader_t *ended = *reader;
    zc_store_t *store = ended->store;
    zc_store_lock(store);
    drain(ended);
    store->hits += ended->head + ended->unnoted;
    store->misses += ended->misses;
    if (ended->previous != NULL) {
        ended->previous->next = ended->next;
    } else {
        ZC_ASSERT(store->readers == ended);
        store->readers = ended->next;
    }
    if (ended->next != NULL) {
        ended->next->previous = ended->previous;
    }
    zc_slab_unpin(&store->slots.slab);
    zc_store_unlock(store);
    zc_recent_fini(&ended->recent, store->options.allocator);
    zc_free(store->options.allocator, ended);
    *reader = NULL;
}

/* -- Rings, the consumer's side: under the lock ------------------------------ */

/* Takes the notes of a portion out, but for those that were emptied; returns how many. */
static uint32_t take_notes(const zc_reader_t *reader, uint32_t count, note_t *notes) {
    uint32_t taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        notes[taken] = zc_word_load(&reader->ring[(reader->tail + i) % RING_ITEMS]);
        taken += slot_of(notes[taken]) != ZC_SLOT_NONE;
    }
    return taken;
}

/* A slot may have become something else since it was read. What each step touches is brought near
 * for all notes before any of them is waited for. */
static void drain_portion(zc_reader_t *reader, uint32_t count) {
    zc_store_t *store = reader->store;
    note_t notes[PORTION];
    zc_slot_t *slots[PORTION];
    uint32_t numbers[PORTION];
    uint32_t taken = take_notes(reader, count, notes);
    uint64_t newest_ms = zc_word_load(&reader->used_ms);
    zc_store_note_time(store, newest_ms);
    for (uint32_t i = 0; i < taken; i++) {
        slots[i] = zc_store_slot(store, slot_of(notes[i]));
        __builtin_prefetch(slots[i], 1);
        __builtin_prefetch(zc_neighbours_at(&store->slots, slot_of(notes[i])), 1);
    }
    uint32_t entries = 0;
    for (uint32_t i = 0; i < taken; i++) {
        if (zc_slot_kind(slots[i]) == ZC_SLOT_ENTRY) {
            uint32_t ago_ms = (uint32_t)newest_ms - (uint32_t)(notes[i] >> 32);
            zc_readers_note(store, slots[i], newest_ms - ago_ms);
            numbers[entries++] = slot_of(notes[i]);
        }
    }
    zc_order_move_all(store, &store->entries, numbers, entries);
    zc_word_release(&reader->tail, reader->tail + count);
}

static void drain(zc_reader_t *reader) {
    uint64_t head = zc_word_acquire(&reader->head);
    for (uint64_t tail = reader->tail; tail != head; tail = reader->tail) {
        uint64_t count = head - tail;
        drain_portion(reader, count < PORTION ? (uint32_t)count : PORTION);
    }
}

void zc_readers_drain(zc_store_t *store) {
    for (zc_reader_t *reader = store->readers; reader != NULL; reader = reader->next) {
        drain(reader);
    }
}

void zc_readers_count(const zc_store_t *store, uint64_t *hits, uint64_t *misses) {
    for (const zc_reader_t *reader = store->readers; reader != NULL; reader = reader->next) {
        *hits += zc_word_load(&reader->head) + zc_word_load(&reader->unnoted);
        *misses += zc_word_load(&reader->misses);
    }
}

/* -- Rings, the producer's side ---------------------------------------------- */

/* Of what was read more than once only the last time decides: the notes before it are emptied,
 * most of them, before anybody has to take the lock for them. */
static void forget_repeated(zc_reader_t *reader, uint64_t tail) {
    uint32_t seen[FILTER_ITEMS] = {ZC_SLOT_NONE};
    for (uint64_t place = reader->head; place != tail;) {
        place--;
        note_t *note = &reader->ring[place % RING_ITEMS];
        uint32_t number = slot_of(*note);
        uint32_t *last = &seen[number % FILTER_ITEMS];
        if (*last == number) {
            zc_word_store(note, ZC_SLOT_NONE);
        }
        *last = number;
    }
}

/* The owner drains its own ring, a portion at a time, so that nobody waits for more than one. */
static void drain_own(zc_reader_t *reader) {
    zc_store_t *store = reader->store;
    forget_repeated(reader, zc_word_acquire(&reader->tail));
    bool locked = true;
    while (locked && zc_word_acquire(&reader->tail) != reader->head) {
        locked = zc_lock_attempt(&store->options.lock);
        if (locked) {
            uint64_t left = reader->head - reader->tail;
            drain_portion(reader, left < PORTION ? (uint32_t)left : PORTION);
            zc_store_unlock(store);
        }
    }
}

/* The ring is half full since it was last looked at. False: it is full. */
__attribute__((noinline, cold)) static bool attend(zc_reader_t *reader) {
    if (reader->head - zc_word_acquire(&reader->tail) >= RING_DRAIN) {
        drain_own(reader);
        zc_recent_grow(&reader->recent, reader->store->options.allocator,
                       zc_word_load(&reader->store->index.buckets));
    }
    uint64_t tail = zc_word_acquire(&reader->tail);
    uint64_t filled = reader->head - tail;
    reader->attention = filled < RING_DRAIN ? tail + RING_DRAIN : reader->head + RING_RETRY;
    if (reader->attention - tail > RING_ITEMS) {
        reader->attention = tail + RING_ITEMS;
    }
    return filled < RING_ITEMS;
}

/* False: there was no room. A note that is made counts as a hit. */
static inline bool note_read(zc_reader_t *reader, uint32_t number, uint64_t used_ms) {
    uint64_t head = reader->head;
    if (head == reader->attention && !attend(reader)) {
        zc_word_store(&reader->unnoted, reader->unnoted + 1);
        return false;
    }
    note_t note = used_ms << 32 | number;
    zc_word_store(&reader->ring[head % RING_ITEMS], note);
    if (used_ms > reader->used_ms) {
        zc_word_store(&reader->used_ms, used_ms);
    }
    zc_word_release(&reader->head, head + 1);
    return true;
}

/* -- Looking without a lock --------------------------------------------------- */

typedef enum look {
    LOOK_HIT,    /* if the stripe still holds when the value has been copied */
    LOOK_MISS,   /* nothing, a ghost, another key, or voided by a clear */
    LOOK_AGAIN,  /* somebody was writing */
    LOOK_LOCKED, /* to be read under the lock */
    LOOK_NO_MEMORY,
} look_t;

/* A look at a key, begun under a number of its stripe. */
typedef struct sight {
    const zc_stripe_t *stripe;
    zc_stripe_t entered;
    zc_slice_t key;
} sight_t;

static inline bool holds(const void *context) {
    const sight_t *sight = context;
    return zc_stripe_holds(sight->stripe, sight->entered);
}

typedef struct found {
    uint32_t number;
    const zc_payload_t *payload;
    uint32_t head; /* of the payload */
    uint64_t used_ms;
    uint64_t deadline_ms;
    zc_slice_t value;
} found_t;

/* Mesh time, 0: none; of a payload with this head. */
static inline uint64_t deadline_of(const zc_payload_t *payload, uint32_t head, zc_hlc_t hlc) {
    if ((head & ZC_PAYLOAD_DEADLINE) == 0) {
        return 0;
    }
    if ((head & ZC_PAYLOAD_LONG) == 0) {
        return zc_hlc_ms(hlc) + zc_word_load(&payload->ttl_ms);
    }
    return zc_word_load(&payload->deadline_ms[0]) | (uint64_t)zc_word_load(&payload->deadline_ms[1])
                                                        << 32;
}

/* Most payloads lie in the lines that begin here: the others are not waited for after the first. */
static inline __attribute__((always_inline)) void fetch_lines(const zc_payload_t *payload) {
    __builtin_prefetch((const char *)payload + LINE_BYTES);
    __builtin_prefetch((const char *)payload + 2 * LINE_BYTES - ZC_WORD_BYTES);
}

/* What is in a block, if it is of the key: found->value lies there still, and found->payload is its
 * head. Each step may see what belongs to another: so its place is believed only where the stripe
 * held after the page was looked at, and how much to read only where it held after that was read.
 * What is read then is in memory that stays, whatever is written to it. */
__attribute__((always_inline)) static inline look_t
look_into(const sight_t *sight, const zc_payload_t *payload, found_t *found) {
    fetch_lines(payload);
    if (!holds(sight)) {
        return LOOK_AGAIN;
    }
    const zc_payload_t head = zc_payload_peek(payload);
    size_t key_bytes = zc_payload_key_bytes(&head);
    const uint8_t *key_at = (const uint8_t *)payload + zc_payload_before(&head);
    found->payload = payload;
    found->head = head.head;
    found->value = zc_slice(key_at + key_bytes, zc_payload_value_bytes(&head));
    if (!holds(sight)) {
        return LOOK_AGAIN;
    }
    bool same =
        key_bytes == sight->key.bytes && zc_peek_equal(key_at, sight->key.data, sight->key.bytes);
    return same ? LOOK_HIT : LOOK_MISS;
}

/* Whether an entry may be served until then, local time. */
static bool is_good_until(const zc_store_t *store, const found_t *found, uint64_t until_ms) {
    return !zc_store_is_past_deadline(store, found->deadline_ms, until_ms) &&
           !zc_store_is_past_idle(store, found->used_ms, until_ms);
}

/* What is in a slot, if it may be served whenever in the moment we are. The block is believed only
 * where the stripe held after its number was read. */
static look_t look_at(zc_reader_t *reader, const sight_t *sight, const zc_slot_t *slot,
                      zc_moment_t moment, found_t *found) {
    const zc_store_t *store = reader->store;
    zc_block_t block = zc_word_load(&slot->block);
    found->used_ms = zc_slot_used_ms(&store->slots, slot);
    zc_hlc_t hlc = zc_word_load(&slot->hlc);
    if (!holds(sight)) {
        return LOOK_AGAIN;
    }
    if (zc_block_is_large(block)) {
        return LOOK_LOCKED;
    }
    look_t result = look_into(sight, zc_slab_at(&store->slots.slab, block), found);
    if (result != LOOK_HIT) {
        return result;
    }
    found->deadline_ms = deadline_of(found->payload, found->head, hlc);
    zc_hlc_t clear = zc_word_load(&store->clear.hlc);
    if (hlc <= clear) {
        return hlc < clear ? LOOK_MISS : LOOK_LOCKED;
    }
    return is_good_until(store, found, zc_moment_latest_ms(moment)) ? LOOK_HIT : LOOK_LOCKED;
}

/* One look. Entries whose tags are equal by chance are passed over. A chain that goes on for too
 * long is one that was changed under the reader. */
static look_t look(zc_reader_t *reader, uint64_t scattered, const sight_t *sight,
                   zc_moment_t moment, found_t *found) {
    if ((sight->entered & 1) != 0) {
        return LOOK_AGAIN;
    }
    const zc_store_t *store = reader->store;
    const zc_index_t *index = &store->index;
    uint8_t label = zc_index_tag(scattered) | ZC_SLOT_ENTRY;
    uint32_t buckets = zc_word_acquire(&index->buckets);
    uint32_t number = zc_word_acquire(zc_index_bucket(index, buckets, scattered));
    for (int i = 0; number != ZC_SLOT_NONE; i++) {
        const zc_slot_t *slot = zc_store_slot(store, number);
        if (i == CHAIN_MAX) {
            return LOOK_LOCKED;
        }
        if (zc_word_load(&slot->label) == label) {
            found->number = number;
            look_t result = look_at(reader, sight, slot, moment, found);
            if (result != LOOK_MISS) {
                return result;
            }
        }
        number = zc_word_acquire(&slot->index_next);
    }
    return holds(sight) ? LOOK_MISS : LOOK_AGAIN;
}

/* Of a value that has no room, or does not fit into the registers. It is copied aside first: what
 * the caller has stays as it is unless the value is known whole. */
__attribute__((noinline)) static look_t copy_aside(zc_reader_t *reader, const sight_t *sight,
                                                   const found_t *found, zcache_value_t *value) {
    size_t bytes = found->value.bytes;
    const void *copy = zc_words_get(reader->aside, found->value.data, bytes);
    if (!holds(sight)) {
        return LOOK_AGAIN;
    }
    if (bytes > value->capacity || value->data == NULL) {
        size_t capacity = bytes > 0 ? bytes : 1;
        void *data = zc_resize(reader->values, value->data, capacity);
        if (data == NULL) {
            return LOOK_NO_MEMORY;
        }
        value->data = data;
        value->capacity = capacity;
    }
    if (bytes > 0) {
        memcpy(value->data, copy, bytes);
    }
    return LOOK_HIT;
}

/* Whether a value goes straight to where the caller has it. */
static inline bool has_room(const zcache_value_t *value, size_t bytes) {
    return bytes <= value->capacity && bytes != 0 && zc_peek_fits(bytes);
}

/* The value to the caller, if it is whole. */
__attribute__((always_inline)) static inline look_t
hand_over(zc_reader_t *reader, const sight_t *sight, const found_t *found, zcache_value_t *value) {
    size_t bytes = found->value.bytes;
    look_t result;
    if (has_room(value, bytes)) {
        bool whole = zc_peek_copy(value->data, found->value.data, bytes, holds, sight);
        result = whole ? LOOK_HIT : LOOK_AGAIN;
    } else {
        result = copy_aside(reader, sight, found, value);
    }
    if (result == LOOK_HIT) {
        value->size = bytes;
        value->type = (zcache_type)(uint8_t)found->head;
    }
    return result;
}

/* Where all idles out soon, something is remembered as well, if not for long. */
static uint64_t memos_ms(const zc_store_t *store) {
    uint64_t share_ms = zc_word_load(&store->options.expire_after_ms) / MEMOS_SHARE;
    return share_ms == 0 || share_ms > MEMOS_MS ? MEMOS_MS : share_ms;
}

/* Remembers what was found, if it expires in no way for a while. */
static void remember(zc_reader_t *reader, uint64_t scattered, const sight_t *sight,
                     zc_moment_t moment, const found_t *found) {
    zc_recent_t *recent = &reader->recent;
    if (!zc_recent_holds(recent, moment)) {
        zc_recent_begin(recent, zc_moment_latest_ms(moment) + memos_ms(reader->store));
    }
    if (is_good_until(reader->store, found, recent->until_ms)) {
        zc_memo_keep(zc_recent_memo(recent, scattered), scattered, sight->entered, found->number,
                     found->payload);
    }
}

/* What the reader does not remember. */
__attribute__((noinline)) static zcache_status read_anew(zc_reader_t *reader, uint64_t scattered,
                                                         zc_slice_t key, zc_moment_t moment,
                                                         zcache_value_t *value) {
    zc_store_t *store = reader->store;
    sight_t sight = {.stripe = zc_stripe_of(&store->index.stripes, scattered), .key = key};
    found_t found;
    look_t result = LOOK_AGAIN;
    for (int i = 0; i < TRIES && result == LOOK_AGAIN; i++) {
        sight.entered = zc_stripe_enter(sight.stripe);
        result = look(reader, scattered, &sight, moment, &found);
        if (result == LOOK_HIT) {
            result = hand_over(reader, &sight, &found, value);
        }
    }
    switch (result) {
    case LOOK_HIT:
        break;
    case LOOK_MISS:
        zc_word_store(&reader->misses, reader->misses + 1);
        return ZCACHE_MISS;
    case LOOK_NO_MEMORY:
        return ZCACHE_NO_MEMORY;
    case LOOK_AGAIN:
    case LOOK_LOCKED:
        return zc_store_read_locked(store, zc_key_hash(key), key, moment, reader->values, value);
    }
    uint64_t used_ms = zc_moment_used_ms(moment);
    if (note_read(reader, found.number, used_ms)) {
        found.used_ms = used_ms;
        remember(reader, scattered, &sight, moment, &found);
    }
    return ZCACHE_OK;
}

/* The value of a payload that is remembered, if it is short and has room: what most are. */
__attribute__((always_inline)) static inline bool
read_short(const sight_t *sight, const zc_payload_t *payload, zcache_value_t *value) {
    fetch_lines(payload);
    const zc_payload_t head = {.head = zc_word_load(&payload->head)};
    const uint8_t *at = (const uint8_t *)payload + zc_payload_before(&head);
    size_t key_bytes = zc_payload_key_bytes(&head);
    size_t bytes = zc_payload_value_bytes(&head);
    if (!holds(sight) || zc_payload_is_long(&head) || key_bytes != sight->key.bytes ||
        !has_room(value, bytes) || !zc_peek_equal(at, sight->key.data, key_bytes) ||
        !zc_peek_copy(value->data, at + key_bytes, bytes, holds, sight)) {
        return false;
    }
    value->size = bytes;
    value->type = (zcache_type)zc_payload_type(&head);
    return true;
}

/* Any other. The sight comes by value, so that the caller's own stays in registers. */
__attribute__((noinline)) static bool read_remembered(zc_reader_t *reader, sight_t sight,
                                                      const zc_payload_t *payload,
                                                      zcache_value_t *value) {
    found_t found;
    return look_into(&sight, payload, &found) == LOOK_HIT &&
           hand_over(reader, &sight, &found, value) == LOOK_HIT;
}

zcache_status zc_reader_read(zc_reader_t *reader, zc_slice_t key, zc_moment_t moment,
                             zcache_value_t *value) {
    zc_store_t *store = reader->store;
    uint64_t scattered = zc_index_scatter(&store->index, zc_key_hash_here(key));
    const zc_memo_t *memo = zc_recent_memo(&reader->recent, scattered);
    sight_t sight = {.stripe = zc_stripe_of(&store->index.stripes, scattered), .key = key};
    sight.entered = zc_stripe_enter(sight.stripe);
    const zc_payload_t *payload = zc_memo_payload(memo, scattered, sight.entered);
    bool known = payload != NULL && zc_recent_holds(&reader->recent, moment);
    if (!known ||
        (!read_short(&sight, payload, value) && !read_remembered(reader, sight, payload, value))) {
        return read_anew(reader, scattered, key, moment, value);
    }
    note_read(reader, memo->number, zc_moment_used_ms(moment));
    return ZCACHE_OK;
}
