/* SPDX-License-Identifier: MPL-2.0 */
/* The messages that nodes exchange, as values. lib/wire turns them into bytes and back;
 * lib/PROTOCOL.md is their manual.
 *
 * Everything a message points to is borrowed: from the received bytes, or from the replica until
 * its next step. */
#ifndef ZC_REPLICA_MESSAGE_H
#define ZC_REPLICA_MESSAGE_H

#include <zcache/limits.h>
#include <zcache/status.h>

#include "lib/base/slice.h"
#include "lib/base/stamp.h"

enum {
    ZC_PROTOCOL_VERSION = 1,
    ZC_VECTOR_ORIGINS_MAX = ZCACHE_ORIGINS_MAX + ZCACHE_RETIRED_MAX,
    ZC_RECORD_OVERHEAD_BYTES = 64,
    ZC_VALUE_TYPE_MAX = 1, /* of zcache_type */
};

/* The number of a message is its code on the wire. */
typedef enum zc_message_type {
    /* Broadcast over PUB, never answered. */
    ZC_MESSAGE_BATCH = 1,
    ZC_MESSAGE_HEARTBEAT = 2,
    ZC_MESSAGE_TOUCH = 3,
    ZC_MESSAGE_REGISTERS = 4,
    ZC_MESSAGE_GOODBYE = 5,
    /* From a DEALER to a ROUTER (even) and what comes back on it (odd). */
    ZC_MESSAGE_HELLO = 16,
    ZC_MESSAGE_WELCOME = 17,
    ZC_MESSAGE_PING = 18,
    ZC_MESSAGE_PONG = 19,
    ZC_MESSAGE_MEMBERS_ASK = 20,
    ZC_MESSAGE_MEMBERS = 21,
    ZC_MESSAGE_SYNC_ASK = 22,
    ZC_MESSAGE_SYNC_CHUNK = 23,
    ZC_MESSAGE_SYNC_CREDIT = 24,
    ZC_MESSAGE_SYNC_END = 25,
    ZC_MESSAGE_READ = 26,
    ZC_MESSAGE_READ_ANSWER = 27,
    ZC_MESSAGE_REFUSED = 29, /* to a HELLO of another protocol version, or at a limit */
} zc_message_type_t;

/* A write that travels: an entry, or a ghost (key and value empty). `origin` is an index into the
 * origins of its message. */
typedef struct zc_record {
    bool ghost;
    uint8_t type; /* zcache_type */
    uint32_t origin;
    zc_hlc_t hlc;
    uint64_t key_hash; /* sent for a ghost, computed by the decoder for an entry */
    zc_slice_t key;
    zc_slice_t value;
    uint64_t deadline_ms; /* mesh time; 0: none */
    uint64_t age_ms;      /* since it was last used; in transfers alone, else 0 */
} zc_record_t;

/* What a record counts for where batches and chunks are cut and credit is spent: its key, its
 * value, and as much as the rest of a record takes at most. */
static inline size_t zc_record_bytes(const zc_record_t *record) {
    return record->key.bytes + record->value.bytes + ZC_RECORD_OVERHEAD_BYTES;
}

/* Rule R3. Covers the interval (prev, last] of the origin. Records ascend by HLC within it. There
 * is one origin: every record's index is 0. */
typedef struct zc_batch {
    zc_origin_t origin;
    zc_hlc_t prev;
    zc_hlc_t last;
    zc_stamp_t clear; /* the sender's clear register, where it is above prev: what it voided is not
                         sent (R10); else hlc 0 */
    const zc_record_t *records;
    size_t count;
} zc_batch_t;

/* Rule R5. */
typedef struct zc_heartbeat {
    zc_origin_t origin;
    zc_hlc_t last;         /* the HLC of the origin's newest write; 0: none yet */
    uint64_t clock_ms;     /* the sender's mesh time */
    uint64_t state_hash;   /* the vector over origins that the sender does not hear, the clear
                              register and the settings */
    uint64_t members_hash; /* of the origins of all members that are not gone */
    uint64_t digest;       /* of the store; 0 while joining */
    bool joining;
} zc_heartbeat_t;

typedef struct zc_touch {
    zc_origin_t origin;
    const uint64_t *key_hashes;
    size_t count;
} zc_touch_t;

/* Settings of the mesh (rule M2). X(name, default, least, most, unit) */
#define ZC_SETTING_MAP(X)                                                                          \
    X(max_size, 1000, 1, ZCACHE_SIZE_MAX_CEILING, "entries")                                       \
    X(ghosts_max, 0, 0, ZCACHE_SIZE_MAX_CEILING, "ghosts; 0: as many as max_size")                 \
    X(expire_after_ms, 60000, 0, (uint64_t)ZCACHE_TTL_MAX_SECONDS * 1000,                          \
      "milliseconds; 0: never")                                                                    \
    X(heartbeat_ms, 250, 10, 60000, "milliseconds")                                                \
    X(value_max, ZCACHE_VALUE_MAX_DEFAULT, 1024, ZCACHE_VALUE_MAX_CEILING, "bytes")                \
    X(max_clock_skew_ms, 10000, 100, 3600000, "milliseconds")                                      \
    X(retire_after_ms, 86400000, 1000, 31536000000, "milliseconds")

typedef struct zc_settings {
#define ZC_SETTING_ROW(name, initial, least, most, unit) uint64_t name;
    ZC_SETTING_MAP(ZC_SETTING_ROW)
#undef ZC_SETTING_ROW
} zc_settings_t;

/* The two replicated registers: of each, the higher stamp wins. */
typedef struct zc_registers {
    zc_stamp_t settings_stamp; /* hlc 0: as this node was started, not yet the mesh's */
    zc_settings_t settings;
    zc_stamp_t clear; /* rule R10; hlc 0: never */
} zc_registers_t;

typedef struct zc_registers_message {
    zc_origin_t origin; /* the sender */
    zc_registers_t registers;
} zc_registers_message_t;

typedef struct zc_goodbye {
    zc_origin_t origin;
} zc_goodbye_t;

/* Who a node is and where (M1). Endpoints are "tcp://HOST:PORT". */
typedef struct zc_identity {
    zc_origin_t origin;
    zc_slice_t name;
    zc_slice_t region;
    zc_slice_t endpoint;         /* ROUTER */
    zc_slice_t publish_endpoint; /* PUB */
    zc_slice_t watch_endpoint;   /* XPUB */
} zc_identity_t;

typedef struct zc_hello {
    zc_identity_t identity;
    uint64_t clock_ms;
    bool wants_members; /* the welcome is to bring them */
} zc_hello_t;

typedef struct zc_member {
    zc_origin_t origin;
    zc_slice_t endpoint;
} zc_member_t;

typedef struct zc_members {
    const zc_member_t *members; /* of the sender's view, not the gone ones, the sender among them */
    size_t count;
} zc_members_t;

typedef struct zc_welcome {
    zc_identity_t identity;
    uint64_t clock_ms; /* mesh time at the sender */
    bool joining;
    uint64_t entries; /* that the sender holds: of two donors the fullest is preferred (R9) */
    zc_registers_t registers;
    zc_members_t members; /* none unless they were wanted */
} zc_welcome_t;

/* PING and PONG: the PONG brings back the number. */
typedef struct zc_ping {
    uint64_t number;
} zc_ping_t;

typedef struct zc_interval {
    zc_hlc_t after; /* exclusive */
    zc_hlc_t upto;  /* inclusive */
} zc_interval_t;

/* What is known of one origin: its intervals ascend and do not touch. */
typedef struct zc_origin_intervals {
    zc_origin_t origin;
    const zc_interval_t *intervals;
    size_t count;
} zc_origin_intervals_t;

typedef struct zc_vector {
    const zc_origin_intervals_t *origins;
    size_t count;
} zc_vector_t;

/* "Send what I lack" (R4, R5, M1). */
typedef struct zc_sync_ask {
    uint64_t session;      /* chosen by the asker, in every message of the transfer */
    zc_vector_t have;      /* what the asker has */
    uint64_t left_out;     /* hash of what it has of settled origins, which are not in `have`; 0: it
                              is whole (R13) */
    bool replace;          /* the donor may answer with replace-sync (R9) */
    uint32_t credit_bytes; /* that the donor may send before the next SYNC_CREDIT (R7) */
    zc_registers_t registers;
} zc_sync_ask_t;

typedef struct zc_sync_credit {
    uint64_t session;
    uint32_t credit_bytes; /* more; 0: the asker has given up, the donor forgets the session */
} zc_sync_credit_t;

typedef struct zc_sync_chunk {
    uint64_t session;
    uint32_t number; /* from 0, without a hole: another number breaks the transfer */
    bool replace;    /* part of a replace-sync: by recency, coldest first; else of a delta: highest
                        stamp first */
    const zc_origin_t *origins;
    size_t origin_count;
    const zc_record_t *records;
    size_t count;
} zc_sync_chunk_t;

typedef enum zc_sync_result {
    ZC_SYNC_COMPLETE = 0,
    ZC_SYNC_INCOMPLETE =
        1, /* a floor rose into what was asked for, or the session was dropped: ask again (R9) */
    ZC_SYNC_NEEDS_REPLACE = 2, /* a delta cannot answer this, and replace was not allowed */
    ZC_SYNC_BUSY = 3,          /* ZCACHE_TRANSFERS_MAX reached: come back */
    ZC_SYNC_JOINING = 4,       /* the donor itself is not complete yet */
    ZC_SYNC_NEEDS_VECTOR = 5,  /* `left_out` is not what the donor would leave out: ask with all */
    ZC_SYNC_PART = 6,          /* a checkpoint of a delta, which goes on (R7) */
} zc_sync_result_t;

typedef struct zc_floor {
    zc_origin_t origin;
    zc_hlc_t hlc;
} zc_floor_t;

/* The end of a transfer, or a checkpoint. Only with COMPLETE and PART the asker takes the vector
 * over. */
typedef struct zc_sync_end {
    uint64_t session;
    uint32_t number; /* of chunks and checkpoints that were sent */
    zc_sync_result_t result;
    bool replace;
    uint64_t entries;         /* that the donor holds */
    zc_vector_t vector;       /* what was covered: of a replace-sync, the donor's when it began */
    const zc_floor_t *floors; /* with replace */
    size_t floor_count;
    zc_stamp_t horizon; /* with replace */
    zc_registers_t registers;
} zc_sync_end_t;

/* A miss asked of the donor while joining (S1). */
typedef struct zc_read {
    uint64_t number; /* chosen by the asker */
    zc_slice_t key;
} zc_read_t;

typedef struct zc_read_answer {
    uint64_t number;
    bool found;
    zc_origin_t origin; /* of the record */
    zc_record_t record; /* if found */
} zc_read_answer_t;

typedef enum zc_refusal {
    ZC_REFUSED_VERSION = 1,
    ZC_REFUSED_FULL = 2, /* ZCACHE_MEMBERS_MAX */
} zc_refusal_t;

typedef struct zc_refused {
    zc_refusal_t reason;
    uint32_t version; /* that the sender speaks */
} zc_refused_t;

typedef struct zc_message {
    zc_message_type_t type;
    union {
        zc_batch_t batch;
        zc_heartbeat_t heartbeat;
        zc_touch_t touch;
        zc_registers_message_t registers;
        zc_goodbye_t goodbye;
        zc_hello_t hello;
        zc_welcome_t welcome;
        zc_ping_t ping;       /* PING and PONG */
        zc_members_t members; /* MEMBERS; MEMBERS_ASK has no fields */
        zc_sync_ask_t sync_ask;
        zc_sync_chunk_t sync_chunk;
        zc_sync_credit_t sync_credit;
        zc_sync_end_t sync_end;
        zc_read_t read;
        zc_read_answer_t read_answer;
        zc_refused_t refused;
    };
} zc_message_t;

#endif
