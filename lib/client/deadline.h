/* SPDX-License-Identifier: MPL-2.0 */
/* Deadlines on the monotonic clock: a wall clock that is set does not end or prolong a call. */
#ifndef ZC_CLIENT_DEADLINE_H
#define ZC_CLIENT_DEADLINE_H

#include <stdint.h>

/* Microseconds of the monotonic clock. */
uint64_t zc_now_us(void);

/* Now and `timeout_ms` more. */
uint64_t zc_deadline_us(uint32_t timeout_ms);

/* Whole milliseconds until the deadline for poll(2), rounded up so that nobody spins through the
 * last one, and at most `most_ms`; 0: it has passed. */
int zc_remaining_ms(uint64_t deadline_us, int most_ms);

#endif
