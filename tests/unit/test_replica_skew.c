/* SPDX-License-Identifier: MPL-2.0 */
/* Clocks that are too far apart (R2): both sides know, and it ends by itself. */
#include <criterion/criterion.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start(NULL);
    subject_meet('b');
    subject_tick();
    subject_decided();
}

TestSuite(replica_skew, .init = start, .fini = subject_stop);

/* b tells a time so far ahead of (or, negative, behind) this node's. */
static void heartbeat(int64_t ahead_ms) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){.origin = subject_origin('b'),
                                         .clock_ms = zc_hlc_ms(subject_hlc(ahead_ms)),
                                         .state_hash = subject_replica()->state_hash,
                                         .members_hash = subject_replica()->members_hash};
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
}

static void heartbeats(int64_t ahead_ms, int count) {
    for (int i = 0; i < count; i++) {
        heartbeat(ahead_ms);
        subject_run_ms(SUBJECT_HEARTBEAT_MS);
    }
}

static const zc_peer_t *b(void) {
    return zc_peers_at(&subject_replica()->peers, 0);
}

Test(replica_skew, peer_within_the_limit_is_neither_ahead_nor_behind) {
    heartbeats(10000, 20);
    heartbeats(-9999, 20);
    cr_assert_eq(b()->state, ZC_PEER_LIVE);
    cr_assert_eq(b()->skew_ms + b()->lead_ms, 0);
    cr_assert_null(strstr(subject_decided(), "skewed"));
}

Test(replica_skew, node_that_is_ahead_says_so_once_and_counts) {
    heartbeats(-10001, 12);
    cr_assert_eq(b()->state, ZC_PEER_LIVE, "what is behind is applied");
    cr_assert_eq(b()->lead_ms, 10001);
    const char *decided = subject_decided();
    const char *notice = strstr(decided, "notice self_skewed b\n");
    cr_assert_not_null(notice);
    cr_assert_null(strstr(notice + strlen("notice self"), "notice self"));
    cr_assert_gt(subject_counters().skewed_here, 1);
}

Test(replica_skew, it_ends_once_the_clocks_are_together_again) {
    heartbeats(-10001, 12);
    heartbeat(0);
    cr_assert_eq(b()->lead_ms, 0);
    uint64_t counted = subject_counters().skewed_here;
    heartbeats(-10001, 4);
    cr_assert_eq(subject_counters().skewed_here, counted, "it has to last again");
}

Test(replica_skew, heartbeats_that_were_waiting_to_be_read_mean_nothing) {
    for (int i = 0; i < 200; i++) {
        heartbeat(-60000);
    }
    cr_assert_eq(b()->lead_ms, 0);
    cr_assert_str_eq(subject_decided(), "");
}

Test(replica_skew, own_writes_that_are_ahead_count_as_the_clock_does) {
    subject_batch('b', 0, subject_hlc(9000), "k=1");
    subject_set("m", "2", 0);
    heartbeats(-5000, 12);
    cr_assert_gt(b()->lead_ms, 10000, "the write was stamped above what had come");
}

Test(replica_skew, view_shows_it_with_its_sign) {
    zc_peer_view_t view;
    heartbeats(-10001, 12);
    cr_assert(zc_replica_peer(subject_replica(), 1, &view));
    cr_assert_eq(view.skew_ms, -10001);
    heartbeat(15000);
    cr_assert(zc_replica_peer(subject_replica(), 1, &view));
    cr_assert_eq(view.state, ZC_PEER_SKEWED);
    cr_assert_gt(view.skew_ms, 10000);
}
