/* SPDX-License-Identifier: MPL-2.0 */
/* What a replica is made of, for the files of this folder alone. */
/* clang-format off
 *
 *   replica.c      a step: clock, event, then what is due, then what is to be sent
 *   write.c        a client's write, and the batches that carry it to the others (R1, R3, R6)
 *   receive.c      batches and touches of others (R1-R3, R11)
 *   membership.c   hello, welcome, members, goodbye (M1-M4)
 *   liveness.c     heartbeats out and in, who is suspect or gone, dialling again (R5, M3)
 *   skew.c         clocks that are too far apart (R2)
 *   join.c         from the first welcome to the first complete transfer, reads through a donor (M1, S1)
 *   ask.c          what this node lacks, and the transfer that mends it (R4, R5, R9)
 *   hunt.c         whom to ask for it (R9)
 *   replace.c      the end of a replace-sync (R9)
 *   claim.c        what a broken transfer left behind (R3, R7)
 *   gap.c          the gaps in what peers write, which are asked for soon (R4)
 *   donate.c       the other side of a transfer (R6, R7, R9, S2)
 *   delta.c        what a delta sends, in its order (R6, R7)
 *   retire.c       lives of nodes that ended long ago, and what vectors say of them (R13)
 *   registers.c    settings and clear (M2, R10)
 *   peers.c effects.c vectors.c vvec.c retired.c records.c arena.c   the tables that the above work on
 *
 * clang-format on */
#ifndef ZC_REPLICA_STATE_H
#define ZC_REPLICA_STATE_H

#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/base/random.h"
#include "lib/replica/arena.h"
#include "lib/replica/clock.h"
#include "lib/replica/delta.h"
#include "lib/replica/peers.h"
#include "lib/replica/replica.h"
#include "lib/replica/retired.h"
#include "lib/replica/vectors.h"
#include "lib/replica/vvec.h"
#include "lib/store/walk.h"

#define ZC_NEVER UINT64_MAX

enum {
    ZC_CREDIT_BYTES = 1024 * 1024,     /* that a donor may send ahead (R7) */
    ZC_CHECKPOINT_BYTES = 1024 * 1024, /* of a delta, that may come again where it breaks (R7) */
    ZC_SWEEP_SLOTS = 4096,             /* slots looked at for expiry in one step */
    ZC_DROP_SLOTS = 65536,             /* slots looked at after a replace-sync in one step */
    ZC_BATCHES_PER_STEP = 8,
    ZC_JOIN_ALONE_HEARTBEATS = 12, /* without a welcome a node goes on alone (M4) */
    ZC_FIRST_BACKOFF_US = 1000 * 1000,
};

typedef enum zc_ask_phase {
    ZC_ASK_IDLE,
    ZC_ASK_RECEIVING,
    ZC_ASK_DROPPING,  /* a replace-sync came whole: what the donor no longer holds is being dropped
                       */
    ZC_ASK_UNMARKING, /* a replace-sync broke: its marks are being taken away */
} zc_ask_phase_t;

/* A transfer that this node asked for. */
typedef struct zc_ask {
    zc_ask_phase_t phase;
    bool may_replace;         /* the donor may answer with replace-sync */
    bool whole;               /* the vector that was sent leaves nobody out (R13) */
    bool replacing;           /* ... and does */
    zc_origin_index_t origin; /* whose gap gave the reason, of ZC_ASK_GAP */
    zc_peer_number_t peer;
    uint64_t session;
    uint32_t next_number; /* of the next chunk or checkpoint */
    uint32_t spent_bytes; /* received since the last credit */
    uint64_t heard_us;
    uint32_t position; /* of DROPPING and UNMARKING */
    zc_stamp_t donor_horizon;
    zc_vector_copy_t donor_vector;
    zc_floor_t *donor_floors;
    size_t donor_floor_count;
} zc_ask_t;

/* The asks that may be under way at once (R4). */
enum { ZC_ASK_HUNTED, ZC_ASK_GAP, ZC_ASKS };

/* The search for a donor, see hunt.c. */
typedef struct zc_hunt {
    bool wanted;
    uint64_t at_us;         /* not before */
    zc_peer_number_t first; /* the peer that differs, or ZC_PEER_NONE */
    uint32_t asked;         /* others that were asked */
    bool replace;           /* nobody else can help */
} zc_hunt_t;

/* What broken transfers left, see claim.c. */
typedef struct zc_claim {
    bool wanted;           /* something came of a transfer that broke */
    zc_store_walk_t *walk; /* NULL: none is under way */
} zc_claim_t;

/* A transfer that this node gives. */
typedef struct zc_donation {
    zc_link_t to;
    uint64_t session;
    bool replace;
    bool whole;            /* the asker has left nothing out of its vector (R13) */
    uint32_t number;       /* of the next chunk or checkpoint */
    uint64_t credit_bytes; /* that may be sent */
    uint64_t heard_us;
    uint64_t unchecked_bytes; /* of a delta: sent since the last checkpoint */
    zc_hlc_t mark;            /* ... the next one is when all above this has gone out */
    zc_vector_copy_t have;    /* what the asker had when it asked */
    zc_vector_copy_t covered; /* what the transfer covers, also of what the asker had */
    zc_delta_t delta;         /* a delta's place */
    size_t stray;             /* ... and the next stray to be sent (stray.c) */
    zc_store_walk_t *walk;    /* a replace-sync's place */
} zc_donation_t;

/* What came while deltas were given, and is in no vector (stray.c). */
typedef struct zc_strays {
    uint64_t *key_hashes;
    size_t count;
    size_t capacity;
    bool lost; /* there was no room for some */
} zc_strays_t;

/* A client's miss that was asked of the donor. */
typedef struct zc_pending_read {
    uint64_t token;
    uint64_t number;
    uint64_t until_us;
    uint8_t *key; /* the replica's */
    size_t key_bytes;
} zc_pending_read_t;

struct zc_replica {
    const zc_allocator_t *allocator;
    zc_store_t *store;
    zc_vvec_t vvec;
    zc_retired_t retired;
    zc_clock_t clock;
    zc_random_t random;
    zc_counters_t counters;

    zc_identity_t identity;
    char *identity_texts;
    zc_origin_index_t self;
    bool anchored; /* the clock is the mesh's (R2); before that nothing is written */
    zc_registers_t registers;
    bool registers_unsent;

    zc_hlc_t written;         /* own newest write */
    zc_hlc_t sent;            /* ... that was broadcast */
    zc_store_cursor_t unsent; /* the first one after `sent` in the own chain */
    bool unsent_open;
    bool flush_due;      /* what is unsent is to be sent at once */
    zc_unsent_t waiting; /* ... and is so much */

    zc_peers_t peers;
    char **seeds;
    size_t seed_count;

    bool begun; /* the addresses that were named are dialled */
    bool joining;
    bool leaving;
    uint64_t started_us;
    uint64_t welcomed_us; /* first welcome of another; 0: none yet */

    zc_ask_t asks[ZC_ASKS];
    uint64_t gaps_at_us; /* when the first peer's gap is to be asked for, or before */
    zc_hunt_t hunt;
    zc_claim_t claim;

    zc_donation_t *donations[ZCACHE_TRANSFERS_MAX];
    zc_strays_t strays;
    bool ended[ZCACHE_TRANSFERS_MAX]; /* by the last step; kept for its effects */

    zc_pending_read_t *reads;
    size_t read_count;
    size_t read_capacity;

    uint64_t checkpoint_bytes;

    bool watched;
    bool watched_values;

    uint64_t heartbeat_at_us;
    uint64_t heartbeat_sent_us;
    uint64_t introduce_at_us;   /* one more is sent then, */
    bool introduces;            /* ... if this is set */
    uint64_t members_ask_at_us; /* nobody is asked for a list of members before */
    uint64_t touches_at_us;
    uint64_t touch_window_us; /* at most one touch per key in this time (R11) */
    uint64_t deadline_us;
    uint64_t state_hash;
    uint64_t members_hash;
    bool uncovered; /* something may be held that the vector does not cover */

    zc_arena_t arena;      /* of the step */
    zc_arena_t view_arena; /* of the vector that was last looked at */
    zc_effect_t *effects;
    size_t effect_count;
    size_t effect_capacity;
};

/* -- effects.c ------------------------------------------------------------- */

/* A place for one more effect, zeroed but for its type; NULL: no memory, and the effect is lost, as
 * a message may be. */
zc_effect_t *zc_effect_add(zc_replica_t *replica, zc_effect_type_t type);
void zc_effect_broadcast(zc_replica_t *replica, const zc_message_t *message);
void zc_effect_send(zc_replica_t *replica, zc_link_t to, const zc_message_t *message);
void zc_effect_dial(zc_replica_t *replica, zc_effect_type_t type, const zc_peer_t *peer);
void zc_effect_notice(zc_replica_t *replica, zc_notice_t notice, const zc_peer_t *peer,
                      uint64_t number);
/* The store's listener: counts nothing, tells watchers. `context` is the replica. */
void zc_effect_change(void *context, zc_change_t change, const zc_store_item_t *item);

/* Lowers the deadline. */
static inline void zc_replica_wake(zc_replica_t *replica, uint64_t at_us) {
    if (at_us < replica->deadline_us) {
        replica->deadline_us = at_us;
    }
}

/* A transfer to this node is under way. */
static inline bool zc_replica_asks(const zc_replica_t *replica) {
    for (size_t i = 0; i < ZC_ASKS; i++) {
        if (replica->asks[i].phase != ZC_ASK_IDLE) {
            return true;
        }
    }
    return false;
}

static inline uint64_t zc_heartbeat_us(const zc_replica_t *replica) {
    return replica->registers.settings.heartbeat_ms * 1000;
}

/* -- write.c --------------------------------------------------------------- */

zcache_status zc_write_step(zc_replica_t *replica, const zc_event_t *event);
/* Broadcasts what was written since the last time. `copied`: the store will change in this step, so
 * effects get copies. */
void zc_write_flush(zc_replica_t *replica, bool copied);

/* -- receive.c ------------------------------------------------------------- */

void zc_receive_batch(zc_replica_t *replica, const zc_batch_t *batch);
void zc_receive_touch(zc_replica_t *replica, const zc_touch_t *touch);
/* Applies one record of `origin` by R1, R8 and R9 and counts the outcome. Returns OK, or why it
 * could not be kept. */
zcache_status zc_receive_record(zc_replica_t *replica, const zc_record_t *record,
                                zc_origin_index_t origin);

/* Before record `at` of many is applied: fetches into the cache what the next ones will need. */
void zc_receive_prefetch(const zc_replica_t *replica, const zc_record_t *records, size_t count,
                         size_t at);

/* -- retire.c -------------------------------------------------------------- */

/* The hash of all that is known of settled origins: who has the same need not be told (R13). */
uint64_t zc_retire_left_out(const zc_replica_t *replica);
/* All that is known or, where not `whole`, all but what is known of settled origins; in memory of
 * `arena`, origins ascending. Intervals are borrowed until the replica's next change. Returns OK
 * or NO_MEMORY. */
zcache_status zc_retire_vector(const zc_replica_t *replica, zc_arena_t *arena, bool whole,
                               zc_vector_t *vector);
/* What the sender of `have`, a vector as above, does not cover of the origins of the store, up to
 * now, whether it is held or not; in memory of the arena, origins ascending. Returns OK or
 * NO_MEMORY.
 */
zcache_status zc_retire_outside(zc_replica_t *replica, bool whole, const zc_vector_t *have,
                                zc_vector_t *outside);
/* All floors, in memory of the arena, origins ascending. Returns OK or NO_MEMORY. */
zcache_status zc_retire_floors(zc_replica_t *replica, const zc_floor_t **list, size_t *list_count);
zc_hlc_t zc_retire_floor(const zc_replica_t *replica, const zc_origin_t *origin);
/* As zc_store_origin, for whoever writes or is a member: one that was retired comes back with all
 * that is known of it. */
zcache_status zc_retire_origin(zc_replica_t *replica, const zc_origin_t *origin,
                               zc_origin_index_t *index);
/* Adds what a vector or a floor says of an origin; one that is old and has no index gets none.
 * Returns OK, BUSY or NO_MEMORY. */
zcache_status zc_retire_cover(zc_replica_t *replica, const zc_origin_intervals_t *known);
zcache_status zc_retire_raise_floor(zc_replica_t *replica, const zc_origin_t *origin,
                                    zc_hlc_t floor);
/* Retires whoever is due. */
void zc_retire_tick(zc_replica_t *replica);

/* -- registers.c ----------------------------------------------------------- */

void zc_registers_init(zc_replica_t *replica, const zc_settings_t *settings, uint64_t wall_ms);
/* Takes over what is newer; false: a stamp is too far ahead (R2). */
bool zc_registers_merge_clear(zc_replica_t *replica, const zc_stamp_t *clear);
bool zc_registers_merge(zc_replica_t *replica, const zc_registers_t *registers);
zcache_status zc_registers_configure(zc_replica_t *replica, zc_slice_t name, uint64_t number);
void zc_registers_clear(zc_replica_t *replica);
/* Broadcasts them if this node has changed them. */
void zc_registers_flush(zc_replica_t *replica);
/* Gives the settings a stamp, so that they are the mesh's: this node founds one. */
void zc_registers_found(zc_replica_t *replica);

/* -- membership.c ---------------------------------------------------------- */

void zc_membership_hello(zc_replica_t *replica, zc_link_t from, const zc_hello_t *hello);
void zc_membership_welcome(zc_replica_t *replica, zc_peer_t *peer, const zc_welcome_t *welcome);
void zc_membership_members(zc_replica_t *replica, zc_peer_t *peer, const zc_members_t *members);
void zc_membership_tell(zc_replica_t *replica, zc_link_t to);
void zc_membership_refused(zc_replica_t *replica, zc_peer_t *peer, const zc_refused_t *refused);
void zc_membership_goodbye(zc_replica_t *replica, const zc_goodbye_t *goodbye);
/* Dials an endpoint that is not known yet; NULL: at the limit, or no memory. */
zc_peer_t *zc_membership_dial(zc_replica_t *replica, zc_slice_t endpoint);
/* Dials a peer (again): DEALER, SUB where its endpoint is known, and a hello. */
void zc_membership_redial(zc_replica_t *replica, zc_peer_t *peer);
void zc_membership_say_hello(zc_replica_t *replica, zc_peer_t *peer);
void zc_membership_forget(zc_replica_t *replica, zc_peer_t *peer);
/* Sum of the hashes of the origins of all that are not gone (PROTOCOL.md). */
uint64_t zc_membership_hash(const zc_replica_t *replica);

/* -- liveness.c ------------------------------------------------------------ */

void zc_liveness_heartbeat(zc_replica_t *replica, const zc_heartbeat_t *heartbeat);
void zc_liveness_heard(zc_replica_t *replica, zc_peer_t *peer);
void zc_liveness_tick(zc_replica_t *replica);
/* The time between heartbeats has become shorter: the next one is due by the new one, and nobody is
 * blamed for having kept to the old one. */
void zc_liveness_quicken(zc_replica_t *replica);
/* Somebody waits to hear this node, and will have subscribed in `delay_us`. */
void zc_liveness_introduce(zc_replica_t *replica, uint64_t delay_us);
void zc_liveness_pong(zc_replica_t *replica, zc_peer_t *peer, const zc_ping_t *pong);

/* -- skew.c ---------------------------------------------------------------- */

/* Quarantines the peer, or lets it out; and says where it is this node that is too far ahead. */
void zc_skew_check(zc_replica_t *replica, zc_peer_t *peer, const zc_heartbeat_t *heartbeat);

/* -- join.c ---------------------------------------------------------------- */

void zc_join_tick(zc_replica_t *replica);
void zc_join_complete(zc_replica_t *replica);
zcache_status zc_join_read(zc_replica_t *replica, const zc_event_t *event);
void zc_join_read_answer(zc_replica_t *replica, const zc_read_answer_t *answer);
void zc_join_donor_read(zc_replica_t *replica, zc_link_t from, const zc_read_t *read);
void zc_join_fini(zc_replica_t *replica);

/* -- ask.c ----------------------------------------------------------------- */

/* Asks a peer for all that is lacking. `whole`: also with what could be left out (R13). */
void zc_ask_begin(zc_replica_t *replica, zc_ask_t *ask, const zc_peer_t *peer, bool replace,
                  bool whole);
void zc_ask_chunk(zc_replica_t *replica, zc_link_t from, const zc_sync_chunk_t *chunk);
void zc_ask_end(zc_replica_t *replica, zc_link_t from, const zc_sync_end_t *end);
void zc_ask_tick(zc_replica_t *replica);
/* The peer is no longer there to answer. */
void zc_ask_peer_lost(zc_replica_t *replica, const zc_peer_t *peer);
void zc_ask_fini(zc_replica_t *replica);

/* -- gap.c ----------------------------------------------------------------- */

/* A hole in the writes of a peer's origin was seen, `lacked` is one of them: it is asked for after
 * a random delay (R4). */
void zc_gap_seen(zc_replica_t *replica, zc_peer_t *peer, zc_hlc_t lacked);
/* A gap that is still there after its transfer has ended is asked for again, while its origin is
 * there: it has all of its writes. */
void zc_gap_look_again(zc_replica_t *replica, zc_origin_index_t origin, uint64_t delay_us);
void zc_gap_tick(zc_replica_t *replica);

/* -- hunt.c ---------------------------------------------------------------- */

/* The peer's state differs (or, ZC_PEER_NONE, this node joins): exchange with it (R5). */
void zc_hunt_for(zc_replica_t *replica, zc_peer_number_t peer, uint64_t at_us);
/* The same at once, for a client that saw the difference (ZC_EVENT_REPAIR). */
zcache_status zc_hunt_now(zc_replica_t *replica, const zc_origin_t *origin);
bool zc_hunt_is_under_way(const zc_replica_t *replica);
void zc_hunt_begin(zc_replica_t *replica, zc_peer_number_t first, uint64_t at_us);
/* Asks again, perhaps somebody else, after a delay. */
void zc_hunt_on(zc_replica_t *replica, uint64_t delay_us);
/* Whom to ask next, and whether a replace-sync is allowed; NULL: there is nobody. */
zc_peer_t *zc_hunt_donor(zc_replica_t *replica, bool *replace);
/* A LIVE peer that can give everything: one of the fullest, at random; NULL: there is none. */
zc_peer_t *zc_hunt_full_donor(zc_replica_t *replica);

/* -- replace.c ------------------------------------------------------------- */

/* Drops a part of what is to be dropped; true: there is no more. */
bool zc_replace_drop(zc_replica_t *replica, zc_ask_t *ask);
/* Returns OK, BUSY or NO_MEMORY; what was adopted by then does no harm. */
zcache_status zc_replace_adopt_floors(zc_replica_t *replica, const zc_ask_t *ask);

/* -- claim.c --------------------------------------------------------------- */

/* A transfer is complete: what is still in no interval, if a broken one left anything, is nobody
 * else's, as far as this node knows. */
void zc_claim_begin(zc_replica_t *replica);
void zc_claim_tick(zc_replica_t *replica);
void zc_claim_fini(zc_replica_t *replica);

/* -- stray.c --------------------------------------------------------------- */

/* As zc_receive_record, for what no vector covers after this step. */
zcache_status zc_stray_receive(zc_replica_t *replica, const zc_record_t *record,
                               zc_origin_index_t origin);
/* The record is in the store, and in no vector: deltas that are given must bring it. */
void zc_stray_note(zc_replica_t *replica, const zc_record_t *record);
/* What the delta has yet to send of the strays; false: nothing. The item is valid until the store
 * changes, and shown again until zc_stray_next. */
bool zc_stray_item(zc_replica_t *replica, zc_donation_t *donation, zc_store_item_t *item);
void zc_stray_next(zc_donation_t *donation);
/* Where no delta is given any more. */
void zc_stray_forget(zc_replica_t *replica);

/* -- donate.c -------------------------------------------------------------- */

void zc_donate_ask(zc_replica_t *replica, zc_link_t from, const zc_sync_ask_t *ask);
void zc_donate_credit(zc_replica_t *replica, zc_link_t from, const zc_sync_credit_t *credit);
/* Sends the next chunk of each transfer that has credit. */
void zc_donate_flush(zc_replica_t *replica);
void zc_donate_tick(zc_replica_t *replica);
/* The origin gives up its index. */
void zc_donate_leave(zc_replica_t *replica, zc_origin_index_t origin);
/* Frees what ended in the step before. */
void zc_donate_collect(zc_replica_t *replica);
void zc_donate_fini(zc_replica_t *replica);

#endif
