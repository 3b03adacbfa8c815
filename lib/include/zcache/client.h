/* SPDX-License-Identifier: MPL-2.0 */
/* The client: operations on the cache of one node.
 *
 * On inproc:// reads are answered from the node's own memory, without a socket, and writes are in
 * that memory when the call returns; the mesh gets them at once, and nobody waits for it. Over
 * tcp:// each call is one request and one answer. A handle belongs to one thread at a time; open
 * one for each thread. A handle whose node went away reconnects by itself: calls return UNREACHABLE
 * or TIMEOUT until the node is back. */
#ifndef ZCACHE_CLIENT_H
#define ZCACHE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zcache/status.h>
#include <zcache/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zcache zcache_t;

/* Frees what the value holds; it is empty then, and may be used again. NULL is allowed. */
void zcache_value_fini(zcache_value_t *value);

/* Opens a handle on the node at "tcp://HOST:PORT" or "inproc://NAME". It dials in the background
 * and does not wait: a node that is not there shows at the first call (UNREACHABLE). On success
 * *cache is the caller's, to be closed. On inproc:// it takes some 30 KiB, and up to 1 MiB more as
 * it reads from a large store. Returns OK, INVALID (neither form of endpoint), UNRESOLVED,
 * UNREACHABLE (no node of that inproc name in this process), NO_MEMORY or SYSTEM. */
zcache_status zcache_open(const char *endpoint, zcache_t **cache);

/* Closes the handle and sets *cache to NULL. NULL and a pointer to NULL are allowed. */
void zcache_close(zcache_t **cache);

/* How long a call may take, 5000 ms when opened. It holds for each call that crosses a socket; for
 * zcache_spy, for each of its messages. */
void zcache_set_timeout(zcache_t *cache, uint32_t timeout_ms);

/* The calls below return, besides what is named there: TIMEOUT (sent, but no answer in time: a
 * write may have happened), UNREACHABLE (not sent: no connection in time), INCOMPATIBLE (what
 * answers is not a node, or of another protocol version), BUSY (the node is at a limit, or
 * has not reached the mesh that it joins: writes wait for that as long as the timeout), NO_MEMORY,
 * SYSTEM, or STOPPED (inproc only). zcache_error says more. Keys are 1 to ZCACHE_KEY_MAX bytes of
 * anything; an empty key is INVALID, a longer one TOO_LARGE. Keys and values are borrowed for the
 * call. */

/* Copies the value of `key` into *value. The read keeps the entry young on all nodes (rule R11).
 * Returns OK or MISS (then *value is untouched). */
zcache_status zcache_get(zcache_t *cache, const void *key, size_t key_size, zcache_value_t *value);

/* Sets `key` to the bytes of a RAW value. `ttl_ms` 0: no deadline; else the entry is gone `ttl_ms`
 * after this write, read or not; above ZCACHE_TTL_MAX_SECONDS it is INVALID. `value` may be empty
 * (then it may be NULL). Returns OK, INVALID or TOO_LARGE (above `value_max` of the mesh). */
zcache_status zcache_set(zcache_t *cache, const void *key, size_t key_size, const void *value,
                         size_t value_size, uint64_t ttl_ms);

/* As zcache_set, for bytes of another type. */
zcache_status zcache_set_typed(zcache_t *cache, const void *key, size_t key_size, const void *value,
                               size_t value_size, zcache_type type, uint64_t ttl_ms);

/* Deletes `key` on all nodes. Returns OK, or MISS if this node did not hold it (the delete still
 * goes to the mesh, where it refuses older writes). */
zcache_status zcache_delete(zcache_t *cache, const void *key, size_t key_size);

/* Deletes every entry on all nodes that was written before now. Returns OK. */
zcache_status zcache_clear(zcache_t *cache);

/* One entry as seen by zcache_spy. Slices are valid during the call. */
typedef struct zcache_entry {
    const void *key;
    size_t key_size;
    const void *value;
    size_t value_size;
    zcache_type type;
    uint64_t age_ms;    /* since it was last read or written, anywhere as far as this node knows */
    uint64_t ttl_ms;    /* until its deadline; UINT64_MAX: none */
    uint64_t hlc;       /* the hybrid logical clock of the write: milliseconds << 16 | counter */
    uint8_t origin[16]; /* the life of the node that wrote it */
} zcache_entry_t;

/* Return false to stop. Do not call zcache with the same handle. */
typedef bool zcache_spy_fn(void *context, const zcache_entry_t *entry);

/* Shows the whole cache of the node, from the most to the least recently used, touching nothing.
 * The walk takes many messages; an entry that is used while it goes on may come last instead of at
 * its place, none comes twice, and none that stays is left out. Returns OK, also when `visit`
 * stopped it. */
zcache_status zcache_spy(zcache_t *cache, zcache_spy_fn *visit, void *context);

/* Whether a peer held the same entries as the node when its last heartbeat came. The two are
 * compared a message apart, so that while there is traffic it is seldom known; that they differ is
 * said only where both have stood still since the heartbeat before. They may differ by right, by
 * what each has evicted: zcache_verify tells. */
typedef enum zcache_agreement {
    ZCACHE_AGREES_UNKNOWN, /* traffic, or one of the two is not live */
    ZCACHE_AGREES,
    ZCACHE_AGREES_NOT
} zcache_agreement;

/* A member of the mesh as the node sees it; the node itself comes first. Strings are valid during
 * the call. */
typedef struct zcache_peer {
    const char *name;
    const char *endpoint;
    uint8_t origin[16];
    const char *state; /* "self", "joining", "live", "suspect", "gone", "skewed" */
    const char *region;
    uint64_t rtt_us; /* last measured round trip; 0: not yet, or it is gone */
    uint64_t lag_ms; /* how far this node is behind the peer's writes; 0: it has them all */
    zcache_agreement agrees;
    int64_t skew_ms; /* how far its clock is ahead of the node's, where that is more than the
                        setting max_clock_skew_ms: the node takes nothing from it ("skewed");
                        negative: so far behind, and it takes nothing from the node; 0: neither */
} zcache_peer_t;

typedef bool zcache_peers_fn(void *context, const zcache_peer_t *peer);

/* Shows every member that the node knows. Returns OK. */
zcache_status zcache_peers(zcache_t *cache, zcache_peers_fn *visit, void *context);

/* One line of a node's statistics: a name and either a text or a number (text NULL). Valid during
 * the call. */
typedef bool zcache_stats_fn(void *context, const char *name, const char *text, uint64_t number);

/* Shows the statistics of the node; README.md lists the names. Returns OK. */
zcache_status zcache_stats(zcache_t *cache, zcache_stats_fn *visit, void *context);

/* Shows the settings of the mesh (rule M2), in the form of zcache_stats. Returns OK. */
zcache_status zcache_config(zcache_t *cache, zcache_stats_fn *visit, void *context);

/* Changes a setting of the whole mesh, live: "max_size", "expire_after_ms", "heartbeat_ms",
 * "value_max" ... as zcache_config names them. Returns OK or INVALID (no such setting, or
 * out of its range). */
zcache_status zcache_config_set(zcache_t *cache, const char *name, uint64_t number);

/* Asks the node whether it is there and `*ready` whether its first transfer is complete (rule S1).
 * Returns OK. `ready` may be NULL. */
zcache_status zcache_ping(zcache_t *cache, bool *ready);

/* What the last call on this handle, or on one of its batches, has to say beyond its status: one
 * line that names the value that was wrong and what would be right; "" after OK and MISS. Valid
 * until the next call on the handle. */
const char *zcache_error(const zcache_t *cache);

#ifdef __cplusplus
}
#endif
#endif
