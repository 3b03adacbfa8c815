/* SPDX-License-Identifier: MPL-2.0 */
/* Compaction: emptying pages of which little is in use, a few blocks for each write.
 *
 *     sparse page  [#..#...]  ──► moved ──► [########] [####....]    fuller pages of the same class
 *     then empty   [.......]  ──► any class
 *
 * Without it, memory would grow where the sizes of values change over time: a page whose blocks
 * were given back one here, one there serves no other class. It is done while more than a 24th
 * of the memory of pages is free in pages that are in use, and no two whole pages are empty: that
 * is when a class that needs a page would have to ask the allocator for more. A page that is
 * emptied costs no more bytes moved than it has, and is filled by as many bytes written: so for
 * each byte that is written up to two are moved until the page is empty. */
#ifndef ZC_STORE_COMPACT_H
#define ZC_STORE_COMPACT_H

#include "lib/store/slab.h"

/* Nothing is to be moved: no page is being emptied, and no page has come to be since the last one
 * was looked for. */
static inline bool zc_compact_rests(const zc_slab_t *slab) {
    return slab->compaction.page == ZC_PAGE_NONE && !slab->compaction.due;
}

/* So many bytes were written. Returns a block that is to be moved now, or ZC_BLOCK_NONE. */
zc_block_t zc_compact_next(zc_slab_t *slab, uint64_t written_bytes);

/* A place for a block that zc_compact_next returned, in another page of its class: its bytes are
 * copied. The caller makes the new block known, and gives the old one. ZC_BLOCK_NONE: no memory for
 * one, and the page is no longer being emptied. */
zc_block_t zc_compact_move(zc_slab_t *slab, zc_block_t block);

#endif
