/* SPDX-License-Identifier: MPL-2.0 */
/* Any bytes as an event of a change stream: a status, never a crash; what is taken can be written
 * again and then is the same event. */
#include "lib/base/assert.h"
#include "lib/wire/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static zc_watch_event_t event;
    zcache_status status = zc_event_decode(zc_slice(data, size), &event);
    if (status != ZCACHE_OK) {
        ZC_ASSERT(status == ZCACHE_MALFORMED);
        return 0;
    }
    zc_buffer_t first;
    zc_buffer_t second;
    zc_buffer_init(&first, zc_allocator_system());
    zc_buffer_init(&second, zc_allocator_system());
    ZC_ASSERT(zc_event_encode(&event, &first) == ZCACHE_OK);
    ZC_ASSERT(zc_event_decode(zc_buffer_slice(&first), &event) == ZCACHE_OK);
    ZC_ASSERT(zc_event_encode(&event, &second) == ZCACHE_OK);
    ZC_ASSERT(zc_slice_equal(zc_buffer_slice(&first), zc_buffer_slice(&second)));
    zc_buffer_fini(&first);
    zc_buffer_fini(&second);
    return 0;
}
