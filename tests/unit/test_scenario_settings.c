/* SPDX-License-Identifier: MPL-2.0 */
/* Settings belong to the mesh (M2): adopted at join, changed live, found again when their broadcast
 * is lost. */
#include <criterion/criterion.h>

#include "tests/sim/script.h"

enum { HEARTBEAT_MS = 250 };

static zc_settings_t settings;

static void start(void) {
    script_start();
    zc_settings_init(&settings);
}

TestSuite(scenario_settings, .init = start, .fini = script_stop);

static const zc_settings_t *settings_of(int node) {
    static zc_replica_view_t view;
    view = zc_cluster_view(script_cluster(), node);
    return &view.registers.settings;
}

Test(scenario_settings, joiner_adopts_the_meshs_and_says_so) {
    settings.max_size = 123;
    settings.expire_after_ms = 4567;
    script_mesh(1, &settings);
    zc_settings_init(&settings);
    settings.max_size = 5;
    int joiner = script_join(0, &settings);
    cr_assert(script_joins(joiner));
    cr_assert_eq(settings_of(joiner)->max_size, 123);
    cr_assert_eq(settings_of(joiner)->expire_after_ms, 4567);
    cr_assert(script_decided(joiner, "notice adopted max_size 123 instead of 5\n"));
    cr_assert(script_decided(joiner, "notice adopted expire_after_ms 4567 instead of 60000\n"));
    cr_assert_eq(script_count(joiner, "notice adopted"), 2, "what did not differ is not told");
    script_fill(joiner, "k", 123);
    cr_assert_eq(zc_cluster_view(script_cluster(), joiner).store.entries, 123, "it is in force");
}

Test(scenario_settings, change_at_any_node_holds_on_all) {
    script_mesh(3, NULL);
    script_fill(0, "k", 100);
    zc_cluster_run_ms(script_cluster(), 100);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 2, "max_size", 10), ZCACHE_OK);
    zc_cluster_run_ms(script_cluster(), 20);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(settings_of(i)->max_size, 10);
        cr_assert_eq(zc_cluster_view(script_cluster(), i).store.entries, 10);
    }
    cr_assert(script_all_hold("k99", "v"));
    cr_assert(zc_cluster_converged(script_cluster(), NULL));
}

Test(scenario_settings, lost_change_is_found_by_the_state_hash) {
    script_mesh(2, NULL);
    zc_cluster_run_ms(script_cluster(), 1000);
    script_lose(0, 1, ZC_MESSAGE_REGISTERS, 1);
    zc_cluster_configure(script_cluster(), 0, "max_size", 10);
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert_eq(settings_of(1)->max_size, 1000);
    zc_cluster_run_ms(script_cluster(), 4 * HEARTBEAT_MS);
    cr_assert_eq(settings_of(1)->max_size, 10);
}

Test(scenario_settings, last_change_wins_after_a_partition) {
    script_mesh(2, NULL);
    zc_cluster_partition(script_cluster(), 1);
    zc_cluster_configure(script_cluster(), 0, "max_size", 10);
    zc_cluster_run_ms(script_cluster(), 10);
    zc_cluster_configure(script_cluster(), 1, "max_size", 20);
    zc_cluster_heal(script_cluster());
    cr_assert(script_settles());
    cr_assert_eq(settings_of(0)->max_size, 20);
    cr_assert_eq(settings_of(1)->max_size, 20);
}

Test(scenario_settings, change_out_of_range_or_of_no_setting_is_invalid) {
    script_mesh(1, NULL);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 0, "max_size", 0), ZCACHE_INVALID);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 0, "heartbeat_ms", 60001), ZCACHE_INVALID);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 0, "nothing", 1), ZCACHE_INVALID);
    cr_assert_eq(settings_of(0)->max_size, 1000);
}

Test(scenario_settings, larger_values_are_allowed_everywhere_and_told_to_whoever_sends) {
    script_mesh(2, NULL);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 0, "value_max", 2000), ZCACHE_OK);
    zc_cluster_run_ms(script_cluster(), 10);
    char value[2002];
    memset(value, 'x', sizeof value);
    value[2001] = '\0';
    cr_assert_eq(zc_cluster_set(script_cluster(), 1, "a", value, 0), ZCACHE_TOO_LARGE);
    value[2000] = '\0';
    cr_assert_eq(zc_cluster_set(script_cluster(), 1, "a", value, 0), ZCACHE_OK);
}

Test(scenario_settings, faster_heartbeat_is_in_force_at_once) {
    settings.heartbeat_ms = 20000;
    script_mesh(3, &settings);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 0, "heartbeat_ms", 100), ZCACHE_OK);
    zc_cluster_run_ms(script_cluster(), 50);
    script_forget();
    zc_cluster_run_ms(script_cluster(), 2000);
    for (int i = 0; i < 3; i++) {
        cr_assert_geq(script_count(i, "broadcast heartbeat"), 18);
        cr_assert_not(script_decided(i, "notice suspect"));
    }
}

Test(scenario_settings, slower_heartbeat_makes_nobody_suspect) {
    settings.heartbeat_ms = 50;
    script_mesh(3, &settings);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 0, "heartbeat_ms", 1000), ZCACHE_OK);
    zc_cluster_run_ms(script_cluster(), 10000);
    for (int i = 0; i < 3; i++) {
        cr_assert_not(script_decided(i, "notice suspect"));
    }
}

Test(scenario_settings, shorter_idle_time_expires_what_is_idle_already) {
    script_mesh(2, NULL);
    script_set(0, "a", "1");
    zc_cluster_run_ms(script_cluster(), 3000);
    script_set(0, "b", "1");
    zc_cluster_configure(script_cluster(), 1, "expire_after_ms", 2000);
    zc_cluster_run_ms(script_cluster(), 20);
    cr_assert(script_all_hold("a", NULL));
    cr_assert(script_all_hold("b", "1"));
    cr_assert_eq(zc_cluster_configure(script_cluster(), 1, "expire_after_ms", 0), ZCACHE_OK);
    zc_cluster_run_ms(script_cluster(), 100000);
    cr_assert(script_all_hold("b", "1"), "0: never");
}
