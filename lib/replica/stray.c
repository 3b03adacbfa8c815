/* SPDX-License-Identifier: MPL-2.0 */
/* Strays: keys that were overwritten, while a delta was given, by a write that is in no vector: of
 * a transfer that this node receives itself, of a donor's answer to a read, or of a batch that
 * could be kept only in part.
 *
 * A delta that says what it covers has sent all that is held of it, and what is news in the vector.
 * A stray is neither, where the walk has come past its place, and what it overwrote is not held any
 * more: so a delta sends the strays that came since it began before it says anything (R7).
 *
 * One list for all deltas, which keep their places in it; it is emptied when none is given. */
#include "lib/replica/state.h"

enum {
    STRAYS_FIRST = 64,
    STRAYS_MAX = 65536, /* beyond these a delta ends as incomplete, and is asked for again */
};

static bool is_giving(const zc_replica_t *replica) {
    for (size_t i = 0; i < ZCACHE_TRANSFERS_MAX; i++) {
        if (replica->donations[i] != NULL && !replica->donations[i]->replace) {
            return true;
        }
    }
    return false;
}

static bool grow(zc_replica_t *replica) {
    zc_strays_t *strays = &replica->strays;
    size_t capacity = strays->capacity == 0 ? STRAYS_FIRST : strays->capacity * 2;
    if (capacity > STRAYS_MAX) {
        return false;
    }
    uint64_t *hashes = zc_resize(replica->allocator, strays->key_hashes, capacity * sizeof *hashes);
    if (hashes == NULL) {
        return false;
    }
    strays->key_hashes = hashes;
    strays->capacity = capacity;
    return true;
}

void zc_stray_note(zc_replica_t *replica, const zc_record_t *record) {
    zc_strays_t *strays = &replica->strays;
    if (!is_giving(replica)) {
        return;
    }
    if (strays->count == strays->capacity && !grow(replica)) {
        strays->lost = true;
        return;
    }
    strays->key_hashes[strays->count++] = record->key_hash;
}

zcache_status zc_stray_receive(zc_replica_t *replica, const zc_record_t *record,
                               zc_origin_index_t origin) {
    zc_store_item_t before;
    bool overwrites = is_giving(replica) &&
                      zc_store_find(replica->store, record->key_hash, &before) &&
                      before.hlc <= record->hlc;
    zcache_status status = zc_receive_record(replica, record, origin);
    if (overwrites && status == ZCACHE_OK) {
        zc_stray_note(replica, record);
    }
    return status;
}

bool zc_stray_item(zc_replica_t *replica, zc_donation_t *donation, zc_store_item_t *item) {
    const zc_strays_t *strays = &replica->strays;
    for (; donation->stray < strays->count; donation->stray++) {
        if (!zc_store_find(replica->store, strays->key_hashes[donation->stray], item)) {
            continue;
        }
        zc_stamp_t stamp = {.hlc = item->hlc,
                            .origin = *zc_store_origin_at(replica->store, item->origin)};
        if (!zc_vector_covers(&donation->have.vector, &stamp)) {
            return true;
        }
    }
    return false;
}

void zc_stray_next(zc_donation_t *donation) {
    donation->stray++;
}

void zc_stray_forget(zc_replica_t *replica) {
    zc_strays_t *strays = &replica->strays;
    if (!is_giving(replica)) {
        zc_free(replica->allocator, strays->key_hashes);
        *strays = (zc_strays_t){.count = 0};
    }
}
