/* SPDX-License-Identifier: MPL-2.0 */
/* Messages that a decoder lets through and that no correct node sends (L2): no assert is reached,
 * nothing grows without bound, and a replica that was attacked still agrees with the honest ones.
 *
 * Node 0 is attacked, node 1 is honest, node 2 is the attacker: a member, in whose name messages
 * are put into node 0's hands. What it says of other origins than its own cannot be told from the
 * truth; it is trusted as a member and not tried here. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/script.h"

enum { ATTACKER = 2, ORIGINS = 5000 };

/* As node 0 sees the attacker. The route belongs to no node of the cluster: answers go nowhere. */
static const zc_link_t broadcast = {.type = ZC_LINK_BROADCAST};
static const zc_link_t peer = {.type = ZC_LINK_PEER, .number = 1};
static const zc_link_t route = {.type = ZC_LINK_ROUTE, .number = (uint64_t)63 << 48};

static zc_origin_t origin_of(int node) {
    zc_peer_view_t self;
    cr_assert(zc_replica_peer(zc_cluster_replica(script_cluster(), node), 0, &self));
    return self.identity.origin;
}

static zc_origin_t made_up(unsigned number) {
    zc_origin_t origin = {.bytes = {0xee}};
    for (int i = 0; i < 4; i++) {
        origin.bytes[1 + i] = (uint8_t)(number >> (24 - 8 * i));
    }
    return origin;
}

static void start(void) {
    script_start();
    script_mesh(3, NULL);
    script_fill(0, "k", 20);
    script_fill(1, "m", 20);
    zc_cluster_run_ms(script_cluster(), 100);
    cr_assert(script_decided(0, "dial 1 tcp://10.0.0.3:5000\n"));
}

/* What every attack ends with: all agree, node 0 can still write and is heard, and its clock is
 * where the others' are. */
static void stop(void) {
    cr_assert(script_settles());
    script_set(0, "after", "0");
    cr_assert(script_will_hold("after", "0", 20000));
    script_set(1, "after", "1");
    cr_assert(script_will_hold("after", "1", 20000));
    cr_assert(script_all_hold("k19", "v"));
    cr_assert(script_all_hold("m19", "v"));
    cr_assert(script_settles());
    zc_store_item_t item;
    zc_store_t *store = zc_replica_store(zc_cluster_replica(script_cluster(), 0));
    cr_assert(zc_store_find(store, zc_key_hash(zc_slice_text("after")), &item));
    cr_assert_leq(zc_hlc_ms(item.hlc), zc_cluster_view(script_cluster(), 0).mesh_ms + 20000);
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).peers_live, 2);
    script_stop();
}

TestSuite(scenario_hostile, .init = start, .fini = stop);

static void attack(zc_link_t link, const zc_message_t *message) {
    cr_assert_eq(zc_cluster_inject(script_cluster(), 0, link, message), ZCACHE_OK);
}

static zc_hlc_t now_hlc(void) {
    return zc_hlc_from_ms(zc_cluster_view(script_cluster(), 0).mesh_ms);
}

static zc_registers_t registers(void) {
    return zc_cluster_view(script_cluster(), 1).registers;
}

/* Makes node 0 ask the attacker for a transfer that it will not answer by itself. */
static uint64_t provoke_ask(void) {
    script_lose(0, ATTACKER, ZC_MESSAGE_SYNC_ASK, SCRIPT_FOREVER);
    script_lose(ATTACKER, 0, ZC_MESSAGE_BATCH, 1);
    script_set(ATTACKER, "bait", "1");
    zc_cluster_run_ms(script_cluster(), 5);
    script_forget();
    for (int i = 0; !script_decided(0, "to peer 1: sync_ask"); i++) {
        cr_assert_lt(i, 1000);
        zc_cluster_run_ms(script_cluster(), 1);
    }
    script_lose_no_more();
    return script_session(0);
}

static zc_message_t end_of(uint64_t session) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_END};
    message.sync_end.session = session;
    message.sync_end.registers = registers();
    return message;
}

Test(scenario_hostile, transfers_that_nobody_asked_for_are_ignored) {
    zc_origin_t origin = made_up(1);
    zc_record_t record = {.hlc = now_hlc(), .key = zc_slice_text("evil"), .value = zc_slice("", 0)};
    zc_message_t chunk = {.type = ZC_MESSAGE_SYNC_CHUNK};
    chunk.sync_chunk = (zc_sync_chunk_t){
        .session = 77, .origins = &origin, .origin_count = 1, .records = &record, .count = 1};
    zc_message_t credit = {.type = ZC_MESSAGE_SYNC_CREDIT};
    credit.sync_credit = (zc_sync_credit_t){.session = 77, .credit_bytes = UINT32_MAX};
    zc_message_t end = end_of(77);
    end.sync_end.replace = true;
    for (int i = 0; i < 100; i++) {
        attack(peer, &chunk);
        attack(peer, &end);
        attack(route, &credit);
    }
    cr_assert(script_holds(0, "evil", NULL));
}

Test(scenario_hostile, chunk_with_a_wrong_number_breaks_the_transfer) {
    zc_message_t chunk = {.type = ZC_MESSAGE_SYNC_CHUNK};
    chunk.sync_chunk = (zc_sync_chunk_t){.session = provoke_ask(), .number = 3};
    attack(peer, &chunk);
    cr_assert_eq(script_counters(0).transfers_broken, 1);
    cr_assert(script_decided(0, "to peer 1: sync_credit 0\n"));
}

Test(scenario_hostile, end_with_a_wrong_number_of_chunks_breaks_the_transfer) {
    zc_message_t end = end_of(provoke_ask());
    end.sync_end.number = 9;
    attack(peer, &end);
    cr_assert_eq(script_counters(0).transfers_broken, 1);
}

Test(scenario_hostile, replace_that_was_not_allowed_breaks_the_transfer) {
    zc_message_t end = end_of(provoke_ask());
    end.sync_end.replace = true;
    attack(peer, &end);
    cr_assert_eq(script_counters(0).transfers_broken, 1);
}

/* An end that is COMPLETE and says that it covers this. */
static void lie_of(const zc_origin_t *origin, zc_hlc_t after, zc_hlc_t upto) {
    zc_interval_t interval = {.after = after, .upto = upto};
    zc_origin_intervals_t row = {.origin = *origin, .intervals = &interval, .count = 1};
    zc_message_t end = end_of(provoke_ask());
    end.sync_end.vector = (zc_vector_t){.origins = &row, .count = 1};
    attack(peer, &end);
}

Test(scenario_hostile, vector_that_is_too_far_ahead_is_not_taken_over) {
    zc_origin_t origin = origin_of(ATTACKER);
    lie_of(&origin, 0, ZC_HLC_MAX);
    cr_assert_gt(script_counters(0).skewed, 0);
}

Test(scenario_hostile, what_others_say_of_the_own_writes_is_not_believed) {
    zc_origin_t origin = origin_of(0);
    lie_of(&origin, now_hlc() + 1000, now_hlc() + 2000);
    script_set(0, "own", "1");
    cr_assert(script_will_hold("own", "1", 1000));
}

Test(scenario_hostile, own_writes_that_others_made_up_are_not_taken) {
    zc_origin_t origin = origin_of(0);
    zc_record_t record = {.hlc = now_hlc() + zc_hlc_from_ms(3000),
                          .key = zc_slice_text("evil"),
                          .value = zc_slice_text("1")};
    zc_message_t chunk = {.type = ZC_MESSAGE_SYNC_CHUNK};
    chunk.sync_chunk = (zc_sync_chunk_t){.session = provoke_ask(),
                                         .origins = &origin,
                                         .origin_count = 1,
                                         .records = &record,
                                         .count = 1};
    attack(peer, &chunk);
    cr_assert(script_holds(0, "evil", NULL));
}

/* Makes node 0 ask for a replace-sync: the attacker answers that nothing else will do, and nobody
 * else is heard. */
static uint64_t provoke_replace(void) {
    zc_message_t end = end_of(provoke_ask());
    end.sync_end.result = ZC_SYNC_NEEDS_REPLACE;
    script_lose(0, SCRIPT_ANY, ZC_MESSAGE_SYNC_ASK, SCRIPT_FOREVER);
    script_forget();
    attack(peer, &end);
    for (int i = 0; !script_decided(0, "to peer 1: sync_ask replace"); i++) {
        cr_assert_lt(i, 10000);
        zc_cluster_run_ms(script_cluster(), 1);
        if (script_decided(0, "to peer 0: sync_ask")) {
            end.sync_end.session = script_session(0);
            attack((zc_link_t){.type = ZC_LINK_PEER, .number = 0}, &end);
            end.sync_end.session = script_session(0);
        }
    }
    script_lose_no_more();
    return script_session(0);
}

Test(scenario_hostile, horizon_that_is_too_far_ahead_is_not_taken_over) {
    zc_message_t end = end_of(provoke_replace());
    end.sync_end.replace = true;
    end.sync_end.horizon = (zc_stamp_t){.hlc = ZC_HLC_MAX, .origin = made_up(1)};
    attack(peer, &end);
    zc_cluster_run_ms(script_cluster(), 50);
    script_set(0, "own", "1");
    cr_assert(script_holds(0, "own", "1"));
}

Test(scenario_hostile, floors_of_thousands_of_origins_far_ahead_are_not_taken_over) {
    zc_floor_t *floors = calloc(ORIGINS, sizeof *floors);
    cr_assert_not_null(floors);
    for (unsigned i = 0; i < ORIGINS; i++) {
        floors[i] = (zc_floor_t){.origin = made_up(i), .hlc = ZC_HLC_MAX};
    }
    zc_message_t end = end_of(provoke_replace());
    end.sync_end.replace = true;
    end.sync_end.floors = floors;
    end.sync_end.floor_count = ORIGINS;
    attack(peer, &end);
    free(floors);
    zc_cluster_run_ms(script_cluster(), 50);
}

Test(scenario_hostile, floor_of_the_own_origin_does_not_silence_it) {
    zc_message_t end = end_of(provoke_replace());
    zc_floor_t floor = {.origin = origin_of(0), .hlc = now_hlc() + zc_hlc_from_ms(9000)};
    end.sync_end.replace = true;
    end.sync_end.floors = &floor;
    end.sync_end.floor_count = 1;
    script_set(0, "own", "1");
    attack(peer, &end);
    zc_cluster_run_ms(script_cluster(), 50);
    script_set(0, "own", "2");
    cr_assert(script_will_hold("own", "2", 10));
    cr_assert(script_decided(0, "broadcast batch own=2\n"));
}

Test(scenario_hostile, horizon_a_little_ahead_does_not_refuse_own_writes) {
    zc_message_t end = end_of(provoke_replace());
    end.sync_end.replace = true;
    end.sync_end.horizon =
        (zc_stamp_t){.hlc = now_hlc() + zc_hlc_from_ms(5000), .origin = made_up(1)};
    /* It has leave to drop what is not above the horizon, so all is written again afterwards. */
    attack(peer, &end);
    zc_cluster_run_ms(script_cluster(), 50);
    script_fill(0, "k", 20);
    script_fill(0, "m", 20);
    cr_assert(script_holds(0, "m19", "v"));
}

Test(scenario_hostile, vector_of_thousands_of_origins_is_taken_for_what_it_is) {
    zc_interval_t interval = {.after = 5, .upto = 10};
    zc_origin_intervals_t *rows = calloc(ORIGINS, sizeof *rows);
    cr_assert_not_null(rows);
    for (unsigned i = 0; i < ORIGINS; i++) {
        rows[i] = (zc_origin_intervals_t){.origin = made_up(i), .intervals = &interval, .count = 1};
    }
    zc_message_t end = end_of(provoke_ask());
    uint64_t before = script_counters(0).deltas;
    end.sync_end.vector = (zc_vector_t){.origins = rows, .count = ORIGINS};
    attack(peer, &end);
    zc_message_t ask = {.type = ZC_MESSAGE_SYNC_ASK};
    ask.sync_ask = (zc_sync_ask_t){.session = 1,
                                   .have = {.origins = rows, .count = ORIGINS},
                                   .replace = true,
                                   .credit_bytes = 1000000,
                                   .registers = registers()};
    attack(route, &ask);
    free(rows);
    cr_assert_gt(script_counters(0).deltas, before);
}

Test(scenario_hostile, heartbeat_whose_stamp_is_too_far_ahead_quarantines_its_sender) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){
        .origin = origin_of(ATTACKER), .last = ZC_HLC_MAX, .clock_ms = zc_hlc_ms(now_hlc())};
    script_forget();
    attack(broadcast, &message);
    cr_assert(script_decided(0, "notice skewed n2\n"));
    script_set(0, "own", "1");
    cr_assert(script_will_hold("own", "1", 1000));
}

Test(scenario_hostile, heartbeat_whose_clock_is_too_far_ahead_quarantines_its_sender) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat =
        (zc_heartbeat_t){.origin = origin_of(ATTACKER), .clock_ms = zc_hlc_ms(ZC_HLC_MAX)};
    script_forget();
    attack(broadcast, &message);
    cr_assert(script_decided(0, "notice skewed n2\n"));
}

Test(scenario_hostile, heartbeats_of_nobody_and_of_oneself_are_ignored) {
    for (unsigned i = 0; i < 1000; i++) {
        zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
        message.heartbeat = (zc_heartbeat_t){
            .origin = i % 2 == 0 ? made_up(i) : origin_of(0), .last = ZC_HLC_MAX, .state_hash = i};
        attack(broadcast, &message);
    }
}

static void attack_with_batch(zc_origin_t origin, zc_hlc_t prev, zc_hlc_t last) {
    zc_record_t record = {.hlc = last, .key = zc_slice_text("evil"), .value = zc_slice_text("1")};
    zc_message_t message = {.type = ZC_MESSAGE_BATCH};
    message.batch =
        (zc_batch_t){.origin = origin, .prev = prev, .last = last, .records = &record, .count = 1};
    attack(broadcast, &message);
}

Test(scenario_hostile, batches_too_far_ahead_or_of_oneself_are_not_applied) {
    attack_with_batch(origin_of(ATTACKER), 0, ZC_HLC_MAX);
    attack_with_batch(made_up(1), 0, ZC_HLC_MAX);
    attack_with_batch(origin_of(0), 0, now_hlc() + 1000);
    cr_assert(script_holds(0, "evil", NULL));
    cr_assert_eq(script_counters(0).skewed, 2);
}

Test(scenario_hostile, batches_of_thousands_of_origins_reach_everybody_or_nobody) {
    for (unsigned i = 0; i < ORIGINS; i++) {
        attack_with_batch(made_up(i), 10, 20 + i);
    }
    zc_cluster_run_ms(script_cluster(), 3000);
}

Test(scenario_hostile, registers_too_far_ahead_are_refused) {
    zc_message_t message = {.type = ZC_MESSAGE_REGISTERS};
    message.registers.origin = origin_of(ATTACKER);
    message.registers.registers = registers();
    message.registers.registers.clear = (zc_stamp_t){.hlc = ZC_HLC_MAX, .origin = made_up(1)};
    attack(broadcast, &message);
    message.registers.registers = registers();
    message.registers.registers.settings_stamp =
        (zc_stamp_t){.hlc = ZC_HLC_MAX, .origin = made_up(1)};
    message.registers.registers.settings.max_size = 1;
    attack(broadcast, &message);
    cr_assert(script_holds(0, "k0", "v"));
    cr_assert_eq(registers().settings.max_size, 1000);
}

static zc_message_t welcome(zc_origin_t origin, const char *endpoint) {
    zc_message_t message = {.type = ZC_MESSAGE_WELCOME};
    message.welcome.identity = (zc_identity_t){.origin = origin,
                                               .name = zc_slice_text("evil"),
                                               .region = zc_slice("", 0),
                                               .endpoint = zc_slice_text(endpoint),
                                               .publish_endpoint = zc_slice_text(endpoint),
                                               .watch_endpoint = zc_slice_text(endpoint)};
    message.welcome.clock_ms = zc_hlc_ms(now_hlc());
    message.welcome.registers = registers();
    return message;
}

Test(scenario_hostile, welcome_with_the_own_origin_is_one_address_less) {
    zc_message_t message = welcome(origin_of(0), "tcp://10.0.0.3:5000");
    script_forget();
    attack(peer, &message);
    cr_assert(script_decided(0, "hang_up 1\n"));
    attack(peer, &message);
}

Test(scenario_hostile, welcome_with_the_origin_of_another_peer_does_not_displace_it) {
    zc_message_t message = welcome(origin_of(1), "tcp://10.0.0.3:5000");
    attack(peer, &message);
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).peers_live, 1);
    script_set(1, "honest", "1");
    zc_cluster_run_ms(script_cluster(), 10);
    cr_assert(script_holds(0, "honest", "1"));
}

Test(scenario_hostile, welcome_whose_clock_leaves_no_room_is_not_followed) {
    script_lose(SCRIPT_ANY, 3, ZC_MESSAGE_WELCOME, 1);
    int joiner = script_join(0, NULL);
    zc_message_t message = welcome(origin_of(1), "tcp://10.0.0.2:5000");
    message.welcome.clock_ms = zc_hlc_ms(ZC_HLC_MAX);
    zc_link_t link = {.type = ZC_LINK_PEER, .number = 0};
    cr_assert_eq(zc_cluster_inject(script_cluster(), joiner, link, &message), ZCACHE_OK);
    cr_assert_eq(zc_cluster_set(script_cluster(), joiner, "joiner", "1", 0), ZCACHE_BUSY);
    cr_assert(script_settles());
    script_set(joiner, "joiner", "1");
    cr_assert(script_settles());
    cr_assert(script_all_hold("joiner", "1"));
    zc_cluster_leave(script_cluster(), joiner);
    zc_cluster_run_ms(script_cluster(), 10);
}

Test(scenario_hostile, members_that_do_not_exist_are_forgotten) {
    enum { MADE_UP = 200 };
    static char endpoints[MADE_UP][32];
    zc_member_t members[MADE_UP + 3] = {
        {.origin = origin_of(0), .endpoint = zc_slice_text("tcp://10.0.0.1:5000")},
        {.origin = made_up(9999), .endpoint = zc_slice_text("tcp://10.0.0.1:5000")},
        {.origin = origin_of(0), .endpoint = zc_slice_text("tcp://[::1]:1")},
    };
    for (unsigned i = 0; i < MADE_UP; i++) {
        snprintf(endpoints[i], sizeof endpoints[i], "tcp://nowhere%u.invalid:1", i);
        members[3 + i] =
            (zc_member_t){.origin = made_up(i), .endpoint = zc_slice_text(endpoints[i])};
    }
    zc_message_t message = {.type = ZC_MESSAGE_MEMBERS};
    message.members = (zc_members_t){.members = members, .count = MADE_UP + 3};
    attack(peer, &message);
    attack(peer, &message);
    zc_peer_view_t view;
    cr_assert(zc_replica_peer(zc_cluster_replica(script_cluster(), 0), MADE_UP, &view));
    zc_cluster_run_ms(script_cluster(), 20000);
    cr_assert_not(zc_replica_peer(zc_cluster_replica(script_cluster(), 0), 3, &view));
}

Test(scenario_hostile, hellos_of_strangers_are_forgotten) {
    for (unsigned i = 0; i < 200; i++) {
        char endpoint[32];
        snprintf(endpoint, sizeof endpoint, "tcp://nowhere%u.invalid:1", i);
        zc_message_t message = welcome(made_up(i), endpoint);
        zc_identity_t identity = message.welcome.identity;
        message = (zc_message_t){.type = ZC_MESSAGE_HELLO};
        message.hello = (zc_hello_t){.identity = identity, .clock_ms = zc_hlc_ms(ZC_HLC_MAX)};
        attack(route, &message);
    }
    zc_cluster_run_ms(script_cluster(), 20000);
    zc_peer_view_t view;
    cr_assert_not(zc_replica_peer(zc_cluster_replica(script_cluster(), 0), 3, &view));
}

Test(scenario_hostile, asks_beyond_the_limit_are_refused_and_abandoned_ones_forgotten) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_ASK};
    message.sync_ask = (zc_sync_ask_t){.replace = true, .registers = registers()};
    for (uint64_t i = 0; i < 20; i++) {
        message.sync_ask.session = i;
        attack(route, &message);
    }
    cr_assert_eq(script_counters(0).transfers_refused, 12);
    zc_message_t credit = {.type = ZC_MESSAGE_SYNC_CREDIT};
    credit.sync_credit = (zc_sync_credit_t){.session = 3, .credit_bytes = UINT32_MAX};
    attack(route, &credit);
    credit.sync_credit = (zc_sync_credit_t){.session = 4, .credit_bytes = 0};
    attack(route, &credit);
    zc_cluster_run_ms(script_cluster(), 31000);
    message.sync_ask.credit_bytes = 1000000;
    for (uint64_t i = 0; i < 8; i++) {
        message.sync_ask.session = 100 + i;
        attack(route, &message);
    }
    cr_assert_eq(script_counters(0).transfers_refused, 12);
}

Test(scenario_hostile, goodbyes_of_oneself_and_of_nobody_are_ignored) {
    zc_message_t message = {.type = ZC_MESSAGE_GOODBYE};
    message.goodbye.origin = origin_of(0);
    attack(broadcast, &message);
    message.goodbye.origin = made_up(1);
    attack(broadcast, &message);
    cr_assert_eq(zc_cluster_view(script_cluster(), 0).peers_live, 2);
}

Test(scenario_hostile, messages_on_the_wrong_way_are_counted_and_dropped) {
    zc_message_t heartbeat = {.type = ZC_MESSAGE_HEARTBEAT};
    heartbeat.heartbeat.origin = origin_of(ATTACKER);
    zc_message_t hello = {.type = ZC_MESSAGE_HELLO};
    hello.hello.identity = welcome(made_up(1), "tcp://1.2.3.4:5").welcome.identity;
    zc_message_t pong = {.type = ZC_MESSAGE_PONG};
    attack(peer, &heartbeat);
    attack(route, &heartbeat);
    attack(broadcast, &hello);
    attack(peer, &hello);
    attack(broadcast, &pong);
    attack(route, &pong);
    cr_assert_eq(script_counters(0).malformed, 6);
    zc_link_t nobody = {.type = ZC_LINK_PEER, .number = 1023};
    attack(nobody, &pong);
    attack(nobody, &heartbeat);
}
