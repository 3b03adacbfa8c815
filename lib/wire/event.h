/* SPDX-License-Identifier: MPL-2.0 */
/* Events of a change stream to and from bytes (lib/PROTOCOL.md): two frames, topic and event.
 *
 * The topic is one byte that tells the flavour ('k': without value, 'v': with) and the first
 * ZCACHE_WATCH_TOPIC_MAX bytes of the key. An event counts for every watched prefix that it
 * matches; as prefixes that match one key differ in length, the event carries pairs of (bytes of
 * the prefix, number of the event among those of that prefix). A watcher looks for its own length;
 * an event that has no pair of that length is not meant for it. */
#ifndef ZC_WIRE_EVENT_H
#define ZC_WIRE_EVENT_H

#include "lib/base/stamp.h"
#include "lib/wire/buffer.h"
#include "lib/wire/wire.h"

enum {
    ZC_EVENT_NUMBERS_MAX = 201, /* lengths 0 to ZCACHE_WATCH_TOPIC_MAX */
    /* The change of the event that greets a new subscription: its key is empty, and its one pair
     * has the number of the last event before it, or there is none at ZCACHE_WATCH_PREFIXES_MAX. */
    ZC_WATCH_GREETING = 255,
};

typedef struct zc_event_number {
    uint32_t prefix_bytes;
    uint64_t number; /* from 1; in a greeting from 0 */
} zc_event_number_t;

typedef struct zc_watch_event {
    uint8_t change; /* zcache_change or ZC_WATCH_GREETING */
    zc_slice_t key; /* empty for a clear and a greeting */
    bool has_value;
    zc_slice_t value;
    uint8_t type;
    zc_stamp_t stamp;
    uint64_t ttl_ms; /* UINT64_MAX: none, sent as nil */
    size_t number_count;
    zc_event_number_t numbers[ZC_EVENT_NUMBERS_MAX];
} zc_watch_event_t;

zcache_status zc_event_encode(const zc_watch_event_t *event, zc_buffer_t *buffer);
zcache_status zc_event_decode(zc_slice_t bytes, zc_watch_event_t *event);

#endif
