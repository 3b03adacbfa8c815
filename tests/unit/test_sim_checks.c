/* SPDX-License-Identifier: MPL-2.0 */
/* Each check of the swarm is shown something wrong, and must see it: a world of two real nodes, in
 * which a false history, a false event or a false memory of theirs is planted. */
#include <criterion/criterion.h>
#include <signal.h>

#include "tests/sim/attempt.h"
#include "tests/sim/world.h"

static zc_world_t *world;

static void pass(uint64_t ms) {
    zc_cluster_run_ms(world->cluster, ms);
}

static void start(void) {
    zc_swarm_options_t options = {.seed = 1, .nodes = 2, .without = ~(zc_features_t)0};
    world = zc_world_new(&options);
    world->plan.keys = 10;
    world->plan.settings.heartbeat_ms = 250;
    zc_world_start(world, 0);
    zc_world_start(world, 1);
    pass(5000);
    zc_cluster_set(world->cluster, 0, "key-1", "one", 0);
    zc_cluster_set(world->cluster, 0, "key-2", "two", 0);
    pass(100);
    zc_check_node(world, 0);
    zc_check_node(world, 1);
    cr_assert_not(zc_world_failed(world), "%s", world->verdict.why);
}

static void stop(void) {
    zc_world_destroy(&world);
}

TestSuite(sim_checks, .init = start, .fini = stop);

static void assert_failed(zc_check_t check) {
    cr_assert_eq(world->verdict.check, check, "check %d: %s", (int)world->verdict.check,
                 world->verdict.why);
}

static zc_written_t *newest(int key) {
    const zc_key_history_t *of_key = &world->history.keys[key];
    return of_key->writes[of_key->count - 1];
}

/* A change that node 1 is made to tell. */
static void tell(zc_change_t change, const char *key, zc_stamp_t stamp) {
    zc_effect_t effect = {.type = ZC_EFFECT_CHANGE};
    effect.change.change = change;
    effect.change.key = zc_slice_text(key);
    effect.change.stamp = stamp;
    const zc_event_t event = {.type = ZC_EVENT_TICK};
    const zc_cluster_step_t step = {
        .node = 1, .event = &event, .effects = {.effects = &effect, .count = 1}};
    zc_check_step(world, &step);
}

static void read_key(int key) {
    char text[ZC_KEY_TEXT_BYTES];
    zc_history_key_text(key, text);
    zc_store_item_t item;
    bool found = zc_cluster_find(world->cluster, 1, text, true, &item);
    zc_check_read(world, 1, key, found, &item);
}

/* A write that is only in the history: after that of another, and covered by all vectors. */
static void plant_write(int key, const zc_written_t *after) {
    zc_written_t planted = {.key = key, .stamp = after->stamp, .sent = true};
    planted.stamp.hlc++;
    cr_assert_not_null(zc_history_add(&world->history, &planted));
}

static zc_check_t find_at_end(void) {
    zc_finding_t finding = {.check = ZC_CHECK_NONE};
    return zc_check_agreement(world, &finding) ? finding.check : ZC_CHECK_NONE;
}

Test(sim_checks, nothing_is_wrong_with_two_nodes_that_are_well) {
    read_key(1);
    cr_assert_eq(find_at_end(), ZC_CHECK_NONE);
    zc_check_sound(world);
    zc_check_wire(world);
    zc_world_end(world, 0, false);
    zc_world_end(world, 1, true);
    assert_failed(ZC_CHECK_NONE);
}

Test(sim_checks, set_that_nobody_made_is_seen) {
    zc_stamp_t stamp = newest(1)->stamp;
    stamp.hlc++;
    tell(ZC_CHANGE_SET, "key-1", stamp);
    assert_failed(ZC_CHECK_WRITTEN);
}

Test(sim_checks, bytes_that_were_not_written_are_seen) {
    newest(1)->value_hash++;
    read_key(1);
    assert_failed(ZC_CHECK_WRITTEN);
}

Test(sim_checks, older_version_after_a_newer_one_is_seen) {
    world->nodes[1].model.served[1].hlc = newest(1)->stamp.hlc + 1;
    read_key(1);
    assert_failed(ZC_CHECK_NEVER_BACK);
}

Test(sim_checks, older_version_that_is_taken_is_seen) {
    world->nodes[1].model.taken[1].hlc = newest(1)->stamp.hlc + 1;
    tell(ZC_CHANGE_SET, "key-1", newest(1)->stamp);
    assert_failed(ZC_CHECK_NEVER_BACK);
}

Test(sim_checks, version_that_is_known_to_be_overwritten_is_seen) {
    plant_write(1, newest(1));
    zc_check_node(world, 1);
    assert_failed(ZC_CHECK_COVERED);
}

Test(sim_checks, vector_that_forgets_is_seen) {
    zc_vector_t empty = {.count = 0};
    zc_check_vector(world, 1, &empty);
    assert_failed(ZC_CHECK_VECTOR);
}

Test(sim_checks, time_that_goes_back_is_seen) {
    world->nodes[1].model.mesh_ms += 1000000;
    zc_check_node(world, 1);
    assert_failed(ZC_CHECK_CLOCK);
}

Test(sim_checks, stamp_that_is_not_the_highest_is_seen) {
    world->nodes[1].model.own_hlc = UINT64_MAX;
    zc_cluster_set(world->cluster, 1, "key-3", "three", 0);
    assert_failed(ZC_CHECK_CLOCK);
}

Test(sim_checks, write_from_too_far_ahead_is_seen) {
    zc_written_t planted = {.key = 4, .stamp = newest(1)->stamp};
    planted.stamp.hlc += zc_hlc_from_ms(3600 * 1000);
    zc_history_add(&world->history, &planted);
    tell(ZC_CHANGE_SET, "key-4", planted.stamp);
    assert_failed(ZC_CHECK_SKEW);
}

Test(sim_checks, entry_that_outlives_its_ttl_is_seen) {
    newest(1)->ttl_ms = 1;
    newest(1)->at_ms = 0;
    read_key(1);
    assert_failed(ZC_CHECK_DEADLINE);
}

Test(sim_checks, change_that_is_told_twice_is_seen) {
    tell(ZC_CHANGE_SET, "key-1", newest(1)->stamp);
    assert_failed(ZC_CHECK_EVENTS);
}

Test(sim_checks, change_that_is_not_told_is_seen) {
    world->nodes[1].model.held[1].hlc = 0;
    zc_check_node(world, 1);
    assert_failed(ZC_CHECK_EVENTS);
}

Test(sim_checks, eviction_of_what_is_not_held_is_seen) {
    tell(ZC_CHANGE_EVICT, "key-3", newest(1)->stamp);
    assert_failed(ZC_CHECK_EVENTS);
}

Test(sim_checks, memory_beyond_its_bound_is_seen) {
    world->nodes[1].memory.most_bytes = 100 * 1000 * 1000;
    zc_check_node(world, 1);
    assert_failed(ZC_CHECK_BUDGET);
}

Test(sim_checks, step_with_too_many_effects_is_seen) {
    static zc_effect_t effects[1000];
    for (size_t i = 0; i < 1000; i++) {
        effects[i].type = ZC_EFFECT_NOTICE;
    }
    const zc_event_t event = {.type = ZC_EVENT_TICK};
    const zc_cluster_step_t step = {
        .node = 1, .event = &event, .effects = {.effects = effects, .count = 1000}};
    zc_check_step(world, &step);
    assert_failed(ZC_CHECK_BUDGET);
}

Test(sim_checks, record_that_was_not_lacking_is_seen) {
    const zc_written_t *written = newest(1);
    zc_sync_ask_t ask = {.session = 7};
    const zc_record_t record = {.hlc = written->stamp.hlc,
                                .key_hash = world->history.key_hashes[1]};
    const zc_sync_chunk_t chunk = {.session = 7,
                                   .origins = &written->stamp.origin,
                                   .origin_count = 1,
                                   .records = &record,
                                   .count = 1};
    zc_check_ask(world, 1, &ask);
    zc_check_chunk(world, 1, &chunk);
    assert_failed(ZC_CHECK_NONE);
    ask.have = world->nodes[1].model.vector.vector;
    zc_check_ask(world, 1, &ask);
    world->nodes[1].model.sessions[0].number = 0;
    zc_check_chunk(world, 1, &chunk);
    assert_failed(ZC_CHECK_REPAIR);
}

Test(sim_checks, transfer_that_costs_more_than_it_brings_is_seen) {
    zc_world_end(world, 1, false);
    zc_world_start(world, 1);
    pass(5000);
    zc_check_wire(world);
    assert_failed(ZC_CHECK_NONE);
    world->transfer_bytes = 0;
    world->transfer_chunks = 0;
    world->transfer_origins = 0;
    zc_check_wire(world);
    assert_failed(ZC_CHECK_REPAIR);
}

Test(sim_checks, malformed_message_is_seen) {
    const zc_message_t message = {.type = ZC_MESSAGE_PING};
    zc_cluster_inject(world->cluster, 1, (zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    zc_check_sound(world);
    assert_failed(ZC_CHECK_SOUND);
}

Test(sim_checks, node_that_does_not_see_another_is_seen) {
    zc_cluster_cut(world->cluster, 0, 1, true);
    pass(10000);
    cr_assert_eq(find_at_end(), ZC_CHECK_AGREED);
}

Test(sim_checks, vectors_that_differ_are_seen) {
    zc_cluster_cut(world->cluster, 0, 1, true);
    zc_cluster_set(world->cluster, 0, "key-1", "other", 0);
    pass(10);
    cr_assert_eq(find_at_end(), ZC_CHECK_AGREED);
}

/* "key-2" was written right after "key-1", so that its stamp is covered. */
Test(sim_checks, old_value_at_the_end_is_seen) {
    zc_cluster_set(world->cluster, 0, "key-1", "first", 0);
    zc_cluster_set(world->cluster, 0, "key-2", "second", 0);
    zc_cluster_set(world->cluster, 0, "key-2", "third", 0);
    pass(100);
    const zc_key_history_t *of_key = &world->history.keys[2];
    zc_written_t planted = *of_key->writes[of_key->count - 2];
    planted.key = 1;
    planted.sent = true;
    zc_history_add(&world->history, &planted);
    cr_assert_eq(find_at_end(), ZC_CHECK_NEWEST);
}

Test(sim_checks, write_that_is_lost_is_seen) {
    zc_written_t planted = *newest(2);
    planted.key = 5;
    planted.sent = true;
    zc_history_add(&world->history, &planted);
    cr_assert_eq(find_at_end(), ZC_CHECK_KEPT);
    zc_history_find(&world->history, 5, &planted.stamp)->let_go = true;
    cr_assert_eq(find_at_end(), ZC_CHECK_NONE, "somebody has evicted it");
}

/* Node 1 has no room for a value of a key that is not compared. */
Test(sim_checks, digest_that_says_something_else_is_seen) {
    world->plan.node[1].max_memory = 1000;
    zc_world_end(world, 1, false);
    zc_world_start(world, 1);
    pass(5000);
    static char big[2000];
    memset(big, 'x', sizeof big - 1);
    zc_cluster_set(world->cluster, 0, "key-100", big, 0);
    pass(2000);
    cr_assert_eq(find_at_end(), ZC_CHECK_DIGEST);
}

Test(sim_checks, ask_after_all_had_agreed_is_seen) {
    uint64_t asks = world->asks;
    zc_check_quiet(world, asks);
    assert_failed(ZC_CHECK_NONE);
    const zc_sync_ask_t ask = {.session = 7};
    zc_check_ask(world, 1, &ask);
    zc_check_quiet(world, asks);
    assert_failed(ZC_CHECK_QUIET);
}

Test(sim_checks, leak_is_seen) {
    void *leaked = zc_allocate(&world->nodes[1].memory.allocator, 1);
    zc_world_end(world, 1, false);
    assert_failed(ZC_CHECK_RETURNED);
    zc_free(&world->nodes[1].memory.allocator, leaked);
}

Test(sim_checks, runs_that_differ_are_seen) {
    zc_swarm_result_t result = {.trace = 1};
    const zc_swarm_result_t same = {.trace = 1};
    const zc_swarm_result_t other = {.trace = 2};
    zc_attempt_compare(&result, &same);
    cr_assert_eq(result.check, ZC_CHECK_NONE);
    zc_attempt_compare(&result, &other);
    cr_assert_eq(result.check, ZC_CHECK_TRACE);
}

Test(sim_checks, run_that_ends_the_program_is_seen) {
    zc_swarm_result_t result = {.check = ZC_CHECK_ENDED};
    zc_attempt_ended(&result, SIGABRT);
    cr_assert_eq(result.check, ZC_CHECK_ENDED);
    cr_assert_str_eq(result.why, "ended by signal 6");
}
