/* SPDX-License-Identifier: MPL-2.0 */
/* A node that runs out of memory: whichever allocation fails, it neither crashes nor leaks, and
 * once memory is back the mesh agrees.
 *
 * Node 0 is the one whose allocations fail. For n from 0 up: a fresh mesh, the n-th allocation from
 * then on fails, the mesh is healed and has to settle; until none has failed. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/sim/script.h"
#include "tests/support/failing_allocator.h"

enum { ATTEMPTS_MAX = 5000 };

static zc_failing_allocator_t failing;
static zc_settings_t settings;

static void start(void) {
    zc_settings_init(&settings);
}

TestSuite(scenario_memory, .init = start, .timeout = 100);

typedef void act_fn(void);

/* `prepare` runs with memory, `act` without. Returns how many allocations there were. */
static int fail_each_allocation(act_fn *prepare, act_fn *act) {
    bool failed = true;
    int attempts = 0;
    for (; failed; attempts++) {
        cr_assert_lt(attempts, ATTEMPTS_MAX);
        script_start();
        zc_failing_allocator_init(&failing);
        zc_cluster_set_allocator(script_cluster(), &failing.allocator);
        zc_cluster_start(script_cluster(), &settings, -1);
        zc_cluster_set_allocator(script_cluster(), zc_allocator_system());
        prepare();
        zc_failing_allocator_fail_after(&failing, (uint64_t)attempts);
        act();
        failed = zc_failing_allocator_stop(&failing);
        cr_assert(script_settles(), "with allocation %d failed", attempts);
        script_stop();
        cr_assert_eq(failing.blocks, 0, "%d blocks leaked", (int)failing.blocks);
    }
    return attempts - 1;
}

static void pass(uint64_t ms) {
    zc_cluster_run_ms(script_cluster(), ms);
}

static void prepare_pair(void) {
    script_join(0, &settings);
    cr_assert(script_settles());
    script_fill(0, "k", 5);
    script_fill(1, "m", 5);
    pass(50);
}

static void prepare_three(void) {
    script_join(0, &settings);
    prepare_pair();
}

static void set_here(void) {
    zcache_status status = zc_cluster_set(script_cluster(), 0, "new", "1", 5000);
    cr_assert(status == ZCACHE_OK || status == ZCACHE_NO_MEMORY);
    bool held = status == ZCACHE_OK;
    cr_assert(script_holds(0, "new", held ? "1" : NULL));
    pass(1000);
}

Test(scenario_memory, set_is_done_or_refused) {
    cr_assert_gt(fail_each_allocation(prepare_pair, set_here), 0);
}

static void delete_here(void) {
    zcache_status status = zc_cluster_delete(script_cluster(), 0, "k1");
    cr_assert(status == ZCACHE_OK || status == ZCACHE_NO_MEMORY);
    zc_cluster_delete(script_cluster(), 0, "unknown");
    pass(1000);
}

Test(scenario_memory, delete_takes_no_memory_where_there_was_room) {
    cr_assert_eq(fail_each_allocation(prepare_pair, delete_here), 0);
}

static void clear_and_configure(void) {
    zc_cluster_clear(script_cluster(), 0);
    pass(10);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 0, "max_size", 3), ZCACHE_OK);
    cr_assert_eq(zc_cluster_configure(script_cluster(), 0, "value_max", 2048), ZCACHE_OK);
    pass(1000);
}

Test(scenario_memory, clear_and_settings_take_no_memory) {
    cr_assert_eq(fail_each_allocation(prepare_pair, clear_and_configure), 0);
}

static void write_there(void) {
    script_fill(1, "new", 20);
    pass(5);
    zc_cluster_delete(script_cluster(), 1, "new3");
    zc_cluster_clear(script_cluster(), 1);
    script_fill(1, "after", 3);
    pass(1000);
}

Test(scenario_memory, what_others_write_is_received_in_the_end) {
    cr_assert_gt(fail_each_allocation(prepare_pair, write_there), 0);
}

static void lose_there(void) {
    script_lose(1, 0, ZC_MESSAGE_BATCH, 1);
    script_fill(1, "new", 20);
    pass(1500);
}

Test(scenario_memory, gap_is_repaired_in_the_end) {
    cr_assert_gt(fail_each_allocation(prepare_pair, lose_there), 0);
}

static void lose_here(void) {
    script_lose(0, 1, ZC_MESSAGE_BATCH, 1);
    zc_cluster_set(script_cluster(), 0, "new", "1", 0);
    pass(1500);
}

Test(scenario_memory, delta_is_given_in_the_end) {
    cr_assert_gt(fail_each_allocation(prepare_pair, lose_here), 0);
}

static void join_here(void) {
    script_join(0, &settings);
    pass(2000);
}

Test(scenario_memory, joiner_is_taken_in_in_the_end) {
    cr_assert_gt(fail_each_allocation(prepare_pair, join_here), 0);
}

Test(scenario_memory, node_founded_without_a_peer_takes_its_first_one) {
    cr_assert_gt(fail_each_allocation(script_forget, join_here), 0);
}

static void replace_peer(void) {
    zc_cluster_crash(script_cluster(), 1);
    pass(100);
    zc_cluster_restart(script_cluster(), 1, &settings, 0);
    pass(2000);
}

Test(scenario_memory, peer_that_was_started_anew_is_known_again) {
    cr_assert_gt(fail_each_allocation(prepare_pair, replace_peer), 0);
}

static void vanish_and_return(void) {
    zc_cluster_partition(script_cluster(), 1);
    pass(7000);
    zc_cluster_heal(script_cluster());
    pass(2000);
}

Test(scenario_memory, peers_that_were_gone_come_back) {
    cr_assert_gt(fail_each_allocation(prepare_three, vanish_and_return), 0);
}

static void read_and_watch(void) {
    zc_cluster_watch(script_cluster(), 0, true);
    zc_cluster_get(script_cluster(), 0, "k1");
    script_set(1, "k1", "new");
    zc_cluster_delete(script_cluster(), 1, "k2");
    pass(6000);
    zc_cluster_get(script_cluster(), 0, "k3");
    pass(1000);
}

Test(scenario_memory, touches_and_events_may_be_lost_and_no_more) {
    cr_assert_gt(fail_each_allocation(prepare_pair, read_and_watch), 0);
}

/* Node 1 has written and forgotten much while node 0 was away: a delta cannot answer. */
static void prepare_replace(void) {
    settings.max_size = 8;
    settings.ghosts_max = 2;
    prepare_pair();
    zc_cluster_partition(script_cluster(), 1);
    script_fill(1, "other", 20);
    zc_cluster_set(script_cluster(), 0, "mine", "1", 0);
    pass(100);
}

static void heal(void) {
    zc_cluster_heal(script_cluster());
    pass(5000);
}

static bool agrees(zc_cluster_t *cluster, void *context) {
    (void)context;
    return zc_cluster_all_live(cluster, NULL) && zc_cluster_converged(cluster, NULL);
}

Test(scenario_memory, replace_sync_is_received_and_given_in_the_end) {
    cr_assert_gt(fail_each_allocation(prepare_replace, heal), 0);
}

/* The node that has no memory is the joiner, not the founder. */
Test(scenario_memory, join_is_complete_in_the_end) {
    bool failed = true;
    for (int n = 0; failed; n++) {
        cr_assert_lt(n, ATTEMPTS_MAX);
        script_start();
        script_mesh(2, NULL);
        script_fill(0, "k", 50);
        pass(50);
        zc_failing_allocator_init(&failing);
        zc_cluster_set_allocator(script_cluster(), &failing.allocator);
        int joiner = script_join(0, NULL);
        zc_failing_allocator_fail_after(&failing, (uint64_t)n);
        pass(300);
        zc_cluster_read(script_cluster(), joiner, "k1", 1);
        pass(2000);
        failed = zc_failing_allocator_stop(&failing);
        cr_assert(zc_cluster_run_until(script_cluster(), agrees, NULL, SCRIPT_LIMIT_MS),
                  "with allocation %d failed", n);
        cr_assert_eq(zc_cluster_view(script_cluster(), joiner).store.entries, 50);
        script_stop();
        cr_assert_eq(failing.blocks, 0);
    }
}

Test(scenario_memory, leaving_does_not_need_memory_to_end) {
    for (int n = 0; n < 20; n++) {
        script_start();
        zc_failing_allocator_init(&failing);
        zc_cluster_set_allocator(script_cluster(), &failing.allocator);
        zc_cluster_start(script_cluster(), &settings, -1);
        zc_cluster_set_allocator(script_cluster(), zc_allocator_system());
        prepare_pair();
        script_set(0, "last", "1");
        zc_failing_allocator_fail_after(&failing, (uint64_t)n);
        zc_cluster_leave(script_cluster(), 0);
        pass(10000);
        cr_assert_eq(failing.blocks, 0);
        script_stop();
    }
}

/* Every allocation fails for a while, not just one. */
static void *no_memory(void *context, void *block, size_t bytes) {
    const bool *gone = context;
    return *gone && bytes > 0 ? NULL : zc_resize(zc_allocator_system(), block, bytes);
}

Test(scenario_memory, node_without_any_memory_for_seconds_recovers) {
    bool gone = false;
    zc_allocator_t allocator = {.resize = no_memory, .context = &gone};
    script_start();
    zc_cluster_set_allocator(script_cluster(), &allocator);
    zc_cluster_start(script_cluster(), &settings, -1);
    zc_cluster_set_allocator(script_cluster(), zc_allocator_system());
    prepare_three();
    gone = true;
    script_fill(1, "new", 100);
    zc_cluster_set(script_cluster(), 0, "here", "1", 0);
    pass(2000);
    script_join(0, &settings);
    pass(8000);
    gone = false;
    cr_assert(script_settles());
    cr_assert(script_all_hold("new99", "v"));
    script_stop();
}
