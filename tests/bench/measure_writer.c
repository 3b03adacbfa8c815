/* SPDX-License-Identifier: MPL-2.0 */
/* A node that writes steadily, in bursts of what is due each millisecond.
 *
 *     measure_writer ENTRIES [ENDPOINT_TO_JOIN]
 *
 * Prints `ready` and its endpoint when it has set all keys once. For each line `PER_SECOND` it
 * writes any of them anew from then on, so many a second, and prints how many it has written so
 * far. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>

#include "tests/bench/bench.h"

enum { INPUT = 0, PACE = 1 };

int main(int argc, char **argv) {
    zc_bench_require(argc == 2 || argc == 3, "usage: measure_writer ENTRIES [ENDPOINT]");
    uint64_t entries = zc_bench_number(argv[1]);
    zcache_node_t *node = zc_bench_node(entries, 0, argc == 3 ? argv[2] : NULL);
    zcache_t *cache = zc_bench_open_local(node);
    zc_bench_fill(cache, entries);
    printf("ready %s\n", zcache_node_endpoint(node));
    fflush(stdout);
    uint64_t random = 1;
    uint64_t written = 0;
    uint64_t in_a_ms = 0;
    struct pollfd waits[] = {[INPUT] = {.fd = 0, .events = POLLIN},
                             [PACE] = {.fd = zc_bench_pace_open(), .events = POLLIN}};
    while (poll(waits, 2, -1) > 0) {
        char line[64];
        if (waits[INPUT].revents != 0) {
            if (!zc_bench_next(line, sizeof(line))) {
                break;
            }
            in_a_ms = strtoull(line, NULL, 10) / 1000;
            printf("{\"written\": %llu}\n", (unsigned long long)written);
            fflush(stdout);
        }
        if (waits[PACE].revents != 0) {
            uint64_t due = zc_bench_pace_wait(waits[PACE].fd) * in_a_ms;
            for (uint64_t i = 0; i < due; i++, written++) {
                zc_bench_set(cache, zc_bench_draw(&random) % entries);
            }
        }
    }
    zcache_close(&cache);
    zcache_node_stop(&node);
    return 0;
}
