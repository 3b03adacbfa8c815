/* SPDX-License-Identifier: MPL-2.0 */
/* Comparing key by key. Memory is bounded by scanning so many parts at a time as have about
 * ROWS_AIM keys at all members together. */
#include "lib/client/differ.h"

#include <stdlib.h>

#include "lib/base/assert.h"
#include "lib/client/glance.h"

enum { ROWS_AIM = 4 * 1024 * 1024 };

void zc_differ_init(zc_differ_t *differ, zc_census_t *census) {
    *differ = (zc_differ_t){.census = census};
}

void zc_differ_fini(zc_differ_t *differ) {
    zc_free(differ->census->allocator, differ->rows);
    zc_free(differ->census->allocator, differ->suspects);
    *differ = (zc_differ_t){.census = differ->census};
}

/* Room for one more item of a growing array. */
static void *grow(const zc_differ_t *differ, void *items, size_t count, size_t *capacity,
                  size_t item_bytes) {
    if (count < *capacity) {
        return items;
    }
    size_t larger = *capacity == 0 ? 1024 : 2 * *capacity;
    void *grown = zc_resize(differ->census->allocator, items, larger * item_bytes);
    if (grown != NULL) {
        *capacity = larger;
    }
    return grown;
}

static zcache_status add_suspect(zc_differ_t *differ, uint64_t key_hash) {
    zc_suspect_t *grown = grow(differ, differ->suspects, differ->suspect_count,
                               &differ->suspect_capacity, sizeof(*grown));
    if (grown == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    differ->suspects = grown;
    grown[differ->suspect_count++] = (zc_suspect_t){.key_hash = key_hash};
    return ZCACHE_OK;
}

/* -- Scanning -------------------------------------------------------------- */

static zcache_status add_row(zc_differ_t *differ, const zc_scan_row_t *row) {
    zc_scan_row_t *grown =
        grow(differ, differ->rows, differ->row_count, &differ->row_capacity, sizeof(*grown));
    if (grown == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    differ->rows = grown;
    grown[differ->row_count++] = *row;
    return ZCACHE_OK;
}

/* Reads one page; *position is where the next one begins. NO_MEMORY is ours, and *status what is to
 * be noted of the member. */
static zcache_status scan_page(zc_differ_t *differ, zcache_t *cache, zc_operation_t *operation,
                               zcache_status *status) {
    zc_client_begin(cache);
    zc_response_t page;
    *status = zc_client_ask(cache, operation, &page);
    if (*status != ZCACHE_OK) {
        return ZCACHE_OK;
    }
    uint32_t count = 0;
    zcache_status decoded = zc_response_next_list(&page, true, status, &operation->number, &count);
    zcache_status added = ZCACHE_OK;
    for (uint32_t i = 0; i < count && decoded == ZCACHE_OK && added == ZCACHE_OK; i++) {
        zc_scan_row_t row;
        decoded = zc_response_read_scan_row(&page, &row);
        added = decoded == ZCACHE_OK ? add_row(differ, &row) : ZCACHE_OK;
    }
    *status = zc_client_done(cache, decoded, *status);
    return added;
}

static zcache_status scan_member(zc_differ_t *differ, zc_census_member_t *member,
                                 const zc_digest_set_t *parts) {
    zc_operation_t operation = {.type = ZC_OPERATION_SCAN, .parts = parts};
    zcache_status status = ZCACHE_OK;
    zcache_status added = ZCACHE_OK;
    do {
        added = scan_page(differ, member->cache, &operation, &status);
    } while (added == ZCACHE_OK && status == ZCACHE_OK && operation.number != 0);
    zc_census_note(member, status);
    return added;
}

static int compare_rows(const void *left, const void *right) {
    const zc_scan_row_t *a = left;
    const zc_scan_row_t *b = right;
    if (a->key_hash != b->key_hash) {
        return a->key_hash < b->key_hash ? -1 : 1;
    }
    return (a->digest > b->digest) - (a->digest < b->digest);
}

/* Suspects are the keys that not every one of the members holds with one digest. */
static zcache_status gather(zc_differ_t *differ, size_t members) {
    zc_scan_row_t *rows = differ->rows;
    if (differ->row_count > 0) {
        qsort(rows, differ->row_count, sizeof(*rows), compare_rows);
    }
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < differ->row_count && status == ZCACHE_OK;) {
        size_t end = i + 1;
        while (end < differ->row_count && rows[end].key_hash == rows[i].key_hash) {
            end++;
        }
        if (end - i != members || rows[i].digest != rows[end - 1].digest) {
            status = add_suspect(differ, rows[i].key_hash);
        }
        i = end;
    }
    return status;
}

/* -- Parts ----------------------------------------------------------------- */

static size_t count_members(const zc_differ_t *differ) {
    size_t members = 0;
    for (size_t i = 0; i < differ->census->count; i++) {
        members += zc_census_counts(&differ->census->members[i]);
    }
    return members;
}

static bool part_differs(const zc_differ_t *differ, size_t part) {
    const zc_digest_t *first = NULL;
    for (size_t i = 0; i < differ->census->count; i++) {
        const zc_census_member_t *member = &differ->census->members[i];
        if (!zc_census_counts(member)) {
            continue;
        }
        if (first != NULL && member->digest.parts[part] != first->parts[part]) {
            return true;
        }
        first = &member->digest;
    }
    return false;
}

/* How many parts have about ROWS_AIM keys at all members together. */
static size_t parts_at_once(const zc_differ_t *differ) {
    uint64_t entries = 1;
    for (size_t i = 0; i < differ->census->count; i++) {
        const zc_census_member_t *member = &differ->census->members[i];
        uint64_t held = zc_census_counts(member) ? member->digest.entries : 0;
        entries += held < UINT32_MAX ? held : UINT32_MAX;
    }
    uint64_t parts = (uint64_t)ROWS_AIM * ZC_DIGEST_PARTS / entries;
    return parts == 0 ? 1 : parts < ZC_DIGEST_PARTS ? (size_t)parts : ZC_DIGEST_PARTS;
}

/* The next parts that differ, from *part on; false: there are none. */
static bool next_parts(zc_differ_t *differ, size_t *part, size_t most, zc_digest_set_t *parts) {
    size_t count = 0;
    memset(parts, 0, sizeof(*parts));
    for (; *part < ZC_DIGEST_PARTS && count < most; (*part)++) {
        if (part_differs(differ, *part)) {
            parts->bits[*part / 8] |= (uint8_t)(1u << (*part % 8));
            count++;
        }
    }
    return count > 0;
}

static zcache_status scan(zc_differ_t *differ, const zc_digest_set_t *parts) {
    zcache_status status = ZCACHE_OK;
    differ->row_count = 0;
    for (size_t i = 0; i < differ->census->count && status == ZCACHE_OK; i++) {
        zc_census_member_t *member = &differ->census->members[i];
        if (zc_census_counts(member)) {
            status = scan_member(differ, member, parts);
        }
    }
    return status;
}

/* -- Looking --------------------------------------------------------------- */

typedef struct judged {
    bool differs;
    bool evicted;
} judged_t;

static judged_t judge(const zc_glance_t *glance, size_t hash, const zc_stamp_t *newest) {
    judged_t judged = {.differs = false};
    for (size_t i = 0; i < glance->census->count; i++) {
        if (zc_census_counts(&glance->census->members[i])) {
            zc_judgement_t one = zc_glance_judge(glance, hash, i, newest);
            judged.differs = judged.differs || zc_judged_different(one);
            judged.evicted = judged.evicted || one == ZC_JUDGED_EVICTED;
        }
    }
    return judged;
}

/* Looks at the suspects from `first` on and keeps those that differ; the first time also sets what
 * they have to be measured by. */
static zcache_status look(zc_differ_t *differ, size_t first, bool first_time) {
    zc_glance_t *glance = zc_glance_new(differ->census);
    zcache_status status = glance == NULL ? ZCACHE_NO_MEMORY : ZCACHE_OK;
    size_t kept = first;
    size_t most = zc_glance_hashes_max(differ->census);
    for (size_t at = first; at < differ->suspect_count && status == ZCACHE_OK; at += most) {
        size_t some = differ->suspect_count - at < most ? differ->suspect_count - at : most;
        status = zc_glance_look(glance, &differ->suspects[at].key_hash, sizeof(zc_suspect_t), some,
                                false);
        for (size_t i = 0; i < some && status == ZCACHE_OK; i++) {
            zc_suspect_t suspect = differ->suspects[at + i];
            if (first_time) {
                suspect.newest = zc_glance_newest(glance, i);
            }
            judged_t judged = judge(glance, i, &suspect.newest);
            if (judged.differs) {
                differ->suspects[kept++] = suspect;
            } else if (judged.evicted) {
                differ->evicted++;
            }
        }
    }
    if (status == ZCACHE_OK) {
        differ->suspect_count = kept;
    }
    zc_glance_destroy(&glance);
    return status;
}

zcache_status zc_differ_again(zc_differ_t *differ) {
    return look(differ, 0, false);
}

static zcache_status find_once(zc_differ_t *differ, size_t members) {
    differ->suspect_count = 0;
    differ->evicted = 0;
    differ->same = true;
    size_t most = parts_at_once(differ);
    size_t part = 0;
    zc_digest_set_t parts;
    zcache_status status = ZCACHE_OK;
    while (status == ZCACHE_OK && next_parts(differ, &part, most, &parts)) {
        size_t first = differ->suspect_count;
        differ->same = false;
        status = scan(differ, &parts);
        if (status == ZCACHE_OK && count_members(differ) == members) {
            status = gather(differ, members);
        }
        if (status == ZCACHE_OK) {
            status = look(differ, first, true);
        }
    }
    return status;
}

zcache_status zc_differ_find(zc_differ_t *differ) {
    size_t members = 0;
    zcache_status status = ZCACHE_OK;
    do {
        members = count_members(differ);
        status = find_once(differ, members);
    } while (status == ZCACHE_OK && count_members(differ) != members);
    return status;
}

/* -- Showing --------------------------------------------------------------- */

static bool show_one(const zc_glance_t *glance, size_t hash, size_t member,
                     const zc_stamp_t *newest, zcache_finding_fn *visit, void *context) {
    const zc_census_member_t *of = &glance->census->members[member];
    zc_judgement_t judgement = zc_glance_judge(glance, hash, member, newest);
    if (!zc_census_counts(of) || !zc_judged_different(judgement)) {
        return true;
    }
    const zc_census_member_t *holder = zc_glance_holder(glance, hash, newest);
    zc_slice_t key = zc_glance_key(glance, hash);
    zcache_finding_t finding = {
        .difference = (zcache_difference)judgement,
        .name = of->name,
        .endpoint = of->endpoint,
        .state = of->state,
        .from = holder == NULL || holder == of ? "" : holder->endpoint,
        .detail = "",
        .origin_name = zc_census_name(glance->census, &newest->origin),
        .after = newest->hlc - 1,
        .upto = newest->hlc,
        .key = key.data,
        .key_size = key.bytes,
    };
    memcpy(finding.origin, newest->origin.bytes, sizeof(finding.origin));
    return visit(context, &finding);
}

static bool show_some(const zc_differ_t *differ, const zc_glance_t *glance, size_t first,
                      zcache_finding_fn *visit, void *context) {
    bool going = true;
    for (size_t i = 0; i < glance->hashes && going; i++) {
        for (size_t j = 0; j < differ->census->count && going; j++) {
            going = show_one(glance, i, j, &differ->suspects[first + i].newest, visit, context);
        }
    }
    return going;
}

zcache_status zc_differ_show(zc_differ_t *differ, size_t most, zcache_finding_fn *visit,
                             void *context, bool *going) {
    size_t count = most < differ->suspect_count ? most : differ->suspect_count;
    if (count == 0) {
        return ZCACHE_OK;
    }
    zc_glance_t *glance = zc_glance_new(differ->census);
    zcache_status status = glance == NULL ? ZCACHE_NO_MEMORY : ZCACHE_OK;
    size_t some = zc_glance_hashes_max(differ->census);
    for (size_t at = 0; at < count && *going && status == ZCACHE_OK; at += some) {
        status = zc_glance_look(glance, &differ->suspects[at].key_hash, sizeof(zc_suspect_t),
                                count - at < some ? count - at : some, true);
        if (status == ZCACHE_OK) {
            *going = show_some(differ, glance, at, visit, context);
        }
    }
    zc_glance_destroy(&glance);
    return status;
}
