/* SPDX-License-Identifier: MPL-2.0 */
/* The census. What has once been received stays so (a vector never goes back), so a member that has
 * the target is settled for good, however much is written meanwhile: that is what lets a verdict be
 * found while there is traffic. */
#include "lib/client/census.h"

#include <stdlib.h>

#include "lib/client/deadline.h"

enum {
    CONNECT_US = 1000 * 1000, /* for all members together, as they are dialled at once */
    CONNECT_LEAST_MS = 50,
    ANSWER_LEAST_MS = 1000,
};

/* -- Members --------------------------------------------------------------- */

/* What zcache_peers shows while it runs. */
typedef struct taking {
    zc_census_t *census;
    size_t capacity;
    bool without_gone;
    bool no_memory;
} taking_t;

static bool take_member(void *context, const zcache_peer_t *peer) {
    taking_t *taking = context;
    zc_census_t *census = taking->census;
    if (taking->without_gone && strcmp(peer->state, "gone") == 0) {
        return true;
    }
    if (census->count == taking->capacity) {
        size_t capacity = taking->capacity == 0 ? 8 : 2 * taking->capacity;
        zc_census_member_t *members =
            zc_resize(census->allocator, census->members, capacity * sizeof(*members));
        taking->no_memory = members == NULL;
        if (members == NULL) {
            return false;
        }
        census->members = members;
        taking->capacity = capacity;
    }
    zc_census_member_t *member = &census->members[census->count++];
    memset(member, 0, sizeof(*member));
    memcpy(member->name, peer->name, strlen(peer->name));
    memcpy(member->endpoint, peer->endpoint, strlen(peer->endpoint));
    snprintf(member->state, sizeof(member->state), "%s", peer->state);
    memcpy(member->origin.bytes, peer->origin, ZC_ORIGIN_BYTES);
    zc_wire_scratch_init(&member->scratch, census->allocator);
    return true;
}

static zcache_status list_members(zcache_t *cache, bool without_gone, zc_census_t *census) {
    taking_t taking = {.census = census, .without_gone = without_gone};
    zcache_status status = zcache_peers(cache, take_member, &taking);
    return taking.no_memory ? ZCACHE_NO_MEMORY : status;
}

static void close_member(zc_census_member_t *member) {
    if (!member->borrowed) {
        zcache_close(&member->cache);
    }
    zc_wire_scratch_fini(&member->scratch);
}

void zc_census_fini(zc_census_t *census) {
    for (size_t i = 0; i < census->count; i++) {
        close_member(&census->members[i]);
    }
    zc_free(census->allocator, census->members);
    zc_free(census->allocator, census->target);
    *census = (zc_census_t){.count = 0};
}

static bool keep_listed(void *context, const zcache_peer_t *peer) {
    zc_census_t *census = context;
    for (size_t i = 0; i < census->count; i++) {
        zc_census_member_t *member = &census->members[i];
        if (strcmp(member->endpoint, peer->endpoint) == 0) {
            member->listed = true;
            snprintf(member->state, sizeof(member->state), "%s", peer->state);
        }
    }
    return true;
}

zcache_status zc_census_drop_left(zc_census_t *census) {
    for (size_t i = 0; i < census->count; i++) {
        census->members[i].listed = census->members[i].status == ZCACHE_OK;
    }
    zcache_status status = zcache_peers(census->members[0].cache, keep_listed, census);
    if (status != ZCACHE_OK) {
        return status;
    }
    size_t kept = 0;
    for (size_t i = 0; i < census->count; i++) {
        if (census->members[i].listed) {
            census->members[kept++] = census->members[i];
        } else {
            close_member(&census->members[i]);
        }
    }
    census->count = kept;
    return ZCACHE_OK;
}

/* -- Asking ---------------------------------------------------------------- */

void zc_census_note(zc_census_member_t *member, zcache_status status) {
    member->status = status;
    zc_error_set(&member->error, status, "%s",
                 member->cache == NULL ? zcache_status_text(status) : member->cache->error.text);
}

void zc_census_ask(zc_census_member_t *member) {
    zcache_t *cache = member->cache;
    zc_client_begin(cache);
    zc_operation_t operation = {.type = ZC_OPERATION_DIGEST};
    zc_response_t response;
    zcache_status status = zc_client_ask(cache, &operation, &response);
    if (status == ZCACHE_OK) {
        zcache_status decoded =
            zc_response_next_digest(&response, &member->scratch, &status, &member->digest);
        status = zc_client_done(cache, decoded, status);
    }
    if (status == ZCACHE_OK) {
        member->origin = member->digest.origin;
    }
    zc_census_note(member, status);
}

static void open_all(zcache_t *cache, zc_census_t *census) {
    census->members[0].cache = cache;
    census->members[0].borrowed = true;
    for (size_t i = 1; i < census->count; i++) {
        zc_census_member_t *member = &census->members[i];
        zcache_status status = zc_client_open(member->endpoint, census->allocator, &member->cache);
        if (status != ZCACHE_OK) {
            zc_census_note(member, status);
        }
    }
}

/* The first question to one that may not be there: many that are not take no longer than one. */
static void greet(zc_census_member_t *member, uint64_t until_us, uint32_t timeout_ms) {
    int left_ms = zc_remaining_ms(until_us, CONNECT_US / 1000);
    zcache_set_timeout(member->cache,
                       left_ms > CONNECT_LEAST_MS ? (uint32_t)left_ms : CONNECT_LEAST_MS);
    zc_census_ask(member);
    zcache_set_timeout(member->cache, timeout_ms);
    if (member->status == ZCACHE_TIMEOUT) {
        zc_census_ask(member); /* there is a connection: it is only slow */
    }
}

static zcache_status ask_all(zcache_t *cache, zc_census_t *census) {
    open_all(cache, census);
    zc_census_ask(&census->members[0]);
    if (census->members[0].status != ZCACHE_OK) {
        return census->members[0].status;
    }
    uint64_t until_us = zc_now_us() + CONNECT_US;
    for (size_t i = 1; i < census->count; i++) {
        if (census->members[i].cache != NULL) {
            greet(&census->members[i], until_us, cache->timeout_ms);
        }
    }
    return ZCACHE_OK;
}

/* -- The target ------------------------------------------------------------ */

static int compare_spans(const void *left, const void *right) {
    const zc_span_t *a = left;
    const zc_span_t *b = right;
    int order = zc_origin_compare(&a->origin, &b->origin);
    if (order != 0) {
        return order;
    }
    return (a->interval.after > b->interval.after) - (a->interval.after < b->interval.after);
}

/* Sorted spans of one origin that overlap or touch become one. */
static size_t merge_spans(zc_span_t *spans, size_t count) {
    size_t merged = 0;
    for (size_t i = 0; i < count; i++) {
        zc_span_t *last = merged > 0 ? &spans[merged - 1] : NULL;
        if (last != NULL && zc_origin_equal(&last->origin, &spans[i].origin) &&
            spans[i].interval.after <= last->interval.upto) {
            if (spans[i].interval.upto > last->interval.upto) {
                last->interval.upto = spans[i].interval.upto;
            }
        } else {
            spans[merged++] = spans[i];
        }
    }
    return merged;
}

static size_t count_intervals(const zc_census_t *census) {
    size_t count = 0;
    for (size_t i = 0; i < census->count; i++) {
        const zc_vector_t *vector = &census->members[i].digest.vector;
        for (size_t j = 0; j < vector->count; j++) {
            count += vector->origins[j].count;
        }
    }
    return count;
}

static void add_spans(zc_census_t *census, const zc_vector_t *vector) {
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_intervals_t *row = &vector->origins[i];
        for (size_t j = 0; j < row->count; j++) {
            census->target[census->target_count++] =
                (zc_span_t){.origin = row->origin, .interval = row->intervals[j]};
        }
    }
}

static void keep_higher(zc_stamp_t *highest, const zc_stamp_t *stamp) {
    if (zc_stamp_compare(stamp, highest) > 0) {
        *highest = *stamp;
    }
}

static zcache_status make_target(zc_census_t *census) {
    size_t most = count_intervals(census);
    zc_span_t *target =
        zc_resize(census->allocator, census->target, (most + 1) * sizeof(*census->target));
    if (target == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    census->target = target;
    census->target_count = 0;
    for (size_t i = 0; i < census->count; i++) {
        const zc_digest_t *digest = &census->members[i].digest;
        add_spans(census, &digest->vector);
        keep_higher(&census->settings, &digest->registers.settings_stamp);
        keep_higher(&census->clear, &digest->registers.clear);
    }
    qsort(census->target, census->target_count, sizeof(*census->target), compare_spans);
    census->target_count = merge_spans(census->target, census->target_count);
    return ZCACHE_OK;
}

zcache_status zc_census_take(zcache_t *cache, bool without_gone, zc_census_t *census) {
    *census = (zc_census_t){.allocator = cache->allocator};
    zcache_status status = list_members(cache, without_gone, census);
    if (status == ZCACHE_OK && census->count == 0) {
        status = zc_error_set(&cache->error, ZCACHE_INCOMPATIBLE,
                              "%s lists no members, not even "
                              "itself",
                              cache->endpoint.text);
    }
    if (status == ZCACHE_OK) {
        status = ask_all(cache, census);
    }
    if (status == ZCACHE_OK) {
        status = make_target(census);
    }
    if (status != ZCACHE_OK) {
        zc_census_fini(census);
        return zc_client_tell(cache, status);
    }
    return ZCACHE_OK;
}

bool zc_census_may_answer(const zc_census_member_t *member) {
    return member->status != ZCACHE_OK && member->status != ZCACHE_INCOMPATIBLE &&
           member->cache != NULL;
}

zcache_status zc_census_ask_silent(zc_census_t *census, zc_census_member_t *member,
                                   uint64_t until_us) {
    uint32_t timeout_ms = member->cache->timeout_ms;
    int left_ms = zc_remaining_ms(until_us, (int)timeout_ms);
    greet(member, zc_deadline_us(CONNECT_LEAST_MS),
          left_ms > ANSWER_LEAST_MS ? (uint32_t)left_ms : ANSWER_LEAST_MS);
    zcache_set_timeout(member->cache, timeout_ms);
    return member->status == ZCACHE_OK ? make_target(census) : ZCACHE_OK;
}

/* -- Comparing with it ----------------------------------------------------- */

bool zc_census_counts(const zc_census_member_t *member) {
    return member->status == ZCACHE_OK && !member->digest.joining;
}

static int compare_rows(const void *key, const void *element) {
    const zc_origin_intervals_t *row = element;
    return zc_origin_compare(key, &row->origin);
}

/* Its row of an origin; NULL: it has received nothing of it. */
static const zc_origin_intervals_t *row_of(const zc_census_member_t *member,
                                           const zc_origin_t *origin) {
    const zc_vector_t *vector = &member->digest.vector;
    return vector->count == 0 ? NULL
                              : bsearch(origin, vector->origins, vector->count,
                                        sizeof(*vector->origins), compare_rows);
}

bool zc_census_lacks(const zc_census_member_t *member, const zc_span_t *span, zc_hlc_t *after,
                     zc_interval_t *lacked) {
    const zc_origin_intervals_t *row = row_of(member, &span->origin);
    zc_hlc_t from = *after > span->interval.after ? *after : span->interval.after;
    zc_hlc_t upto = span->interval.upto;
    for (size_t i = 0; row != NULL && i < row->count && row->intervals[i].after < upto; i++) {
        const zc_interval_t *has = &row->intervals[i];
        if (has->after > from) {
            upto = has->after;
            break;
        }
        if (has->upto > from) {
            from = has->upto;
        }
    }
    if (from >= upto) {
        return false;
    }
    *lacked = (zc_interval_t){.after = from, .upto = upto};
    *after = upto;
    return true;
}

bool zc_census_covers(const zc_census_member_t *member, const zc_stamp_t *stamp) {
    const zc_span_t one = {.origin = stamp->origin,
                           .interval = {.after = stamp->hlc - 1, .upto = stamp->hlc}};
    zc_hlc_t after = 0;
    zc_interval_t lacked;
    return !zc_census_lacks(member, &one, &after, &lacked);
}

bool zc_census_is_settled(const zc_census_t *census, const zc_census_member_t *member) {
    const zc_registers_t *registers = &member->digest.registers;
    if (!zc_census_counts(member) ||
        zc_stamp_compare(&registers->settings_stamp, &census->settings) < 0 ||
        zc_stamp_compare(&registers->clear, &census->clear) < 0) {
        return false;
    }
    for (size_t i = 0; i < census->target_count; i++) {
        zc_hlc_t after = 0;
        zc_interval_t lacked;
        if (zc_census_lacks(member, &census->target[i], &after, &lacked)) {
            return false;
        }
    }
    return true;
}

const zc_census_member_t *zc_census_holder(const zc_census_t *census, const zc_stamp_t *stamp) {
    for (size_t i = 0; i < census->count; i++) {
        const zc_census_member_t *member = &census->members[i];
        if (zc_census_counts(member) && zc_census_covers(member, stamp)) {
            return member;
        }
    }
    return NULL;
}

const char *zc_census_name(const zc_census_t *census, const zc_origin_t *origin) {
    for (size_t i = 0; i < census->count; i++) {
        if (zc_origin_equal(&census->members[i].origin, origin)) {
            return census->members[i].name;
        }
    }
    return "";
}
