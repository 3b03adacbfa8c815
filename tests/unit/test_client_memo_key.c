/* SPDX-License-Identifier: MPL-2.0 */
/* Keys of calls. */
#include "lib/client/memo_key.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <zcache/limits.h>

#include "tests/support/failing_allocator.h"

Test(client_memo_key, the_same_call_has_the_bytes_of_msgpack) {
    static const uint8_t expected[] = {0x98, 0xa1, 'f', 0xc0, 0xc3, 0xff, 0x05, 0xcb,
                                       0x3f, 0xf8, 0,   0,    0,    0,    0,    0,
                                       0xa2, 'a',  'b', 0xc4, 2,    0xff, 0x00};
    zcache_memo_key_t *key = NULL;
    cr_assert_eq(zcache_memo_key_new("f", 7, &key), ZCACHE_OK);
    zcache_memo_key_add_nil(key);
    zcache_memo_key_add_bool(key, true);
    zcache_memo_key_add_int(key, -1);
    zcache_memo_key_add_uint(key, 5);
    zcache_memo_key_add_double(key, 1.5);
    zcache_memo_key_add_string(key, "ab");
    cr_assert_eq(zcache_memo_key_size(key), 0, "an argument is missing");
    zcache_memo_key_add_bytes(key, "\xff\x00", 2);
    cr_assert_eq(zcache_memo_key_size(key), sizeof(expected));
    cr_assert_arr_eq(zcache_memo_key_data(key), expected, sizeof(expected));
    zcache_memo_key_destroy(&key);
    cr_assert_null(key);
    zcache_memo_key_destroy(&key);
    zcache_memo_key_destroy(NULL);
}

Test(client_memo_key, too_many_arguments_make_no_key) {
    zcache_memo_key_t *key = NULL;
    cr_assert_eq(zcache_memo_key_new("f", 1, &key), ZCACHE_OK);
    zcache_memo_key_add_bool(key, false);
    cr_assert_gt(zcache_memo_key_size(key), 0);
    zcache_memo_key_add_bytes(key, NULL, 0);
    cr_assert_eq(zcache_memo_key_size(key), 0);
    zcache_memo_key_destroy(&key);
}

Test(client_memo_key, a_call_that_is_too_long_makes_no_key) {
    char *text = malloc(ZCACHE_KEY_MAX + 1);
    memset(text, 'x', ZCACHE_KEY_MAX);
    text[ZCACHE_KEY_MAX] = '\0';
    zcache_memo_key_t *key = NULL;
    cr_assert_eq(zcache_memo_key_new("f", 2, &key), ZCACHE_OK);
    zcache_memo_key_add_string(key, text);
    zcache_memo_key_add_uint(key, 1);
    cr_assert_eq(zcache_memo_key_size(key), 0);
    zcache_memo_key_destroy(&key);
    cr_assert_eq(zcache_memo_key_new("f", UINT32_MAX, &key), ZCACHE_OK);
    cr_assert_eq(zcache_memo_key_size(key), 0);
    zcache_memo_key_destroy(&key);
    free(text);
}

Test(client_memo_key, every_allocation_may_fail) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    for (uint64_t n = 0;; n++) {
        zcache_memo_key_t *key = NULL;
        zc_failing_allocator_fail_after(&failing, n);
        zcache_status status = zc_memo_key_new(&failing.allocator, "name", 1, &key);
        if (status == ZCACHE_OK) {
            zcache_memo_key_add_string(key, "argument");
            status = zcache_memo_key_size(key) == 0 ? ZCACHE_NO_MEMORY : ZCACHE_OK;
        }
        zcache_memo_key_destroy(&key);
        cr_assert_eq(failing.blocks, 0);
        if (!zc_failing_allocator_stop(&failing)) {
            cr_assert_eq(status, ZCACHE_OK);
            cr_assert_gt(n, 1);
            break;
        }
        cr_assert_eq(status, ZCACHE_NO_MEMORY);
    }
}
