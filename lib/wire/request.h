/* SPDX-License-Identifier: MPL-2.0 */
/* What clients and nodes say to each other over DEALER and ROUTER, as values, and their way to
 * bytes and back (lib/PROTOCOL.md).
 *
 * A REQUEST has a number and one or more operations; its RESPONSE has the same number and one
 * result for each, in order. Messages begin as those of peers do, so that a ROUTER tells them apart
 * by their code. */
#ifndef ZC_WIRE_REQUEST_H
#define ZC_WIRE_REQUEST_H

#include <zcache/limits.h>
#include <zcache/status.h>

#include "lib/replica/replica.h"
#include "lib/wire/buffer.h"
#include "lib/wire/wire.h"

enum {
    ZC_REQUEST_CODE = 32,  /* [32, version, number, [operation, ...]] */
    ZC_RESPONSE_CODE = 33, /* [33, version, number, [result, ...]] */
    ZC_EVENT_CODE = 48,    /* [48, ...] see event.h */
};

/* Each operation as it is written, and the result that answers it. A result of any other status
 * than OK is [status]. */
typedef enum zc_operation_type {
    ZC_OPERATION_GET = 0,       /* [0, key]                      -> [0, value, type] */
    ZC_OPERATION_SET = 1,       /* [1, key, value, type, ttl_ms] -> [0] */
    ZC_OPERATION_DELETE = 2,    /* [2, key]                      -> [0] */
    ZC_OPERATION_CLEAR = 3,     /* [3]                           -> [0] */
    ZC_OPERATION_PING = 4,      /* [4]                           -> [0, ready, watch endpoint] */
    ZC_OPERATION_SPY = 5,       /* [5, walk]                     -> [0, walk, [entry, ...]]
                                   walk 0 begins; 0 back: the end */
    ZC_OPERATION_PEERS = 6,     /* [6]                           -> [0, [peer, ...]] */
    ZC_OPERATION_STATS = 7,     /* [7]                           -> [0, [[name, value], ...]]
                                   the value a text or a number */
    ZC_OPERATION_CONFIG = 8,    /* [8]                           -> as STATS */
    ZC_OPERATION_CONFIGURE = 9, /* [9, name, number]             -> [0] */
    ZC_OPERATION_DIGEST = 10,   /* [10]                          -> [0, origin, joining, clock,
                                   registers, entries, horizon, vector, [part, ...]] */
    ZC_OPERATION_SCAN = 11,     /* [11, position, parts]         -> [0, position,
                                   [[key hash, digest], ...]]
                                   position 0 begins; 0 back: the end */
    ZC_OPERATION_LOOK = 12,     /* [12, key hash]                -> [0, ghost, hlc, origin, digest,
                                   key] */
    ZC_OPERATION_REPAIR = 13,   /* [13, origin]                  -> [0] */
} zc_operation_type_t;

typedef struct zc_operation {
    zc_operation_type_t type;
    zc_slice_t key; /* also the name of a setting, and the origin of a REPAIR */
    zc_slice_t value;
    uint8_t value_type;
    uint64_t ttl_ms;
    uint64_t number; /* the walk of a SPY, the number of a CONFIGURE, the position of a SCAN, the
                        key hash of a LOOK */
    const zc_digest_set_t *parts; /* of a SCAN, borrowed; else NULL */
} zc_operation_t;

/* Begins a request in `buffer`, replacing its content; then `count` operations are added. */
zcache_status zc_request_begin(zc_buffer_t *buffer, uint64_t number, uint32_t count);
zcache_status zc_request_add(zc_buffer_t *buffer, const zc_operation_t *operation);

/* A request being read, operation by operation. The fields are not for callers, but `number` and
 * `count`. */
typedef struct zc_request {
    uint64_t number;
    uint32_t count; /* of operations, at most ZCACHE_OPERATIONS_MAX */
    uint32_t taken;
    zc_slice_t rest;
} zc_request_t;

/* Checks the head and every operation to the last byte. Returns OK, MALFORMED, INCOMPATIBLE
 * (request->number is right, so that it can be answered) or TOO_LARGE (too many operations). */
zcache_status zc_request_open(zc_slice_t bytes, zc_request_t *request);

/* The next operation, pointing into the bytes. False: there are no more. A key that is empty or too
 * long, or a type or ttl out of range comes through, to be answered INVALID or TOO_LARGE. */
bool zc_request_next(zc_request_t *request, zc_operation_t *operation);

/* -- Responses ------------------------------------------------------------- */

zcache_status zc_response_begin(zc_buffer_t *buffer, uint64_t number, uint32_t count);

/* [status] */
zcache_status zc_response_add_status(zc_buffer_t *buffer, zcache_status status);
/* [0, value, type]: the result of a GET that hit; the value is copied once, into the buffer. */
zcache_status zc_response_add_value(zc_buffer_t *buffer, zc_slice_t value, uint8_t type);
zcache_status zc_response_add_ping(zc_buffer_t *buffer, bool ready, zc_slice_t watch_endpoint);

/* What a node holds and has seen, all at one moment. */
typedef struct zc_digest {
    zc_origin_t origin;
    bool joining;
    uint64_t clock_ms; /* mesh time */
    zc_registers_t registers;
    uint64_t entries;
    zc_stamp_t horizon;
    zc_vector_t vector;
    const uint64_t *parts; /* ZC_DIGEST_PARTS */
} zc_digest_t;

/* An upper bound of what zc_response_add_digest takes. */
size_t zc_response_digest_bytes(const zc_digest_t *digest);
zcache_status zc_response_add_digest(zc_buffer_t *buffer, const zc_digest_t *digest);

/* What is in the register of a key hash. */
typedef struct zc_look {
    bool ghost; /* then digest is 0 and key empty */
    zc_stamp_t stamp;
    uint64_t digest;
    zc_slice_t key;
} zc_look_t;
zcache_status zc_response_add_look(zc_buffer_t *buffer, const zc_look_t *look);

/* Listings: begin, add each item, end. `walk` 0: the end of the walk. The count is filled in at the
 * end. */
typedef struct zc_response_list {
    size_t at; /* where in the buffer the count is, and before it the walk of a SPY or the position
                  of a SCAN */
    uint32_t count;
    bool walks;
} zc_response_list_t;

typedef struct zc_scan_row {
    uint64_t key_hash;
    uint64_t digest;
} zc_scan_row_t;

typedef struct zc_spy_entry {
    zc_slice_t key;
    zc_slice_t value;
    uint8_t type;
    uint64_t age_ms;
    uint64_t ttl_ms; /* UINT64_MAX: none, sent as nil */
    zc_stamp_t stamp;
} zc_spy_entry_t;

typedef struct zc_peer_row {
    zc_slice_t name;
    zc_slice_t endpoint;
    zc_origin_t origin;
    zc_slice_t state;
    zc_slice_t region;
    uint64_t rtt_us;
    uint64_t lag_ms;
    zc_agreement_t agreement; /* sent as true, false or nil */
    int64_t skew_ms;          /* how far its clock is ahead, where that is too far */
} zc_peer_row_t;

typedef struct zc_stat_row {
    zc_slice_t name;
    bool is_text;
    zc_slice_t text;
    uint64_t number;
} zc_stat_row_t;

/* The list of a SPY or SCAN (`walks`) begins with its walk or position, which is set at the end. */
zcache_status zc_response_begin_list(zc_buffer_t *buffer, bool walks, zc_response_list_t *list);
zcache_status zc_response_add_spy_entry(zc_buffer_t *buffer, zc_response_list_t *list,
                                        const zc_spy_entry_t *entry);
zcache_status zc_response_add_peer(zc_buffer_t *buffer, zc_response_list_t *list,
                                   const zc_peer_row_t *peer);
zcache_status zc_response_add_stat(zc_buffer_t *buffer, zc_response_list_t *list,
                                   const zc_stat_row_t *row);
zcache_status zc_response_add_scan_row(zc_buffer_t *buffer, zc_response_list_t *list,
                                       const zc_scan_row_t *row);
void zc_response_end_list(zc_buffer_t *buffer, zc_response_list_t *list, uint64_t walk);

/* A response being read. */
typedef struct zc_response {
    uint64_t number;
    uint32_t count;
    uint32_t taken;
    uint32_t items; /* of the listing that is open, still to be read */
    zc_slice_t rest;
} zc_response_t;

/* Checks the head. Returns OK, MALFORMED, or INCOMPATIBLE. */
zcache_status zc_response_open(zc_slice_t bytes, zc_response_t *response);

/* Each reads the next result, of the form that its operation calls for, and checks it whole; the
 * last one also that nothing is left over. More results than `count` are MALFORMED. Returns OK
 * (then *status is that of the operation and the other outs are set if it is 0) or MALFORMED. */
zcache_status zc_response_next_status(zc_response_t *response, zcache_status *status);
zcache_status zc_response_next_value(zc_response_t *response, zcache_status *status,
                                     zc_slice_t *value, uint8_t *type);
zcache_status zc_response_next_ping(zc_response_t *response, zcache_status *status, bool *ready,
                                    zc_slice_t *watch_endpoint);
/* The vector and the parts lie in the scratch. */
zcache_status zc_response_next_digest(zc_response_t *response, zc_wire_scratch_t *scratch,
                                      zcache_status *status, zc_digest_t *digest);
zcache_status zc_response_next_look(zc_response_t *response, zcache_status *status,
                                    zc_look_t *look);
/* Opens a listing: then its `*count` items are to be read with the calls below, before the next
 * result. *walk is set for one that `walks`. Where the status is not 0, *count is 0. */
zcache_status zc_response_next_list(zc_response_t *response, bool walks, zcache_status *status,
                                    uint64_t *walk, uint32_t *count);
zcache_status zc_response_read_spy_entry(zc_response_t *response, zc_spy_entry_t *entry);
zcache_status zc_response_read_peer(zc_response_t *response, zc_peer_row_t *peer);
zcache_status zc_response_read_stat(zc_response_t *response, zc_stat_row_t *row);
zcache_status zc_response_read_scan_row(zc_response_t *response, zc_scan_row_t *row);

#endif
