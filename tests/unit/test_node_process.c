/* SPDX-License-Identifier: MPL-2.0 */
/* What a node needs of its process. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/resource.h>

#include "node/process.h"

Test(process, there_is_room_for_many_descriptors) {
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t most = limit.rlim_max;
    limit.rlim_cur = 64;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(zc_process_init(), ZCACHE_OK);
    cr_assert_eq(zc_process_init(), ZCACHE_OK);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert(limit.rlim_cur == most || limit.rlim_cur >= 65536);
}

Test(process, random_bytes_differ) {
    uint8_t bytes[2][300];
    memset(bytes, 0, sizeof(bytes));
    cr_assert_eq(zc_process_random(bytes[0], sizeof(bytes[0])), ZCACHE_OK);
    cr_assert_eq(zc_process_random(bytes[1], sizeof(bytes[1])), ZCACHE_OK);
    cr_assert_neq(memcmp(bytes[0], bytes[1], sizeof(bytes[0])), 0);
}

Test(process, monotonic_clock_is_never_zero_and_does_not_go_back) {
    uint64_t before_us = zc_process_now_us();
    cr_assert(before_us > 0);
    for (int i = 0; i < 1000; i++) {
        uint64_t now_us = zc_process_now_us();
        cr_assert(now_us >= before_us);
        before_us = now_us;
    }
}

Test(process, wall_clock_is_in_this_century) {
    cr_assert(zc_process_wall_ms() > UINT64_C(1600000000000));
    cr_assert(zc_process_wall_ms() < UINT64_C(4102444800000));
}
