/* SPDX-License-Identifier: MPL-2.0 */
/* Joining (M1, M4, S1-S3): one address is enough, no miss is false meanwhile, and whoever crashes,
 * it ends complete. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/script.h"

TestSuite(scenario_join, .init = script_start, .fini = script_stop);

Test(scenario_join, joiner_learns_members_and_data_by_one_address) {
    script_mesh(3, NULL);
    script_set(0, "a", "1");
    script_set(1, "b", "2");
    script_set(2, "c", "3");
    int joiner = script_join(1, NULL);
    cr_assert(script_joins(joiner));
    cr_assert(script_decided(joiner, "notice joined"));
    cr_assert(script_settles());
    cr_assert_eq(zc_cluster_view(script_cluster(), joiner).peers_live, 3);
    cr_assert(script_holds(joiner, "a", "1"));
    cr_assert(script_holds(joiner, "b", "2"));
    cr_assert(script_holds(joiner, "c", "3"));
}

Test(scenario_join, joiner_subscribes_to_every_member_before_it_asks) {
    script_mesh(3, NULL);
    script_set(0, "a", "1");
    script_forget();
    int joiner = script_join(0, NULL);
    cr_assert(script_joins(joiner));
    const char *asked = strstr(script_decisions(joiner), "sync_ask");
    const char *last = NULL;
    for (const char *at = script_decisions(joiner); (at = strstr(at, "subscribe ")); at++) {
        last = at;
    }
    cr_assert_eq(script_count(joiner, "subscribe"), 3);
    cr_assert_lt(last, asked);
}

Test(scenario_join, late_joiner_ends_as_those_who_saw_everything) {
    script_mesh(2, NULL);
    script_fill(0, "k", 300);
    zc_cluster_run_ms(script_cluster(), 10);
    script_fill(1, "k", 100);
    zc_cluster_run_ms(script_cluster(), 10);
    for (int i = 0; i < 300; i += 3) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        zc_cluster_delete(script_cluster(), i % 2, key);
    }
    zc_cluster_run_ms(script_cluster(), 20 * 1000);
    script_set(1, "k7", "late");
    int joiner = script_join(0, NULL);
    cr_assert(script_settles());
    cr_assert(script_holds(joiner, "k7", "late"));
    cr_assert(script_holds(joiner, "k3", NULL));
    cr_assert_eq(zc_cluster_view(script_cluster(), joiner).store.entries, 200);
    /* What is written while nobody joins goes on as a chain: nothing is to be asked for again. */
    script_forget();
    script_set(0, "after", "1");
    cr_assert(script_will_hold("after", "1", 10));
    cr_assert_not(script_decided(joiner, "to peer 0: sync_ask"));
}

Test(scenario_join, writes_during_a_join_are_not_missed) {
    script_mesh(2, NULL);
    script_fill(0, "k", 500);
    int joiner = script_join(0, NULL);
    for (int i = 0; zc_cluster_view(script_cluster(), joiner).joining; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        script_set(i % 2, "k1", value);
        script_set(1 - i % 2, "k2", value);
        zc_cluster_run_ms(script_cluster(), 1);
        cr_assert_lt(i, SCRIPT_LIMIT_MS);
    }
    cr_assert(script_settles());
    cr_assert_eq(zc_cluster_view(script_cluster(), joiner).store.entries, 500);
}

Test(scenario_join, joiner_says_joining_until_its_first_transfer_is_complete) {
    script_mesh(2, NULL);
    script_set(0, "a", "1");
    script_lose(SCRIPT_ANY, 2, ZC_MESSAGE_SYNC_END, 1);
    int joiner = script_join(0, NULL);
    zc_cluster_run_ms(script_cluster(), 500);
    cr_assert(zc_cluster_view(script_cluster(), joiner).joining);
    cr_assert(script_decided(joiner, "broadcast heartbeat joining"));
    zc_peer_view_t peer;
    cr_assert(zc_replica_peer(zc_cluster_replica(script_cluster(), 0), 2, &peer));
    cr_assert_eq(peer.state, ZC_PEER_JOINING);
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).peers_live, 1);
    cr_assert(script_joins(joiner));
    cr_assert_gt(script_counters(joiner).transfers_broken, 0);
    cr_assert(script_settles());
}

Test(scenario_join, miss_while_joining_is_asked_of_the_donor) {
    script_mesh(2, NULL);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 100);
    script_lose(2, SCRIPT_ANY, ZC_MESSAGE_SYNC_ASK, SCRIPT_FOREVER);
    int joiner = script_join(0, NULL);
    zc_cluster_run_ms(script_cluster(), 600);
    cr_assert(script_holds(joiner, "a", NULL));
    cr_assert_eq(zc_cluster_read(script_cluster(), joiner, "a", 7), ZCACHE_OK);
    cr_assert_eq(zc_cluster_read(script_cluster(), joiner, "none", 8), ZCACHE_OK);
    zc_cluster_run_ms(script_cluster(), 3);
    cr_assert(script_decided(joiner, "answer 7 a=1\n"));
    cr_assert(script_decided(joiner, "answer 8 miss\n"));
    cr_assert_eq(script_counters(joiner).reads_through, 2);
}

Test(scenario_join, donor_that_does_not_answer_a_read_makes_it_a_miss_after_a_second) {
    script_mesh(1, NULL);
    script_set(0, "a", "1");
    script_lose(1, 0, ZC_MESSAGE_SYNC_ASK, SCRIPT_FOREVER);
    script_lose(1, 0, ZC_MESSAGE_READ, SCRIPT_FOREVER);
    int joiner = script_join(0, NULL);
    zc_cluster_run_ms(script_cluster(), 600);
    cr_assert_eq(zc_cluster_read(script_cluster(), joiner, "a", 7), ZCACHE_OK);
    zc_cluster_run_ms(script_cluster(), 990);
    cr_assert_not(script_decided(joiner, "answer"));
    zc_cluster_run_ms(script_cluster(), 20);
    cr_assert(script_decided(joiner, "answer 7 miss\n"));
}

Test(scenario_join, miss_after_joining_is_a_miss) {
    script_mesh(2, NULL);
    cr_assert_eq(zc_cluster_read(script_cluster(), 1, "a", 7), ZCACHE_MISS);
}

Test(scenario_join, node_that_reaches_nobody_serves_alone_and_joins_later) {
    script_mesh(1, NULL);
    script_set(0, "a", "1");
    zc_cluster_cut(script_cluster(), 1, 0, true);
    int joiner = script_join(0, NULL);
    cr_assert(script_joins(joiner));
    cr_assert(script_decided(joiner, "notice alone tcp://10.0.0.1:5000\n"));
    cr_assert_lt(zc_cluster_now_ms(script_cluster()), 1000 + 5000);
    script_set(joiner, "b", "2");
    cr_assert(script_holds(joiner, "b", "2"));
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", "1"));
    cr_assert(script_all_hold("b", "2"));
}

/* 40 values of 200,000 bytes: eight times the credit of a transfer. */
static void fill_big(int node, int count) {
    zc_cluster_network(script_cluster())->latency_us = 20000;
    enum { BIG_BYTES = 200 * 1000 };
    char *value = malloc(BIG_BYTES + 1);
    cr_assert_not_null(value);
    memset(value, 'x', BIG_BYTES);
    value[BIG_BYTES] = '\0';
    for (int i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "big%d", i);
        script_set(node, key, value);
    }
    free(value);
}

static bool has_some(zc_cluster_t *cluster, void *context) {
    const int *node = context;
    return zc_cluster_view(cluster, *node).store.entries >= 5;
}

Test(scenario_join, donor_that_crashes_in_mid_transfer_is_replaced_by_another) {
    script_mesh(3, NULL);
    fill_big(0, 40);
    cr_assert(script_settles());
    script_forget();
    int joiner = script_join(1, NULL);
    cr_assert(zc_cluster_run_until(script_cluster(), has_some, &joiner, SCRIPT_LIMIT_MS));
    cr_assert(zc_cluster_view(script_cluster(), joiner).joining);
    /* What came is in the store, but nothing of it counts as received before the end. */
    zc_vector_t vector;
    cr_assert_eq(zc_replica_vector(zc_cluster_replica(script_cluster(), joiner), &vector),
                 ZCACHE_OK);
    cr_assert_eq(vector.count, 0);
    for (int i = 0; i < 3; i++) {
        if (strstr(script_decisions(i), "sync_chunk") != NULL) {
            zc_cluster_crash(script_cluster(), i);
            break;
        }
    }
    cr_assert(script_joins(joiner));
    cr_assert_eq(zc_cluster_view(script_cluster(), joiner).store.entries, 40);
    cr_assert_gt(script_counters(joiner).transfers_broken, 0);
    cr_assert(script_settles());
}

Test(scenario_join, only_donor_that_crashes_in_mid_transfer_leaves_a_node_that_serves) {
    script_mesh(1, NULL);
    fill_big(0, 40);
    int joiner = script_join(0, NULL);
    cr_assert(zc_cluster_run_until(script_cluster(), has_some, &joiner, SCRIPT_LIMIT_MS));
    zc_cluster_crash(script_cluster(), 0);
    cr_assert(script_joins(joiner));
    script_set(joiner, "a", "1");
    zc_cluster_restart(script_cluster(), 0, NULL, joiner);
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", "1"));
    cr_assert_geq(zc_cluster_view(script_cluster(), 0).store.entries, 6);
}

Test(scenario_join, joiner_that_crashes_costs_the_donor_nothing_after_its_timeout) {
    script_mesh(1, NULL);
    fill_big(0, 40);
    for (int i = 0; i < 10; i++) {
        int joiner = script_join(0, NULL);
        cr_assert(zc_cluster_run_until(script_cluster(), has_some, &joiner, SCRIPT_LIMIT_MS));
        zc_cluster_crash(script_cluster(), joiner);
    }
    cr_assert_gt(script_counters(0).transfers_refused, 0, "10 of at most 8 at once");
    int joiner = script_join(0, NULL);
    cr_assert(script_joins(joiner));
    cr_assert_eq(zc_cluster_view(script_cluster(), joiner).store.entries, 40);
}

Test(scenario_join, joiner_with_less_room_takes_the_hottest) {
    script_mesh(1, NULL);
    script_fill(0, "k", 200);
    for (int i = 0; i < 200; i += 4) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_not_null(zc_cluster_get(script_cluster(), 0, key));
        zc_cluster_run_ms(script_cluster(), 10);
    }
    uint64_t bytes = zc_cluster_view(script_cluster(), 0).store.bytes;
    zc_cluster_set_max_memory(script_cluster(), bytes / 8);
    int joiner = script_join(0, NULL);
    cr_assert(script_joins(joiner));
    int held = 0;
    for (int i = 0; i < 200; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        /* Hot are the last 25 of the fifty that were read. */
        bool hot = i % 4 == 0 && i >= 100;
        bool holds = script_holds(joiner, key, "v");
        held += holds;
        cr_assert(hot || !holds, "%s is cold", key);
    }
    cr_assert_geq(held, 24);
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).store.entries, 200,
                 "the large one keeps all");
}

Test(scenario_join, many_joiners_at_once_all_get_in) {
    script_mesh(2, NULL);
    script_fill(0, "k", 200);
    for (int i = 0; i < 14; i++) {
        script_join(i % 2, NULL);
    }
    cr_assert(script_settles());
    cr_assert_eq(zc_cluster_view(script_cluster(), 15).store.entries, 200);
}

Test(scenario_join, nothing_is_written_before_the_clock_is_the_mesh_s) {
    script_mesh(2, NULL);
    zc_cluster_set_wall_skew_ms(script_cluster(), 3600 * 1000);
    int joiner = script_join(0, NULL);
    cr_assert_eq(zc_cluster_set(script_cluster(), joiner, "early", "1", 0), ZCACHE_BUSY);
    cr_assert_eq(zc_cluster_configure(script_cluster(), joiner, "max_size", 7), ZCACHE_BUSY);
    cr_assert(script_settles());
    script_set(joiner, "later", "1");
    cr_assert(script_will_hold("later", "1", 100), "the mesh follows its clock");
    cr_assert_eq(script_counters(0).skewed, 0);
}

Test(scenario_join, clock_of_a_node_that_served_alone_is_not_set_again) {
    script_mesh(1, NULL);
    zc_cluster_crash(script_cluster(), 0);
    int alone = script_join(0, NULL);
    cr_assert(script_joins(alone));
    cr_assert_eq(zc_cluster_set(script_cluster(), alone, "short", "1", 60000), ZCACHE_OK);
    zc_cluster_set_wall_skew_ms(script_cluster(), -3600 * 1000);
    zc_cluster_restart(script_cluster(), 0, NULL, -1);
    zc_cluster_run_ms(script_cluster(), 59000);
    cr_assert(script_holds(alone, "short", "1"));
    zc_cluster_run_ms(script_cluster(), 2000);
    cr_assert(script_holds(alone, "short", NULL));
}
