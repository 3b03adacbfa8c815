/* SPDX-License-Identifier: MPL-2.0 */
/* The store against the naive model: long random histories in tiny caches. And: equal content in
 * any order of arrival gives equal digests. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/random.h"
#include "tests/support/store_fixture.h"
#include "tests/support/store_model.h"
#include "tests/support/store_trial.h"

enum { WRITES = 256, OPERATIONS = 20000 };

static uint64_t choose(void *context, uint64_t bound) {
    return zc_random_below(context, bound);
}

static void run_trial(uint64_t seed) {
    /* A difference is an assert, which cannot tell the seed itself. */
    fprintf(stderr, "ZCACHE_STORE_SEED=%llu\n", (unsigned long long)seed);
    zc_random_t random = {seed};
    zc_store_trial_start(choose, &random);
    for (unsigned i = 0; i < OPERATIONS; i++) {
        zc_store_trial_operate();
    }
    zc_store_trial_stop();
}

/* ZCACHE_STORE_SEED=N replays one seed. */
Test(store_model, store_does_what_the_model_does, .timeout = 120) {
    const char *chosen = getenv("ZCACHE_STORE_SEED");
    if (chosen != NULL) {
        run_trial(strtoull(chosen, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= 12; seed++) {
        run_trial(seed);
    }
}

static uint64_t digest_in_order(uint64_t seed, const zc_store_item_t *items, size_t count) {
    zc_fixture_t fixture;
    fixture_init(&fixture);
    fixture.options.seed = seed;
    fixture.options.max_size = 1000;
    fixture.options.ghosts_max = 1000;
    fixture.options.listener = NULL;
    cr_assert_eq(zc_store_new(&fixture.options, &fixture.store), ZCACHE_OK);
    zc_random_t random = {seed};
    for (unsigned i = 0; i < MODEL_ORIGINS; i++) { /* other indexes for the same origins */
        zc_origin_t origin = fixture_origin((unsigned)(i + seed) % MODEL_ORIGINS);
        zc_origin_index_t index;
        zc_store_origin(fixture.store, &origin, &index);
    }
    bool taken[WRITES] = {false};
    for (size_t left = count; left > 0;) {
        size_t i = zc_random_below(&random, count);
        zc_store_item_t item = items[i];
        zc_origin_t origin = fixture_origin(item.origin);
        item.origin = zc_store_origin_find(fixture.store, &origin);
        item.used_ms = zc_random_below(&random, 1000);
        zc_outcome_t outcome;
        zc_store_apply(fixture.store, &item, 1000, &outcome, NULL);
        left -= !taken[i];
        taken[i] = true;
    }
    uint64_t digest = fixture_stats(&fixture).digest;
    fixture_stop(&fixture);
    return digest;
}

Test(store_model, order_of_arrival_makes_no_difference) {
    zc_random_t random = {5};
    zc_store_item_t writes[WRITES];
    zc_store_trial_start(choose, &random);
    for (size_t i = 0; i < WRITES; i++) {
        writes[i] = zc_store_trial_write();
    }
    uint64_t digest = digest_in_order(1, writes, WRITES);
    cr_assert_neq(digest, 0);
    for (uint64_t seed = 2; seed < 10; seed++) {
        cr_assert_eq(digest_in_order(seed, writes, WRITES), digest);
    }
    zc_store_trial_stop();
}
