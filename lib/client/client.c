/* SPDX-License-Identifier: MPL-2.0 */
/* The handle: opening, closing, checking arguments, and one request with its answer. An argument
 * that is wrong is refused here, before anything is sent. */
#include "lib/client/client.h"

#include "lib/client/deadline.h"

zcache_status zc_client_open(const char *endpoint, const zc_allocator_t *allocator,
                             zcache_t **cache) {
    zc_endpoint_t parsed;
    zcache_status status = cache == NULL ? ZCACHE_INVALID : zc_endpoint_parse(endpoint, &parsed);
    if (status == ZCACHE_OK) {
        status = zc_endpoint_resolve(&parsed);
    }
    if (status != ZCACHE_OK) {
        return status;
    }
    zcache_t *opened = zc_allocate_zeroed(allocator, sizeof(*opened));
    if (opened == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    opened->allocator = allocator;
    opened->endpoint = parsed;
    opened->timeout_ms = ZC_TIMEOUT_DEFAULT_MS;
    opened->local = parsed.inproc ? zc_local_find(parsed.name) : NULL;
    opened->exchange = (zc_exchange_t){.allocator = allocator,
                                       .endpoint = &opened->endpoint,
                                       .local = opened->local,
                                       .error = &opened->error};
    zc_buffer_init(&opened->request, allocator);
    zc_pending_init(&opened->call);
    if (parsed.inproc) {
        status = opened->local == NULL
                     ? ZCACHE_UNREACHABLE
                     : opened->local->attach(opened->local, allocator, &opened->reader);
    } else {
        status = zc_exchange_open(&opened->exchange);
    }
    if (status != ZCACHE_OK) {
        zcache_close(&opened);
        return status;
    }
    *cache = opened;
    return ZCACHE_OK;
}

zcache_status zcache_open(const char *endpoint, zcache_t **cache) {
    return zc_client_open(endpoint, zc_allocator_system(), cache);
}

void zcache_close(zcache_t **cache) {
    if (cache == NULL || *cache == NULL) {
        return;
    }
    zcache_t *closing = *cache;
    zc_exchange_fini(&closing->exchange);
    zc_exchange_forget(&closing->exchange, &closing->call);
    zmq_msg_close(&closing->call.frame);
    zc_buffer_fini(&closing->request);
    zc_reader_destroy(&closing->reader);
    if (closing->local != NULL) {
        zc_local_release(closing->local);
    }
    zc_free(closing->allocator, closing);
    *cache = NULL;
}

void zcache_set_timeout(zcache_t *cache, uint32_t timeout_ms) {
    cache->timeout_ms = timeout_ms;
}

const char *zcache_error(const zcache_t *cache) {
    return cache->error.text;
}

void zc_client_begin(zcache_t *cache) {
    zc_error_clear(&cache->error);
}

zcache_status zc_client_check_key(zcache_t *cache, const void *key, size_t key_size) {
    if (key == NULL || key_size == 0) {
        return zc_error_set(&cache->error, ZCACHE_INVALID,
                            "the key is empty: a key has 1 to %d bytes", ZCACHE_KEY_MAX);
    }
    if (key_size > ZCACHE_KEY_MAX) {
        return zc_error_set(&cache->error, ZCACHE_TOO_LARGE,
                            "the key has %zu bytes: a key has 1 to %d", key_size, ZCACHE_KEY_MAX);
    }
    return ZCACHE_OK;
}

zcache_status zc_client_check_set(zcache_t *cache, const void *value, size_t value_size,
                                  zcache_type type, uint64_t ttl_ms) {
    if (value == NULL && value_size > 0) {
        return zc_error_set(&cache->error, ZCACHE_INVALID, "the value is NULL, but has %zu bytes",
                            value_size);
    }
    if (value_size > ZCACHE_VALUE_MAX_CEILING) {
        return zc_error_set(&cache->error, ZCACHE_TOO_LARGE,
                            "the value has %zu bytes: no mesh takes more than %d", value_size,
                            ZCACHE_VALUE_MAX_CEILING);
    }
    if (type != ZCACHE_RAW && type != ZCACHE_MSGPACK) {
        return zc_error_set(&cache->error, ZCACHE_INVALID,
                            "no value has type %d: ZCACHE_RAW or ZCACHE_MSGPACK", (int)type);
    }
    if (ttl_ms > (uint64_t)ZCACHE_TTL_MAX_SECONDS * 1000u) {
        return zc_error_set(&cache->error, ZCACHE_INVALID,
                            "a ttl of %" PRIu64 " ms is too long: at most %d seconds", ttl_ms,
                            ZCACHE_TTL_MAX_SECONDS);
    }
    return ZCACHE_OK;
}

static zcache_status encode(zcache_t *cache, const zc_operation_t *operations, uint32_t count) {
    zcache_status status = zc_request_begin(&cache->request, cache->call.number, count);
    for (uint32_t i = 0; i < count && status == ZCACHE_OK; i++) {
        status = zc_request_add(&cache->request, &operations[i]);
    }
    return status;
}

/* An answer has a result for each operation, or one status if all of them are refused. */
static zcache_status open_answer(zcache_t *cache, uint32_t count, zc_response_t *response) {
    zmq_msg_t *frame = &cache->call.frame;
    zcache_status status =
        zc_response_open(zc_slice(zmq_msg_data(frame), zmq_msg_size(frame)), response);
    if (status == ZCACHE_OK && response->count == count) {
        return ZCACHE_OK;
    }
    zcache_status refused = ZCACHE_OK;
    if (status == ZCACHE_OK && response->count == 1) {
        status = zc_response_next_status(response, &refused);
    }
    bool is_refusal = status == ZCACHE_OK && refused != ZCACHE_OK;
    return zc_client_done(cache, is_refusal ? ZCACHE_OK : ZCACHE_MALFORMED, refused);
}

zcache_status zc_client_ask(zcache_t *cache, const zc_operation_t *operation,
                            zc_response_t *response) {
    return zc_client_ask_all(cache, operation, 1, response);
}

zcache_status zc_client_ask_all(zcache_t *cache, const zc_operation_t *operations, uint32_t count,
                                zc_response_t *response) {
    zc_exchange_forget(&cache->exchange, &cache->call);
    cache->call.number = zc_exchange_number(&cache->exchange);
    cache->call.deadline_us = zc_deadline_us(cache->timeout_ms);
    zcache_status status = encode(cache, operations, count);
    if (status == ZCACHE_OK) {
        status = zc_exchange_send(&cache->exchange, &cache->request, 0, &cache->call);
    }
    if (status == ZCACHE_OK) {
        status = zc_exchange_wait(&cache->exchange, &cache->call);
    }
    if (status != ZCACHE_OK) {
        zc_exchange_forget(&cache->exchange, &cache->call);
        return zc_client_tell(cache, status);
    }
    return open_answer(cache, count, response);
}

zcache_status zc_client_done(zcache_t *cache, zcache_status decoded, zcache_status status) {
    zc_exchange_forget(&cache->exchange, &cache->call);
    if (decoded != ZCACHE_OK) {
        return zc_error_set(&cache->error, ZCACHE_INCOMPATIBLE,
                            "%s has answered with a result that does not belong to the operation",
                            cache->endpoint.text);
    }
    return zc_client_tell(cache, status);
}

zcache_status zc_client_tell(zcache_t *cache, zcache_status status) {
    if (status == ZCACHE_OK || status == ZCACHE_MISS) {
        zc_error_clear(&cache->error); /* of a part of the call that failed without failing it */
    } else if (cache->error.text[0] == '\0') {
        zc_error_set(&cache->error, status, "%s: %s", cache->endpoint.text,
                     zcache_status_text(status));
    }
    return status;
}
