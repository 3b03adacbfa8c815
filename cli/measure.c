/* SPDX-License-Identifier: MPL-2.0 */
/* Measuring. Every sample is kept and sorted in the end, up to a number that takes little memory;
 * operations beyond it still count for the rate. */
#define _GNU_SOURCE
#include "cli/measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zcache/batch.h>

#include "cli/clock.h"

enum {
    SAMPLES_MAX = 1 << 21,
    KEY_BYTES = 48,
    BATCH_OPERATIONS = 16,
    BATCHES_UNDER_WAY = 50,
};

typedef struct samples {
    uint64_t *ns;
    size_t count;
    uint64_t operations;
    uint64_t began_ns;
    uint64_t until_ns;
} samples_t;

static bool begin(samples_t *samples, const zc_measure_options_t *options) {
    *samples = (samples_t){.ns = malloc(SAMPLES_MAX * sizeof(*samples->ns))};
    samples->began_ns = zc_clock_ns();
    samples->until_ns = samples->began_ns + options->duration_ms * 1000000;
    return samples->ns != NULL;
}

static void add_sample(samples_t *samples, uint64_t took_ns, uint64_t operations) {
    samples->operations += operations;
    if (samples->count < SAMPLES_MAX) {
        samples->ns[samples->count++] = took_ns;
    }
}

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static double percentile_us(const samples_t *samples, double share) {
    if (samples->count == 0) {
        return 0;
    }
    size_t index = (size_t)(share * (double)(samples->count - 1) + 0.5);
    return (double)samples->ns[index] / 1000;
}

static void end(samples_t *samples, zc_measured_t *measured) {
    double seconds = (double)(zc_clock_ns() - samples->began_ns) / 1e9;
    if (samples->count > 0) {
        qsort(samples->ns, samples->count, sizeof(*samples->ns), compare);
    }
    *measured = (zc_measured_t){.per_second = (double)samples->operations / seconds,
                                .p50_us = percentile_us(samples, 0.5),
                                .p99_us = percentile_us(samples, 0.99),
                                .p999_us = percentile_us(samples, 0.999)};
    free(samples->ns);
}

static size_t make_key(uint64_t number, char key[KEY_BYTES]) {
    return (size_t)snprintf(key, KEY_BYTES, "zcache-bench:%" PRIu64, number);
}

/* The bytes of a value; NULL: no memory. */
static char *make_value(const zc_measure_options_t *options) {
    char *value = malloc(options->value_bytes + 1);
    if (value != NULL) {
        memset(value, 'v', options->value_bytes + 1);
    }
    return value;
}

zcache_status zc_measure_prepare(zcache_t *cache, const zc_measure_options_t *options) {
    char *value = make_value(options);
    zcache_status status = value == NULL ? ZCACHE_NO_MEMORY : ZCACHE_OK;
    for (uint64_t i = 0; i < options->keys && status == ZCACHE_OK; i++) {
        char key[KEY_BYTES];
        size_t key_bytes = make_key(i, key);
        status = zcache_set(cache, key, key_bytes, value, options->value_bytes, 0);
    }
    free(value);
    return status;
}

zcache_status zc_measure_clean_up(zcache_t *cache, const zc_measure_options_t *options) {
    zcache_status status = ZCACHE_OK;
    for (uint64_t i = 0; i < options->keys && (status == ZCACHE_OK || status == ZCACHE_MISS); i++) {
        char key[KEY_BYTES];
        size_t key_bytes = make_key(i, key);
        status = zcache_delete(cache, key, key_bytes);
    }
    return status;
}

zcache_status zc_measure_single(zcache_t *cache, const zc_measure_options_t *options, bool set,
                                zc_measured_t *measured) {
    char *value = make_value(options);
    zcache_value_t found = ZCACHE_VALUE_INIT;
    samples_t samples;
    zcache_status status = ZCACHE_OK;
    if (!begin(&samples, options) || value == NULL) {
        status = ZCACHE_NO_MEMORY;
    }
    uint64_t now_ns = samples.began_ns;
    for (uint64_t i = 0; status == ZCACHE_OK && now_ns < samples.until_ns; i++) {
        char key[KEY_BYTES];
        size_t key_bytes = make_key(i % options->keys, key);
        uint64_t began_ns = zc_clock_ns();
        status = set ? zcache_set(cache, key, key_bytes, value, options->value_bytes, 0)
                     : zcache_get(cache, key, key_bytes, &found);
        now_ns = zc_clock_ns();
        add_sample(&samples, now_ns - began_ns, 1);
        /* A miss is an answer too: the node may be too small for all keys. */
        status = status == ZCACHE_MISS ? ZCACHE_OK : status;
    }
    end(&samples, measured);
    zcache_value_fini(&found);
    free(value);
    return status;
}

typedef struct flight {
    zcache_batch_t *batch;
    uint64_t sent_ns; /* 0: not under way */
} flight_t;

static zcache_status fill(flight_t *flight, const zc_measure_options_t *options, bool set,
                          const char *value, uint64_t *next) {
    zcache_batch_reset(flight->batch);
    zcache_status status = ZCACHE_OK;
    for (int i = 0; i < BATCH_OPERATIONS && status == ZCACHE_OK; i++) {
        char key[KEY_BYTES];
        size_t key_bytes = make_key((*next)++ % options->keys, key);
        status = set ? zcache_batch_set(flight->batch, key, key_bytes, value, options->value_bytes,
                                        ZCACHE_RAW, 0)
                     : zcache_batch_get(flight->batch, key, key_bytes);
    }
    /* Large values fill a batch before it has all its operations. */
    return status == ZCACHE_BUSY && zcache_batch_count(flight->batch) > 0 ? ZCACHE_OK : status;
}

static zcache_status collect(flight_t *flight, samples_t *samples) {
    if (flight->sent_ns == 0) {
        return ZCACHE_OK;
    }
    zcache_status status = zcache_batch_wait(flight->batch);
    if (status == ZCACHE_OK) {
        add_sample(samples, zc_clock_ns() - flight->sent_ns, zcache_batch_count(flight->batch));
    }
    flight->sent_ns = 0;
    return status;
}

static zcache_status keep_flying(flight_t *flights, const zc_measure_options_t *options, bool set,
                                 const char *value, samples_t *samples) {
    uint64_t next = 0;
    zcache_status status = ZCACHE_OK;
    size_t turn = 0;
    while (status == ZCACHE_OK && zc_clock_ns() < samples->until_ns) {
        flight_t *flight = &flights[turn++ % BATCHES_UNDER_WAY];
        status = collect(flight, samples);
        if (status == ZCACHE_OK) {
            status = fill(flight, options, set, value, &next);
        }
        if (status == ZCACHE_OK) {
            flight->sent_ns = zc_clock_ns();
            status = zcache_batch_send(flight->batch);
        }
        if (status == ZCACHE_OK && options->direct) {
            status = collect(flight, samples);
        }
    }
    for (size_t i = 0; i < BATCHES_UNDER_WAY && status == ZCACHE_OK; i++) {
        status = collect(&flights[turn++ % BATCHES_UNDER_WAY], samples);
    }
    return status;
}

zcache_status zc_measure_pipelined(zcache_t *cache, const zc_measure_options_t *options, bool set,
                                   zc_measured_t *measured) {
    flight_t flights[BATCHES_UNDER_WAY] = {{.batch = NULL}};
    char *value = make_value(options);
    zcache_status status = value == NULL ? ZCACHE_NO_MEMORY : ZCACHE_OK;
    for (size_t i = 0; i < BATCHES_UNDER_WAY && status == ZCACHE_OK; i++) {
        status = zcache_batch_new(cache, &flights[i].batch);
    }
    samples_t samples;
    if (!begin(&samples, options)) {
        status = ZCACHE_NO_MEMORY;
    }
    if (status == ZCACHE_OK) {
        status = keep_flying(flights, options, set, value, &samples);
    }
    end(&samples, measured);
    for (size_t i = 0; i < BATCHES_UNDER_WAY; i++) {
        zcache_batch_destroy(&flights[i].batch);
    }
    free(value);
    return status;
}
