/* SPDX-License-Identifier: MPL-2.0 */
/* Broadcasting.
 *
 * Invariant: a message is sent whole or counted as dropped, and nothing here waits. */
#include "node/publisher.h"

#include "lib/wire/wire.h"

void zc_publisher_init(zc_publisher_t *publisher, zc_ledger_t *ledger) {
    *publisher = (zc_publisher_t){.ledger = ledger};
    zc_buffer_init(&publisher->buffer, zc_allocator_system());
}

void zc_publisher_fini(zc_publisher_t *publisher) {
    zc_buffer_fini(&publisher->buffer);
}

static bool send_frame(void *socket, zmq_msg_t *frame) {
    if (zmq_msg_send(frame, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(frame);
        return false;
    }
    return true;
}

void zc_publisher_send(zc_publisher_t *publisher, const zc_message_t *message) {
    zmq_msg_t frame;
    bool sent = publisher->socket != NULL &&
                zc_wire_encode(message, &publisher->buffer) == ZCACHE_OK &&
                zc_frame_init(&frame, publisher->ledger, ZC_LANE_BROADCAST, &publisher->buffer) ==
                    ZCACHE_OK &&
                send_frame(publisher->socket, &frame);
    publisher->dropped += !sent;
}
