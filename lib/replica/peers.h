/* SPDX-License-Identifier: MPL-2.0 */
/* The table of peers: everybody that this replica dials, by number and by origin (rule M3).
 *
 * A peer is first an address (DIALLED); it is a member once it has answered as an origin. */
#ifndef ZC_REPLICA_PEERS_H
#define ZC_REPLICA_PEERS_H

#include "lib/replica/replica.h"

#define ZC_PEER_NONE ((zc_peer_number_t)UINT32_MAX)

typedef struct zc_peer {
    zc_peer_number_t number;
    zc_peer_state_t state;
    bool seed;              /* the user named its address: never forgotten */
    char *dial_endpoint;    /* where it is dialled, NUL-terminated */
    zc_identity_t identity; /* as it answered; origin none: not yet */
    char *identity_texts;
    zc_origin_index_t index; /* of its origin */
    bool refused;            /* a notice that it refused us is out */

    uint64_t created_us;
    uint64_t heard_us;    /* its last broadcast, or its welcome */
    bool broadcast_heard; /* its PUB was heard since it was dialled */
    uint64_t hello_sent_us;
    uint64_t redial_at_us;
    uint64_t backoff_us;
    uint64_t ping_at_us;
    uint64_t ping_sent_us; /* 0: no ping is under way */
    uint64_t ping_number;
    uint64_t rtt_us;

    zc_hlc_t last;          /* its newest write that was broadcast, as far as it told */
    uint64_t skew_ms;       /* how far its clock is ahead, where that is too far */
    uint64_t lead_ms;       /* how far this node's clock is ahead of its, where that is too far */
    uint64_t lead_since_us; /* ... since when it seemed so */
    uint64_t digest;
    uint64_t own_digest; /* of this node, when that of the peer came */
    zc_agreement_t agreement;
    uint64_t entries;
    uint32_t state_differs; /* heartbeats in a row with another state hash than ours */
    uint32_t members_differ;
    uint64_t members_asked_us;

    uint64_t behind_since_us; /* this node lacks writes of it since then; 0: it has them all */
    uint64_t gap_at_us;       /* when to ask for them; 0: not to */
    bool asked;               /* in the present hunt for a donor */
    bool cannot_delta;        /* ... and it answered that a delta would not do */
} zc_peer_t;

/* A row of the table. Hashes of the peer's addresses, so that a search looks at nothing else of all
 * those that it does not find. */
typedef struct zc_peers_row {
    zc_peer_t *peer; /* NULL: free */
    uint64_t dial_hash;
    uint64_t told_hash; /* 0: it has not told who it is */
} zc_peers_row_t;

typedef struct zc_peers {
    const zc_allocator_t *allocator;
    zc_peers_row_t *table; /* by number */
    size_t capacity;
    size_t count;
    zc_peer_number_t *by_origin; /* by the store's index of the origin */
    size_t by_origin_count;
} zc_peers_t;

void zc_peers_init(zc_peers_t *peers, const zc_allocator_t *allocator);
void zc_peers_fini(zc_peers_t *peers);

/* A new peer with an address. Returns OK, BUSY (ZCACHE_MEMBERS_MAX) or NO_MEMORY. */
zcache_status zc_peers_add(zc_peers_t *peers, zc_slice_t endpoint, zc_peer_t **peer);
void zc_peers_remove(zc_peers_t *peers, zc_peer_t *peer);

/* NULL: there is none. */
zc_peer_t *zc_peers_at(const zc_peers_t *peers, uint64_t number);
zc_peer_t *zc_peers_of_origin(const zc_peers_t *peers, zc_origin_index_t index);
/* By the address that is dialled. */
zc_peer_t *zc_peers_dialling(const zc_peers_t *peers, zc_slice_t endpoint);
/* By the address that is dialled or, if there is none, that it told of itself: which may be wrong.
 */
zc_peer_t *zc_peers_of_endpoint(const zc_peers_t *peers, zc_slice_t endpoint);

/* Sets who the peer is: copies the identity, and is found by `index` from now on. */
zcache_status zc_peers_identify(zc_peers_t *peers, zc_peer_t *peer, const zc_identity_t *identity,
                                zc_origin_index_t index);

/* Walks the table: the first peer from *number on, and *number is behind it; NULL: the end. */
zc_peer_t *zc_peers_next(const zc_peers_t *peers, size_t *number);

/* A copy of an identity whose texts are NUL-terminated and in one block, *texts. */
zcache_status zc_identity_copy(const zc_allocator_t *allocator, const zc_identity_t *identity,
                               zc_identity_t *copy, char **texts);

/* The dialled connection to a peer. */
static inline zc_link_t zc_peer_link(zc_peer_number_t number) {
    return (zc_link_t){.type = ZC_LINK_PEER, .number = number};
}

/* Heard by this node's own SUB, as far as it knows. */
static inline bool zc_peer_is_heard(const zc_peer_t *peer) {
    return peer->state == ZC_PEER_LIVE || peer->state == ZC_PEER_JOINING;
}

/* A member that is not gone. */
static inline bool zc_peer_is_member(const zc_peer_t *peer) {
    return zc_peer_is_heard(peer) || peer->state == ZC_PEER_SUSPECT ||
           peer->state == ZC_PEER_SKEWED;
}

#endif
