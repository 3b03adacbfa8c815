/* SPDX-License-Identifier: MPL-2.0 */
/* What a node tells of itself: statistics, settings, peers and its whole content.
 *
 * Invariant: a listing is whole or not there at all: for want of memory the response is cut back to
 * where it began. */
#include "node/actor.h"

#include <inttypes.h>
#include <stdio.h>

#include <zcache/zcache.h>

#include "lib/base/assert.h"
#include "node/process.h"

/* Ends the listing, or takes it back. */
static zcache_status end_list(zc_actor_t *actor, zc_response_list_t *list, size_t begun_at,
                              zcache_status status, uint64_t walk) {
    if (status == ZCACHE_OK) {
        zc_response_end_list(&actor->response, list, walk);
    } else {
        actor->response.bytes = begun_at;
    }
    return status;
}

/* -- Statistics ------------------------------------------------------------ */

/* What the rows below are made from. */
typedef struct zc_stats_source {
    const zc_actor_t *actor;
    zc_replica_view_t view;
    zc_counters_t counters; /* of the replica and of the node */
    uint64_t uptime_ms;
    char digest[17];
    char origin[ZC_ORIGIN_TEXT_BYTES];
} zc_stats_source_t;

/* The rows of STATS before those of the counters. X(name, expression over `source`) */
#define TEXT_MAP(X)                                                                                \
    X(state, source->view.joining ? "joining" : "live")                                            \
    X(version, ZCACHE_VERSION)                                                                     \
    X(name, source->actor->config.name)                                                            \
    X(region, source->actor->config.region)                                                        \
    X(endpoint, source->actor->endpoints.router)                                                   \
    X(origin, source->origin)                                                                      \
    X(digest, source->digest)

#define NUMBER_MAP(X)                                                                              \
    X(uptime_ms, source->uptime_ms)                                                                \
    X(peers_live, source->view.peers_live)                                                         \
    X(entries, source->view.store.entries)                                                         \
    X(ghosts, source->view.store.ghosts)                                                           \
    X(bytes, source->view.store.bytes)                                                             \
    X(max_size, source->view.registers.settings.max_size)                                          \
    X(max_memory, source->actor->config.max_memory)                                                \
    X(expire_after_ms, source->view.registers.settings.expire_after_ms)

static zcache_status add_text(zc_actor_t *actor, zc_response_list_t *list, const char *name,
                              const char *text) {
    const zc_stat_row_t row = {
        .name = zc_slice_text(name), .is_text = true, .text = zc_slice_text(text)};
    return zc_response_add_stat(&actor->response, list, &row);
}

static zcache_status add_number(zc_actor_t *actor, zc_response_list_t *list, const char *name,
                                uint64_t number) {
    const zc_stat_row_t row = {.name = zc_slice_text(name), .number = number};
    return zc_response_add_stat(&actor->response, list, &row);
}

static void write_hex(const uint8_t *bytes, size_t count, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}

static void gather(zc_actor_t *actor, zc_stats_source_t *source) {
    *source = (zc_stats_source_t){.actor = actor};
    zc_shared_lock(actor->shared);
    zc_replica_view(actor->shared->replica, &source->view);
    zc_counters_t own = actor->counters;
    own.events_sent = actor->shared->watch.events_queued;
    own.events_dropped = actor->shared->watch.events_dropped;
    own.sends_dropped += actor->shared->publisher.dropped;
    own.connections_cut = zc_guard_cuts(actor->guard);
    zc_shared_unlock(actor->shared);
#define SUM_ROW(name, text) source->counters.name = source->view.counters.name + own.name;
    ZC_COUNTER_MAP(SUM_ROW)
#undef SUM_ROW
    source->uptime_ms = (zc_process_now_us() - actor->started_us) / 1000;
    snprintf(source->digest, sizeof(source->digest), "%016" PRIx64, source->view.store.digest);
    write_hex(actor->origin.bytes, ZC_ORIGIN_BYTES, source->origin);
}

static zcache_status add_counters(zc_actor_t *actor, zc_response_list_t *list,
                                  const zc_counters_t *counters) {
    zcache_status status = ZCACHE_OK;
#define COUNTER_ROW(name, text)                                                                    \
    if (status == ZCACHE_OK) {                                                                     \
        status = add_number(actor, list, #name, counters->name);                                   \
    }
    ZC_COUNTER_MAP(COUNTER_ROW)
#undef COUNTER_ROW
    return status;
}

zcache_status zc_actor_list_stats(zc_actor_t *actor) {
    zc_stats_source_t gathered;
    const zc_stats_source_t *source = &gathered;
    gather(actor, &gathered);
    size_t begun_at = actor->response.bytes;
    zc_response_list_t list;
    zcache_status status = zc_response_begin_list(&actor->response, false, &list);
#define TEXT_ROW(name, expression)                                                                 \
    if (status == ZCACHE_OK) {                                                                     \
        status = add_text(actor, &list, #name, (expression));                                      \
    }
    TEXT_MAP(TEXT_ROW)
#undef TEXT_ROW
#define NUMBER_ROW(name, expression)                                                               \
    if (status == ZCACHE_OK) {                                                                     \
        status = add_number(actor, &list, #name, (expression));                                    \
    }
    NUMBER_MAP(NUMBER_ROW)
#undef NUMBER_ROW
    if (status == ZCACHE_OK) {
        status = add_counters(actor, &list, &source->counters);
    }
    return end_list(actor, &list, begun_at, status, 0);
}

zcache_status zc_actor_list_config(zc_actor_t *actor) {
    zc_replica_view_t view;
    zc_shared_lock(actor->shared);
    zc_replica_view(actor->shared->replica, &view);
    zc_shared_unlock(actor->shared);
    /* Clients send what they are told is taken. */
    if (zc_sockets_must_renew(&actor->sockets, view.registers.settings.value_max)) {
        view.registers.settings.value_max = actor->sockets.value_max;
    }
    size_t begun_at = actor->response.bytes;
    zc_response_list_t list;
    zcache_status status = zc_response_begin_list(&actor->response, false, &list);
#define SETTING_ROW(name, initial, least, most, unit)                                              \
    if (status == ZCACHE_OK) {                                                                     \
        status = add_number(actor, &list, #name, view.registers.settings.name);                    \
    }
    ZC_SETTING_MAP(SETTING_ROW)
#undef SETTING_ROW
    return end_list(actor, &list, begun_at, status, 0);
}

/* -- Peers ----------------------------------------------------------------- */

static zcache_status add_peer(zc_actor_t *actor, zc_response_list_t *list,
                              const zc_peer_view_t *view) {
    const zc_peer_row_t row = {
        .name = view->identity.name,
        .endpoint = view->identity.endpoint,
        .origin = view->identity.origin,
        .state = zc_slice_text(zc_peer_state_text(view->state)),
        .region = view->identity.region,
        .rtt_us = view->rtt_us,
        .lag_ms = view->lag_ms,
        .agreement = view->agreement,
        .skew_ms = view->skew_ms,
    };
    return zc_response_add_peer(&actor->response, list, &row);
}

zcache_status zc_actor_list_peers(zc_actor_t *actor) {
    size_t begun_at = actor->response.bytes;
    zc_response_list_t list;
    zcache_status status = zc_response_begin_list(&actor->response, false, &list);
    zc_peer_view_t view;
    zc_shared_lock(actor->shared);
    for (size_t i = 0; status == ZCACHE_OK && zc_replica_peer(actor->shared->replica, i, &view);
         i++) {
        /* An address that has not answered yet is no member. */
        if (view.state != ZC_PEER_DIALLED) {
            status = add_peer(actor, &list, &view);
        }
    }
    zc_shared_unlock(actor->shared);
    return end_list(actor, &list, begun_at, status, 0);
}

/* -- Spy ------------------------------------------------------------------- */

static zcache_status list_page(zc_actor_t *actor, zc_spy_t *spy, uint64_t now_us) {
    zc_replica_view_t view;
    zc_replica_view(actor->shared->replica, &view);
    size_t begun_at = actor->response.bytes;
    zc_response_list_t list;
    bool end = false;
    zcache_status status = zc_response_begin_list(&actor->response, true, &list);
    if (status == ZCACHE_OK) {
        status = zc_spies_page(spy, now_us, view.mesh_ms, actor->shared->store, &actor->response,
                               &list, &end);
    }
    uint64_t walk = end ? 0 : spy->number;
    if (end || status != ZCACHE_OK) {
        zc_spies_end(&actor->spies, spy);
    }
    return end_list(actor, &list, begun_at, status, walk);
}

zcache_status zc_actor_list_spy(zc_actor_t *actor, uint64_t route, uint64_t number) {
    uint64_t now_us = zc_process_now_us();
    zc_spy_t *spy = NULL;
    zc_shared_lock(actor->shared);
    zcache_status status = zc_spies_obtain(&actor->spies, number, route, now_us, &spy);
    status = status == ZCACHE_OK ? list_page(actor, spy, now_us)
                                 : zc_response_add_status(&actor->response, status);
    zc_shared_unlock(actor->shared);
    return status;
}
