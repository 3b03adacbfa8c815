/* SPDX-License-Identifier: MPL-2.0 */
/* The limit of descriptors, lowered and restored. */
#include "tests/support/descriptors.h"

#include <stdlib.h>
#include <sys/resource.h>

static struct rlimit before;

static void set_limit(const struct rlimit *limit) {
    if (setrlimit(RLIMIT_NOFILE, limit) != 0) {
        abort();
    }
}

void zc_descriptors_limit(size_t count) {
    if (getrlimit(RLIMIT_NOFILE, &before) != 0) {
        abort();
    }
    const struct rlimit few = {.rlim_cur = count, .rlim_max = before.rlim_max};
    set_limit(&few);
}

void zc_descriptors_restore(void) {
    set_limit(&before);
}
