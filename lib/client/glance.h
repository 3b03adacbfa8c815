/* SPDX-License-Identifier: MPL-2.0 */
/* A glance: what all members hold under some key hashes, and what it says about each of them. */
#ifndef ZC_CLIENT_GLANCE_H
#define ZC_CLIENT_GLANCE_H

#include <zcache/verify.h>

#include "lib/client/census.h"

enum {
    ZC_GLANCE_CELLS_MAX = 262144, /* hashes times members */
    ZC_GLANCE_HASHES_MAX = 4096,
    ZC_GLANCE_HASHES_LEAST = 64,
    ZC_GLANCE_LOOKS = 256, /* of a request: an answer with keys of 64 KiB still fits a message */
};

typedef enum zc_held { ZC_HELD_NOTHING, ZC_HELD_GHOST, ZC_HELD_ENTRY } zc_held_t;

typedef struct zc_glance_cell {
    zc_held_t held;
    zc_stamp_t stamp;
    uint64_t digest;
} zc_glance_cell_t;

/* Where in the buffer the key of a hash is; no bytes: no member holds it. */
typedef struct zc_glance_key {
    size_t at;
    size_t bytes;
} zc_glance_key_t;

typedef struct zc_glance {
    zc_census_t *census;     /* borrowed */
    size_t hashes;           /* looked at */
    zc_glance_cell_t *cells; /* of one hash after the other, a cell for each member */
    zc_glance_key_t *keys;   /* of each hash */
    zc_buffer_t key_bytes;
    bool with_keys;
    zc_operation_t operations[ZC_GLANCE_LOOKS];
} zc_glance_t;

/* What is said of a member with regard to a write that another one has. */
typedef enum zc_judgement {
    ZC_JUDGED_MISSING = ZCACHE_DIFFERENCE_MISSING,
    ZC_JUDGED_STALE = ZCACHE_DIFFERENCE_STALE,
    ZC_JUDGED_LOST = ZCACHE_DIFFERENCE_LOST,
    ZC_JUDGED_VALUE = ZCACHE_DIFFERENCE_VALUE,
    ZC_JUDGED_FINE,
    ZC_JUDGED_EVICTED, /* it has received the write and let it go, as it may */
} zc_judgement_t;

static inline bool zc_judged_different(zc_judgement_t judgement) {
    return judgement != ZC_JUDGED_FINE && judgement != ZC_JUDGED_EVICTED;
}

/* How many key hashes may be looked at at once. */
size_t zc_glance_hashes_max(const zc_census_t *census);

/* NULL: no memory. */
zc_glance_t *zc_glance_new(zc_census_t *census);
void zc_glance_destroy(zc_glance_t **glance);

/* Looks at `count` key hashes, the first of every `stride` bytes, at all members that count; with
 * `with_keys` keeps their keys too. A member that does not answer counts no more. Returns OK or
 * NO_MEMORY. */
zcache_status zc_glance_look(zc_glance_t *glance, const void *hashes, size_t stride, size_t count,
                             bool with_keys);

/* The key of a hash, where it was kept; no bytes: no member holds it. */
zc_slice_t zc_glance_key(const zc_glance_t *glance, size_t hash);

/* The newest stamp that any member has under a hash, entry or ghost; hlc 0: none. */
zc_stamp_t zc_glance_newest(const zc_glance_t *glance, size_t hash);

/* A member that has got as far as this write; NULL: none. */
const zc_census_member_t *zc_glance_holder(const zc_glance_t *glance, size_t hash,
                                           const zc_stamp_t *newest);

/* What is to be said of a member about the write of `newest` under this hash. The member's digest
 * is to be older than the look. */
zc_judgement_t zc_glance_judge(const zc_glance_t *glance, size_t hash, size_t member,
                               const zc_stamp_t *newest);

#endif
