/* SPDX-License-Identifier: MPL-2.0 */
/* What a node needs of its process: room for sockets, random bytes, and clocks. */
#ifndef ZC_NODE_PROCESS_H
#define ZC_NODE_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include <zcache/status.h>

#include "lib/base/moment.h"

/* What a node takes at least: libzmq's threads, the sockets, their ports, the guard and a few
 * peers. */
enum { ZC_PROCESS_DESCRIPTORS_LEAST = 48 };

/* Prepares the process, the first time that a node starts in it: there may be as many sockets and
 * file descriptors as a large mesh takes. Returns OK, or SYSTEM where it cannot open so many as a
 * node takes at least. */
zcache_status zc_process_init(void);

/* How many file descriptors the process may have. */
size_t zc_process_descriptors(void);

/* Random bytes that nobody can guess. Returns OK or SYSTEM. */
zcache_status zc_process_random(void *out, size_t bytes);

/* The monotonic clock in microseconds, never 0, and the wall clock in milliseconds since 1970. */
uint64_t zc_process_now_us(void);
uint64_t zc_process_wall_ms(void);

/* The monotonic clock as it was at its last tick, for a fifth of what the exact one costs. Ticks
 * come late where the machine was busy with something else: the moment is as wide as that. */
zc_moment_t zc_process_moment(void);

#endif
