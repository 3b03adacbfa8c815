/* SPDX-License-Identifier: MPL-2.0 */
/* What the programs of ./dev bench share. */
#define _GNU_SOURCE
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

enum { DEADLINE_S = 120, CALIBRATION_NS = 20000000, FILL_BATCH = 1000 };

void zc_bench_require(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "bench: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

void zc_bench_check(zcache_status status, const char *what) {
    if (status != ZCACHE_OK) {
        fprintf(stderr, "bench: %s: %s\n", what, zcache_status_text(status));
        exit(EXIT_FAILURE);
    }
}

uint64_t zc_bench_number(const char *argument) {
    char *end = NULL;
    uint64_t number = strtoull(argument, &end, 10);
    zc_bench_require(end != argument && *end == '\0', "an argument is not a whole number");
    return number;
}

/* -- Keys and values -------------------------------------------------------- */

zc_bench_value_t zc_bench_value(uint64_t number) {
    zc_bench_value_t value = {.number = number};
    memset(value.rest, 'v', sizeof(value.rest));
    return value;
}

zc_bench_order_t zc_bench_order(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    zc_bench_require(file >= 0, "cannot open the order of reads");
    struct stat about;
    zc_bench_require(fstat(file, &about) == 0 && about.st_size > 0, "cannot read the order");
    size_t bytes = (size_t)about.st_size;
    void *numbers = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    zc_bench_require(numbers != MAP_FAILED, "cannot map the order of reads");
    close(file);
    return (zc_bench_order_t){.numbers = numbers, .count = bytes / sizeof(uint32_t)};
}

/* -- Clocks and memory ------------------------------------------------------ */

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t zc_bench_now_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t zc_bench_thread_ns(void) {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t zc_bench_process_ns(void) {
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t zc_bench_ticks(void) {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return zc_bench_now_ns();
#endif
}

double zc_bench_tick_ns(void) {
    uint64_t began_ns = zc_bench_now_ns();
    uint64_t began = zc_bench_ticks();
    uint64_t now_ns = began_ns;
    while (now_ns - began_ns < CALIBRATION_NS) {
        now_ns = zc_bench_now_ns();
    }
    return (double)(now_ns - began_ns) / (double)(zc_bench_ticks() - began);
}

int zc_bench_pace_open(void) {
    const struct itimerspec every = {.it_value = {.tv_nsec = 1000000},
                                     .it_interval = {.tv_nsec = 1000000}};
    int pace = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    zc_bench_require(pace >= 0 && timerfd_settime(pace, 0, &every, NULL) == 0, "no timer");
    return pace;
}

uint64_t zc_bench_pace_wait(int pace) {
    uint64_t passed = 0;
    zc_bench_require(read(pace, &passed, sizeof(passed)) == sizeof(passed), "no timer");
    return passed;
}

void zc_bench_pause(void) {
    poll(NULL, 0, 1);
}

/* The number of KiB in a line of /proc/self/status. */
static uint64_t status_bytes(const char *name) {
    FILE *file = fopen("/proc/self/status", "re");
    zc_bench_require(file != NULL, "cannot read /proc/self/status");
    char line[256];
    uint64_t bytes = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            bytes = strtoull(line + strlen(name), NULL, 10) * 1024;
        }
    }
    fclose(file);
    zc_bench_require(bytes > 0, "the kernel does not tell what is resident");
    return bytes;
}

uint64_t zc_bench_resident(void) {
    return status_bytes("VmRSS:");
}

uint64_t zc_bench_resident_peak(void) {
    return status_bytes("VmHWM:");
}

/* -- Nodes ------------------------------------------------------------------ */

static uint64_t deadline_ns(void) {
    return zc_bench_now_ns() + (uint64_t)DEADLINE_S * 1000000000u;
}

static void await_ready(zcache_node_t *node) {
    zcache_t *cache = zc_bench_open_local(node);
    bool ready = false;
    for (uint64_t until_ns = deadline_ns(); !ready; zc_bench_pause()) {
        zc_bench_check(zcache_ping(cache, &ready), "ping");
        zc_bench_require(zc_bench_now_ns() < until_ns, "a node does not become ready");
    }
    zcache_close(&cache);
}

zcache_node_t *zc_bench_node(uint64_t entries, uint64_t expire_after_ms, const char *join) {
    zcache_node_options_t options;
    zcache_node_options_init(&options);
    options.port = 0;
    options.max_size = entries;
    options.expire_after_ms = expire_after_ms;
    const char *address = join == NULL ? "" : join;
    if (strncmp(address, "tcp://", 6) == 0) {
        address += 6;
    }
    if (join != NULL) {
        options.join = &address;
        options.join_count = 1;
    }
    zcache_node_t *node = NULL;
    zcache_status status = zcache_node_start(&options, &node);
    zc_bench_check(status, status == ZCACHE_OK ? "" : zcache_node_start_error());
    await_ready(node);
    return node;
}

zcache_t *zc_bench_open(const char *endpoint) {
    zcache_t *cache = NULL;
    zc_bench_check(zcache_open(endpoint, &cache), endpoint);
    zcache_set_timeout(cache, DEADLINE_S * 1000);
    return cache;
}

zcache_t *zc_bench_open_local(const zcache_node_t *node) {
    return zc_bench_open(zcache_node_inproc_endpoint(node));
}

void zc_bench_set(zcache_t *cache, uint64_t number) {
    zc_bench_key_t key = zc_bench_key(number);
    zc_bench_value_t value = zc_bench_value(number);
    zc_bench_check(zcache_set(cache, &key, sizeof(key), &value, sizeof(value), 0), "set");
}

void zc_bench_fill(zcache_t *cache, uint64_t entries) {
    for (uint64_t number = 0; number < entries; number++) {
        zc_bench_set(cache, number);
    }
}

void zc_bench_fill_over_tcp(zcache_t *cache, uint64_t entries) {
    zcache_batch_t *batch = NULL;
    zc_bench_check(zcache_batch_new(cache, &batch), "batch_new");
    for (uint64_t number = 0; number < entries;) {
        zcache_batch_reset(batch);
        for (int i = 0; i < FILL_BATCH && number < entries; i++, number++) {
            zc_bench_key_t key = zc_bench_key(number);
            zc_bench_value_t value = zc_bench_value(number);
            zc_bench_check(
                zcache_batch_set(batch, &key, sizeof(key), &value, sizeof(value), ZCACHE_RAW, 0),
                "batch_set");
        }
        zc_bench_check(zcache_batch_send(batch), "batch_send");
        zc_bench_check(zcache_batch_wait(batch), "batch_wait");
    }
    zcache_batch_destroy(&batch);
}

typedef struct wanted {
    const char *name;
    bool found;
    uint64_t number;
} wanted_t;

/* Digests are told as text. */
static bool look_for(void *context, const char *name, const char *text, uint64_t number) {
    wanted_t *wanted = context;
    if (strcmp(name, wanted->name) != 0) {
        return true;
    }
    wanted->found = true;
    wanted->number = text == NULL ? number : strtoull(text, NULL, 16);
    return false;
}

uint64_t zc_bench_stat(zcache_t *cache, const char *name) {
    wanted_t wanted = {.name = name};
    zc_bench_check(zcache_stats(cache, look_for, &wanted), "stats");
    zc_bench_require(wanted.found, "a statistic is missing");
    return wanted.number;
}

void zc_bench_await(zcache_t *cache, const char *name, uint64_t number) {
    for (uint64_t until_ns = deadline_ns(); zc_bench_stat(cache, name) != number;
         zc_bench_pause()) {
        zc_bench_require(zc_bench_now_ns() < until_ns, "a statistic does not come to be so");
    }
}

void zc_bench_await_equal(zcache_t *one, zcache_t *other) {
    for (uint64_t until_ns = deadline_ns();; zc_bench_pause()) {
        if (zc_bench_stat(one, "entries") == zc_bench_stat(other, "entries") &&
            zc_bench_stat(one, "digest") == zc_bench_stat(other, "digest")) {
            return;
        }
        zc_bench_require(zc_bench_now_ns() < until_ns, "two nodes do not come to hold the same");
    }
}

/* -- Repetitions ------------------------------------------------------------ */

bool zc_bench_next(char *line, int bytes) {
    fflush(stdout);
    return fgets(line, bytes, stdin) != NULL;
}
