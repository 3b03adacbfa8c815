/* SPDX-License-Identifier: MPL-2.0 */
/* Why the calling thread's last zcache_node_start failed: one line that names the value that was
 * wrong and what would be right. */
#ifndef ZC_NODE_FAILURE_H
#define ZC_NODE_FAILURE_H

#include <zcache/status.h>

/* Keeps the line for the calling thread, cut to what fits, and returns `status`, so that the place
 * that finds the fault says everything about it in one statement. */
__attribute__((format(printf, 2, 3))) zcache_status zc_failure_set(zcache_status status,
                                                                   const char *format, ...);
void zc_failure_clear(void);

/* Static for the thread until its next zc_failure_set or zc_failure_clear; "" if there is none. */
const char *zc_failure_text(void);

#endif
