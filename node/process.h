/* SPDX-License-Identifier: MPL-2.0 */
/* What a node needs of its process: room for sockets, random bytes, and clocks. */
#ifndef ZC_NODE_PROCESS_H
#define ZC_NODE_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include <zcache/status.h>

/* Prepares the process, the first time that a node starts in it: there may be as many sockets and
 * file descriptors as a large mesh takes. Returns OK or SYSTEM. */
zcache_status zc_process_init(void);

/* Random bytes that nobody can guess. Returns OK or SYSTEM. */
zcache_status zc_process_random(void *out, size_t bytes);

/* The monotonic clock in microseconds, never 0, and the wall clock in milliseconds since 1970. */
uint64_t zc_process_now_us(void);
uint64_t zc_process_wall_ms(void);

#endif
