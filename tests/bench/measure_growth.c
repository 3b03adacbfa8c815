/* SPDX-License-Identifier: MPL-2.0 */
/* The longest single set while a store grows from nothing, and how much more memory it took on the
 * way than in the end.
 *
 *     measure_growth ENTRIES
 *
 * Each set is timed by the processor time of its thread, so that what the machine does beside it
 * does not count. Values are small: what could stall is the index. */
#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"

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
    printf("{\"longest_us\": %.1f, \"p50_us\": %.2f, \"p99999_us\": %.1f, \"peak\": %llu, "
           "\"final\": %llu}\n",
           (double)longest_ns / 1e3, (double)zc_histogram_quantile(&histogram, 0.5) / 1e3,
           (double)zc_histogram_quantile(&histogram, 0.99999) / 1e3,
           (unsigned long long)zc_bench_resident_peak(), (unsigned long long)zc_bench_resident());
    zcache_close(&cache);
    zcache_node_stop(&node);
    return 0;
}
