/* SPDX-License-Identifier: MPL-2.0 */
/* Accounts of connections: whose an account is, and what is added to it and taken away. */
#include "node/account.h"

#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/connection.h"

Test(account, is_settled_and_kept) {
    int one = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t cookie = zc_connection_cookie(one);
    zc_account_t account = {.cookie = 0};
    zc_account_settle(&account, one, 100);
    zc_account_keep(&account, one, 60);
    zc_account_let_go(&account, one, 20);
    cr_assert_eq(zc_account_sums(&account, cookie).settled, 100);
    cr_assert_eq(zc_account_sums(&account, cookie).kept, 40);
    zc_account_let_go(&account, one, 1000);
    cr_assert_eq(zc_account_sums(&account, cookie).kept, 0);
    close(one);
}

Test(account, is_another_connections_when_that_has_the_descriptor) {
    int one = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t first = zc_connection_cookie(one);
    zc_account_t account = {.cookie = 0};
    zc_account_settle(&account, one, 100);
    zc_account_keep(&account, one, 50);
    close(one);
    cr_assert_eq(socket(AF_INET, SOCK_STREAM, 0), one);
    uint64_t second = zc_connection_cookie(one);
    cr_assert_neq(first, second);
    cr_assert_eq(zc_account_sums(&account, second).settled, 0);
    zc_account_settle(&account, one, 7);
    cr_assert_eq(zc_account_sums(&account, first).settled, 0);
    cr_assert_eq(zc_account_sums(&account, second).settled, 7);
    cr_assert_eq(zc_account_sums(&account, second).kept, 0);
    close(one);
}

Test(account, no_more_is_settled_than_came) {
    int one = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t cookie = zc_connection_cookie(one);
    zc_account_t account = {.cookie = 0};
    zc_account_settle(&account, one, 100);
    zc_account_limit(&account, 100, 100);
    cr_assert_eq(zc_account_sums(&account, cookie).settled, 100);
    zc_account_limit(&account, 99, 50);
    cr_assert_eq(zc_account_sums(&account, cookie).settled, 100, "it has changed since");
    zc_account_limit(&account, 100, 50);
    cr_assert_eq(zc_account_sums(&account, cookie).settled, 50);
    close(one);
}
