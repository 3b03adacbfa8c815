/* SPDX-License-Identifier: MPL-2.0 */
/* What an entry takes beyond its key and value: resident bytes of a process before and after it has
 * filled its node, all entries with a ttl.
 *
 *     measure_memory ENTRIES
 *
 * Everything is in: index, recency, chain, stamp, deadline, and what the allocator wastes. */
#include "tests/bench/bench.h"

enum { TTL_MS = 3600000 };

int main(int argc, char **argv) {
    zc_bench_require(argc == 2, "usage: measure_memory ENTRIES");
    uint64_t entries = zc_bench_number(argv[1]);
    zcache_node_t *node = zc_bench_node(entries, 0, NULL);
    zcache_t *cache = zc_bench_open_local(node);
    zc_bench_set(cache, 0);
    uint64_t before = zc_bench_resident();
    for (uint64_t number = 0; number < entries; number++) {
        zc_bench_key_t key = zc_bench_key(number);
        zc_bench_value_t value = zc_bench_value(number);
        zc_bench_check(zcache_set(cache, &key, sizeof(key), &value, sizeof(value), TTL_MS), "set");
    }
    double each = (double)(zc_bench_resident() - before) / (double)entries;
    zc_bench_require(zc_bench_stat(cache, "entries") == entries, "entries are missing");
    printf("{\"bytes\": %.1f}\n", each - ZC_BENCH_KEY_BYTES - ZC_BENCH_VALUE_BYTES);
    zcache_close(&cache);
    zcache_node_stop(&node);
    return 0;
}
