/* SPDX-License-Identifier: MPL-2.0 */
/* Comparing members of a census key by key, where their digests differ.
 *
 *     parts of the digest that differ ─► their keys (SCAN) ─► those that differ (LOOK at all
 * members) ─► suspects ─► looked at again, until each member has got what was the newest write ...
 *
 * A suspect is cleared as soon as every member has the write that was the newest when it was first
 * seen, or a newer one, or has evicted it; or its key was cleared. Nothing that a member does later
 * makes it one again, so that traffic clears suspects and never makes them. */
#ifndef ZC_CLIENT_DIFFER_H
#define ZC_CLIENT_DIFFER_H

#include <zcache/verify.h>

#include "lib/client/census.h"

typedef struct zc_suspect {
    uint64_t key_hash;
    zc_stamp_t newest; /* when it was first looked at */
} zc_suspect_t;

typedef struct zc_differ {
    zc_census_t *census; /* borrowed */
    zc_scan_row_t *rows; /* of all members, those of the parts that are being scanned */
    size_t row_count;
    size_t row_capacity;
    zc_suspect_t *suspects;
    size_t suspect_count;
    size_t suspect_capacity;
    uint64_t evicted; /* keys that some members hold and others have evicted */
    bool same;        /* the digests of all members were equal */
} zc_differ_t;

void zc_differ_init(zc_differ_t *differ, zc_census_t *census);
void zc_differ_fini(zc_differ_t *differ);

/* Finds the suspects among all members that count. A member that stops answering counts no more,
 * and then all begins again. Returns OK or NO_MEMORY. */
zcache_status zc_differ_find(zc_differ_t *differ);

/* Looks again at all suspects, and keeps those that are not cleared. The digests in the census are
 * to be younger than the last look. Returns OK or NO_MEMORY. */
zcache_status zc_differ_again(zc_differ_t *differ);

/* Looks once more at up to `most` suspects and shows what differs, member by member. *going: it is
 * to go on. Returns OK or NO_MEMORY. */
zcache_status zc_differ_show(zc_differ_t *differ, size_t most, zcache_finding_fn *visit,
                             void *context, bool *going);

#endif
