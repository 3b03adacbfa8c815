/* SPDX-License-Identifier: MPL-2.0 */
/* Accounts of connections.
 *
 * Invariant: only the node's thread makes an account another connection's, and it empties it before
 * that; so what the guard reads under a cookie is of this cookie, or of one whose connection is
 * gone. The guard takes away nothing but a sum that it has read and that nobody has changed since.
 */
#include "node/account.h"

#include "node/connection.h"

static void own(zc_account_t *account, int descriptor) {
    uint64_t cookie = zc_connection_cookie(descriptor);
    if (atomic_load(&account->cookie) != cookie) {
        atomic_store(&account->cookie, 0);
        atomic_store(&account->settled, 0);
        atomic_store(&account->kept, 0);
        atomic_store(&account->cookie, cookie);
    }
}

void zc_account_settle(zc_account_t *account, int descriptor, size_t bytes) {
    own(account, descriptor);
    atomic_fetch_add(&account->settled, bytes);
}

void zc_account_keep(zc_account_t *account, int descriptor, size_t bytes) {
    own(account, descriptor);
    atomic_fetch_add(&account->kept, bytes);
}

void zc_account_let_go(zc_account_t *account, int descriptor, size_t bytes) {
    own(account, descriptor);
    uint64_t kept = atomic_load(&account->kept);
    atomic_store(&account->kept, kept > bytes ? kept - bytes : 0);
}

zc_sums_t zc_account_sums(const zc_account_t *account, uint64_t cookie) {
    if (atomic_load(&account->cookie) != cookie) {
        return (zc_sums_t){.settled = 0};
    }
    return (zc_sums_t){.settled = atomic_load(&account->settled),
                       .kept = atomic_load(&account->kept)};
}

void zc_account_limit(zc_account_t *account, uint64_t settled, uint64_t came) {
    if (settled > came) {
        (void)atomic_compare_exchange_strong(&account->settled, &settled, came);
    }
}
