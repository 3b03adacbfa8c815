/* SPDX-License-Identifier: MPL-2.0 */
/* Counts of times by their length: exact below 256 units, within 0.4 % above, whatever the length.
 *
 *     time 1 b b b b b b b b x x x      the place is the number of bits x, and the bits b
 *
 * Noting one is a few instructions and one cache line, so that it may be done for every read. */
#ifndef TESTS_BENCH_HISTOGRAM_H
#define TESTS_BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { ZC_HISTOGRAM_BITS = 8, ZC_HISTOGRAM_PLACES = (64 - ZC_HISTOGRAM_BITS + 1) << 8 };

typedef struct zc_histogram {
    uint64_t counts[ZC_HISTOGRAM_PLACES];
    uint64_t count;
    uint64_t sum;
} zc_histogram_t;

static inline size_t zc_histogram_place(uint64_t time) {
    if (time >> ZC_HISTOGRAM_BITS == 0) {
        return (size_t)time;
    }
    unsigned dropped = 63 - (unsigned)__builtin_clzll(time) - ZC_HISTOGRAM_BITS;
    return ((size_t)dropped << ZC_HISTOGRAM_BITS) + (size_t)(time >> dropped);
}

static inline void zc_histogram_add(zc_histogram_t *histogram, uint64_t time) {
    histogram->counts[zc_histogram_place(time)]++;
    histogram->count++;
    histogram->sum += time;
}

/* The shortest time of a place. */
static inline uint64_t zc_histogram_time(size_t place) {
    size_t dropped = place >> ZC_HISTOGRAM_BITS;
    if (dropped <= 1) {
        return place;
    }
    dropped--;
    return (uint64_t)(place - (dropped << ZC_HISTOGRAM_BITS)) << dropped;
}

/* The time that this share of all does not exceed. */
static inline uint64_t zc_histogram_quantile(const zc_histogram_t *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->count + 0.5);
    uint64_t seen = 0;
    size_t place = 0;
    for (; place < ZC_HISTOGRAM_PLACES - 1; place++) {
        seen += histogram->counts[place];
        if (seen >= wanted && seen > 0) {
            break;
        }
    }
    return zc_histogram_time(place);
}

static inline double zc_histogram_mean(const zc_histogram_t *histogram) {
    return histogram->count == 0 ? 0 : (double)histogram->sum / (double)histogram->count;
}

#endif
