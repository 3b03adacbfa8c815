/* SPDX-License-Identifier: MPL-2.0 */
/* Any bytes as a peer's message: a status, never a crash; what is taken can be written again and
 * then says the same, and reading it took no more memory than PROTOCOL.md allows. */
#include "lib/base/assert.h"
#include "lib/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SCRATCH_MULTIPLE = 24, SCRATCH_SLACK = 64 };

static void write_and_read_again(const zc_message_t *message) {
    const zc_allocator_t *allocator = zc_allocator_system();
    zc_buffer_t first;
    zc_buffer_t second;
    zc_wire_scratch_t scratch;
    zc_buffer_init(&first, allocator);
    zc_buffer_init(&second, allocator);
    zc_wire_scratch_init(&scratch, allocator);
    ZC_ASSERT(zc_wire_encode(message, &first) == ZCACHE_OK);
    zc_message_t again;
    ZC_ASSERT(zc_wire_decode(zc_buffer_slice(&first), &scratch, &again) == ZCACHE_OK);
    ZC_ASSERT(again.type == message->type);
    ZC_ASSERT(zc_wire_encode(&again, &second) == ZCACHE_OK);
    ZC_ASSERT(zc_slice_equal(zc_buffer_slice(&first), zc_buffer_slice(&second)));
    zc_buffer_fini(&first);
    zc_buffer_fini(&second);
    zc_wire_scratch_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    zc_wire_scratch_t scratch;
    zc_wire_scratch_init(&scratch, zc_allocator_system());
    zc_message_t message;
    zcache_status status = zc_wire_decode(zc_slice(data, size), &scratch, &message);
    ZC_ASSERT(scratch.capacity <= SCRATCH_MULTIPLE * size + SCRATCH_SLACK);
    if (status == ZCACHE_OK) {
        write_and_read_again(&message);
    } else {
        ZC_ASSERT(status == ZCACHE_MALFORMED || status == ZCACHE_INCOMPATIBLE);
    }
    zc_wire_scratch_fini(&scratch);
    return 0;
}
