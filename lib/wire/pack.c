/* SPDX-License-Identifier: MPL-2.0 */
/* Writing msgpack in place: what is not in the header because it is rarer. */
#include "lib/wire/pack.h"

/* The marker and then `value` in 1, 2, 4 or 8 bytes. */
static void put_marked(zc_pack_t *pack, uint8_t marker, uint64_t value, size_t bytes) {
    uint8_t *at = zc_pack_skip(pack, 1 + bytes);
    at[0] = marker;
    switch (bytes) {
    case 1:
        at[1] = (uint8_t)value;
        break;
    case 2:
        zc_endian_store16(at + 1, (uint16_t)value);
        break;
    case 4:
        zc_endian_store32(at + 1, (uint32_t)value);
        break;
    default:
        ZC_ASSERT(bytes == 8);
        zc_endian_store64(at + 1, value);
        break;
    }
}

bool zc_pack_open(zc_pack_t *pack, zc_buffer_t *buffer, size_t bytes_max) {
    uint8_t *at = zc_buffer_reserve(buffer, bytes_max);
    if (at == NULL) {
        return false;
    }
    *pack = (zc_pack_t){.buffer = buffer, .at = at, .end = at + bytes_max};
    return true;
}

bool zc_pack_open_anew(zc_pack_t *pack, zc_buffer_t *buffer, size_t bytes_max) {
    size_t before = buffer->bytes;
    buffer->bytes = 0;
    if (!zc_pack_open(pack, buffer, bytes_max)) {
        buffer->bytes = before;
        return false;
    }
    return true;
}

void zc_pack_close(zc_pack_t *pack) {
    pack->buffer->bytes = (size_t)(pack->at - pack->buffer->data);
    ZC_ASSERT(pack->buffer->bytes <= pack->buffer->capacity);
}

void zc_pack_middle_uint(zc_pack_t *pack, uint64_t value) {
    if (value <= UINT8_MAX) {
        put_marked(pack, 0xcc, value, 1);
    } else if (value <= UINT16_MAX) {
        put_marked(pack, 0xcd, value, 2);
    } else {
        ZC_ASSERT(value <= UINT32_MAX);
        put_marked(pack, 0xce, value, 4);
    }
}

void zc_pack_int(zc_pack_t *pack, int64_t value) {
    if (value >= 0) {
        zc_pack_uint(pack, (uint64_t)value);
    } else if (value >= -32) {
        *zc_pack_skip(pack, 1) = (uint8_t)value;
    } else if (value >= INT8_MIN) {
        put_marked(pack, 0xd0, (uint64_t)value, 1);
    } else if (value >= INT16_MIN) {
        put_marked(pack, 0xd1, (uint64_t)value, 2);
    } else if (value >= INT32_MIN) {
        put_marked(pack, 0xd2, (uint64_t)value, 4);
    } else {
        put_marked(pack, 0xd3, (uint64_t)value, 8);
    }
}

static void put_bytes(zc_pack_t *pack, zc_slice_t bytes) {
    uint8_t *at = zc_pack_skip(pack, bytes.bytes);
    if (bytes.bytes > 0) {
        memcpy(at, bytes.data, bytes.bytes);
    }
}

void zc_pack_long_bin(zc_pack_t *pack, zc_slice_t bytes) {
    ZC_ASSERT(bytes.bytes <= UINT32_MAX);
    if (bytes.bytes == 0) {
        put_marked(pack, 0xc4, 0, 1);
    } else if (bytes.bytes <= UINT16_MAX) {
        put_marked(pack, 0xc5, bytes.bytes, 2);
    } else {
        put_marked(pack, 0xc6, bytes.bytes, 4);
    }
    put_bytes(pack, bytes);
}

void zc_pack_str(zc_pack_t *pack, zc_slice_t text) {
    ZC_ASSERT(text.bytes <= UINT32_MAX);
    if (text.bytes <= 31) {
        *zc_pack_skip(pack, 1) = (uint8_t)(0xa0 | text.bytes);
    } else if (text.bytes <= UINT8_MAX) {
        put_marked(pack, 0xd9, text.bytes, 1);
    } else if (text.bytes <= UINT16_MAX) {
        put_marked(pack, 0xda, text.bytes, 2);
    } else {
        put_marked(pack, 0xdb, text.bytes, 4);
    }
    put_bytes(pack, text);
}

void zc_pack_long_array(zc_pack_t *pack, size_t count) {
    ZC_ASSERT(count <= UINT32_MAX);
    if (count <= UINT16_MAX) {
        put_marked(pack, 0xdc, count, 2);
    } else {
        put_marked(pack, 0xdd, count, 4);
    }
}

void zc_pack_array_fixed(uint8_t *at, uint32_t count) {
    at[0] = 0xdd;
    zc_endian_store32(at + 1, count);
}

void zc_pack_uint_fixed(uint8_t *at, uint64_t value) {
    at[0] = 0xcf;
    zc_endian_store64(at + 1, value);
}
