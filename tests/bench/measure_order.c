/* SPDX-License-Identifier: MPL-2.0 */
/* Writes the order in which keys are read: a zipf distribution of exponent 0.99, hot keys anywhere.
 *
 *     measure_order ENTRIES COUNT FILE
 *
 * Drawn once, so that every program, also the one in Java, reads the same keys in the same order
 * and none spends time on drawing. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>

#include "tests/bench/bench.h"

static const double exponent = 0.99;

/* The share of reads that go to ranks 0 ... i, for each i. */
static double *make_shares(size_t entries) {
    double *shares = malloc(entries * sizeof(*shares));
    zc_bench_require(shares != NULL, "out of memory");
    double sum = 0;
    for (size_t i = 0; i < entries; i++) {
        sum += 1 / pow((double)(i + 1), exponent);
        shares[i] = sum;
    }
    for (size_t i = 0; i < entries; i++) {
        shares[i] /= sum;
    }
    return shares;
}

/* Which key has which rank: any, so that hot entries do not lie side by side. */
static uint32_t *make_keys(size_t entries, uint64_t *random) {
    uint32_t *keys = malloc(entries * sizeof(*keys));
    zc_bench_require(keys != NULL, "out of memory");
    for (size_t i = 0; i < entries; i++) {
        size_t other = (size_t)(zc_bench_draw(random) % (i + 1));
        keys[i] = keys[other];
        keys[other] = (uint32_t)i;
    }
    return keys;
}

/* The first rank whose share is not below `drawn`. */
static size_t find_rank(const double *shares, size_t entries, double drawn) {
    size_t low = 0;
    size_t high = entries - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (shares[middle] < drawn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int main(int argc, char **argv) {
    zc_bench_require(argc == 4, "usage: measure_order ENTRIES COUNT FILE");
    size_t entries = zc_bench_number(argv[1]);
    size_t count = zc_bench_number(argv[2]);
    uint64_t random = 1;
    double *shares = make_shares(entries);
    uint32_t *keys = make_keys(entries, &random);
    FILE *file = fopen(argv[3], "we");
    zc_bench_require(file != NULL, "cannot write the order of reads");
    for (size_t i = 0; i < count; i++) {
        double drawn = (double)(zc_bench_draw(&random) >> 11) / 9007199254740992.0; /* 2^53 */
        uint32_t key = keys[find_rank(shares, entries, drawn)];
        zc_bench_require(fwrite(&key, sizeof(key), 1, file) == 1, "cannot write the order");
    }
    zc_bench_require(fclose(file) == 0, "cannot write the order of reads");
    free(keys);
    free(shares);
    return 0;
}
