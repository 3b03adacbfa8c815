/* SPDX-License-Identifier: MPL-2.0 */
/* Operations over tcp, 16 in a message and 50 messages under way, by one handle in one thread.
 *
 *     measure_pipeline ENDPOINT KEYS
 *
 * For each line `get|set MILLISECONDS` it works so long, with any of the keys, as redis-benchmark
 * -P 16 -c 50 -r KEYS does. All keys are set before. */
#include <stdlib.h>

#include "tests/bench/bench.h"

enum { IN_A_BATCH = 16, UNDER_WAY = 50 };

typedef struct pipeline {
    zcache_batch_t *batches[UNDER_WAY];
    uint64_t keys;
    uint64_t random;
} pipeline_t;

static void add(zcache_batch_t *batch, bool set, uint64_t number) {
    zc_bench_key_t key = zc_bench_key(number);
    if (!set) {
        zc_bench_check(zcache_batch_get(batch, &key, sizeof(key)), "batch_get");
        return;
    }
    zc_bench_value_t value = zc_bench_value(number);
    zc_bench_check(zcache_batch_set(batch, &key, sizeof(key), &value, sizeof(value), ZCACHE_RAW, 0),
                   "batch_set");
}

static void send_next(pipeline_t *pipeline, zcache_batch_t *batch, bool set) {
    zcache_batch_reset(batch);
    for (int i = 0; i < IN_A_BATCH; i++) {
        add(batch, set, zc_bench_draw(&pipeline->random) % pipeline->keys);
    }
    zc_bench_check(zcache_batch_send(batch), "batch_send");
}

static void collect(zcache_batch_t *batch) {
    zc_bench_check(zcache_batch_wait(batch), "batch_wait");
    for (size_t i = 0; i < IN_A_BATCH; i++) {
        zc_bench_check(zcache_batch_result(batch, i, NULL, NULL, NULL), "an operation");
    }
}

static double measure(pipeline_t *pipeline, bool set, uint64_t duration_ns) {
    uint64_t began_ns = zc_bench_now_ns();
    uint64_t answered = 0;
    for (int i = 0; i < UNDER_WAY; i++) {
        send_next(pipeline, pipeline->batches[i], set);
    }
    while (zc_bench_now_ns() - began_ns < duration_ns) {
        zcache_batch_t *oldest = pipeline->batches[answered % UNDER_WAY];
        collect(oldest);
        answered++;
        send_next(pipeline, oldest, set);
    }
    for (int i = 0; i < UNDER_WAY; i++) {
        collect(pipeline->batches[answered % UNDER_WAY]);
        answered++;
    }
    return (double)(answered * IN_A_BATCH) * 1e9 / (double)(zc_bench_now_ns() - began_ns);
}

int main(int argc, char **argv) {
    zc_bench_require(argc == 3, "usage: measure_pipeline ENDPOINT KEYS");
    zcache_t *cache = zc_bench_open(argv[1]);
    pipeline_t pipeline = {.keys = zc_bench_number(argv[2])};
    for (int i = 0; i < UNDER_WAY; i++) {
        zc_bench_check(zcache_batch_new(cache, &pipeline.batches[i]), "batch_new");
    }
    zc_bench_fill_over_tcp(cache, pipeline.keys);
    puts("ready");
    char line[64];
    while (zc_bench_next(line, sizeof(line))) {
        char *space = strchr(line, ' ');
        zc_bench_require(space != NULL, "not a line of this program");
        double per_second = measure(&pipeline, line[0] == 's', strtoull(space, NULL, 10) * 1000000);
        printf("{\"per_second\": %.0f}\n", per_second);
    }
    for (int i = 0; i < UNDER_WAY; i++) {
        zcache_batch_destroy(&pipeline.batches[i]);
    }
    zcache_close(&cache);
    return 0;
}
