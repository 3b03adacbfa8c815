/* SPDX-License-Identifier: MPL-2.0 */
/* The constructor of memo keys with an allocator of its own. */
#ifndef ZC_CLIENT_MEMO_KEY_H
#define ZC_CLIENT_MEMO_KEY_H

#include <zcache/memo.h>

#include "lib/base/allocator.h"

/* zcache_memo_key_new with an allocator, borrowed for the life of the key. */
zcache_status zc_memo_key_new(const zc_allocator_t *allocator, const char *name, uint32_t arguments,
                              zcache_memo_key_t **key);

#endif
