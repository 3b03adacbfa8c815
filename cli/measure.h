/* SPDX-License-Identifier: MPL-2.0 */
/* Measuring one kind of call at one handle: rate and latency. */
#ifndef ZC_CLI_MEASURE_H
#define ZC_CLI_MEASURE_H

#include <zcache/client.h>

typedef struct zc_measure_options {
    uint64_t duration_ms;
    uint64_t value_bytes;
    uint64_t keys;
    bool direct; /* a batch is answered when it is sent: over inproc */
} zc_measure_options_t;

typedef struct zc_measured {
    double per_second; /* operations */
    double p50_us;     /* of a call, or of a batch from its sending to its answer */
    double p99_us;
    double p999_us;
} zc_measured_t;

/* Sets all keys, so that every get hits. Returns what the library returned. */
zcache_status zc_measure_prepare(zcache_t *cache, const zc_measure_options_t *options);

/* Gets or sets one after another, for the duration. */
zcache_status zc_measure_single(zcache_t *cache, const zc_measure_options_t *options, bool set,
                                zc_measured_t *measured);

/* The same in batches of 16, 50 of them under way. */
zcache_status zc_measure_pipelined(zcache_t *cache, const zc_measure_options_t *options, bool set,
                                   zc_measured_t *measured);

/* Deletes the keys again. */
zcache_status zc_measure_clean_up(zcache_t *cache, const zc_measure_options_t *options);

#endif
