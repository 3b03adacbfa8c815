/* SPDX-License-Identifier: MPL-2.0 */
/* Accounts: what became of the bytes that came over each connection.
 *
 *   node's thread ── took a frame: settled, or kept ──► account of a descriptor ──► guard's thread
 *
 * The kernel tells how many bytes a connection has sent. What the node has taken of them is
 * settled; what it keeps a subscription for is kept; the rest is what libzmq still holds, and
 * commands. A descriptor is soon given to the next connection, so an account is that of a cookie,
 * which the kernel gives once only. */
#ifndef ZC_NODE_ACCOUNT_H
#define ZC_NODE_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct zc_account {
    atomic_uint_least64_t cookie; /* 0: nobody's */
    atomic_uint_least64_t settled;
    atomic_uint_least64_t kept; /* of what is settled */
} zc_account_t;

/* For the node's thread: the account of the connection that has the descriptor now. */
void zc_account_settle(zc_account_t *account, int descriptor, size_t bytes);
void zc_account_keep(zc_account_t *account, int descriptor, size_t bytes);

/* What is let go was kept: never more than that. */
void zc_account_let_go(zc_account_t *account, int descriptor, size_t bytes);

typedef struct zc_sums {
    uint64_t settled;
    uint64_t kept;
} zc_sums_t;

/* For the guard's thread: what it is by now for the connection with this cookie; 0 where nothing of
 * it was taken. */
zc_sums_t zc_account_sums(const zc_account_t *account, uint64_t cookie);

/* `settled` was read, and after that it was found that no more than `came` can be settled: takes
 * away what is above it (heads of frames are counted at their longest). */
void zc_account_limit(zc_account_t *account, uint64_t settled, uint64_t came);

#endif
