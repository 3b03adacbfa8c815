/* SPDX-License-Identifier: MPL-2.0 */
/* Effects as text. */
#include "tests/support/decisions.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/assert.h"

enum { VALUE_SHOWN_BYTES = 16 };

static void reserve(zc_decisions_t *decisions, size_t bytes) {
    if (decisions->bytes + bytes < decisions->capacity) {
        return;
    }
    decisions->capacity = 2 * decisions->capacity + bytes + 1;
    decisions->text = realloc(decisions->text, decisions->capacity);
    ZC_ASSERT(decisions->text != NULL);
}

__attribute__((format(printf, 2, 3))) static void add(zc_decisions_t *decisions, const char *format,
                                                      ...) {
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    ZC_ASSERT(bytes >= 0);
    reserve(decisions, (size_t)bytes + 1);
    va_start(arguments, format);
    vsnprintf(decisions->text + decisions->bytes, (size_t)bytes + 1, format, arguments);
    va_end(arguments);
    decisions->bytes += (size_t)bytes;
}

static void add_slice(zc_decisions_t *decisions, zc_slice_t slice) {
    size_t bytes = slice.bytes < VALUE_SHOWN_BYTES ? slice.bytes : VALUE_SHOWN_BYTES;
    add(decisions, "%.*s%s", (int)bytes, bytes == 0 ? "" : (const char *)slice.data,
        bytes < slice.bytes ? "..." : "");
}

const char *zc_message_name(zc_message_type_t type) {
    switch (type) {
    case ZC_MESSAGE_BATCH:
        return "batch";
    case ZC_MESSAGE_HEARTBEAT:
        return "heartbeat";
    case ZC_MESSAGE_TOUCH:
        return "touch";
    case ZC_MESSAGE_REGISTERS:
        return "registers";
    case ZC_MESSAGE_GOODBYE:
        return "goodbye";
    case ZC_MESSAGE_HELLO:
        return "hello";
    case ZC_MESSAGE_WELCOME:
        return "welcome";
    case ZC_MESSAGE_PING:
        return "ping";
    case ZC_MESSAGE_PONG:
        return "pong";
    case ZC_MESSAGE_MEMBERS_ASK:
        return "members_ask";
    case ZC_MESSAGE_MEMBERS:
        return "members";
    case ZC_MESSAGE_SYNC_ASK:
        return "sync_ask";
    case ZC_MESSAGE_SYNC_CHUNK:
        return "sync_chunk";
    case ZC_MESSAGE_SYNC_CREDIT:
        return "sync_credit";
    case ZC_MESSAGE_SYNC_END:
        return "sync_end";
    case ZC_MESSAGE_READ:
        return "read";
    case ZC_MESSAGE_READ_ANSWER:
        return "read_answer";
    case ZC_MESSAGE_REFUSED:
        return "refused";
    }
    return "";
}

static void add_record(zc_decisions_t *decisions, const zc_record_t *record) {
    if (record->ghost) {
        add(decisions, " ghost");
        return;
    }
    add(decisions, " ");
    add_slice(decisions, record->key);
    add(decisions, "=");
    add_slice(decisions, record->value);
}

static void add_records(zc_decisions_t *decisions, const zc_record_t *records, size_t count) {
    for (size_t i = 0; i < count; i++) {
        add_record(decisions, &records[i]);
    }
}

static const char *result_text(zc_sync_result_t result) {
    switch (result) {
    case ZC_SYNC_COMPLETE:
        return "complete";
    case ZC_SYNC_INCOMPLETE:
        return "incomplete";
    case ZC_SYNC_NEEDS_REPLACE:
        return "needs_replace";
    case ZC_SYNC_BUSY:
        return "busy";
    case ZC_SYNC_JOINING:
        return "joining";
    case ZC_SYNC_NEEDS_VECTOR:
        return "needs_vector";
    case ZC_SYNC_PART:
        return "part";
    }
    return "";
}

/* What of a message a script may expect, behind its name. */
static void add_fields(zc_decisions_t *decisions, const zc_message_t *message) {
    switch (message->type) {
    case ZC_MESSAGE_BATCH:
        add_records(decisions, message->batch.records, message->batch.count);
        break;
    case ZC_MESSAGE_HEARTBEAT:
        add(decisions, "%s", message->heartbeat.joining ? " joining" : "");
        break;
    case ZC_MESSAGE_TOUCH:
        add(decisions, " %zu", message->touch.count);
        break;
    case ZC_MESSAGE_HELLO:
        add(decisions, "%s", message->hello.wants_members ? " wants_members" : "");
        break;
    case ZC_MESSAGE_WELCOME:
        add(decisions, " %zu members%s", message->welcome.members.count,
            message->welcome.joining ? " joining" : "");
        break;
    case ZC_MESSAGE_MEMBERS:
        add(decisions, " %zu", message->members.count);
        break;
    case ZC_MESSAGE_SYNC_ASK:
        add(decisions, "%s%s", message->sync_ask.replace ? " replace" : "",
            message->sync_ask.left_out != 0 ? " left_out" : "");
        break;
    case ZC_MESSAGE_SYNC_CHUNK:
        add(decisions, " %u%s", message->sync_chunk.number,
            message->sync_chunk.replace ? " replace" : "");
        add_records(decisions, message->sync_chunk.records, message->sync_chunk.count);
        break;
    case ZC_MESSAGE_SYNC_CREDIT:
        add(decisions, "%s", message->sync_credit.credit_bytes == 0 ? " 0" : "");
        break;
    case ZC_MESSAGE_SYNC_END:
        add(decisions, " %s%s", result_text(message->sync_end.result),
            message->sync_end.replace ? " replace" : "");
        break;
    case ZC_MESSAGE_READ:
        add(decisions, " ");
        add_slice(decisions, message->read.key);
        break;
    case ZC_MESSAGE_READ_ANSWER:
        if (message->read_answer.found) {
            add_record(decisions, &message->read_answer.record);
        } else {
            add(decisions, " miss");
        }
        break;
    case ZC_MESSAGE_REFUSED:
        add(decisions, message->refused.reason == ZC_REFUSED_FULL ? " full" : " version");
        break;
    case ZC_MESSAGE_REGISTERS:
    case ZC_MESSAGE_GOODBYE:
    case ZC_MESSAGE_PING:
    case ZC_MESSAGE_PONG:
    case ZC_MESSAGE_MEMBERS_ASK:
        break;
    }
}

static void add_message(zc_decisions_t *decisions, const zc_message_t *message) {
    add(decisions, "%s", zc_message_name(message->type));
    add_fields(decisions, message);
}

static void add_change(zc_decisions_t *decisions, const zc_effect_t *effect) {
    static const char *const names[] = {
        [ZC_CHANGE_SET] = "set",       [ZC_CHANGE_DELETE] = "delete", [ZC_CHANGE_CLEAR] = "clear",
        [ZC_CHANGE_EXPIRE] = "expire", [ZC_CHANGE_EVICT] = "evict",   [ZC_CHANGE_DROP] = "drop",
    };
    add(decisions, "change %s ", names[effect->change.change]);
    add_slice(decisions, effect->change.key);
    if (effect->change.value.bytes > 0) {
        add(decisions, "=");
        add_slice(decisions, effect->change.value);
    }
}

static void add_notice(zc_decisions_t *decisions, const zc_effect_t *effect) {
    static const char *const names[] = {
        [ZC_NOTICE_PEER_LIVE] = "live",
        [ZC_NOTICE_PEER_SUSPECT] = "suspect",
        [ZC_NOTICE_PEER_GONE] = "gone",
        [ZC_NOTICE_PEER_LEFT] = "left",
        [ZC_NOTICE_PEER_REPLACED] = "replaced",
        [ZC_NOTICE_PEER_SKEWED] = "skewed",
        [ZC_NOTICE_SELF_SKEWED] = "self_skewed",
        [ZC_NOTICE_PEER_VERSION] = "version",
        [ZC_NOTICE_PEER_FULL] = "full",
        [ZC_NOTICE_JOINED] = "joined",
        [ZC_NOTICE_ALONE] = "alone",
        [ZC_NOTICE_ADOPTED] = "adopted",
        [ZC_NOTICE_FAULT] = "fault",
    };
    add(decisions, "notice %s", names[effect->notice.notice]);
    zc_slice_t name = effect->notice.name.bytes > 0 ? effect->notice.name : effect->notice.endpoint;
    if (name.bytes > 0) {
        add(decisions, " %.*s", (int)name.bytes, (const char *)name.data);
    }
    if (effect->notice.notice == ZC_NOTICE_JOINED || effect->notice.notice == ZC_NOTICE_ADOPTED) {
        add(decisions, " %llu", (unsigned long long)effect->notice.number);
    }
    if (effect->notice.notice == ZC_NOTICE_ADOPTED) {
        add(decisions, " instead of %llu", (unsigned long long)effect->notice.own);
    }
}

static void add_dial(zc_decisions_t *decisions, const char *verb, const zc_effect_t *effect) {
    add(decisions, "%s %u %.*s", verb, effect->dial.peer, (int)effect->dial.endpoint.bytes,
        (const char *)effect->dial.endpoint.data);
}

static void add_answer(zc_decisions_t *decisions, const zc_effect_t *effect) {
    add(decisions, "answer %llu", (unsigned long long)effect->read_answer.token);
    if (effect->read_answer.found) {
        add_record(decisions, &effect->read_answer.record);
    } else {
        add(decisions, " miss");
    }
}

void zc_decisions_add(zc_decisions_t *decisions, const zc_effect_t *effect) {
    switch (effect->type) {
    case ZC_EFFECT_BROADCAST:
        add(decisions, "broadcast ");
        add_message(decisions, &effect->message);
        break;
    case ZC_EFFECT_SEND:
        add(decisions, "to %s %llu: ", effect->send.to.type == ZC_LINK_PEER ? "peer" : "route",
            (unsigned long long)effect->send.to.number);
        add_message(decisions, &effect->send.message);
        break;
    case ZC_EFFECT_DIAL:
        add_dial(decisions, "dial", effect);
        break;
    case ZC_EFFECT_SUBSCRIBE:
        add_dial(decisions, "subscribe", effect);
        break;
    case ZC_EFFECT_HANG_UP:
        add(decisions, "hang_up %u", effect->dial.peer);
        break;
    case ZC_EFFECT_CHANGE:
        add_change(decisions, effect);
        break;
    case ZC_EFFECT_READ_ANSWER:
        add_answer(decisions, effect);
        break;
    case ZC_EFFECT_NOTICE:
        add_notice(decisions, effect);
        break;
    }
    add(decisions, "\n");
}

void zc_decisions_fini(zc_decisions_t *decisions) {
    free(decisions->text);
    *decisions = (zc_decisions_t){.text = NULL};
}

const char *zc_decisions_text(const zc_decisions_t *decisions) {
    return decisions->bytes == 0 ? "" : decisions->text;
}

void zc_decisions_clear(zc_decisions_t *decisions) {
    decisions->bytes = 0;
}

size_t zc_decisions_count(const zc_decisions_t *decisions, const char *begin) {
    size_t count = 0;
    const char *line = zc_decisions_text(decisions);
    while (*line != '\0') {
        count += strncmp(line, begin, strlen(begin)) == 0;
        const char *end = strchr(line, '\n');
        line = end + 1;
    }
    return count;
}
