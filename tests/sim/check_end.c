/* SPDX-License-Identifier: MPL-2.0 */
/* What must be so after everything was healed. All is compared key by key, so that nothing hides
 * behind an eviction: a node may lack what it let go itself, what somebody let go before it got it
 * (then it got the ghost), what it refused as late, and nothing else. */
#include <stdarg.h>
#include <stdio.h>

#include "lib/base/assert.h"
#include "tests/sim/world.h"

/* -- Whether the nodes agree on what they know ----------------------------- */

static bool find(zc_finding_t *finding, zc_check_t check, int node, int key, const char *format,
                 ...) __attribute__((format(printf, 5, 6)));

/* Always true: something was found. */
static bool find(zc_finding_t *finding, zc_check_t check, int node, int key, const char *format,
                 ...) {
    finding->check = check;
    finding->node = node;
    finding->key = key;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->why, sizeof finding->why, format, arguments);
    va_end(arguments);
    return true;
}

/* Some node does not see all others. */
static bool is_blind(zc_world_t *world, zc_finding_t *finding) {
    int up = 0;
    for (int i = 0; i < world->count; i++) {
        up += zc_cluster_is_up(world->cluster, i);
    }
    for (int i = 0; i < world->count; i++) {
        if (!zc_cluster_is_up(world->cluster, i)) {
            continue;
        }
        zc_replica_view_t view = zc_cluster_view(world->cluster, i);
        if (view.joining || view.peers_live != (uint64_t)(up - 1)) {
            return find(finding, ZC_CHECK_AGREED, i, -1, "n%d %s, sees %llu of %d live", i,
                        view.joining ? "still joins" : "has joined",
                        (unsigned long long)view.peers_live, up - 1);
        }
    }
    return false;
}

static uint64_t hash_vector(const zc_vector_t *vector) {
    uint64_t hash = vector->count;
    for (size_t i = 0; i < vector->count; i++) {
        const zc_origin_intervals_t *row = &vector->origins[i];
        hash = zc_hash(zc_slice(row->origin.bytes, ZC_ORIGIN_BYTES), hash);
        hash = zc_hash(zc_slice(row->intervals, row->count * sizeof *row->intervals), hash);
    }
    return hash;
}

static bool registers_equal(const zc_registers_t *a, const zc_registers_t *b) {
    return zc_stamp_compare(&a->settings_stamp, &b->settings_stamp) == 0 &&
           zc_stamp_compare(&a->clear, &b->clear) == 0;
}

static bool know_different(zc_world_t *world, zc_finding_t *finding) {
    int first = -1;
    uint64_t first_hash = 0;
    zc_registers_t first_registers;
    for (int i = 0; i < world->count; i++) {
        zc_vector_t vector;
        if (!zc_cluster_is_up(world->cluster, i)) {
            continue;
        }
        zc_registers_t registers = zc_cluster_view(world->cluster, i).registers;
        if (zc_replica_vector(zc_cluster_replica(world->cluster, i), &vector) != ZCACHE_OK) {
            return find(finding, ZC_CHECK_AGREED, i, -1, "n%d has no memory", i);
        }
        uint64_t hash = hash_vector(&vector);
        if (first < 0) {
            first = i;
            first_hash = hash;
            first_registers = registers;
        } else if (hash != first_hash || !registers_equal(&registers, &first_registers)) {
            return find(finding, ZC_CHECK_AGREED, i, -1, "n%d and n%d have other %s", first, i,
                        hash != first_hash ? "vectors" : "registers");
        }
    }
    return false;
}

/* -- What they hold -------------------------------------------------------- */

/* The version that a client of the node gets; NULL: none. */
static const zc_written_t *held_by(zc_world_t *world, int node, int key) {
    char text[ZC_KEY_TEXT_BYTES];
    zc_history_key_text(key, text);
    zc_store_item_t item;
    if (!zc_cluster_find(world->cluster, node, text, false, &item)) {
        return NULL;
    }
    const zc_store_t *store = zc_replica_store(zc_cluster_replica(world->cluster, node));
    zc_stamp_t stamp = {.hlc = item.hlc, .origin = *zc_store_origin_at(store, item.origin)};
    return zc_history_find(&world->history, key, &stamp);
}

static bool is_covered(zc_world_t *world, const zc_stamp_t *stamp) {
    for (int i = 0; i < world->count; i++) {
        if (zc_cluster_is_up(world->cluster, i) &&
            zc_vector_covers(&world->nodes[i].model.vector.vector, stamp)) {
            return true;
        }
    }
    return false;
}

/* What is in the node's register: an entry, or the ghost of one or of a delete. NULL: nothing. */
static const zc_written_t *register_of(zc_world_t *world, int node, int key) {
    const zc_store_t *store = zc_replica_store(zc_cluster_replica(world->cluster, node));
    zc_store_item_t item;
    if (!zc_store_find(store, world->history.key_hashes[key], &item)) {
        return NULL;
    }
    zc_stamp_t stamp = {.hlc = item.hlc, .origin = *zc_store_origin_at(store, item.origin)};
    return zc_history_find(&world->history, key, &stamp);
}

/* The newest write that any node that is up knows: it is in its register, or its vector covers it
 * and it was ever sent. NULL: none. */
static const zc_written_t *newest_known(zc_world_t *world, int key) {
    const zc_written_t *newest = NULL;
    for (int i = 0; i < world->count; i++) {
        const zc_written_t *held =
            zc_cluster_is_up(world->cluster, i) ? register_of(world, i, key) : NULL;
        if (held != NULL &&
            (newest == NULL || zc_stamp_compare(&held->stamp, &newest->stamp) > 0)) {
            newest = held;
        }
    }
    const zc_key_history_t *of_key = &world->history.keys[key];
    for (size_t i = of_key->count; i > 0; i--) {
        const zc_written_t *written = of_key->writes[i - 1];
        if (newest != NULL && zc_stamp_compare(&written->stamp, &newest->stamp) <= 0) {
            break;
        }
        if (written->sent && is_covered(world, &written->stamp)) {
            return written;
        }
    }
    return newest;
}

/* The entry is in the node's register: it has expired, and is not collected yet. */
static bool has_expired(zc_world_t *world, int node, const zc_written_t *written) {
    const zc_store_t *store = zc_replica_store(zc_cluster_replica(world->cluster, node));
    zc_store_item_t item;
    return zc_store_find(store, world->history.key_hashes[written->key], &item) && !item.ghost &&
           item.hlc == written->stamp.hlc;
}

/* Whether a node may lack the newest version of a key. */
static bool may_lack(zc_world_t *world, int node, const zc_written_t *newest) {
    zc_replica_view_t view = zc_cluster_view(world->cluster, node);
    if (newest->deletes || zc_stamp_compare(&newest->stamp, &view.registers.clear) <= 0 ||
        has_expired(world, node, newest)) {
        return true;
    }
    /* Somebody let it go, or refused it as late, and has told others by its ghost. */
    return newest->let_go || zc_stamp_compare(&newest->stamp, &world->history.highest_horizon) <= 0;
}

static bool differs(zc_world_t *world, int node, const zc_written_t *newest,
                    zc_finding_t *finding) {
    int key = newest->key;
    const zc_written_t *held = held_by(world, node, key);
    if (held == newest) {
        return false;
    }
    if (held != NULL) {
        return find(finding, ZC_CHECK_NEWEST, node, key, "n%d holds key-%d %s, and %s is known",
                    node, key, zc_stamp_short(&held->stamp), zc_stamp_short(&newest->stamp));
    }
    if (may_lack(world, node, newest)) {
        return false;
    }
    return find(finding, ZC_CHECK_KEPT, node, key, "n%d lacks key-%d %s, which nobody has let go",
                node, key, zc_stamp_short(&newest->stamp));
}

/* A key is the newest version or a miss on each node. */
static bool key_differs(zc_world_t *world, int key, zc_finding_t *finding) {
    const zc_written_t *newest = newest_known(world, key);
    for (int i = 0; i < world->count && newest != NULL; i++) {
        if (zc_cluster_is_up(world->cluster, i) && differs(world, i, newest, finding)) {
            return true;
        }
    }
    return false;
}

/* The entry in the node's register, also one that has expired and is not collected yet; hlc 0:
 * none. */
static zc_stamp_t entry_of(zc_world_t *world, int node, int key) {
    const zc_store_t *store = zc_replica_store(zc_cluster_replica(world->cluster, node));
    zc_store_item_t item;
    if (!zc_store_find(store, world->history.key_hashes[key], &item) || item.ghost) {
        return (zc_stamp_t){.hlc = 0};
    }
    return (zc_stamp_t){.hlc = item.hlc, .origin = *zc_store_origin_at(store, item.origin)};
}

static bool hold_alike(zc_world_t *world, int a, int b) {
    for (int key = 0; key < world->plan.keys; key++) {
        zc_stamp_t one = entry_of(world, a, key);
        zc_stamp_t other = entry_of(world, b, key);
        if (zc_stamp_compare(&one, &other) != 0) {
            return false;
        }
    }
    return true;
}

/* The core's own digests say the same as the comparison of all keys, each node with the next. */
static bool digests_differ(zc_world_t *world, zc_finding_t *finding) {
    int before = -1;
    for (int i = 0; i < world->count; i++) {
        if (!zc_cluster_is_up(world->cluster, i)) {
            continue;
        }
        if (before >= 0) {
            bool alike = hold_alike(world, before, i);
            bool equal = zc_cluster_view(world->cluster, before).store.digest ==
                         zc_cluster_view(world->cluster, i).store.digest;
            if (equal != alike) {
                return find(finding, ZC_CHECK_DIGEST, i, -1,
                            "digests of n%d and n%d are %s, contents are %s", before, i,
                            equal ? "equal" : "not equal", alike ? "alike" : "not alike");
            }
        }
        before = i;
    }
    return false;
}

bool zc_check_agreement(zc_world_t *world, zc_finding_t *finding) {
    if (is_blind(world, finding) || know_different(world, finding)) {
        return true;
    }
    for (int i = 0; i < world->count; i++) {
        zc_check_node(world, i);
    }
    for (int key = 0; key < world->plan.keys; key++) {
        if (key_differs(world, key, finding)) {
            return true;
        }
    }
    return digests_differ(world, finding);
}

/* Whoever agrees has nothing to ask for. */
void zc_check_quiet(zc_world_t *world, uint64_t asks) {
    if (world->asks > asks) {
        zc_world_fail(world, ZC_CHECK_QUIET, -1, -1,
                      "%llu transfers were asked for after all had agreed",
                      (unsigned long long)(world->asks - asks));
    }
}

/* -- What the core itself counts ------------------------------------------- */

void zc_check_sound(zc_world_t *world) {
    for (int i = 0; i < world->count; i++) {
        if (!zc_cluster_is_up(world->cluster, i)) {
            continue;
        }
        zc_counters_t counters = zc_cluster_view(world->cluster, i).counters;
        if (counters.faults > 0 || counters.malformed > 0) {
            zc_world_fail(
                world, ZC_CHECK_SOUND, i, -1, "n%d counts %llu faults and %llu malformed messages",
                i, (unsigned long long)counters.faults, (unsigned long long)counters.malformed);
        }
        zc_store_check(zc_replica_store(zc_cluster_replica(world->cluster, i)));
    }
}
