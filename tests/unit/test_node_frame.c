/* SPDX-License-Identifier: MPL-2.0 */
/* Encoded messages on their way out, and the bytes of them that wait. */
#include <criterion/criterion.h>
#include <string.h>

#include "node/frame.h"

static zc_ledger_t *ledger;
static zc_buffer_t buffer;

static void setup(void) {
    ledger = zc_ledger_new();
    cr_assert_not_null(ledger);
    zc_buffer_init(&buffer, zc_allocator_system());
}

static void teardown(void) {
    zc_buffer_fini(&buffer);
    zc_ledger_release(ledger);
}

TestSuite(frame, .init = setup, .fini = teardown);

static void fill(size_t bytes) {
    buffer.bytes = 0;
    uint8_t *at = zc_buffer_reserve(&buffer, bytes);
    cr_assert_not_null(at);
    memset(at, 'x', bytes);
    buffer.bytes = bytes;
}

Test(frame, small_content_is_copied_and_the_buffer_is_kept) {
    zmq_msg_t frame;
    fill(ZC_FRAME_COPIED_MAX);
    const uint8_t *data = buffer.data;
    cr_assert_eq(zc_frame_init(&frame, ledger, ZC_LANE_PEERS, &buffer), ZCACHE_OK);
    cr_assert_eq(zmq_msg_size(&frame), ZC_FRAME_COPIED_MAX);
    cr_assert_neq(zmq_msg_data(&frame), data);
    cr_assert_eq(buffer.data, data);
    cr_assert_eq(zc_ledger_waiting(ledger, ZC_LANE_PEERS), 0);
    zmq_msg_close(&frame);
}

Test(frame, large_content_is_handed_over_and_counted_until_it_is_freed) {
    zmq_msg_t frame;
    fill(ZC_FRAME_COPIED_MAX + 1);
    const uint8_t *data = buffer.data;
    cr_assert_eq(zc_frame_init(&frame, ledger, ZC_LANE_PEERS, &buffer), ZCACHE_OK);
    cr_assert_eq(zmq_msg_data(&frame), data);
    cr_assert_eq(buffer.data, NULL);
    cr_assert(zc_ledger_waiting(ledger, ZC_LANE_PEERS) > ZC_FRAME_COPIED_MAX);
    cr_assert_eq(zc_ledger_waiting(ledger, ZC_LANE_ROUTES), 0);
    zmq_msg_close(&frame);
    cr_assert_eq(zc_ledger_waiting(ledger, ZC_LANE_PEERS), 0);
}

Test(frame, empty_content_is_an_empty_frame) {
    zmq_msg_t frame;
    cr_assert_eq(zc_frame_init(&frame, ledger, ZC_LANE_PEERS, &buffer), ZCACHE_OK);
    cr_assert_eq(zmq_msg_size(&frame), 0);
    zmq_msg_close(&frame);
}

Test(frame, what_would_wait_beyond_the_bound_is_busy_and_left_in_the_buffer) {
    enum { PIECE = 16 << 20, PIECES = 16 };
    zmq_msg_t frames[PIECES];
    size_t taken = 0;
    zcache_status status = ZCACHE_OK;
    while (status == ZCACHE_OK && taken < PIECES) {
        uint8_t *at = zc_buffer_reserve(&buffer, PIECE);
        cr_assert_not_null(at);
        buffer.bytes = PIECE;
        status = zc_frame_init(&frames[taken], ledger, ZC_LANE_ROUTES, &buffer);
        taken += status == ZCACHE_OK;
    }
    cr_assert_eq(status, ZCACHE_BUSY);
    cr_assert_eq(buffer.bytes, PIECE);
    cr_assert_eq(taken, ZCACHE_LANE_WAITING_MAX / PIECE + 1);
    cr_assert_not(zc_ledger_has_room(ledger, ZC_LANE_ROUTES));
    cr_assert(zc_ledger_has_room(ledger, ZC_LANE_ROUTES + 1));
    zmq_msg_t other;
    cr_assert_eq(zc_frame_init(&other, ledger, ZC_LANE_PEERS, &buffer), ZCACHE_OK);
    zmq_msg_close(&other);
    for (size_t i = 0; i < taken; i++) {
        zmq_msg_close(&frames[i]);
    }
    cr_assert_eq(zc_ledger_waiting(ledger, ZC_LANE_ROUTES), 0);
}

Test(frame, all_lanes_together_are_bounded) {
    enum { PIECE = 64 << 20, PIECES = 16 };
    zmq_msg_t frames[PIECES];
    size_t taken = 0;
    while (taken < PIECES) {
        cr_assert_not_null(zc_buffer_reserve(&buffer, PIECE));
        buffer.bytes = PIECE;
        if (zc_frame_init(&frames[taken], ledger, zc_lane_of_route(taken), &buffer) != ZCACHE_OK) {
            break;
        }
        taken++;
    }
    cr_assert_eq(taken, ZCACHE_WAITING_MAX / PIECE + 1);
    for (size_t i = 0; i < taken; i++) {
        zmq_msg_close(&frames[i]);
    }
    cr_assert(zc_ledger_has_room(ledger, zc_lane_of_route(0)));
}

Test(frame, ledger_outlives_its_node) {
    zmq_msg_t frame;
    zc_ledger_t *own = zc_ledger_new();
    fill(ZC_FRAME_COPIED_MAX + 1);
    cr_assert_eq(zc_frame_init(&frame, own, ZC_LANE_PEERS, &buffer), ZCACHE_OK);
    zc_ledger_release(own);
    zmq_msg_close(&frame);
}
