/* SPDX-License-Identifier: MPL-2.0 */
/* The index: from a key hash to its slot, by linear hashing (Litwin, "Linear Hashing: a new tool
 * for file and table addressing", VLDB 1980).
 *
 * It grows by splitting one bucket for each insertion above a load of one slot a bucket, so that no
 * insertion ever rehashes the table. Buckets follow the key hash scattered under a seed. It does
 * not shrink. */
#ifndef ZC_STORE_INDEX_H
#define ZC_STORE_INDEX_H

#include "lib/store/slots.h"

typedef struct zc_index {
    zc_slots_t *slots;
    uint64_t seed;
    zc_directory_t directory; /* of buckets: the number of the first slot */
    uint32_t buckets;
    uint32_t mask;   /* of the level: buckets from mask + 1 on are split off lower ones */
    uint32_t linked; /* slots in it */
} zc_index_t;

/* The allocator and the lock are those of `slots`, borrowed for the life of the index. Returns OK
 * or NO_MEMORY. */
zcache_status zc_index_init(zc_index_t *index, zc_slots_t *slots, uint64_t seed);
void zc_index_fini(zc_index_t *index);

/* Makes sure that zc_index_link can be called once. Returns OK or NO_MEMORY. */
zcache_status zc_index_reserve(zc_index_t *index);

/* The entry or ghost of a key hash, or ZC_SLOT_NONE. */
uint32_t zc_index_find(const zc_index_t *index, uint64_t key_hash);

/* Both under the lock. The slot has its kind and key hash; link gives the tag. */
void zc_index_link(zc_index_t *index, uint32_t number);
void zc_index_unlink(zc_index_t *index, uint32_t number);

#endif
