/* SPDX-License-Identifier: MPL-2.0 */
/* The prefixes that somebody watches.
 *
 * Invariant: the table ascends by length, holds no prefix twice and none without a flavour. So the
 * prefixes of one key come in the order in which an event lists them, and differ in length. A walk
 * through the whole table is enough: there are few watchers, and at most a thousand prefixes. */
#include "node/prefixes.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"

void zc_prefixes_init(zc_prefixes_t *prefixes) {
    *prefixes = (zc_prefixes_t){.table = NULL};
}

void zc_prefixes_fini(zc_prefixes_t *prefixes) {
    free(prefixes->table);
    zc_prefixes_init(prefixes);
}

bool zc_subscription_parse(zc_slice_t bytes, zc_subscription_t *subscription) {
    const uint8_t *at = bytes.data;
    if (bytes.bytes < 2 || bytes.bytes > 2 + ZCACHE_WATCH_TOPIC_MAX || at[0] > 1 ||
        (at[1] != 'k' && at[1] != 'v')) {
        return false;
    }
    *subscription = (zc_subscription_t){
        .begins = at[0] == 1,
        .flavour = at[1] == 'k' ? ZC_FLAVOUR_KEYS : ZC_FLAVOUR_VALUES,
        .topic = zc_slice(at + 1, bytes.bytes - 1),
        .prefix = zc_slice(at + 2, bytes.bytes - 2),
    };
    return true;
}

static zc_slice_t slice_of(const zc_prefix_t *prefix) {
    return zc_slice(prefix->data, prefix->bytes);
}

/* Where the prefix is, or where it would have to stand (*found false). */
static size_t place_of(const zc_prefixes_t *prefixes, zc_slice_t prefix, bool *found) {
    size_t at = 0;
    *found = false;
    while (at < prefixes->count && prefixes->table[at].bytes <= prefix.bytes) {
        if (zc_slice_equal(slice_of(&prefixes->table[at]), prefix)) {
            *found = true;
            break;
        }
        at++;
    }
    return at;
}

static void remove_at(zc_prefixes_t *prefixes, size_t at) {
    zc_prefix_t *place = &prefixes->table[at];
    prefixes->count--;
    memmove(place, place + 1, (prefixes->count - at) * sizeof(*place));
}

/* Lets go the prefix that ends next. False: none does. */
static bool drop_ending(zc_prefixes_t *prefixes) {
    size_t next = prefixes->count;
    for (size_t i = 0; i < prefixes->count; i++) {
        const zc_prefix_t *prefix = &prefixes->table[i];
        if (prefix->ending == prefix->flavours &&
            (next == prefixes->count || prefix->drop_us < prefixes->table[next].drop_us)) {
            next = i;
        }
    }
    if (next == prefixes->count) {
        return false;
    }
    remove_at(prefixes, next);
    return true;
}

static zcache_status grow(zc_prefixes_t *prefixes) {
    if (prefixes->count < prefixes->capacity) {
        return ZCACHE_OK;
    }
    if (prefixes->count == ZCACHE_WATCH_PREFIXES_MAX) {
        return ZCACHE_BUSY;
    }
    size_t capacity = prefixes->capacity == 0 ? 8 : prefixes->capacity * 2;
    zc_prefix_t *table = realloc(prefixes->table, capacity * sizeof(*table));
    if (table == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    prefixes->table = table;
    prefixes->capacity = capacity;
    return ZCACHE_OK;
}

zcache_status zc_prefixes_add(zc_prefixes_t *prefixes, const zc_subscription_t *subscription) {
    ZC_ASSERT(subscription->prefix.bytes <= ZCACHE_WATCH_TOPIC_MAX);
    bool found = false;
    size_t at = place_of(prefixes, subscription->prefix, &found);
    if (!found && prefixes->count == ZCACHE_WATCH_PREFIXES_MAX && drop_ending(prefixes)) {
        at = place_of(prefixes, subscription->prefix, &found);
    }
    if (!found) {
        zcache_status status = grow(prefixes);
        if (status != ZCACHE_OK) {
            return status;
        }
        zc_prefix_t *place = &prefixes->table[at];
        memmove(place + 1, place, (prefixes->count - at) * sizeof(*place));
        prefixes->count++;
        *place = (zc_prefix_t){.bytes = subscription->prefix.bytes};
        if (place->bytes > 0) {
            memcpy(place->data, subscription->prefix.data, place->bytes);
        }
    }
    prefixes->table[at].flavours |= subscription->flavour;
    prefixes->table[at].ending &= ~(unsigned)subscription->flavour;
    return ZCACHE_OK;
}

void zc_prefixes_end(zc_prefixes_t *prefixes, const zc_subscription_t *subscription,
                     uint64_t drop_us) {
    bool found = false;
    size_t at = place_of(prefixes, subscription->prefix, &found);
    if (found) {
        zc_prefix_t *prefix = &prefixes->table[at];
        prefix->ending |= prefix->flavours & (unsigned)subscription->flavour;
        prefix->drop_us = drop_us;
    }
}

void zc_prefixes_expire(zc_prefixes_t *prefixes, uint64_t now_us) {
    for (size_t i = prefixes->count; i > 0; i--) {
        zc_prefix_t *prefix = &prefixes->table[i - 1];
        if (prefix->ending == 0 || now_us < prefix->drop_us) {
            continue;
        }
        prefix->flavours &= ~prefix->ending;
        prefix->ending = 0;
        if (prefix->flavours == 0) {
            remove_at(prefixes, i - 1);
        }
    }
}

const zc_prefix_t *zc_prefixes_find(const zc_prefixes_t *prefixes, zc_slice_t prefix) {
    bool found = false;
    size_t at = place_of(prefixes, prefix, &found);
    return found ? &prefixes->table[at] : NULL;
}

unsigned zc_prefixes_flavours(const zc_prefixes_t *prefixes) {
    unsigned flavours = 0;
    for (size_t i = 0; i < prefixes->count; i++) {
        flavours |= prefixes->table[i].flavours;
    }
    return flavours;
}

unsigned zc_prefixes_count(zc_prefixes_t *prefixes, zc_slice_t key, zc_event_number_t *numbers,
                           size_t *number_count) {
    unsigned flavours = 0;
    size_t count = 0;
    for (size_t i = 0; i < prefixes->count && prefixes->table[i].bytes <= key.bytes; i++) {
        zc_prefix_t *prefix = &prefixes->table[i];
        if (prefix->bytes == 0 || memcmp(prefix->data, key.data, prefix->bytes) == 0) {
            ZC_ASSERT(count < ZC_EVENT_NUMBERS_MAX);
            numbers[count++] = (zc_event_number_t){.prefix_bytes = (uint32_t)prefix->bytes,
                                                   .number = ++prefix->number};
            flavours |= prefix->flavours;
        }
    }
    *number_count = count;
    return flavours;
}
