/* SPDX-License-Identifier: MPL-2.0 */
/* Sets in a process, one thread, new keys: without a peer, or with one that has them all in the
 * end.
 *
 *     measure_sets ENTRIES [ENDPOINT_OF_THE_PEER]
 *
 * `replicated` ends when the peer holds as many entries with the same digest: nothing was lost. */
#include "tests/bench/bench.h"

enum { EXPIRE_AFTER_MS = 60000 };

int main(int argc, char **argv) {
    zc_bench_require(argc == 2 || argc == 3, "usage: measure_sets ENTRIES [ENDPOINT]");
    uint64_t entries = zc_bench_number(argv[1]);
    const char *peer_endpoint = argc == 3 ? argv[2] : NULL;
    zcache_node_t *node = zc_bench_node(entries, EXPIRE_AFTER_MS, peer_endpoint);
    zcache_t *cache = zc_bench_open_local(node);
    zcache_t *peer = NULL;
    if (peer_endpoint != NULL) {
        peer = zc_bench_open(peer_endpoint);
        zc_bench_await(peer, "peers_live", 1);
        zc_bench_await(cache, "peers_live", 1);
    }
    uint64_t began_ns = zc_bench_now_ns();
    zc_bench_fill(cache, entries);
    uint64_t set_ns = zc_bench_now_ns() - began_ns;
    printf("{\"set\": %.0f", (double)entries * 1e9 / (double)set_ns);
    if (peer != NULL) {
        zc_bench_await(peer, "entries", entries);
        zc_bench_await_equal(peer, cache);
        uint64_t there_ns = zc_bench_now_ns() - began_ns;
        printf(", \"replicated\": %.0f, \"gaps\": %llu", (double)entries * 1e9 / (double)there_ns,
               (unsigned long long)zc_bench_stat(peer, "gaps"));
    }
    puts("}");
    zcache_close(&peer);
    zcache_close(&cache);
    zcache_node_stop(&node);
    return 0;
}
