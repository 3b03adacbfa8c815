/* SPDX-License-Identifier: MPL-2.0 */
/* Lost, repeated and reordered messages (R3-R5): found and repaired, from any member that has what
 * is missing, and without a storm. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/sim/script.h"

enum { HEARTBEAT_MS = 250, ROUND_TRIP_MS = 2 };

TestSuite(scenario_repair, .init = script_start, .fini = script_stop);

Test(scenario_repair, lost_batch_is_found_by_the_next_one) {
    script_mesh(3, NULL);
    script_lose(0, 1, ZC_MESSAGE_BATCH, 1);
    script_lose(0, 1, ZC_MESSAGE_HEARTBEAT, SCRIPT_FOREVER);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 5);
    cr_assert(script_holds(1, "a", NULL));
    cr_assert(script_holds(2, "a", "1"));
    script_set(0, "b", "2");
    cr_assert(script_will_hold("a", "1", HEARTBEAT_MS / 4 + 2 * ROUND_TRIP_MS));
    cr_assert(script_all_hold("b", "2"));
    cr_assert_eq(script_counters(1).gaps, 1);
    cr_assert_eq(script_counters(1).deltas - script_counters(2).deltas, 1);
}

Test(scenario_repair, lost_last_batch_is_found_within_two_heartbeats) {
    script_mesh(2, NULL);
    script_lose(0, 1, ZC_MESSAGE_BATCH, 1);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 5);
    cr_assert(script_holds(1, "a", NULL));
    cr_assert(script_will_hold("a", "1", 2 * HEARTBEAT_MS + ROUND_TRIP_MS));
}

/* Writes by node 0 what comes to node 1 in a repair only, and returns how long that took. */
static uint64_t lose_and_wait(const char *value) {
    script_lose(0, 1, ZC_MESSAGE_BATCH, 1);
    script_lose(0, 1, ZC_MESSAGE_HEARTBEAT, 1);
    uint64_t began_ms = zc_cluster_now_ms(script_cluster());
    script_set(0, "a", value);
    zc_cluster_run_ms(script_cluster(), ROUND_TRIP_MS);
    cr_assert_not(script_holds(1, "a", value));
    cr_assert(script_will_hold("a", value, SCRIPT_LIMIT_MS));
    return zc_cluster_now_ms(script_cluster()) - began_ms;
}

Test(scenario_repair, lost_batch_and_lost_heartbeat_are_repaired_within_two_heartbeats) {
    script_mesh(2, NULL);
    for (int i = 0; i < 50; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        /* script_will_hold looks every 10 ms. */
        cr_assert_leq(lose_and_wait(value), 2 * HEARTBEAT_MS + ROUND_TRIP_MS + 10);
        zc_cluster_run_ms(script_cluster(), 37);
    }
}

Test(scenario_repair, repeated_batch_changes_nothing) {
    zc_cluster_network(script_cluster())->repeat = 1000;
    script_mesh(2, NULL);
    for (int i = 0; i < 50; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i % 7);
        script_set(0, key, "v");
        zc_cluster_run_ms(script_cluster(), 3);
    }
    zc_cluster_delete(script_cluster(), 0, "k3");
    cr_assert(script_settles());
    cr_assert_eq(script_counters(1).applied, 51);
    cr_assert_geq(script_counters(1).batches_received, 2 * 51);
    cr_assert_eq(script_counters(1).gaps, 0);
    cr_assert(script_holds(1, "k3", NULL));
}

Test(scenario_repair, reordered_batches_end_as_ordered_ones) {
    script_mesh(3, NULL);
    zc_cluster_network(script_cluster())->latency_us = 5000;
    zc_cluster_network(script_cluster())->reorder = 700;
    for (int i = 0; i < 200; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        script_set(i % 3, "a", value);
        zc_cluster_run_ms(script_cluster(), 2);
    }
    zc_cluster_delete(script_cluster(), 1, "b");
    zc_cluster_network(script_cluster())->reorder = 0;
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", "199"));
    zc_vector_t vector;
    cr_assert_eq(zc_replica_vector(zc_cluster_replica(script_cluster(), 2), &vector), ZCACHE_OK);
    for (size_t i = 0; i < vector.count; i++) {
        cr_assert_eq(vector.origins[i].count, 1, "no hole stays");
    }
}

Test(scenario_repair, batch_that_comes_before_the_one_before_it_is_applied_at_once) {
    script_mesh(2, NULL);
    script_lose(0, 1, ZC_MESSAGE_BATCH, 1);
    script_lose(1, 0, ZC_MESSAGE_SYNC_ASK, SCRIPT_FOREVER);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 5);
    script_set(0, "b", "2");
    zc_cluster_run_ms(script_cluster(), 5);
    cr_assert(script_holds(1, "b", "2"));
    cr_assert(script_holds(1, "a", NULL));
}

Test(scenario_repair, loss_of_a_third_is_repaired) {
    zc_cluster_network(script_cluster())->loss = 333;
    script_mesh(4, NULL);
    for (int i = 0; i < 400; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i % 40);
        script_set(i % 4, key, "v");
        zc_cluster_run_ms(script_cluster(), 7);
    }
    zc_cluster_network(script_cluster())->loss = 0;
    cr_assert(script_settles());
}

Test(scenario_repair, transfer_of_which_a_chunk_is_lost_begins_again) {
    script_mesh(2, NULL);
    zc_cluster_partition(script_cluster(), 1);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 100);
    script_lose(0, 1, ZC_MESSAGE_SYNC_CHUNK, 1);
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_holds(1, "a", "1"));
    cr_assert_gt(script_counters(1).transfers_broken, 0);
}

Test(scenario_repair, transfer_of_which_the_end_is_lost_begins_again) {
    script_mesh(2, NULL);
    script_lose(0, 1, ZC_MESSAGE_BATCH, 1);
    script_lose(0, 1, ZC_MESSAGE_SYNC_END, 1);
    script_set(0, "a", "1");
    cr_assert(script_settles());
    cr_assert_gt(script_counters(1).transfers_broken, 0);
}

Test(scenario_repair, writes_of_a_dead_origin_come_from_whoever_has_them) {
    script_mesh(3, NULL);
    script_lose(2, 0, ZC_MESSAGE_BATCH, 1);
    script_set(2, "a", "1");
    zc_cluster_run_ms(script_cluster(), 1);
    zc_cluster_crash(script_cluster(), 2);
    cr_assert(script_holds(0, "a", NULL));
    cr_assert(script_will_hold("a", "1", 3 * HEARTBEAT_MS + 1500));
}

static void cut_both_ways(int a, int b) {
    zc_cluster_cut(script_cluster(), a, b, true);
    zc_cluster_cut(script_cluster(), b, a, true);
}

Test(scenario_repair, writes_of_an_origin_that_only_another_hears_come_from_that_one) {
    script_mesh(3, NULL);
    script_set(2, "a", "0");
    zc_cluster_run_ms(script_cluster(), 100);
    cut_both_ways(0, 2);
    zc_cluster_run_ms(script_cluster(), 5 * HEARTBEAT_MS);
    script_set(2, "a", "1");
    cr_assert(script_will_hold("a", "1", 1500));
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).peers_live, 1);
    script_set(2, "b", "2");
    cr_assert(script_will_hold("b", "2", 1500));
}

Test(scenario_repair, first_writes_of_an_origin_that_only_another_hears_come_from_that_one) {
    script_mesh(3, NULL);
    cut_both_ways(0, 2);
    script_set(2, "a", "1");
    cr_assert(script_will_hold("a", "1", 10000));
    script_set(0, "b", "2");
    cr_assert(script_will_hold("b", "2", 10000));
}

Test(scenario_repair, writes_of_a_joiner_that_only_another_can_reach_come_from_that_one) {
    script_mesh(2, NULL);
    cut_both_ways(0, 2);
    int joiner = script_join(1, NULL);
    cr_assert(script_joins(joiner));
    script_set(joiner, "a", "1");
    cr_assert(script_will_hold("a", "1", 10000));
}

/* The second batch of node 2 reaches the others, its first one nobody, and it dies. */
static void make_hole(void) {
    script_mesh(3, NULL);
    script_lose(2, SCRIPT_ANY, ZC_MESSAGE_BATCH, 2);
    script_set(2, "a", "1");
    zc_cluster_run_ms(script_cluster(), 1);
    script_set(2, "b", "2");
    zc_cluster_run_ms(script_cluster(), 1);
    zc_cluster_crash(script_cluster(), 2);
}

Test(scenario_repair, hole_that_nobody_can_fill_stays_and_blocks_nothing) {
    make_hole();
    cr_assert(script_holds(0, "b", "2"));
    cr_assert(script_will_hold("a", NULL, 10000));
    script_set(0, "c", "3");
    cr_assert(script_will_hold("c", "3", 10));
    zc_cluster_run_ms(script_cluster(), 10000);
    cr_assert(zc_cluster_converged(script_cluster(), NULL));
    int joiner = script_join(0, NULL);
    cr_assert(script_joins(joiner));
    cr_assert(script_all_hold("b", "2"));
    cr_assert(zc_cluster_converged(script_cluster(), NULL), "the hole is the same on all nodes");
}

Test(scenario_repair, hole_that_nobody_can_fill_is_not_asked_for_for_ever) {
    make_hole();
    zc_cluster_run_ms(script_cluster(), 10000);
    script_forget();
    zc_cluster_run_ms(script_cluster(), 60000);
    for (int i = 0; i < 2; i++) {
        int asks = 0;
        for (const char *at = script_decisions(i); (at = strstr(at, "sync_ask")); at++) {
            asks++;
        }
        cr_assert_leq(asks, 2, "%d asks of node %d in a minute", asks, i);
    }
}

Test(scenario_repair, burst_that_all_lose_does_not_become_a_storm) {
    script_mesh(8, NULL);
    script_lose(0, SCRIPT_ANY, ZC_MESSAGE_BATCH, 7 * 20);
    for (int i = 0; i < 20; i++) {
        script_set(0, "a", "1");
        zc_cluster_run_ms(script_cluster(), 1);
    }
    script_forget();
    script_set(0, "b", "2");
    cr_assert(script_settles());
    for (int i = 1; i < 8; i++) {
        int asks = 0;
        for (const char *at = script_decisions(i); (at = strstr(at, "sync_ask")); at++) {
            asks++;
        }
        cr_assert_leq(asks, 3, "%d asks of node %d", asks, i);
    }
}

Test(scenario_repair, steady_traffic_between_live_nodes_never_looks_like_a_difference) {
    script_mesh(4, NULL);
    zc_cluster_run_ms(script_cluster(), 3000);
    script_forget();
    for (int i = 0; i < 2000; i++) {
        script_set(i % 4, "a", "1");
        zc_cluster_run_ms(script_cluster(), 5);
    }
    for (int i = 0; i < 4; i++) {
        cr_assert_null(strstr(script_decisions(i), "sync_ask"), "node %d", i);
    }
}

Test(scenario_repair, intervals_at_the_limit_refuse_batches_until_a_repair_has_closed_holes) {
    script_mesh(2, NULL);
    script_lose(1, 0, ZC_MESSAGE_SYNC_ASK, 3);
    for (int i = 0; i < 200; i++) {
        if (i % 2 == 0) {
            script_lose(0, 1, ZC_MESSAGE_BATCH, 1);
        }
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        script_set(0, key, "v");
        zc_cluster_run_ms(script_cluster(), 1);
    }
    cr_assert_gt(script_counters(1).batches_refused, 0);
    cr_assert(script_settles());
    cr_assert_eq(zc_cluster_view(script_cluster(), 1).store.entries, 200);
}

/* What came of a transfer that broke is held, though no vector covers it: with its donor dead, only
 * who got it can give it, and others do not know of it by any vector. */
Test(scenario_repair, what_a_broken_transfer_brought_reaches_all_though_its_donor_is_dead) {
    script_mesh(4, NULL);
    script_set(0, "b", "old");
    cr_assert(script_will_hold("b", "old", HEARTBEAT_MS));
    zc_cluster_partition(script_cluster(), 1);
    zc_cluster_run_ms(script_cluster(), 100);
    script_set(0, "a", "1");
    script_set(0, "b", "new");
    /* More single writes, apart in time, than a vector has intervals for. */
    for (int i = 0; i < 2 * ZCACHE_INTERVALS_MAX; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        script_set(0, key, "v");
        zc_cluster_run_ms(script_cluster(), 2);
    }
    script_lose(0, 1, ZC_MESSAGE_SYNC_END, SCRIPT_FOREVER);
    zc_cluster_heal(script_cluster());
    zc_cluster_partition(script_cluster(), 1 | 2);
    zc_cluster_run_ms(script_cluster(), 8 * HEARTBEAT_MS);
    cr_assert(script_holds(1, "a", "1"));
    cr_assert(script_holds(1, "b", "new"));
    cr_assert(script_holds(2, "b", "old"));
    zc_cluster_crash(script_cluster(), 0);
    zc_cluster_heal(script_cluster());
    /* The dead one is gone after 20 heartbeats; then it is a matter of two. */
    cr_assert(script_will_hold("a", "1", 30 * HEARTBEAT_MS));
    cr_assert(script_all_hold("b", "new"));
    cr_assert(script_settles());
    /* And then it is at rest: what is held by all differs no more. */
    zc_cluster_run_ms(script_cluster(), 30 * HEARTBEAT_MS);
    script_forget();
    zc_cluster_run_ms(script_cluster(), 20 * HEARTBEAT_MS);
    for (int i = 1; i < 4; i++) {
        cr_assert_null(strstr(script_decisions(i), "sync_ask"), "node %d", i);
    }
}

/* The transfer of many chunks begins while "old" is its first value at the donor, the coldest, and
 * so comes last; before that the donor gets a newer one, of a node that the asker does not hear. */
Test(scenario_repair, delta_brings_what_overwrote_a_part_of_it_meanwhile) {
    static char big[100 * 1024];
    memset(big, 'x', sizeof big - 1);
    script_mesh(3, NULL);
    script_set(1, "old", "0");
    cr_assert(script_will_hold("old", "0", 1000));
    zc_cluster_partition(script_cluster(), 1u << 2);
    script_set(0, "old", "1");
    for (int i = 0; i < 40; i++) {
        char key[16];
        snprintf(key, sizeof key, "big%d", i);
        script_set(0, key, big);
    }
    zc_cluster_run_ms(script_cluster(), 500);
    zc_cluster_heal(script_cluster());
    zc_cluster_cut(script_cluster(), 1, 0, true);
    zc_cluster_cut(script_cluster(), 1, 2, true);
    cr_assert(script_holds(2, "old", "0"));
    script_forget();
    while (!script_decided(2, "to peer 0: sync_ask")) {
        zc_cluster_run_ms(script_cluster(), 1);
    }
    zc_cluster_cut(script_cluster(), 1, 0, false);
    script_set(1, "old", "2");
    cr_assert(script_will_hold("big0", big, 3000));
    cr_assert(script_holds(0, "old", "2"));
    cr_assert(script_holds(2, "old", "2"), "covered \"1\" and has neither it nor what came after");
}

/* -- A donor that dies (R7) ------------------------------------------------ */

enum { RESUME_KEYS = 400 };

static uint64_t chunk_bytes(void) {
    return zc_cluster_traffic(script_cluster()).bytes[ZC_MESSAGE_SYNC_CHUNK];
}

static bool has_nine_tenths(zc_cluster_t *cluster, void *context) {
    (void)context;
    return zc_cluster_view(cluster, 2).store.entries >= RESUME_KEYS * 9 / 10;
}

static bool has_all(zc_cluster_t *cluster, void *context) {
    (void)context;
    return zc_cluster_view(cluster, 2).store.entries == RESUME_KEYS;
}

/* Node 2 lacks forty megabytes of node 0, whose way to it is cut once nine tenths have come. The
 * way of node 1 is closed till then. */
Test(scenario_repair, receiver_resumes_with_another_donor_from_what_it_has) {
    static char big[100 * 1024];
    memset(big, 'x', sizeof big - 1);
    script_mesh(3, NULL);
    zc_cluster_partition(script_cluster(), 1u << 2);
    for (int i = 0; i < RESUME_KEYS; i++) {
        char key[16];
        snprintf(key, sizeof key, "big%d", i);
        script_set(0, key, big);
        zc_cluster_run_ms(script_cluster(), 1);
    }
    zc_cluster_heal(script_cluster());
    zc_cluster_cut(script_cluster(), 1, 2, true);
    uint64_t before = chunk_bytes();
    cr_assert(zc_cluster_run_until(script_cluster(), has_nine_tenths, NULL, SCRIPT_LIMIT_MS));
    zc_cluster_cut(script_cluster(), 1, 2, false);
    zc_cluster_crash(script_cluster(), 0);
    uint64_t first = chunk_bytes() - before;
    cr_assert_lt(zc_cluster_view(script_cluster(), 2).store.entries, RESUME_KEYS);
    cr_assert(zc_cluster_run_until(script_cluster(), has_all, NULL, SCRIPT_LIMIT_MS));
    cr_assert(script_settles());
    uint64_t second = chunk_bytes() - before - first;
    printf("bytes of the first donor: %llu, of the second: %llu\n", (unsigned long long)first,
           (unsigned long long)second);
    cr_assert_leq(second * 8, first);
}
