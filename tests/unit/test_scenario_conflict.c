/* SPDX-License-Identifier: MPL-2.0 */
/* Writes that meet: R1 (order), R8 (deletes), R10 (clear). Every node ends with the same, whatever
 * the order in which it heard of them. */
#include <criterion/criterion.h>

#include "tests/sim/script.h"

enum { HEARTBEAT_MS = 250 };

TestSuite(scenario_conflict, .init = script_start, .fini = script_stop);

static void cut_both_ways(int a, int b, bool cut) {
    zc_cluster_cut(script_cluster(), a, b, cut);
    zc_cluster_cut(script_cluster(), b, a, cut);
}

static zc_stamp_t stamp_of(int node, const char *key) {
    zc_store_t *store = zc_replica_store(zc_cluster_replica(script_cluster(), node));
    zc_store_item_t item;
    cr_assert(zc_store_find(store, zc_key_hash(zc_slice_text(key)), &item));
    return (zc_stamp_t){.hlc = item.hlc, .origin = *zc_store_origin_at(store, item.origin)};
}

static zc_origin_t origin_of(int node) {
    zc_peer_view_t self;
    cr_assert(zc_replica_peer(zc_cluster_replica(script_cluster(), node), 0, &self));
    return self.identity.origin;
}

Test(scenario_conflict, of_two_concurrent_writes_the_later_wins_everywhere) {
    script_mesh(3, NULL);
    cut_both_ways(0, 1, true);
    script_set(0, "a", "early");
    zc_cluster_run_ms(script_cluster(), 20);
    script_set(1, "a", "later");
    zc_cluster_run_ms(script_cluster(), 20);
    cr_assert(script_holds(0, "a", "early"));
    cr_assert(script_holds(2, "a", "later"));
    cut_both_ways(0, 1, false);
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", "later"));
}

Test(scenario_conflict, write_after_one_that_was_seen_wins_over_it) {
    script_mesh(2, NULL);
    for (int i = 0; i < 20; i++) {
        script_set(0, "a", "first");
        zc_cluster_run_ms(script_cluster(), 2);
        zc_hlc_t before = stamp_of(1, "a").hlc;
        script_set(1, "a", "second");
        cr_assert_gt(stamp_of(1, "a").hlc, before);
        zc_cluster_run_ms(script_cluster(), 2);
        cr_assert(script_all_hold("a", "second"));
    }
}

Test(scenario_conflict, tie_goes_to_the_higher_origin_everywhere) {
    /* Without latency the joiner's clock is the founder's to the millisecond. */
    *zc_cluster_network(script_cluster()) = (zc_cluster_network_t){.latency_us = 0};
    script_mesh(3, NULL);
    zc_cluster_network(script_cluster())->latency_us = 1000;
    zc_cluster_run_ms(script_cluster(), 5000);
    script_set(0, "a", "of 0");
    script_set(1, "a", "of 1");
    zc_stamp_t first = stamp_of(0, "a");
    zc_stamp_t second = stamp_of(1, "a");
    cr_assert_eq(first.hlc, second.hlc, "the test forces a tie");
    zc_origin_t origins[] = {origin_of(0), origin_of(1)};
    const char *winner = zc_origin_compare(&origins[0], &origins[1]) > 0 ? "of 0" : "of 1";
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert(script_all_hold("a", winner));
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", winner));
    int joiner = script_join(1, NULL);
    cr_assert(script_joins(joiner));
    cr_assert(script_all_hold("a", winner));
}

Test(scenario_conflict, deleted_key_is_gone_everywhere) {
    script_mesh(3, NULL);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert_eq(zc_cluster_delete(script_cluster(), 1, "a"), ZCACHE_OK);
    cr_assert_eq(zc_cluster_delete(script_cluster(), 1, "a"), ZCACHE_MISS);
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert(script_all_hold("a", NULL));
}

Test(scenario_conflict, late_write_does_not_bring_a_deleted_key_back) {
    script_mesh(3, NULL);
    zc_cluster_partition(script_cluster(), 1 << 2);
    script_set(2, "a", "late");
    zc_cluster_run_ms(script_cluster(), 100);
    script_set(0, "a", "1");
    cr_assert_eq(zc_cluster_delete(script_cluster(), 0, "a"), ZCACHE_OK);
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", NULL));
}

Test(scenario_conflict, write_after_a_delete_stands) {
    script_mesh(2, NULL);
    zc_cluster_partition(script_cluster(), 1);
    cr_assert_eq(zc_cluster_delete(script_cluster(), 0, "a"), ZCACHE_MISS);
    zc_cluster_run_ms(script_cluster(), 100);
    script_set(1, "a", "after");
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", "after"));
}

Test(scenario_conflict, lost_delete_is_repaired) {
    script_mesh(2, NULL);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 10);
    script_lose(0, 1, ZC_MESSAGE_BATCH, 1);
    zc_cluster_delete(script_cluster(), 0, "a");
    cr_assert(script_will_hold("a", NULL, 2 * HEARTBEAT_MS + 2));
}

Test(scenario_conflict, clear_voids_everything_before_it_on_all_nodes) {
    script_mesh(3, NULL);
    script_fill(0, "a", 50);
    script_fill(1, "b", 50);
    zc_cluster_run_ms(script_cluster(), 10);
    zc_cluster_watch(script_cluster(), 2, false);
    zc_cluster_clear(script_cluster(), 1);
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert(script_all_hold("a0", NULL));
    cr_assert(script_all_hold("b49", NULL));
    cr_assert(script_decided(2, "change clear"));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(zc_cluster_view(script_cluster(), i).store.entries, 0);
        cr_assert_eq(zc_cluster_view(script_cluster(), i).store.ghosts, 0, "it leaves no ghosts");
    }
    script_set(0, "a0", "after");
    cr_assert(script_will_hold("a0", "after", 10));
}

Test(scenario_conflict, clear_reaches_a_node_that_was_away_with_older_and_newer_writes) {
    script_mesh(3, NULL);
    zc_cluster_partition(script_cluster(), 1 << 2);
    script_set(2, "older", "1");
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_clear(script_cluster(), 0);
    zc_cluster_run_ms(script_cluster(), 100);
    script_set(2, "newer", "2");
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("older", NULL));
    cr_assert(script_all_hold("newer", "2"));
}

Test(scenario_conflict, lost_clear_is_found_by_the_state_hash) {
    script_mesh(2, NULL);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 1000);
    script_lose(0, 1, ZC_MESSAGE_REGISTERS, 1);
    zc_cluster_clear(script_cluster(), 0);
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert(script_holds(1, "a", "1"));
    cr_assert(script_will_hold("a", NULL, 4 * HEARTBEAT_MS));
}

Test(scenario_conflict, lost_clear_cannot_hide_what_the_next_batch_leaves_out) {
    script_mesh(2, NULL);
    script_set(1, "a", "old");
    zc_cluster_run_ms(script_cluster(), 10);
    script_lose(0, 1, ZC_MESSAGE_REGISTERS, SCRIPT_FOREVER);
    script_set(0, "a", "new");
    zc_cluster_clear(script_cluster(), 0);
    script_set(0, "b", "1");
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert(script_holds(1, "b", "1"));
    cr_assert(script_holds(1, "a", NULL), "it covers the write to a, so it must not be older");
}

Test(scenario_conflict, clear_reaches_a_joiner) {
    script_mesh(2, NULL);
    script_set(0, "a", "1");
    zc_cluster_clear(script_cluster(), 0);
    script_set(0, "b", "2");
    int joiner = script_join(0, NULL);
    cr_assert(script_joins(joiner));
    cr_assert(script_holds(joiner, "a", NULL));
    cr_assert(script_holds(joiner, "b", "2"));
    zc_stamp_t clear = zc_cluster_view(script_cluster(), joiner).registers.clear;
    zc_stamp_t original = zc_cluster_view(script_cluster(), 0).registers.clear;
    cr_assert_eq(zc_stamp_compare(&clear, &original), 0);
}

Test(scenario_conflict, late_write_does_not_survive_a_clear) {
    script_mesh(3, NULL);
    zc_cluster_cut(script_cluster(), 2, 0, true);
    zc_cluster_cut(script_cluster(), 2, 1, true);
    script_set(2, "a", "late");
    zc_cluster_run_ms(script_cluster(), 5);
    zc_cluster_clear(script_cluster(), 0);
    zc_cluster_run_ms(script_cluster(), 5);
    cr_assert(script_all_hold("a", NULL));
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", NULL));
}
