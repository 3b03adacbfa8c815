/* SPDX-License-Identifier: MPL-2.0 */
/* A full copy: from the start of a node until it has all entries of the mesh that it joins.
 *
 *     measure_join ENDPOINT ENTRIES */
#include "tests/bench/bench.h"

int main(int argc, char **argv) {
    zc_bench_require(argc == 3, "usage: measure_join ENDPOINT ENTRIES");
    uint64_t entries = zc_bench_number(argv[2]);
    uint64_t began_ns = zc_bench_now_ns();
    zcache_node_t *node = zc_bench_node(entries, 0, argv[1]);
    uint64_t took_ns = zc_bench_now_ns() - began_ns;
    zcache_t *cache = zc_bench_open_local(node);
    zc_bench_require(zc_bench_stat(cache, "entries") == entries, "entries are missing");
    printf("{\"seconds\": %.4f}\n", (double)took_ns / 1e9);
    zcache_close(&cache);
    zcache_node_stop(&node);
    return 0;
}
