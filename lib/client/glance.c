/* SPDX-License-Identifier: MPL-2.0 */
/* A glance. Judging follows the rules of replication: a member that has received a write holds it,
 * or a newer one, or its ghost, or has forgotten that ghost and so has a horizon not below it (R8,
 * R9), or the write is void (R10). Whatever else it holds is a difference. */
#include "lib/client/glance.h"

#include "lib/base/assert.h"

size_t zc_glance_hashes_max(const zc_census_t *census) {
    size_t hashes = ZC_GLANCE_CELLS_MAX / census->count;
    if (hashes > ZC_GLANCE_HASHES_MAX) {
        return ZC_GLANCE_HASHES_MAX;
    }
    return hashes < ZC_GLANCE_HASHES_LEAST ? ZC_GLANCE_HASHES_LEAST : hashes;
}

zc_glance_t *zc_glance_new(zc_census_t *census) {
    size_t hashes = zc_glance_hashes_max(census);
    zc_glance_t *made = zc_allocate_zeroed(census->allocator, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    made->census = census;
    zc_buffer_init(&made->key_bytes, census->allocator);
    made->cells =
        zc_allocate_zeroed(census->allocator, hashes * census->count * sizeof(*made->cells));
    made->keys = zc_allocate(census->allocator, hashes * sizeof(*made->keys));
    if (made->cells == NULL || made->keys == NULL) {
        zc_glance_destroy(&made);
    }
    return made;
}

void zc_glance_destroy(zc_glance_t **glance) {
    if (*glance == NULL) {
        return;
    }
    const zc_allocator_t *allocator = (*glance)->census->allocator;
    zc_free(allocator, (*glance)->cells);
    zc_free(allocator, (*glance)->keys);
    zc_buffer_fini(&(*glance)->key_bytes);
    zc_free(allocator, *glance);
    *glance = NULL;
}

static zc_glance_cell_t *cell_at(const zc_glance_t *glance, size_t hash, size_t member) {
    return &glance->cells[hash * glance->census->count + member];
}

/* -- Looking --------------------------------------------------------------- */

static zcache_status keep_key(zc_glance_t *glance, size_t hash, zc_slice_t key) {
    if (glance->keys[hash].bytes > 0 || key.bytes == 0) {
        return ZCACHE_OK;
    }
    uint8_t *room = zc_buffer_reserve(&glance->key_bytes, key.bytes);
    if (room == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    memcpy(room, key.data, key.bytes);
    glance->keys[hash] = (zc_glance_key_t){.at = glance->key_bytes.bytes, .bytes = key.bytes};
    glance->key_bytes.bytes += key.bytes;
    return ZCACHE_OK;
}

/* Reads the result of one hash. *status is what the member answered. */
static zcache_status take_cell(zc_glance_t *glance, zc_response_t *response, size_t hash,
                               size_t member, zcache_status *status) {
    zc_look_t look = {.ghost = false};
    zcache_status decoded = zc_response_next_look(response, status, &look);
    zc_glance_cell_t *cell = cell_at(glance, hash, member);
    *cell = (zc_glance_cell_t){.held = ZC_HELD_NOTHING};
    if (decoded != ZCACHE_OK || *status != ZCACHE_OK) {
        return decoded;
    }
    *cell = (zc_glance_cell_t){.held = look.ghost ? ZC_HELD_GHOST : ZC_HELD_ENTRY,
                               .stamp = look.stamp,
                               .digest = look.digest};
    return glance->with_keys ? keep_key(glance, hash, look.key) : ZCACHE_OK;
}

/* The hashes from `first` on, at one member. */
static zcache_status look_some(zc_glance_t *glance, size_t first, uint32_t count, size_t member) {
    zcache_t *cache = glance->census->members[member].cache;
    zc_client_begin(cache);
    zc_response_t response;
    zcache_status asked = zc_client_ask_all(cache, glance->operations, count, &response);
    zcache_status decoded = ZCACHE_OK;
    for (uint32_t i = 0; i < count && asked == ZCACHE_OK && decoded == ZCACHE_OK; i++) {
        zcache_status status = ZCACHE_OK;
        decoded = take_cell(glance, &response, first + i, member, &status);
        asked = status == ZCACHE_MISS ? ZCACHE_OK : status;
    }
    if (decoded == ZCACHE_NO_MEMORY) {
        zc_client_done(cache, ZCACHE_OK, ZCACHE_OK);
        return ZCACHE_NO_MEMORY;
    }
    zc_census_note(&glance->census->members[member], zc_client_done(cache, decoded, asked));
    return ZCACHE_OK;
}

zcache_status zc_glance_look(zc_glance_t *glance, const void *hashes, size_t stride, size_t count,
                             bool with_keys) {
    ZC_ASSERT(count <= zc_glance_hashes_max(glance->census));
    glance->hashes = count;
    glance->with_keys = with_keys;
    glance->key_bytes.bytes = 0;
    memset(glance->keys, 0, count * sizeof(*glance->keys));
    zcache_status status = ZCACHE_OK;
    for (size_t first = 0; first < count && status == ZCACHE_OK; first += ZC_GLANCE_LOOKS) {
        size_t some = count - first < ZC_GLANCE_LOOKS ? count - first : ZC_GLANCE_LOOKS;
        for (size_t i = 0; i < some; i++) {
            uint64_t key_hash = 0;
            memcpy(&key_hash, (const uint8_t *)hashes + (first + i) * stride, sizeof(key_hash));
            glance->operations[i] = (zc_operation_t){.type = ZC_OPERATION_LOOK, .number = key_hash};
        }
        for (size_t j = 0; j < glance->census->count && status == ZCACHE_OK; j++) {
            if (zc_census_counts(&glance->census->members[j])) {
                status = look_some(glance, first, (uint32_t)some, j);
            }
        }
    }
    return status;
}

zc_slice_t zc_glance_key(const zc_glance_t *glance, size_t hash) {
    const zc_glance_key_t *key = &glance->keys[hash];
    return zc_slice(key->bytes == 0 ? NULL : glance->key_bytes.data + key->at, key->bytes);
}

/* -- Judging --------------------------------------------------------------- */

zc_stamp_t zc_glance_newest(const zc_glance_t *glance, size_t hash) {
    zc_stamp_t newest = {.hlc = 0};
    for (size_t i = 0; i < glance->census->count; i++) {
        const zc_glance_cell_t *cell = cell_at(glance, hash, i);
        if (zc_census_counts(&glance->census->members[i]) && cell->held != ZC_HELD_NOTHING &&
            zc_stamp_compare(&cell->stamp, &newest) > 0) {
            newest = cell->stamp;
        }
    }
    return newest;
}

const zc_census_member_t *zc_glance_holder(const zc_glance_t *glance, size_t hash,
                                           const zc_stamp_t *newest) {
    for (size_t i = 0; i < glance->census->count; i++) {
        const zc_glance_cell_t *cell = cell_at(glance, hash, i);
        if (zc_census_counts(&glance->census->members[i]) && cell->held != ZC_HELD_NOTHING &&
            zc_stamp_compare(&cell->stamp, newest) >= 0) {
            return &glance->census->members[i];
        }
    }
    return NULL;
}

/* Whether anybody holds the entry of this write, and the largest digest of those who do: of two
 * values under one stamp that is the one to stay (R1). */
static bool is_held(const zc_glance_t *glance, size_t hash, const zc_stamp_t *stamp,
                    uint64_t *digest) {
    bool held = false;
    *digest = 0;
    for (size_t i = 0; i < glance->census->count; i++) {
        const zc_glance_cell_t *cell = cell_at(glance, hash, i);
        if (zc_census_counts(&glance->census->members[i]) && cell->held == ZC_HELD_ENTRY &&
            zc_stamp_compare(&cell->stamp, stamp) == 0) {
            held = true;
            *digest = cell->digest > *digest ? cell->digest : *digest;
        }
    }
    return held;
}

/* Of a member that has not got as far as `newest`. */
static zc_judgement_t judge_older(const zc_census_member_t *member, const zc_glance_cell_t *cell,
                                  const zc_stamp_t *newest, bool held) {
    if (!zc_census_covers(member, newest)) {
        return ZC_JUDGED_MISSING;
    }
    if (cell->held == ZC_HELD_ENTRY) {
        return ZC_JUDGED_STALE;
    }
    if (zc_stamp_compare(newest, &member->digest.horizon) <= 0) {
        return held ? ZC_JUDGED_EVICTED : ZC_JUDGED_FINE;
    }
    return ZC_JUDGED_LOST;
}

zc_judgement_t zc_glance_judge(const zc_glance_t *glance, size_t hash, size_t member,
                               const zc_stamp_t *newest) {
    const zc_census_member_t *judged = &glance->census->members[member];
    const zc_glance_cell_t *cell = cell_at(glance, hash, member);
    if (zc_stamp_compare(newest, &judged->digest.registers.clear) <= 0) {
        return ZC_JUDGED_FINE;
    }
    int order = cell->held == ZC_HELD_NOTHING ? -1 : zc_stamp_compare(&cell->stamp, newest);
    if (order > 0) {
        return ZC_JUDGED_FINE;
    }
    uint64_t digest = 0;
    bool held = is_held(glance, hash, newest, &digest);
    if (order < 0) {
        return judge_older(judged, cell, newest, held);
    }
    if (cell->held == ZC_HELD_GHOST) {
        return held ? ZC_JUDGED_EVICTED : ZC_JUDGED_FINE;
    }
    return cell->digest == digest ? ZC_JUDGED_FINE : ZC_JUDGED_VALUE;
}
