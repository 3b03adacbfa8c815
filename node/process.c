/* SPDX-License-Identifier: MPL-2.0 */
/* What a node needs of its process.
 *
 * Invariant: a program that embeds a node keeps what is its own: its signals, its standard output,
 * and a limit that is higher already. */
#define _GNU_SOURCE
#include "node/process.h"

#include <czmq.h>
#include <errno.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>

#include "lib/client/context.h"
#include "lib/client/socket.h"

enum {
    PROCESS_SOCKETS_MAX = 16384,     /* libzmq has 1,023: a large mesh has a DEALER for each peer */
    PROCESS_DESCRIPTORS_MAX = 65536, /* more than any mesh takes */
    TICK_MS = 10,                    /* of the slowest kernels */
    TICK_LATE_MS = 100,
};

static void raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= PROCESS_DESCRIPTORS_MAX) {
        return;
    }
    rlim_t wanted = PROCESS_DESCRIPTORS_MAX;
    limit.rlim_cur =
        limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted ? wanted : limit.rlim_max;
    /* A refusal leaves what was there, which is enough for a small mesh. */
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void prepare_context(void) {
    zc_context_init();
    /* The raw call, since zsys_set_max_sockets asserts that nobody has a socket yet, and the
     * program around may well have. Then this one does nothing. */
    zmq_ctx_set(zsys_init(), ZMQ_MAX_SOCKETS, PROCESS_SOCKETS_MAX);
}

zcache_status zc_process_init(void) {
    static pthread_once_t descriptors_once = PTHREAD_ONCE_INIT;
    static pthread_once_t context_once = PTHREAD_ONCE_INIT;
    pthread_once(&descriptors_once, raise_descriptors);
    /* Asked first: where there are too few of them, making the context ends the program. */
    if (!zc_socket_has_room(ZC_PROCESS_DESCRIPTORS_LEAST)) {
        return ZCACHE_SYSTEM;
    }
    pthread_once(&context_once, prepare_context);
    return ZCACHE_OK;
}

size_t zc_process_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > PROCESS_DESCRIPTORS_MAX) {
        return PROCESS_DESCRIPTORS_MAX;
    }
    return limit.rlim_cur;
}

zcache_status zc_process_random(void *out, size_t bytes) {
    uint8_t *at = out;
    while (bytes > 0) {
        ssize_t got = getrandom(at, bytes, 0);
        if (got < 0 && errno != EINTR) {
            return ZCACHE_SYSTEM;
        }
        if (got > 0) {
            at += got;
            bytes -= (size_t)got;
        }
    }
    return ZCACHE_OK;
}

static uint64_t read_clock(clockid_t clock, uint64_t units_per_second) {
    struct timespec now = {.tv_sec = 0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * units_per_second +
           (uint64_t)now.tv_nsec / (1000000000u / units_per_second);
}

uint64_t zc_process_now_us(void) {
    return read_clock(CLOCK_MONOTONIC, 1000000) + 1;
}

zc_moment_t zc_process_moment(void) {
    struct timespec tick;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &tick);
    /* As zc_process_now_us has it, which is a microsecond ahead. */
    uint64_t earliest_ms =
        (uint64_t)tick.tv_sec * 1000u + ((uint64_t)tick.tv_nsec + 1000u) / 1000000u;
    return (zc_moment_t){
        .earliest_ms = earliest_ms, .late_ms = TICK_LATE_MS, .used_after_ms = TICK_MS};
}

uint64_t zc_process_wall_ms(void) {
    return read_clock(CLOCK_REALTIME, 1000);
}
