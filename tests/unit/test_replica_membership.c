/* SPDX-License-Identifier: MPL-2.0 */
/* Who is in the mesh (M1-M4). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start(NULL);
    subject_tick();
    subject_decided();
}

TestSuite(replica_membership, .init = start, .fini = subject_stop);

static void hello(char letter, const char *endpoint) {
    zc_message_t message = {.type = ZC_MESSAGE_HELLO};
    message.hello.identity = subject_identity(letter);
    message.hello.wants_members = true;
    if (endpoint != NULL) {
        message.hello.identity.endpoint = zc_slice_text(endpoint);
    }
    subject_receive(subject_route((uint64_t)letter), &message);
}

static void welcome(zc_peer_number_t number, char letter) {
    zc_message_t message = subject_welcome(letter, false);
    subject_receive(subject_peer(number), &message);
}

/* Says hello, and answers `after_ms` later that it is joining or not. */
static void meet(char letter, uint64_t after_ms, bool joining) {
    hello(letter, NULL);
    subject_run_ms(after_ms);
    const zc_peer_t *peer =
        zc_peers_dialling(&subject_replica()->peers, subject_identity(letter).endpoint);
    zc_message_t message = subject_welcome(letter, joining);
    subject_receive(subject_peer(peer->number), &message);
}

/* The time in which the next heartbeat is sent. */
static uint64_t next_heartbeat_ms(void) {
    uint64_t sent_us = subject_replica()->heartbeat_sent_us;
    uint64_t ms = 0;
    for (; subject_replica()->heartbeat_sent_us == sent_us; ms++) {
        subject_run_ms(1);
    }
    return ms;
}

static void members(zc_peer_number_t number, const char *letters) {
    zc_member_t list[8];
    size_t count = 0;
    for (const char *letter = letters; *letter != '\0'; letter++) {
        list[count++] = (zc_member_t){.origin = subject_origin(*letter),
                                      .endpoint = subject_identity(*letter).endpoint};
    }
    zc_message_t message = {.type = ZC_MESSAGE_MEMBERS};
    message.members = (zc_members_t){.members = list, .count = count};
    subject_receive(subject_peer(number), &message);
}

Test(replica_membership, who_says_hello_is_welcomed_and_dialled_back_but_not_believed) {
    hello('b', NULL);
    cr_assert_str_eq(subject_decided(), "to route 98: welcome 1 members\n"
                                        "dial 0 tcp://b:5000\n"
                                        "to peer 0: hello\n");
    cr_assert_eq(subject_state(0), ZC_PEER_DIALLED);
}

Test(replica_membership, joiner_hears_a_heartbeat_once_it_has_subscribed) {
    subject_run_ms(100);
    meet('b', 5, true);
    cr_assert_eq(next_heartbeat_ms(), 5, "it subscribes as long as it is dialled");
    cr_assert_eq(next_heartbeat_ms(), SUBJECT_HEARTBEAT_MS - 110, "the others keep their time");
    cr_assert_eq(next_heartbeat_ms(), SUBJECT_HEARTBEAT_MS);
}

Test(replica_membership, one_heartbeat_is_for_all_who_join) {
    subject_run_ms(100);
    meet('b', 5, true);
    meet('c', 3, true);
    cr_assert_eq(next_heartbeat_ms(), 3);
    cr_assert_eq(next_heartbeat_ms(), SUBJECT_HEARTBEAT_MS - 111);
}

Test(replica_membership, joiners_do_not_crowd_the_heartbeats) {
    subject_run_ms(100);
    meet('b', 0, true);
    subject_tick();
    meet('c', 1, true);
    cr_assert_eq(next_heartbeat_ms(), SUBJECT_HEARTBEAT_MS / 8);
}

Test(replica_membership, heartbeat_that_a_joiner_may_have_missed_is_not_all) {
    subject_run_ms(SUBJECT_HEARTBEAT_MS - 6);
    meet('b', 5, true);
    cr_assert_eq(next_heartbeat_ms(), 1);
    cr_assert_eq(next_heartbeat_ms(), SUBJECT_HEARTBEAT_MS / 8 + 1);
}

Test(replica_membership, heartbeats_keep_their_time_where_nobody_waits_for_them) {
    subject_run_ms(100);
    meet('b', 5, false);
    cr_assert_eq(next_heartbeat_ms(), SUBJECT_HEARTBEAT_MS - 105);
    subject_stop();
    subject_start_joining();
    subject_tick();
    meet('c', 5, true);
    cr_assert_eq(next_heartbeat_ms(), SUBJECT_HEARTBEAT_MS - 5, "who joins does not give");
}

Test(replica_membership, who_answers_is_a_member_and_subscribed_to) {
    hello('b', NULL);
    subject_decided();
    welcome(0, 'b');
    cr_assert_str_eq(subject_decided(), "subscribe 0 tcp://b:5001\nnotice live b\n");
    cr_assert_eq(subject_state(0), ZC_PEER_LIVE);
    hello('c', NULL);
    cr_assert_str_eq(subject_decided(), "to route 99: welcome 2 members\n"
                                        "dial 1 tcp://c:5000\n"
                                        "to peer 1: hello\n");
}

Test(replica_membership, hello_of_a_member_is_welcomed_and_no_more) {
    subject_meet('b');
    hello('b', NULL);
    cr_assert_str_eq(subject_decided(), "to route 98: welcome 2 members\n");
}

Test(replica_membership, who_does_not_want_the_members_is_welcomed_without) {
    subject_meet('b');
    zc_message_t message = {.type = ZC_MESSAGE_HELLO};
    message.hello.identity = subject_identity('b');
    subject_receive(subject_route(1), &message);
    cr_assert_str_eq(subject_decided(), "to route 1: welcome 0 members\n");
}

Test(replica_membership, own_hello_is_welcomed_so_that_it_can_be_told) {
    hello('s', NULL);
    cr_assert_str_eq(subject_decided(), "to route 115: welcome 1 members\n");
    cr_assert_eq(subject_replica()->peers.count, 0);
}

Test(replica_membership, address_that_answers_as_oneself_is_forgotten) {
    hello('b', NULL);
    subject_decided();
    welcome(0, 's');
    cr_assert_str_eq(subject_decided(), "hang_up 0\n");
}

Test(replica_membership, members_of_a_welcome_are_dialled) {
    zc_peer_number_t b = subject_meet('b');
    members(b, "sbcd");
    cr_assert_str_eq(subject_decided(), "dial 1 tcp://c:5000\nto peer 1: hello\n"
                                        "dial 2 tcp://d:5000\nto peer 2: hello\n");
    members(b, "sbcd");
    cr_assert_str_eq(subject_decided(), "", "once");
}

Test(replica_membership, who_does_not_list_this_node_is_told_of_it_again) {
    zc_peer_number_t b = subject_meet('b');
    members(b, "b");
    cr_assert_str_eq(subject_decided(), "to peer 0: hello\n");
}

Test(replica_membership, list_has_the_node_itself_and_all_that_are_not_gone) {
    subject_meet('b');
    subject_meet('c');
    hello('d', NULL);
    zc_peers_at(&subject_replica()->peers, 1)->state = ZC_PEER_GONE;
    subject_decided();
    zc_message_t message = {.type = ZC_MESSAGE_MEMBERS_ASK};
    subject_receive(subject_route(1), &message);
    cr_assert_str_eq(subject_decided(), "to route 1: members 2\n");
}

Test(replica_membership, same_node_under_two_addresses_is_one_peer) {
    subject_meet('b');
    hello('b', "tcp://alias:1");
    subject_decided();
    welcome(1, 'b');
    cr_assert_str_eq(subject_decided(), "hang_up 1\n");
    cr_assert_eq(subject_state(0), ZC_PEER_LIVE);
}

Test(replica_membership, address_that_works_replaces_one_that_does_not) {
    zc_peer_number_t b = subject_meet('b');
    zc_peers_at(&subject_replica()->peers, b)->state = ZC_PEER_GONE;
    hello('b', "tcp://moved:1");
    subject_decided();
    welcome(1, 'b');
    cr_assert_str_eq(subject_decided(), "hang_up 0\nsubscribe 1 tcp://b:5001\nnotice live b\n");
}

/* The user named tcp://b:5000, and b is also met at another address: peers 0 and 1. */
static void meet_seed_elsewhere(void) {
    subject_stop();
    subject_start_joining();
    subject_tick();
    hello('b', "tcp://alias:1");
}

static bool is_seed(zc_peer_number_t number) {
    return zc_peers_at(&subject_replica()->peers, number)->seed;
}

Test(replica_membership, peer_whose_other_address_was_named_is_as_good_as_named) {
    meet_seed_elsewhere();
    welcome(1, 'b');
    cr_assert_not(is_seed(1));
    subject_decided();
    welcome(0, 'b');
    cr_assert_str_eq(subject_decided(), "hang_up 0\n");
    cr_assert(is_seed(1));
}

Test(replica_membership, named_address_stays_named_where_another_one_turns_out_to_be_the_same) {
    meet_seed_elsewhere();
    welcome(0, 'b');
    subject_decided();
    welcome(1, 'b');
    cr_assert_str_eq(subject_decided(), "hang_up 1\n");
    cr_assert(is_seed(0));
}

Test(replica_membership, address_that_replaces_a_named_one_is_as_good_as_named) {
    meet_seed_elsewhere();
    welcome(0, 'b');
    zc_peers_at(&subject_replica()->peers, 0)->state = ZC_PEER_GONE;
    welcome(1, 'b');
    cr_assert_null(zc_peers_at(&subject_replica()->peers, 0));
    cr_assert(is_seed(1));
}

Test(replica_membership, named_address_that_replaces_another_one_stays_named) {
    meet_seed_elsewhere();
    welcome(1, 'b');
    zc_peers_at(&subject_replica()->peers, 1)->state = ZC_PEER_GONE;
    welcome(0, 'b');
    cr_assert_null(zc_peers_at(&subject_replica()->peers, 1));
    cr_assert(is_seed(0));
}

Test(replica_membership, restart_at_the_same_endpoint_replaces_the_old_life) {
    zc_peer_number_t b = subject_meet('b');
    subject_batch('b', 0, subject_hlc(0), "x=1");
    hello('c', "tcp://b:5000");
    cr_assert_str_eq(subject_decided(),
                     "to route 99: welcome 2 members\n"
                     "to peer 0: hello\n",
                     "a hello alone does not cut a connection over which the peer is heard");
    welcome(b, 'c');
    cr_assert_str_eq(subject_decided(), "notice replaced c\nsubscribe 0 tcp://c:5001\n");
    const zc_peer_t *peer = zc_peers_at(&subject_replica()->peers, b);
    cr_assert_eq(peer->last, 0);
    cr_assert_not(peer->broadcast_heard);
    cr_assert_str_eq(subject_holds("x"), "1", "what the old life wrote stays");
}

Test(replica_membership, restart_of_a_silent_peer_is_dialled_at_once) {
    zc_peer_number_t b = subject_meet('b');
    zc_peers_at(&subject_replica()->peers, b)->state = ZC_PEER_SUSPECT;
    hello('c', "tcp://b:5000");
    cr_assert_str_eq(subject_decided(), "to route 99: welcome 2 members\n"
                                        "dial 0 tcp://b:5000\n"
                                        "subscribe 0 tcp://b:5001\n"
                                        "to peer 0: hello\n");
}

Test(replica_membership, peer_that_claims_an_address_does_not_keep_its_owner_out) {
    hello('l', "tcp://liar:1");
    zc_message_t claim = subject_welcome('l', false);
    claim.welcome.identity.endpoint = zc_slice_text("tcp://b:5000");
    subject_receive(subject_peer(0), &claim);
    zc_peers_at(&subject_replica()->peers, 0)->state = ZC_PEER_GONE;
    subject_decided();
    hello('b', NULL);
    cr_assert_not_null(strstr(subject_decided(), "dial 1 tcp://b:5000\n"));
    welcome(1, 'b');
    cr_assert_eq(subject_state(1), ZC_PEER_LIVE);
}

Test(replica_membership, goodbye_forgets_the_peer) {
    subject_meet('b');
    zc_message_t message = {.type = ZC_MESSAGE_GOODBYE};
    message.goodbye.origin = subject_origin('b');
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    cr_assert_str_eq(subject_decided(), "notice left b\nhang_up 0\n");
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    cr_assert_str_eq(subject_decided(), "");
}

Test(replica_membership, address_that_the_user_named_is_dialled_on_after_a_goodbye) {
    subject_stop();
    subject_start_joining();
    subject_tick();
    welcome(0, 'b');
    subject_decided();
    zc_message_t message = {.type = ZC_MESSAGE_GOODBYE};
    message.goodbye.origin = subject_origin('b');
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    cr_assert_str_eq(subject_decided(), "notice left b\n");
    subject_run_ms(2000);
    cr_assert_not_null(strstr(subject_decided(), "dial 0 tcp://b:5000\n"));
}

Test(replica_membership, refusal_is_told_once) {
    hello('b', NULL);
    subject_decided();
    zc_message_t message = {.type = ZC_MESSAGE_REFUSED};
    message.refused = (zc_refused_t){.reason = ZC_REFUSED_VERSION, .version = 9};
    subject_receive(subject_peer(0), &message);
    cr_assert_str_eq(subject_decided(), "notice version tcp://b:5000\n");
    message.refused.reason = ZC_REFUSED_FULL;
    subject_receive(subject_peer(0), &message);
    cr_assert_str_eq(subject_decided(), "");
    hello('c', NULL);
    subject_decided();
    subject_receive(subject_peer(1), &message);
    cr_assert_str_eq(subject_decided(), "notice full tcp://c:5000\n");
}

Test(replica_membership, hello_beyond_the_limit_of_members_is_refused) {
    zc_peers_t *peers = &subject_replica()->peers;
    for (int i = 0; i < ZCACHE_MEMBERS_MAX; i++) {
        zc_peer_t *peer = NULL;
        cr_assert_eq(zc_peers_add(peers, zc_slice_text("tcp://x:1"), &peer), ZCACHE_OK);
    }
    hello('b', NULL);
    cr_assert_str_eq(subject_decided(),
                     "to route 98: welcome 1 members\nto route 98: refused full\n");
    cr_assert_eq(subject_counters().members_refused, 1);
}

Test(replica_membership, joiner_runs_on_the_clock_of_the_first_that_is_not_joining_itself) {
    subject_stop();
    subject_start_joining();
    subject_tick();
    zc_message_t message = subject_welcome('b', true);
    message.welcome.clock_ms = 5000000000;
    subject_receive(subject_peer(0), &message);
    cr_assert_eq(zc_clock_mesh_ms(&subject_replica()->clock), SUBJECT_MESH_MS);
    message.welcome.joining = false;
    subject_receive(subject_peer(0), &message);
    cr_assert_eq(zc_clock_mesh_ms(&subject_replica()->clock), 5000000000);
    message.welcome.clock_ms = 6000000000;
    subject_receive(subject_peer(0), &message);
    cr_assert_eq(zc_clock_mesh_ms(&subject_replica()->clock), 5000000000, "once");
}

Test(replica_membership, hash_is_of_the_members_and_not_of_their_order) {
    uint64_t alone = zc_membership_hash(subject_replica());
    zc_peer_number_t b = subject_meet('b');
    uint64_t both = zc_membership_hash(subject_replica());
    cr_assert_neq(alone, both);
    zc_peers_at(&subject_replica()->peers, b)->state = ZC_PEER_GONE;
    cr_assert_eq(zc_membership_hash(subject_replica()), alone);
    subject_stop();
    zc_replica_options_t options;
    subject_options(&options);
    options.identity = subject_identity('b');
    subject_start(&options);
    subject_meet('s');
    cr_assert_eq(zc_membership_hash(subject_replica()), both, "the same on both sides");
}

Test(replica_membership, list_is_no_longer_than_a_message_may_be) {
    zc_peers_t *peers = &subject_replica()->peers;
    for (int i = 0; i < ZCACHE_MEMBERS_MAX; i++) {
        zc_peer_t *peer = NULL;
        cr_assert_eq(zc_peers_add(peers, zc_slice_text("tcp://x:1"), &peer), ZCACHE_OK);
        peer->state = ZC_PEER_LIVE;
    }
    zc_message_t message = {.type = ZC_MESSAGE_MEMBERS_ASK};
    subject_receive(subject_route(1), &message);
    cr_assert_str_eq(subject_decided(), "to route 1: members 1024\n");
}

Test(replica_membership, answer_without_memory_is_lost_as_a_message_may_be) {
    subject_meet('b');
    zc_message_t message = {.type = ZC_MESSAGE_MEMBERS_ASK};
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        subject_fail_after(n);
        subject_receive(subject_route(1), &message);
        failed = subject_failed();
        cr_assert_str_eq(subject_decided(), failed ? "" : "to route 1: members 2\n");
    }
    failed = true;
    for (uint64_t n = 0; failed; n++) {
        subject_fail_after(n);
        hello('b', NULL);
        failed = subject_failed();
        cr_assert_str_eq(subject_decided(), failed ? "" : "to route 98: welcome 2 members\n");
    }
}

Test(replica_membership, own_address_is_forgotten_also_without_memory) {
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        hello('b', NULL);
        subject_decided();
        subject_fail_after(n);
        welcome(0, 's');
        failed = subject_failed();
        cr_assert_str_eq(subject_decided(), failed ? "" : "hang_up 0\n");
        cr_assert_eq(subject_replica()->peers.count, 0);
    }
}

/* As many as it takes for every table to grow. */
Test(replica_membership, who_answers_while_there_is_no_memory_is_a_member_when_it_answers_again) {
    for (int i = 'b'; i < 's'; i++) {
        char letter = (char)i;
        hello(letter, NULL);
        zc_peer_number_t number = (zc_peer_number_t)(letter - 'b');
        bool failed = true;
        for (uint64_t n = 0; failed; n++) {
            uint64_t refused = subject_counters().members_refused;
            subject_fail_after(n);
            welcome(number, letter);
            failed = subject_failed();
            cr_assert(failed || subject_counters().members_refused == refused);
        }
        cr_assert_eq(subject_state(number), ZC_PEER_LIVE);
        zc_origin_t origin = subject_origin(letter);
        const zc_peer_t *peer = zc_peers_at(&subject_replica()->peers, number);
        cr_assert(zc_origin_equal(&peer->identity.origin, &origin));
    }
    cr_assert_gt(subject_counters().members_refused, 0);
}
