/* SPDX-License-Identifier: MPL-2.0 */
/* The results of DIGEST and LOOK: what a node holds and has seen, and what it holds under one key
 * hash. A reader takes nothing that could not be so: the vector ascends, and a ghost has no key. */
#include <string.h>

#include "lib/wire/fields.h"
#include "lib/wire/result.h"

enum {
    DIGEST_ITEMS =
        9,          /* status, origin, joining, clock, registers, entries, horizon, vector, parts */
    LOOK_ITEMS = 6, /* status, ghost, hlc, origin, digest, key */
};

size_t zc_response_digest_bytes(const zc_digest_t *digest) {
    return 3 * ZC_PACK_HEAD_BYTES_MAX + 2 + ZC_WIRE_ORIGIN_BYTES + 2 * ZC_PACK_UINT_BYTES_MAX +
           ZC_WIRE_REGISTERS_BYTES_MAX + ZC_WIRE_STAMP_BYTES_MAX +
           zc_vector_bytes(&digest->vector) + ZC_DIGEST_PARTS * ZC_PACK_UINT_BYTES_MAX;
}

zcache_status zc_response_add_digest(zc_buffer_t *buffer, const zc_digest_t *digest) {
    zc_pack_t pack;
    if (!zc_pack_open(&pack, buffer, zc_response_digest_bytes(digest))) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, DIGEST_ITEMS);
    zc_pack_int(&pack, ZCACHE_OK);
    zc_pack_origin(&pack, &digest->origin);
    zc_pack_bool(&pack, digest->joining);
    zc_pack_uint(&pack, digest->clock_ms);
    zc_pack_registers(&pack, &digest->registers);
    zc_pack_uint(&pack, digest->entries);
    zc_pack_stamp(&pack, &digest->horizon);
    zc_pack_vector(&pack, &digest->vector);
    zc_pack_array(&pack, ZC_DIGEST_PARTS);
    for (size_t i = 0; i < ZC_DIGEST_PARTS; i++) {
        zc_pack_uint(&pack, digest->parts[i]);
    }
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

zcache_status zc_response_add_look(zc_buffer_t *buffer, const zc_look_t *look) {
    zc_pack_t pack;
    size_t bytes = 3 + 2 * ZC_PACK_UINT_BYTES_MAX + ZC_WIRE_ORIGIN_BYTES + ZC_PACK_HEAD_BYTES_MAX +
                   look->key.bytes;
    if (!zc_pack_open(&pack, buffer, bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, LOOK_ITEMS);
    zc_pack_int(&pack, ZCACHE_OK);
    zc_pack_bool(&pack, look->ghost);
    zc_pack_uint(&pack, look->stamp.hlc);
    zc_pack_origin(&pack, &look->stamp.origin);
    zc_pack_uint(&pack, look->digest);
    zc_pack_bin(&pack, look->key);
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

static const uint64_t *unpack_parts(zc_unpack_t *unpack, zc_wire_scratch_t *scratch) {
    zc_unpack_array(unpack, ZC_DIGEST_PARTS, ZC_DIGEST_PARTS, 1);
    uint64_t *parts = zc_scratch_take(scratch, unpack, ZC_DIGEST_PARTS * sizeof *parts);
    for (size_t i = 0; i < ZC_DIGEST_PARTS && !zc_unpack_failed(unpack); i++) {
        parts[i] = zc_unpack_uint(unpack, 0, UINT64_MAX);
    }
    return parts;
}

static void unpack_digest(zc_unpack_t *unpack, zc_wire_scratch_t *scratch, zc_digest_t *digest) {
    digest->origin = zc_unpack_origin(unpack);
    digest->joining = zc_unpack_bool(unpack);
    digest->clock_ms = zc_unpack_clock(unpack);
    digest->registers = zc_unpack_registers(unpack);
    digest->entries = zc_unpack_uint(unpack, 0, UINT64_MAX);
    digest->horizon = zc_unpack_stamp(unpack);
    digest->vector = zc_unpack_vector(unpack, scratch);
    digest->parts = unpack_parts(unpack, scratch);
}

zcache_status zc_response_next_digest(zc_response_t *response, zc_wire_scratch_t *scratch,
                                      zcache_status *status, zc_digest_t *digest) {
    for (;;) {
        zcache_status found = ZCACHE_OK;
        zc_digest_t read = {.joining = false};
        zc_scratch_reset(scratch);
        zc_unpack_t unpack = zc_result_open(response, DIGEST_ITEMS, &found);
        if (found == ZCACHE_OK) {
            unpack_digest(&unpack, scratch, &read);
        }
        if (unpack.status == ZCACHE_NO_MEMORY) {
            if (!zc_scratch_grow(scratch)) {
                return ZCACHE_NO_MEMORY;
            }
            continue;
        }
        zcache_status closed = zc_result_close(response, &unpack, found, status);
        if (closed == ZCACHE_OK && found == ZCACHE_OK) {
            *digest = read;
        }
        return closed;
    }
}

zcache_status zc_response_next_look(zc_response_t *response, zcache_status *status,
                                    zc_look_t *look) {
    zcache_status found = ZCACHE_OK;
    zc_unpack_t unpack = zc_result_open(response, LOOK_ITEMS, &found);
    zc_look_t read = {.ghost = false};
    if (found == ZCACHE_OK) {
        read.ghost = zc_unpack_bool(&unpack);
        read.stamp.hlc = zc_unpack_hlc(&unpack);
        read.stamp.origin = zc_unpack_origin(&unpack);
        read.digest = zc_unpack_uint(&unpack, 0, UINT64_MAX);
        read.key = zc_unpack_bin(&unpack, 0, read.ghost ? 0 : ZCACHE_KEY_MAX);
    }
    zcache_status closed = zc_result_close(response, &unpack, found, status);
    if (closed == ZCACHE_OK && found == ZCACHE_OK) {
        *look = read;
    }
    return closed;
}
