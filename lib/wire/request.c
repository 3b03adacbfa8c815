/* SPDX-License-Identifier: MPL-2.0 */
/* Requests of clients: written operation by operation, and read in the same way.
 *
 * Invariant: a request that zc_request_open took has been read to its last byte, so that reading
 * its operations cannot fail. */
#include "lib/wire/request.h"

#include "lib/base/assert.h"
#include "lib/wire/fields.h"

zcache_status zc_request_begin(zc_buffer_t *buffer, uint64_t number, uint32_t count) {
    zc_pack_t pack;
    size_t bytes = ZC_WIRE_HEAD_BYTES_MAX + ZC_PACK_UINT_BYTES_MAX + ZC_PACK_HEAD_BYTES_MAX;
    if (!zc_pack_open_anew(&pack, buffer, bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_head(&pack, ZC_REQUEST_CODE, 2);
    zc_pack_uint(&pack, number);
    zc_pack_array(&pack, count);
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

/* How many items an operation has, its type among them. */
static uint32_t operation_items(uint64_t type) {
    static const uint8_t items[] = {
        [ZC_OPERATION_GET] = 2,       [ZC_OPERATION_SET] = 5,    [ZC_OPERATION_DELETE] = 2,
        [ZC_OPERATION_CLEAR] = 1,     [ZC_OPERATION_PING] = 1,   [ZC_OPERATION_SPY] = 2,
        [ZC_OPERATION_PEERS] = 1,     [ZC_OPERATION_STATS] = 1,  [ZC_OPERATION_CONFIG] = 1,
        [ZC_OPERATION_CONFIGURE] = 3, [ZC_OPERATION_DIGEST] = 1, [ZC_OPERATION_SCAN] = 3,
        [ZC_OPERATION_LOOK] = 2,      [ZC_OPERATION_REPAIR] = 2,
    };
    ZC_ASSERT(type < sizeof items);
    return items[type];
}

zcache_status zc_request_add(zc_buffer_t *buffer, const zc_operation_t *operation) {
    zc_pack_t pack;
    size_t bytes = 2 + 2 * ZC_PACK_HEAD_BYTES_MAX + 2 * ZC_PACK_UINT_BYTES_MAX +
                   operation->key.bytes + operation->value.bytes + sizeof *operation->parts;
    if (!zc_pack_open(&pack, buffer, bytes)) {
        return ZCACHE_NO_MEMORY;
    }
    zc_pack_array(&pack, operation_items(operation->type));
    zc_pack_uint(&pack, operation->type);
    switch (operation->type) {
    case ZC_OPERATION_GET:
    case ZC_OPERATION_DELETE:
    case ZC_OPERATION_REPAIR:
        zc_pack_bin(&pack, operation->key);
        break;
    case ZC_OPERATION_SET:
        zc_pack_bin(&pack, operation->key);
        zc_pack_bin(&pack, operation->value);
        zc_pack_uint(&pack, operation->value_type);
        zc_pack_uint(&pack, operation->ttl_ms);
        break;
    case ZC_OPERATION_SPY:
    case ZC_OPERATION_LOOK:
        zc_pack_uint(&pack, operation->number);
        break;
    case ZC_OPERATION_SCAN:
        zc_pack_uint(&pack, operation->number);
        zc_pack_bin(&pack, zc_slice(operation->parts->bits, sizeof operation->parts->bits));
        break;
    case ZC_OPERATION_CONFIGURE:
        zc_pack_str(&pack, operation->key);
        zc_pack_uint(&pack, operation->number);
        break;
    case ZC_OPERATION_CLEAR:
    case ZC_OPERATION_PING:
    case ZC_OPERATION_PEERS:
    case ZC_OPERATION_STATS:
    case ZC_OPERATION_CONFIG:
    case ZC_OPERATION_DIGEST:
        break;
    }
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

/* Types of values above 255 are all the same to whoever refuses them. */
static uint8_t unpack_value_type(zc_unpack_t *unpack) {
    uint64_t type = zc_unpack_uint(unpack, 0, UINT64_MAX);
    return type < UINT8_MAX ? (uint8_t)type : UINT8_MAX;
}

_Static_assert(_Alignof(zc_digest_set_t) == 1, "a set is where its bytes are");

static const zc_digest_set_t *unpack_parts(zc_unpack_t *unpack) {
    return zc_unpack_bin(unpack, sizeof(zc_digest_set_t), sizeof(zc_digest_set_t)).data;
}

static void unpack_operation(zc_unpack_t *unpack, zc_operation_t *operation) {
    *operation = (zc_operation_t){.type = ZC_OPERATION_GET};
    uint32_t items = zc_unpack_array(unpack, 1, 5, 1);
    uint64_t type = zc_unpack_uint(unpack, ZC_OPERATION_GET, ZC_OPERATION_REPAIR);
    if (zc_unpack_failed(unpack) || items != operation_items(type)) {
        zc_unpack_fail(unpack, ZCACHE_MALFORMED);
        return;
    }
    operation->type = (zc_operation_type_t)type;
    switch (operation->type) {
    case ZC_OPERATION_GET:
    case ZC_OPERATION_DELETE:
        operation->key = zc_unpack_bin(unpack, 0, UINT32_MAX);
        break;
    case ZC_OPERATION_SET:
        operation->key = zc_unpack_bin(unpack, 0, UINT32_MAX);
        operation->value = zc_unpack_bin(unpack, 0, UINT32_MAX);
        operation->value_type = unpack_value_type(unpack);
        operation->ttl_ms = zc_unpack_uint(unpack, 0, UINT64_MAX);
        break;
    case ZC_OPERATION_SPY:
    case ZC_OPERATION_LOOK:
        operation->number = zc_unpack_uint(unpack, 0, UINT64_MAX);
        break;
    case ZC_OPERATION_SCAN:
        operation->number = zc_unpack_uint(unpack, 0, UINT64_MAX);
        operation->parts = unpack_parts(unpack);
        break;
    case ZC_OPERATION_REPAIR:
        operation->key = zc_unpack_bin(unpack, ZC_ORIGIN_BYTES, ZC_ORIGIN_BYTES);
        break;
    case ZC_OPERATION_CONFIGURE:
        operation->key = zc_unpack_str(unpack, 0, UINT32_MAX);
        operation->number = zc_unpack_uint(unpack, 0, UINT64_MAX);
        break;
    case ZC_OPERATION_CLEAR:
    case ZC_OPERATION_PING:
    case ZC_OPERATION_PEERS:
    case ZC_OPERATION_STATS:
    case ZC_OPERATION_CONFIG:
    case ZC_OPERATION_DIGEST:
        break;
    }
}

zcache_status zc_request_open(zc_slice_t bytes, zc_request_t *request) {
    zc_unpack_t unpack = zc_unpack_open(bytes);
    zc_head_t head = zc_unpack_head(&unpack);
    if (zc_unpack_failed(&unpack) || head.code != ZC_REQUEST_CODE || head.fields == 0) {
        return ZCACHE_MALFORMED;
    }
    uint64_t number = zc_unpack_uint(&unpack, 0, UINT64_MAX);
    if (zc_unpack_failed(&unpack)) {
        return ZCACHE_MALFORMED;
    }
    if (head.version != ZC_PROTOCOL_VERSION) {
        *request = (zc_request_t){.number = number};
        return ZCACHE_INCOMPATIBLE;
    }
    uint32_t count = zc_unpack_array(&unpack, 1, UINT32_MAX, 2);
    if (zc_unpack_failed(&unpack) || head.fields != 2) {
        return ZCACHE_MALFORMED;
    }
    if (count > ZCACHE_OPERATIONS_MAX) {
        *request = (zc_request_t){.number = number};
        return ZCACHE_TOO_LARGE;
    }
    zc_slice_t operations = zc_unpack_rest(&unpack);
    zc_operation_t operation;
    for (uint32_t i = 0; i < count && !zc_unpack_failed(&unpack); i++) {
        unpack_operation(&unpack, &operation);
    }
    zc_unpack_finish(&unpack);
    if (zc_unpack_failed(&unpack)) {
        return ZCACHE_MALFORMED;
    }
    *request = (zc_request_t){.number = number, .count = count, .rest = operations};
    return ZCACHE_OK;
}

bool zc_request_next(zc_request_t *request, zc_operation_t *operation) {
    if (request->taken == request->count) {
        return false;
    }
    zc_unpack_t unpack = zc_unpack_open(request->rest);
    unpack_operation(&unpack, operation);
    ZC_ASSERT(!zc_unpack_failed(&unpack));
    request->rest = zc_unpack_rest(&unpack);
    request->taken++;
    return true;
}
