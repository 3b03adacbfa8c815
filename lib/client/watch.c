/* SPDX-License-Identifier: MPL-2.0 */
/* Watchers: a SUB socket on the node's XPUB, and the numbers by which a loss is seen.
 *
 * The node greets every subscription that it receives with the number of the last event before it.
 * So a watcher knows that its subscription is in place, and where the numbers stand:
 *
 *     greeting 7    event 8    event 9    event 12    greeting 12
 *                                          lost 2
 *
 * `number` is that of the last event that came or is known to be lost; `lost` counts the latter
 * until the caller is told. Every ten seconds a watcher subscribes again to what it has: the
 * greeting tells whether the last events were lost, and no greeting that the connection is. That
 * also keeps its topic from ending where a stranger ends it (node/watch.h). */
#include <zcache/watch.h>

#include "lib/client/client.h"
#include "lib/client/deadline.h"
#include "lib/client/socket.h"
#include "lib/wire/event.h"

enum {
    TOPIC_BYTES = 1 + ZCACHE_WATCH_TOPIC_MAX,
    REPEAT_US = 10000000,  /* after which the node is asked for a greeting again */
    PATIENCE_US = 5000000, /* in which it comes, or the socket is opened anew */
    POLL_MS = 1000,
    RECEIVE_BUDGET = 256, /* messages between two looks at the clock */
};

struct zcache_watch {
    const zc_allocator_t *allocator;
    zc_endpoint_t endpoint; /* of the node's XPUB */
    void *socket;
    uint8_t topic[TOPIC_BYTES]; /* the flavour, then the beginning of the prefix */
    size_t topic_bytes;
    uint8_t *prefix; /* whole: what is longer than a topic is filtered here */
    size_t prefix_bytes;
    uint64_t number;
    uint64_t lost;
    uint64_t heard_us;    /* when the last message came */
    uint64_t asked_us;    /* when a greeting was asked for, or the socket opened; 0: it came */
    uint64_t repeated_us; /* when it was asked for last */
    zmq_msg_t body;       /* what the event points into; always initialised */
    zc_watch_event_t event;
};

/* What a message means to the watcher. */
typedef enum meaning {
    MEANING_NOTHING,   /* there is no message */
    MEANING_IGNORED,   /* it is for others, or has told its number */
    MEANING_GREETING,  /* the subscription is in place */
    MEANING_REFUSED,   /* ... and does not count: the node is at ZCACHE_WATCH_PREFIXES_MAX */
    MEANING_EVENT,     /* watch->event is for the caller */
    MEANING_MALFORMED, /* it is none of a node's */
} meaning_t;

const char *zcache_change_text(zcache_change change) {
    switch (change) {
    case ZCACHE_CHANGE_SET:
        return "set";
    case ZCACHE_CHANGE_DELETE:
        return "delete";
    case ZCACHE_CHANGE_CLEAR:
        return "clear";
    case ZCACHE_CHANGE_EXPIRE:
        return "expire";
    case ZCACHE_CHANGE_EVICT:
        return "evict";
    }
    return "a change that zcache does not have";
}

static zcache_status subscribe(zcache_watch_t *watch) {
    watch->asked_us = zc_now_us();
    watch->repeated_us = watch->asked_us;
    int failed = zmq_setsockopt(watch->socket, ZMQ_SUBSCRIBE, watch->topic, watch->topic_bytes);
    return failed ? ZCACHE_SYSTEM : ZCACHE_OK;
}

static zcache_status connect_anew(zcache_watch_t *watch) {
    zc_socket_close(&watch->socket);
    watch->socket = zc_socket_dial(ZMQ_SUB, &watch->endpoint);
    return watch->socket == NULL ? ZCACHE_SYSTEM : subscribe(watch);
}

/* The event's number among those of our prefix; false: it has none. */
static bool find_number(const zcache_watch_t *watch, uint64_t *number) {
    for (size_t i = 0; i < watch->event.number_count; i++) {
        if (watch->event.numbers[i].prefix_bytes == watch->topic_bytes - 1) {
            *number = watch->event.numbers[i].number;
            return true;
        }
    }
    return false;
}

/* Takes over the number of an event, or of the last one before a greeting. A number that goes back
 * is of a node that has begun to count anew. */
static void count(zcache_watch_t *watch, uint64_t number, bool event) {
    uint64_t expected = watch->number + (event ? 1 : 0);
    if (number < expected) {
        watch->lost = 0;
    } else {
        watch->lost += number - expected;
    }
    watch->number = number;
}

static bool begins_with_prefix(const zcache_watch_t *watch) {
    return watch->event.key.bytes >= watch->prefix_bytes &&
           (watch->prefix_bytes == 0 ||
            memcmp(watch->event.key.data, watch->prefix, watch->prefix_bytes) == 0);
}

/* Greetings and clears of longer prefixes come here as well, as their topics begin with ours. */
static meaning_t judge(zcache_watch_t *watch, zc_slice_t topic) {
    if (zc_event_decode(zc_slice(zmq_msg_data(&watch->body), zmq_msg_size(&watch->body)),
                        &watch->event) != ZCACHE_OK) {
        return MEANING_MALFORMED;
    }
    uint64_t number = 0;
    bool numbered = find_number(watch, &number);
    if (watch->event.change == ZC_WATCH_GREETING) {
        if (!zc_slice_equal(topic, zc_slice(watch->topic, watch->topic_bytes))) {
            return MEANING_IGNORED;
        }
        watch->asked_us = 0;
        if (numbered) {
            count(watch, number, false);
        }
        return numbered ? MEANING_GREETING : MEANING_REFUSED;
    }
    if (!numbered) {
        return MEANING_IGNORED;
    }
    count(watch, number, true);
    bool ours = watch->event.change == ZCACHE_CHANGE_CLEAR || begins_with_prefix(watch);
    return ours ? MEANING_EVENT : MEANING_IGNORED;
}

/* Takes all frames of one message: two, or it is none of a node's. */
static meaning_t receive(zcache_watch_t *watch) {
    void *socket = watch->socket;
    zmq_msg_t topic;
    zmq_msg_init(&topic);
    meaning_t meaning = MEANING_NOTHING;
    if (zmq_msg_recv(&topic, socket, ZMQ_DONTWAIT) >= 0) {
        watch->heard_us = zc_now_us();
        meaning = MEANING_MALFORMED;
        bool more = zmq_msg_more(&topic) && zmq_msg_recv(&watch->body, socket, ZMQ_DONTWAIT) >= 0;
        if (more && !zmq_msg_more(&watch->body)) {
            meaning = judge(watch, zc_slice(zmq_msg_data(&topic), zmq_msg_size(&topic)));
        }
        while (more && zmq_msg_more(&watch->body)) {
            more = zmq_msg_recv(&watch->body, socket, ZMQ_DONTWAIT) >= 0;
        }
    }
    zmq_msg_close(&topic);
    return meaning;
}

/* Sees to it that a connection that is lost without a word is found. */
static zcache_status keep_alive(zcache_watch_t *watch) {
    uint64_t now_us = zc_now_us();
    if (watch->heard_us > watch->asked_us) {
        watch->asked_us = 0; /* the greeting may have been dropped, but the connection is there */
    }
    if (watch->asked_us != 0 && now_us - watch->asked_us >= PATIENCE_US) {
        return connect_anew(watch);
    }
    if (watch->asked_us == 0 && now_us - watch->repeated_us >= REPEAT_US) {
        return subscribe(watch);
    }
    return ZCACHE_OK;
}

/* Waits for a message that is more than nothing. Returns OK, TIMEOUT or SYSTEM. */
static zcache_status next_meaning(zcache_watch_t *watch, uint64_t deadline_us, meaning_t *meaning) {
    if (watch->socket == NULL && connect_anew(watch) != ZCACHE_OK) {
        return ZCACHE_SYSTEM;
    }
    /* It may be that something always comes, and what is below is never reached. */
    if (watch->heard_us > watch->repeated_us + REPEAT_US && keep_alive(watch) != ZCACHE_OK) {
        return ZCACHE_SYSTEM;
    }
    for (uint32_t taken = 1;; taken++) {
        meaning_t found = receive(watch);
        if (found != MEANING_NOTHING && found != MEANING_IGNORED) {
            *meaning = found;
            return ZCACHE_OK;
        }
        if (found == MEANING_IGNORED && taken % RECEIVE_BUDGET != 0) {
            continue;
        }
        int remaining_ms = zc_remaining_ms(deadline_us, POLL_MS);
        if (remaining_ms == 0) {
            return ZCACHE_TIMEOUT;
        }
        zmq_pollitem_t item = {.socket = watch->socket, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, remaining_ms) < 0 && zmq_errno() != EINTR) {
            return ZCACHE_SYSTEM;
        }
        bool silent = (item.revents & ZMQ_POLLIN) == 0;
        if (silent && keep_alive(watch) != ZCACHE_OK) {
            return ZCACHE_SYSTEM;
        }
    }
}

/* Where the node's watchers connect to. A node that binds all interfaces is dialled where it
 * answered. */
static zcache_status ask_endpoint(zcache_watch_t *watch, const char *endpoint,
                                  uint32_t timeout_ms) {
    zcache_t *cache = NULL;
    zcache_status status = zc_client_open(endpoint, watch->allocator, &cache);
    if (status != ZCACHE_OK) {
        return status;
    }
    zcache_set_timeout(cache, timeout_ms);
    status = zc_client_ping(cache, NULL, &watch->endpoint);
    if (status == ZCACHE_OK) {
        bool ipv6 = strchr(watch->endpoint.host, ':') != NULL;
        const char *here = ipv6 ? "::1" : "127.0.0.1";
        status = zc_endpoint_replace_any(&watch->endpoint,
                                         cache->endpoint.inproc ? here : cache->endpoint.host);
    }
    zcache_close(&cache);
    return status == ZCACHE_OK ? zc_endpoint_resolve(&watch->endpoint) : status;
}

/* Events that come before the greeting were written before this returns: they are passed over. */
static zcache_status await_greeting(zcache_watch_t *watch, uint64_t deadline_us) {
    for (;;) {
        meaning_t meaning = MEANING_NOTHING;
        zcache_status status = next_meaning(watch, deadline_us, &meaning);
        if (status != ZCACHE_OK) {
            return status;
        }
        switch (meaning) {
        case MEANING_GREETING:
            watch->lost = 0;
            return ZCACHE_OK;
        case MEANING_REFUSED:
            return ZCACHE_BUSY;
        case MEANING_MALFORMED:
            return ZCACHE_INCOMPATIBLE;
        case MEANING_EVENT:
        case MEANING_NOTHING:
        case MEANING_IGNORED:
            break;
        }
    }
}

static zcache_status take_prefix(zcache_watch_t *watch, zc_slice_t prefix, bool values) {
    size_t bytes = prefix.bytes < ZCACHE_WATCH_TOPIC_MAX ? prefix.bytes : ZCACHE_WATCH_TOPIC_MAX;
    watch->topic[0] = values ? 'v' : 'k';
    watch->topic_bytes = 1 + bytes;
    watch->prefix_bytes = prefix.bytes;
    if (prefix.bytes == 0) {
        return ZCACHE_OK;
    }
    watch->prefix = zc_allocate(watch->allocator, prefix.bytes);
    if (watch->prefix == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    memcpy(watch->prefix, prefix.data, prefix.bytes);
    memcpy(watch->topic + 1, prefix.data, bytes);
    return ZCACHE_OK;
}

zcache_status zc_client_watch(const char *endpoint, zc_slice_t prefix, bool values,
                              uint32_t timeout_ms, const zc_allocator_t *allocator,
                              zcache_watch_t **watch) {
    if (prefix.data == NULL && prefix.bytes > 0) {
        return ZCACHE_INVALID;
    }
    if (prefix.bytes > ZCACHE_KEY_MAX) {
        return ZCACHE_TOO_LARGE;
    }
    uint64_t deadline_us = zc_deadline_us(timeout_ms);
    zcache_watch_t *opened = zc_allocate_zeroed(allocator, sizeof(*opened));
    if (opened == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    opened->allocator = allocator;
    opened->heard_us = zc_now_us();
    zmq_msg_init(&opened->body);
    zcache_status status = take_prefix(opened, prefix, values);
    if (status == ZCACHE_OK) {
        status = ask_endpoint(opened, endpoint, timeout_ms);
    }
    if (status == ZCACHE_OK) {
        status = await_greeting(opened, deadline_us);
    }
    if (status != ZCACHE_OK) {
        zcache_watch_close(&opened);
        return status;
    }
    *watch = opened;
    return ZCACHE_OK;
}

zcache_status zcache_watch_open(const char *endpoint, const void *prefix, size_t prefix_size,
                                bool values, uint32_t timeout_ms, zcache_watch_t **watch) {
    return zc_client_watch(endpoint, zc_slice(prefix, prefix_size), values, timeout_ms,
                           zc_allocator_system(), watch);
}

/* Bytes that are there are not NULL for the caller, also where there are none. */
static const void *present(zc_slice_t bytes) {
    return bytes.data == NULL ? "" : bytes.data;
}

static void show(zcache_watch_t *watch, zcache_event_t *event) {
    const zc_watch_event_t *found = &watch->event;
    *event = (zcache_event_t){.change = (zcache_change)found->change,
                              .key = present(found->key),
                              .key_size = found->key.bytes,
                              .value = found->has_value ? present(found->value) : NULL,
                              .value_size = found->has_value ? found->value.bytes : 0,
                              .type = (zcache_type)found->type,
                              .hlc = found->stamp.hlc,
                              .ttl_ms = found->ttl_ms,
                              .number = watch->number,
                              .lost = watch->lost};
    memcpy(event->origin, found->stamp.origin.bytes, sizeof(event->origin));
    watch->lost = 0;
}

zcache_status zcache_watch_next(zcache_watch_t *watch, uint32_t timeout_ms, zcache_event_t *event) {
    uint64_t deadline_us = zc_deadline_us(timeout_ms);
    for (;;) {
        meaning_t meaning = MEANING_NOTHING;
        zcache_status status = next_meaning(watch, deadline_us, &meaning);
        if (status != ZCACHE_OK) {
            return status;
        }
        switch (meaning) {
        case MEANING_EVENT:
            show(watch, event);
            return ZCACHE_OK;
        case MEANING_REFUSED:
            return ZCACHE_BUSY;
        case MEANING_MALFORMED:
            return ZCACHE_MALFORMED;
        case MEANING_GREETING:
        case MEANING_NOTHING:
        case MEANING_IGNORED:
            break;
        }
    }
}

void zcache_watch_close(zcache_watch_t **watch) {
    if (watch == NULL || *watch == NULL) {
        return;
    }
    zcache_watch_t *closing = *watch;
    zc_socket_close(&closing->socket);
    zmq_msg_close(&closing->body);
    zc_free(closing->allocator, closing->prefix);
    zc_free(closing->allocator, closing);
    *watch = NULL;
}
