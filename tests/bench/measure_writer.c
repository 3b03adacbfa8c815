/* SPDX-License-Identifier: MPL-2.0 */
/* A node that writes steadily, in bursts of what is due each millisecond, until standard input
 * ends.
 *
 *     measure_writer ENTRIES PER_SECOND
 *
 * Prints `ready` and its endpoint when it has set all keys once; then it writes any of them anew.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { INPUT = 0, EVERY_NS = 1000000, EVERY_PER_SECOND = 1000 };

static int make_timer(void) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    const struct itimerspec every = {.it_value = {.tv_nsec = EVERY_NS},
                                     .it_interval = {.tv_nsec = EVERY_NS}};
    zc_bench_require(timer >= 0 && timerfd_settime(timer, 0, &every, NULL) == 0, "no timer");
    return timer;
}

int main(int argc, char **argv) {
    zc_bench_require(argc == 3, "usage: measure_writer ENTRIES PER_SECOND");
    uint64_t entries = zc_bench_number(argv[1]);
    uint64_t burst = zc_bench_number(argv[2]) / EVERY_PER_SECOND;
    zcache_node_t *node = zc_bench_node(entries, 0, NULL);
    zcache_t *cache = zc_bench_open_local(node);
    zc_bench_fill(cache, entries);
    printf("ready %s\n", zcache_node_endpoint(node));
    fflush(stdout);
    uint64_t random = 1;
    struct pollfd waits[] = {{.fd = make_timer(), .events = POLLIN},
                             {.fd = INPUT, .events = POLLIN}};
    while (poll(waits, 2, -1) > 0 && waits[1].revents == 0) {
        uint64_t due = 0;
        zc_bench_require(read(waits[0].fd, &due, sizeof(due)) == sizeof(due), "no timer");
        for (uint64_t i = 0; i < due * burst; i++) {
            zc_bench_set(cache, zc_bench_draw(&random) % entries);
        }
    }
    zcache_close(&cache);
    zcache_node_stop(&node);
    return 0;
}
