/* SPDX-License-Identifier: MPL-2.0 */
/* The text of a failed start. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "node/failure.h"

Test(failure, text_says_what_was_set_until_it_is_cleared) {
    cr_assert_str_eq(zc_failure_text(), "");
    cr_assert_eq(zc_failure_set(ZCACHE_IN_USE, "port %u", 5000u), ZCACHE_IN_USE);
    cr_assert_str_eq(zc_failure_text(), "port 5000");
    zc_failure_clear();
    cr_assert_str_eq(zc_failure_text(), "");
}

Test(failure, text_that_is_too_long_is_cut) {
    char text[2000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    zc_failure_set(ZCACHE_INVALID, "%s", text);
    cr_assert(strlen(zc_failure_text()) > 500);
    cr_assert(strlen(zc_failure_text()) < 1000);
}

static void *fail_elsewhere(void *context) {
    (void)context;
    zc_failure_set(ZCACHE_SYSTEM, "elsewhere");
    return NULL;
}

Test(failure, text_of_another_thread_is_not_seen) {
    pthread_t thread;
    zc_failure_set(ZCACHE_INVALID, "here");
    cr_assert_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    cr_assert_str_eq(zc_failure_text(), "here");
}
