/* SPDX-License-Identifier: MPL-2.0 */
/* Requests of clients: each operation in its order, one result for each.
 *
 * Invariant: actor->response has the head and exactly one result for each operation done so far,
 * but for the holes, which are filled before it goes out. What the response has no room for
 * (ZCACHE_MESSAGE_MAX), or what would make clients' answers wait beyond their bound, is BUSY. */
#include "node/actor.h"

#include "lib/base/assert.h"
#include "node/local.h"
#include "node/process.h"

/* Longer than the replica waits for a donor: it always answers first, unless memory ran out. */
static const uint64_t reads_patience_us = 3 * 1000 * 1000;

static zcache_status check_key(zc_slice_t key) {
    if (key.bytes == 0) {
        return ZCACHE_INVALID;
    }
    return key.bytes > ZCACHE_KEY_MAX ? ZCACHE_TOO_LARGE : ZCACHE_OK;
}

static bool has_room(const zc_actor_t *actor, size_t bytes) {
    return actor->response.bytes + bytes <= ZCACHE_MESSAGE_MAX - ZCACHE_BATCH_MAX &&
           (bytes <= ZC_FRAME_COPIED_MAX ||
            zc_ledger_waiting(actor->shared->ledger, ZC_FRAME_RESPONSE) <= ZC_FRAME_WAITING_MAX);
}

/* The value is copied once, from the store into the response, under the lock under which it is
 * stable. */
static zcache_status do_get(zc_actor_t *actor, zc_slice_t key) {
    zcache_status checked = check_key(key);
    if (checked != ZCACHE_OK) {
        return zc_response_add_status(&actor->response, checked);
    }
    bool joining = atomic_load(&actor->shared->joining);
    zc_store_item_t item;
    zc_shared_lock(actor->shared);
    zcache_status found =
        zc_store_get(actor->shared->store, key, zc_process_now_us() / 1000, true, &item);
    zcache_status status = ZCACHE_OK;
    if (found == ZCACHE_OK && has_room(actor, item.value.bytes)) {
        status = zc_response_add_value(&actor->response, item.value, item.type);
    } else if (found == ZCACHE_OK) {
        status = zc_response_add_status(&actor->response, ZCACHE_BUSY);
    } else if (joining) {
        status = zc_holes_add(&actor->holes, actor->response.bytes, key);
    } else {
        status = zc_response_add_status(&actor->response, ZCACHE_MISS);
    }
    zc_shared_unlock(actor->shared);
    return status;
}

static zcache_status do_write(zc_actor_t *actor, const zc_operation_t *operation) {
    zc_event_t event;
    zc_local_event(operation, &event);
    return zc_response_add_status(&actor->response, zc_actor_step(actor, &event));
}

static zcache_status do_configure(zc_actor_t *actor, const zc_operation_t *operation) {
    const zc_event_t event = {
        .type = ZC_EVENT_CONFIGURE,
        .now_us = zc_process_now_us(),
        .configure = {.name = operation->key, .number = operation->number},
    };
    return zc_response_add_status(&actor->response, zc_actor_step(actor, &event));
}

static zcache_status do_ping(zc_actor_t *actor) {
    return zc_response_add_ping(&actor->response, !atomic_load(&actor->shared->joining),
                                zc_slice_text(actor->endpoints.watch));
}

static zcache_status do_listing(zc_actor_t *actor, uint64_t route,
                                const zc_operation_t *operation) {
    if (!has_room(actor, ZCACHE_VALUE_MAX_CEILING)) {
        return zc_response_add_status(&actor->response, ZCACHE_BUSY);
    }
    switch (operation->type) {
    case ZC_OPERATION_SPY:
        return zc_actor_list_spy(actor, route, operation->number);
    case ZC_OPERATION_PEERS:
        return zc_actor_list_peers(actor);
    case ZC_OPERATION_STATS:
        return zc_actor_list_stats(actor);
    case ZC_OPERATION_CONFIG:
        return zc_actor_list_config(actor);
    case ZC_OPERATION_GET:
    case ZC_OPERATION_SET:
    case ZC_OPERATION_DELETE:
    case ZC_OPERATION_CLEAR:
    case ZC_OPERATION_PING:
    case ZC_OPERATION_CONFIGURE:
        break;
    }
    ZC_ASSERT(!"a listing");
    return ZCACHE_INVALID;
}

static zcache_status do_operation(zc_actor_t *actor, uint64_t route,
                                  const zc_operation_t *operation) {
    switch (operation->type) {
    case ZC_OPERATION_GET:
        return do_get(actor, operation->key);
    case ZC_OPERATION_SET:
    case ZC_OPERATION_DELETE:
    case ZC_OPERATION_CLEAR:
        return do_write(actor, operation);
    case ZC_OPERATION_PING:
        return do_ping(actor);
    case ZC_OPERATION_CONFIGURE:
        return do_configure(actor, operation);
    case ZC_OPERATION_SPY:
    case ZC_OPERATION_PEERS:
    case ZC_OPERATION_STATS:
    case ZC_OPERATION_CONFIG:
        return do_listing(actor, route, operation);
    }
    return ZCACHE_INVALID;
}

/* Lets the response wait and asks the donor for each hole. What nobody can be asked for is a miss.
 */
static void ask_donor(zc_actor_t *actor, uint64_t route) {
    uint64_t now_us = zc_process_now_us();
    const zc_waiting_t *waiting = zc_reads_begin(&actor->reads, route, now_us + reads_patience_us,
                                                 &actor->response, &actor->holes);
    if (waiting == NULL) {
        actor->counters.sends_dropped++;
        return;
    }
    size_t count = waiting->holes.count;
    for (size_t i = 0; i < count; i++) {
        /* The answer is here at least until this hole of it is filled. */
        const zc_event_t event = {
            .type = ZC_EVENT_READ,
            .now_us = now_us,
            .read = {.token = zc_reads_token(waiting, i), .key = waiting->holes.table[i].key},
        };
        if (zc_actor_step(actor, &event) != ZCACHE_OK) {
            zc_actor_fill(actor, event.read.token, NULL);
        }
    }
}

/* One status for a whole request that cannot be done. */
static void refuse(zc_actor_t *actor, uint64_t route, uint64_t number, zcache_status status) {
    if (zc_response_begin(&actor->response, number, 1) == ZCACHE_OK &&
        zc_response_add_status(&actor->response, status) == ZCACHE_OK) {
        zc_actor_respond(actor, route, &actor->response);
    }
}

static zcache_status do_request(zc_actor_t *actor, uint64_t route, zc_request_t *request) {
    zcache_status status = zc_response_begin(&actor->response, request->number, request->count);
    zc_operation_t operation;
    while (status == ZCACHE_OK && zc_request_next(request, &operation)) {
        status = do_operation(actor, route, &operation);
    }
    return status;
}

void zc_actor_request(zc_actor_t *actor, uint64_t route, zc_slice_t bytes) {
    zc_request_t request = {.number = 0};
    actor->counters.requests++;
    zcache_status status = zc_request_open(bytes, &request);
    if (status != ZCACHE_OK) {
        actor->counters.requests_malformed++;
        refuse(actor, route, request.number, status);
        return;
    }
    status = do_request(actor, route, &request);
    if (status != ZCACHE_OK) {
        refuse(actor, route, request.number, status);
    } else if (actor->holes.count > 0) {
        ask_donor(actor, route);
    } else {
        zc_actor_respond(actor, route, &actor->response);
    }
    zc_holes_fini(&actor->holes);
}
