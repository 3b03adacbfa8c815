/* SPDX-License-Identifier: MPL-2.0 */
/* Peer messages to and from bytes: msgpack as lib/PROTOCOL.md has it.
 *
 * Decoding checks everything that PROTOCOL.md states (rule L2): type, count, size, range, order,
 * depth, version, and that nothing is left over. It points into the bytes and takes memory only for
 * arrays of what it found: never more than 24 times the message (a ghost of three bytes becomes a
 * zc_record_t), as the counts of a message are believed only where its bytes can hold them.
 * Encoding is into a buffer that grows; values are copied once.
 *
 * The encoder is given what the limits of PROTOCOL.md allow; origins of vectors and floors in
 * ascending order. Else it asserts, as that is our own fault. */
#ifndef ZC_WIRE_WIRE_H
#define ZC_WIRE_WIRE_H

#include "lib/replica/message.h"
#include "lib/wire/buffer.h"

/* The code of a message, its first item (zc_message_type_t, ZC_REQUEST_CODE ...), with which a
 * ROUTER tells peers from clients; 0: the bytes do not begin as a message does. */
uint32_t zc_wire_code(zc_slice_t bytes);

/* Appends nothing and returns NO_MEMORY, or replaces the content of `buffer` by the message. */
zcache_status zc_wire_encode(const zc_message_t *message, zc_buffer_t *buffer);

/* Where a decoder keeps the arrays of the message that it returned. Used again for each message;
 * zeroed at first. */
typedef struct zc_wire_scratch {
    const zc_allocator_t *allocator;
    void *block;
    size_t capacity;
    size_t used;
} zc_wire_scratch_t;

void zc_wire_scratch_init(zc_wire_scratch_t *scratch, const zc_allocator_t *allocator);
void zc_wire_scratch_fini(zc_wire_scratch_t *scratch);

/* Decodes one whole message. *message points into `bytes` and `scratch`: valid until either
 * changes. Returns OK, MALFORMED, INCOMPATIBLE (a HELLO or WELCOME of another protocol version;
 * then message->type is REFUSED with the version found) or NO_MEMORY. */
zcache_status zc_wire_decode(zc_slice_t bytes, zc_wire_scratch_t *scratch, zc_message_t *message);

#endif
