/* SPDX-License-Identifier: MPL-2.0 */
/* Whom to ask (R9): who can answer with a delta first, then the fullest. */
#include <criterion/criterion.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start(NULL);
    for (int letter = 'b'; letter <= 'g'; letter++) {
        subject_meet((char)letter);
    }
    subject_tick();
    subject_decided();
}

TestSuite(replica_hunt, .init = start, .fini = subject_stop);

static zc_peer_t *peer_at(zc_peer_number_t number) {
    return zc_peers_at(&subject_replica()->peers, number);
}

Test(replica_hunt, peer_that_differs_is_asked_first_and_for_a_delta) {
    zc_hunt_begin(subject_replica(), 3, 0);
    bool replace = true;
    cr_assert_eq(zc_hunt_donor(subject_replica(), &replace), peer_at(3));
    cr_assert_not(replace);
}

Test(replica_hunt, then_some_others_and_at_last_one_that_cannot_for_everything) {
    zc_hunt_begin(subject_replica(), 3, 0);
    bool replace = true;
    zc_peer_t *first = zc_hunt_donor(subject_replica(), &replace);
    first->asked = true;
    first->cannot_delta = true;
    for (int i = 0; i < 3; i++) {
        zc_peer_t *other = zc_hunt_donor(subject_replica(), &replace);
        cr_assert_not_null(other);
        cr_assert_not(replace);
        cr_assert_not(other->asked, "nobody twice");
        other->asked = true;
    }
    cr_assert_eq(zc_hunt_donor(subject_replica(), &replace), first);
    cr_assert(replace);
}

Test(replica_hunt, without_anybody_who_could_not_nobody_is_asked_for_everything) {
    zc_hunt_begin(subject_replica(), ZC_PEER_NONE, 0);
    bool replace = false;
    for (zc_peer_number_t i = 0; i < 6; i++) {
        peer_at(i)->asked = true;
    }
    cr_assert_null(zc_hunt_donor(subject_replica(), &replace));
}

Test(replica_hunt, fullest_of_those_that_cannot_is_asked_for_everything) {
    zc_hunt_begin(subject_replica(), 0, 0);
    subject_replica()->hunt.replace = true;
    for (zc_peer_number_t i = 0; i < 6; i++) {
        peer_at(i)->entries = 100 * (i + 1);
        peer_at(i)->cannot_delta = i < 4;
    }
    for (int i = 0; i < 50; i++) {
        bool replace = false;
        cr_assert_eq(zc_hunt_donor(subject_replica(), &replace), peer_at(3));
        cr_assert(replace);
    }
}

Test(replica_hunt, joiner_asks_one_of_the_fullest_at_random) {
    subject_replica()->joining = true;
    static const uint64_t entries[] = {10, 95, 100, 89, 90, 0};
    for (zc_peer_number_t i = 0; i < 6; i++) {
        peer_at(i)->entries = entries[i];
    }
    int asked[6] = {0};
    for (int i = 0; i < 300; i++) {
        bool replace = false;
        const zc_peer_t *donor = zc_hunt_donor(subject_replica(), &replace);
        cr_assert(replace);
        asked[donor->number]++;
    }
    cr_assert_eq(asked[0] + asked[3] + asked[5], 0, "less than nine tenths");
    cr_assert(asked[1] > 50 && asked[2] > 50 && asked[4] > 50);
}

Test(replica_hunt, only_live_peers_are_asked) {
    static const zc_peer_state_t states[] = {ZC_PEER_DIALLED, ZC_PEER_JOINING, ZC_PEER_SUSPECT,
                                             ZC_PEER_GONE,    ZC_PEER_SKEWED,  ZC_PEER_GONE};
    for (zc_peer_number_t i = 0; i < 6; i++) {
        peer_at(i)->state = states[i];
        peer_at(i)->cannot_delta = true;
    }
    bool replace = false;
    zc_hunt_begin(subject_replica(), 0, 0);
    cr_assert_null(zc_hunt_donor(subject_replica(), &replace));
    cr_assert_null(zc_hunt_full_donor(subject_replica()));
}

Test(replica_hunt, one_hunt_at_a_time) {
    zc_hunt_for(subject_replica(), 2, 5000000);
    zc_hunt_for(subject_replica(), 4, 1);
    cr_assert_eq(subject_replica()->hunt.first, 2);
    cr_assert_eq(subject_replica()->hunt.at_us, 5000000);
    cr_assert(zc_hunt_is_under_way(subject_replica()));
}

Test(replica_hunt, first_peer_that_was_forgotten_is_passed_over) {
    zc_hunt_begin(subject_replica(), 3, 0);
    zc_membership_forget(subject_replica(), peer_at(3));
    bool replace = true;
    const zc_peer_t *donor = zc_hunt_donor(subject_replica(), &replace);
    cr_assert_not_null(donor);
    cr_assert_neq(donor->number, 3);
}

Test(replica_hunt, peer_that_does_not_answer_is_not_asked_again_before_others) {
    const zc_ask_t *hunted = &subject_replica()->asks[ZC_ASK_HUNTED];
    zc_hunt_for(subject_replica(), 3, 0);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "to peer 3: sync_ask\n");
    uint64_t session = hunted->session;
    while (hunted->phase != ZC_ASK_RECEIVING || hunted->session == session) {
        for (int letter = 'b'; letter <= 'g'; letter++) {
            subject_heartbeat((char)letter, 0);
        }
        subject_run_ms(50);
    }
    cr_assert_neq(hunted->peer, 3);
}

static void end_with(zc_sync_result_t result) {
    const zc_ask_t *hunted = &subject_replica()->asks[ZC_ASK_HUNTED];
    zc_message_t end = subject_end(hunted->session, 0);
    end.sync_end.result = result;
    subject_receive(subject_peer(hunted->peer), &end);
}

Test(replica_hunt, delta_of_another_is_not_enough_where_the_peer_that_differs_has_forgotten) {
    const zc_ask_t *hunted = &subject_replica()->asks[ZC_ASK_HUNTED];
    zc_hunt_for(subject_replica(), 3, 0);
    subject_tick();
    end_with(ZC_SYNC_NEEDS_REPLACE);
    subject_tick();
    cr_assert(hunted->peer != 3 && !hunted->may_replace);
    end_with(ZC_SYNC_COMPLETE);
    subject_decided();
    subject_tick();
    cr_assert_str_eq(subject_decided(), "to peer 3: sync_ask replace\n");
}

static zcache_status repair_from(char letter) {
    zc_event_t event = {.type = ZC_EVENT_REPAIR};
    event.repair.origin = subject_origin(letter);
    return subject_step(&event);
}

Test(replica_hunt, repair_asks_the_peer_that_is_named_at_once) {
    cr_assert_eq(repair_from('d'), ZCACHE_OK);
    cr_assert_eq(repair_from('e'), ZCACHE_OK, "one is under way");
    subject_tick();
    cr_assert_str_eq(subject_decided(), "to peer 2: sync_ask\n");
    cr_assert_eq(repair_from('d'), ZCACHE_OK);
    subject_tick();
    cr_assert_str_eq(subject_decided(), "", "and is not begun anew");
    cr_assert_eq(subject_counters().repairs, 1);
}

Test(replica_hunt, repair_from_one_that_cannot_give_is_a_miss) {
    cr_assert_eq(repair_from('z'), ZCACHE_MISS, "nobody knows it");
    cr_assert_eq(repair_from('s'), ZCACHE_MISS, "the node itself");
    peer_at(2)->state = ZC_PEER_SUSPECT;
    cr_assert_eq(repair_from('d'), ZCACHE_MISS);
    subject_replica()->joining = true;
    cr_assert_eq(repair_from('d'), ZCACHE_OK, "a joiner asks for everything as it is");
    cr_assert_not(zc_hunt_is_under_way(subject_replica()));
}
