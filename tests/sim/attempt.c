/* SPDX-License-Identifier: MPL-2.0 */
/* A run in a process of its own. Some of the seeds run twice there, and must come to the same. */
#define _GNU_SOURCE
#include "tests/sim/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/assert.h"

enum { TWICE_EVERY = 64, LONGEST_SECONDS = 240 };

zc_swarm_result_t *zc_attempt_results(size_t count) {
    void *results = mmap(NULL, count * sizeof(zc_swarm_result_t), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ZC_ASSERT(results != MAP_FAILED);
    return results;
}

void zc_attempt_free(zc_swarm_result_t *results, size_t count) {
    munmap(results, count * sizeof *results);
}

void zc_attempt_compare(zc_swarm_result_t *result, const zc_swarm_result_t *again) {
    if (again->trace != result->trace || again->check != result->check) {
        result->check = ZC_CHECK_TRACE;
        snprintf(result->why, sizeof result->why, "two runs differ: traces %016llx and %016llx",
                 (unsigned long long)result->trace, (unsigned long long)again->trace);
    }
}

pid_t zc_attempt_begin(const zc_swarm_options_t *options, zc_swarm_result_t *result) {
    /* As long as nothing else is said, the run has ended the program. */
    *result = (zc_swarm_result_t){.options = *options, .check = ZC_CHECK_ENDED};
    fflush(NULL);
    pid_t child = fork();
    ZC_ASSERT(child >= 0);
    if (child > 0) {
        return child;
    }
    alarm(LONGEST_SECONDS);
    zc_swarm_result_t found;
    zc_swarm_run(options, &found);
    if (options->seed % TWICE_EVERY == 0) {
        zc_swarm_result_t again;
        zc_swarm_run(options, &again);
        zc_attempt_compare(&found, &again);
    }
    *result = found;
    exit(EXIT_SUCCESS);
}

void zc_attempt_ended(zc_swarm_result_t *result, int status) {
    if (result->check == ZC_CHECK_ENDED) {
        snprintf(result->why, sizeof result->why, "ended by signal %d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
}

void zc_attempt_run(const zc_swarm_options_t *options, zc_swarm_result_t *result) {
    zc_swarm_result_t *shared = zc_attempt_results(1);
    pid_t child = zc_attempt_begin(options, shared);
    int status = 0;
    pid_t ended = waitpid(child, &status, 0);
    ZC_ASSERT(ended == child);
    zc_attempt_ended(shared, status);
    *result = *shared;
    zc_attempt_free(shared, 1);
}
