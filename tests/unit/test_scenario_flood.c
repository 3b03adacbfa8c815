/* SPDX-License-Identifier: MPL-2.0 */
/* A flood of random messages, all of them well formed, into one node of a mesh (L2): whatever their
 * order, no assert is reached, its store stays sane, and afterwards all agree.
 *
 * Origins are made up or the node's own; what is said of honest ones cannot be told from the truth.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/sim/script.h"

enum { SEEDS = 12, MESSAGES = 2500, ORIGINS = 20, ENDPOINTS = 12, RECORDS = 6 };

TestSuite(scenario_flood, .timeout = 100);

static zc_random_t random_state;
static zc_origin_t own;
static zc_record_t records[RECORDS];
static zc_origin_t origins[RECORDS];
static zc_interval_t intervals[RECORDS];
static zc_origin_intervals_t rows[RECORDS];
static zc_floor_t floors[RECORDS];
static zc_member_t members[RECORDS];
static uint64_t key_hashes[RECORDS];
static char endpoints[ENDPOINTS][32];

static uint64_t draw(uint64_t bound) {
    return zc_random_below(&random_state, bound);
}

static zc_origin_t draw_origin(void) {
    if (draw(10) == 0) {
        return own;
    }
    return (zc_origin_t){.bytes = {0xee, (uint8_t)draw(ORIGINS)}};
}

static zc_hlc_t draw_hlc(void) {
    zc_hlc_t now = zc_hlc_from_ms(zc_cluster_view(script_cluster(), 0).mesh_ms);
    switch (draw(8)) {
    case 0:
        return 1 + draw(10);
    case 1:
        return ZC_HLC_MAX - 10 + draw(11);
    case 2:
        return now + zc_hlc_from_ms(draw(20000));
    default:
        return now - zc_hlc_from_ms(draw(20000)) + draw(100);
    }
}

static zc_slice_t draw_endpoint(void) {
    return zc_slice_text(endpoints[draw(ENDPOINTS)]);
}

static zc_identity_t draw_identity(void) {
    return (zc_identity_t){.origin = draw_origin(),
                           .name = zc_slice_text("flood"),
                           .region = zc_slice("", 0),
                           .endpoint = draw_endpoint(),
                           .publish_endpoint = draw_endpoint(),
                           .watch_endpoint = draw_endpoint()};
}

static zc_registers_t draw_registers(void) {
    zc_registers_t registers = zc_cluster_view(script_cluster(), 1).registers;
    if (draw(20) == 0) {
        registers.clear = (zc_stamp_t){.hlc = draw_hlc(), .origin = draw_origin()};
    }
    if (draw(20) == 0) {
        registers.settings_stamp = (zc_stamp_t){.hlc = draw_hlc(), .origin = draw_origin()};
        registers.settings.max_size = 500 + draw(500);
    }
    return registers;
}

static void draw_record(zc_record_t *record, uint32_t origin, zc_hlc_t hlc) {
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f"};
    const char *key = keys[draw(6)];
    *record = (zc_record_t){.origin = origin, .hlc = hlc};
    if (draw(3) == 0) {
        record->ghost = true;
        record->key_hash = zc_key_hash(zc_slice_text(key));
        return;
    }
    record->key = zc_slice_text(key);
    record->value = zc_slice(&random_state, draw(8));
    record->deadline_ms = draw(4) == 0 ? zc_hlc_ms(draw_hlc()) : 0;
}

static void draw_batch(zc_message_t *message) {
    zc_hlc_t last = draw_hlc() + RECORDS;
    last = last > ZC_HLC_MAX ? ZC_HLC_MAX : last;
    size_t count = draw(RECORDS);
    for (size_t i = 0; i < count; i++) {
        draw_record(&records[i], 0, last - count + i + 1);
    }
    zc_hlc_t room = last - count;
    message->batch = (zc_batch_t){.origin = draw_origin(),
                                  .prev = draw(2) == 0 ? 0 : room - draw(room > 100 ? 100 : room),
                                  .last = last,
                                  .records = records,
                                  .count = count};
    if (message->batch.prev >= last) {
        message->batch.prev = last - 1;
        message->batch.count = 0;
    }
}

/* Ascending origins that are made up, one or two intervals each. */
static zc_vector_t draw_vector(void) {
    size_t count = draw(RECORDS);
    for (size_t i = 0; i < count; i++) {
        zc_hlc_t upto = draw_hlc();
        intervals[i] = (zc_interval_t){.after = draw(upto), .upto = upto};
        rows[i] = (zc_origin_intervals_t){.origin = {.bytes = {0xee, (uint8_t)(3 * i + draw(3))}},
                                          .intervals = &intervals[i],
                                          .count = draw(2)};
    }
    return (zc_vector_t){.origins = rows, .count = count};
}

static zc_members_t draw_members(void) {
    size_t count = draw(RECORDS);
    for (size_t i = 0; i < count; i++) {
        members[i] = (zc_member_t){.origin = draw_origin(), .endpoint = draw_endpoint()};
    }
    return (zc_members_t){.members = members, .count = count};
}

static uint64_t draw_session(void) {
    return draw(3) == 0 ? draw(5) : script_session(0);
}

static void draw_chunk(zc_message_t *message) {
    size_t count = draw(RECORDS);
    for (size_t i = 0; i < count; i++) {
        origins[i] = draw_origin();
        draw_record(&records[i], (uint32_t)draw(count), draw_hlc());
        records[i].age_ms = draw(100000);
    }
    message->sync_chunk = (zc_sync_chunk_t){.session = draw_session(),
                                            .number = (uint32_t)draw(3),
                                            .replace = draw(3) == 0,
                                            .origins = origins,
                                            .origin_count = count,
                                            .records = records,
                                            .count = count};
}

static void draw_end(zc_message_t *message) {
    message->sync_end = (zc_sync_end_t){.session = draw_session(),
                                        .number = (uint32_t)draw(3),
                                        .result = (zc_sync_result_t)draw(5),
                                        .replace = draw(3) == 0,
                                        .entries = zc_random_next(&random_state),
                                        .vector = draw_vector(),
                                        .registers = draw_registers()};
    if (message->sync_end.replace) {
        floors[0] = (zc_floor_t){.origin = draw_origin(), .hlc = draw_hlc()};
        message->sync_end.floors = floors;
        message->sync_end.floor_count = draw(2);
    }
}

static void draw_transfer(zc_message_t *message) {
    switch (draw(4)) {
    case 0:
        message->type = ZC_MESSAGE_SYNC_ASK;
        message->sync_ask = (zc_sync_ask_t){.session = draw_session(),
                                            .have = draw_vector(),
                                            .replace = draw(2) == 0,
                                            .credit_bytes = (uint32_t)draw(1000000),
                                            .registers = draw_registers()};
        break;
    case 1:
        message->type = ZC_MESSAGE_SYNC_CREDIT;
        message->sync_credit = (zc_sync_credit_t){.session = draw_session(),
                                                  .credit_bytes = (uint32_t)draw(2) * UINT32_MAX};
        break;
    case 2:
        message->type = ZC_MESSAGE_SYNC_CHUNK;
        draw_chunk(message);
        break;
    default:
        message->type = ZC_MESSAGE_SYNC_END;
        draw_end(message);
        break;
    }
}

static void draw_join(zc_message_t *message) {
    switch (draw(4)) {
    case 0:
        message->type = ZC_MESSAGE_HELLO;
        message->hello = (zc_hello_t){.identity = draw_identity(), .wants_members = draw(2) == 0};
        break;
    case 1:
        message->type = ZC_MESSAGE_WELCOME;
        message->welcome = (zc_welcome_t){.identity = draw_identity(),
                                          .clock_ms = zc_hlc_ms(draw_hlc()),
                                          .joining = draw(2) == 0,
                                          .registers = draw_registers(),
                                          .members = draw_members()};
        break;
    case 2:
        message->type = ZC_MESSAGE_MEMBERS;
        message->members = draw_members();
        break;
    default:
        message->type = ZC_MESSAGE_MEMBERS_ASK;
        break;
    }
}

static void draw_small(zc_message_t *message) {
    switch (draw(6)) {
    case 0:
        message->type = draw(2) == 0 ? ZC_MESSAGE_PING : ZC_MESSAGE_PONG;
        message->ping.number = draw(3);
        break;
    case 1:
        message->type = ZC_MESSAGE_READ;
        message->read = (zc_read_t){.number = draw(3), .key = zc_slice_text("a")};
        break;
    case 2:
        message->type = ZC_MESSAGE_READ_ANSWER;
        message->read_answer = (zc_read_answer_t){.number = draw(3)};
        break;
    case 3:
        message->type = ZC_MESSAGE_REFUSED;
        message->refused.reason = draw(2) == 0 ? ZC_REFUSED_FULL : ZC_REFUSED_VERSION;
        break;
    case 4:
        message->type = ZC_MESSAGE_GOODBYE;
        message->goodbye.origin = draw_origin();
        break;
    default:
        message->type = ZC_MESSAGE_TOUCH;
        key_hashes[0] = draw(2) == 0 ? zc_key_hash(zc_slice_text("a")) : draw(9);
        message->touch =
            (zc_touch_t){.origin = draw_origin(), .key_hashes = key_hashes, .count = 1};
        break;
    }
}

static void draw_message(zc_message_t *message) {
    switch (draw(6)) {
    case 0:
        message->type = ZC_MESSAGE_BATCH;
        draw_batch(message);
        break;
    case 1:
        message->type = ZC_MESSAGE_HEARTBEAT;
        message->heartbeat = (zc_heartbeat_t){.origin = draw_origin(),
                                              .last = draw_hlc(),
                                              .clock_ms = zc_hlc_ms(draw_hlc()),
                                              .state_hash = draw(3),
                                              .joining = draw(2) == 0};
        break;
    case 2:
        message->type = ZC_MESSAGE_REGISTERS;
        message->registers =
            (zc_registers_message_t){.origin = draw_origin(), .registers = draw_registers()};
        break;
    case 3:
        draw_transfer(message);
        break;
    case 4:
        draw_join(message);
        break;
    default:
        draw_small(message);
        break;
    }
}

/* The way on which a correct node would send it, but for one in ten. */
static zc_link_t draw_link(zc_message_type_t type) {
    zc_link_type_t link = ZC_LINK_BROADCAST;
    if (type >= ZC_MESSAGE_HELLO) {
        link = type % 2 == 0 ? ZC_LINK_ROUTE : ZC_LINK_PEER;
    }
    if (draw(10) == 0) {
        link = (zc_link_type_t)draw(3);
    }
    switch (link) {
    case ZC_LINK_BROADCAST:
        break;
    case ZC_LINK_PEER:
        return (zc_link_t){.type = link, .number = draw(6)};
    case ZC_LINK_ROUTE:
        return (zc_link_t){.type = link, .number = (uint64_t)63 << 48 | draw(3)};
    }
    return (zc_link_t){.type = link};
}

static void flood(void) {
    for (int i = 0; i < MESSAGES; i++) {
        zc_message_t message = {.type = ZC_MESSAGE_PING};
        draw_message(&message);
        zcache_status status =
            zc_cluster_inject(script_cluster(), 0, draw_link(message.type), &message);
        cr_assert_eq(status, ZCACHE_OK, "message %d of type %d", i, (int)message.type);
        if (draw(8) == 0) {
            script_set((int)draw(3), "honest", "1");
        }
        zc_cluster_run_ms(script_cluster(), draw(4));
    }
}

static void run(uint64_t seed) {
    random_state.state = seed;
    script_start();
    script_mesh(3, NULL);
    zc_peer_view_t self;
    cr_assert(zc_replica_peer(zc_cluster_replica(script_cluster(), 0), 0, &self));
    own = self.identity.origin;
    for (int i = 0; i < ENDPOINTS; i++) {
        snprintf(endpoints[i], sizeof endpoints[i], "tcp://10.0.0.%d:5000", i + 1);
    }
    zc_cluster_watch(script_cluster(), 0, true);
    flood();
    /* Stamps that are a little ahead, and addresses that never answer, pass. */
    zc_cluster_run_ms(script_cluster(), 40000);
    for (int i = 0; i < 3; i++) {
        zc_store_check(zc_replica_store(zc_cluster_replica(script_cluster(), i)));
    }
    cr_assert(script_settles(), "seed %d", (int)seed);
    script_set(0, "after", "0");
    cr_assert(script_will_hold("after", "0", 100), "seed %d", (int)seed);
    script_stop();
}

Test(scenario_flood, random_messages_leave_a_sane_node_that_agrees_with_the_others) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed);
    }
}
