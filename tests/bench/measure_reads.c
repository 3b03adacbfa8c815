/* SPDX-License-Identifier: MPL-2.0 */
/* Reads in a process, all of them hits: of a node through the public interface, or of the bare
 * table.
 *
 *     measure_reads zcache|table ENTRIES ORDER
 *
 * For each line `THREADS MILLISECONDS` it reads so long with so many threads, each with a handle of
 * its own and from another place in the order on. The node has the idle time of 60 s that nodes
 * have by default; whoever calls has to be done by then. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include "tests/bench/bare_table.h"
#include "tests/bench/bench.h"

enum { THREADS_MAX = 2, BETWEEN_LOOKS = 1000, EXPIRE_AFTER_MS = 60000 };

typedef struct reader {
    pthread_t thread;
    zcache_t *cache; /* NULL: reads the table */
    zc_bare_table_t *table;
    zc_bench_order_t order;
    size_t position;
    uint64_t duration_ns;
    double per_second;
    pthread_barrier_t *start;
} reader_t;

typedef bool get_fn(reader_t *reader, const zc_bench_key_t *key, zcache_value_t *value);

static inline bool get_from_node(reader_t *reader, const zc_bench_key_t *key,
                                 zcache_value_t *value) {
    return zcache_get(reader->cache, key, sizeof(*key), value) == ZCACHE_OK;
}

static inline bool get_from_table(reader_t *reader, const zc_bench_key_t *key,
                                  zcache_value_t *value) {
    return zc_bare_get(reader->table, key, sizeof(*key), value->data);
}

/* Inlined with each of the two, so that both have the same loop and no call that the other has
 * not. */
__attribute__((always_inline)) static inline void read_with(reader_t *reader, get_fn *get) {
    zcache_value_t value = {.data = malloc(ZC_BENCH_VALUE_BYTES), .capacity = ZC_BENCH_VALUE_BYTES};
    zc_bench_require(value.data != NULL, "out of memory");
    uint64_t began_ns = zc_bench_now_ns();
    uint64_t now_ns = began_ns;
    uint64_t reads = 0;
    while (now_ns - began_ns < reader->duration_ns) {
        for (int i = 0; i < BETWEEN_LOOKS; i++) {
            zc_bench_key_t key = zc_bench_key(reader->order.numbers[reader->position]);
            reader->position++;
            if (reader->position == reader->order.count) {
                reader->position = 0;
            }
            zc_bench_require(get(reader, &key, &value), "a read was no hit");
        }
        reads += BETWEEN_LOOKS;
        now_ns = zc_bench_now_ns();
    }
    reader->per_second = (double)reads * 1e9 / (double)(now_ns - began_ns);
    zcache_value_fini(&value);
}

static void *run_reader(void *context) {
    reader_t *reader = context;
    pthread_barrier_wait(reader->start);
    if (reader->cache != NULL) {
        read_with(reader, get_from_node);
    } else {
        read_with(reader, get_from_table);
    }
    return NULL;
}

/* Reads per second of all threads together. */
static double measure(reader_t *readers, unsigned threads, uint64_t duration_ms) {
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        readers[i].start = &start;
        readers[i].duration_ns = duration_ms * 1000000;
        int failed = pthread_create(&readers[i].thread, NULL, run_reader, &readers[i]);
        zc_bench_require(failed == 0, "cannot start a thread");
    }
    double per_second = 0;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(readers[i].thread, NULL);
        per_second += readers[i].per_second;
    }
    pthread_barrier_destroy(&start);
    return per_second;
}

static void serve(reader_t *readers, bool threads_allowed) {
    puts("ready");
    char line[64];
    while (zc_bench_next(line, sizeof(line))) {
        char *rest = NULL;
        unsigned threads = (unsigned)strtoul(line, &rest, 10);
        uint64_t duration_ms = strtoull(rest, NULL, 10);
        zc_bench_require(threads >= 1 && threads <= (threads_allowed ? THREADS_MAX : 1),
                         "so many threads are not measured");
        printf("{\"per_second\": %.0f}\n", measure(readers, threads, duration_ms));
    }
}

int main(int argc, char **argv) {
    zc_bench_require(argc == 4, "usage: measure_reads zcache|table ENTRIES ORDER");
    bool of_node = strcmp(argv[1], "zcache") == 0;
    uint64_t entries = zc_bench_number(argv[2]);
    zc_bench_order_t order = zc_bench_order(argv[3]);
    zc_bare_table_t table;
    zcache_node_t *node = NULL;
    reader_t readers[THREADS_MAX] = {{.position = 0}, {.position = order.count / 2}};
    for (int i = 0; i < THREADS_MAX; i++) {
        readers[i].order = order;
        readers[i].table = &table;
    }
    if (of_node) {
        node = zc_bench_node(entries, EXPIRE_AFTER_MS, NULL);
        for (int i = 0; i < THREADS_MAX; i++) {
            readers[i].cache = zc_bench_open_local(node);
        }
        zc_bench_fill(readers[0].cache, entries);
    } else {
        zc_bare_fill(&table, entries);
    }
    serve(readers, of_node);
    for (int i = 0; i < THREADS_MAX; i++) {
        zcache_close(&readers[i].cache);
    }
    zcache_node_stop(&node);
    return 0;
}
