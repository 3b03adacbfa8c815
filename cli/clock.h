/* SPDX-License-Identifier: MPL-2.0 */
/* The monotonic clock, for measuring. */
#ifndef ZC_CLI_CLOCK_H
#define ZC_CLI_CLOCK_H

#include <stdint.h>

uint64_t zc_clock_ns(void);

#endif
