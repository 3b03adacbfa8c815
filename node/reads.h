/* SPDX-License-Identifier: MPL-2.0 */
/* Answers that wait for reads through the donor (rule S1): a joining node asks for what a client
 * missed, and the whole answer goes out once the last of its reads is back.
 *
 *     results:  [head][result 0][result 1]      [result 3]
 *     holes:                             ^ at: result 2, asked under a token */
#ifndef ZC_NODE_READS_H
#define ZC_NODE_READS_H

#include <zcache/limits.h>

#include "lib/replica/replica.h"
#include "lib/wire/buffer.h"

typedef struct zc_hole {
    size_t at;     /* in the results: where its own goes */
    size_t key_at; /* in the keys */
    size_t key_bytes;
    bool asked; /* of a donor */
    bool filled;
    zc_buffer_t result;
} zc_hole_t;

/* Holes of the answer that is being made; grows. */
typedef struct zc_holes {
    zc_hole_t *table;
    size_t count;
    size_t capacity;
    zc_buffer_t keys; /* copies, one behind the other */
} zc_holes_t;

void zc_holes_init(zc_holes_t *holes);
void zc_holes_fini(zc_holes_t *holes);
/* Returns OK or NO_MEMORY. */
zcache_status zc_holes_add(zc_holes_t *holes, size_t at, zc_slice_t key);
/* Borrowed until a hole is added. */
zc_slice_t zc_holes_key(const zc_holes_t *holes, size_t hole);

/* An answer with holes. */
typedef struct zc_waiting {
    uint32_t number; /* the upper half of its tokens */
    uint64_t route;
    uint64_t until_us;
    size_t open;   /* holes that are not filled */
    size_t cursor; /* no hole before this one is unasked */
    size_t bytes;  /* of the answer as far as it is there, with the keys of its holes */
    zc_buffer_t results;
    zc_holes_t holes;
    struct zc_waiting *next;
} zc_waiting_t;

typedef struct zc_reads {
    uint32_t last_number;
    size_t open;  /* holes of all answers that are not filled */
    size_t bytes; /* of all answers */
    zc_waiting_t *first;
    zc_waiting_t *last;
    zc_waiting_t *cursor; /* no answer before this one has an unasked hole; NULL: none has */
} zc_reads_t;

void zc_reads_init(zc_reads_t *reads);
void zc_reads_fini(zc_reads_t *reads);

/* Whether one more hole may be added to `holes`, with `bytes` of results and keys in that answer:
 * ZCACHE_READS_MAX holes may be open, and ZCACHE_READS_WAITING_MAX bytes wait, in all answers. */
bool zc_reads_has_room(const zc_reads_t *reads, const zc_holes_t *holes, size_t bytes);

/* Takes `results` and `holes`, which are empty afterwards. The answer is borrowed until it is
 * finished. NULL: no memory, or too many bytes would wait, and nothing was taken. */
zc_waiting_t *zc_reads_begin(zc_reads_t *reads, uint64_t route, uint64_t until_us,
                             zc_buffer_t *results, zc_holes_t *holes);

/* The token of a hole, for the event READ. */
uint64_t zc_reads_token(const zc_waiting_t *waiting, size_t hole);

/* The answer of a token, and its hole; NULL: it is no longer known. */
zc_waiting_t *zc_reads_find(const zc_reads_t *reads, uint64_t token, size_t *hole);

/* The first hole that is neither asked nor filled; NULL: there is none. */
zc_waiting_t *zc_reads_unasked(zc_reads_t *reads, size_t *hole);
void zc_reads_set_asked(zc_reads_t *reads, zc_waiting_t *waiting, size_t hole, bool asked);

/* Fills a hole with the result of a get; `value` and `type` count where `status` is OK, and a value
 * that the answer has no room for is BUSY. A hole that is filled stays as it is. Returns whether
 * that was the answer's last one. */
bool zc_reads_fill(zc_reads_t *reads, zc_waiting_t *waiting, size_t hole, zcache_status status,
                   zc_slice_t value, uint8_t type);

/* The first answer that has waited until `now_us`; NULL: there is none. */
zc_waiting_t *zc_reads_overdue(const zc_reads_t *reads, uint64_t now_us);

/* Writes the complete answer into `buffer`, in place of what is there, and forgets it. Returns OK
 * or NO_MEMORY (it is forgotten all the same). */
zcache_status zc_reads_finish(zc_reads_t *reads, zc_waiting_t *waiting, zc_buffer_t *buffer);

#endif
