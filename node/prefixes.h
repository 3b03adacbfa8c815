/* SPDX-License-Identifier: MPL-2.0 */
/* The prefixes that somebody watches, and how many events each of them has had.
 *
 * A subscription is a flavour ('k': without values, 'v': with) and a prefix of at most
 * ZCACHE_WATCH_TOPIC_MAX bytes; both flavours of a prefix share its count. */
#ifndef ZC_NODE_PREFIXES_H
#define ZC_NODE_PREFIXES_H

#include <stdbool.h>
#include <stdint.h>

#include <zcache/limits.h>
#include <zcache/status.h>

#include "lib/base/slice.h"
#include "lib/wire/event.h"

typedef enum zc_flavour { ZC_FLAVOUR_KEYS = 1, ZC_FLAVOUR_VALUES = 2 } zc_flavour_t;

typedef struct zc_prefix {
    unsigned flavours; /* zc_flavour_t, those that are watched */
    unsigned ending;   /* ... of these: it was told that nobody does, at drop_us they go */
    uint64_t drop_us;
    uint64_t number; /* of its last event; 0: none since it is watched */
    size_t bytes;
    uint8_t data[ZCACHE_WATCH_TOPIC_MAX];
} zc_prefix_t;

typedef struct zc_prefixes {
    zc_prefix_t *table; /* the shortest first */
    size_t count;
    size_t capacity;
} zc_prefixes_t;

void zc_prefixes_init(zc_prefixes_t *prefixes);
void zc_prefixes_fini(zc_prefixes_t *prefixes);

/* What XPUB hands up: one byte, 1 to subscribe and 0 to end it, then the topic. False: it is none
 * of ours. */
typedef struct zc_subscription {
    bool begins;
    zc_flavour_t flavour;
    zc_slice_t topic; /* as subscribed, with the flavour before the prefix */
    zc_slice_t prefix;
} zc_subscription_t;

bool zc_subscription_parse(zc_slice_t bytes, zc_subscription_t *subscription);

/* Adds a flavour of a prefix, which does not end any more if it was to. At the limit the prefix
 * goes that ends next. Returns OK (also where it is there already), BUSY
 * (ZCACHE_WATCH_PREFIXES_MAX) or NO_MEMORY. */
zcache_status zc_prefixes_add(zc_prefixes_t *prefixes, const zc_subscription_t *subscription);

/* It is told that nobody watches this any more: unless it is added again it goes at `drop_us`. */
void zc_prefixes_end(zc_prefixes_t *prefixes, const zc_subscription_t *subscription,
                     uint64_t drop_us);

/* Lets go what was to end by now; a prefix that nobody watches loses its count. */
void zc_prefixes_expire(zc_prefixes_t *prefixes, uint64_t now_us);

/* NULL: not watched. */
const zc_prefix_t *zc_prefixes_find(const zc_prefixes_t *prefixes, zc_slice_t prefix);

/* All flavours that are watched. */
unsigned zc_prefixes_flavours(const zc_prefixes_t *prefixes);

/* Counts an event of `key` for every prefix that it begins with, writes the pairs of length and
 * number (at most ZC_EVENT_NUMBERS_MAX, ascending) and returns the flavours to be sent; 0: nobody
 * watches it. */
unsigned zc_prefixes_count(zc_prefixes_t *prefixes, zc_slice_t key, zc_event_number_t *numbers,
                           size_t *number_count);

#endif
