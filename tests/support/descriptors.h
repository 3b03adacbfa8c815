/* SPDX-License-Identifier: MPL-2.0 */
/* A process that may have few file descriptors, for as long as a test wants. */
#ifndef TESTS_SUPPORT_DESCRIPTORS_H
#define TESTS_SUPPORT_DESCRIPTORS_H

#include <stddef.h>

/* From now on the process may have `count` descriptors; those that are open stay open. */
void zc_descriptors_limit(size_t count);

/* As it was before: what looks for leaks at the end of a test needs some. */
void zc_descriptors_restore(void);

#endif
