/* SPDX-License-Identifier: MPL-2.0 */
/* What a node tells people.
 *
 * Invariant: a line names whom it is about and what that means for the node; texts of peers were
 * checked by the decoder, so that none of them carries control characters. */
#include "node/notice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <zcache/limits.h>

#include "lib/base/assert.h"

enum { WHO_BYTES = 2 * ZCACHE_NAME_BYTES_MAX + 8 };

/* "NAME (ENDPOINT)", or whichever of the two there is. */
static void describe(zc_slice_t name, zc_slice_t endpoint, char who[WHO_BYTES]) {
    int name_bytes = name.bytes < ZCACHE_NAME_BYTES_MAX ? (int)name.bytes : ZCACHE_NAME_BYTES_MAX;
    int endpoint_bytes =
        endpoint.bytes < ZCACHE_NAME_BYTES_MAX ? (int)endpoint.bytes : ZCACHE_NAME_BYTES_MAX;
    const char *name_data = name_bytes > 0 ? name.data : "";
    const char *endpoint_data = endpoint_bytes > 0 ? endpoint.data : "";
    if (name_bytes == 0 || zc_slice_equal(name, endpoint)) {
        snprintf(who, WHO_BYTES, "%.*s", endpoint_bytes, endpoint_data);
    } else if (endpoint_bytes == 0) {
        snprintf(who, WHO_BYTES, "%.*s", name_bytes, name_data);
    } else {
        snprintf(who, WHO_BYTES, "%.*s (%.*s)", name_bytes, name_data, endpoint_bytes,
                 endpoint_data);
    }
}

void zc_notice_text(const zc_effect_t *effect, char line[ZC_NOTICE_BYTES]) {
    ZC_ASSERT(effect->type == ZC_EFFECT_NOTICE);
    char who[WHO_BYTES];
    describe(effect->notice.name, effect->notice.endpoint, who);
    uint64_t number = effect->notice.number;
    size_t bytes = ZC_NOTICE_BYTES;
    switch (effect->notice.notice) {
    case ZC_NOTICE_PEER_LIVE:
        snprintf(line, bytes, "peer %s is live", who);
        return;
    case ZC_NOTICE_PEER_SUSPECT:
        snprintf(line, bytes, "peer %s has missed 3 heartbeats", who);
        return;
    case ZC_NOTICE_PEER_GONE:
        snprintf(line, bytes, "peer %s is gone, dialling it again from time to time", who);
        return;
    case ZC_NOTICE_PEER_LEFT:
        snprintf(line, bytes, "peer %s said goodbye", who);
        return;
    case ZC_NOTICE_PEER_REPLACED:
        snprintf(line, bytes, "peer %s was started anew", who);
        return;
    case ZC_NOTICE_PEER_SKEWED:
        snprintf(line, bytes,
                 "peer %s has a clock that is %" PRIu64
                 " ms ahead: nothing of it is applied until that is mended",
                 who, number);
        return;
    case ZC_NOTICE_SELF_SKEWED:
        snprintf(line, bytes,
                 "this node's clock is %" PRIu64
                 " ms ahead of that of peer %s, which takes nothing from here until that is mended",
                 number, who);
        return;
    case ZC_NOTICE_PEER_VERSION:
        snprintf(line, bytes,
                 "%s speaks version %" PRIu64 " of the protocol, this node speaks %d: not joined",
                 who, number, ZC_PROTOCOL_VERSION);
        return;
    case ZC_NOTICE_PEER_FULL:
        snprintf(line, bytes, "%s refuses this node: its mesh has all %d members it may have", who,
                 (int)ZCACHE_MEMBERS_MAX);
        return;
    case ZC_NOTICE_JOINED:
        snprintf(line, bytes, "joined the mesh%s%s, %" PRIu64 " entries", who[0] ? " at " : "", who,
                 number);
        return;
    case ZC_NOTICE_ALONE:
        snprintf(line, bytes, "nobody answers as zcache at %s, serving alone and trying again",
                 who);
        return;
    case ZC_NOTICE_ADOPTED:
        snprintf(line, bytes, "%s is %" PRIu64 " here, the mesh has %" PRIu64 ": taken over", who,
                 effect->notice.own, number);
        return;
    case ZC_NOTICE_FAULT:
        snprintf(line, bytes,
                 "two different values came under one stamp: all nodes keep the same one of them; "
                 "this never happens in a correct mesh");
        return;
    }
}

void zc_log_init(zc_log_t *log, zcache_log_fn *write, void *context) {
    *log = (zc_log_t){.write = write, .context = context};
    zc_buffer_init(&log->lines, zc_allocator_system());
}

void zc_log_fini(zc_log_t *log) {
    zc_buffer_fini(&log->lines);
}

void zc_log_notice(zc_log_t *log, const zc_effect_t *effect) {
    if (log->write == NULL) {
        return;
    }
    char line[ZC_NOTICE_BYTES];
    zc_notice_text(effect, line);
    size_t bytes = strlen(line) + 1;
    uint8_t *at = zc_buffer_reserve(&log->lines, bytes);
    if (at != NULL) {
        memcpy(at, line, bytes);
        log->lines.bytes += bytes;
    }
}

void zc_log_flush(zc_log_t *log) {
    for (size_t at = 0; at < log->lines.bytes;) {
        const char *line = (const char *)log->lines.data + at;
        log->write(log->context, line);
        at += strlen(line) + 1;
    }
    log->lines.bytes = 0;
}
