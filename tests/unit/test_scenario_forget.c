/* SPDX-License-Identifier: MPL-2.0 */
/* What was forgotten (R9): a node that was away and still holds an old value must end with a miss
 * or the newest value, never with the old one in place of a newer one that is gone. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/replica/state.h"
#include "tests/sim/script.h"

static zc_settings_t settings;

static void start(void) {
    script_start();
    zc_settings_init(&settings);
    settings.max_size = 4;
    settings.ghosts_max = 2;
    settings.expire_after_ms = 0;
}

TestSuite(scenario_forget, .init = start, .fini = script_stop);

static bool has_ghost(int node, const char *key) {
    zc_store_item_t item;
    zc_store_t *store = zc_replica_store(zc_cluster_replica(script_cluster(), node));
    return zc_store_find(store, zc_key_hash(zc_slice_text(key)), &item) && item.ghost;
}

/* Key "k" is v1 on all; then the last node is cut off. */
static void part_with_v1(int nodes) {
    script_mesh(nodes, &settings);
    script_set(0, "k", "v1");
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_partition(script_cluster(), 1u << (nodes - 1));
    zc_cluster_run_ms(script_cluster(), 10);
}

/* Makes node 0 evict all that it holds and forget the ghosts. */
static void forget_all(void) {
    script_fill(0, "other", 10);
    zc_cluster_run_ms(script_cluster(), 100);
    cr_assert(script_holds(0, "k", NULL));
    cr_assert_not(has_ghost(0, "k"), "its ghost is forgotten");
}

static void heal_and_miss(int away) {
    cr_assert(script_holds(away, "k", "v1"), "while it is away it knows no better");
    script_forget();
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("k", NULL));
    zc_cluster_run_ms(script_cluster(), 30000);
    cr_assert(script_all_hold("k", NULL));
}

Test(scenario_forget, evicted_newer_value_is_a_miss_and_never_the_older_one) {
    part_with_v1(2);
    script_set(0, "k", "v2");
    forget_all();
    heal_and_miss(1);
    cr_assert_gt(script_counters(1).replace_syncs, 0);
}

Test(scenario_forget, evicted_newer_value_that_left_a_ghost_is_a_miss_by_a_delta) {
    /* Node 0 has little memory, and node 1 has room: there nothing is evicted. */
    settings.max_size = 1000;
    settings.ghosts_max = 1000;
    zc_cluster_set_max_memory(script_cluster(), 4000);
    zc_cluster_start(script_cluster(), &settings, -1);
    zc_cluster_set_max_memory(script_cluster(), 0);
    script_join(0, &settings);
    cr_assert(script_settles());
    script_set(0, "k", "v1");
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_partition(script_cluster(), 1);
    zc_cluster_run_ms(script_cluster(), 10);
    uint64_t replace_syncs = script_counters(1).replace_syncs;
    script_set(0, "k", "v2");
    script_fill(0, "other", 100);
    zc_cluster_run_ms(script_cluster(), 100);
    cr_assert(has_ghost(0, "k"));
    cr_assert(script_holds(1, "k", "v1"));
    zc_cluster_heal(script_cluster());
    zc_cluster_run_ms(script_cluster(), 20000);
    cr_assert(script_holds(1, "other99", "v"));
    cr_assert(has_ghost(1, "k"));
    cr_assert(script_all_hold("k", NULL));
    cr_assert_eq(zc_cluster_view(script_cluster(), 1).store.evictions, 0);
    cr_assert_eq(script_counters(1).replace_syncs, replace_syncs);
}

Test(scenario_forget, expired_newer_value_is_a_miss_and_never_the_older_one) {
    part_with_v1(2);
    zc_cluster_set(script_cluster(), 0, "k", "v2", 100);
    zc_cluster_run_ms(script_cluster(), 3000);
    cr_assert(script_holds(0, "k", NULL));
    forget_all();
    heal_and_miss(1);
}

Test(scenario_forget, deleted_key_whose_ghost_is_forgotten_does_not_come_back) {
    part_with_v1(2);
    cr_assert_eq(zc_cluster_delete(script_cluster(), 0, "k"), ZCACHE_OK);
    forget_all();
    heal_and_miss(1);
}

Test(scenario_forget, the_same_holds_where_many_were_there_and_one_was_away) {
    part_with_v1(4);
    script_set(1, "k", "v2");
    zc_cluster_run_ms(script_cluster(), 10);
    forget_all();
    cr_assert(script_holds(2, "k", NULL));
    heal_and_miss(3);
}

Test(scenario_forget, the_same_holds_where_the_writer_of_the_newer_value_died) {
    part_with_v1(3);
    script_set(1, "k", "v2");
    zc_cluster_run_ms(script_cluster(), 10);
    forget_all();
    zc_cluster_crash(script_cluster(), 1);
    zc_cluster_run_ms(script_cluster(), 10000);
    heal_and_miss(2);
}

Test(scenario_forget, own_value_of_the_one_that_was_away_is_no_exception) {
    script_mesh(2, &settings);
    script_set(1, "k", "v1");
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_partition(script_cluster(), 1);
    script_set(0, "k", "v2");
    forget_all();
    heal_and_miss(1);
}

Test(scenario_forget, what_the_away_side_wrote_meanwhile_stays) {
    part_with_v1(2);
    script_set(0, "k", "v2");
    forget_all();
    script_set(1, "mine", "1");
    script_set(1, "other9", "mine is newer");
    heal_and_miss(1);
    cr_assert(script_all_hold("mine", "1"));
    cr_assert(script_all_hold("other9", "mine is newer"));
}

Test(scenario_forget, late_write_that_is_not_above_the_horizon_is_refused_and_leaves_a_ghost) {
    script_mesh(3, &settings);
    zc_cluster_network(script_cluster())->latency_us = 300 * 1000;
    script_set(2, "k", "v1");
    zc_cluster_run_ms(script_cluster(), 10);
    script_set(0, "k", "v2");
    forget_all();
    cr_assert_eq(script_counters(0).late, 0);
    zc_cluster_run_ms(script_cluster(), 250);
    cr_assert_eq(script_counters(0).late, 1);
    cr_assert(has_ghost(0, "k"));
    cr_assert(script_settles());
    cr_assert(script_all_hold("k", NULL));
}

Test(scenario_forget, late_write_to_an_evicted_key_is_refused_by_its_ghost) {
    settings.ghosts_max = 100;
    script_mesh(3, &settings);
    zc_cluster_network(script_cluster())->latency_us = 300 * 1000;
    script_set(2, "k", "v1");
    zc_cluster_run_ms(script_cluster(), 10);
    script_set(0, "k", "v2");
    script_fill(0, "other", 10);
    cr_assert(has_ghost(0, "k"));
    uint64_t outdated = script_counters(0).outdated;
    zc_cluster_run_ms(script_cluster(), 350);
    cr_assert_gt(script_counters(0).outdated, outdated);
    cr_assert_eq(script_counters(0).late, 0);
    cr_assert(script_holds(0, "k", NULL));
    cr_assert(script_settles());
    cr_assert(script_all_hold("k", NULL));
}

Test(scenario_forget, joiner_takes_over_floors_and_horizon) {
    script_mesh(3, &settings);
    zc_cluster_cut(script_cluster(), 2, 0, true);
    zc_cluster_cut(script_cluster(), 2, 1, true);
    script_set(2, "k", "v1");
    zc_cluster_run_ms(script_cluster(), 10);
    script_set(0, "k", "v2");
    forget_all();
    int joiner = script_join(0, &settings);
    zc_cluster_cut(script_cluster(), 2, joiner, true);
    cr_assert(script_joins(joiner));
    zc_cluster_cut(script_cluster(), 2, joiner, false);
    zc_cluster_run_ms(script_cluster(), 20000);
    cr_assert(script_holds(joiner, "k", NULL));
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("k", NULL));
}

/* Whether node 2 is about to look for a donor, and at node 0 first. */
static bool begins_with_node_0(void) {
    zc_replica_t *replica = zc_cluster_replica(script_cluster(), 2);
    const zc_peer_t *first = zc_peers_at(&replica->peers, replica->hunt.first);
    return replica->hunt.wanted && first != NULL && !first->asked &&
           zc_slice_equal(first->identity.endpoint, zc_slice_text("tcp://10.0.0.1:5000"));
}

Test(scenario_forget, donor_that_can_answer_with_a_delta_is_preferred) {
    /* Node 0 has little memory and forgets what it evicts; node 1 has all that node 3 wrote, which
     * is dead; node 2 heard nothing of it. */
    settings.max_size = 1000;
    settings.ghosts_max = 5;
    zc_cluster_set_max_memory(script_cluster(), 4000);
    zc_cluster_start(script_cluster(), &settings, -1);
    zc_cluster_set_max_memory(script_cluster(), 0);
    for (int i = 0; i < 3; i++) {
        script_join(0, &settings);
    }
    cr_assert(script_settles());
    zc_cluster_cut(script_cluster(), 3, 2, true);
    script_lose(2, SCRIPT_ANY, ZC_MESSAGE_SYNC_ASK, SCRIPT_FOREVER);
    script_fill(3, "k", 200);
    zc_cluster_run_ms(script_cluster(), 100);
    cr_assert_lt(zc_cluster_view(script_cluster(), 0).store.entries, 100);
    cr_assert_eq(zc_cluster_view(script_cluster(), 1).store.entries, 200);
    zc_cluster_crash(script_cluster(), 3);
    zc_cluster_run_ms(script_cluster(), 10000);
    cr_assert_eq(zc_cluster_view(script_cluster(), 2).store.entries, 0);
    for (int ms = 0; !begins_with_node_0(); ms++) {
        zc_cluster_run_ms(script_cluster(), 1);
        cr_assert_lt(ms, SCRIPT_LIMIT_MS);
    }
    script_lose_no_more();
    script_forget();
    zc_cluster_run_ms(script_cluster(), 20000);
    cr_assert_not_null(strstr(script_decisions(0), "sync_end needs_replace"), "it was asked");
    cr_assert_eq(zc_cluster_view(script_cluster(), 1).store.entries, 200);
    cr_assert_eq(zc_cluster_view(script_cluster(), 2).store.entries, 200);
    cr_assert_eq(script_counters(2).replace_syncs, 0);
}

Test(scenario_forget, small_node_does_not_shrink_a_large_one) {
    settings.max_size = 1000;
    settings.ghosts_max = 5;
    zc_cluster_start(script_cluster(), &settings, -1);
    script_fill(0, "k", 200);
    zc_cluster_set_max_memory(script_cluster(), 4000);
    script_join(0, &settings);
    zc_cluster_run_ms(script_cluster(), 5000);
    for (int i = 0; i < 10; i++) {
        script_fill(1, "new", 20);
        zc_cluster_run_ms(script_cluster(), 3000);
    }
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).store.entries, 220);
}

Test(scenario_forget, floor_that_rises_during_a_delta_ends_it_as_incomplete) {
    settings.max_size = 200;
    settings.ghosts_max = 10;
    script_mesh(2, &settings);
    enum { BIG_BYTES = 100 * 1000 };
    static char value[BIG_BYTES + 1];
    memset(value, 'x', BIG_BYTES);
    zc_cluster_partition(script_cluster(), 1);
    for (int i = 0; i < 60; i++) {
        char key[16];
        snprintf(key, sizeof key, "big%d", i);
        script_set(0, key, value);
    }
    zc_cluster_run_ms(script_cluster(), 10);
    zc_cluster_network(script_cluster())->latency_us = 50000;
    script_forget();
    zc_cluster_heal(script_cluster());
    for (int i = 0; strstr(script_decisions(0), "sync_chunk 1") == NULL; i++) {
        zc_cluster_run_ms(script_cluster(), 5);
        cr_assert_lt(i, 10000);
    }
    for (int i = 0; i < 60; i++) {
        char key[16];
        snprintf(key, sizeof key, "big%d", i);
        zc_cluster_delete(script_cluster(), 0, key);
    }
    cr_assert(script_settles());
    cr_assert_not_null(strstr(script_decisions(0), "sync_end incomplete"));
    cr_assert_eq(zc_cluster_view(script_cluster(), 1).store.entries, 0);
}
