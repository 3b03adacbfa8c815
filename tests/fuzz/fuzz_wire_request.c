/* SPDX-License-Identifier: MPL-2.0 */
/* Any bytes as a client's request: a status, never a crash; what is taken can be written again and
 * then is the same request. */
#include "lib/base/assert.h"
#include "lib/wire/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes the request, operation by operation. */
static void rewrite(zc_request_t *request, zc_buffer_t *buffer) {
    ZC_ASSERT(zc_request_begin(buffer, request->number, request->count) == ZCACHE_OK);
    zc_operation_t operation;
    while (zc_request_next(request, &operation)) {
        ZC_ASSERT(zc_request_add(buffer, &operation) == ZCACHE_OK);
    }
    ZC_ASSERT(request->taken == request->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    zc_request_t request;
    zcache_status status = zc_request_open(zc_slice(data, size), &request);
    if (status != ZCACHE_OK) {
        ZC_ASSERT(status == ZCACHE_MALFORMED || status == ZCACHE_INCOMPATIBLE ||
                  status == ZCACHE_TOO_LARGE);
        return 0;
    }
    zc_buffer_t first;
    zc_buffer_t second;
    zc_buffer_init(&first, zc_allocator_system());
    zc_buffer_init(&second, zc_allocator_system());
    rewrite(&request, &first);
    ZC_ASSERT(zc_request_open(zc_buffer_slice(&first), &request) == ZCACHE_OK);
    rewrite(&request, &second);
    ZC_ASSERT(zc_slice_equal(zc_buffer_slice(&first), zc_buffer_slice(&second)));
    zc_buffer_fini(&first);
    zc_buffer_fini(&second);
    return 0;
}
