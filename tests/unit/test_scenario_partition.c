/* SPDX-License-Identifier: MPL-2.0 */
/* Nodes that lose and find each other (M3, M4, R2): cut off, killed, started anew, strangers, and
 * one whose clock is wrong. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/sim/script.h"

enum { HEARTBEAT_MS = 250 };

TestSuite(scenario_partition, .init = script_start, .fini = script_stop);

static zc_peer_view_t peer_at(int node, const char *endpoint) {
    zc_peer_view_t peer;
    for (size_t i = 1; zc_replica_peer(zc_cluster_replica(script_cluster(), node), i, &peer); i++) {
        if (zc_slice_equal(peer.identity.endpoint, zc_slice_text(endpoint))) {
            return peer;
        }
    }
    cr_assert_fail("node %d has no peer %s", node, endpoint);
    return peer;
}

Test(scenario_partition, writes_on_both_sides_of_a_partition_merge) {
    script_mesh(4, NULL);
    script_set(0, "both", "before");
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_partition(script_cluster(), 0x3);
    script_fill(0, "left", 50);
    script_set(1, "both", "left");
    zc_cluster_run_ms(script_cluster(), 10000);
    script_fill(3, "right", 50);
    script_set(2, "both", "right");
    zc_cluster_run_ms(script_cluster(), 1000);
    cr_assert(script_holds(0, "both", "left"));
    cr_assert(script_holds(1, "right0", NULL));
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("both", "right"));
    cr_assert(script_all_hold("left49", "v"));
    cr_assert(script_all_hold("right49", "v"));
}

Test(scenario_partition, silent_peer_is_suspect_after_3_heartbeats_and_gone_after_20) {
    script_mesh(2, NULL);
    zc_cluster_crash(script_cluster(), 1);
    zc_cluster_run_ms(script_cluster(), 3 * HEARTBEAT_MS - 10);
    cr_assert_not(script_decided(0, "notice suspect"));
    zc_cluster_run_ms(script_cluster(), 2 * HEARTBEAT_MS + 10);
    cr_assert_eq(script_count(0, "notice suspect n1\n"), 1);
    cr_assert_not(script_decided(0, "notice gone"));
    zc_cluster_run_ms(script_cluster(), 17 * HEARTBEAT_MS);
    cr_assert_eq(script_count(0, "notice gone n1\n"), 1);
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).peers_live, 0);
}

Test(scenario_partition, gone_peer_is_dialled_with_backoff_up_to_30_s) {
    script_mesh(2, NULL);
    zc_cluster_crash(script_cluster(), 1);
    zc_cluster_run_ms(script_cluster(), 120 * 1000);
    script_forget();
    zc_cluster_run_ms(script_cluster(), 120 * 1000);
    size_t dials = script_count(0, "dial 0 tcp://10.0.0.2:5000\n");
    cr_assert_geq(dials, 3);
    cr_assert_leq(dials, 4);
}

Test(scenario_partition, node_that_was_away_for_an_hour_comes_back_by_itself) {
    script_mesh(2, NULL);
    zc_cluster_partition(script_cluster(), 1);
    zc_cluster_run_ms(script_cluster(), 3600 * 1000);
    script_set(0, "a", "1");
    script_set(1, "b", "2");
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", "1"));
    cr_assert(script_all_hold("b", "2"));
}

Test(scenario_partition, leaving_says_goodbye_and_loses_nothing) {
    script_mesh(3, NULL);
    script_set(1, "a", "1");
    zc_cluster_leave(script_cluster(), 1);
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert(script_holds(0, "a", "1"));
    cr_assert(script_holds(2, "a", "1"));
    cr_assert_eq(script_count(0, "notice left n1\n"), 1);
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).peers_live, 1);
    zc_cluster_run_ms(script_cluster(), 30 * 1000);
    cr_assert_not(script_decided(0, "notice gone"));
}

Test(scenario_partition, restart_at_the_same_endpoint_is_a_new_origin_that_replaces_the_old) {
    script_mesh(3, NULL);
    script_set(1, "a", "1");
    zc_cluster_run_ms(script_cluster(), 10);
    zc_origin_t before = peer_at(0, "tcp://10.0.0.2:5000").identity.origin;
    zc_cluster_crash(script_cluster(), 1);
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_restart(script_cluster(), 1, NULL, 2);
    cr_assert(script_settles());
    zc_origin_t after = peer_at(0, "tcp://10.0.0.2:5000").identity.origin;
    cr_assert_neq(zc_origin_compare(&before, &after), 0);
    cr_assert_eq(script_count(0, "notice replaced n1\n"), 1);
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).peers_live, 2);
    cr_assert(script_all_hold("a", "1"));
    script_set(1, "a", "2");
    cr_assert(script_will_hold("a", "2", 10));
}

Test(scenario_partition, restart_of_the_founder_finds_the_mesh_again) {
    script_mesh(3, NULL);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 10);
    zc_cluster_crash(script_cluster(), 0);
    zc_cluster_run_ms(script_cluster(), 10 * 1000);
    script_set(1, "b", "2");
    zc_cluster_restart(script_cluster(), 0, NULL, -1);
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", "1"));
    cr_assert(script_all_hold("b", "2"));
}

Test(scenario_partition, restarts_again_and_again_leave_one_peer) {
    script_mesh(2, NULL);
    for (int i = 0; i < 10; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        script_set(1, key, "v");
        zc_cluster_run_ms(script_cluster(), 10);
        zc_cluster_crash(script_cluster(), 1);
        zc_cluster_run_ms(script_cluster(), 50 + (uint64_t)i * 100);
        zc_cluster_restart(script_cluster(), 1, NULL, 0);
        cr_assert(script_settles());
    }
    zc_peer_view_t peer;
    cr_assert_not(zc_replica_peer(zc_cluster_replica(script_cluster(), 0), 2, &peer));
    cr_assert(script_all_hold("k0", "v"));
    cr_assert(script_all_hold("k9", "v"));
}

/* Nodes 0 and 1 are a mesh, 2 and 3 another, founded later; they find each other by node 3, which
 * was also told of node 0. */
static void two_meshes(const zc_settings_t *older, const zc_settings_t *younger) {
    zc_cluster_start(script_cluster(), older, -1);
    zc_cluster_start(script_cluster(), older, 0);
    zc_cluster_run_ms(script_cluster(), 1000);
    for (int i = 0; i < 2; i++) {
        for (int j = 2; j < 4; j++) {
            zc_cluster_cut(script_cluster(), i, j, true);
            zc_cluster_cut(script_cluster(), j, i, true);
        }
    }
    zc_cluster_start(script_cluster(), younger, -1);
    zc_cluster_start(script_cluster(), younger, 2);
    zc_cluster_run_ms(script_cluster(), 10000);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(zc_cluster_view(script_cluster(), i).peers_live, 1);
    }
}

Test(scenario_partition, two_meshes_that_meet_have_the_data_of_both) {
    two_meshes(NULL, NULL);
    script_set(0, "both", "older");
    script_set(1, "left", "1");
    zc_cluster_run_ms(script_cluster(), 100);
    script_set(3, "both", "newer");
    script_set(2, "right", "2");
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("both", "newer"));
    cr_assert(script_all_hold("left", "1"));
    cr_assert(script_all_hold("right", "2"));
}

Test(scenario_partition, of_two_meshes_that_meet_the_older_ones_settings_hold) {
    zc_settings_t older;
    zc_settings_init(&older);
    zc_settings_t younger = older;
    older.max_size = 77;
    younger.max_size = 500;
    two_meshes(&older, &younger);
    script_forget();
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(zc_cluster_view(script_cluster(), i).registers.settings.max_size, 77);
    }
    cr_assert_eq(script_count(2, "notice adopted max_size 77 instead of 500\n"), 1);
    cr_assert_not(script_decided(0, "notice adopted"));
}

Test(scenario_partition, settings_changed_live_hold_over_an_older_mesh) {
    zc_settings_t older;
    zc_settings_init(&older);
    older.max_size = 77;
    two_meshes(&older, NULL);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 3, "max_size", 300), ZCACHE_OK);
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(zc_cluster_view(script_cluster(), i).registers.settings.max_size, 300);
    }
}

/* Founder 2 runs a minute ahead; it meets founder 0 by node 3. */
static void meet_skewed(void) {
    zc_cluster_start(script_cluster(), NULL, -1);
    zc_cluster_start(script_cluster(), NULL, 0);
    zc_cluster_set_wall_skew_ms(script_cluster(), 60 * 1000);
    zc_cluster_cut(script_cluster(), 3, 0, true);
    zc_cluster_start(script_cluster(), NULL, -1);
    zc_cluster_start(script_cluster(), NULL, 2);
    zc_cluster_run_ms(script_cluster(), 2000);
    script_set(0, "a", "1");
    script_set(2, "b", "2");
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_heal(script_cluster());
    zc_cluster_run_ms(script_cluster(), 30000);
}

Test(scenario_partition, peer_whose_clock_is_too_far_ahead_is_quarantined) {
    meet_skewed();
    zc_peer_view_t skewed = peer_at(0, "tcp://10.0.0.4:5000");
    cr_assert_eq(skewed.state, ZC_PEER_SKEWED);
    cr_assert_geq(skewed.skew_ms, 59990);
    cr_assert_leq(skewed.skew_ms, 60010);
    cr_assert(script_decided(0, "notice skewed n3\n"));
    cr_assert(script_holds(0, "b", NULL), "nothing of it is applied");
    cr_assert(script_holds(1, "b", NULL));
    script_set(3, "c", "3");
    zc_cluster_run_ms(script_cluster(), 1000);
    cr_assert(script_holds(0, "c", NULL));
    cr_assert_gt(script_counters(0).skewed, 0);
    cr_assert_eq(script_count(0, "notice skewed n3\n"), 1, "it is told once");
    cr_assert(script_decided(2, "notice self_skewed n0\n"), "both sides say so");
    cr_assert_gt(script_counters(2).skewed_here, 0);
    cr_assert_eq(script_counters(0).skewed_here, 0);
    script_set(0, "d", "4");
    cr_assert(script_will_hold("a", "1", 10000), "what is not ahead goes the other way");
    cr_assert_lt(zc_cluster_view(script_cluster(), 0).mesh_ms, 1700000000000 + 100 * 1000);
}

Test(scenario_partition, quarantined_peer_comes_back_by_itself_once_it_is_no_longer_ahead) {
    meet_skewed();
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(zc_cluster_configure(script_cluster(), i, "max_clock_skew_ms", 120000),
                     ZCACHE_OK);
    }
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", "1"));
    cr_assert(script_all_hold("b", "2"));
    cr_assert_eq(peer_at(0, "tcp://10.0.0.4:5000").skew_ms, 0);
}

Test(scenario_partition, joiner_runs_on_the_clock_of_the_mesh) {
    script_mesh(1, NULL);
    zc_cluster_set_wall_skew_ms(script_cluster(), 3600 * 1000);
    int joiner = script_join(0, NULL);
    cr_assert(script_joins(joiner));
    cr_assert_leq(zc_cluster_view(script_cluster(), joiner).mesh_ms,
                  zc_cluster_view(script_cluster(), 0).mesh_ms + 5);
    script_set(joiner, "a", "1");
    cr_assert(script_will_hold("a", "1", 10));
    cr_assert_eq(script_counters(0).skewed, 0);
}

Test(scenario_partition, node_that_stalls_does_not_blame_the_others) {
    script_mesh(3, NULL);
    zc_cluster_pause(script_cluster(), 1, true);
    zc_cluster_run_ms(script_cluster(), 30 * 1000);
    cr_assert(script_decided(0, "notice gone n1\n"));
    script_forget();
    zc_cluster_pause(script_cluster(), 1, false);
    cr_assert(script_settles());
    cr_assert_not(script_decided(1, "notice suspect"));
    cr_assert_not(script_decided(1, "notice gone"));
}
