/* SPDX-License-Identifier: MPL-2.0 */
/* What can be seen of a replica between two steps. */
#include <criterion/criterion.h>

#include "tests/support/subject.h"

static void start(void) {
    subject_start(NULL);
}

TestSuite(replica_view, .init = start, .fini = subject_stop);

static zc_peer_view_t peer_view(size_t index) {
    zc_peer_view_t view;
    cr_assert(zc_replica_peer(subject_replica(), index, &view));
    return view;
}

static zc_replica_view_t replica_view(void) {
    zc_replica_view_t view;
    zc_replica_view(subject_replica(), &view);
    return view;
}

Test(replica_view, node_itself_is_the_first_of_the_peers) {
    zc_peer_view_t view = peer_view(0);
    cr_assert_eq(view.state, ZC_PEER_SELF);
    cr_assert(zc_slice_equal(view.identity.endpoint, zc_slice_text("tcp://s:5000")));
    cr_assert_not(zc_replica_peer(subject_replica(), 1, &view));
    subject_set("a", "1", 0);
    cr_assert_eq(peer_view(0).digest, replica_view().store.digest);
}

Test(replica_view, peers_show_state_lag_and_skew) {
    subject_meet('b');
    subject_meet('c');
    subject_tick();
    cr_assert_eq(peer_view(1).state, ZC_PEER_LIVE);
    cr_assert_eq(peer_view(1).lag_ms, 0);
    subject_heartbeat('b', subject_hlc(0));
    subject_run_ms(10);
    subject_tick();
    cr_assert_eq(peer_view(1).lag_ms, 11);
    cr_assert(zc_slice_equal(peer_view(2).identity.name, zc_slice_text("c")));
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){
        .origin = subject_origin('c'), .clock_ms = zc_hlc_ms(subject_hlc(15000)), .digest = 7};
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    cr_assert_eq(peer_view(2).state, ZC_PEER_SKEWED);
    cr_assert_eq(peer_view(2).skew_ms, 15000);
    cr_assert_eq(replica_view().peers_live, 1);
}

Test(replica_view, address_that_has_not_answered_shows_what_is_dialled) {
    zc_message_t hello = {.type = ZC_MESSAGE_HELLO};
    hello.hello.identity = subject_identity('b');
    subject_receive(subject_route(1), &hello);
    zc_peer_view_t view = peer_view(1);
    cr_assert_eq(view.state, ZC_PEER_DIALLED);
    cr_assert(zc_slice_equal(view.identity.endpoint, zc_slice_text("tcp://b:5000")));
    cr_assert_eq(replica_view().peers_live, 0);
}

Test(replica_view, counters_have_those_of_the_store_among_them) {
    subject_set("a", "1", 0);
    zc_store_t *store = zc_replica_store(subject_replica());
    zc_store_item_t item;
    zc_store_get(store, zc_slice_text("a"), 1000, true, &item);
    zc_store_get(store, zc_slice_text("b"), 1000, true, &item);
    zc_store_get(store, zc_slice_text("c"), 1000, true, &item);
    cr_assert(zc_store_evict(store));
    zc_replica_view_t view = replica_view();
    cr_assert_eq(view.counters.sets, 1);
    cr_assert_eq(view.counters.hits, 1);
    cr_assert_eq(view.counters.misses, 2);
    cr_assert_eq(view.counters.evictions, 1);
    cr_assert_eq(view.store.ghosts, 1);
    cr_assert_not(view.joining);
    cr_assert_eq(view.mesh_ms, SUBJECT_MESH_MS);
}

Test(replica_view, vector_shows_every_origin_that_is_known) {
    subject_set("a", "1", 0);
    subject_batch('b', 0, subject_hlc(5), "x=1");
    zc_vector_t vector;
    cr_assert_eq(zc_replica_vector(subject_replica(), &vector), ZCACHE_OK);
    cr_assert_eq(vector.count, 2);
    cr_assert_eq(vector.origins[0].origin.bytes[0], 'b');
    cr_assert_eq(vector.origins[0].intervals[0].upto, subject_hlc(5));
    cr_assert_eq(vector.origins[1].intervals[0].upto, subject_hlc(0));
    zc_arena_fini(&subject_replica()->view_arena);
    zc_failing_allocator_fail_after(subject_allocator(), 0);
    vector.count = 77;
    cr_assert_eq(zc_replica_vector(subject_replica(), &vector), ZCACHE_NO_MEMORY);
    cr_assert_eq(vector.count, 77);
}

Test(replica_view, looking_at_the_vector_again_and_again_takes_no_more_memory) {
    zc_vector_t vector;
    cr_assert_eq(zc_replica_vector(subject_replica(), &vector), ZCACHE_OK);
    uint64_t bytes = subject_allocator()->bytes;
    for (int i = 0; i < 10000; i++) {
        cr_assert_eq(zc_replica_vector(subject_replica(), &vector), ZCACHE_OK);
    }
    cr_assert_eq(subject_allocator()->bytes, bytes);
}

/* A heartbeat of b with this digest, and how the two agree then. */
static zc_agreement_t agreement_after(uint64_t digest, bool joining) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){.origin = subject_origin('b'),
                                         .clock_ms = SUBJECT_MESH_MS,
                                         .digest = digest,
                                         .joining = joining};
    subject_receive((zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    return peer_view(1).agreement;
}

Test(replica_view, agreement_is_told_where_it_is_known) {
    cr_assert_eq(peer_view(0).agreement, ZC_AGREEMENT_SAME);
    subject_meet('b');
    subject_tick();
    cr_assert_eq(peer_view(1).agreement, ZC_AGREEMENT_UNKNOWN, "no heartbeat yet");
    cr_assert_eq(agreement_after(0, false), ZC_AGREEMENT_SAME);
    cr_assert_eq(agreement_after(7, false), ZC_AGREEMENT_UNKNOWN, "its digest has just changed");
    cr_assert_eq(agreement_after(7, false), ZC_AGREEMENT_DIFFERENT, "and now stands still");
    subject_set("a", "1", 0);
    cr_assert_eq(agreement_after(7, false), ZC_AGREEMENT_UNKNOWN, "the own one has changed");
    cr_assert_eq(agreement_after(7, false), ZC_AGREEMENT_DIFFERENT);
    uint64_t digest = replica_view().store.digest;
    cr_assert_eq(agreement_after(digest, false), ZC_AGREEMENT_SAME);
    subject_set("b", "2", 0);
    cr_assert_eq(agreement_after(digest, false), ZC_AGREEMENT_UNKNOWN, "it lacks what is new here");
    cr_assert_eq(agreement_after(replica_view().store.digest, true), ZC_AGREEMENT_UNKNOWN,
                 "a joiner does not hold all yet");
    agreement_after(replica_view().store.digest, false);
    subject_run_ms(4 * 250);
    subject_tick();
    cr_assert_eq(peer_view(1).state, ZC_PEER_SUSPECT);
    cr_assert_eq(peer_view(1).agreement, ZC_AGREEMENT_UNKNOWN);
}

Test(replica_view, every_state_has_a_text) {
    for (int state = ZC_PEER_SELF; state <= ZC_PEER_SKEWED; state++) {
        cr_assert_gt(strlen(zc_peer_state_text((zc_peer_state_t)state)), 3);
    }
    cr_assert_str_eq(zc_peer_state_text(ZC_PEER_LIVE), "live");
}
