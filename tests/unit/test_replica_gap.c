/* SPDX-License-Identifier: MPL-2.0 */
/* Gaps in what peers write: asked for soon, one after the other (R4). */
#include <criterion/criterion.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start(NULL);
    subject_meet('b');
    subject_tick();
    subject_decided();
}

TestSuite(replica_gap, .init = start, .fini = subject_stop);

Test(replica_gap, gap_that_waits_for_another_one_is_asked_for_when_that_has_ended) {
    zc_hlc_t last = subject_hlc(0);
    subject_meet('c');
    subject_heartbeat('b', last);
    subject_run_ms(SUBJECT_HEARTBEAT_MS / 4 + 1);
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
    subject_heartbeat('c', last);
    subject_run_ms(SUBJECT_HEARTBEAT_MS / 2);
    cr_assert_str_eq(subject_decided(), "", "one at a time");
    zc_message_t end = subject_end(subject_session(), 0);
    subject_receive(subject_peer(0), &end);
    subject_run_ms(1);
    cr_assert_str_eq(subject_decided(), "to peer 1: sync_ask\n");
}

Test(replica_gap, write_of_long_ago_is_asked_for_at_once) {
    subject_heartbeat('b', subject_hlc(-2 * SUBJECT_HEARTBEAT_MS));
    subject_tick();
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
}

Test(replica_gap, one_that_is_still_there_is_asked_for_again) {
    zc_hlc_t last = subject_hlc(0);
    subject_heartbeat('b', last);
    subject_run_ms(SUBJECT_HEARTBEAT_MS / 4 + 1);
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
    uint64_t session = subject_session();
    zc_message_t end = subject_end(session, 1);
    subject_receive(subject_peer(0), &end);
    cr_assert_eq(subject_counters().transfers_broken, 1);
    subject_decided();
    while (subject_replica()->asks[ZC_ASK_GAP].phase != ZC_ASK_RECEIVING) {
        subject_heartbeat('b', last);
        subject_run_ms(10);
    }
    cr_assert_neq(subject_replica()->asks[ZC_ASK_GAP].session, session);
}
