/* SPDX-License-Identifier: MPL-2.0 */
/* Lines for standard error from a thread that must not wait for whoever reads it. */
#ifndef ZC_CLI_SPEAKER_H
#define ZC_CLI_SPEAKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct zc_speaker {
    int inlet;  /* of a pipe, written without waiting */
    int outlet; /* read by the thread */
    pthread_t thread;
    atomic_ulong lost; /* lines that found no room and were not told of yet */
} zc_speaker_t;

/* Starts the thread that writes. *speaker must live until the process ends, since the thread may
 * hang on standard error until then. False: it cannot be started, and errno tells why. */
bool zc_speaker_start(zc_speaker_t *speaker);

/* A zcache_log_fn whose `context` is the zc_speaker_t. Never waits: some 64 KiB of lines may wait,
 * what comes then is dropped, and the number of dropped lines is told later. */
void zc_speaker_say(void *context, const char *line);

/* Waits until everything is written, but no longer than half a second. */
void zc_speaker_stop(zc_speaker_t *speaker);

#endif
