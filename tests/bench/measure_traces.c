/* SPDX-License-Identifier: MPL-2.0 */
/* Hits of one node on a sequence of requests: each is a get, and a set where that missed.
 *
 *     measure_traces FILE CAPACITY...
 *
 * Every capacity has a node of its own, which starts empty. */
#define _GNU_SOURCE
#include "tests/bench/trace.h"

static bool get_or_set(zcache_t *cache, const char *key, zcache_value_t *value) {
    zcache_status status = zcache_get(cache, key, strlen(key), value);
    if (status == ZCACHE_MISS) {
        zc_bench_check(zcache_set(cache, key, strlen(key), key, strlen(key), 0), "set");
        return false;
    }
    zc_bench_check(status, "get");
    return true;
}

static void measure(zc_trace_t *trace, uint64_t capacity) {
    zcache_node_t *node = zc_bench_node(capacity, 0, NULL);
    zcache_t *cache = zc_bench_open_local(node);
    zcache_value_t value = ZCACHE_VALUE_INIT;
    uint64_t requests = 0;
    uint64_t hits = 0;
    for (; zc_trace_next(trace); requests++) {
        hits += get_or_set(cache, trace->key, &value);
    }
    printf("{\"capacity\": %llu, \"requests\": %llu, \"hits\": %llu}", (unsigned long long)capacity,
           (unsigned long long)requests, (unsigned long long)hits);
    zcache_value_fini(&value);
    zcache_close(&cache);
    zcache_node_stop(&node);
}

int main(int argc, char **argv) {
    zc_bench_require(argc >= 3, "usage: measure_traces FILE CAPACITY...");
    zc_trace_t trace = zc_trace_open(argv[1]);
    putchar('[');
    for (int i = 2; i < argc; i++) {
        measure(&trace, zc_bench_number(argv[i]));
        printf(i + 1 < argc ? ", " : "]\n");
    }
    zc_trace_close(&trace);
    return 0;
}
