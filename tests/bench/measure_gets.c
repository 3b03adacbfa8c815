/* SPDX-License-Identifier: MPL-2.0 */
/* Gets over tcp, one at a time: of a zcache node, of the bare echo, of redis or of memcached.
 *
 *     measure_gets zcache|echo ENDPOINT        measure_gets redis|memcached PORT
 *
 * For each line `MILLISECONDS` it asks so long. The key is set once before; its value has 100
 * bytes. */
#define _GNU_SOURCE
#include <stdlib.h>

#include <zmq.h>

#include "tests/bench/bench.h"
#include "tests/bench/histogram.h"
#include "tests/bench/plain_socket.h"

enum { REQUEST_BYTES = 256, ANSWER_BYTES = 256 };

#define KEY "key:000000000000" /* as redis-benchmark has them */

typedef struct side side_t;
struct side {
    void (*ask)(side_t *side);
    zcache_t *cache;
    zcache_value_t value;
    void *dealer;
    int plain;
    char request[REQUEST_BYTES];
    size_t request_bytes;
    size_t answer_bytes;
};

/* -- zcache and the echo ----------------------------------------------------- */

static void ask_node(side_t *side) {
    zc_bench_check(zcache_get(side->cache, KEY, strlen(KEY), &side->value), "get");
}

static void begin_node(side_t *side, const char *endpoint) {
    zc_bench_value_t value = zc_bench_value(0);
    side->ask = ask_node;
    side->cache = zc_bench_open(endpoint);
    zc_bench_check(zcache_set(side->cache, KEY, strlen(KEY), &value, sizeof(value), 0), "set");
}

static void ask_echo(side_t *side) {
    char answer[ANSWER_BYTES];
    zmq_send(side->dealer, side->request, side->request_bytes, 0);
    zc_bench_require(zmq_recv(side->dealer, answer, sizeof(answer), 0) > 0, "no answer");
}

/* A get is [32, 1, number, [[0, key]]]: 3 bytes, the number, which takes 3 most of the time, 5
 * bytes, and the key. */
static void begin_echo(side_t *side, const char *endpoint) {
    side->ask = ask_echo;
    side->request_bytes = 3 + 3 + 5 + strlen(KEY);
    side->dealer = zmq_socket(zmq_ctx_new(), ZMQ_DEALER);
    zc_bench_require(zmq_connect(side->dealer, endpoint) == 0, "cannot connect");
}

/* -- Peers --------------------------------------------------------------------- */

static void ask_plain(side_t *side) {
    char answer[ANSWER_BYTES];
    zc_plain_ask(side->plain, side->request, side->request_bytes, answer, side->answer_bytes);
}

static void begin_plain(side_t *side, const char *port, const char *set, const char *set_answer,
                        const char *get, size_t answer_bytes) {
    zc_bench_value_t value = zc_bench_value(0);
    value.number = 0x7676767676767676; /* as the rest: "v..." */
    char request[REQUEST_BYTES];
    int bytes = snprintf(request, sizeof(request), set, (int)sizeof(value), (char *)&value);
    char answer[ANSWER_BYTES];
    side->ask = ask_plain;
    side->plain = zc_plain_connect(zc_bench_number(port));
    zc_plain_ask(side->plain, request, (size_t)bytes, answer, strlen(set_answer));
    zc_bench_require(memcmp(answer, set_answer, strlen(set_answer)) == 0, "the peer refuses a set");
    side->request_bytes = strlen(get);
    memcpy(side->request, get, side->request_bytes);
    side->answer_bytes = answer_bytes;
}

static void begin_redis(side_t *side, const char *port) {
    begin_plain(side, port, "*3\r\n$3\r\nSET\r\n$16\r\n" KEY "\r\n$100\r\n%.*s\r\n", "+OK\r\n",
                "*2\r\n$3\r\nGET\r\n$16\r\n" KEY "\r\n", strlen("$100\r\n\r\n") + 100);
}

static void begin_memcached(side_t *side, const char *port) {
    begin_plain(side, port, "set " KEY " 0 0 100\r\n%.*s\r\n", "STORED\r\n", "get " KEY "\r\n",
                strlen("VALUE " KEY " 0 100\r\n\r\nEND\r\n") + 100);
}

/* -- Repetitions ----------------------------------------------------------------- */

static void measure(side_t *side, uint64_t duration_ns, zc_histogram_t *histogram) {
    memset(histogram, 0, sizeof(*histogram));
    uint64_t began_ns = zc_bench_now_ns();
    uint64_t now_ns = began_ns;
    while (now_ns - began_ns < duration_ns) {
        uint64_t asked_ns = now_ns;
        side->ask(side);
        now_ns = zc_bench_now_ns();
        zc_histogram_add(histogram, now_ns - asked_ns);
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*begin)(side_t *side, const char *where);
    } sides[] = {{"zcache", begin_node},
                 {"echo", begin_echo},
                 {"redis", begin_redis},
                 {"memcached", begin_memcached}};
    zc_bench_require(argc == 3, "usage: measure_gets zcache|echo|redis|memcached WHERE");
    static side_t side = {.value = ZCACHE_VALUE_INIT};
    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        if (strcmp(argv[1], sides[i].name) == 0) {
            sides[i].begin(&side, argv[2]);
        }
    }
    zc_bench_require(side.ask != NULL, "no such side");
    static zc_histogram_t histogram;
    puts("ready");
    char line[64];
    while (zc_bench_next(line, sizeof(line))) {
        measure(&side, strtoull(line, NULL, 10) * 1000000, &histogram);
        printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"mean_us\": %.2f}\n",
               (double)zc_histogram_quantile(&histogram, 0.5) / 1e3,
               (double)zc_histogram_quantile(&histogram, 0.99) / 1e3,
               zc_histogram_mean(&histogram) / 1e3);
    }
    zcache_value_fini(&side.value);
    zcache_close(&side.cache);
    return 0;
}
