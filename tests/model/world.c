/* SPDX-License-Identifier: MPL-2.0 */
/* The nodes of a history, and what is done to them. */
#include "tests/model/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/store/register.h"

enum {
    HEARTBEAT_MS = 2000,       /* a hunt begins within half of it, a quarter of a step */
    TRANSFER_US = 1500 * 1000, /* in which a transfer that was asked for ends */
    KEY_BYTES = 1,
    SKEW_MAX_MS = 3600 * 1000,
    ENDPOINT_BYTES = 32,
};

#define STEP_US ((uint64_t)WORLD_STEP_MS * 1000)

static void *grow(void *items, size_t *capacity, size_t count, size_t item_bytes) {
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    items = realloc(items, *capacity * item_bytes);
    ZC_ASSERT(items != NULL);
    return items;
}

static zc_buffer_t copy_of(zc_slice_t bytes) {
    zc_buffer_t copy;
    zc_buffer_init(&copy, zc_allocator_system());
    uint8_t *to = zc_buffer_reserve(&copy, bytes.bytes);
    ZC_ASSERT(to != NULL);
    memcpy(to, bytes.data, bytes.bytes);
    copy.bytes = bytes.bytes;
    return copy;
}

void world_init(world_t *world) {
    *world = (world_t){
        .now_us = WORLD_FIRST_STEP * STEP_US,
        .max_size = 1000,
        .ghosts_max = 1000,
        .value_bytes = 16,
    };
    zc_codec_init(&world->codec);
}

static void stop(world_node_t *node) {
    if (node->replica != NULL) {
        zc_store_check(zc_replica_store(node->replica));
    }
    zc_replica_destroy(&node->replica);
}

void world_fini(world_t *world) {
    for (size_t i = 0; i < WORLD_LETTERS; i++) {
        stop(&world->nodes[i]);
    }
    for (size_t i = 0; i < world->message_count; i++) {
        zc_buffer_fini(&world->messages[i].bytes);
    }
    free(world->messages);
    free(world->parcels);
    zc_codec_fini(&world->codec);
}

world_node_t *world_node(world_t *world, char name) {
    return &world->nodes[name - 'A'];
}

uint64_t world_now_ms(const world_t *world) {
    return world->now_us / 1000;
}

/* -- Steps ------------------------------------------------------------------ */

static zc_slice_t encode(world_t *world, const zc_message_t *message) {
    zcache_status status = zc_wire_encode(message, &world->codec.buffer);
    ZC_ASSERT(status == ZCACHE_OK);
    return zc_buffer_slice(&world->codec.buffer);
}

static void keep_broadcast(world_t *world, const zc_message_t *message) {
    bool wanted = message->type == ZC_MESSAGE_BATCH || message->type == ZC_MESSAGE_REGISTERS;
    if (world->label == NULL || !wanted) {
        return;
    }
    world->messages = grow(world->messages, &world->message_capacity, world->message_count,
                           sizeof *world->messages);
    world_message_t *kept = &world->messages[world->message_count++];
    *kept = (world_message_t){.bytes = copy_of(encode(world, message))};
    snprintf(kept->label, sizeof kept->label, "%s", world->label);
}

/* What the two of a transfer send each other over the connection that the asker has dialled. */
static void keep_parcel(world_t *world, const world_node_t *node, const zc_effect_t *effect) {
    bool to_donor = node == world->asker && effect->send.to.type == ZC_LINK_PEER;
    bool to_asker = node == world->donor && effect->send.to.type == ZC_LINK_ROUTE;
    if (!to_donor && !to_asker) {
        return;
    }
    world->parcels =
        grow(world->parcels, &world->parcel_capacity, world->parcel_count, sizeof *world->parcels);
    world->parcels[world->parcel_count++] = (world_parcel_t){
        .to_donor = to_donor, .bytes = copy_of(encode(world, &effect->send.message))};
}

static zcache_status step(world_t *world, world_node_t *node, zc_event_t *event) {
    event->now_us = world->now_us;
    zc_effects_t effects;
    zcache_status status = zc_replica_step(node->replica, event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        const zc_effect_t *effect = &effects.effects[i];
        if (effect->type == ZC_EFFECT_BROADCAST) {
            keep_broadcast(world, &effect->message);
        } else if (effect->type == ZC_EFFECT_SEND) {
            keep_parcel(world, node, effect);
        }
    }
    return status;
}

void world_tick(world_t *world, world_node_t *node) {
    zc_event_t event = {.type = ZC_EVENT_TICK};
    step(world, node, &event);
}

void world_hand(world_t *world, world_node_t *node, zc_link_t from, zc_slice_t bytes) {
    zc_message_t message;
    zcache_status status = zc_wire_decode(bytes, &world->codec.scratch, &message);
    ZC_ASSERT(status == ZCACHE_OK);
    zc_event_t event = {.type = ZC_EVENT_MESSAGE};
    event.message.from = from;
    event.message.message = &message;
    step(world, node, &event);
}

void world_tell(world_t *world, world_node_t *node, zc_link_t from, const zc_message_t *message) {
    zc_buffer_t bytes = copy_of(encode(world, message));
    world_hand(world, node, from, zc_buffer_slice(&bytes));
    zc_buffer_fini(&bytes);
}

static void tick_until(world_t *world, world_node_t *node, uint64_t until_us) {
    uint64_t now_us = world->now_us;
    while (zc_replica_deadline(node->replica) <= until_us) {
        uint64_t at_us = zc_replica_deadline(node->replica);
        world->now_us = at_us > world->now_us ? at_us : world->now_us;
        world_tick(world, node);
    }
    world->now_us = now_us;
}

static void run_until(world_t *world, uint64_t until_us) {
    for (size_t i = 0; i < WORLD_LETTERS; i++) {
        if (world->nodes[i].replica != NULL) {
            tick_until(world, &world->nodes[i], until_us);
        }
    }
    world->now_us = until_us;
}

void world_pass(world_t *world, uint64_t steps) {
    run_until(world, (world->now_us / STEP_US + steps) * STEP_US);
}

void world_settle(world_t *world) {
    run_until(world, (world->now_us / STEP_US + 1) * STEP_US - 1);
}

/* -- Meeting ---------------------------------------------------------------- */

zc_origin_t world_origin(uint8_t number) {
    return (zc_origin_t){.bytes = {number}};
}

/* Texts are static: each identity is used before the next is made. */
static zc_identity_t identity_of(uint8_t number) {
    static char endpoint[ENDPOINT_BYTES];
    snprintf(endpoint, sizeof endpoint, "tcp://10.0.0.%u:5000", (unsigned)number);
    return (zc_identity_t){
        .origin = world_origin(number),
        .name = zc_slice_text("model"),
        .region = zc_slice("", 0),
        .endpoint = zc_slice_text(endpoint),
        .publish_endpoint = zc_slice_text(endpoint),
        .watch_endpoint = zc_slice_text(endpoint),
    };
}

zc_peer_number_t world_meet(world_t *world, world_node_t *node, uint8_t origin) {
    zc_message_t hello = {.type = ZC_MESSAGE_HELLO};
    hello.hello.identity = identity_of(origin);
    hello.hello.clock_ms = zc_clock_mesh_ms(&node->replica->clock);
    world_tell(world, node, (zc_link_t){.type = ZC_LINK_ROUTE}, &hello);
    const zc_peer_t *peer = zc_peers_dialling(&node->replica->peers, hello.hello.identity.endpoint);
    ZC_ASSERT(peer != NULL);
    zc_peer_number_t number = peer->number;
    world_welcome(world, node, number, origin);
    return number;
}

void world_welcome(world_t *world, world_node_t *node, zc_peer_number_t number, uint8_t origin) {
    zc_message_t message = {.type = ZC_MESSAGE_WELCOME};
    message.welcome.identity = identity_of(origin);
    message.welcome.clock_ms = zc_clock_mesh_ms(&node->replica->clock);
    message.welcome.registers = node->replica->registers;
    world_tell(world, node, zc_peer_link(number), &message);
    ZC_ASSERT(zc_peers_at(&node->replica->peers, number)->state == ZC_PEER_LIVE);
}

void world_heartbeat(world_t *world, world_node_t *node, uint8_t origin, zc_hlc_t last,
                     bool differs) {
    const zc_replica_t *replica = node->replica;
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){
        .origin = world_origin(origin),
        .last = last,
        .clock_ms = zc_clock_mesh_ms(&replica->clock),
        .state_hash = replica->state_hash ^ differs,
        .members_hash = replica->members_hash,
    };
    world_tell(world, node, (zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
}

void world_part(world_t *world, world_node_t *node, uint8_t origin) {
    zc_message_t message = {.type = ZC_MESSAGE_GOODBYE};
    message.goodbye.origin = world_origin(origin);
    world_tell(world, node, (zc_link_t){.type = ZC_LINK_BROADCAST}, &message);
    zc_origin_index_t index =
        zc_store_origin_find(zc_replica_store(node->replica), &message.goodbye.origin);
    const zc_peer_t *peer = zc_peers_of_origin(&node->replica->peers, index);
    ZC_ASSERT(peer == NULL || peer->state == ZC_PEER_GONE);
}

/* -- Nodes ------------------------------------------------------------------ */

static void start(world_t *world, world_node_t *node, const world_node_t *donor) {
    char seed[ENDPOINT_BYTES];
    zc_slice_t seeds = zc_slice(seed, 0);
    if (donor != NULL) {
        snprintf(seed, sizeof seed, "tcp://10.0.1.%u:5000", (unsigned)donor->origin);
        seeds = zc_slice_text(seed);
    }
    const zc_store_item_t entry = {.key = zc_slice(NULL, KEY_BYTES),
                                   .value = zc_slice(NULL, world->value_bytes),
                                   .deadline_ms = 1};
    /* A write is taken where one of its sizes with any deadline would fit; too little for one more.
     */
    zc_store_item_t largest = entry;
    largest.deadline_ms = UINT64_MAX;
    uint64_t spare = node->room > 0 ? zc_register_cost(&largest) - zc_register_cost(&entry) : 0;
    zc_replica_options_t options = {
        .allocator = zc_allocator_system(),
        .random_seed = node->origin,
        .identity = identity_of(node->origin),
        .checkpoint_bytes = world->checkpoint,
        .max_memory = node->room * zc_register_cost(&entry) + spare,
        .now_us = world->now_us,
        .seeds = &seeds,
        .seed_count = donor != NULL,
        .wall_ms = (uint64_t)((int64_t)(WORLD_BASE_MS + world_now_ms(world)) +
                              node->clock * WORLD_STEP_MS),
    };
    zc_settings_init(&options.settings);
    options.settings.max_size = world->max_size;
    options.settings.ghosts_max = world->ghosts_max;
    options.settings.expire_after_ms = 0;
    options.settings.heartbeat_ms = HEARTBEAT_MS;
    options.settings.max_clock_skew_ms = SKEW_MAX_MS;
    if (world->retire_after != 0) {
        options.settings.retire_after_ms = world->retire_after * WORLD_STEP_MS;
    }
    zcache_status status = zc_replica_new(&options, &node->replica);
    ZC_ASSERT(status == ZCACHE_OK);
    node->counters = (zc_counters_t){0};
}

void world_start(world_t *world, char name, uint8_t origin, uint64_t room, int64_t clock) {
    world_node_t *node = world_node(world, name);
    *node = (world_node_t){.name = name, .origin = origin, .room = room, .clock = clock};
    start(world, node, NULL);
}

void world_restart(world_t *world, char name, uint8_t origin, const world_node_t *donor) {
    world_node_t *node = world_node(world, name);
    stop(node);
    node->origin = origin;
    start(world, node, donor);
}

/* -- Writes and what becomes of them --------------------------------------- */

static void write_word(world_t *world, world_node_t *node, zc_slice_t value, const char *word) {
    bool deletes = word[0] == '~';
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    event.write.type = deletes ? ZC_WRITE_DELETE : ZC_WRITE_SET;
    event.write.key = zc_slice(word + deletes, KEY_BYTES);
    if (!deletes) {
        event.write.value = value;
        const char *ttl = strchr(word, '+');
        event.write.ttl_ms = ttl == NULL ? 0 : strtoull(ttl + 1, NULL, 10) * WORLD_STEP_MS;
    }
    zcache_status status = step(world, node, &event);
    ZC_ASSERT(status == ZCACHE_OK || (deletes && status == ZCACHE_MISS));
}

/* The label, filled up with dots. */
static char *make_value(const world_t *world, const char *label) {
    char *value = malloc(world->value_bytes);
    ZC_ASSERT(value != NULL && strlen(label) < world->value_bytes);
    memset(value, '.', world->value_bytes);
    memcpy(value, label, strlen(label));
    return value;
}

/* A node whom nobody hears sends nothing, so somebody is there. */
static void send_under(world_t *world, world_node_t *node, const char *label) {
    world->label = label;
    world_tick(world, node);
    world->label = NULL;
    world_part(world, node, WORLD_LISTENER);
}

void world_write(world_t *world, const char *label, char name, char *const *words, size_t count) {
    world_node_t *node = world_node(world, name);
    world_meet(world, node, WORLD_LISTENER);
    char *value = make_value(world, label);
    for (size_t i = 0; i < count; i++) {
        write_word(world, node, zc_slice(value, world->value_bytes), words[i]);
    }
    free(value);
    send_under(world, node, label);
}

void world_clear(world_t *world, const char *label, char name) {
    world_node_t *node = world_node(world, name);
    world_meet(world, node, WORLD_LISTENER);
    zc_event_t event = {.type = ZC_EVENT_WRITE};
    event.write.type = ZC_WRITE_CLEAR;
    step(world, node, &event);
    send_under(world, node, label);
}

void world_deliver(world_t *world, const char *label, char name) {
    for (size_t i = 0; i < world->message_count; i++) {
        if (strcmp(world->messages[i].label, label) == 0) {
            world_hand(world, world_node(world, name), (zc_link_t){.type = ZC_LINK_BROADCAST},
                       zc_buffer_slice(&world->messages[i].bytes));
        }
    }
}

/* -- What is held ----------------------------------------------------------- */

uint64_t world_hash(char key) {
    return zc_key_hash(zc_slice(&key, KEY_BYTES));
}

void world_visit(world_t *world, world_node_t *node, world_visit_fn *visit) {
    zc_store_walk_t *walk = NULL;
    zcache_status status =
        zc_store_walk_new(zc_replica_store(node->replica), ZC_WALK_COLDEST_FIRST, &walk);
    ZC_ASSERT(status == ZCACHE_OK);
    size_t budget = SIZE_MAX;
    zc_store_item_t item;
    while (zc_store_walk_item(walk, world_now_ms(world), &budget, &item) == ZCACHE_OK) {
        visit(world, node, &item);
        zc_store_walk_next(walk);
    }
    zc_store_walk_destroy(&walk);
}

/* All but that of the key `spared` (in `found`) become the most recently used, in their order. */
static void touch_other(world_t *world, world_node_t *node, const zc_store_item_t *item) {
    if (!item->ghost && ((const char *)item->key.data)[0] != world->found[0]) {
        zc_store_touch(zc_replica_store(node->replica), item->key_hash, world_now_ms(world));
    }
}

void world_evict(world_t *world, char name, char key) {
    world_node_t *node = world_node(world, name);
    zc_store_t *store = zc_replica_store(node->replica);
    zc_store_item_t item;
    if (!zc_store_find(store, world_hash(key), &item) || item.ghost) {
        return;
    }
    world->found[0] = key;
    world_visit(world, node, touch_other);
    zc_store_evict(store);
}

void world_read(world_t *world, char name, char key) {
    zc_store_item_t item;
    zc_store_get(zc_replica_store(world_node(world, name)->replica), zc_slice(&key, KEY_BYTES),
                 world_now_ms(world), true, &item);
}
