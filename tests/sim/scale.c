/* SPDX-License-Identifier: MPL-2.0 */
/* What a mesh costs by its size: runs ten, a hundred and a thousand replicas on virtual time and
 * prints what they sent, exit 0 only if everything held.
 *
 * A run starts all nodes against one address, writes at each of them, is idle, loses messages, and
 * is cut in two for longer than the failure timeout. After each of these all are live and hold the
 * same. Messages and bytes are those of the codec, counted once for each receiver; what TCP and
 * ZeroMQ add is not in them. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "lib/base/assert.h"
#include "tests/sim/cluster.h"
#include "tests/sim/words.h"

enum {
    SIZES_MAX = 8,
    NODES_LEAST = 10,
    START_MS = 3000, /* within which all nodes are started */
    WRITES = 2000,
    WRITES_IN_A_MS = 4,
    VALUE_BYTES = 32,
    LOSSY_WRITES = 200,
    LOSS = 10,      /* of 1000 */
    IDLE_MS = 5000, /* a ping to everybody is among it */
    CUT_MS = 6000,  /* longer than the 20 heartbeats after which a peer is gone */
    CUT_WRITES = 200,
    LOOK_MS = 25,
    LIMIT_MS = 60000,
    LIMIT_SECONDS = 600,
    LIMIT_MIB = 3814, /* 4 GB */
};

typedef struct cost {
    uint64_t messages;
    uint64_t bytes;
} cost_t;

/* A run of one size, and what came of it: times in virtual milliseconds but for the last three. */
typedef struct run {
    zc_cluster_t *cluster;
    int nodes;
    const char *failed; /* NULL: everything held */
    zc_cluster_traffic_t before;
    int written;
    uint64_t written_us[WRITES];
    int received[WRITES];
    uint64_t spread_us[WRITES]; /* until the last node had it */

    uint64_t joined_ms; /* from the last start on */
    cost_t joining;
    cost_t writing;
    cost_t idle;
    cost_t repairing;
    uint64_t repaired_ms;
    cost_t merging;
    uint64_t merged_ms; /* from the healing on */
    double real_seconds;
    double processor_seconds;
    uint64_t memory_mib;
} run_t;

/* -- What was sent --------------------------------------------------------- */

static bool is_steady(size_t type) {
    return type == ZC_MESSAGE_HEARTBEAT || type == ZC_MESSAGE_PING || type == ZC_MESSAGE_PONG;
}

static void begin_count(run_t *run) {
    run->before = zc_cluster_traffic(run->cluster);
}

/* What was sent since then; `steady`: with what an idle mesh sends as well. */
static cost_t count(const run_t *run, bool steady) {
    zc_cluster_traffic_t now = zc_cluster_traffic(run->cluster);
    cost_t cost = {0};
    for (size_t type = 0; type < ZC_CLUSTER_MESSAGE_TYPES; type++) {
        if (steady || !is_steady(type)) {
            cost.messages += now.messages[type] - run->before.messages[type];
            cost.bytes += now.bytes[type] - run->before.bytes[type];
        }
    }
    return cost;
}

/* -- Being equal ----------------------------------------------------------- */

/* Cheaper than zc_cluster_converged, which is asked only where this holds. */
static bool digests_equal(zc_cluster_t *cluster) {
    uint64_t first = zc_cluster_view(cluster, 0).store.digest;
    for (int i = 1; i < zc_cluster_count(cluster); i++) {
        if (zc_cluster_view(cluster, i).store.digest != first) {
            return false;
        }
    }
    return true;
}

static bool is_settled(zc_cluster_t *cluster) {
    return digests_equal(cluster) && zc_cluster_all_live(cluster, NULL) &&
           zc_cluster_converged(cluster, NULL);
}

/* Runs until all are live and equal, and returns how long that took. */
static uint64_t settle(run_t *run, const char *failed) {
    uint64_t began_ms = zc_cluster_now_ms(run->cluster);
    while (!is_settled(run->cluster)) {
        if (zc_cluster_now_ms(run->cluster) - began_ms > LIMIT_MS) {
            run->failed = failed;
            break;
        }
        zc_cluster_run_ms(run->cluster, LOOK_MS);
    }
    return zc_cluster_now_ms(run->cluster) - began_ms;
}

/* -- What is done ---------------------------------------------------------- */

static void join(run_t *run) {
    zc_settings_t settings;
    zc_settings_init(&settings);
    settings.max_size = WRITES * 2;
    settings.expire_after_ms = 0;
    begin_count(run);
    uint64_t began_ms = zc_cluster_now_ms(run->cluster);
    zc_cluster_start(run->cluster, &settings, -1);
    for (int i = 1; i < run->nodes; i++) {
        uint64_t at_ms = began_ms + (uint64_t)(START_MS * i / run->nodes);
        zc_cluster_run_ms(run->cluster, at_ms - zc_cluster_now_ms(run->cluster));
        zc_cluster_start(run->cluster, &settings, 0);
    }
    run->joined_ms = settle(run, "they do not come together");
    run->joining = count(run, true);
}

static void set(run_t *run, int node, const char *prefix, int number) {
    char key[32];
    char value[VALUE_BYTES + 1];
    snprintf(key, sizeof key, "%s%d", prefix, number);
    memset(value, 'v', VALUE_BYTES);
    value[VALUE_BYTES] = '\0';
    zcache_status status = zc_cluster_set(run->cluster, node, key, value, 0);
    ZC_ASSERT(status == ZCACHE_OK);
}

static uint64_t now_us(const run_t *run) {
    return zc_cluster_local_us(run->cluster, 0);
}

/* The number in a key that `set` made with a prefix of one letter. */
static int number_of(zc_slice_t key) {
    int number = 0;
    for (size_t i = 1; i < key.bytes; i++) {
        number = number * 10 + (((const char *)key.data)[i] - '0');
    }
    return number;
}

/* Notes when a write has come to the last node. */
static void on_step(void *context, const zc_cluster_step_t *step) {
    run_t *run = context;
    if (step->event->type != ZC_EVENT_MESSAGE ||
        step->event->message.message->type != ZC_MESSAGE_BATCH) {
        return;
    }
    const zc_batch_t *batch = &step->event->message.message->batch;
    for (size_t i = 0; i < batch->count; i++) {
        int number = number_of(batch->records[i].key);
        ZC_ASSERT(number < WRITES);
        run->received[number]++;
        if (run->received[number] == run->nodes - 1) {
            run->spread_us[number] = now_us(run) - run->written_us[number];
            run->written++;
        }
    }
}

static void write_everywhere(run_t *run) {
    begin_count(run);
    zc_cluster_observe_steps(run->cluster, on_step, run);
    for (int i = 0; i < WRITES; i++) {
        run->written_us[i] = now_us(run);
        set(run, i % run->nodes, "w", i);
        if (i % WRITES_IN_A_MS == 0) {
            zc_cluster_run_ms(run->cluster, 1);
        }
    }
    settle(run, "they are not equal after the writes");
    zc_cluster_observe_steps(run->cluster, NULL, NULL);
    run->writing = count(run, false);
    if (run->written != WRITES) {
        run->failed = "a write did not come to all, though nothing was lost";
    }
}

static void be_idle(run_t *run) {
    begin_count(run);
    zc_cluster_run_ms(run->cluster, IDLE_MS);
    run->idle = count(run, true);
    if (count(run, false).messages > 0) {
        run->failed = "an idle mesh sends more than heartbeats and pings";
    }
}

static void lose_some(run_t *run) {
    begin_count(run);
    zc_cluster_network(run->cluster)->loss = LOSS;
    for (int i = 0; i < LOSSY_WRITES; i++) {
        int node = (int)zc_random_below(zc_cluster_random(run->cluster), (uint64_t)run->nodes);
        set(run, node, "lossy", i);
        zc_cluster_run_ms(run->cluster, 1);
    }
    run->repaired_ms = settle(run, "what was lost was not repaired");
    zc_cluster_network(run->cluster)->loss = 0;
    run->repairing = count(run, false);
}

/* A tenth of the nodes on one side. */
static void cut_in_two(run_t *run) {
    bool aside[ZC_CLUSTER_NODES_MAX] = {false};
    for (int i = 0; i < run->nodes; i++) {
        aside[i] = i % 10 == 5;
    }
    zc_cluster_split(run->cluster, aside);
    zc_cluster_run_ms(run->cluster, CUT_MS);
    for (int i = 0; i < CUT_WRITES; i++) {
        set(run, i % 2 == 0 ? i % run->nodes : i % run->nodes / 10 * 10 + 5, "cut", i);
    }
    zc_cluster_run_ms(run->cluster, LOOK_MS);
    if (is_settled(run->cluster)) {
        run->failed = "the cut did not cut";
    }
    begin_count(run);
    zc_cluster_heal(run->cluster);
    run->merged_ms = settle(run, "the two sides did not come together again");
    run->merging = count(run, false);
}

/* -- A run ----------------------------------------------------------------- */

static double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void say(const run_t *run, const char *what) {
    fprintf(stderr, "%d nodes: %s, %.0f s of the processor so far\n", run->nodes, what,
            seconds_of(CLOCK_PROCESS_CPUTIME_ID) - run->processor_seconds);
}

static void run_phases(run_t *run) {
    typedef struct phase {
        void (*fn)(run_t *run);
        const char *name;
    } phase_t;
    static const phase_t phases[] = {
        {join, "joined"},         {write_everywhere, "wrote"},     {be_idle, "were idle"},
        {lose_some, "lost some"}, {cut_in_two, "were cut in two"},
    };
    for (size_t i = 0; i < sizeof phases / sizeof *phases && run->failed == NULL; i++) {
        phases[i].fn(run);
        say(run, phases[i].name);
    }
}

static void run_size(run_t *run, uint64_t seed) {
    run->processor_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    double began = seconds_of(CLOCK_MONOTONIC);
    run->cluster = zc_cluster_new(seed);
    run_phases(run);
    zc_cluster_destroy(&run->cluster);
    run->real_seconds = seconds_of(CLOCK_MONOTONIC) - began;
    run->processor_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - run->processor_seconds;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    run->memory_mib = (uint64_t)usage.ru_maxrss / 1024;
    if (run->failed == NULL && run->real_seconds > LIMIT_SECONDS) {
        run->failed = "it took longer than ten minutes";
    }
    if (run->failed == NULL && run->memory_mib > LIMIT_MIB) {
        run->failed = "it took more than 4 GB";
    }
}

/* -- The table ------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

typedef uint64_t figure_fn(const run_t *run);

static uint64_t nodes_of(const run_t *run) {
    return (uint64_t)run->nodes;
}

static uint64_t write_messages(const run_t *run) {
    return run->writing.messages / WRITES;
}

static uint64_t write_bytes(const run_t *run) {
    return run->writing.bytes / WRITES;
}

static uint64_t write_bytes_each(const run_t *run) {
    return run->writing.bytes / WRITES / (uint64_t)(run->nodes - 1);
}

static uint64_t write_median_us(const run_t *run) {
    return run->spread_us[WRITES / 2];
}

static uint64_t write_worst_us(const run_t *run) {
    return run->spread_us[WRITES - 1];
}

static uint64_t idle_messages(const run_t *run) {
    return run->idle.messages * 1000 / IDLE_MS;
}

static uint64_t idle_bytes(const run_t *run) {
    return run->idle.bytes * 1000 / IDLE_MS;
}

static uint64_t idle_messages_each(const run_t *run) {
    return idle_messages(run) / (uint64_t)run->nodes;
}

static uint64_t idle_bytes_each(const run_t *run) {
    return idle_bytes(run) / (uint64_t)run->nodes;
}

static uint64_t lossy_messages(const run_t *run) {
    return run->repairing.messages / LOSSY_WRITES;
}

static uint64_t lossy_bytes(const run_t *run) {
    return run->repairing.bytes / LOSSY_WRITES;
}

static uint64_t repaired_ms(const run_t *run) {
    return run->repaired_ms;
}

static uint64_t joined_ms(const run_t *run) {
    return run->joined_ms;
}

static uint64_t joining_messages_each(const run_t *run) {
    return run->joining.messages / (uint64_t)run->nodes;
}

static uint64_t joining_bytes_each(const run_t *run) {
    return run->joining.bytes / (uint64_t)run->nodes;
}

static uint64_t merged_ms(const run_t *run) {
    return run->merged_ms;
}

static uint64_t merging_messages_each(const run_t *run) {
    return run->merging.messages / (uint64_t)run->nodes;
}

static uint64_t merging_bytes_each(const run_t *run) {
    return run->merging.bytes / (uint64_t)run->nodes;
}

static uint64_t real_seconds(const run_t *run) {
    return (uint64_t)(run->real_seconds + 0.5);
}

static uint64_t processor_seconds(const run_t *run) {
    return (uint64_t)(run->processor_seconds + 0.5);
}

static uint64_t memory_mib(const run_t *run) {
    return run->memory_mib;
}

typedef struct row {
    const char *name;
    figure_fn *figure;
} row_t;

static const row_t rows[] = {
    {"nodes", nodes_of},
    {"a write: messages in the mesh", write_messages},
    {"a write: bytes in the mesh", write_bytes},
    {"a write: bytes to each other node", write_bytes_each},
    {"a write: us until all have it, median", write_median_us},
    {"a write: us until all have it, worst", write_worst_us},
    {"an idle second: messages a node sends", idle_messages_each},
    {"an idle second: bytes a node sends", idle_bytes_each},
    {"an idle second: messages in the mesh", idle_messages},
    {"an idle second: bytes in the mesh", idle_bytes},
    {"a write at 1 % loss: messages in the mesh", lossy_messages},
    {"a write at 1 % loss: bytes in the mesh", lossy_bytes},
    {"... ms from the last write until all are equal", repaired_ms},
    {"all join one address: ms after the last start", joined_ms},
    {"all join one address: messages a node sends", joining_messages_each},
    {"all join one address: bytes a node sends", joining_bytes_each},
    {"a tenth cut off for 6 s: ms until all are equal", merged_ms},
    {"a tenth cut off for 6 s: messages a node sends", merging_messages_each},
    {"a tenth cut off for 6 s: bytes a node sends", merging_bytes_each},
    {"the simulation: seconds", real_seconds},
    {"the simulation: seconds of the processor", processor_seconds},
    {"the simulation: MiB, with those before it", memory_mib},
};

static void print_table(run_t *runs, int count_of_runs) {
    for (int i = 0; i < count_of_runs; i++) {
        qsort(runs[i].spread_us, WRITES, sizeof *runs[i].spread_us, compare_numbers);
    }
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        printf("%-48s", rows[row].name);
        for (int i = 0; i < count_of_runs; i++) {
            printf(" %13" PRIu64, rows[row].figure(&runs[i]));
        }
        printf("\n");
    }
}

/* -- The command line ------------------------------------------------------ */

typedef struct arguments {
    uint64_t seed;
    int sizes[SIZES_MAX];
    int count;
} arguments_t;

static error_t parse(int key, char *argument, struct argp_state *state) {
    arguments_t *arguments = state->input;
    switch (key) {
    case 'N':
        if (arguments->count == SIZES_MAX) {
            zc_words_refuse(state, "--nodes %s: at most %d sizes can be run", argument, SIZES_MAX);
        }
        arguments->sizes[arguments->count++] =
            (int)zc_words_number(state, "--nodes", argument, NODES_LEAST, ZC_CLUSTER_NODES_MAX);
        return 0;
    case 's':
        arguments->seed = zc_words_number(state, "--seed", argument, 0, UINT64_MAX);
        return 0;
    default:
        return zc_words_other(key, argument, state);
    }
}

static const struct argp_option options[] = {
    {"nodes", 'N', "N", 0, "a size to run; may be given several times (10, 100 and 1000)", 0},
    {"seed", 's', "SEED", 0, "of the simulation (1)", 0},
    ZC_WORDS_HELP,
    {0},
};

int main(int argc, char **argv) {
    arguments_t arguments = {.seed = 1};
    const struct argp argp = {options, parse, NULL, "What a mesh costs by its size.",
                              NULL,    NULL,  NULL};
    static char program[] = "./dev scale";
    argv[0] = program;
    zc_words_parse(&argp, argc, argv, &arguments);
    if (arguments.count == 0) {
        arguments = (arguments_t){.seed = arguments.seed, .sizes = {10, 100, 1000}, .count = 3};
    }
    static run_t runs[SIZES_MAX];
    int failed = 0;
    for (int i = 0; i < arguments.count; i++) {
        runs[i].nodes = arguments.sizes[i];
        run_size(&runs[i], arguments.seed);
    }
    print_table(runs, arguments.count);
    for (int i = 0; i < arguments.count; i++) {
        if (runs[i].failed != NULL) {
            printf("%d nodes FAILED: %s\n", runs[i].nodes, runs[i].failed);
            failed++;
        }
    }
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
