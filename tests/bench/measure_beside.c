/* SPDX-License-Identifier: MPL-2.0 */
/* Reads in a process while its node applies the writes of a peer: of the node, and, in turns of 20
 * ms, of the bare table, which nobody writes to. The load beside both is the same.
 *
 *     measure_beside ENDPOINT_OF_THE_PEER ENTRIES ORDER
 *
 * For each line `MILLISECONDS` it reads so long. `waits` is how often the kernel put the thread to
 * sleep at its own wish during its reads of the node: a reader that takes no lock never asks for
 * it. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/bench/bare_table.h"
#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"

enum { TURN_NS = 20000000, BETWEEN_LOOKS = 256 };

typedef struct reader {
    zcache_t *cache;
    zcache_value_t value;
    zc_bare_table_t table;
    zc_bench_order_t order;
    size_t position;
    zc_histogram_t of_node;
    zc_histogram_t of_table;
    uint64_t waits;
} reader_t;

static zc_bench_key_t next_key(reader_t *reader) {
    reader->position = (reader->position + 1) % reader->order.count;
    return zc_bench_key(reader->order.numbers[reader->position]);
}

static uint64_t count_waits(void) {
    struct rusage used;
    getrusage(RUSAGE_THREAD, &used);
    return (uint64_t)used.ru_nvcsw;
}

static void read_node(reader_t *reader) {
    uint64_t before = count_waits();
    for (uint64_t until_ns = zc_bench_now_ns() + TURN_NS; zc_bench_now_ns() < until_ns;) {
        for (int i = 0; i < BETWEEN_LOOKS; i++) {
            zc_bench_key_t key = next_key(reader);
            uint64_t began = zc_bench_ticks();
            zcache_status status = zcache_get(reader->cache, &key, sizeof(key), &reader->value);
            zc_histogram_add(&reader->of_node, zc_bench_ticks() - began);
            zc_bench_check(status, "get");
        }
    }
    reader->waits += count_waits() - before;
}

static void read_table(reader_t *reader) {
    for (uint64_t until_ns = zc_bench_now_ns() + TURN_NS; zc_bench_now_ns() < until_ns;) {
        for (int i = 0; i < BETWEEN_LOOKS; i++) {
            zc_bench_key_t key = next_key(reader);
            uint64_t began = zc_bench_ticks();
            bool hit = zc_bare_get(&reader->table, &key, sizeof(key), reader->value.data);
            zc_histogram_add(&reader->of_table, zc_bench_ticks() - began);
            zc_bench_require(hit, "the table lacks a key");
        }
    }
}

static void print(const char *name, const zc_histogram_t *histogram, double tick_ns) {
    printf("\"%s\": {\"p50_ns\": %.0f, \"p99_ns\": %.0f, \"p999_ns\": %.0f}, ", name,
           (double)zc_histogram_quantile(histogram, 0.5) * tick_ns,
           (double)zc_histogram_quantile(histogram, 0.99) * tick_ns,
           (double)zc_histogram_quantile(histogram, 0.999) * tick_ns);
}

static void measure(reader_t *reader, uint64_t duration_ns, double tick_ns) {
    memset(&reader->of_node, 0, sizeof(reader->of_node));
    memset(&reader->of_table, 0, sizeof(reader->of_table));
    reader->waits = 0;
    uint64_t applied = zc_bench_stat(reader->cache, "applied");
    uint64_t began_ns = zc_bench_now_ns();
    while (zc_bench_now_ns() - began_ns < duration_ns) {
        read_node(reader);
        read_table(reader);
    }
    double seconds = (double)(zc_bench_now_ns() - began_ns) / 1e9;
    applied = zc_bench_stat(reader->cache, "applied") - applied;
    putchar('{');
    print("node", &reader->of_node, tick_ns);
    print("table", &reader->of_table, tick_ns);
    printf("\"applied\": %.0f, \"waits\": %llu}\n", (double)applied / seconds,
           (unsigned long long)reader->waits);
}

int main(int argc, char **argv) {
    zc_bench_require(argc == 4, "usage: measure_beside ENDPOINT ENTRIES ORDER");
    static reader_t reader;
    uint64_t entries = zc_bench_number(argv[2]);
    reader.order = zc_bench_order(argv[3]);
    reader.value =
        (zcache_value_t){.data = malloc(ZC_BENCH_VALUE_BYTES), .capacity = ZC_BENCH_VALUE_BYTES};
    zc_bench_require(reader.value.data != NULL, "out of memory");
    zcache_node_t *node = zc_bench_node(entries, 0, argv[1]);
    reader.cache = zc_bench_open_local(node);
    zc_bench_await(reader.cache, "entries", entries);
    zc_bare_fill(&reader.table, entries);
    double tick_ns = zc_bench_tick_ns();
    puts("ready");
    char line[64];
    while (zc_bench_next(line, sizeof(line))) {
        measure(&reader, strtoull(line, NULL, 10) * 1000000, tick_ns);
    }
    zcache_value_fini(&reader.value);
    zcache_close(&reader.cache);
    zcache_node_stop(&node);
    return 0;
}
