/* SPDX-License-Identifier: MPL-2.0 */
/* What the nodes of a history hold, as text: the same as world.py prints. */
#include <stdio.h>

#include "tests/model/world.h"

static const char *label_of(world_t *world, zc_slice_t value) {
    const char *text = value.data;
    size_t bytes = 0;
    ZC_ASSERT(value.bytes == world->value_bytes);
    while (bytes < value.bytes && text[bytes] != '.') {
        bytes++;
    }
    snprintf(world->found, sizeof world->found, "%.*s", (int)bytes, text);
    return world->found;
}

const char *world_finds(world_t *world, char name, char key) {
    zc_store_t *store = zc_replica_store(world_node(world, name)->replica);
    zc_store_item_t item;
    if (zc_store_get(store, zc_slice(&key, 1), world_now_ms(world), false, &item) == ZCACHE_OK) {
        return label_of(world, item.value);
    }
    return zc_store_find(store, world_hash(key), &item) && item.ghost ? "ghost" : "miss";
}

bool world_has(world_t *world, char name, const char *label) {
    zc_vector_t vector;
    zcache_status status = zc_replica_vector(world_node(world, name)->replica, &vector);
    ZC_ASSERT(status == ZCACHE_OK);
    bool has = false;
    for (size_t i = 0; i < world->message_count; i++) {
        zc_message_t message;
        if (strcmp(world->messages[i].label, label) != 0 ||
            zc_wire_decode(zc_buffer_slice(&world->messages[i].bytes), &world->codec.scratch,
                           &message) != ZCACHE_OK) {
            continue;
        }
        const zc_origin_intervals_t *row = zc_vector_find(&vector, &message.batch.origin);
        has = row != NULL && zc_intervals_cover(row->intervals, row->count, message.batch.last);
    }
    return has;
}

/* A reading in steps: 12.0, with a minus behind it the reading before that (a claim covers but
 * one); or with what is left over in milliseconds, which there should not be. The stamp that
 * settings were founded with is none. */
static const char *show_hlc(zc_hlc_t hlc) {
    static char text[32];
    const zc_hlc_t counters = ((zc_hlc_t)1 << ZC_HLC_COUNTER_BITS) - 1;
    if (zc_hlc_ms(hlc) < WORLD_BASE_MS) {
        return "0";
    }
    bool before = (hlc & counters) == counters;
    zc_hlc_t shown = before ? hlc + 1 : hlc;
    uint64_t ms = zc_hlc_ms(shown) - WORLD_BASE_MS;
    int bytes = snprintf(text, sizeof text, "%llu", (unsigned long long)(ms / WORLD_STEP_MS));
    if (ms % WORLD_STEP_MS != 0) {
        bytes += snprintf(text + bytes, sizeof text - (size_t)bytes, "+%llu ms",
                          (unsigned long long)(ms % WORLD_STEP_MS));
    }
    snprintf(text + bytes, sizeof text - (size_t)bytes, ".%llu%s",
             (unsigned long long)(shown & counters), before ? "-" : "");
    return text;
}

static void print_stamp(zc_hlc_t hlc, const zc_origin_t *origin) {
    if (hlc == 0) {
        printf("0");
    } else {
        printf("%s@%u", show_hlc(hlc), (unsigned)origin->bytes[0]);
    }
}

static void print_item(world_t *world, world_node_t *node, const zc_store_item_t *item) {
    char key = 'a';
    while (key <= 'z' && world_hash(key) != item->key_hash) {
        key++;
    }
    printf("  %s %c ", item->ghost ? "ghost" : "entry", key);
    print_stamp(item->hlc, zc_store_origin_at(zc_replica_store(node->replica), item->origin));
    printf(item->ghost ? "\n" : " %s\n", item->ghost ? "" : label_of(world, item->value));
}

static void print_vector(world_node_t *node) {
    zc_vector_t vector;
    zcache_status status = zc_replica_vector(node->replica, &vector);
    ZC_ASSERT(status == ZCACHE_OK);
    for (size_t i = 0; i < vector.count; i++) {
        printf("  vector %u", (unsigned)vector.origins[i].origin.bytes[0]);
        for (size_t j = 0; j < vector.origins[i].count; j++) {
            printf(" (%s,", show_hlc(vector.origins[i].intervals[j].after));
            printf("%s]", show_hlc(vector.origins[i].intervals[j].upto));
        }
        printf("\n");
    }
}

static void dump(world_t *world, world_node_t *node) {
    zc_store_t *store = zc_replica_store(node->replica);
    zc_stamp_t horizon = zc_store_horizon(store);
    zc_stamp_t clear = zc_store_clear_stamp(store);
    printf("node %c origin %u clock %s horizon ", node->name, (unsigned)node->origin,
           show_hlc(node->replica->clock.hlc));
    print_stamp(horizon.hlc, &horizon.origin);
    printf(" clear ");
    print_stamp(clear.hlc, &clear.origin);
    printf("\n");
    world_visit(world, node, print_item);
    for (unsigned number = 1; number <= WORLD_ORIGINS_MAX; number++) {
        zc_origin_t origin = world_origin((uint8_t)number);
        zc_hlc_t floor = zc_retire_floor(node->replica, &origin);
        if (floor != 0) {
            printf("  floor %u %s\n", number, show_hlc(floor));
        }
    }
    print_vector(node);
}

void world_dump(world_t *world) {
    for (size_t i = 0; i < WORLD_LETTERS; i++) {
        if (world->nodes[i].replica != NULL) {
            dump(world, &world->nodes[i]);
        }
    }
}
