/* SPDX-License-Identifier: MPL-2.0 */
/* What touches (rule R11) bring and what they cost, on virtual time with the real codec.
 *
 *     measure_touches hits FILE EVERY_MS CAPACITY...
 *         the hits of three nodes that see a third of the requests each: one comes every so many
 *         milliseconds, to one node after the other, and is a get, and a set where that missed
 *     measure_touches bytes NODES ORDER
 *         the bytes of touches and of batches, while 50,000 operations a second, nine gets to a
 * set, on 100,000 entries of 16 and 100 bytes come to all nodes by turns
 *
 * Virtual, as three nodes that are fed as fast as they go would not have heard of each other yet.
 */
#define _GNU_SOURCE
#include "tests/bench/trace.h"
#include "tests/sim/cluster.h"

enum {
    SHARES = 3, /* nodes that see a third each */
    LIMIT_MS = 60000,
    ENTRIES = 100000,
    OPERATIONS_IN_A_MS = 50,
    OPERATIONS_TO_A_SET = 10,
    WARM_UP_MS = 24000, /* some windows within which a key is touched once */
    COUNTED_MS = 15000,
    KEY_TEXT_BYTES = ZC_BENCH_KEY_BYTES + 1,
};

static zc_cluster_t *start(int nodes, uint64_t capacity) {
    zc_cluster_t *cluster = zc_cluster_new(1);
    zc_settings_t settings;
    zc_settings_init(&settings);
    settings.max_size = capacity;
    for (int i = 0; i < nodes; i++) {
        zc_cluster_start(cluster, &settings, i == 0 ? -1 : 0);
    }
    zc_bench_require(zc_cluster_run_until(cluster, zc_cluster_all_live, NULL, LIMIT_MS),
                     "the nodes do not meet");
    return cluster;
}

/* -- Hits ---------------------------------------------------------------------- */

static void measure_hits(zc_trace_t *trace, uint64_t every_ms, uint64_t capacity) {
    zc_cluster_t *cluster = start(SHARES, capacity);
    zc_bench_check(zc_cluster_configure(cluster, 0, "expire_after_ms", 0), "configure");
    zc_cluster_run_ms(cluster, 1000);
    uint64_t requests = 0;
    uint64_t hits = 0;
    for (; zc_trace_next(trace); requests++) {
        int node = (int)(requests % SHARES);
        if (zc_cluster_get(cluster, node, trace->key) != NULL) {
            hits++;
        } else {
            zc_bench_check(zc_cluster_set(cluster, node, trace->key, trace->key, 0), "set");
        }
        zc_cluster_run_ms(cluster, every_ms);
    }
    printf("{\"capacity\": %llu, \"requests\": %llu, \"hits\": %llu}", (unsigned long long)capacity,
           (unsigned long long)requests, (unsigned long long)hits);
    zc_cluster_destroy(&cluster);
}

/* -- Bytes --------------------------------------------------------------------- */

static void set(zc_cluster_t *cluster, int node, uint32_t number) {
    char key[KEY_TEXT_BYTES];
    char value[ZC_BENCH_VALUE_BYTES + 1];
    snprintf(key, sizeof(key), "key:%012u", number);
    snprintf(value, sizeof(value), "%0*u", ZC_BENCH_VALUE_BYTES, number);
    zc_bench_check(zc_cluster_set(cluster, node, key, value, 0), "set");
}

static void get(zc_cluster_t *cluster, int node, uint32_t number) {
    char key[KEY_TEXT_BYTES];
    snprintf(key, sizeof(key), "key:%012u", number);
    zc_bench_require(zc_cluster_get(cluster, node, key) != NULL, "a get was no hit");
}

static void work_for(zc_cluster_t *cluster, const zc_bench_order_t *order, size_t *position,
                     uint64_t duration_ms) {
    for (uint64_t ms = 0; ms < duration_ms; ms++) {
        for (int i = 0; i < OPERATIONS_IN_A_MS; i++, ++*position) {
            int node = (int)(*position % (size_t)zc_cluster_count(cluster));
            uint32_t number = order->numbers[*position % order->count];
            if (i % OPERATIONS_TO_A_SET == 0) {
                set(cluster, node, number);
            } else {
                get(cluster, node, number);
            }
        }
        zc_cluster_run_ms(cluster, 1);
    }
}

static void measure_bytes(int nodes, const zc_bench_order_t *order) {
    zc_cluster_t *cluster = start(nodes, ENTRIES);
    for (uint32_t number = 0; number < ENTRIES; number++) {
        set(cluster, 0, number);
        zc_cluster_run_ms(cluster, number % OPERATIONS_IN_A_MS == 0);
    }
    zc_bench_require(zc_cluster_run_until(cluster, zc_cluster_converged, NULL, LIMIT_MS),
                     "the nodes do not come to hold the same");
    size_t position = 0;
    work_for(cluster, order, &position, WARM_UP_MS);
    zc_cluster_traffic_t before = zc_cluster_traffic(cluster);
    work_for(cluster, order, &position, COUNTED_MS);
    zc_cluster_traffic_t after = zc_cluster_traffic(cluster);
    printf("{\"touches\": %llu, \"batches\": %llu}\n",
           (unsigned long long)(after.bytes[ZC_MESSAGE_TOUCH] - before.bytes[ZC_MESSAGE_TOUCH]),
           (unsigned long long)(after.bytes[ZC_MESSAGE_BATCH] - before.bytes[ZC_MESSAGE_BATCH]));
    zc_cluster_destroy(&cluster);
}

int main(int argc, char **argv) {
    zc_bench_require(argc >= 4, "usage: measure_touches hits|bytes ...");
    if (strcmp(argv[1], "bytes") == 0) {
        zc_bench_order_t order = zc_bench_order(argv[3]);
        measure_bytes((int)zc_bench_number(argv[2]), &order);
        return 0;
    }
    zc_trace_t trace = zc_trace_open(argv[2]);
    putchar('[');
    for (int i = 4; i < argc; i++) {
        measure_hits(&trace, zc_bench_number(argv[3]), zc_bench_number(argv[i]));
        printf(i + 1 < argc ? ", " : "]\n");
    }
    zc_trace_close(&trace);
    return 0;
}
