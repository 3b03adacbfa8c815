/* SPDX-License-Identifier: MPL-2.0 */
/* Memo: get, or compute and set. The cache may fail in every way; the caller still gets what the
 * function computes. */
#include <zcache/memo.h>

#include "lib/client/client.h"

zcache_status zcache_memo(zcache_t *cache, const void *key, size_t key_size, zcache_load_fn *load,
                          void *context, uint64_t ttl_ms, zcache_value_t *value) {
    zc_client_begin(cache);
    zcache_status status = zc_client_check_key(cache, key, key_size);
    if (status == ZCACHE_OK) {
        status = zc_client_check_set(cache, "", 0, ZCACHE_RAW, ttl_ms);
    }
    if (status != ZCACHE_OK) {
        return status;
    }
    zcache_status found = zcache_get(cache, key, key_size, value);
    if (found == ZCACHE_OK) {
        return ZCACHE_OK;
    }
    uint64_t load_ttl_ms = ttl_ms;
    status = load(context, value, &load_ttl_ms);
    /* A node that could not be asked is not told either: that would be a second timeout. */
    if (status == ZCACHE_OK && found == ZCACHE_MISS) {
        zcache_set_typed(cache, key, key_size, value->data, value->size, value->type, load_ttl_ms);
    }
    /* The status is that of `load`, and the cache has nothing to say about it. */
    zc_error_clear(&cache->error);
    return status;
}
