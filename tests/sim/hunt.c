/* SPDX-License-Identifier: MPL-2.0 */
/* Running many seeds side by side. A slot holds one run until it was told; results are told in the
 * order of the runs, whichever ended first.
 *
 *     WAITING ──► RUNNING ──held──► DONE
 *                    └──failed──► SHRINKING ──► DONE */
#define _GNU_SOURCE
#include "tests/sim/hunt.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/assert.h"
#include "tests/sim/attempt.h"
#include "tests/sim/shrink.h"

enum { SLOTS = 128, SHRINK_ATTEMPTS = 150, FEATURES_IN_A_LINE = 4 };

typedef enum phase { WAITING, RUNNING, SHRINKING, DONE } phase_t;

typedef struct slot {
    phase_t phase;
    pid_t process;
    zc_swarm_options_t options;
} slot_t;

typedef struct hunt {
    const zc_hunt_plan_t *plan;
    slot_t slots[SLOTS];
    zc_swarm_result_t *results;  /* one for each slot, shared with its process */
    zc_swarm_result_t *smallest; /* ... of the smallest run that fails like it */
    uint64_t count;
    uint64_t begun;
    uint64_t told;
    int running;
    uint64_t failed;
    uint64_t writes;
    uint64_t deltas;
    uint64_t replace_syncs;
    uint64_t longest_ms;
    uint64_t seen[ZC_FEATURES];
} hunt_t;

static zc_swarm_options_t options_of(const hunt_t *hunt, uint64_t run) {
    const zc_hunt_plan_t *plan = hunt->plan;
    if (run < plan->listed_count) {
        return plan->listed[run];
    }
    zc_swarm_options_t options = plan->options;
    options.seed += run - plan->listed_count;
    return options;
}

/* -- Telling --------------------------------------------------------------- */

/* The options but for the seed, as they are typed. */
static void print_options(const zc_swarm_options_t *options) {
    if (options->nodes > 0) {
        printf(" --nodes %d", options->nodes);
    }
    if (options->minutes > 0) {
        printf(" --minutes %d", options->minutes);
    }
    if (options->steps > 0) {
        printf(" --steps %llu", (unsigned long long)options->steps);
    }
    const char *between = " --without ";
    for (int i = 0; i < ZC_FEATURES; i++) {
        if (zc_features_have(options->without, (zc_feature_t)i)) {
            printf("%s%s", between, zc_feature_text((zc_feature_t)i));
            between = ",";
        }
    }
}

static void print_command(const zc_swarm_options_t *options) {
    printf("./dev sim --seed %llu", (unsigned long long)options->seed);
    print_options(options);
    printf("\n");
}

static void print_features(zc_features_t features) {
    for (int i = 0; i < ZC_FEATURES; i++) {
        if (zc_features_have(features, (zc_feature_t)i)) {
            printf(" %s", zc_feature_text((zc_feature_t)i));
        }
    }
    printf("\n");
}

static void print_failure(const zc_swarm_options_t *options, const zc_swarm_result_t *result,
                          const zc_swarm_result_t *smallest) {
    printf("seed %llu FAILED check %d, %s:\n  %s\n  replay:   ", (unsigned long long)options->seed,
           (int)result->check, zc_check_text(result->check), result->why);
    print_command(options);
    printf("  smallest: ");
    print_command(&smallest->options);
    printf("  %s, with %d nodes and", smallest->why, smallest->nodes);
    print_features(smallest->features);
    printf("  what happened last:\n%s", smallest->tail);
}

static void print_held(const zc_swarm_options_t *options, const zc_swarm_result_t *result) {
    printf("seed %llu: %d nodes, %llu steps, %llu writes, %llu deltas, %llu replace-syncs, "
           "converged in %llu ms, trace %016llx,",
           (unsigned long long)options->seed, result->nodes, (unsigned long long)result->steps,
           (unsigned long long)result->writes, (unsigned long long)result->deltas,
           (unsigned long long)result->replace_syncs, (unsigned long long)result->converged_ms,
           (unsigned long long)result->trace);
    print_features(result->features);
}

static void tell(hunt_t *hunt, size_t at) {
    const zc_swarm_result_t *result = &hunt->results[at];
    const zc_swarm_options_t *options = &hunt->slots[at].options;
    hunt->writes += result->writes;
    hunt->deltas += result->deltas;
    hunt->replace_syncs += result->replace_syncs;
    if (result->converged_ms > hunt->longest_ms) {
        hunt->longest_ms = result->converged_ms;
    }
    for (int i = 0; i < ZC_FEATURES; i++) {
        hunt->seen[i] += zc_features_have(result->features, (zc_feature_t)i);
    }
    if (result->check != ZC_CHECK_NONE) {
        hunt->failed++;
        print_failure(options, result, &hunt->smallest[at]);
    } else if (options->verbose) {
        print_held(options, result);
    }
    fflush(stdout);
}

static void print_count(const char *name, uint64_t count) {
    printf("  %-14s %llu\n", name, (unsigned long long)count);
}

/* How many of the seeds had which fault or use. */
static void print_seen(const hunt_t *hunt) {
    for (int i = 0; i < ZC_FEATURES; i++) {
        if (i % FEATURES_IN_A_LINE == 0) {
            printf("%s", i == 0 ? "  seeds with    " : "\n                ");
        }
        printf(" %-9s %-6llu", zc_feature_text((zc_feature_t)i), (unsigned long long)hunt->seen[i]);
    }
    printf("\n");
}

static void print_summary(const hunt_t *hunt) {
    const zc_hunt_plan_t *plan = hunt->plan;
    print_seen(hunt);
    print_count("writes", hunt->writes);
    print_count("deltas", hunt->deltas);
    print_count("replace-syncs", hunt->replace_syncs);
    printf("  all equal within %llu ms of virtual time after the healing\n",
           (unsigned long long)hunt->longest_ms);
    printf("%llu %s", (unsigned long long)hunt->count, hunt->count == 1 ? "seed" : "seeds");
    const char *between = " (";
    if (plan->listed_count > 0) {
        printf("%s%zu of the list", between, plan->listed_count);
        between = ", ";
    }
    if (plan->seeds > 0) {
        printf("%s--seed %llu --seeds %llu", between, (unsigned long long)plan->options.seed,
               (unsigned long long)plan->seeds);
        print_options(&plan->options);
    }
    printf("), %llu failed\n", (unsigned long long)hunt->failed);
}

/* -- Running --------------------------------------------------------------- */

static void begin(hunt_t *hunt) {
    size_t at = hunt->begun % SLOTS;
    slot_t *slot = &hunt->slots[at];
    slot->options = options_of(hunt, hunt->begun++);
    zc_swarm_options_t options = slot->options;
    options.verbose = false;
    slot->phase = RUNNING;
    slot->process = zc_attempt_begin(&options, &hunt->results[at]);
    hunt->running++;
}

static void begin_shrinking(hunt_t *hunt, size_t at) {
    slot_t *slot = &hunt->slots[at];
    slot->phase = SHRINKING;
    fflush(stdout);
    slot->process = fork();
    ZC_ASSERT(slot->process >= 0);
    if (slot->process > 0) {
        hunt->running++;
        return;
    }
    zc_swarm_options_t options = slot->options;
    zc_swarm_result_t *result = &hunt->smallest[at];
    *result = hunt->results[at];
    zc_shrink(zc_attempt_run, SHRINK_ATTEMPTS, &options, result);
    options.verbose = true;
    zc_attempt_run(&options, result);
    exit(EXIT_SUCCESS);
}

static size_t slot_of(const hunt_t *hunt, pid_t process) {
    size_t at = 0;
    while (at < SLOTS &&
           (hunt->slots[at].process != process ||
            (hunt->slots[at].phase != RUNNING && hunt->slots[at].phase != SHRINKING))) {
        at++;
    }
    ZC_ASSERT(at < SLOTS);
    return at;
}

static void wait_for_one(hunt_t *hunt) {
    int status = 0;
    pid_t process = wait(&status);
    ZC_ASSERT(process > 0);
    size_t at = slot_of(hunt, process);
    hunt->running--;
    if (hunt->slots[at].phase == SHRINKING) {
        hunt->slots[at].phase = DONE;
        return;
    }
    zc_attempt_ended(&hunt->results[at], status);
    if (hunt->results[at].check == ZC_CHECK_NONE) {
        hunt->slots[at].phase = DONE;
    } else {
        begin_shrinking(hunt, at);
    }
}

static void tell_done(hunt_t *hunt) {
    while (hunt->told < hunt->begun && hunt->slots[hunt->told % SLOTS].phase == DONE) {
        tell(hunt, hunt->told % SLOTS);
        hunt->slots[hunt->told % SLOTS].phase = WAITING;
        hunt->told++;
    }
}

uint64_t zc_hunt_run(const zc_hunt_plan_t *plan) {
    hunt_t *hunt = calloc(1, sizeof *hunt);
    ZC_ASSERT(hunt != NULL);
    hunt->plan = plan;
    hunt->count = plan->listed_count + plan->seeds;
    hunt->results = zc_attempt_results(SLOTS);
    hunt->smallest = zc_attempt_results(SLOTS);
    while (hunt->told < hunt->count) {
        while (hunt->running < plan->jobs && hunt->begun < hunt->count &&
               hunt->begun < hunt->told + SLOTS) {
            begin(hunt);
        }
        wait_for_one(hunt);
        tell_done(hunt);
    }
    print_summary(hunt);
    uint64_t failed = hunt->failed;
    zc_attempt_free(hunt->results, SLOTS);
    zc_attempt_free(hunt->smallest, SLOTS);
    free(hunt);
    return failed;
}
