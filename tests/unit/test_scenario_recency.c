/* SPDX-License-Identifier: MPL-2.0 */
/* What is kept and for how long: R11 (touches, eviction), R12 (idle time and ttl). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/sim/script.h"

enum { HEARTBEAT_MS = 250 };

static zc_settings_t settings;

static void start(void) {
    script_start();
    zc_settings_init(&settings);
}

TestSuite(scenario_recency, .init = start, .fini = script_stop);

Test(scenario_recency, key_read_at_one_node_survives_eviction_on_another) {
    settings.max_size = 10;
    script_mesh(3, &settings);
    script_fill(0, "k", 10);
    zc_cluster_run_ms(script_cluster(), 16000);
    cr_assert_not_null(zc_cluster_get(script_cluster(), 1, "k0"));
    zc_cluster_run_ms(script_cluster(), HEARTBEAT_MS + 10);
    script_set(2, "new", "1");
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert(script_all_hold("k0", "v"));
    cr_assert(script_all_hold("k1", NULL));
    cr_assert(script_all_hold("new", "1"));
    cr_assert(zc_cluster_converged(script_cluster(), NULL), "the same was evicted on all");
}

Test(scenario_recency, eviction_is_never_broadcast) {
    settings.max_size = 10;
    script_mesh(2, &settings);
    script_fill(0, "k", 10);
    zc_cluster_run_ms(script_cluster(), 100);
    script_forget();
    script_set(0, "new", "1");
    zc_cluster_run_ms(script_cluster(), 100);
    cr_assert_eq(script_count(0, "broadcast batch new=1\n"), 1);
    cr_assert_eq(script_count(0, "broadcast batch"), 1);
    cr_assert_eq(script_count(1, "broadcast batch"), 0);
}

Test(scenario_recency, key_is_touched_at_most_once_in_a_window_however_often_it_is_read) {
    script_mesh(2, NULL);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 10000);
    for (int i = 0; i < 1000; i++) {
        cr_assert_not_null(zc_cluster_get(script_cluster(), 1, "a"));
        zc_cluster_run_ms(script_cluster(), 10);
    }
    cr_assert_leq(script_counters(1).touches_sent, 3);
    cr_assert_geq(script_counters(1).touches_sent, 1);
    cr_assert_eq(script_counters(0).touches_received, script_counters(1).touches_sent);
}

Test(scenario_recency, nodes_evict_alike_under_reads_and_writes) {
    settings.max_size = 50;
    settings.expire_after_ms = 0;
    script_mesh(3, &settings);
    zc_random_t random = {.state = 7};
    for (int i = 0; i < 3000; i++) {
        char key[16];
        uint64_t a = zc_random_below(&random, 80);
        uint64_t b = zc_random_below(&random, 80);
        snprintf(key, sizeof key, "k%d", (int)(a < b ? a : b));
        int node = (int)zc_random_below(&random, 3);
        if (zc_cluster_get(script_cluster(), node, key) == NULL) {
            script_set(node, key, "v");
        }
        zc_cluster_run_ms(script_cluster(), 400);
    }
    int held = 0;
    int same = 0;
    for (int i = 0; i < 80; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        bool everywhere = script_all_hold(key, "v");
        same += everywhere || script_all_hold(key, NULL);
        held += script_holds(0, key, "v");
    }
    cr_assert_eq(held, 50);
    cr_assert_geq(same, 79, "only %d of 80 keys are held by all or by none", same);
}

/* What another node holds is replaced in less than a second here, while nothing idles out. */
Test(scenario_recency, hot_key_of_a_small_busy_cache_stays_on_nodes_that_never_read_it) {
    settings.max_size = 100;
    settings.expire_after_ms = 0;
    script_mesh(2, &settings);
    script_set(0, "hot", "v");
    for (int i = 0; i < 2000; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        script_set(1, key, "v");
        cr_assert_not_null(zc_cluster_get(script_cluster(), 0, "hot"), "after %d", i);
        zc_cluster_run_ms(script_cluster(), 10);
        cr_assert(script_all_hold("hot", "v"), "after %d", i);
    }
}

Test(scenario_recency, idle_entry_goes_on_all_nodes) {
    settings.expire_after_ms = 2000;
    script_mesh(3, &settings);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 1990);
    cr_assert(script_all_hold("a", "1"));
    zc_cluster_run_ms(script_cluster(), 20);
    cr_assert(script_all_hold("a", NULL));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(zc_cluster_view(script_cluster(), i).store.entries, 0, "it is collected");
        cr_assert_eq(script_counters(i).expirations, 1);
    }
}

Test(scenario_recency, read_anywhere_keeps_an_entry_young_everywhere) {
    settings.expire_after_ms = 2000;
    script_mesh(3, &settings);
    script_set(0, "read", "1");
    script_set(0, "unread", "1");
    for (int i = 0; i < 20; i++) {
        zc_cluster_run_ms(script_cluster(), 500);
        cr_assert_not_null(zc_cluster_get(script_cluster(), i % 3, "read"), "after %d reads", i);
        cr_assert(script_all_hold("read", "1"));
    }
    cr_assert(script_all_hold("unread", NULL));
    zc_cluster_run_ms(script_cluster(), 2000 + HEARTBEAT_MS + 10);
    cr_assert(script_all_hold("read", NULL));
}

Test(scenario_recency, idle_time_goes_on_through_a_join) {
    settings.expire_after_ms = 5000;
    script_mesh(1, &settings);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 4000);
    int joiner = script_join(0, NULL);
    cr_assert(script_joins(joiner));
    cr_assert(script_holds(joiner, "a", "1"));
    zc_cluster_run_ms(script_cluster(), 1010);
    cr_assert(script_all_hold("a", NULL), "it does not become young by a transfer");
}

Test(scenario_recency, ttl_is_a_deadline_whatever_the_reads) {
    *zc_cluster_network(script_cluster()) = (zc_cluster_network_t){.latency_us = 0};
    script_mesh(3, NULL);
    zc_cluster_network(script_cluster())->latency_us = 300;
    zc_cluster_set(script_cluster(), 0, "a", "1", 1000);
    uint64_t written_ms = zc_cluster_now_ms(script_cluster());
    zc_cluster_run_ms(script_cluster(), 2);
    while (zc_cluster_now_ms(script_cluster()) < written_ms + 1000) {
        for (int i = 0; i < 3; i++) {
            cr_assert_not_null(zc_cluster_get(script_cluster(), i, "a"));
        }
        zc_cluster_run_ms(script_cluster(), 1);
    }
    for (int i = 0; i < 1000; i++) {
        cr_assert(script_all_hold("a", NULL), "served %d ms after its deadline", i);
        zc_cluster_run_ms(script_cluster(), 1);
    }
    cr_assert_eq(zc_cluster_view(script_cluster(), 2).store.entries, 0);
}

Test(scenario_recency, entry_past_its_deadline_is_not_served_before_it_is_collected) {
    script_mesh(2, NULL);
    zc_cluster_set(script_cluster(), 0, "a", "1", 1000);
    zc_cluster_run_ms(script_cluster(), 10);
    for (int i = 0; i < 2; i++) {
        zc_cluster_pause(script_cluster(), i, true);
    }
    zc_cluster_run_ms(script_cluster(), 1500);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(zc_cluster_view(script_cluster(), i).store.entries, 1);
        cr_assert_null(zc_cluster_get(script_cluster(), i, "a"));
        cr_assert_eq(zc_cluster_read(script_cluster(), i, "a", 1), ZCACHE_MISS);
    }
}

Test(scenario_recency, ttl_travels_to_a_joiner_and_is_not_prolonged) {
    script_mesh(1, NULL);
    zc_cluster_set(script_cluster(), 0, "a", "1", 3000);
    uint64_t written_ms = zc_cluster_now_ms(script_cluster());
    zc_cluster_run_ms(script_cluster(), 1000);
    zc_cluster_set_wall_skew_ms(script_cluster(), -3600 * 1000);
    int joiner = script_join(0, NULL);
    cr_assert(script_joins(joiner));
    cr_assert(script_holds(joiner, "a", "1"));
    zc_cluster_run_ms(script_cluster(), written_ms + 2990 - zc_cluster_now_ms(script_cluster()));
    cr_assert(script_holds(joiner, "a", "1"), "wall clocks need not agree");
    zc_cluster_run_ms(script_cluster(), 15);
    cr_assert(script_all_hold("a", NULL));
}

Test(scenario_recency, overwrite_without_ttl_takes_the_deadline_away) {
    script_mesh(2, NULL);
    zc_cluster_set(script_cluster(), 0, "a", "1", 500);
    zc_cluster_run_ms(script_cluster(), 10);
    script_set(1, "a", "2");
    zc_cluster_run_ms(script_cluster(), 1000);
    cr_assert(script_all_hold("a", "2"));
}

Test(scenario_recency, expired_value_does_not_come_back_from_a_node_that_was_away) {
    script_mesh(2, NULL);
    script_set(0, "a", "old");
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_partition(script_cluster(), 1);
    zc_cluster_set(script_cluster(), 0, "a", "new", 500);
    zc_cluster_run_ms(script_cluster(), 2000);
    cr_assert(script_holds(0, "a", NULL));
    cr_assert(script_holds(1, "a", "old"));
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("a", NULL));
}
