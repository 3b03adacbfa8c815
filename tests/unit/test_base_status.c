/* SPDX-License-Identifier: MPL-2.0 */
/* Every status has a number of its own and a text of its own. */
#include <criterion/criterion.h>
#include <string.h>

#include <zcache/status.h>

static const zcache_status all[] = {
#define STATUS_ROW(name, number, text) ZCACHE_##name,
    ZCACHE_STATUS_MAP(STATUS_ROW)
#undef STATUS_ROW
};

Test(base_status, texts_are_different_and_never_null) {
    size_t count = sizeof all / sizeof all[0];
    for (size_t i = 0; i < count; i++) {
        cr_assert_not_null(zcache_status_text(all[i]));
        cr_assert_eq((int)all[i], -(int)i);
        for (size_t j = 0; j < i; j++) {
            cr_assert_str_neq(zcache_status_text(all[i]), zcache_status_text(all[j]));
        }
    }
    cr_assert_str_eq(zcache_status_text(ZCACHE_MISS), "no such key");
    cr_assert_not_null(zcache_status_text((zcache_status)-100));
    cr_assert_not_null(zcache_status_text((zcache_status)1));
}
