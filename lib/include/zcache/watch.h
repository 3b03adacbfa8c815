/* SPDX-License-Identifier: MPL-2.0 */
/* Change streams: every change that a node applies, whoever wrote it.
 *
 * A watcher is apart from the mesh: one that is slow loses events, is told how many, and slows
 * nobody. */
#ifndef ZCACHE_WATCH_H
#define ZCACHE_WATCH_H

#include <zcache/client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zcache_watch zcache_watch_t;

typedef enum zcache_change {
    ZCACHE_CHANGE_SET = 0,    /* the key has a new value */
    ZCACHE_CHANGE_DELETE = 1, /* somebody deleted it */
    ZCACHE_CHANGE_CLEAR = 2,  /* everything written before the stamp is gone; there is no key */
    ZCACHE_CHANGE_EXPIRE = 3, /* its ttl or its idle time is over */
    ZCACHE_CHANGE_EVICT = 4   /* this node had no room for it; others may still hold it */
} zcache_change;

/* One change. Slices are valid until the next call on the watcher. */
typedef struct zcache_event {
    zcache_change change;
    const void *key;
    size_t key_size;
    const void *value; /* NULL unless asked for, and unless change is SET */
    size_t value_size;
    zcache_type type;
    uint64_t hlc;       /* the stamp: hybrid logical clock ... */
    uint8_t origin[16]; /* ... and the life of the node that wrote it */
    uint64_t ttl_ms;    /* until its deadline when it was applied; UINT64_MAX: none */
    uint64_t number;    /* counts up by one for each event of this prefix at this node; of a prefix
                           longer than ZCACHE_WATCH_TOPIC_MAX, of its first bytes */
    uint64_t lost;      /* events that were lost since the last one that came */
} zcache_event_t;

/* The text of a change: "set", "delete", "clear", "expire" or "evict". */
const char *zcache_change_text(zcache_change change);

/* Watches the changes at the node of `endpoint` (as for zcache_open) to keys that begin with
 * `prefix` (`prefix_size` 0: all). `values` asks for the bytes of new values. When it returns, the
 * node has the subscription: what is written from now on is seen. On success *watch is the
 * caller's. Returns OK, INVALID, TOO_LARGE, UNRESOLVED, UNREACHABLE, INCOMPATIBLE, TIMEOUT, BUSY
 * (ZCACHE_WATCH_PREFIXES_MAX other prefixes are watched there), NO_MEMORY or SYSTEM. */
zcache_status zcache_watch_open(const char *endpoint, const void *prefix, size_t prefix_size,
                                bool values, uint32_t timeout_ms, zcache_watch_t **watch);

/* Waits for the next event, at most `timeout_ms`. Returns OK, TIMEOUT, MALFORMED (a message that is
 * not an event; it was dropped), BUSY (the node is back and has no number for this prefix, see
 * zcache_watch_open) or SYSTEM. A node that goes away and comes back is watched again, with numbers
 * that start anew: a number that is not above the one before tells that it was, and nothing tells
 * what happened meanwhile. */
zcache_status zcache_watch_next(zcache_watch_t *watch, uint32_t timeout_ms, zcache_event_t *event);

/* Closes the watcher and sets *watch to NULL. NULL and a pointer to NULL are allowed. */
void zcache_watch_close(zcache_watch_t **watch);

#ifdef __cplusplus
}
#endif
#endif
