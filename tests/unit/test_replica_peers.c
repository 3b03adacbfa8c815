/* SPDX-License-Identifier: MPL-2.0 */
/* The table of peers (M3): by number, by origin, by endpoint. */
#include <criterion/criterion.h>
#include <stdio.h>

#include <zcache/limits.h>

#include "lib/replica/peers.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static zc_peers_t peers;

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_peers_init(&peers, &failing.allocator);
}

static void stop(void) {
    zc_peers_fini(&peers);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(replica_peers, .init = start, .fini = stop);

static zc_peer_t *add(const char *endpoint) {
    zc_peer_t *peer = NULL;
    cr_assert_eq(zc_peers_add(&peers, zc_slice_text(endpoint), &peer), ZCACHE_OK);
    return peer;
}

static zc_identity_t identity(const char *name, const char *endpoint) {
    return (zc_identity_t){.origin = {.bytes = {(uint8_t)name[0]}},
                           .name = zc_slice_text(name),
                           .region = zc_slice("", 0),
                           .endpoint = zc_slice_text(endpoint),
                           .publish_endpoint = zc_slice_text("tcp://publish"),
                           .watch_endpoint = zc_slice_text("tcp://watch")};
}

static void identify(zc_peer_t *peer, const char *name, const char *endpoint,
                     zc_origin_index_t index) {
    zc_identity_t found = identity(name, endpoint);
    cr_assert_eq(zc_peers_identify(&peers, peer, &found, index), ZCACHE_OK);
}

Test(replica_peers, peer_is_first_an_address) {
    zc_peer_t *peer = add("tcp://a:1");
    cr_assert_eq(peer->state, ZC_PEER_DIALLED);
    cr_assert_str_eq(peer->dial_endpoint, "tcp://a:1");
    cr_assert(zc_origin_is_none(&peer->identity.origin));
    cr_assert_not(zc_peer_is_member(peer));
    cr_assert_eq(zc_peers_at(&peers, peer->number), peer);
    cr_assert_null(zc_peers_at(&peers, 9999));
    cr_assert_null(zc_peers_of_origin(&peers, 0));
    cr_assert_null(zc_peers_of_origin(&peers, ZC_ORIGIN_INDEX_NONE));
}

Test(replica_peers, identified_peer_is_found_by_origin_and_by_both_addresses) {
    zc_peer_t *peer = add("tcp://alias:1");
    identify(peer, "a", "tcp://a:1", 40);
    cr_assert_eq(zc_peers_of_origin(&peers, 40), peer);
    cr_assert_null(zc_peers_of_origin(&peers, 39));
    cr_assert_eq(zc_peers_of_endpoint(&peers, zc_slice_text("tcp://a:1")), peer);
    cr_assert_eq(zc_peers_of_endpoint(&peers, zc_slice_text("tcp://alias:1")), peer);
    cr_assert_null(zc_peers_of_endpoint(&peers, zc_slice_text("tcp://a:11")));
    cr_assert_null(zc_peers_dialling(&peers, zc_slice_text("tcp://a:1")));
    cr_assert_eq(((const char *)peer->identity.name.data)[1], '\0', "texts end in a NUL");
}

Test(replica_peers, peer_that_is_dialled_at_an_address_comes_before_one_that_claims_it) {
    zc_peer_t *liar = add("tcp://liar:1");
    identify(liar, "l", "tcp://a:1", 1);
    zc_slice_t endpoint = zc_slice_text("tcp://a:1");
    cr_assert_eq(zc_peers_of_endpoint(&peers, endpoint), liar);
    zc_peer_t *peer = add("tcp://a:1");
    cr_assert_eq(zc_peers_of_endpoint(&peers, endpoint), peer);
    cr_assert_eq(zc_peers_dialling(&peers, endpoint), peer);
}

Test(replica_peers, new_origin_takes_the_place_of_the_old_one) {
    zc_peer_t *peer = add("tcp://a:1");
    identify(peer, "a", "tcp://a:1", 1);
    identify(peer, "b", "tcp://a:1", 2);
    cr_assert_null(zc_peers_of_origin(&peers, 1));
    cr_assert_eq(zc_peers_of_origin(&peers, 2), peer);
}

Test(replica_peers, origin_that_moved_to_another_peer_stays_there) {
    zc_peer_t *old = add("tcp://old:1");
    zc_peer_t *new = add("tcp://new:1");
    identify(old, "a", "tcp://a:1", 1);
    identify(new, "a", "tcp://a:1", 1);
    zc_peers_remove(&peers, old);
    cr_assert_eq(zc_peers_of_origin(&peers, 1), new);
}

Test(replica_peers, number_is_used_again_when_its_peer_is_forgotten) {
    for (int i = 0; i < 20; i++) {
        char endpoint[16];
        snprintf(endpoint, sizeof endpoint, "tcp://%d", i);
        cr_assert_eq(add(endpoint)->number, (zc_peer_number_t)i);
    }
    zc_peers_remove(&peers, zc_peers_at(&peers, 7));
    cr_assert_null(zc_peers_at(&peers, 7));
    cr_assert_eq(peers.count, 19);
    cr_assert_eq(add("tcp://again")->number, 7);
}

Test(replica_peers, walk_sees_each_once_also_while_they_are_forgotten) {
    for (int i = 0; i < 10; i++) {
        add("tcp://x");
    }
    size_t number = 0;
    int seen = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&peers, &number)) != NULL; seen++) {
        if (seen % 2 == 0) {
            zc_peers_remove(&peers, peer);
        }
    }
    cr_assert_eq(seen, 10);
    cr_assert_eq(peers.count, 5);
}

Test(replica_peers, peers_beyond_the_limit_are_refused) {
    zc_peer_t *peer = NULL;
    for (int i = 0; i < ZCACHE_MEMBERS_MAX; i++) {
        add("tcp://x");
    }
    cr_assert_eq(zc_peers_add(&peers, zc_slice_text("tcp://x"), &peer), ZCACHE_BUSY);
    cr_assert_null(peer);
    zc_peers_remove(&peers, zc_peers_at(&peers, 0));
    add("tcp://x");
}

Test(replica_peers, without_memory_nothing_changes) {
    zc_peer_t *peer = NULL;
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        zc_failing_allocator_fail_after(&failing, n);
        zcache_status status = zc_peers_add(&peers, zc_slice_text("tcp://a"), &peer);
        failed = zc_failing_allocator_stop(&failing);
        cr_assert_eq(status, failed ? ZCACHE_NO_MEMORY : ZCACHE_OK);
        cr_assert_eq(peers.count, failed ? 0 : 1);
    }
    identify(peer, "a", "tcp://a", 1);
    zc_identity_t other = identity("b", "tcp://b");
    for (uint64_t n = 0; n < 2; n++) {
        zc_failing_allocator_fail_after(&failing, n);
        cr_assert_eq(zc_peers_identify(&peers, peer, &other, 300), ZCACHE_NO_MEMORY);
        cr_assert_eq(zc_peers_of_origin(&peers, 1), peer);
        cr_assert_eq(peer->identity.origin.bytes[0], 'a');
        cr_assert_null(zc_peers_of_origin(&peers, 300));
    }
}

Test(replica_peers, members_are_those_who_answered_and_are_not_gone) {
    static const struct {
        zc_peer_state_t state;
        bool heard;
        bool member;
    } rows[] = {
        {ZC_PEER_DIALLED, false, false}, {ZC_PEER_JOINING, true, true},
        {ZC_PEER_LIVE, true, true},      {ZC_PEER_SUSPECT, false, true},
        {ZC_PEER_GONE, false, false},    {ZC_PEER_SKEWED, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        zc_peer_t peer = {.state = rows[i].state};
        cr_assert_eq(zc_peer_is_heard(&peer), rows[i].heard);
        cr_assert_eq(zc_peer_is_member(&peer), rows[i].member);
    }
}
