/* SPDX-License-Identifier: MPL-2.0 */
/* A census: every member of the mesh at its own endpoint, what it holds and has received, and the
 * target, which is everything that any of them had at the beginning. For zcache_verify. */
#ifndef ZC_CLIENT_CENSUS_H
#define ZC_CLIENT_CENSUS_H

#include "lib/client/client.h"

enum { ZC_CENSUS_STATE_BYTES = 16 };

typedef struct zc_census_member {
    char name[ZCACHE_NAME_BYTES_MAX + 1];
    char endpoint[ZCACHE_NAME_BYTES_MAX + 1];
    char state[ZC_CENSUS_STATE_BYTES]; /* as the asked node lists it */
    zc_origin_t origin;   /* as the asked node lists it, then as the member itself says */
    zcache_t *cache;      /* NULL: it could not be opened */
    bool borrowed;        /* the handle is the caller's: the asked node itself */
    bool listed;          /* see zc_census_drop_left */
    zcache_status status; /* of asking it last */
    zc_error_t error;     /* ... and why */
    zc_digest_t digest;   /* what it said last, if it did; in the scratch */
    zc_wire_scratch_t scratch;
} zc_census_member_t;

/* Writes of one origin, (after, upto]. */
typedef struct zc_span {
    zc_origin_t origin;
    zc_interval_t interval;
} zc_span_t;

typedef struct zc_census {
    const zc_allocator_t *allocator;
    zc_census_member_t *members; /* the asked node first */
    size_t count;
    zc_span_t *target; /* by origin and interval; those of an origin do not touch */
    size_t target_count;
    zc_stamp_t settings; /* the highest */
    zc_stamp_t clear;
} zc_census_t;

/* Asks `cache` for the members, all of them for their digests, and makes the target. Other members
 * that do not answer are in it with their status. Returns what asking `cache` did, or NO_MEMORY;
 * then there is nothing to finish. */
zcache_status zc_census_take(zcache_t *cache, bool without_gone, zc_census_t *census);
void zc_census_fini(zc_census_t *census);

/* Takes out the members that do not answer and that the asked node does not list any more: they
 * have left meanwhile. Returns what listing them did. */
zcache_status zc_census_drop_left(zc_census_t *census);

/* Asks a member for its digest again. */
void zc_census_ask(zc_census_member_t *member);

/* It does not answer, but may yet: it is slow, stopped, or cut off. */
bool zc_census_may_answer(const zc_census_member_t *member);

/* Asks such a member again, once a connection is there for long enough to answer, but not beyond
 * the deadline for long. Where it answers, what it has received belongs to the target. Returns OK
 * or NO_MEMORY. */
zcache_status zc_census_ask_silent(zc_census_t *census, zc_census_member_t *member,
                                   uint64_t until_us);

/* Takes down what the last call on its handle returned. */
void zc_census_note(zc_census_member_t *member, zcache_status status);

/* It answers, and has complete knowledge of its own. */
bool zc_census_counts(const zc_census_member_t *member);

/* It answers, is not joining, and has all of the target. */
bool zc_census_is_settled(const zc_census_t *census, const zc_census_member_t *member);

/* The next part of a span above *after that the member has not received; moves *after to its end.
 * False: there is none. */
bool zc_census_lacks(const zc_census_member_t *member, const zc_span_t *span, zc_hlc_t *after,
                     zc_interval_t *lacked);

/* Whether it has received this write. */
bool zc_census_covers(const zc_census_member_t *member, const zc_stamp_t *stamp);

/* A member that has received the write; NULL: none has. */
const zc_census_member_t *zc_census_holder(const zc_census_t *census, const zc_stamp_t *stamp);

/* The name of the member of this origin, or "". */
const char *zc_census_name(const zc_census_t *census, const zc_origin_t *origin);

#endif
