/* SPDX-License-Identifier: MPL-2.0 */
/* Lost messages on a live link, and how long it takes until the receiver has what was in them.
 *
 * Time is counted for each lost write from the moment at which its batch was due, to the step in
 * which the receiver has it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/assert.h"
#include "tests/sim/bounds.h"
#include "tests/sim/cluster.h"

enum {
    NODES = 3,
    RECEIVER = 1,
    RUN_MAX = 8, /* batches in a row */
    LIMIT_HEARTBEATS = 20,
};

typedef struct kind {
    const char *name;
    int batches;    /* lost: at most so many in a row, drawn */
    int heartbeats; /* ... and of those that follow */
    bool next;      /* a later write comes through */
    bool both;      /* two origins lose at the same time */
} kind_t;

static const kind_t kinds[] = {
    {"a batch, and no write follows", 1, 0, false, false},
    {"a batch, and a write follows", 1, 0, true, false},
    {"a run of batches, and no write follows", RUN_MAX, 0, false, false},
    {"a run of batches, and a write follows", RUN_MAX, 0, true, false},
    {"a batch and the heartbeat after it", 1, 1, false, false},
    {"a batch of each of two nodes", 1, 0, false, true},
};

typedef struct link {
    uint64_t heartbeat_ms;
    uint64_t latency_us;
} link_t;

static const link_t links[] = {{250, 500}, {250, 50000}, {50, 5000}, {1000, 5000}};

/* A lost write. */
typedef struct lost {
    char key[16];
    uint64_t due_us;
    uint64_t had_us; /* 0: not yet */
} lost_t;

typedef struct trial {
    zc_cluster_t *cluster;
    zc_random_t *random;
    const link_t *link;
    char value[16];
    lost_t lost[NODES * RUN_MAX];
    int count;
    int lose_batches[NODES]; /* from each */
    int lose_heartbeats[NODES];
} trial_t;

static uint64_t now_us(const trial_t *trial) {
    return zc_cluster_local_us(trial->cluster, 0);
}

static uint64_t round_trip_us(const link_t *link) {
    return 2 * (link->latency_us + link->latency_us / 10);
}

static uint64_t bound_us(const link_t *link) {
    return 2 * link->heartbeat_ms * 1000 + round_trip_us(link);
}

static bool loses(void *context, int from, int to, const zc_message_t *message) {
    trial_t *trial = context;
    if (to != RECEIVER) {
        return true;
    }
    if (message->type == ZC_MESSAGE_BATCH && trial->lose_batches[from] > 0) {
        trial->lose_batches[from]--;
        return false;
    }
    if (message->type == ZC_MESSAGE_HEARTBEAT && trial->lose_batches[from] == 0 &&
        trial->lose_heartbeats[from] > 0) {
        trial->lose_heartbeats[from]--;
        return false;
    }
    return true;
}

static void on_step(void *context, const zc_cluster_step_t *step) {
    trial_t *trial = context;
    if (step->node != RECEIVER) {
        return;
    }
    for (int i = 0; i < trial->count; i++) {
        lost_t *lost = &trial->lost[i];
        zc_store_item_t item;
        if (lost->had_us == 0 &&
            zc_cluster_find(trial->cluster, RECEIVER, lost->key, false, &item) &&
            zc_slice_equal(item.value, zc_slice_text(trial->value))) {
            lost->had_us = now_us(trial);
        }
    }
}

static bool all_had(zc_cluster_t *cluster, void *context) {
    (void)cluster;
    const trial_t *trial = context;
    for (int i = 0; i < trial->count; i++) {
        if (trial->lost[i].had_us == 0) {
            return false;
        }
    }
    return true;
}

static void set(trial_t *trial, int node, const char *key) {
    zcache_status status = zc_cluster_set(trial->cluster, node, key, trial->value, 0);
    ZC_ASSERT(status == ZCACHE_OK);
}

/* Writes at `node` what the receiver will not get. */
static void lose_write(trial_t *trial, int node) {
    lost_t *lost = &trial->lost[trial->count];
    snprintf(lost->key, sizeof lost->key, "lost%d", trial->count);
    trial->count++;
    trial->lose_batches[node]++;
    set(trial, node, lost->key);
    lost->due_us = now_us(trial) + round_trip_us(trial->link) / 2;
    lost->had_us = 0;
}

static void lose(trial_t *trial, const kind_t *kind) {
    int batches = 1 + (int)zc_random_below(trial->random, (uint64_t)kind->batches);
    for (int i = 0; i < batches; i++) {
        lose_write(trial, 0);
        if (kind->both) {
            uint64_t apart_ms = 1 + trial->link->heartbeat_ms;
            zc_cluster_run_ms(trial->cluster, zc_random_below(trial->random, apart_ms));
            lose_write(trial, 2);
        }
        zc_cluster_run_ms(trial->cluster, 1 + zc_random_below(trial->random, 3));
    }
    trial->lose_heartbeats[0] = kind->heartbeats;
    if (kind->next) {
        uint64_t heartbeat_ms = trial->link->heartbeat_ms;
        zc_cluster_run_ms(trial->cluster, zc_random_below(trial->random, 2 * heartbeat_ms));
        set(trial, 0, "next");
    }
}

/* Adds the times of all that was lost to `times_us`; false: something was not repaired. */
static bool run_trial(trial_t *trial, const kind_t *kind, int number, uint64_t *times_us,
                      size_t *time_count) {
    uint64_t heartbeat_ms = trial->link->heartbeat_ms;
    zc_cluster_run_ms(trial->cluster, heartbeat_ms + zc_random_below(trial->random, heartbeat_ms));
    trial->count = 0;
    snprintf(trial->value, sizeof trial->value, "%d", number);
    lose(trial, kind);
    if (!zc_cluster_run_until(trial->cluster, all_had, trial, LIMIT_HEARTBEATS * heartbeat_ms)) {
        return false;
    }
    for (int i = 0; i < trial->count; i++) {
        const lost_t *lost = &trial->lost[i];
        times_us[(*time_count)++] = lost->had_us > lost->due_us ? lost->had_us - lost->due_us : 0;
    }
    return true;
}

static int compare_times(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void start_mesh(trial_t *trial, uint64_t seed) {
    trial->cluster = zc_cluster_new(seed);
    trial->random = zc_cluster_random(trial->cluster);
    *zc_cluster_network(trial->cluster) = (zc_cluster_network_t){
        .latency_us = trial->link->latency_us, .jitter_us = trial->link->latency_us / 10};
    zc_settings_t settings;
    zc_settings_init(&settings);
    settings.heartbeat_ms = trial->link->heartbeat_ms;
    for (int i = 0; i < NODES; i++) {
        zc_cluster_start(trial->cluster, &settings, i == 0 ? -1 : 0);
    }
    bool live = zc_cluster_run_until(trial->cluster, zc_cluster_all_live, NULL, 60000);
    ZC_ASSERT(live);
    zc_cluster_filter(trial->cluster, loses, trial);
    zc_cluster_observe_steps(trial->cluster, on_step, trial);
}

static int run_kind(const zc_bounds_options_t *options, const kind_t *kind, const link_t *link) {
    trial_t trial = {.link = link};
    start_mesh(&trial, options->seed);
    uint64_t *times_us = calloc((size_t)options->trials * NODES * RUN_MAX, sizeof *times_us);
    ZC_ASSERT(times_us != NULL);
    size_t count = 0;
    bool repaired = true;
    for (int i = 0; i < options->trials && repaired; i++) {
        repaired = run_trial(&trial, kind, i, times_us, &count);
    }
    zc_cluster_destroy(&trial.cluster);
    qsort(times_us, count, sizeof *times_us, compare_times);
    size_t middle = count / 2;
    uint64_t worst_us = count > 0 ? times_us[count - 1] : 0;
    bool kept = repaired && worst_us <= bound_us(link);
    printf("%-40s %9" PRIu64 " %10.1f %8.1f %8.1f %8.1f  %s\n", kind->name, link->heartbeat_ms,
           (double)round_trip_us(link) / 1e3, (double)times_us[middle] / 1e3,
           (double)worst_us / 1e3, (double)bound_us(link) / 1e3,
           kept       ? "kept"
           : repaired ? "NOT KEPT"
                      : "NOT REPAIRED");
    free(times_us);
    return kept ? 0 : 1;
}

int zc_bounds_loss(const zc_bounds_options_t *options) {
    printf("A lost message is repaired within two heartbeats plus one round trip (ms, %d trials "
           "each):\n%-40s %9s %10s %8s %8s %8s\n",
           options->trials, "lost", "heartbeat", "round trip", "median", "worst", "bound");
    int failed = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (size_t j = 0; j < sizeof links / sizeof *links; j++) {
            failed += run_kind(options, &kinds[i], &links[j]);
        }
    }
    return failed;
}
