/* SPDX-License-Identifier: MPL-2.0 */
/* The table of peers. Peers do not move in memory; a number is free again when its peer is
 * forgotten. */
#include "lib/replica/peers.h"

#include <string.h>

#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/base/hash.h"

void zc_peers_init(zc_peers_t *peers, const zc_allocator_t *allocator) {
    *peers = (zc_peers_t){.allocator = allocator};
}

static void free_peer(const zc_allocator_t *allocator, zc_peer_t *peer) {
    zc_free(allocator, peer->dial_endpoint);
    zc_free(allocator, peer->identity_texts);
    zc_free(allocator, peer);
}

void zc_peers_fini(zc_peers_t *peers) {
    for (size_t i = 0; i < peers->capacity; i++) {
        if (peers->table[i].peer != NULL) {
            free_peer(peers->allocator, peers->table[i].peer);
        }
    }
    zc_free(peers->allocator, peers->table);
    zc_free(peers->allocator, peers->by_origin);
    *peers = (zc_peers_t){.allocator = peers->allocator};
}

static zcache_status find_free(zc_peers_t *peers, size_t *number) {
    for (size_t i = 0; i < peers->capacity; i++) {
        if (peers->table[i].peer == NULL) {
            *number = i;
            return ZCACHE_OK;
        }
    }
    if (peers->capacity >= ZCACHE_MEMBERS_MAX) {
        return ZCACHE_BUSY;
    }
    size_t capacity = peers->capacity == 0 ? 8 : peers->capacity * 2;
    zc_peers_row_t *table = zc_resize(peers->allocator, peers->table, capacity * sizeof *table);
    if (table == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    memset(table + peers->capacity, 0, (capacity - peers->capacity) * sizeof *table);
    *number = peers->capacity;
    peers->table = table;
    peers->capacity = capacity;
    return ZCACHE_OK;
}

static uint64_t hash_endpoint(zc_slice_t endpoint) {
    return zc_hash(endpoint, 0);
}

zcache_status zc_peers_add(zc_peers_t *peers, zc_slice_t endpoint, zc_peer_t **peer) {
    size_t number = 0;
    zcache_status status = find_free(peers, &number);
    if (status != ZCACHE_OK) {
        return status;
    }
    zc_peer_t *added = zc_allocate_zeroed(peers->allocator, sizeof *added);
    char *dial_endpoint = zc_allocate(peers->allocator, endpoint.bytes + 1);
    if (added == NULL || dial_endpoint == NULL) {
        zc_free(peers->allocator, added);
        zc_free(peers->allocator, dial_endpoint);
        return ZCACHE_NO_MEMORY;
    }
    memcpy(dial_endpoint, endpoint.data, endpoint.bytes);
    dial_endpoint[endpoint.bytes] = '\0';
    added->number = (zc_peer_number_t)number;
    added->state = ZC_PEER_DIALLED;
    added->dial_endpoint = dial_endpoint;
    added->index = ZC_ORIGIN_INDEX_NONE;
    peers->table[number] = (zc_peers_row_t){.peer = added, .dial_hash = hash_endpoint(endpoint)};
    peers->count++;
    *peer = added;
    return ZCACHE_OK;
}

static void unlink_origin(zc_peers_t *peers, const zc_peer_t *peer) {
    if (peer->index != ZC_ORIGIN_INDEX_NONE && peers->by_origin[peer->index] == peer->number) {
        peers->by_origin[peer->index] = ZC_PEER_NONE;
    }
}

void zc_peers_remove(zc_peers_t *peers, zc_peer_t *peer) {
    ZC_ASSERT(peers->table[peer->number].peer == peer);
    unlink_origin(peers, peer);
    peers->table[peer->number] = (zc_peers_row_t){.peer = NULL};
    peers->count--;
    free_peer(peers->allocator, peer);
}

zc_peer_t *zc_peers_at(const zc_peers_t *peers, uint64_t number) {
    return number < peers->capacity ? peers->table[number].peer : NULL;
}

zc_peer_t *zc_peers_of_origin(const zc_peers_t *peers, zc_origin_index_t index) {
    if (index >= peers->by_origin_count || peers->by_origin[index] == ZC_PEER_NONE) {
        return NULL;
    }
    return peers->table[peers->by_origin[index]].peer;
}

zc_peer_t *zc_peers_dialling(const zc_peers_t *peers, zc_slice_t endpoint) {
    uint64_t hash = hash_endpoint(endpoint);
    for (size_t i = 0; i < peers->capacity; i++) {
        zc_peer_t *peer = peers->table[i].peer;
        if (peers->table[i].dial_hash == hash && peer != NULL &&
            zc_slice_equal(zc_slice_text(peer->dial_endpoint), endpoint)) {
            return peer;
        }
    }
    return NULL;
}

zc_peer_t *zc_peers_of_endpoint(const zc_peers_t *peers, zc_slice_t endpoint) {
    zc_peer_t *dialled = zc_peers_dialling(peers, endpoint);
    uint64_t hash = hash_endpoint(endpoint);
    for (size_t i = 0; dialled == NULL && i < peers->capacity; i++) {
        zc_peer_t *peer = peers->table[i].peer;
        if (peers->table[i].told_hash == hash && peer != NULL &&
            zc_slice_equal(peer->identity.endpoint, endpoint)) {
            return peer;
        }
    }
    return dialled;
}

static zcache_status grow_by_origin(zc_peers_t *peers, size_t count) {
    if (count <= peers->by_origin_count) {
        return ZCACHE_OK;
    }
    size_t grown = peers->by_origin_count * 2 > count ? peers->by_origin_count * 2 : count;
    zc_peer_number_t *by_origin =
        zc_resize(peers->allocator, peers->by_origin, grown * sizeof *by_origin);
    if (by_origin == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    for (size_t i = peers->by_origin_count; i < grown; i++) {
        by_origin[i] = ZC_PEER_NONE;
    }
    peers->by_origin = by_origin;
    peers->by_origin_count = grown;
    return ZCACHE_OK;
}

zcache_status zc_peers_identify(zc_peers_t *peers, zc_peer_t *peer, const zc_identity_t *identity,
                                zc_origin_index_t index) {
    zc_identity_t copy;
    char *texts = NULL;
    zcache_status status = grow_by_origin(peers, (size_t)index + 1);
    if (status == ZCACHE_OK) {
        status = zc_identity_copy(peers->allocator, identity, &copy, &texts);
    }
    if (status != ZCACHE_OK) {
        return status;
    }
    unlink_origin(peers, peer);
    zc_free(peers->allocator, peer->identity_texts);
    peer->identity = copy;
    peer->identity_texts = texts;
    peer->index = index;
    peers->table[peer->number].told_hash = hash_endpoint(identity->endpoint);
    peers->by_origin[index] = peer->number;
    return ZCACHE_OK;
}

zc_peer_t *zc_peers_next(const zc_peers_t *peers, size_t *number) {
    while (*number < peers->capacity) {
        zc_peer_t *peer = peers->table[(*number)++].peer;
        if (peer != NULL) {
            return peer;
        }
    }
    return NULL;
}

static char *copy_text(char *to, zc_slice_t from, zc_slice_t *copy) {
    if (from.bytes > 0) {
        memcpy(to, from.data, from.bytes);
    }
    to[from.bytes] = '\0';
    *copy = zc_slice(to, from.bytes);
    return to + from.bytes + 1;
}

zcache_status zc_identity_copy(const zc_allocator_t *allocator, const zc_identity_t *identity,
                               zc_identity_t *copy, char **texts) {
    size_t bytes = identity->name.bytes + identity->region.bytes + identity->endpoint.bytes +
                   identity->publish_endpoint.bytes + identity->watch_endpoint.bytes + 5;
    char *block = zc_allocate(allocator, bytes);
    if (block == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    copy->origin = identity->origin;
    char *at = copy_text(block, identity->name, &copy->name);
    at = copy_text(at, identity->region, &copy->region);
    at = copy_text(at, identity->endpoint, &copy->endpoint);
    at = copy_text(at, identity->publish_endpoint, &copy->publish_endpoint);
    copy_text(at, identity->watch_endpoint, &copy->watch_endpoint);
    *texts = block;
    return ZCACHE_OK;
}
