/* SPDX-License-Identifier: MPL-2.0 */
/* Written here, readable there: from before a write to one node until a reader at the other has its
 * value.
 *
 *     measure_visible zcache        measure_visible redis MASTER_PORT REPLICA_PORT
 *
 * For each line `COUNT` it writes so often. Two processes, here the writer and there the reader,
 * each in the process of its node, or as a client of the master and of the replica. The reader asks
 * again and again without a pause until it sees the new value, and tells when that was over a pipe,
 * on which the writer waits before it writes the next. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"
#include "tests/bench/plain_socket.h"

enum { NODES_ENTRIES = 1000, REQUEST_BYTES = 256, CURVE_STEPS = 200 };

#define KEY "key:000000000000"

/* What both sides of a pair have; one of them is set. */
typedef struct place {
    zcache_t *cache;
    zcache_node_t *node;
    int plain;
} place_t;

typedef struct pipes {
    int orders[2]; /* to the reader: how many writes it is to see, or where its node is to join */
    int seen[2];   /* from the reader: when it saw one */
} pipes_t;

static void send_word(int pipe, uint64_t word) {
    zc_bench_require(write(pipe, &word, sizeof(word)) == sizeof(word), "the other process is gone");
}

static bool take_word(int pipe, uint64_t *word) {
    return read(pipe, word, sizeof(*word)) == sizeof(*word);
}

/* -- Writing and reading ------------------------------------------------------ */

static void write_number(place_t *place, uint64_t number) {
    if (place->cache != NULL) {
        zc_bench_value_t value = zc_bench_value(number);
        zc_bench_check(zcache_set(place->cache, KEY, strlen(KEY), &value, sizeof(value), 0), "set");
        return;
    }
    char request[REQUEST_BYTES];
    char answer[5];
    int bytes = snprintf(request, sizeof(request),
                         "*3\r\n$3\r\nSET\r\n$16\r\n" KEY "\r\n$100\r\n%0100llu\r\n",
                         (unsigned long long)number);
    zc_plain_ask(place->plain, request, (size_t)bytes, answer, sizeof(answer));
    zc_bench_require(memcmp(answer, "+OK\r\n", sizeof(answer)) == 0, "redis refuses a set");
}

/* The number that is there. */
static uint64_t read_number(place_t *place, zcache_value_t *value) {
    if (place->cache != NULL) {
        zc_bench_check(zcache_get(place->cache, KEY, strlen(KEY), value), "get");
        return ((zc_bench_value_t *)value->data)->number;
    }
    static const char request[] = "*2\r\n$3\r\nGET\r\n$16\r\n" KEY "\r\n";
    char answer[sizeof("$100\r\n\r\n") + 100] = "";
    zc_plain_ask(place->plain, request, strlen(request), answer, sizeof(answer) - 1);
    zc_bench_require(memcmp(answer, "$100\r\n", 6) == 0, "redis has another value");
    return strtoull(answer + 6, NULL, 10);
}

/* -- There ---------------------------------------------------------------------- */

/* The first write may still be on its way when the first order comes. */
static void await_first(place_t *place, zcache_value_t *value) {
    while (place->cache != NULL &&
           zcache_get(place->cache, KEY, strlen(KEY), value) == ZCACHE_MISS) {
        zc_bench_pause();
    }
}

static void see_writes(place_t *place, const pipes_t *pipes) {
    zcache_value_t value = ZCACHE_VALUE_INIT;
    uint64_t seen = 1;
    uint64_t count = 0;
    while (take_word(pipes->orders[0], &count)) {
        await_first(place, &value);
        for (uint64_t last = seen + count; seen < last;) {
            uint64_t number = read_number(place, &value);
            if (number > seen) {
                seen = number;
                send_word(pipes->seen[1], zc_bench_now_ns());
            }
        }
    }
    zcache_value_fini(&value);
}

static place_t open_there(const pipes_t *pipes, char **argv) {
    if (strcmp(argv[1], "redis") == 0) {
        return (place_t){.plain = zc_plain_connect(zc_bench_number(argv[3]))};
    }
    uint64_t port = 0;
    zc_bench_require(take_word(pipes->orders[0], &port), "the writer is gone");
    char endpoint[64];
    snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%d", (int)port);
    zcache_node_t *node = zc_bench_node(NODES_ENTRIES, 0, endpoint);
    return (place_t){.node = node, .cache = zc_bench_open_local(node)};
}

static void be_reader(const pipes_t *pipes, char **argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(pipes->orders[1]);
    place_t place = open_there(pipes, argv);
    send_word(pipes->seen[1], 0);
    see_writes(&place, pipes);
    zcache_close(&place.cache);
    zcache_node_stop(&place.node);
    exit(EXIT_SUCCESS);
}

/* -- Here ------------------------------------------------------------------------- */

static place_t open_here(const pipes_t *pipes, char **argv) {
    if (strcmp(argv[1], "redis") == 0) {
        return (place_t){.plain = zc_plain_connect(zc_bench_number(argv[2]))};
    }
    zcache_node_t *node = zc_bench_node(NODES_ENTRIES, 0, NULL);
    send_word(pipes->orders[1], zc_bench_number(strrchr(zcache_node_endpoint(node), ':') + 1));
    return (place_t){.node = node, .cache = zc_bench_open_local(node)};
}

static void measure(place_t *place, const pipes_t *pipes, uint64_t *number, uint64_t count,
                    zc_histogram_t *histogram) {
    memset(histogram, 0, sizeof(*histogram));
    send_word(pipes->orders[1], count);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t written_ns = zc_bench_now_ns();
        write_number(place, ++*number);
        uint64_t seen_ns = 0;
        zc_bench_require(take_word(pipes->seen[0], &seen_ns), "the reader is gone");
        zc_histogram_add(histogram, seen_ns - written_ns);
    }
}

static double quantile_us(const zc_histogram_t *histogram, double share) {
    return (double)zc_histogram_quantile(histogram, share) / 1e3;
}

static void print(const zc_histogram_t *histogram) {
    printf("{\"p50_us\": %.1f, \"p99_us\": %.1f, \"curve_us\": [", quantile_us(histogram, 0.5),
           quantile_us(histogram, 0.99));
    for (int i = 1; i < CURVE_STEPS; i++) {
        printf("%s%.1f", i == 1 ? "" : ", ", quantile_us(histogram, i / (double)CURVE_STEPS));
    }
    puts("]}");
}

int main(int argc, char **argv) {
    zc_bench_require(argc == 2 || argc == 4, "usage: measure_visible zcache|redis [PORT PORT]");
    pipes_t pipes;
    zc_bench_require(pipe(pipes.orders) == 0 && pipe(pipes.seen) == 0, "cannot make a pipe");
    pid_t reader = fork();
    zc_bench_require(reader >= 0, "cannot fork");
    if (reader == 0) {
        be_reader(&pipes, argv);
    }
    place_t place = open_here(&pipes, argv);
    uint64_t number = 0;
    uint64_t word = 0;
    zc_bench_require(take_word(pipes.seen[0], &word), "the reader does not start");
    write_number(&place, ++number);
    static zc_histogram_t histogram;
    puts("ready");
    char line[64];
    while (zc_bench_next(line, sizeof(line))) {
        measure(&place, &pipes, &number, strtoull(line, NULL, 10), &histogram);
        print(&histogram);
    }
    close(pipes.orders[1]);
    zcache_close(&place.cache);
    zcache_node_stop(&place.node);
    return 0;
}
