/* SPDX-License-Identifier: MPL-2.0 */
/* The longest single set while a store grows from nothing, and how much more memory it took on the
 * way than in the end.
 *
 *     measure_growth ENTRIES
 *
 * Each set is timed by the processor time of its thread, so that what the machine does beside it
 * does not count. Interrupts and what the host does to a virtual machine count all the same, and
 * memory that the host has yet to give: so the same is done without a store, that takes as much new
 * memory a little at a time. Values are small: what could stall is the index. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"

enum { STEP_BYTES = 72, STEP_WORK = 250 };

/* The longest step of a loop that has nothing in it that could stall. */
static uint64_t measure_machine_ns(uint64_t steps) {
    size_t bytes = steps * STEP_BYTES;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    zc_bench_require(memory != MAP_FAILED, "no memory");
    uint64_t drawn = 1;
    uint64_t longest_ns = 0;
    uint64_t now_ns = zc_bench_thread_ns();
    for (uint64_t step = 0; step < steps; step++) {
        for (int i = 0; i < STEP_WORK; i++) {
            zc_bench_draw(&drawn);
        }
        memory[step * STEP_BYTES] = (char)drawn;
        uint64_t before_ns = now_ns;
        now_ns = zc_bench_thread_ns();
        longest_ns = now_ns - before_ns > longest_ns ? now_ns - before_ns : longest_ns;
    }
    munmap(memory, bytes);
    return longest_ns;
}

int main(int argc, char **argv) {
    zc_bench_require(argc == 2, "usage: measure_growth ENTRIES");
    uint64_t entries = zc_bench_number(argv[1]);
    zcache_node_t *node = zc_bench_node(entries, 0, NULL);
    zcache_t *cache = zc_bench_open_local(node);
    static zc_histogram_t histogram;
    uint64_t longest_ns = 0;
    uint64_t now_ns = zc_bench_thread_ns();
    for (uint64_t number = 0; number < entries; number++) {
        zc_bench_key_t key = zc_bench_key(number);
        zc_bench_check(zcache_set(cache, &key, sizeof(key), &number, sizeof(number), 0), "set");
        uint64_t before_ns = now_ns;
        now_ns = zc_bench_thread_ns();
        zc_histogram_add(&histogram, now_ns - before_ns);
        longest_ns = now_ns - before_ns > longest_ns ? now_ns - before_ns : longest_ns;
    }
    zc_bench_require(zc_bench_stat(cache, "entries") == entries, "entries are missing");
    uint64_t peak = zc_bench_resident_peak();
    uint64_t final = zc_bench_resident();
    zcache_close(&cache);
    zcache_node_stop(&node);
    printf("{\"longest_us\": %.1f, \"machine_us\": %.1f, \"p50_us\": %.2f, \"p99999_us\": %.1f, "
           "\"peak\": %llu, \"final\": %llu}\n",
           (double)longest_ns / 1e3, (double)measure_machine_ns(entries) / 1e3,
           (double)zc_histogram_quantile(&histogram, 0.5) / 1e3,
           (double)zc_histogram_quantile(&histogram, 0.99999) / 1e3, (unsigned long long)peak,
           (unsigned long long) final);
    return 0;
}
