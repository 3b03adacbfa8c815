/* SPDX-License-Identifier: MPL-2.0 */
/* The registry of the nodes of a process. */
#include "lib/client/local.h"

#include <criterion/criterion.h>

static int destroyed;

static void count_destroy(zc_local_t *local) {
    (void)local;
    destroyed++;
}

Test(client_local, a_name_is_known_once_and_lives_as_long_as_its_references) {
    zc_local_t first = {.name = "one", .destroy = count_destroy};
    zc_local_t second = {.name = "one", .destroy = count_destroy};
    zc_local_t third = {.name = "three", .destroy = count_destroy};
    cr_assert_null(zc_local_find("one"));
    cr_assert_eq(zc_local_register(&first), ZCACHE_OK);
    cr_assert_eq(zc_local_register(&second), ZCACHE_IN_USE);
    cr_assert_eq(zc_local_register(&third), ZCACHE_OK);
    cr_assert_eq(zc_local_find("one"), &first);
    zc_local_unregister(&first);
    cr_assert_null(zc_local_find("one"));
    cr_assert_eq(destroyed, 0);
    /* The name is free again while somebody still holds the old node. */
    cr_assert_eq(zc_local_register(&second), ZCACHE_OK);
    zc_local_release(&first);
    cr_assert_eq(destroyed, 1);
    zc_local_unregister(&second);
    zc_local_unregister(&third);
    cr_assert_eq(destroyed, 3);
}
