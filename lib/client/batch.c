/* SPDX-License-Identifier: MPL-2.0 */
/* Batches. Operations are encoded as they are added, so that a value is copied once; the head of
 * the request is written before them when it is sent, and its number and count are known:
 *
 *     bytes:  [ ... HEAD_BYTES ... ][operation][operation] ...
 *                     [head of the request]
 *
 * A batch has results exactly in state ANSWERED. Their values point into the answer, or, where the
 * node is in this process, into values of the batch's own. */
#include <zcache/batch.h>

#include "lib/base/assert.h"
#include "lib/client/client.h"
#include "lib/client/deadline.h"
#include "lib/client/value.h"

enum {
    HEAD_BYTES = 32,      /* more than the head of any request takes */
    OPERATION_BYTES = 32, /* more than an operation takes beside its key and value */
    RESULTS_FIRST = 16,
};

typedef enum batch_state {
    BATCH_FILLING,   /* operations are added; it may have failed before */
    BATCH_UNDER_WAY, /* over a socket */
    BATCH_ANSWERED,
} batch_state_t;

typedef struct result {
    zc_operation_type_t operation;
    zcache_status status;
    zcache_type type;
    zc_slice_t value;
    zcache_value_t own; /* of a get in the node's own memory; its buffer is used again */
} result_t;

struct zcache_batch {
    zcache_t *cache;
    batch_state_t state;
    zc_buffer_t bytes;
    result_t *results; /* one for each operation */
    size_t count;
    size_t capacity;
    zc_pending_t pending;
};

zcache_status zcache_batch_new(zcache_t *cache, zcache_batch_t **batch) {
    zc_client_begin(cache);
    zcache_batch_t *made = zc_allocate_zeroed(cache->allocator, sizeof(*made));
    if (made == NULL) {
        return zc_client_tell(cache, ZCACHE_NO_MEMORY);
    }
    made->cache = cache;
    zc_buffer_init(&made->bytes, cache->allocator);
    zc_pending_init(&made->pending);
    *batch = made;
    return ZCACHE_OK;
}

void zcache_batch_destroy(zcache_batch_t **batch) {
    if (batch == NULL || *batch == NULL) {
        return;
    }
    zcache_batch_t *going = *batch;
    const zc_allocator_t *allocator = going->cache->allocator;
    zc_exchange_forget(&going->cache->exchange, &going->pending);
    zmq_msg_close(&going->pending.frame);
    for (size_t i = 0; i < going->capacity; i++) {
        zc_free(allocator, going->results[i].own.data);
    }
    zc_free(allocator, going->results);
    zc_buffer_fini(&going->bytes);
    zc_free(allocator, going);
    *batch = NULL;
}

static zcache_status make_room(zcache_batch_t *batch) {
    if (batch->count < batch->capacity) {
        return ZCACHE_OK;
    }
    size_t capacity = batch->capacity == 0 ? RESULTS_FIRST : 2 * batch->capacity;
    result_t *results =
        zc_resize(batch->cache->allocator, batch->results, capacity * sizeof(*results));
    if (results == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    memset(results + batch->capacity, 0, (capacity - batch->capacity) * sizeof(*results));
    batch->results = results;
    batch->capacity = capacity;
    return ZCACHE_OK;
}

/* Appends the operation behind the room for the head; on failure the bytes are as they were. */
static zcache_status append(zcache_batch_t *batch, const zc_operation_t *operation) {
    zc_buffer_t *bytes = &batch->bytes;
    if (bytes->bytes == 0) {
        if (zc_buffer_reserve(bytes, HEAD_BYTES) == NULL) {
            return ZCACHE_NO_MEMORY;
        }
        bytes->bytes = HEAD_BYTES;
    }
    size_t before = bytes->bytes;
    zcache_status status = zc_request_add(bytes, operation);
    if (status != ZCACHE_OK) {
        bytes->bytes = before;
    }
    return status;
}

static zcache_status add(zcache_batch_t *batch, const zc_operation_t *operation) {
    zc_error_t *error = &batch->cache->error;
    if (batch->state != BATCH_FILLING) {
        return zc_error_set(error, ZCACHE_BUSY,
                            "the batch is under way or has results: wait for it, and reset it");
    }
    if (batch->count >= ZCACHE_OPERATIONS_MAX) {
        return zc_error_set(error, ZCACHE_BUSY, "the batch has %d operations: send it",
                            ZCACHE_OPERATIONS_MAX);
    }
    size_t more = operation->key.bytes + operation->value.bytes + OPERATION_BYTES;
    if (batch->count > 0 && batch->bytes.bytes - HEAD_BYTES + more > ZCACHE_BATCH_MAX) {
        return zc_error_set(error, ZCACHE_BUSY,
                            "the batch has %zu bytes, and %d at most with this operation: send it",
                            batch->bytes.bytes - HEAD_BYTES, ZCACHE_BATCH_MAX);
    }
    zcache_status status = make_room(batch);
    if (status == ZCACHE_OK) {
        status = append(batch, operation);
    }
    if (status != ZCACHE_OK) {
        return zc_client_tell(batch->cache, status);
    }
    result_t *result = &batch->results[batch->count++];
    result->operation = operation->type;
    result->status = ZCACHE_INVALID;
    return ZCACHE_OK;
}

static zcache_status add_key(zcache_batch_t *batch, zc_operation_type_t type, const void *key,
                             size_t key_size) {
    zc_client_begin(batch->cache);
    zcache_status status = zc_client_check_key(batch->cache, key, key_size);
    if (status != ZCACHE_OK) {
        return status;
    }
    zc_operation_t operation = {.type = type, .key = zc_slice(key, key_size)};
    return add(batch, &operation);
}

zcache_status zcache_batch_get(zcache_batch_t *batch, const void *key, size_t key_size) {
    return add_key(batch, ZC_OPERATION_GET, key, key_size);
}

zcache_status zcache_batch_delete(zcache_batch_t *batch, const void *key, size_t key_size) {
    return add_key(batch, ZC_OPERATION_DELETE, key, key_size);
}

zcache_status zcache_batch_set(zcache_batch_t *batch, const void *key, size_t key_size,
                               const void *value, size_t value_size, zcache_type type,
                               uint64_t ttl_ms) {
    zc_client_begin(batch->cache);
    zcache_status status = zc_client_check_key(batch->cache, key, key_size);
    if (status == ZCACHE_OK) {
        status = zc_client_check_set(batch->cache, value, value_size, type, ttl_ms);
    }
    if (status == ZCACHE_OK) {
        status = zc_client_admit(batch->cache, value_size);
    }
    if (status != ZCACHE_OK) {
        return status;
    }
    zc_operation_t operation = {.type = ZC_OPERATION_SET,
                                .key = zc_slice(key, key_size),
                                .value = zc_slice(value, value_size),
                                .value_type = (uint8_t)type,
                                .ttl_ms = ttl_ms};
    return add(batch, &operation);
}

/* Writes the head before the operations; *from is where the request begins. */
static zcache_status write_head(zcache_batch_t *batch, uint64_t number, size_t *from) {
    zc_buffer_t *head = &batch->cache->request;
    zcache_status status = zc_request_begin(head, number, (uint32_t)batch->count);
    if (status != ZCACHE_OK) {
        return status;
    }
    ZC_ASSERT(head->bytes < HEAD_BYTES);
    *from = HEAD_BYTES - head->bytes;
    memcpy(batch->bytes.data + *from, head->data, head->bytes);
    return ZCACHE_OK;
}

static zcache_status perform_get(zcache_t *cache, zc_slice_t key, result_t *result) {
    zcache_status status = zc_client_get_local(cache, key, &result->own);
    if (status == ZCACHE_OK) {
        result->value = zc_slice(result->own.data, result->own.size);
        result->type = result->own.type;
    }
    return status;
}

/* In the node's own memory: every operation has its result at once. */
static zcache_status perform(zcache_batch_t *batch) {
    zcache_t *cache = batch->cache;
    size_t from = 0;
    zcache_status status = write_head(batch, 0, &from);
    if (status != ZCACHE_OK) {
        return status;
    }
    zc_request_t request;
    status =
        zc_request_open(zc_slice(batch->bytes.data + from, batch->bytes.bytes - from), &request);
    ZC_ASSERT(status == ZCACHE_OK);
    zc_operation_t operation;
    for (size_t i = 0; zc_request_next(&request, &operation); i++) {
        result_t *result = &batch->results[i];
        result->status = operation.type == ZC_OPERATION_GET
                             ? perform_get(cache, operation.key, result)
                             : cache->local->write(cache->local, &operation);
        if (result->status == ZCACHE_STOPPED) {
            return ZCACHE_STOPPED;
        }
    }
    batch->state = BATCH_ANSWERED;
    return ZCACHE_OK;
}

zcache_status zcache_batch_send(zcache_batch_t *batch) {
    zcache_t *cache = batch->cache;
    zc_client_begin(cache);
    if (batch->state != BATCH_FILLING) {
        return zc_error_set(&cache->error, ZCACHE_BUSY,
                            "the batch is under way or has results: wait for it, and reset it");
    }
    if (batch->count == 0) {
        batch->state = BATCH_ANSWERED;
        return ZCACHE_OK;
    }
    if (cache->local != NULL) {
        return zc_client_tell(cache, perform(batch));
    }
    size_t from = 0;
    batch->pending.number = zc_exchange_number(&cache->exchange);
    batch->pending.deadline_us = zc_deadline_us(cache->timeout_ms);
    zcache_status status = write_head(batch, batch->pending.number, &from);
    if (status == ZCACHE_OK) {
        status = zc_exchange_send(&cache->exchange, &batch->bytes, from, &batch->pending);
    }
    if (status == ZCACHE_OK) {
        batch->state = BATCH_UNDER_WAY;
    }
    return zc_client_tell(cache, status);
}

/* Reads one result for each operation out of the answer. A node that refuses the request as a whole
 * answers with one status. */
static zcache_status read_results(zcache_batch_t *batch) {
    zc_response_t response;
    zmq_msg_t *frame = &batch->pending.frame;
    zcache_status status =
        zc_response_open(zc_slice(zmq_msg_data(frame), zmq_msg_size(frame)), &response);
    if (status != ZCACHE_OK) {
        return ZCACHE_INCOMPATIBLE;
    }
    if (response.count != batch->count) {
        bool refused = response.count == 1 &&
                       zc_response_next_status(&response, &status) == ZCACHE_OK &&
                       status != ZCACHE_OK;
        return refused ? status : ZCACHE_INCOMPATIBLE;
    }
    for (size_t i = 0; i < batch->count; i++) {
        result_t *result = &batch->results[i];
        uint8_t type = 0;
        status = result->operation == ZC_OPERATION_GET
                     ? zc_response_next_value(&response, &result->status, &result->value, &type)
                     : zc_response_next_status(&response, &result->status);
        if (status != ZCACHE_OK) {
            return ZCACHE_INCOMPATIBLE;
        }
        result->type = (zcache_type)type;
    }
    return ZCACHE_OK;
}

zcache_status zcache_batch_wait(zcache_batch_t *batch) {
    zcache_t *cache = batch->cache;
    zc_client_begin(cache);
    switch (batch->state) {
    case BATCH_FILLING:
        return zc_error_set(&cache->error, ZCACHE_INVALID, "the batch was not sent");
    case BATCH_ANSWERED:
        return ZCACHE_OK;
    case BATCH_UNDER_WAY:
        break;
    }
    zcache_status status = zc_exchange_wait(&cache->exchange, &batch->pending);
    if (status == ZCACHE_OK) {
        status = read_results(batch);
    }
    batch->state = status == ZCACHE_OK ? BATCH_ANSWERED : BATCH_FILLING;
    return zc_client_tell(cache, status);
}

size_t zcache_batch_count(const zcache_batch_t *batch) {
    return batch->count;
}

zcache_status zcache_batch_result(const zcache_batch_t *batch, size_t index, const void **data,
                                  size_t *size, zcache_type *type) {
    if (batch->state != BATCH_ANSWERED || index >= batch->count) {
        return ZCACHE_INVALID;
    }
    const result_t *result = &batch->results[index];
    bool value = result->operation == ZC_OPERATION_GET && result->status == ZCACHE_OK;
    if (value && data != NULL) {
        *data = result->value.data;
    }
    if (value && size != NULL) {
        *size = result->value.bytes;
    }
    if (value && type != NULL) {
        *type = result->type;
    }
    return result->status;
}

void zcache_batch_reset(zcache_batch_t *batch) {
    zc_exchange_forget(&batch->cache->exchange, &batch->pending);
    batch->bytes.bytes = 0;
    batch->count = 0;
    batch->state = BATCH_FILLING;
}
