/* SPDX-License-Identifier: MPL-2.0 */
/* The swarm: draws a cluster, hurts it for a while, heals it, and looks whether it came to what the
 * rules promise. */
#include "tests/sim/swarm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/cluster.h"

enum {
    KEYS_MAX = 64,
    WRITES_MAX = 20000,
    BIG_BYTES = 100 * 1000,
    CONVERGE_LIMIT_MS = 60 * 1000, /* the longest backoff and two heartbeats, with room */
};

typedef struct written {
    int key;
    zc_stamp_t stamp;
    bool sent; /* to anybody; else it is known to nobody else, and goes with its node */
} written_t;

typedef struct swarm {
    zc_cluster_t *cluster;
    zc_random_t *random;
    const zc_swarm_options_t *options;
    zc_swarm_result_t *result;
    zc_settings_t settings;
    int keys;
    bool evicts;  /* capacity below the number of keys */
    bool forgets; /* idle time or ttl is short */
    bool big;     /* values that make transfers of many chunks */
    char value[BIG_BYTES + 1];
    written_t *written;
    size_t written_count;
    zc_stamp_t served[ZC_CLUSTER_NODES_MAX][KEYS_MAX];
    bool failed;
} swarm_t;

static void fail(swarm_t *swarm, const char *format, ...) {
    if (swarm->failed) {
        return;
    }
    swarm->failed = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(swarm->result->why, sizeof swarm->result->why, format, arguments);
    va_end(arguments);
}

static uint64_t draw(swarm_t *swarm, uint64_t bound) {
    return zc_random_below(swarm->random, bound);
}

static bool chance(swarm_t *swarm, uint64_t of_1000) {
    return draw(swarm, 1000) < of_1000;
}

static void key_text(int key, char *text, size_t bytes) {
    snprintf(text, bytes, "key-%d", key);
}

static uint64_t key_hash(int key) {
    char text[16];
    key_text(key, text, sizeof text);
    return zc_key_hash(zc_slice_text(text));
}

/* -- Drawing --------------------------------------------------------------- */

static void draw_settings(swarm_t *swarm) {
    zc_settings_init(&swarm->settings);
    swarm->keys = (int)draw(swarm, KEYS_MAX - 1) + 2;
    swarm->evicts = chance(swarm, 500);
    swarm->settings.max_size = swarm->evicts ? draw(swarm, (uint64_t)swarm->keys) + 1 : 1000;
    swarm->settings.ghosts_max = chance(swarm, 500) ? draw(swarm, 8) + 1 : 0;
    swarm->forgets = chance(swarm, 200);
    swarm->big = chance(swarm, 100);
    swarm->settings.expire_after_ms = swarm->forgets ? 500 + draw(swarm, 5000) : 0;
    zc_cluster_network_t *network = zc_cluster_network(swarm->cluster);
    static const uint32_t losses[] = {0, 0, 10, 100, 300};
    network->loss = losses[draw(swarm, 5)];
    network->repeat = chance(swarm, 300) ? (uint32_t)draw(swarm, 500) : 0;
    network->reorder = chance(swarm, 300) ? (uint32_t)draw(swarm, 500) : 0;
    network->latency_us = 100 + draw(swarm, 20000);
    network->jitter_us = draw(swarm, network->latency_us + 1);
}

static int any_up(swarm_t *swarm) {
    int up[ZC_CLUSTER_NODES_MAX];
    int count = 0;
    for (int i = 0; i < zc_cluster_count(swarm->cluster); i++) {
        if (zc_cluster_is_up(swarm->cluster, i)) {
            up[count++] = i;
        }
    }
    return up[draw(swarm, (uint64_t)count)];
}

static int count_up(const swarm_t *swarm) {
    int count = 0;
    for (int i = 0; i < zc_cluster_count(swarm->cluster); i++) {
        count += zc_cluster_is_up(swarm->cluster, i);
    }
    return count;
}

/* -- What happens ---------------------------------------------------------- */

/* The register of a key after a write to it at this node is that write. */
static void note_write(swarm_t *swarm, int node, int key) {
    zc_store_t *store = zc_replica_store(zc_cluster_replica(swarm->cluster, node));
    zc_store_item_t item;
    if (!zc_store_find(store, key_hash(key), &item)) {
        return; /* a ghost that was forgotten at once: ghosts_max 1 */
    }
    if (swarm->written_count < WRITES_MAX) {
        swarm->written[swarm->written_count++] = (written_t){
            .key = key,
            .stamp = {.hlc = item.hlc, .origin = *zc_store_origin_at(store, item.origin)}};
    }
    swarm->result->writes++;
}

/* Ends in the number of the write, so that no two are the same. */
static const char *draw_value(swarm_t *swarm) {
    size_t bytes = swarm->big && chance(swarm, 500) ? draw(swarm, BIG_BYTES - 32) : 0;
    memset(swarm->value, 'x', bytes);
    snprintf(swarm->value + bytes, 32, "%llu", (unsigned long long)swarm->result->writes);
    return swarm->value;
}

static void note_sent(swarm_t *swarm, const zc_record_t *records, size_t count,
                      const zc_origin_t *origins) {
    for (size_t i = 0; i < count; i++) {
        zc_stamp_t stamp = {.hlc = records[i].hlc, .origin = origins[records[i].origin]};
        for (size_t j = swarm->written_count; j > 0; j--) {
            written_t *written = &swarm->written[j - 1];
            if (zc_stamp_compare(&written->stamp, &stamp) == 0) {
                written->sent = true;
                break;
            }
        }
    }
}

static void observe(void *context, int node, const zc_effect_t *effect) {
    (void)node;
    const zc_message_t *message = &effect->message;
    if (effect->type == ZC_EFFECT_SEND) {
        message = &effect->send.message;
    } else if (effect->type != ZC_EFFECT_BROADCAST) {
        return;
    }
    if (message->type == ZC_MESSAGE_BATCH) {
        note_sent(context, message->batch.records, message->batch.count, &message->batch.origin);
    } else if (message->type == ZC_MESSAGE_SYNC_CHUNK) {
        note_sent(context, message->sync_chunk.records, message->sync_chunk.count,
                  message->sync_chunk.origins);
    }
}

static void write_something(swarm_t *swarm) {
    int node = any_up(swarm);
    int key = (int)draw(swarm, (uint64_t)swarm->keys);
    char text[16];
    key_text(key, text, sizeof text);
    if (chance(swarm, 150)) {
        zc_cluster_delete(swarm->cluster, node, text);
    } else {
        uint64_t ttl_ms = swarm->forgets && chance(swarm, 300) ? 100 + draw(swarm, 3000) : 0;
        zc_cluster_set(swarm->cluster, node, text, draw_value(swarm), ttl_ms);
    }
    note_write(swarm, node, key);
}

static void read_something(swarm_t *swarm) {
    int node = any_up(swarm);
    int key = (int)draw(swarm, (uint64_t)swarm->keys);
    char text[16];
    key_text(key, text, sizeof text);
    if (zc_cluster_get(swarm->cluster, node, text) == NULL) {
        return;
    }
    zc_store_t *store = zc_replica_store(zc_cluster_replica(swarm->cluster, node));
    zc_store_item_t item;
    zc_store_find(store, key_hash(key), &item);
    zc_stamp_t stamp = {.hlc = item.hlc, .origin = *zc_store_origin_at(store, item.origin)};
    if (zc_stamp_compare(&stamp, &swarm->served[node][key]) < 0) {
        fail(swarm, "node %d goes back on %s", node, text);
    }
    swarm->served[node][key] = stamp;
}

static void crash_something(swarm_t *swarm) {
    if (count_up(swarm) < 2) {
        return;
    }
    int node = any_up(swarm);
    memset(swarm->served[node], 0, sizeof swarm->served[node]);
    if (chance(swarm, 300)) {
        zc_cluster_leave(swarm->cluster, node);
    } else {
        zc_cluster_crash(swarm->cluster, node);
    }
}

static void restart_something(swarm_t *swarm) {
    for (int i = 0; i < zc_cluster_count(swarm->cluster); i++) {
        if (!zc_cluster_is_up(swarm->cluster, i)) {
            zc_cluster_restart(swarm->cluster, i, &swarm->settings, any_up(swarm));
            return;
        }
    }
}

static void cut_something(swarm_t *swarm) {
    int count = zc_cluster_count(swarm->cluster);
    switch (draw(swarm, 4)) {
    case 0:
        zc_cluster_partition(swarm->cluster, zc_random_next(swarm->random));
        break;
    case 1:
        zc_cluster_cut(swarm->cluster, (int)draw(swarm, (uint64_t)count),
                       (int)draw(swarm, (uint64_t)count), true);
        break;
    case 2:
        zc_cluster_pause(swarm->cluster, (int)draw(swarm, (uint64_t)count), true);
        break;
    default:
        zc_cluster_heal(swarm->cluster);
        for (int i = 0; i < count; i++) {
            zc_cluster_pause(swarm->cluster, i, false);
        }
        break;
    }
}

static void do_something(swarm_t *swarm) {
    uint64_t dice = draw(swarm, 1000);
    if (dice < 550) {
        write_something(swarm);
    } else if (dice < 960) {
        read_something(swarm);
    } else if (dice < 975) {
        cut_something(swarm);
    } else if (dice < 985) {
        crash_something(swarm);
    } else if (dice < 995) {
        restart_something(swarm);
    } else if (dice < 996) {
        zc_cluster_clear(swarm->cluster, any_up(swarm));
    }
}

static void hurt(swarm_t *swarm) {
    uint64_t until_ms = zc_cluster_now_ms(swarm->cluster) +
                        (swarm->options->minutes > 0 ? (uint64_t)swarm->options->minutes * 60000
                                                     : 2000 + draw(swarm, 20000));
    while (!swarm->failed && zc_cluster_now_ms(swarm->cluster) < until_ms) {
        uint64_t burst = chance(swarm, 50) ? draw(swarm, 100) : 1;
        for (uint64_t i = 0; i < burst; i++) {
            do_something(swarm);
        }
        zc_cluster_run_ms(swarm->cluster, draw(swarm, 60));
    }
}

static void heal(swarm_t *swarm) {
    zc_cluster_network_t *network = zc_cluster_network(swarm->cluster);
    *network = (zc_cluster_network_t){.latency_us = 500, .jitter_us = 200};
    zc_cluster_heal(swarm->cluster);
    for (int i = 0; i < zc_cluster_count(swarm->cluster); i++) {
        zc_cluster_pause(swarm->cluster, i, false);
        if (!zc_cluster_is_up(swarm->cluster, i)) {
            zc_cluster_restart(swarm->cluster, i, &swarm->settings, any_up(swarm));
        }
    }
}

/* -- What must be so at the end -------------------------------------------- */

typedef struct agreement {
    bool digests;
} agreement_t;

static bool vectors_agree(zc_cluster_t *cluster) {
    uint64_t first = 0;
    for (int i = 0; i < zc_cluster_count(cluster); i++) {
        zc_vector_t vector;
        if (zc_replica_vector(zc_cluster_replica(cluster, i), &vector) != ZCACHE_OK) {
            return false;
        }
        uint64_t hash = 0;
        for (size_t j = 0; j < vector.count; j++) {
            const zc_origin_intervals_t *row = &vector.origins[j];
            hash = zc_hash(zc_slice(row->origin.bytes, ZC_ORIGIN_BYTES), hash);
            hash = zc_hash(zc_slice(row->intervals, row->count * sizeof *row->intervals), hash);
        }
        if (i == 0) {
            first = hash;
        } else if (hash != first) {
            return false;
        }
    }
    return true;
}

static bool has_agreed(zc_cluster_t *cluster, void *context) {
    const agreement_t *agreement = context;
    if (!zc_cluster_all_live(cluster, NULL)) {
        return false;
    }
    return agreement->digests ? zc_cluster_converged(cluster, NULL) : vectors_agree(cluster);
}

static bool knows(zc_cluster_t *cluster, const zc_stamp_t *stamp) {
    zc_vector_t vector;
    if (zc_replica_vector(zc_cluster_replica(cluster, 0), &vector) != ZCACHE_OK) {
        return false;
    }
    for (size_t i = 0; i < vector.count; i++) {
        const zc_origin_intervals_t *row = &vector.origins[i];
        for (size_t j = 0; j < row->count && zc_origin_equal(&row->origin, &stamp->origin); j++) {
            if (stamp->hlc > row->intervals[j].after && stamp->hlc <= row->intervals[j].upto) {
                return true;
            }
        }
    }
    return false;
}

/* Everybody holds the newest write that is known, or nothing. */
static void check_newest(swarm_t *swarm) {
    zc_stamp_t newest[KEYS_MAX] = {{0}};
    for (size_t i = 0; i < swarm->written_count; i++) {
        const written_t *written = &swarm->written[i];
        if (written->sent && zc_stamp_compare(&written->stamp, &newest[written->key]) > 0 &&
            knows(swarm->cluster, &written->stamp)) {
            newest[written->key] = written->stamp;
        }
    }
    for (int i = 0; i < zc_cluster_count(swarm->cluster); i++) {
        zc_store_t *store = zc_replica_store(zc_cluster_replica(swarm->cluster, i));
        for (int key = 0; key < swarm->keys; key++) {
            zc_store_item_t item;
            if (!zc_store_find(store, key_hash(key), &item) || item.ghost) {
                continue;
            }
            zc_stamp_t stamp = {.hlc = item.hlc, .origin = *zc_store_origin_at(store, item.origin)};
            if (zc_stamp_compare(&stamp, &newest[key]) < 0) {
                fail(swarm, "node %d holds an old write to key-%d", i, key);
            }
        }
    }
}

static void finish(swarm_t *swarm) {
    for (int i = 0; i < zc_cluster_count(swarm->cluster); i++) {
        zc_replica_view_t view = zc_cluster_view(swarm->cluster, i);
        swarm->result->deltas += view.counters.deltas;
        swarm->result->replace_syncs += view.counters.replace_syncs;
        if (view.counters.faults > 0) {
            fail(swarm, "node %d has seen two values under one stamp", i);
        }
        zc_store_check(zc_replica_store(zc_cluster_replica(swarm->cluster, i)));
    }
    swarm->result->trace = zc_cluster_trace(swarm->cluster);
    swarm->result->bytes = zc_cluster_bytes(swarm->cluster);
    swarm->result->passed = !swarm->failed;
}

void zc_swarm_run(const zc_swarm_options_t *options, zc_swarm_result_t *result) {
    *result = (zc_swarm_result_t){.passed = false};
    swarm_t *swarm = calloc(1, sizeof *swarm);
    written_t *written = calloc(WRITES_MAX, sizeof *written);
    if (swarm == NULL || written == NULL) {
        abort();
    }
    swarm->cluster = zc_cluster_new(options->seed);
    swarm->random = zc_cluster_random(swarm->cluster);
    swarm->options = options;
    swarm->result = result;
    swarm->written = written;
    zc_cluster_observe(swarm->cluster, observe, swarm);
    draw_settings(swarm);
    int nodes = options->nodes > 0 ? options->nodes : 2 + (int)draw(swarm, 7);
    for (int i = 0; i < nodes; i++) {
        zc_cluster_start(swarm->cluster, &swarm->settings, i == 0 ? -1 : any_up(swarm));
        zc_cluster_run_ms(swarm->cluster, draw(swarm, 300));
    }
    hurt(swarm);
    heal(swarm);
    uint64_t healed_ms = zc_cluster_now_ms(swarm->cluster);
    agreement_t agreement = {.digests = !swarm->evicts && !swarm->forgets &&
                                        swarm->settings.ghosts_max == 0};
    if (!swarm->failed &&
        !zc_cluster_run_until(swarm->cluster, has_agreed, &agreement, CONVERGE_LIMIT_MS)) {
        fail(swarm, "has not converged %d s after it was healed", CONVERGE_LIMIT_MS / 1000);
    }
    result->converged_ms = zc_cluster_now_ms(swarm->cluster) - healed_ms;
    check_newest(swarm);
    finish(swarm);
    zc_cluster_destroy(&swarm->cluster);
    free(written);
    free(swarm);
}
