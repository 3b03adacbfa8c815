/* SPDX-License-Identifier: MPL-2.0 */
/* Requests of clients: each operation in its order, one result for each.
 *
 * Invariant: actor->response has the head and exactly one result for each operation done so far,
 * but for the holes, which are filled before it goes out. What the response has no room for
 * (ZCACHE_MESSAGE_MAX), or what its client would not read, is BUSY. */
#include "node/actor.h"

#include "node/local.h"
#include "node/process.h"

enum {
    LISTING_BYTES_MAX = 8192, /* of STATS, with names of the greatest length */
    LOOK_BYTES_MAX = ZCACHE_KEY_MAX + 64,
    RUN_OPERATIONS = 32, /* under one lock: writers of the process want their turn */
    AHEAD = 16,          /* operations that are read before the first of them is done */
};

/* How long a client's answer waits for a donor to be found and to answer, before what is not here
 * is busy. */
static const uint64_t reads_patience_us = 3 * 1000 * 1000;

static zcache_status check_key(zc_slice_t key) {
    if (key.bytes == 0) {
        return ZCACHE_INVALID;
    }
    return key.bytes > ZCACHE_KEY_MAX ? ZCACHE_TOO_LARGE : ZCACHE_OK;
}

bool zc_actor_has_room(const zc_actor_t *actor, uint64_t route, size_t bytes) {
    size_t grown = actor->response.bytes + bytes;
    return grown <= ZCACHE_MESSAGE_MAX - ZCACHE_BATCH_MAX &&
           (grown <= ZC_FRAME_COPIED_MAX ||
            zc_ledger_has_room(actor->shared->ledger, zc_lane_of_route(route)));
}

static bool reads_have_room(const zc_actor_t *actor, zc_slice_t key) {
    return zc_reads_has_room(&actor->reads, &actor->holes,
                             actor->response.bytes + actor->holes.keys.bytes + key.bytes);
}

/* Gets and writes in a row, which share the lock of steps and a reading of the clock. */
typedef struct run {
    unsigned left; /* operations that may still be done under the lock; 0: it is not held */
    uint64_t now_us;
} run_t;

static void begin_run(zc_actor_t *actor, run_t *run) {
    if (run->left == 0) {
        zc_shared_lock(actor->shared);
        *run = (run_t){.left = RUN_OPERATIONS, .now_us = zc_process_now_us()};
    }
}

static void end_run(zc_actor_t *actor, run_t *run) {
    if (run->left > 0) {
        run->left = 0;
        zc_shared_unlock(actor->shared);
    }
}

/* The value is copied once, from the store into the response, under the lock under which it is
 * stable. */
static zcache_status do_get(zc_actor_t *actor, uint64_t route, zc_slice_t key, uint64_t now_us) {
    zcache_status checked = check_key(key);
    if (checked != ZCACHE_OK) {
        return zc_response_add_status(&actor->response, checked);
    }
    bool joining = atomic_load(&actor->shared->joining);
    zc_store_item_t item;
    zcache_status found = zc_store_get(actor->shared->store, key, now_us / 1000, true, &item);
    bool ask = found != ZCACHE_OK && joining;
    zcache_status status = ZCACHE_OK;
    if ((found == ZCACHE_OK && !zc_actor_has_room(actor, route, item.value.bytes)) ||
        (ask && !reads_have_room(actor, key))) {
        status = zc_response_add_status(&actor->response, ZCACHE_BUSY);
    } else if (ask) {
        status = zc_holes_add(&actor->holes, actor->response.bytes, key);
    } else if (found == ZCACHE_OK) {
        status = zc_response_add_value(&actor->response, item.value, item.type);
    } else {
        status = zc_response_add_status(&actor->response, ZCACHE_MISS);
    }
    return status;
}

static zcache_status do_write(zc_actor_t *actor, const zc_operation_t *operation, uint64_t now_us) {
    zc_event_t event;
    zc_local_event(operation, now_us, &event);
    return zc_response_add_status(&actor->response, zc_actor_step_locked(actor, &event));
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

static zcache_status do_repair(zc_actor_t *actor, const zc_operation_t *operation) {
    zc_event_t event = {.type = ZC_EVENT_REPAIR, .now_us = zc_process_now_us()};
    memcpy(event.repair.origin.bytes, operation->key.data, ZC_ORIGIN_BYTES);
    return zc_response_add_status(&actor->response, zc_actor_step(actor, &event));
}

/* Whether the response has room for what the operation lists, if it does list. A get looks at its
 * value and a digest at its vector, and the result of a write is of no size. */
static bool listing_has_room(const zc_actor_t *actor, uint64_t route, zc_operation_type_t type) {
    switch (type) {
    case ZC_OPERATION_STATS:
    case ZC_OPERATION_CONFIG:
        return zc_actor_has_room(actor, route, LISTING_BYTES_MAX);
    case ZC_OPERATION_SPY:
    case ZC_OPERATION_PEERS:
    case ZC_OPERATION_SCAN:
        return zc_actor_has_room(actor, route, ZCACHE_VALUE_MAX_CEILING);
    case ZC_OPERATION_LOOK:
        return zc_actor_has_room(actor, route, LOOK_BYTES_MAX);
    case ZC_OPERATION_GET:
    case ZC_OPERATION_SET:
    case ZC_OPERATION_DELETE:
    case ZC_OPERATION_CLEAR:
    case ZC_OPERATION_PING:
    case ZC_OPERATION_CONFIGURE:
    case ZC_OPERATION_REPAIR:
    case ZC_OPERATION_DIGEST:
        break;
    }
    return true;
}

static bool is_quick(zc_operation_type_t type) {
    return type == ZC_OPERATION_GET || type == ZC_OPERATION_SET || type == ZC_OPERATION_DELETE ||
           type == ZC_OPERATION_CLEAR;
}

static zcache_status do_in_run(zc_actor_t *actor, uint64_t route, const zc_operation_t *operation,
                               run_t *run) {
    begin_run(actor, run);
    zcache_status status = operation->type == ZC_OPERATION_GET
                               ? do_get(actor, route, operation->key, run->now_us)
                               : do_write(actor, operation, run->now_us);
    if (run->left == 1) {
        end_run(actor, run);
    } else {
        run->left--;
    }
    return status;
}

static zcache_status do_operation(zc_actor_t *actor, uint64_t route,
                                  const zc_operation_t *operation, run_t *run) {
    if (!is_quick(operation->type)) {
        end_run(actor, run);
    }
    if (!listing_has_room(actor, route, operation->type)) {
        return zc_response_add_status(&actor->response, ZCACHE_BUSY);
    }
    switch (operation->type) {
    case ZC_OPERATION_GET:
    case ZC_OPERATION_SET:
    case ZC_OPERATION_DELETE:
    case ZC_OPERATION_CLEAR:
        return do_in_run(actor, route, operation, run);
    case ZC_OPERATION_PING:
        return do_ping(actor);
    case ZC_OPERATION_CONFIGURE:
        return do_configure(actor, operation);
    case ZC_OPERATION_SPY:
        return zc_actor_list_spy(actor, route, operation->number);
    case ZC_OPERATION_PEERS:
        return zc_actor_list_peers(actor);
    case ZC_OPERATION_STATS:
        return zc_actor_list_stats(actor);
    case ZC_OPERATION_CONFIG:
        return zc_actor_list_config(actor);
    case ZC_OPERATION_DIGEST:
        return zc_actor_compare_digest(actor, route);
    case ZC_OPERATION_SCAN:
        return zc_actor_compare_scan(actor, operation);
    case ZC_OPERATION_LOOK:
        return zc_actor_compare_look(actor, operation->number);
    case ZC_OPERATION_REPAIR:
        return do_repair(actor, operation);
    }
    return ZCACHE_INVALID;
}

/* One status for a whole request that cannot be done. */
static void refuse(zc_actor_t *actor, uint64_t route, uint64_t number, zcache_status status) {
    if (zc_response_begin(&actor->response, number, 1) == ZCACHE_OK &&
        zc_response_add_status(&actor->response, status) == ZCACHE_OK) {
        zc_actor_respond(actor, route, &actor->response);
    }
}

static void wait_for_reads(zc_actor_t *actor, uint64_t route, uint64_t number) {
    uint64_t until_us = zc_process_now_us() + reads_patience_us;
    if (zc_reads_begin(&actor->reads, route, until_us, &actor->response, &actor->holes) == NULL) {
        refuse(actor, route, number, ZCACHE_BUSY);
        return;
    }
    zc_actor_ask_donor(actor);
}

/* Asks for the memory of all before any is done, a step of the way for all at a time, so that none
 * is waited for. */
static void fetch(zc_actor_t *actor, const zc_operation_t *operations, size_t count, run_t *run) {
    static const zc_prefetch_t steps[] = {ZC_PREFETCH_BUCKET, ZC_PREFETCH_SLOT, ZC_PREFETCH_ENTRY};
    uint64_t key_hashes[AHEAD];
    for (size_t i = 0; i < count; i++) {
        if (!is_quick(operations[i].type)) {
            return;
        }
        key_hashes[i] = zc_key_hash(operations[i].key);
    }
    begin_run(actor, run);
    for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
        for (size_t i = 0; i < count; i++) {
            zc_store_prefetch(actor->shared->store, key_hashes[i], steps[step]);
        }
    }
}

/* Reads the next operations; returns how many. */
static size_t read_ahead(zc_request_t *request, zc_operation_t operations[AHEAD]) {
    size_t count = 0;
    while (count < AHEAD && zc_request_next(request, &operations[count])) {
        count++;
    }
    return count;
}

static zcache_status do_request(zc_actor_t *actor, uint64_t route, zc_request_t *request) {
    zcache_status status = zc_response_begin(&actor->response, request->number, request->count);
    zc_operation_t operations[AHEAD];
    size_t count;
    run_t run = {.left = 0};
    while (status == ZCACHE_OK && (count = read_ahead(request, operations)) > 0) {
        if (count > 1) {
            fetch(actor, operations, count, &run);
        }
        for (size_t i = 0; i < count && status == ZCACHE_OK; i++) {
            status = do_operation(actor, route, &operations[i], &run);
        }
    }
    end_run(actor, &run);
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
        wait_for_reads(actor, route, request.number);
    } else {
        zc_actor_respond(actor, route, &actor->response);
    }
    zc_holes_fini(&actor->holes);
}
