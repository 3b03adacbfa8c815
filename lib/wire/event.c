/* SPDX-License-Identifier: MPL-2.0 */
/* Events of a change stream: one array in the second frame, behind the topic.
 *
 *     [48, version, change, key, value or nil, type, hlc, origin, ttl or nil, [bytes, number, ...]]
 *
 * Invariant: the lengths of prefixes strictly ascend, so that a watcher finds one number or none;
 * an event has a key unless it is a clear or a greeting, and a value only if it is a set. */
#include "lib/wire/event.h"

#include <zcache/watch.h>

#include "lib/base/assert.h"
#include "lib/wire/fields.h"
#include "lib/wire/request.h"

enum { EVENT_FIELDS = 8 };

zcache_status zc_event_encode(const zc_watch_event_t *event, zc_buffer_t *buffer) {
    ZC_ASSERT(event->number_count <= ZC_EVENT_NUMBERS_MAX);
    zc_pack_t pack;
    size_t bytes = ZC_WIRE_HEAD_BYTES_MAX + 3 * ZC_PACK_HEAD_BYTES_MAX + event->key.bytes +
                   (event->has_value ? event->value.bytes : 0) + 4 * ZC_PACK_UINT_BYTES_MAX +
                   ZC_WIRE_ORIGIN_BYTES + event->number_count * 2 * ZC_PACK_UINT_BYTES_MAX;
    if (!zc_pack_open_anew(&pack, buffer, bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_head(&pack, ZC_EVENT_CODE, EVENT_FIELDS);
    zc_pack_uint(&pack, event->change);
    zc_pack_bin(&pack, event->key);
    if (event->has_value) {
        zc_pack_bin(&pack, event->value);
    } else {
        zc_pack_nil(&pack);
    }
    zc_pack_uint(&pack, event->type);
    zc_pack_uint(&pack, event->stamp.hlc);
    zc_pack_origin(&pack, &event->stamp.origin);
    if (event->ttl_ms == UINT64_MAX) {
        zc_pack_nil(&pack);
    } else {
        zc_pack_uint(&pack, event->ttl_ms);
    }
    zc_pack_array(&pack, 2 * event->number_count);
    for (size_t i = 0; i < event->number_count; i++) {
        const zc_event_number_t *numbers = event->numbers;
        ZC_ASSERT(i == 0 || numbers[i - 1].prefix_bytes < numbers[i].prefix_bytes);
        zc_pack_uint(&pack, numbers[i].prefix_bytes);
        zc_pack_uint(&pack, numbers[i].number);
    }
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

static void unpack_numbers(zc_unpack_t *unpack, zc_watch_event_t *event) {
    uint64_t number_least = event->change == ZC_WATCH_GREETING ? 0 : 1;
    uint32_t items = zc_unpack_array(unpack, 0, 2 * ZC_EVENT_NUMBERS_MAX, 1);
    if (items % 2 != 0) {
        zc_unpack_fail(unpack, ZCACHE_MALFORMED);
    }
    event->number_count = items / 2;
    uint64_t least = 0;
    for (size_t i = 0; i < event->number_count && !zc_unpack_failed(unpack); i++) {
        uint64_t prefix_bytes = zc_unpack_uint(unpack, least, ZCACHE_WATCH_TOPIC_MAX);
        event->numbers[i] = (zc_event_number_t){
            .prefix_bytes = (uint32_t)prefix_bytes,
            .number = zc_unpack_uint(unpack, number_least, UINT64_MAX),
        };
        least = prefix_bytes + 1;
    }
}

zcache_status zc_event_decode(zc_slice_t bytes, zc_watch_event_t *event) {
    zc_unpack_t unpack = zc_unpack_open(bytes);
    zc_head_t head = zc_unpack_head(&unpack);
    if (head.code != ZC_EVENT_CODE || head.version != ZC_PROTOCOL_VERSION ||
        head.fields != EVENT_FIELDS) {
        return ZCACHE_MALFORMED;
    }
    zc_watch_event_t found;
    found.change = (uint8_t)zc_unpack_uint(&unpack, ZCACHE_CHANGE_SET, ZC_WATCH_GREETING);
    bool greets = found.change == ZC_WATCH_GREETING;
    if (found.change > ZCACHE_CHANGE_EVICT && !greets) {
        zc_unpack_fail(&unpack, ZCACHE_MALFORMED);
    }
    bool has_key = found.change != ZCACHE_CHANGE_CLEAR && !greets;
    found.key = zc_unpack_bin(&unpack, has_key ? 1 : 0, has_key ? ZCACHE_KEY_MAX : 0);
    found.has_value = !zc_unpack_nil(&unpack);
    found.value = zc_slice(NULL, 0);
    if (found.has_value) {
        found.value = zc_unpack_bin(&unpack, 0, ZCACHE_VALUE_MAX_CEILING);
        if (found.change != ZCACHE_CHANGE_SET) {
            zc_unpack_fail(&unpack, ZCACHE_MALFORMED);
        }
    }
    found.type = (uint8_t)zc_unpack_uint(&unpack, ZCACHE_RAW, ZCACHE_MSGPACK);
    found.stamp.hlc = zc_unpack_hlc(&unpack);
    found.stamp.origin = zc_unpack_origin(&unpack);
    found.ttl_ms = zc_unpack_nil(&unpack) ? UINT64_MAX : zc_unpack_uint(&unpack, 0, UINT64_MAX - 1);
    unpack_numbers(&unpack, &found);
    zc_unpack_finish(&unpack);
    if (zc_unpack_failed(&unpack)) {
        return ZCACHE_MALFORMED;
    }
    *event = found;
    return ZCACHE_OK;
}
