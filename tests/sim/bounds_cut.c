/* SPDX-License-Identifier: MPL-2.0 */
/* Cuts: how long the two sides take to be equal again once they hear each other, and what they send
 * each other for it.
 *
 * In the simulation bytes take no time, so what a transfer takes is round trips: one to ask and
 * answer, and one more for each credit that it uses up. A connection lives through a cut, as one of
 * TCP may; where it does not, it is dialled anew first, which is printed beside. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/replica/state.h"
#include "tests/sim/bounds.h"
#include "tests/sim/cluster.h"

enum {
    NODES_MAX = 5,
    CREDIT_BYTES = 512 * 1024, /* a donor waits for news of each half of its first credit */
    LATENCY_US = 5000,
    HEARTBEAT_MS = 250,
    LIMIT_MS = 120000,
    FILL_AT_ONCE = 4000,
};

/* What moved since the healing, and when all heard each other again. */
typedef struct cut {
    zc_cluster_t *cluster;
    int nodes;
    uint64_t records;
    uint64_t bytes; /* of asks, chunks and ends */
    uint64_t deltas;
    uint64_t replace_syncs;
    uint64_t dialled_ms; /* from the healing until the last peer would be dialled anew */
    uint64_t heard_ms;   /* from the healing until every node hears every other one */
    uint64_t equal_ms;   /* ... until all hold the same */
} cut_t;

static void start_mesh(cut_t *cut, const zc_bounds_options_t *options, uint64_t ghosts_max) {
    cut->cluster = zc_cluster_new(options->seed);
    *zc_cluster_network(cut->cluster) = (zc_cluster_network_t){.latency_us = LATENCY_US};
    zc_settings_t settings;
    zc_settings_init(&settings);
    settings.max_size = (uint64_t)options->entries * 2;
    settings.ghosts_max = ghosts_max;
    settings.expire_after_ms = 0;
    settings.heartbeat_ms = HEARTBEAT_MS;
    for (int i = 0; i < cut->nodes; i++) {
        zc_cluster_start(cut->cluster, &settings, i == 0 ? -1 : 0);
    }
    bool live = zc_cluster_run_until(cut->cluster, zc_cluster_all_live, NULL, LIMIT_MS);
    ZC_ASSERT(live);
}

/* The nodes write keys from `first` on in turn; those of one side alone if `side` is not negative:
 * the last two nodes are side 1. */
static void write_keys(cut_t *cut, int first, int count, int side, const char *value) {
    for (int i = 0; i < count; i++) {
        int others = cut->nodes - 2;
        int node = side < 0 ? i % cut->nodes : side == 0 ? i % others : others + i % 2;
        char key[16];
        snprintf(key, sizeof key, "key%07d", first + i);
        zcache_status status = value != NULL ? zc_cluster_set(cut->cluster, node, key, value, 0)
                                             : zc_cluster_delete(cut->cluster, node, key);
        ZC_ASSERT(status == ZCACHE_OK);
        if (i % FILL_AT_ONCE == FILL_AT_ONCE - 1) {
            zc_cluster_run_ms(cut->cluster, 1);
        }
    }
}

static void fill(cut_t *cut, int entries) {
    write_keys(cut, 0, entries, -1, "a value of thirty-two bytes, as is");
    bool equal = zc_cluster_run_until(cut->cluster, zc_cluster_converged, NULL, LIMIT_MS);
    ZC_ASSERT(equal);
}

static void count_step(void *context, const zc_cluster_step_t *step) {
    cut_t *cut = context;
    if (step->event->type == ZC_EVENT_MESSAGE &&
        step->event->message.message->type == ZC_MESSAGE_SYNC_CHUNK) {
        cut->records += step->event->message.message->sync_chunk.count;
    }
}

static uint64_t transfer_bytes(const cut_t *cut) {
    zc_cluster_traffic_t traffic = zc_cluster_traffic(cut->cluster);
    return traffic.bytes[ZC_MESSAGE_SYNC_ASK] + traffic.bytes[ZC_MESSAGE_SYNC_CHUNK] +
           traffic.bytes[ZC_MESSAGE_SYNC_END];
}

static void count_transfers(const cut_t *cut, uint64_t *deltas, uint64_t *replace_syncs) {
    *deltas = 0;
    *replace_syncs = 0;
    for (int i = 0; i < cut->nodes; i++) {
        zc_counters_t counters = zc_cluster_view(cut->cluster, i).counters;
        *deltas += counters.deltas;
        *replace_syncs += counters.replace_syncs;
    }
}

static void split(cut_t *cut, uint64_t ms) {
    bool aside[ZC_CLUSTER_NODES_MAX] = {false};
    aside[cut->nodes - 1] = true;
    aside[cut->nodes - 2] = true;
    zc_cluster_split(cut->cluster, aside);
    zc_cluster_run_ms(cut->cluster, ms);
}

static uint64_t longest_backoff_ms(const cut_t *cut) {
    uint64_t longest_us = 0;
    for (int i = 0; i < cut->nodes; i++) {
        const zc_replica_t *replica = zc_cluster_replica(cut->cluster, i);
        uint64_t now_us = zc_cluster_local_us(cut->cluster, i);
        size_t number = 0;
        for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
            uint64_t left_us = peer->redial_at_us > now_us ? peer->redial_at_us - now_us : 0;
            longest_us = left_us > longest_us ? left_us : longest_us;
        }
    }
    return longest_us / 1000;
}

/* Notes how long after the healing all hear each other, and how long until all are equal. */
static void come_together(cut_t *cut) {
    bool heard = false;
    bool equal = false;
    for (uint64_t ms = 0; !heard || !equal; ms++) {
        ZC_ASSERT(ms < LIMIT_MS);
        if (!heard && zc_cluster_all_live(cut->cluster, NULL)) {
            heard = true;
            cut->heard_ms = ms;
        }
        if (!equal && zc_cluster_converged(cut->cluster, NULL)) {
            equal = true;
            cut->equal_ms = ms;
        }
        zc_cluster_run_ms(cut->cluster, 1);
    }
}

static void heal(cut_t *cut) {
    uint64_t bytes = transfer_bytes(cut);
    uint64_t deltas = 0;
    uint64_t replace_syncs = 0;
    count_transfers(cut, &deltas, &replace_syncs);
    zc_cluster_observe_steps(cut->cluster, count_step, cut);
    zc_cluster_heal(cut->cluster);
    cut->dialled_ms = longest_backoff_ms(cut);
    come_together(cut);
    zc_cluster_observe_steps(cut->cluster, NULL, NULL);
    cut->bytes = transfer_bytes(cut) - bytes;
    count_transfers(cut, &cut->deltas, &cut->replace_syncs);
    cut->deltas -= deltas;
    cut->replace_syncs -= replace_syncs;
}

/* -- Any length ------------------------------------------------------------ */

static uint64_t bound_ms(const cut_t *cut) {
    uint64_t round_trips = 1 + cut->bytes / CREDIT_BYTES;
    return cut->heard_ms + 2 * HEARTBEAT_MS + round_trips * 2 * LATENCY_US / 1000;
}

static int cut_for(const zc_bounds_options_t *options, uint64_t seconds) {
    int entries = options->entries / 50;
    int changed = entries / 20;
    cut_t cut = {.nodes = 5};
    start_mesh(&cut, options, 0);
    fill(&cut, entries);
    split(&cut, seconds * 1000);
    write_keys(&cut, 0, changed, 0, "changed on one side");
    write_keys(&cut, changed / 2, changed, 1, "changed on the other side");
    write_keys(&cut, 2 * changed, changed / 10, 0, NULL);
    zc_cluster_run_ms(cut.cluster, 2 * HEARTBEAT_MS);
    heal(&cut);
    bool kept = cut.equal_ms <= bound_ms(&cut) && cut.replace_syncs == 0;
    printf("%8" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
           " %10" PRIu64 "  %s\n",
           seconds, cut.dialled_ms, cut.heard_ms, cut.equal_ms, bound_ms(&cut), cut.records,
           cut.bytes, kept ? "kept" : "NOT KEPT");
    zc_cluster_destroy(&cut.cluster);
    return kept ? 0 : 1;
}

int zc_bounds_partition(const zc_bounds_options_t *options) {
    static const uint64_t lengths[] = {1, 30, 300, 3600};
    printf(
        "\nAfter a partition of any length all are equal within two heartbeats and the transfer of "
        "what differs,\nonce they hear each other (ms from the healing; five nodes, two of them "
        "apart, %d entries,\n%d changed on each side, %d deleted):\n"
        "%8s %10s %10s %10s %10s %10s %10s\n",
        options->entries / 50, options->entries / 1000, options->entries / 10000, "cut, s",
        "redialled", "all hear", "equal", "bound", "records", "bytes");
    int failed = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        failed += cut_for(options, lengths[i]);
    }
    return failed;
}

/* -- What moves ------------------------------------------------------------ */

enum { CUT_MS = 300 * 1000, CHANGED = 1000 };

static void print_moved(const cut_t *cut, const char *what, bool kept) {
    printf("%-44s %6" PRIu64 " %13" PRIu64 " %9" PRIu64 " %11" PRIu64 "  %s\n", what, cut->deltas,
           cut->replace_syncs, cut->records, cut->bytes, kept ? "kept" : "NOT KEPT");
}

/* All ghosts of the cut are still there: what changed moves, to each node about once. */
static int cut_within_the_floor(const zc_bounds_options_t *options) {
    cut_t cut = {.nodes = 3};
    start_mesh(&cut, options, 0);
    fill(&cut, options->entries);
    split(&cut, CUT_MS);
    write_keys(&cut, 0, CHANGED / 2, 0, "changed on one side");
    write_keys(&cut, CHANGED / 2, CHANGED / 2, 1, "changed on the other side");
    zc_cluster_run_ms(cut.cluster, 2 * HEARTBEAT_MS);
    heal(&cut);
    bool kept = cut.replace_syncs == 0 && cut.records <= CHANGED * (uint64_t)cut.nodes;
    print_moved(&cut, "1,000 changed", kept);
    zc_cluster_destroy(&cut.cluster);
    return kept ? 0 : 1;
}

/* Twice as many deletes as ghosts that are kept: the floor has risen above what the other side
 * lacks, so it is sent everything, keeps what it wrote meanwhile, and gets nothing back that was
 * deleted. */
static int cut_beyond_the_floor(const zc_bounds_options_t *options) {
    int deleted = options->entries / 50;
    cut_t cut = {.nodes = 3};
    start_mesh(&cut, options, (uint64_t)deleted / 2);
    fill(&cut, options->entries);
    split(&cut, CUT_MS);
    write_keys(&cut, 0, deleted, 0, NULL);
    write_keys(&cut, deleted, CHANGED, 1, "changed on the other side");
    zc_cluster_run_ms(cut.cluster, 2 * HEARTBEAT_MS);
    heal(&cut);
    zc_replica_view_t view = zc_cluster_view(cut.cluster, 2);
    bool kept =
        cut.replace_syncs > 0 && view.store.entries == (uint64_t)(options->entries - deleted);
    char what[64];
    snprintf(what, sizeof what, "1,000 changed, %d deleted, %d ghosts kept", deleted, deleted / 2);
    print_moved(&cut, what, kept);
    zc_cluster_destroy(&cut.cluster);
    return kept ? 0 : 1;
}

int zc_bounds_floor(const zc_bounds_options_t *options) {
    printf(
        "\nA cut of five minutes moves what changed, as long as the floor allows (three nodes, %d "
        "entries):\n%-44s %6s %13s %9s %11s\n",
        options->entries, "", "deltas", "replace-syncs", "records", "bytes");
    return cut_within_the_floor(options) + cut_beyond_the_floor(options);
}
