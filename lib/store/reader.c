/* SPDX-License-Identifier: MPL-2.0 */
/* Reading without a lock, and rings.
 *
 * A ring has one producer, the owner of the reader, and one consumer at a time, who holds the lock.
 * The look without a lock decides nothing that it is not sure of: what is expired, voided by the
 * very stamp of the clear register, large, or changes too often meanwhile is read under the lock.
 */
#include "lib/base/assert.h"
#include "lib/store/readers.h"
#include "lib/store/state.h"

enum {
    RING_ITEMS = 2048,
    RING_DRAIN = RING_ITEMS / 2, /* so many are drained at once by the owner */
    RING_RETRY = 32,             /* after so many more, where the lock was taken */
    PORTION = 64,                /* drained under the lock without letting go of it */
    FILTER_ITEMS = 1024,
    TRIES = 16,
    CHAIN_MAX = 64, /* longer than any that a seeded hash makes */
    LINE_BYTES = 64,
};

/* A note, one word: the slot, and the lower half of the time of use. */
typedef uint64_t note_t;

static uint32_t slot_of(note_t note) {
    return (uint32_t)note;
}

struct zc_reader {
    zc_store_t *store;
    uint32_t head;      /* notes ever made; the owner's */
    uint32_t attention; /* the head at which the ring is to be looked at */
    uint64_t used_ms;   /* of the newest note */
    uint64_t hits;
    uint64_t misses;
    char owners[LINE_BYTES]; /* what is above and what is below change in other threads */
    uint32_t tail;           /* notes ever drained; under the lock */
    zc_reader_t *next;
    zc_reader_t *previous;
    char drainers[LINE_BYTES];
    note_t ring[RING_ITEMS];
    uint64_t aside[ZC_SIZES_BYTES_MAX / ZC_WORD_BYTES + 1]; /* a block, until it is known whole */
};

/* -- Life ------------------------------------------------------------------ */

zcache_status zc_reader_new(zc_store_t *store, zc_reader_t **reader) {
    zc_reader_t *made = zc_allocate_zeroed(store->options.allocator, sizeof *made);
    if (made == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    made->store = store;
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
    store->hits += ended->hits;
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
    zc_free(store->options.allocator, ended);
    *reader = NULL;
}

/* -- Rings, the consumer's side: under the lock ------------------------------ */

/* Brings near what the moves will touch: first the links themselves, then their neighbours. */
static void fetch_links(const zc_store_t *store, const note_t *notes, uint32_t count) {
    const zc_neighbours_t *links[PORTION];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = slot_of(notes[i]);
        links[i] = zc_neighbours_at(&store->slots, number);
        __builtin_prefetch(links[i], 1);
        __builtin_prefetch(zc_store_slot(store, number));
    }
    for (uint32_t i = 0; i < count; i++) {
        __builtin_prefetch(zc_neighbours_at(&store->slots, links[i]->older), 1);
        __builtin_prefetch(zc_neighbours_at(&store->slots, links[i]->newer), 1);
    }
}

/* Takes the notes of a portion out, but for those that were emptied; returns how many. */
static uint32_t take_notes(const zc_reader_t *reader, uint32_t count, note_t *notes) {
    uint32_t taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        notes[taken] = zc_word_load(&reader->ring[(reader->tail + i) % RING_ITEMS]);
        taken += slot_of(notes[taken]) != ZC_SLOT_NONE;
    }
    return taken;
}

/* A slot may have become something else since it was read. */
static void drain_portion(zc_reader_t *reader, uint32_t count) {
    zc_store_t *store = reader->store;
    note_t notes[PORTION];
    uint32_t taken = take_notes(reader, count, notes);
    uint64_t newest_ms = zc_word_load(&reader->used_ms);
    zc_store_note_time(store, newest_ms);
    fetch_links(store, notes, taken);
    for (uint32_t i = 0; i < taken; i++) {
        uint32_t number = slot_of(notes[i]);
        if (zc_slot_kind(zc_store_slot(store, number)) == ZC_SLOT_ENTRY) {
            uint64_t used_ms =
                newest_ms - (uint32_t)((uint32_t)newest_ms - (uint32_t)(notes[i] >> 32));
            zc_readers_note(store, number, used_ms);
        }
    }
    zc_word_release(&reader->tail, reader->tail + count);
}

static void drain(zc_reader_t *reader) {
    uint32_t head = zc_word_acquire(&reader->head);
    for (uint32_t tail = reader->tail; tail != head; tail = reader->tail) {
        uint32_t count = head - tail;
        drain_portion(reader, count < PORTION ? count : PORTION);
    }
}

void zc_readers_drain(zc_store_t *store) {
    for (zc_reader_t *reader = store->readers; reader != NULL; reader = reader->next) {
        drain(reader);
    }
}

void zc_readers_count(const zc_store_t *store, uint64_t *hits, uint64_t *misses) {
    for (const zc_reader_t *reader = store->readers; reader != NULL; reader = reader->next) {
        *hits += zc_word_load(&reader->hits);
        *misses += zc_word_load(&reader->misses);
    }
}

/* -- Rings, the producer's side ---------------------------------------------- */

/* Of what was read more than once only the last time decides: the notes before it are emptied,
 * most of them, before anybody has to take the lock for them. */
static void forget_repeated(zc_reader_t *reader, uint32_t tail) {
    uint32_t seen[FILTER_ITEMS] = {ZC_SLOT_NONE};
    for (uint32_t place = reader->head; place != tail;) {
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
            uint32_t left = reader->head - reader->tail;
            drain_portion(reader, left < PORTION ? left : PORTION);
            zc_store_unlock(store);
        }
    }
}

/* The ring is half full since it was last looked at. False: it is full. */
static bool attend(zc_reader_t *reader) {
    if (reader->head - zc_word_acquire(&reader->tail) >= RING_DRAIN) {
        drain_own(reader);
    }
    uint32_t tail = zc_word_acquire(&reader->tail);
    uint32_t filled = reader->head - tail;
    reader->attention = filled < RING_DRAIN ? tail + RING_DRAIN : reader->head + RING_RETRY;
    if (reader->attention - tail > RING_ITEMS) {
        reader->attention = tail + RING_ITEMS;
    }
    return filled < RING_ITEMS;
}

static void note_read(zc_reader_t *reader, uint32_t number, uint64_t used_ms) {
    zc_word_store(&reader->hits, reader->hits + 1);
    if (reader->head == reader->attention && !attend(reader)) {
        return;
    }
    note_t note = used_ms << 32 | number;
    zc_word_store(&reader->ring[reader->head % RING_ITEMS], note);
    if (used_ms > reader->used_ms) {
        zc_word_store(&reader->used_ms, used_ms);
    }
    zc_word_release(&reader->head, reader->head + 1);
}

/* -- Looking without a lock --------------------------------------------------- */

typedef enum look {
    LOOK_HIT,    /* `found` is in reader->aside */
    LOOK_MISS,   /* nothing, a ghost, or voided by a clear */
    LOOK_AGAIN,  /* somebody was writing */
    LOOK_LOCKED, /* to be read under the lock */
} look_t;

typedef struct found {
    uint32_t number;
    zc_hlc_t hlc;
    uint64_t used_ms;
    const zc_payload_t *payload;
    size_t key_bytes;
    zc_slice_t value;
} found_t;

/* The payload in the slot, copied. Each step may see what belongs to another: so the block is
 * believed only where the stripe held after its number was read, its place only where it held after
 * the page was looked at, and how much to copy only where it held after that was read. What is
 * copied then is in memory that stays, whatever is written to it. */
static look_t copy_payload(zc_reader_t *reader, const uint32_t *stripe, uint32_t entered,
                           const zc_slot_t *slot, found_t *found) {
    const zc_slots_t *slots = &reader->store->slots;
    zc_block_t block = zc_word_load(&slot->block);
    found->hlc = zc_word_load(&slot->hlc);
    found->used_ms = zc_slot_used_ms(slots, slot);
    if (!zc_stripe_holds(stripe, entered)) {
        return LOOK_AGAIN;
    }
    if (zc_block_is_large(block)) {
        return LOOK_LOCKED;
    }
    const zc_payload_t *payload = zc_slab_at(&slots->slab, block);
    if (!zc_stripe_holds(stripe, entered)) {
        return LOOK_AGAIN;
    }
    zc_payload_t head = {.head = zc_word_load(&payload->head)};
    if (zc_payload_is_long(&head)) {
        head.value_bytes = zc_word_load(&payload->value_bytes);
    }
    size_t before = zc_payload_before(&head) + zc_payload_key_bytes(&head);
    found->key_bytes = zc_payload_key_bytes(&head);
    found->value.bytes = zc_payload_value_bytes(&head);
    if (!zc_stripe_holds(stripe, entered)) {
        return LOOK_AGAIN;
    }
    found->payload = zc_words_get(reader->aside, payload, before + found->value.bytes);
    found->value.data = (const uint8_t *)found->payload + before;
    return zc_stripe_holds(stripe, entered) ? LOOK_HIT : LOOK_AGAIN;
}

/* As memcmp, which is too much for the few bytes that most keys have. */
static bool is_same(const uint8_t *a, const uint8_t *b, size_t bytes) {
    size_t i = 0;
    uint64_t differ = 0;
    for (; i + sizeof differ <= bytes && differ == 0; i += sizeof differ) {
        uint64_t from_a;
        uint64_t from_b;
        memcpy(&from_a, a + i, sizeof from_a);
        memcpy(&from_b, b + i, sizeof from_b);
        differ = from_a ^ from_b;
    }
    for (; i < bytes && differ == 0; i++) {
        differ = a[i] ^ b[i];
    }
    return differ == 0;
}

/* Whether what was found may be served, whenever in the moment we are. */
static look_t judge(const zc_store_t *store, const found_t *found, zc_slice_t key,
                    const zc_moment_t *moment) {
    const uint8_t *found_key = (const uint8_t *)found->value.data - found->key_bytes;
    if (found->key_bytes != key.bytes || !is_same(found_key, key.data, key.bytes)) {
        return LOOK_MISS;
    }
    zc_hlc_t clear = zc_word_load(&store->clear.hlc);
    if (found->hlc <= clear) {
        return found->hlc < clear ? LOOK_MISS : LOOK_LOCKED;
    }
    uint64_t deadline_ms = zc_payload_deadline_ms(found->payload, found->hlc);
    bool alive = !zc_store_is_past_deadline(store, deadline_ms, moment->latest_ms) &&
                 !zc_store_is_past_idle(store, found->used_ms, moment->latest_ms);
    return alive ? LOOK_HIT : LOOK_LOCKED;
}

/* One look. Entries whose tags are equal by chance are passed over. A chain that goes on for too
 * long is one that was changed under the reader. */
static look_t look(zc_reader_t *reader, uint64_t scattered, zc_slice_t key,
                   const zc_moment_t *moment, found_t *found) {
    zc_store_t *store = reader->store;
    const zc_index_t *index = &store->index;
    const uint32_t *stripe = zc_stripe_of(&store->index.stripes, scattered);
    uint32_t entered = zc_stripe_enter(stripe);
    if ((entered & 1) != 0) {
        return LOOK_AGAIN;
    }
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
            look_t copied = copy_payload(reader, stripe, entered, slot, found);
            look_t result = copied == LOOK_HIT ? judge(store, found, key, moment) : copied;
            if (result != LOOK_MISS) {
                return result;
            }
        }
        number = zc_word_acquire(&slot->index_next);
    }
    return zc_stripe_holds(stripe, entered) ? LOOK_MISS : LOOK_AGAIN;
}

static zcache_status hand_over(const found_t *found, zc_value_buffer_t *value) {
    zc_slice_t bytes = found->value;
    if (bytes.bytes > value->capacity) {
        void *data = zc_resize(value->allocator, value->data, bytes.bytes);
        if (data == NULL) {
            return ZCACHE_NO_MEMORY;
        }
        value->data = data;
        value->capacity = bytes.bytes;
    }
    if (bytes.bytes > 0) {
        memcpy(value->data, bytes.data, bytes.bytes);
    }
    value->bytes = bytes.bytes;
    value->type = zc_payload_type(found->payload);
    return ZCACHE_OK;
}

zcache_status zc_reader_read(zc_reader_t *reader, zc_slice_t key, const zc_moment_t *moment,
                             zc_value_buffer_t *value) {
    uint64_t key_hash = zc_key_hash(key);
    uint64_t scattered = zc_index_scatter(&reader->store->index, key_hash);
    found_t found;
    look_t result = LOOK_AGAIN;
    for (int i = 0; i < TRIES && result == LOOK_AGAIN; i++) {
        result = look(reader, scattered, key, moment, &found);
    }
    if (result == LOOK_MISS) {
        zc_word_store(&reader->misses, reader->misses + 1);
        return ZCACHE_MISS;
    }
    if (result != LOOK_HIT) {
        return zc_store_read_locked(reader->store, key_hash, key, moment, value);
    }
    zcache_status status = hand_over(&found, value);
    if (status == ZCACHE_OK) {
        note_read(reader, found.number, moment->used_ms);
    }
    return status;
}
