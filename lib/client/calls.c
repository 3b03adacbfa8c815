/* SPDX-License-Identifier: MPL-2.0 */
/* The calls on single keys, clear, ping and config_set. On inproc:// what can be done in the node's
 * own memory is done there (rule C1); the rest crosses the socket. */
#include <poll.h>

#include "lib/client/client.h"
#include "lib/client/deadline.h"
#include "lib/client/value.h"

enum { BUSY_RETRY_MS = 5, RENEWAL_MS = 200 };

zcache_status zc_client_get_remote(zcache_t *cache, zc_slice_t key, zcache_value_t *value) {
    zc_operation_t operation = {.type = ZC_OPERATION_GET, .key = key};
    zc_response_t response;
    zcache_status asked = zc_client_ask(cache, &operation, &response);
    if (asked != ZCACHE_OK) {
        return asked;
    }
    zcache_status status = ZCACHE_OK;
    zc_slice_t bytes = {.bytes = 0};
    uint8_t type = 0;
    zcache_status decoded = zc_response_next_value(&response, &status, &bytes, &type);
    if (decoded == ZCACHE_OK && status == ZCACHE_OK) {
        status = zc_value_assign(cache->allocator, value, bytes, (zcache_type)type);
    }
    return zc_client_done(cache, decoded, status);
}

static inline zcache_status get_local(zcache_t *cache, zc_slice_t key, zcache_value_t *value) {
    return cache->local->get(cache->local, cache->reader, key, value, &cache->ask);
}

/* What the node's own memory has not answered. */
__attribute__((noinline, cold)) static zcache_status
get_elsewhere(zcache_t *cache, zc_slice_t key, zcache_value_t *value, zcache_status status) {
    bool ask = cache->local == NULL || (status == ZCACHE_MISS && cache->ask);
    return ask ? zc_client_get_remote(cache, key, value) : zc_client_tell(cache, status);
}

zcache_status zc_client_get_local(zcache_t *cache, zc_slice_t key, zcache_value_t *value) {
    zcache_status status = get_local(cache, key, value);
    bool ask = status == ZCACHE_MISS && cache->ask;
    return ask ? zc_client_get_remote(cache, key, value) : status;
}

zcache_status zcache_get(zcache_t *cache, const void *key, size_t key_size, zcache_value_t *value) {
    zc_error_clear(&cache->error);
    if (key == NULL || key_size - 1 >= ZCACHE_KEY_MAX) {
        return zc_client_check_key(cache, key, key_size);
    }
    zcache_status status = ZCACHE_MISS;
    if (cache->local != NULL) {
        status = get_local(cache, zc_slice(key, key_size), value);
        if (status == ZCACHE_OK) {
            return ZCACHE_OK;
        }
    }
    return get_elsewhere(cache, zc_slice(key, key_size), value, status);
}

/* An operation whose result is its status. */
static zcache_status perform_remote(zcache_t *cache, const zc_operation_t *operation) {
    zc_response_t response;
    zcache_status asked = zc_client_ask(cache, operation, &response);
    if (asked != ZCACHE_OK) {
        return asked;
    }
    zcache_status status = ZCACHE_OK;
    zcache_status decoded = zc_response_next_status(&response, &status);
    return zc_client_done(cache, decoded, status);
}

static bool is_local_write(const zcache_t *cache, const zc_operation_t *operation) {
    return cache->local != NULL && operation->type != ZC_OPERATION_CONFIGURE;
}

static zcache_status write_once(zcache_t *cache, const zc_operation_t *operation) {
    if (is_local_write(cache, operation)) {
        return zc_client_tell(cache, cache->local->write(cache->local, operation));
    }
    return perform_remote(cache, operation);
}

/* A node that joins has no clock to stamp writes with before its first welcome, and says BUSY: that
 * is soon over, so it is waited for, as any other answer is. */
static zcache_status write_patiently(zcache_t *cache, const zc_operation_t *operation) {
    uint64_t deadline_us = zc_deadline_us(cache->timeout_ms);
    for (;;) {
        zcache_status status = write_once(cache, operation);
        int wait_ms = zc_remaining_ms(deadline_us, BUSY_RETRY_MS);
        if (status != ZCACHE_BUSY || wait_ms == 0) {
            return status;
        }
        poll(NULL, 0, wait_ms);
    }
}

/* A write in the node's own memory takes no time, so the clock is looked at only where it has to be
 * waited for. */
static zcache_status write_operation(zcache_t *cache, const zc_operation_t *operation) {
    if (is_local_write(cache, operation)) {
        zcache_status status = write_once(cache, operation);
        if (status != ZCACHE_BUSY) {
            return status;
        }
    }
    return write_patiently(cache, operation);
}

static bool take_value_max(void *context, const char *name, const char *text, uint64_t number) {
    if (text == NULL && strcmp(name, "value_max") == 0) {
        *(uint64_t *)context = number;
        return false;
    }
    return true;
}

zcache_status zc_client_admit(zcache_t *cache, size_t value_size) {
    if (cache->local != NULL || value_size <= ZCACHE_VALUE_MAX_DEFAULT ||
        value_size <= cache->value_max) {
        return ZCACHE_OK;
    }
    zcache_status status = zcache_config(cache, take_value_max, &cache->value_max);
    if (status == ZCACHE_OK && value_size > cache->value_max) {
        status = zc_error_set(&cache->error, ZCACHE_TOO_LARGE,
                              "the value has %zu bytes: value_max of the mesh is %" PRIu64,
                              value_size, cache->value_max);
    }
    return status;
}

/* The node has refused a value: says what it would have taken, if it can be asked. */
static zcache_status tell_too_large(zcache_t *cache, size_t value_size) {
    uint64_t value_max = 0;
    if (zcache_config(cache, take_value_max, &value_max) != ZCACHE_OK || value_max == 0) {
        return zc_error_set(&cache->error, ZCACHE_TOO_LARGE,
                            "the value has %zu bytes: that is above value_max of the mesh",
                            value_size);
    }
    if (value_size <= value_max) {
        return zc_error_set(&cache->error, ZCACHE_TOO_LARGE,
                            "the value has %zu bytes: that is more than max_memory of the node",
                            value_size);
    }
    return zc_error_set(&cache->error, ZCACHE_TOO_LARGE,
                        "the value has %zu bytes: value_max of the mesh is %" PRIu64, value_size,
                        value_max);
}

zcache_status zcache_set_typed(zcache_t *cache, const void *key, size_t key_size, const void *value,
                               size_t value_size, zcache_type type, uint64_t ttl_ms) {
    zc_client_begin(cache);
    zcache_status status = zc_client_check_key(cache, key, key_size);
    if (status == ZCACHE_OK) {
        status = zc_client_check_set(cache, value, value_size, type, ttl_ms);
    }
    if (status == ZCACHE_OK) {
        status = zc_client_admit(cache, value_size);
    }
    if (status != ZCACHE_OK) {
        return status;
    }
    zc_operation_t operation = {.type = ZC_OPERATION_SET,
                                .key = zc_slice(key, key_size),
                                .value = zc_slice(value, value_size),
                                .value_type = (uint8_t)type,
                                .ttl_ms = ttl_ms};
    status = write_operation(cache, &operation);
    if (status == ZCACHE_TIMEOUT) {
        cache->value_max = 0; /* it may be another node by now, with another value_max */
    }
    return status == ZCACHE_TOO_LARGE ? tell_too_large(cache, value_size) : status;
}

zcache_status zcache_set(zcache_t *cache, const void *key, size_t key_size, const void *value,
                         size_t value_size, uint64_t ttl_ms) {
    return zcache_set_typed(cache, key, key_size, value, value_size, ZCACHE_RAW, ttl_ms);
}

zcache_status zcache_delete(zcache_t *cache, const void *key, size_t key_size) {
    zc_client_begin(cache);
    zcache_status status = zc_client_check_key(cache, key, key_size);
    if (status != ZCACHE_OK) {
        return status;
    }
    zc_operation_t operation = {.type = ZC_OPERATION_DELETE, .key = zc_slice(key, key_size)};
    return write_operation(cache, &operation);
}

zcache_status zcache_clear(zcache_t *cache) {
    zc_client_begin(cache);
    zc_operation_t operation = {.type = ZC_OPERATION_CLEAR};
    return write_operation(cache, &operation);
}

zcache_status zcache_config_set(zcache_t *cache, const char *name, uint64_t number) {
    zc_client_begin(cache);
    if (name == NULL || name[0] == '\0' || strlen(name) > ZCACHE_NAME_BYTES_MAX) {
        return zc_error_set(&cache->error, ZCACHE_INVALID,
                            "the name of a setting has 1 to %d bytes", ZCACHE_NAME_BYTES_MAX);
    }
    zc_operation_t operation = {
        .type = ZC_OPERATION_CONFIGURE, .key = zc_slice_text(name), .number = number};
    zcache_status status = write_operation(cache, &operation);
    if (status == ZCACHE_INVALID) {
        zc_error_set(&cache->error, status, "%s is no setting of the mesh, or cannot be %" PRIu64,
                     name, number);
    }
    if (status == ZCACHE_OK && cache->local == NULL && strcmp(name, "value_max") == 0 &&
        cache->exchange.pending_count == 0) {
        /* Where it rises the node ends its connections the moment after it has answered. */
        zc_exchange_fini(&cache->exchange);
        poll(NULL, 0, RENEWAL_MS);
    }
    return status;
}

/* Where the node says that its watchers connect to. It came from the network. */
static zcache_status take_watch_endpoint(zc_slice_t bytes, zc_endpoint_t *endpoint) {
    char text[ZC_ENDPOINT_TEXT_BYTES];
    if (bytes.bytes >= sizeof(text)) {
        return ZCACHE_MALFORMED;
    }
    memcpy(text, bytes.data, bytes.bytes);
    text[bytes.bytes] = '\0';
    bool valid = zc_endpoint_parse(text, endpoint) == ZCACHE_OK && !endpoint->inproc;
    return valid ? ZCACHE_OK : ZCACHE_MALFORMED;
}

zcache_status zc_client_ping(zcache_t *cache, bool *ready, zc_endpoint_t *watch_endpoint) {
    zc_operation_t operation = {.type = ZC_OPERATION_PING};
    zc_response_t response;
    zcache_status asked = zc_client_ask(cache, &operation, &response);
    if (asked != ZCACHE_OK) {
        return asked;
    }
    zcache_status status = ZCACHE_OK;
    bool is_ready = false;
    zc_slice_t endpoint = {.bytes = 0};
    zcache_status decoded = zc_response_next_ping(&response, &status, &is_ready, &endpoint);
    if (decoded == ZCACHE_OK && status == ZCACHE_OK && watch_endpoint != NULL) {
        decoded = take_watch_endpoint(endpoint, watch_endpoint);
    }
    if (decoded == ZCACHE_OK && status == ZCACHE_OK && ready != NULL) {
        *ready = is_ready;
    }
    return zc_client_done(cache, decoded, status);
}

zcache_status zcache_ping(zcache_t *cache, bool *ready) {
    zc_client_begin(cache);
    return zc_client_ping(cache, ready, NULL);
}
