/* SPDX-License-Identifier: MPL-2.0 */
/* A replica among strangers who know the protocol: after every step its store is sound, what it
 * sends can be read by the decoder, it comes to rest, and its memory and effects keep to a budget.
 *
 * The first bytes choose its settings and what it is doing when they come (it is joining, has
 * joined, donates, asks); the others are a sequence of frames, made up or changed by a byte and
 * then decoded by the real decoder, of time, of clients, of peers that come and go and of memory
 * that runs out. */
#include <string.h>

#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/replica/replica.h"
#include "lib/wire/wire.h"
#include "tests/support/budget_allocator.h"
#include "tests/support/fuzz_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    SELF = 2,  /* of the origins; all others are strangers, 0 and 1 such as have been met */
    PEERS = 8, /* numbers of peers and routes that frames come from */
    KEPT = 4,  /* frames of its own that may come back to it */
    KEPT_BYTES_MAX = 4096,
    EFFECTS_MAX = 4096,     /* of one step; a list of members may lead to as many dials */
    TICKS_MAX = 4096,       /* until it is at rest */
    BUDGET_BYTES = 2 << 20, /* of the replica; its tables and buffers alone are a part of that */
};

static const uint64_t start_us = 1000 * 1000;
static const uint64_t wall_ms = 1000000000;

typedef struct kept_frame {
    size_t bytes;
    uint8_t data[KEPT_BYTES_MAX];
} kept_frame_t;

typedef struct trial {
    zc_fuzz_input_t input;
    zc_fuzz_world_t world;
    zc_budget_allocator_t budget;
    zc_replica_t *replica;
    uint64_t now_us;
    zc_wire_scratch_t scratch; /* of frames to it */
    zc_wire_scratch_t own;     /* of what it sends */
    zc_buffer_t buffer;
    msgpack_sbuffer frame;
    kept_frame_t kept[KEPT];
    size_t kept_count;
    uint32_t sent; /* a bit for each type that it has sent */
} trial_t;

/* -- Steps ----------------------------------------------------------------- */

static void keep(trial_t *trial, zc_slice_t bytes) {
    if (bytes.bytes <= KEPT_BYTES_MAX) {
        kept_frame_t *kept = &trial->kept[trial->kept_count++ % KEPT];
        kept->bytes = bytes.bytes;
        memcpy(kept->data, bytes.data, bytes.bytes);
    }
}

/* What a replica sends is well formed, and fits into what its receiver takes. */
static void check_sent(trial_t *trial, const zc_message_t *message) {
    zc_message_t found;
    ZC_ASSERT(zc_wire_encode(message, &trial->buffer) == ZCACHE_OK);
    zc_slice_t bytes = zc_buffer_slice(&trial->buffer);
    ZC_ASSERT(bytes.bytes <= ZCACHE_MESSAGE_MAX);
    ZC_ASSERT(zc_wire_decode(bytes, &trial->own, &found) == ZCACHE_OK);
    ZC_ASSERT(found.type == message->type);
    keep(trial, bytes);
    trial->sent |= (uint32_t)1 << message->type;
    if (message->type == ZC_MESSAGE_SYNC_ASK) {
        trial->world.session = message->sync_ask.session;
    } else if (message->type == ZC_MESSAGE_PING) {
        trial->world.number = message->ping.number;
    } else if (message->type == ZC_MESSAGE_READ) {
        trial->world.number = message->read.number;
    }
}

static void check_effect(trial_t *trial, const zc_effect_t *effect) {
    switch (effect->type) {
    case ZC_EFFECT_BROADCAST:
        check_sent(trial, &effect->message);
        break;
    case ZC_EFFECT_SEND:
        ZC_ASSERT(effect->send.to.type != ZC_LINK_BROADCAST);
        check_sent(trial, &effect->send.message);
        break;
    case ZC_EFFECT_DIAL:
    case ZC_EFFECT_SUBSCRIBE:
        ZC_ASSERT(effect->dial.peer < ZCACHE_MEMBERS_MAX);
        ZC_ASSERT(strlen(effect->dial.endpoint.data) == effect->dial.endpoint.bytes);
        break;
    case ZC_EFFECT_HANG_UP:
        ZC_ASSERT(effect->dial.peer < ZCACHE_MEMBERS_MAX);
        break;
    case ZC_EFFECT_CHANGE:
    case ZC_EFFECT_READ_ANSWER:
    case ZC_EFFECT_NOTICE:
        break;
    }
}

static void step(trial_t *trial, zc_event_t *event) {
    zc_effects_t effects = {.count = 0};
    event->now_us = trial->now_us;
    zc_replica_step(trial->replica, event, &effects);
    ZC_ASSERT(effects.count <= EFFECTS_MAX);
    for (size_t i = 0; i < effects.count; i++) {
        check_effect(trial, &effects.effects[i]);
    }
    zc_store_check(zc_replica_store(trial->replica));
    ZC_ASSERT(trial->budget.bytes_most <= BUDGET_BYTES);
    zc_replica_view_t view;
    zc_replica_view(trial->replica, &view);
    trial->world.mesh_ms = view.mesh_ms;
}

/* Ticks until it wants to sleep: whatever it was told, it comes to rest. */
static void rest(trial_t *trial) {
    for (int ticks = 0; zc_replica_deadline(trial->replica) <= trial->now_us; ticks++) {
        ZC_ASSERT(ticks < TICKS_MAX);
        zc_event_t event = {.type = ZC_EVENT_TICK};
        step(trial, &event);
    }
}

/* -- Events ---------------------------------------------------------------- */

static zc_link_t some_link(trial_t *trial) {
    uint64_t chosen = zc_fuzz_below(&trial->input, 3 * PEERS);
    return (zc_link_t){.type = (zc_link_type_t)(chosen % 3), .number = chosen / 3};
}

static void deliver(trial_t *trial, zc_link_t from, zc_slice_t bytes) {
    zc_message_t message;
    zcache_status status = zc_wire_decode(bytes, &trial->scratch, &message);
    /* As the node has it: of another version only an answer is shown to the replica. */
    if (status == ZCACHE_OK || (status == ZCACHE_INCOMPATIBLE && from.type == ZC_LINK_PEER)) {
        zc_event_t event = {.type = ZC_EVENT_MESSAGE};
        event.message.from = from;
        event.message.message = &message;
        step(trial, &event);
    }
}

static void change_bytes(trial_t *trial, uint8_t *data, size_t bytes) {
    for (uint64_t left = zc_fuzz_below(&trial->input, 4); left > 0 && bytes > 0; left--) {
        uint64_t at = zc_fuzz_below(&trial->input, bytes);
        data[at] = zc_fuzz_byte(&trial->input);
    }
}

static void frame_made_up(trial_t *trial) {
    zc_link_t from = some_link(trial);
    zc_fuzz_frame(&trial->input, &trial->world, &trial->frame);
    if (zc_fuzz_below(&trial->input, 4) == 1) {
        change_bytes(trial, (uint8_t *)trial->frame.data, trial->frame.size);
    }
    deliver(trial, from, zc_slice(trial->frame.data, trial->frame.size));
}

static void frame_sent_back(trial_t *trial) {
    zc_link_t from = some_link(trial);
    kept_frame_t changed = trial->kept[zc_fuzz_below(&trial->input, KEPT)];
    change_bytes(trial, changed.data, changed.bytes);
    deliver(trial, from, zc_slice(changed.data, changed.bytes));
}

static void time_passes(trial_t *trial) {
    static const uint64_t steps_ms[] = {1, 5, 10, 50, 250, 1000, 30000, 90000000};
    size_t count = sizeof steps_ms / sizeof steps_ms[0];
    trial->now_us += 1000 * steps_ms[zc_fuzz_below(&trial->input, count)];
    rest(trial);
}

static void client_writes(trial_t *trial) {
    static const char *const keys[] = {"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"};
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    uint64_t chosen = zc_fuzz_below(&trial->input, 16);
    event.write.type = chosen == 0 ? ZC_WRITE_CLEAR : chosen <= 3 ? ZC_WRITE_DELETE : ZC_WRITE_SET;
    event.write.key = zc_slice_text(keys[zc_fuzz_below(&trial->input, 8)]);
    event.write.value = zc_fuzz_slice(&trial->input, 64);
    event.write.ttl_ms = zc_fuzz_below(&trial->input, 4) == 1 ? zc_fuzz_uint(&trial->input, 5) : 0;
    step(trial, &event);
}

static void client_configures(trial_t *trial) {
#define NAME_ROW(name, initial, least, most, unit) #name,
    static const char *const names[] = {ZC_SETTING_MAP(NAME_ROW) "no_setting"};
#undef NAME_ROW
    size_t count = sizeof names / sizeof names[0];
    zc_event_t event = {.type = ZC_EVENT_CONFIGURE};
    event.configure.name = zc_slice_text(names[zc_fuzz_below(&trial->input, count)]);
    event.configure.number = zc_fuzz_uint(&trial->input, 2);
    step(trial, &event);
}

static void client_reads(trial_t *trial) {
    zc_event_t event = {.type = ZC_EVENT_READ};
    event.read.token = zc_fuzz_byte(&trial->input);
    event.read.key = zc_slice_text("k0");
    step(trial, &event);
}

static void somebody_watches(trial_t *trial) {
    zc_event_t event = {.type = ZC_EVENT_WATCH};
    event.watch.changes = zc_fuzz_below(&trial->input, 2) == 1;
    event.watch.values = event.watch.changes && zc_fuzz_below(&trial->input, 2) == 1;
    step(trial, &event);
}

static void memory_runs_out(trial_t *trial) {
    trial->budget.countdown = zc_fuzz_byte(&trial->input);
}

static void act(trial_t *trial) {
    uint64_t chosen = zc_fuzz_below(&trial->input, 32);
    if (chosen < 16) {
        frame_made_up(trial);
    } else if (chosen < 18) {
        frame_sent_back(trial);
    } else if (chosen < 24) {
        time_passes(trial);
    } else if (chosen < 27) {
        client_writes(trial);
    } else if (chosen == 27) {
        client_configures(trial);
    } else if (chosen == 28) {
        client_reads(trial);
    } else if (chosen == 29) {
        somebody_watches(trial);
    } else if (chosen == 30) {
        memory_runs_out(trial);
    } else {
        rest(trial);
    }
}

/* -- What it is doing when they come --------------------------------------- */

static zc_identity_t identity_of(const trial_t *trial, unsigned index, char texts[3][64]) {
    for (unsigned i = 0; i < 3; i++) {
        strcpy(texts[i], zc_fuzz_endpoint(index, i));
    }
    return (zc_identity_t){
        .origin = trial->world.origins[index],
        .name = zc_slice_text("n"),
        .region = zc_slice_text(""),
        .endpoint = zc_slice_text(texts[0]),
        .publish_endpoint = zc_slice_text(texts[1]),
        .watch_endpoint = zc_slice_text(texts[2]),
    };
}

static void receive(trial_t *trial, zc_link_t from, const zc_message_t *message) {
    zc_event_t event = {.type = ZC_EVENT_MESSAGE};
    event.message.from = from;
    event.message.message = message;
    step(trial, &event);
}

/* Says hello, is dialled as `peer`, and welcomes. */
static void meet(trial_t *trial, unsigned index, uint64_t peer) {
    char texts[3][64];
    zc_message_t message = {.type = ZC_MESSAGE_HELLO};
    message.hello.identity = identity_of(trial, index, texts);
    message.hello.clock_ms = trial->world.mesh_ms;
    receive(trial, (zc_link_t){.type = ZC_LINK_ROUTE, .number = index}, &message);
    zc_replica_view_t view;
    zc_replica_view(trial->replica, &view);
    message = (zc_message_t){.type = ZC_MESSAGE_WELCOME};
    message.welcome.identity = identity_of(trial, index, texts);
    message.welcome.clock_ms = wall_ms;
    message.welcome.registers = view.registers;
    receive(trial, (zc_link_t){.type = ZC_LINK_PEER, .number = peer}, &message);
    rest(trial);
}

static void heartbeat(trial_t *trial, unsigned index, zc_hlc_t last) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){
        .origin = trial->world.origins[index], .last = last, .clock_ms = trial->world.mesh_ms};
    receive(trial, (zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
}

static void fill(trial_t *trial) {
    for (unsigned i = 0; i < 4; i++) {
        char key[] = "k0";
        key[1] = (char)('0' + i);
        zc_event_t event = {.type = ZC_EVENT_WRITE};
        event.write.key = zc_slice(key, 2);
        event.write.value = zc_slice(key, 2);
        step(trial, &event);
        trial->now_us += 1000;
    }
    rest(trial);
}

static void ask_it(trial_t *trial) {
    zc_replica_view_t view;
    zc_replica_view(trial->replica, &view);
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_ASK};
    message.sync_ask = (zc_sync_ask_t){
        .session = 1, .replace = true, .credit_bytes = 1, .registers = view.registers};
    receive(trial, (zc_link_t){.type = ZC_LINK_ROUTE, .number = 1}, &message);
    rest(trial);
    ZC_ASSERT((trial->sent & (uint32_t)1 << ZC_MESSAGE_SYNC_CHUNK) != 0);
}

/* A lost tail: after a while it asks for a delta. */
static void make_it_ask(trial_t *trial) {
    heartbeat(trial, 0, zc_hlc_from_ms(trial->world.mesh_ms));
    trial->now_us += 20 * 1000;
    heartbeat(trial, 0, zc_hlc_from_ms(trial->world.mesh_ms));
    rest(trial);
    ZC_ASSERT(trial->world.session != 0);
}

static void new_replica(trial_t *trial, bool joining) {
    char texts[3][64];
    char seed_text[64];
    strcpy(seed_text, zc_fuzz_endpoint(0, 0));
    zc_slice_t seed = zc_slice_text(seed_text);
    zc_replica_options_t options = {
        .allocator = &trial->budget.allocator,
        .random_seed = 1,
        .identity = identity_of(trial, SELF, texts),
        .now_us = trial->now_us,
        .wall_ms = wall_ms,
        .seeds = &seed,
        .seed_count = joining ? 1 : 0,
    };
    zc_settings_init(&options.settings);
    options.settings.max_size = 1 + zc_fuzz_below(&trial->input, 8);
    options.settings.ghosts_max = 1 + zc_fuzz_below(&trial->input, 8);
    options.settings.expire_after_ms = zc_fuzz_below(&trial->input, 2) * 5000;
    options.settings.heartbeat_ms = 10;
    options.settings.value_max = 1024;
    options.settings.max_clock_skew_ms = 100;
    options.settings.retire_after_ms = 1000;
    options.max_memory = zc_fuzz_below(&trial->input, 2) * 4096;
    ZC_ASSERT(zc_replica_new(&options, &trial->replica) == ZCACHE_OK);
    rest(trial);
}

static void begin(trial_t *trial) {
    enum { JOINING, FOUNDER, JOINED, DONATING, ASKING, STARTS };
    uint64_t start = zc_fuzz_below(&trial->input, STARTS);
    new_replica(trial, start == JOINING);
    if (start == JOINING || start == FOUNDER) {
        return;
    }
    meet(trial, 0, 0);
    meet(trial, 1, 1);
    fill(trial);
    if (start == DONATING) {
        ask_it(trial);
    } else if (start == ASKING) {
        make_it_ask(trial);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static trial_t trial; /* large */
    trial = (trial_t){.input = {.at = data, .left = size}, .now_us = start_us};
    for (unsigned i = 0; i < ZC_FUZZ_ORIGINS; i++) {
        trial.world.origins[i] = (zc_origin_t){.bytes = {(uint8_t)(i + 1)}};
    }
    zc_budget_allocator_init(&trial.budget);
    zc_wire_scratch_init(&trial.scratch, zc_allocator_system());
    zc_wire_scratch_init(&trial.own, zc_allocator_system());
    zc_buffer_init(&trial.buffer, zc_allocator_system());
    msgpack_sbuffer_init(&trial.frame);
    begin(&trial);
    while (zc_fuzz_has_more(&trial.input)) {
        act(&trial);
    }
    zc_event_t leave = {.type = ZC_EVENT_LEAVE};
    step(&trial, &leave);
    zc_replica_destroy(&trial.replica);
    ZC_ASSERT(trial.budget.bytes == 0);
    zc_wire_scratch_fini(&trial.scratch);
    zc_wire_scratch_fini(&trial.own);
    zc_buffer_fini(&trial.buffer);
    msgpack_sbuffer_destroy(&trial.frame);
    return 0;
}
