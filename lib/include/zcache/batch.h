/* SPDX-License-Identifier: MPL-2.0 */
/* Batches: many operations in one message, a result for each.
 *
 * Fill a batch, send it, wait for it, read the results, reset it and use it again:
 *
 *     filling ──send──► under way ──wait──► answered        a batch that failed is being filled
 *        ▲                                     │            again, with all its operations: it may
 *        └───────────────reset─────────────────┘            be sent once more
 *
 * Several batches of one handle may be under way at once, and come back in any order: that is how a
 * client pipelines. A batch belongs to its handle and its thread. Operations of a batch are done in
 * their order; they are not a transaction. On inproc:// they are done while the batch is sent. */
#ifndef ZCACHE_BATCH_H
#define ZCACHE_BATCH_H

#include <zcache/client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zcache_batch zcache_batch_t;

/* On success *batch is the caller's, to be destroyed before its handle is closed. Returns OK or
 * NO_MEMORY. */
zcache_status zcache_batch_new(zcache_t *cache, zcache_batch_t **batch);

/* Destroys the batch, also one under way, and sets *batch to NULL. NULL and a pointer to NULL are
 * allowed. */
void zcache_batch_destroy(zcache_batch_t **batch);

/* Each adds one operation and copies its key and value; the limits and statuses are those of the
 * single call, and an operation that is refused here is not added. BUSY: the batch is full (it has
 * ZCACHE_OPERATIONS_MAX operations, or would have more than ZCACHE_BATCH_MAX bytes; one operation
 * alone always fits), or it is not being filled. */
zcache_status zcache_batch_get(zcache_batch_t *batch, const void *key, size_t key_size);
zcache_status zcache_batch_set(zcache_batch_t *batch, const void *key, size_t key_size,
                               const void *value, size_t value_size, zcache_type type,
                               uint64_t ttl_ms);
zcache_status zcache_batch_delete(zcache_batch_t *batch, const void *key, size_t key_size);

/* Sends the batch without waiting for the answer. Returns OK, BUSY (it is not being filled, or
 * ZCACHE_REQUESTS_MAX are under way: wait for one) or what single calls return. */
zcache_status zcache_batch_send(zcache_batch_t *batch);

/* Waits until the batch is answered or the handle's timeout has passed since it was sent. Returns
 * OK if every operation has a result (which may itself be an error), INVALID if it was not sent, or
 * what single calls return; after a TIMEOUT of one call or batch all that were under way beside it
 * have timed out as well. */
zcache_status zcache_batch_wait(zcache_batch_t *batch);

/* How many operations the batch has. */
size_t zcache_batch_count(const zcache_batch_t *batch);

/* The status of operation `index` (counted from 0) and, where it is a get that hit, its value:
 * *data is borrowed until the batch is reset or destroyed. `data`, `size` and `type` may be NULL.
 * INVALID: no such operation, or no answer yet. BUSY: the answer had no more room for the value of
 * this get (ZCACHE_MESSAGE_MAX), or the node is at another limit: ask again. */
zcache_status zcache_batch_result(const zcache_batch_t *batch, size_t index, const void **data,
                                  size_t *size, zcache_type *type);

/* Empties the batch for new operations; an answer that is still under way is dropped. */
void zcache_batch_reset(zcache_batch_t *batch);

#ifdef __cplusplus
}
#endif
#endif
