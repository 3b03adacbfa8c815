/* SPDX-License-Identifier: MPL-2.0 */
/* Many lives of nodes (R13): vectors that are sent stay small, indexes are used again, and whoever
 * was away for longer than retire_after still gets no stale value and brings none. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/replica/vectors.h"
#include "tests/sim/script.h"

enum { RETIRE_MS = 4000 };

static zc_settings_t settings;
static size_t widest_ask; /* rows of a vector that was sent */

static void note_ask(void *context, int node, const zc_effect_t *effect) {
    (void)context;
    (void)node;
    if (effect->type == ZC_EFFECT_SEND && effect->send.message.type == ZC_MESSAGE_SYNC_ASK &&
        !effect->send.message.sync_ask.replace) {
        size_t rows = effect->send.message.sync_ask.have.count;
        widest_ask = rows > widest_ask ? rows : widest_ask;
    }
}

static void start(void) {
    script_start();
    zc_settings_init(&settings);
    settings.max_size = 4;
    settings.ghosts_max = 4;
    settings.expire_after_ms = 0;
    settings.retire_after_ms = RETIRE_MS;
}

TestSuite(scenario_retire, .init = start, .fini = script_stop);

static size_t indexes(int node) {
    return zc_store_origin_count(zc_replica_store(zc_cluster_replica(script_cluster(), node)));
}

/* Node `node` lives once more, writes and ends. */
static void live_once(int node, int number) {
    zc_cluster_restart(script_cluster(), node, &settings, 0);
    cr_assert(script_joins(node));
    char value[16];
    snprintf(value, sizeof value, "v%d", number);
    script_set(node, "k", value);
    zc_cluster_run_ms(script_cluster(), 200);
    zc_cluster_crash(script_cluster(), node);
    zc_cluster_run_ms(script_cluster(), 800);
}

Test(scenario_retire, after_many_restarts_indexes_are_used_again) {
    script_mesh(3, &settings);
    zc_cluster_crash(script_cluster(), 2);
    for (int i = 0; i < 200; i++) {
        live_once(2, i);
    }
    zc_cluster_restart(script_cluster(), 2, &settings, 0);
    cr_assert(script_settles());
    cr_assert(script_all_hold("k", "v199"));
    cr_assert_lt(indexes(0), 40);
    cr_assert_lt(indexes(1), 40);
    cr_assert_lt(indexes(2), 40, "a joiner takes over what is known of the dead without indexes");
    cr_assert_gt(script_counters(0).retired, 100);
}

Test(scenario_retire, asks_stay_small_after_many_restarts) {
    script_mesh(3, &settings);
    zc_cluster_crash(script_cluster(), 2);
    for (int i = 0; i < 100; i++) {
        live_once(2, i);
    }
    /* Whoever has just gone is settled for the one earlier than for the other, which then asks for
     * the whole vector. */
    zc_cluster_run_ms(script_cluster(), 2 * RETIRE_MS);
    zc_cluster_observe(script_cluster(), note_ask, NULL);
    for (int i = 0; i < 20; i++) {
        script_lose(0, 1, ZC_MESSAGE_BATCH, 1);
        script_set(0, "lost", "1");
        cr_assert(script_settles());
    }
    cr_assert_gt(widest_ask, 0);
    cr_assert_lt(widest_ask, 20);
}

/* The subtle one: k is v1 on all; the last node goes away; v2 comes from a life that ends, is
 * evicted, its ghost forgotten and its origin retired. */
static void retire_the_writer_of_v2(void) {
    script_mesh(4, &settings);
    script_set(0, "k", "v1");
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_partition(script_cluster(), 1u << 3);
    script_set(2, "k", "v2");
    zc_cluster_run_ms(script_cluster(), 100);
    script_fill(1, "other", 20);
    zc_cluster_run_ms(script_cluster(), 100);
    zc_cluster_crash(script_cluster(), 2);
    zc_cluster_run_ms(script_cluster(), 4 * RETIRE_MS);
    cr_assert_gt(script_counters(0).retired, 0);
    cr_assert(script_holds(3, "k", "v1"), "while it is away it knows no better");
}

Test(scenario_retire, one_that_was_away_for_longer_gets_no_stale_value) {
    retire_the_writer_of_v2();
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("k", NULL));
    zc_cluster_run_ms(script_cluster(), 4 * RETIRE_MS);
    cr_assert(script_all_hold("k", NULL));
}

Test(scenario_retire, one_that_was_away_for_longer_brings_what_it_wrote_meanwhile) {
    retire_the_writer_of_v2();
    script_set(3, "mine", "1");
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("mine", "1"));
    cr_assert(script_all_hold("k", NULL));
}

Test(scenario_retire, the_same_holds_where_only_one_can_tell) {
    retire_the_writer_of_v2();
    zc_cluster_heal(script_cluster());
    zc_cluster_cut(script_cluster(), 1, 3, true);
    zc_cluster_cut(script_cluster(), 3, 1, true);
    zc_cluster_run_ms(script_cluster(), 40000);
    cr_assert(script_holds(3, "k", NULL));
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert(script_all_hold("k", NULL));
}
