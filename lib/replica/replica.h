/* SPDX-License-Identifier: MPL-2.0 */
/* The replica: the whole protocol of a node as step(state, event) -> effects.
 *
 * It has no socket, clock, thread or random source. Time, randomness and messages come in events;
 * what is to be done comes out as effects; zc_replica_deadline says when it next wants a TICK. The
 * node performs effects on sockets, the simulator on virtual time, and neither is known here.
 *
 *     event ──► zc_replica_step ──► effects
 *
 * Peers are known to the performer by a number (zc_peer_number_t).
 *
 * Threads: one step at a time. Beside it any thread may read the store (zc_store_read). */
#ifndef ZC_REPLICA_REPLICA_H
#define ZC_REPLICA_REPLICA_H

#include "lib/base/counters.h"
#include "lib/replica/message.h"
#include "lib/store/store.h"

typedef struct zc_replica zc_replica_t;

/* A peer that this replica dials, from 0 to ZCACHE_MEMBERS_MAX - 1. Numbers of forgotten peers are
 * used again. */
typedef uint32_t zc_peer_number_t;

/* Where a message came from and where one goes to. */
typedef enum zc_link_type {
    ZC_LINK_BROADCAST, /* a peer's PUB: it cannot be answered */
    ZC_LINK_PEER,      /* the dialled connection to a peer: number is a zc_peer_number_t */
    ZC_LINK_ROUTE,     /* a connection that others dialled to us: number is the performer's */
} zc_link_type_t;

typedef struct zc_link {
    zc_link_type_t type;
    uint64_t number;
} zc_link_t;

typedef struct zc_replica_options {
    const zc_allocator_t *allocator; /* borrowed for the replica's life */
    zc_lock_t lock;                  /* for readers of the store */
    uint64_t random_seed;            /* from the performer's random source */
    zc_identity_t identity;          /* copied; origin is random and never none */
    zc_settings_t settings;          /* as this node was started */
    uint64_t max_memory;             /* bytes; 0: no limit */
    uint64_t checkpoint_bytes; /* of a delta between two checkpoints (R7); 0: ZC_CHECKPOINT_BYTES */
    uint64_t now_us;           /* local monotonic time */
    uint64_t wall_ms;          /* the wall clock's milliseconds since 1970 at now_us */
    const zc_slice_t *seeds; /* endpoints "tcp://HOST:PORT" to join, copied; none: founds a mesh */
    size_t seed_count;
} zc_replica_options_t;

typedef enum zc_event_type {
    ZC_EVENT_TICK,  /* the deadline has come (an early one does no harm), or there is something to
                       send */
    ZC_EVENT_WRITE, /* a client of this node sets, deletes or clears */
    ZC_EVENT_FLUSH, /* what this node wrote is to be sent now, and nothing else done: only
                       broadcasts come of it */
    ZC_EVENT_CONFIGURE, /* a client changes a setting of the mesh */
    ZC_EVENT_MESSAGE,   /* a peer's message came */
    ZC_EVENT_READ,      /* a client's miss while joining: ask the donor */
    ZC_EVENT_WATCH,     /* somebody watches changes, or nobody any more */
    ZC_EVENT_REPAIR, /* somebody saw that this node lacks what a peer has: exchange with it now */
    ZC_EVENT_LEAVE,  /* the node is about to stop: say goodbye */
} zc_event_type_t;

typedef enum zc_write_type { ZC_WRITE_SET, ZC_WRITE_DELETE, ZC_WRITE_CLEAR } zc_write_type_t;

typedef struct zc_event {
    zc_event_type_t type;
    uint64_t now_us; /* local monotonic time; one that goes back is taken as standing still */
    union {
        struct {
            zc_write_type_t type;
            zc_slice_t key;
            zc_slice_t value;
            uint8_t value_type;
            uint64_t ttl_ms;   /* 0: none */
            uint64_t key_hash; /* of the key, where it is known already; 0: it is not */
        } write;
        struct {
            zc_slice_t name;
            uint64_t number;
        } configure;
        struct {
            zc_link_t from;
            const zc_message_t *message; /* decoded and checked; borrowed for the step */
        } message;
        struct {
            uint64_t token; /* comes back in the effect */
            zc_slice_t key;
        } read;
        struct {
            bool changes; /* somebody watches */
            bool values;  /* somebody wants values */
        } watch;
        struct {
            zc_origin_t origin; /* of the peer */
        } repair;
    };
} zc_event_t;

typedef enum zc_effect_type {
    ZC_EFFECT_BROADCAST, /* publish message */
    ZC_EFFECT_SEND,      /* send message to `to` */
    ZC_EFFECT_DIAL, /* connect a DEALER to `endpoint`, known as `peer` from now on; once open, it is
                       dialled anew */
    ZC_EFFECT_SUBSCRIBE, /* connect the SUB to `endpoint` of `peer`; a peer that had another or the
                            same one is connected anew */
    ZC_EFFECT_HANG_UP,   /* disconnect both of `peer` and forget the number */
    ZC_EFFECT_CHANGE,    /* tell watchers; only while somebody watches */
    ZC_EFFECT_READ_ANSWER, /* the answer to a READ */
    ZC_EFFECT_NOTICE,      /* something people should know */
} zc_effect_type_t;

typedef enum zc_notice {
    ZC_NOTICE_PEER_LIVE,     /* name, endpoint: a peer is live */
    ZC_NOTICE_PEER_SUSPECT,  /* ... missed 3 heartbeats */
    ZC_NOTICE_PEER_GONE,     /* ... missed 20 */
    ZC_NOTICE_PEER_LEFT,     /* ... said goodbye */
    ZC_NOTICE_PEER_REPLACED, /* ... was started anew at the same endpoint */
    ZC_NOTICE_PEER_SKEWED,   /* ... number: milliseconds that its clock is ahead; nothing of it is
                                applied */
    ZC_NOTICE_SELF_SKEWED, /* ... number: milliseconds that this node's clock is ahead of its, which
                              takes nothing from here */
    ZC_NOTICE_PEER_VERSION, /* endpoint: it speaks protocol version `number` */
    ZC_NOTICE_PEER_FULL,    /* endpoint: the mesh has all members that it may have */
    ZC_NOTICE_JOINED,       /* number: entries; the first transfer is complete */
    ZC_NOTICE_ALONE,   /* endpoint: nobody to join has answered; serves alone and keeps trying */
    ZC_NOTICE_ADOPTED, /* name: a setting; number: its value in the mesh, taken over; own: as this
                          node was started */
    ZC_NOTICE_FAULT,   /* two values under one stamp (R1) */
} zc_notice_t;

typedef struct zc_effect {
    zc_effect_type_t type;
    union {
        zc_message_t message; /* BROADCAST */
        struct {
            zc_link_t to;
            zc_message_t message;
        } send;
        struct {
            zc_peer_number_t peer;
            zc_slice_t endpoint; /* NUL-terminated; DIAL and SUBSCRIBE */
        } dial;
        struct {
            zc_change_t change;
            zc_slice_t key;
            zc_slice_t value; /* with SET, while somebody wants values */
            uint8_t type;
            zc_stamp_t stamp;
            uint64_t ttl_ms; /* UINT64_MAX: none */
        } change;
        struct {
            uint64_t token;
            bool answered; /* false: nobody did in time, which says nothing about the key */
            bool found;
            zc_record_t record;
        } read_answer;
        struct {
            zc_notice_t notice;
            zc_slice_t name;
            zc_slice_t endpoint;
            uint64_t number;
            uint64_t own;
        } notice;
    };
} zc_effect_t;

/* Effects are to be performed in their order. They and all that they point to belong to the replica
 * and are valid until its next step. A WRITE step of a client in the node's process may be
 * performed by another thread than the one that has the sockets: such a step returns CHANGE effects
 * alone, and a deadline of now tells that there is something to send; a FLUSH step then returns
 * BROADCAST effects alone. */
typedef struct zc_effects {
    const zc_effect_t *effects;
    size_t count;
} zc_effects_t;

/* Returns OK, INVALID (an option is out of range) or NO_MEMORY. The first TICK makes it begin. */
zcache_status zc_replica_new(const zc_replica_options_t *options, zc_replica_t **replica);
void zc_replica_destroy(zc_replica_t **replica);

/* Takes one event, returns what is to be done in *effects. The status answers the client for WRITE
 * and CONFIGURE (OK, MISS for a delete of what was not held, INVALID, TOO_LARGE, NO_MEMORY), and
 * READ (OK: the answer will come in an effect; MISS: there is nobody to ask), and REPAIR (OK: the
 * exchange is under way; MISS: there is no such peer, or it is not live here); for the others it is
 * OK, and what was wrong is counted. */
zcache_status zc_replica_step(zc_replica_t *replica, const zc_event_t *event,
                              zc_effects_t *effects);

/* Local time in microseconds at which it wants a TICK: 0 for at once. */
uint64_t zc_replica_deadline(const zc_replica_t *replica);

/* The same where what was written here may wait until `flush_us` to be sent. */
uint64_t zc_replica_deadline_or(const zc_replica_t *replica, uint64_t flush_us);

/* What was written here and is still to be sent. Where a key was written twice it counts twice. */
typedef struct zc_unsent {
    size_t writes;
    size_t bytes; /* of keys and values */
} zc_unsent_t;

zc_unsent_t zc_replica_unsent(const zc_replica_t *replica);

/* How many peers there are, live or not: nothing is broadcast where there is none. */
size_t zc_replica_peer_count(const zc_replica_t *replica);

/* -- What can be seen, between steps --------------------------------------- */

/* For reads beside the steps: see store.h. Borrowed for the replica's life. */
zc_store_t *zc_replica_store(zc_replica_t *replica);

typedef enum zc_peer_state {
    ZC_PEER_SELF,
    ZC_PEER_DIALLED, /* an address that has not answered yet; not a member */
    ZC_PEER_JOINING,
    ZC_PEER_LIVE,
    ZC_PEER_SUSPECT,
    ZC_PEER_GONE,
    ZC_PEER_SKEWED,
} zc_peer_state_t;

const char *zc_peer_state_text(zc_peer_state_t state);

/* Whether a peer held the same as this node when its last heartbeat came. While there is traffic
 * the two are never compared at the same moment: that they differ is said only of digests that have
 * both stood still since the heartbeat before. */
typedef enum zc_agreement {
    ZC_AGREEMENT_UNKNOWN, /* traffic, or one of them is not live */
    ZC_AGREEMENT_SAME,
    ZC_AGREEMENT_DIFFERENT,
} zc_agreement_t;

typedef struct zc_peer_view {
    zc_identity_t identity; /* borrowed until the next step */
    zc_peer_state_t state;
    uint64_t rtt_us;
    uint64_t lag_ms;
    int64_t skew_ms; /* its clock is so far ahead of this node's, or, negative, behind; 0: not too
                        far (R2) */
    uint64_t digest;
    zc_agreement_t agreement;
} zc_peer_view_t;

/* The node itself is number 0 of the view, then its peers. Returns false past the last one. */
bool zc_replica_peer(const zc_replica_t *replica, size_t index, zc_peer_view_t *view);

typedef struct zc_replica_view {
    bool joining;
    uint64_t peers_live;
    zc_registers_t registers;
    uint64_t mesh_ms;       /* mesh time as of the last step */
    zc_counters_t counters; /* those of the store among them */
    zc_store_stats_t store;
} zc_replica_view_t;

void zc_replica_view(const zc_replica_t *replica, zc_replica_view_t *view);

/* The version vector as it is now, borrowed until the next step or the next call of this; NO_MEMORY
 * leaves *vector untouched. */
zcache_status zc_replica_vector(zc_replica_t *replica, zc_vector_t *vector);

/* The defaults of all settings, and whether `settings` are within their ranges (*wrong: the name of
 * the first that is not). */
void zc_settings_init(zc_settings_t *settings);
bool zc_settings_valid(const zc_settings_t *settings, const char **wrong);

#endif
