/* SPDX-License-Identifier: MPL-2.0 */
/* What the programs of ./dev bench share: keys and values, clocks, the order of reads, and nodes.
 *
 * Every program measures one thing and prints one line of JSON for each repetition. One that takes
 * long to prepare prints `ready` and then repeats for each line that it is sent. Whatever fails
 * ends the program: there is no result to be believed then. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdio.h>
#include <string.h>

#include <zcache/zcache.h>

#include "lib/base/hash.h"

enum { ZC_BENCH_KEY_BYTES = 16, ZC_BENCH_VALUE_BYTES = 100 };

/* Ends the program unless `holds`. */
void zc_bench_require(bool holds, const char *what);
/* Ends the program unless the status is OK. */
void zc_bench_check(zcache_status status, const char *what);
/* An argument that is a whole number. */
uint64_t zc_bench_number(const char *argument);

/* -- Keys and values: the same in all programs, also in Reads.java -------------- */

typedef struct zc_bench_key {
    uint64_t words[2];
} zc_bench_key_t;

/* Costs a nanosecond and touches no memory, so that what is measured is the cache. */
static inline zc_bench_key_t zc_bench_key(uint64_t number) {
    return (zc_bench_key_t){{zc_mix(number, 0), number}};
}

typedef struct zc_bench_value {
    uint64_t number;
    char rest[ZC_BENCH_VALUE_BYTES - sizeof(uint64_t)];
} __attribute__((packed)) zc_bench_value_t;

zc_bench_value_t zc_bench_value(uint64_t number);

/* Numbers that look random and are the same in each run. */
static inline uint64_t zc_bench_draw(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    return zc_mix(*state, 0);
}

/* The numbers of the keys to read, as measure_order has written them to a file. */
typedef struct zc_bench_order {
    const uint32_t *numbers;
    size_t count;
} zc_bench_order_t;

zc_bench_order_t zc_bench_order(const char *path);

/* -- Clocks and memory ----------------------------------------------------------- */

/* CLOCK_MONOTONIC: the same in all processes of the machine. */
uint64_t zc_bench_now_ns(void);
/* The processor time of the calling thread, and of the process. */
uint64_t zc_bench_thread_ns(void);
uint64_t zc_bench_process_ns(void);
/* The cheapest clock that there is, and what one of its ticks takes. */
uint64_t zc_bench_ticks(void);
double zc_bench_tick_ns(void);
/* A timer that ticks each millisecond, for what happens steadily: its descriptor becomes readable,
 * and the second call returns how many milliseconds have passed since the last one, none lost. */
int zc_bench_pace_open(void);
uint64_t zc_bench_pace_wait(int pace);
/* Lets others run for a millisecond, between two looks at a condition. */
void zc_bench_pause(void);
/* Resident bytes of this process: now, and the most there ever were. */
uint64_t zc_bench_resident(void);
uint64_t zc_bench_resident_peak(void);

/* -- Nodes ------------------------------------------------------------------------ */

/* A node on free ports with room for `entries`, all else as by default but for the idle time.
 * `join`, if not NULL, is an endpoint of the mesh; then it returns when the node has all. */
zcache_node_t *zc_bench_node(uint64_t entries, uint64_t expire_after_ms, const char *join);
zcache_t *zc_bench_open(const char *endpoint);
/* A handle in the node's own process. */
zcache_t *zc_bench_open_local(const zcache_node_t *node);
void zc_bench_set(zcache_t *cache, uint64_t number);
/* Sets the keys 0 ... entries - 1. */
void zc_bench_fill(zcache_t *cache, uint64_t entries);
/* The same in large batches. */
void zc_bench_fill_over_tcp(zcache_t *cache, uint64_t entries);
uint64_t zc_bench_stat(zcache_t *cache, const char *name);
/* Waits until the statistic is `number`. */
void zc_bench_await(zcache_t *cache, const char *name, uint64_t number);
/* Waits until both hold the same. */
void zc_bench_await_equal(zcache_t *one, zcache_t *other);

/* -- Repetitions ------------------------------------------------------------------- */

/* Prints what is still to be printed and waits for a line of standard input, up to `bytes` of it.
 * False: there are no more. */
bool zc_bench_next(char *line, int bytes);

#endif
