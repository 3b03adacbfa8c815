/* SPDX-License-Identifier: MPL-2.0 */
/* The table of memos. It is only ever as large as it was asked to be: a reader that finds no memory
 * for a larger one goes on with what it has. */
#include "lib/store/recent.h"

zcache_status zc_recent_init(zc_recent_t *recent, const zc_allocator_t *allocator) {
    *recent = (zc_recent_t){.count = ZC_RECENT_FIRST};
    recent->memos = zc_allocate_zeroed(allocator, ZC_RECENT_FIRST * sizeof(zc_memo_t));
    return recent->memos != NULL ? ZCACHE_OK : ZCACHE_NO_MEMORY;
}

void zc_recent_fini(zc_recent_t *recent, const zc_allocator_t *allocator) {
    zc_free(allocator, recent->memos);
    *recent = (zc_recent_t){.memos = NULL};
}

void zc_recent_begin(zc_recent_t *recent, uint64_t until_ms) {
    if (recent->until_ms != 0) {
        memset(recent->memos, 0, recent->count * sizeof(zc_memo_t));
    }
    recent->until_ms = until_ms;
}

void zc_recent_grow(zc_recent_t *recent, const zc_allocator_t *allocator, uint64_t buckets) {
    uint64_t count = recent->count;
    while (count < buckets && count < ZC_RECENT_MAX) {
        count *= 2;
    }
    if (count == recent->count) {
        return;
    }
    zc_memo_t *memos = zc_allocate_zeroed(allocator, count * sizeof(zc_memo_t));
    if (memos != NULL) {
        zc_free(allocator, recent->memos);
        recent->memos = memos;
        recent->count = count;
    }
}
