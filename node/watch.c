/* SPDX-License-Identifier: MPL-2.0 */
/* The change stream of a node.
 *
 * Invariant: the number of a prefix counts every event of it, also one that could not be queued or
 * that XPUB drops for a slow watcher: a watcher sees by its numbers how many it lost. */
#include "node/watch.h"

#include <stdlib.h>
#include <string.h>

#include <zcache/watch.h>

#include "lib/base/assert.h"

struct zc_queued_event {
    zc_queued_event_t *next;
    size_t bytes; /* that it takes in the queue */
    zmq_msg_t topic;
    zmq_msg_t body;
};

void zc_watch_init(zc_watch_t *watch, zc_ledger_t *ledger, const zc_origin_t *origin) {
    *watch = (zc_watch_t){.ledger = ledger, .origin = *origin};
    zc_prefixes_init(&watch->prefixes);
    zc_buffer_init(&watch->buffer, zc_allocator_system());
}

void zc_watch_fini(zc_watch_t *watch) {
    zc_watch_send(zc_watch_take(watch), NULL);
    zc_prefixes_fini(&watch->prefixes);
    zc_buffer_fini(&watch->buffer);
}

/* -- Queueing -------------------------------------------------------------- */

static zc_queued_event_t *new_event(zc_watch_t *watch, uint8_t flavour, zc_slice_t prefix) {
    zc_queued_event_t *queued = malloc(sizeof(*queued));
    if (queued == NULL) {
        return NULL;
    }
    size_t body_bytes = watch->buffer.bytes;
    if (zc_frame_init(&queued->body, watch->ledger, ZC_LANE_EVENTS, &watch->buffer) != ZCACHE_OK) {
        free(queued);
        return NULL;
    }
    if (zmq_msg_init_size(&queued->topic, 1 + prefix.bytes) != 0) {
        zmq_msg_close(&queued->body);
        free(queued);
        return NULL;
    }
    uint8_t *topic = zmq_msg_data(&queued->topic);
    topic[0] = flavour;
    if (prefix.bytes > 0) {
        memcpy(topic + 1, prefix.data, prefix.bytes);
    }
    queued->next = NULL;
    queued->bytes = sizeof(*queued) + 1 + prefix.bytes + body_bytes;
    return queued;
}

/* Queues watch->event under the topic of `flavour` and `prefix`. */
static void queue_event(zc_watch_t *watch, uint8_t flavour, zc_slice_t prefix) {
    zc_queued_event_t *queued = NULL;
    if (watch->queued_bytes < ZCACHE_WATCH_QUEUE_MAX &&
        zc_event_encode(&watch->event, &watch->buffer) == ZCACHE_OK) {
        queued = new_event(watch, flavour, prefix);
    }
    if (queued == NULL) {
        watch->events_dropped++;
        return;
    }
    if (watch->last == NULL) {
        watch->first = queued;
    } else {
        watch->last->next = queued;
    }
    watch->last = queued;
    watch->queued_bytes += queued->bytes;
    watch->events_queued++;
}

static void queue_flavours(zc_watch_t *watch, unsigned flavours, zc_slice_t prefix) {
    if ((flavours & ZC_FLAVOUR_KEYS) != 0) {
        bool has_value = watch->event.has_value;
        watch->event.has_value = false;
        queue_event(watch, 'k', prefix);
        watch->event.has_value = has_value;
    }
    if ((flavours & ZC_FLAVOUR_VALUES) != 0) {
        queue_event(watch, 'v', prefix);
    }
}

/* -- Subscriptions --------------------------------------------------------- */

/* An event without a key, to whoever subscribed to this very topic: the prefix travels in the topic
 * and, by its length, in the number. Its stamp is that of no write, the least of this node. */
static void greet(zc_watch_t *watch, const zc_subscription_t *subscription) {
    const zc_prefix_t *prefix = zc_prefixes_find(&watch->prefixes, subscription->prefix);
    watch->event = (zc_watch_event_t){.change = ZC_WATCH_GREETING,
                                      .ttl_ms = UINT64_MAX,
                                      .stamp = {.hlc = 1, .origin = watch->origin}};
    if (prefix != NULL) {
        watch->event.number_count = 1;
        watch->event.numbers[0] =
            (zc_event_number_t){.prefix_bytes = (uint32_t)prefix->bytes, .number = prefix->number};
    }
    queue_flavours(watch, subscription->flavour, subscription->prefix);
}

bool zc_watch_has(const zc_watch_t *watch, zc_slice_t bytes) {
    zc_subscription_t subscription;
    if (!zc_subscription_parse(bytes, &subscription)) {
        return false;
    }
    const zc_prefix_t *prefix = zc_prefixes_find(&watch->prefixes, subscription.prefix);
    return prefix != NULL && (prefix->flavours & ~prefix->ending & subscription.flavour) != 0;
}

bool zc_watch_subscription(zc_watch_t *watch, zc_slice_t bytes, uint64_t now_us) {
    zc_subscription_t subscription;
    if (!zc_subscription_parse(bytes, &subscription)) {
        return false;
    }
    unsigned before = zc_prefixes_flavours(&watch->prefixes);
    if (subscription.begins) {
        /* At the limit the greeting says it: it has no number. */
        (void)zc_prefixes_add(&watch->prefixes, &subscription);
        greet(watch, &subscription);
    } else {
        zc_prefixes_end(&watch->prefixes, &subscription, now_us + ZC_WATCH_ENDING_US);
    }
    return zc_prefixes_flavours(&watch->prefixes) != before;
}

bool zc_watch_expire(zc_watch_t *watch, uint64_t now_us) {
    unsigned before = zc_prefixes_flavours(&watch->prefixes);
    zc_prefixes_expire(&watch->prefixes, now_us);
    return zc_prefixes_flavours(&watch->prefixes) != before;
}

void zc_watch_wanted(const zc_watch_t *watch, bool *changes, bool *values) {
    unsigned flavours = zc_prefixes_flavours(&watch->prefixes);
    *changes = flavours != 0;
    *values = (flavours & ZC_FLAVOUR_VALUES) != 0;
}

/* -- Changes --------------------------------------------------------------- */

static uint8_t change_code(zc_change_t change) {
    switch (change) {
    case ZC_CHANGE_SET:
        return ZCACHE_CHANGE_SET;
    case ZC_CHANGE_DELETE:
        return ZCACHE_CHANGE_DELETE;
    case ZC_CHANGE_CLEAR:
        return ZCACHE_CHANGE_CLEAR;
    case ZC_CHANGE_EXPIRE:
        return ZCACHE_CHANGE_EXPIRE;
    case ZC_CHANGE_EVICT:
    case ZC_CHANGE_DROP: /* the mesh no longer holds it and does not tell why */
        return ZCACHE_CHANGE_EVICT;
    }
    return ZCACHE_CHANGE_EVICT;
}

/* A clear has no key: it is an event of every prefix, sent to each under its own topic. */
static void queue_clear(zc_watch_t *watch) {
    for (size_t i = 0; i < watch->prefixes.count; i++) {
        zc_prefix_t *prefix = &watch->prefixes.table[i];
        watch->event.number_count = 1;
        watch->event.numbers[0] = (zc_event_number_t){.prefix_bytes = (uint32_t)prefix->bytes,
                                                      .number = ++prefix->number};
        queue_flavours(watch, prefix->flavours, zc_slice(prefix->data, prefix->bytes));
    }
}

void zc_watch_change(zc_watch_t *watch, const zc_effect_t *effect) {
    ZC_ASSERT(effect->type == ZC_EFFECT_CHANGE);
    zc_watch_event_t *event = &watch->event;
    event->change = change_code(effect->change.change);
    event->key = effect->change.key;
    event->has_value = effect->change.change == ZC_CHANGE_SET;
    event->value = effect->change.value;
    event->type = effect->change.type;
    event->stamp = effect->change.stamp;
    event->ttl_ms = effect->change.ttl_ms;
    if (effect->change.change == ZC_CHANGE_CLEAR) {
        event->key = zc_slice(NULL, 0);
        queue_clear(watch);
        return;
    }
    unsigned flavours =
        zc_prefixes_count(&watch->prefixes, event->key, event->numbers, &event->number_count);
    zc_slice_t topic_key = event->key;
    if (topic_key.bytes > ZCACHE_WATCH_TOPIC_MAX) {
        topic_key.bytes = ZCACHE_WATCH_TOPIC_MAX;
    }
    queue_flavours(watch, flavours, topic_key);
}

/* -- Sending --------------------------------------------------------------- */

zc_queued_event_t *zc_watch_take(zc_watch_t *watch) {
    zc_queued_event_t *events = watch->first;
    watch->first = NULL;
    watch->last = NULL;
    watch->queued_bytes = 0;
    return events;
}

void zc_watch_send(zc_queued_event_t *events, void *socket) {
    while (events != NULL) {
        zc_queued_event_t *next = events->next;
        /* XPUB drops what a slow watcher has no room for, and says nothing. */
        if (socket == NULL ||
            zmq_msg_send(&events->topic, socket, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&events->topic);
            zmq_msg_close(&events->body);
        } else if (zmq_msg_send(&events->body, socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&events->body);
        }
        free(events);
        events = next;
    }
}
