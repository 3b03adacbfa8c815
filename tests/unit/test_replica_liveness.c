/* SPDX-License-Identifier: MPL-2.0 */
/* Heartbeats (R5) and who is there (M3). */
#include <criterion/criterion.h>

#include "tests/support/subject.h"

static const zc_link_t broadcast = {.type = ZC_LINK_BROADCAST};

static void start(void) {
    subject_start(NULL);
    subject_meet('b');
    subject_tick();
    subject_decided();
}

TestSuite(replica_liveness, .init = start, .fini = subject_stop);

/* The heartbeat that the next tick at which one is due broadcasts. */
static zc_heartbeat_t next_heartbeat(void) {
    subject_replica()->heartbeat_at_us = subject_replica()->clock.now_us;
    zc_event_t event = {.type = ZC_EVENT_TICK, .now_us = subject_replica()->clock.now_us};
    zc_effects_t effects;
    zc_replica_step(subject_replica(), &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.effects[i].type == ZC_EFFECT_BROADCAST &&
            effects.effects[i].message.type == ZC_MESSAGE_HEARTBEAT) {
            return effects.effects[i].message.heartbeat;
        }
    }
    cr_assert_fail("no heartbeat was broadcast");
    return (zc_heartbeat_t){.last = 0};
}

/* A heartbeat with other hashes than the subject's. */
static void differ_from(char letter, bool state, bool members, bool joining) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){
        .origin = subject_origin(letter),
        .clock_ms = zc_hlc_ms(subject_hlc(0)),
        .state_hash = subject_replica()->state_hash + state,
        .members_hash = subject_replica()->members_hash + members,
        .joining = joining,
    };
    subject_receive(broadcast, &message);
}

static void differ(bool state, bool members, bool joining) {
    differ_from('b', state, members, joining);
}

static void keep_alive(uint64_t ms) {
    for (uint64_t i = 0; i < ms; i += 100) {
        subject_heartbeat('b', 0);
        subject_run_ms(100);
    }
}

Test(replica_liveness, heartbeat_tells_what_was_sent_and_what_is_held) {
    subject_set("a", "1", 0);
    zc_heartbeat_t before = next_heartbeat();
    cr_assert_eq(before.last, 0, "the write goes out after it");
    zc_heartbeat_t after = next_heartbeat();
    cr_assert_eq(after.last, subject_replica()->written);
    cr_assert_eq(after.clock_ms, zc_hlc_ms(subject_hlc(0)));
    zc_store_stats_t stats;
    zc_store_stats(zc_replica_store(subject_replica()), &stats);
    cr_assert_eq(after.digest, stats.digest);
    cr_assert_not(after.joining);
    cr_assert_eq(after.members_hash, zc_membership_hash(subject_replica()));
}

Test(replica_liveness, state_hash_is_of_origins_that_are_not_heard_clear_and_settings) {
    uint64_t before = next_heartbeat().state_hash;
    subject_set("a", "1", 0);
    subject_batch('b', 0, subject_hlc(0), "x=1");
    cr_assert_eq(next_heartbeat().state_hash, before,
                 "the own and those that are heard do not count");
    subject_batch('q', 0, subject_hlc(0), "y=1");
    uint64_t with_unheard = next_heartbeat().state_hash;
    cr_assert_neq(with_unheard, before);
    zc_peers_at(&subject_replica()->peers, 0)->state = ZC_PEER_SUSPECT;
    cr_assert_neq(next_heartbeat().state_hash, with_unheard);
    zc_peers_at(&subject_replica()->peers, 0)->state = ZC_PEER_LIVE;
    cr_assert_eq(next_heartbeat().state_hash, with_unheard);
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text("max_size");
    event.configure.number = 5;
    subject_step(&event);
    uint64_t with_settings = next_heartbeat().state_hash;
    cr_assert_neq(with_settings, with_unheard);
    zc_event_t clear = {.type = ZC_EVENT_WRITE};
    clear.write.type = ZC_WRITE_CLEAR;
    subject_step(&clear);
    cr_assert_neq(next_heartbeat().state_hash, with_settings);
}

Test(replica_liveness, lost_tail_is_asked_for) {
    zc_hlc_t last = subject_hlc(0);
    subject_heartbeat('b', last);
    subject_run_ms(SUBJECT_HEARTBEAT_MS / 4 + 1);
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n");
    cr_assert_eq(subject_counters().gaps, 1);
}

Test(replica_liveness, state_that_differs_once_is_nothing_and_twice_leads_to_an_exchange) {
    differ(true, false, false);
    subject_run_ms(200);
    cr_assert_str_eq(subject_decided(), "");
    differ(true, false, false);
    subject_run_ms(200);
    cr_assert_not_null(strstr(subject_decided(), "to peer 0: sync_ask\n"));
}

Test(replica_liveness, state_that_agrees_again_is_nothing) {
    differ(true, false, false);
    differ(false, false, false);
    differ(true, false, false);
    differ(true, false, true);
    differ(true, false, false);
    subject_run_ms(200);
    cr_assert_null(strstr(subject_decided(), "sync_ask"));
}

Test(replica_liveness, members_that_differ_twice_are_asked_for_but_not_all_the_time) {
    keep_alive(2000);
    subject_decided();
    differ(false, true, false);
    cr_assert_str_eq(subject_decided(), "");
    for (int i = 0; i < 10; i++) {
        differ(false, true, false);
    }
    cr_assert_str_eq(subject_decided(), "to peer 0: members_ask\n");
    subject_run_ms(1);
    cr_assert_str_eq(subject_decided(), "to peer 0: sync_ask\n",
                     "it may hear somebody that this node cannot");
}

Test(replica_liveness, one_list_of_members_is_asked_for_at_a_time) {
    keep_alive(2000);
    subject_meet('c');
    for (int i = 0; i < 2; i++) {
        differ_from('b', false, true, false);
        differ_from('c', false, true, false);
    }
    cr_assert_str_eq(subject_decided(), "to peer 0: members_ask\n");
    subject_run_ms(SUBJECT_HEARTBEAT_MS);
    subject_decided();
    differ_from('b', false, true, false);
    differ_from('c', false, true, false);
    cr_assert_not_null(strstr(subject_decided(), "to peer 1: members_ask\n"), "the next one");
}

Test(replica_liveness, silent_peer_is_suspect_and_dialled_then_gone) {
    keep_alive(1000);
    subject_decided();
    subject_run_ms(5 * SUBJECT_HEARTBEAT_MS);
    cr_assert_str_eq(subject_decided(), "notice suspect b\n"
                                        "dial 0 tcp://b:5000\n"
                                        "subscribe 0 tcp://b:5001\n"
                                        "to peer 0: hello\n");
    subject_run_ms(20 * SUBJECT_HEARTBEAT_MS);
    cr_assert_not_null(strstr(subject_decided(), "notice gone b\n"));
    cr_assert_eq(subject_state(0), ZC_PEER_GONE);
}

Test(replica_liveness, peer_that_is_heard_again_is_live_and_greeted) {
    subject_run_ms(30 * SUBJECT_HEARTBEAT_MS);
    cr_assert_eq(subject_state(0), ZC_PEER_GONE);
    subject_decided();
    subject_heartbeat('b', 0);
    cr_assert_str_eq(subject_decided(), "notice live b\nto peer 0: hello\n");
    cr_assert_eq(subject_state(0), ZC_PEER_LIVE);
}

Test(replica_liveness, silent_peer_that_answers_is_not_live_before_it_is_heard) {
    subject_run_ms(5 * SUBJECT_HEARTBEAT_MS);
    cr_assert_eq(subject_state(0), ZC_PEER_SUSPECT);
    zc_message_t message = subject_welcome('b', false);
    subject_receive(subject_peer(0), &message);
    cr_assert_eq(subject_state(0), ZC_PEER_SUSPECT);
    subject_run_ms(20 * SUBJECT_HEARTBEAT_MS);
    subject_receive(subject_peer(0), &message);
    cr_assert_eq(subject_state(0), ZC_PEER_GONE);
}

Test(replica_liveness, gone_peer_is_forgotten_after_retire) {
    subject_replica()->registers.settings.retire_after_ms = 60000;
    subject_run_ms(50000);
    cr_assert_eq(subject_replica()->peers.count, 1);
    subject_run_ms(20000);
    cr_assert_eq(subject_replica()->peers.count, 0);
    cr_assert_not_null(strstr(subject_decided(), "hang_up 0\n"));
}

Test(replica_liveness, address_that_never_answers_is_forgotten) {
    zc_message_t hello = {.type = ZC_MESSAGE_HELLO};
    hello.hello.identity = subject_identity('x');
    subject_receive(subject_route(1), &hello);
    keep_alive(14000);
    cr_assert_eq(subject_replica()->peers.count, 2);
    keep_alive(2000);
    cr_assert_eq(subject_replica()->peers.count, 1);
}

Test(replica_liveness, ping_measures_the_way) {
    keep_alive(21 * SUBJECT_HEARTBEAT_MS);
    cr_assert_not_null(strstr(subject_decided(), "to peer 0: ping\n"));
    const zc_peer_t *peer = zc_peers_at(&subject_replica()->peers, 0);
    zc_message_t pong = {.type = ZC_MESSAGE_PONG};
    pong.ping.number = peer->ping_number + 1;
    uint64_t before = peer->rtt_us;
    subject_receive(subject_peer(0), &pong);
    cr_assert_eq(peer->rtt_us, before, "another number is no answer");
    uint64_t sent_us = peer->ping_sent_us;
    pong.ping.number = peer->ping_number;
    subject_run_ms(7);
    subject_receive(subject_peer(0), &pong);
    cr_assert_eq(peer->rtt_us, subject_replica()->clock.now_us - sent_us);
    cr_assert_geq(peer->rtt_us, 7000);
    zc_message_t ping = {.type = ZC_MESSAGE_PING};
    subject_receive(subject_route(3), &ping);
    cr_assert_not_null(strstr(subject_decided(), "to route 3: pong\n"));
}

Test(replica_liveness, peer_ahead_is_skewed_told_once_and_comes_back) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){.origin = subject_origin('b'),
                                         .clock_ms = zc_hlc_ms(subject_hlc(10001)),
                                         .members_hash = subject_replica()->members_hash};
    subject_receive(broadcast, &message);
    subject_receive(broadcast, &message);
    cr_assert_str_eq(subject_decided(), "notice skewed b\n");
    cr_assert_eq(zc_peers_at(&subject_replica()->peers, 0)->skew_ms, 10001);
    subject_batch('b', 0, subject_hlc(0), "x=1");
    cr_assert_str_eq(subject_holds("x"), "", "nothing of it is applied");
    subject_heartbeat('b', subject_hlc(0));
    cr_assert_eq(subject_state(0), ZC_PEER_LIVE);
    cr_assert_eq(zc_peers_at(&subject_replica()->peers, 0)->skew_ms, 0);
    subject_run_ms(100);
    cr_assert_not_null(strstr(subject_decided(), "to peer 0: sync_ask\n"), "what was dropped");
}

Test(replica_liveness, stall_of_this_node_says_nothing_of_the_others) {
    zc_event_t event = {.type = ZC_EVENT_TICK,
                        .now_us = subject_replica()->clock.now_us + 60 * 1000 * 1000};
    zc_effects_t effects;
    zc_replica_step(subject_replica(), &event, &effects);
    cr_assert_eq(subject_state(0), ZC_PEER_LIVE);
}

Test(replica_liveness, touches_go_out_with_the_heartbeat_and_only_to_somebody) {
    subject_set("a", "1", 0);
    subject_tick();
    subject_run_ms(15000);
    zc_store_item_t item;
    zc_store_t *store = zc_replica_store(subject_replica());
    uint64_t now_ms = subject_replica()->clock.now_us / 1000;
    cr_assert_eq(zc_store_get(store, zc_slice_text("a"), now_ms, true, &item), ZCACHE_OK);
    subject_decided();
    subject_run_ms(SUBJECT_HEARTBEAT_MS);
    cr_assert_not_null(strstr(subject_decided(), "broadcast touch 1\n"));
    cr_assert_eq(subject_counters().touches_sent, 1);
}

Test(replica_liveness, hole_of_one_that_is_gone_wakes_nobody_who_could_not_ask) {
    zc_hlc_t last = subject_hlc(0);
    subject_batch('b', last - 5, last, "x=1");
    subject_run_ms(30 * SUBJECT_HEARTBEAT_MS);
    cr_assert_eq(subject_state(0), ZC_PEER_GONE);
    cr_assert_eq(zc_peers_at(&subject_replica()->peers, 0)->gap_at_us, 0);
}

Test(replica_liveness, hole_of_one_that_is_gone_is_not_asked_for) {
    zc_hlc_t last = subject_hlc(0);
    subject_batch('b', last - 5, last, "x=1");
    subject_meet('c');
    subject_run_ms(30 * SUBJECT_HEARTBEAT_MS);
    subject_decided();
    subject_heartbeat('c', 0);
    for (int i = 0; i < 100; i++) {
        subject_heartbeat('c', 0);
        subject_run_ms(100);
    }
    cr_assert_null(strstr(subject_decided(), "sync_ask"));
}

Test(replica_liveness, node_alone_tells_nobody_what_was_read_and_keeps_nothing_of_it) {
    subject_stop();
    subject_start(NULL);
    subject_set("a", "1", 0);
    subject_run_ms(10000);
    zc_store_item_t item;
    zc_store_t *store = zc_replica_store(subject_replica());
    uint64_t now_ms = subject_replica()->clock.now_us / 1000;
    cr_assert_eq(zc_store_get(store, zc_slice_text("a"), now_ms, true, &item), ZCACHE_OK);
    subject_decided();
    subject_run_ms(10000);
    cr_assert_str_eq(subject_decided(), "");
    cr_assert_eq(subject_counters().touches_sent, 0);
    uint64_t key_hash;
    cr_assert_eq(zc_store_take_touches(store, &key_hash, 1), 0);
}
