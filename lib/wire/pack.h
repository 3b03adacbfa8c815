/* SPDX-License-Identifier: MPL-2.0 */
/* Writing msgpack in place: every value in its shortest form, into room that was reserved first.
 *
 * Room is asked for once, with an upper bound of what will be written; after that nothing can fail,
 * and writing more than was announced is our own fault.
 *
 *     zc_pack_t pack;
 *     if (!zc_pack_open(&pack, buffer, bytes_max)) { return ZCACHE_NO_MEMORY; }
 *     zc_pack_array(&pack, 2); ...
 *     zc_pack_close(&pack);                                                                  */
#ifndef ZC_WIRE_PACK_H
#define ZC_WIRE_PACK_H

#include "lib/base/assert.h"
#include "lib/wire/buffer.h"
#include "lib/wire/endian.h"

enum {
    ZC_PACK_UINT_BYTES_MAX = 9, /* of any integer */
    ZC_PACK_HEAD_BYTES_MAX = 5, /* of what stands before the bytes or items of a bin, str, array */
};

typedef struct zc_pack {
    zc_buffer_t *buffer;
    uint8_t *at;
    const uint8_t *end;
} zc_pack_t;

/* Makes room for `bytes_max` after the content of the buffer, or in place of it. False: no memory,
 * and the buffer is as it was. Between open and close the buffer is not for anybody else. */
bool zc_pack_open(zc_pack_t *pack, zc_buffer_t *buffer, size_t bytes_max);
bool zc_pack_open_anew(zc_pack_t *pack, zc_buffer_t *buffer, size_t bytes_max);

/* What was written becomes content of the buffer. */
void zc_pack_close(zc_pack_t *pack);

/* The next `bytes` bytes, to be written now or to be passed over and filled in later. Nothing is
 * ever written at or past `end`, as every write asks here first. */
static inline uint8_t *zc_pack_skip(zc_pack_t *pack, size_t bytes) {
    ZC_ASSERT(bytes <= (size_t)(pack->end - pack->at));
    uint8_t *at = pack->at;
    pack->at += bytes;
    return at;
}

/* Forms that are rarer or longer, see pack.c. */
void zc_pack_middle_uint(zc_pack_t *pack, uint64_t value);
void zc_pack_long_bin(zc_pack_t *pack, zc_slice_t bytes);
void zc_pack_long_array(zc_pack_t *pack, size_t count);

static inline void zc_pack_nil(zc_pack_t *pack) {
    *zc_pack_skip(pack, 1) = 0xc0;
}

static inline void zc_pack_bool(zc_pack_t *pack, bool value) {
    *zc_pack_skip(pack, 1) = value ? 0xc3 : 0xc2;
}

static inline void zc_pack_uint(zc_pack_t *pack, uint64_t value) {
    if (value <= 0x7f) {
        *zc_pack_skip(pack, 1) = (uint8_t)value;
    } else if (value > UINT32_MAX) {
        uint8_t *at = zc_pack_skip(pack, ZC_PACK_UINT_BYTES_MAX);
        at[0] = 0xcf;
        zc_endian_store64(at + 1, value);
    } else {
        zc_pack_middle_uint(pack, value);
    }
}

static inline void zc_pack_bin(zc_pack_t *pack, zc_slice_t bytes) {
    if (bytes.bytes == 0 || bytes.bytes > UINT8_MAX) {
        zc_pack_long_bin(pack, bytes);
        return;
    }
    uint8_t *at = zc_pack_skip(pack, 2 + bytes.bytes);
    at[0] = 0xc4;
    at[1] = (uint8_t)bytes.bytes;
    memcpy(at + 2, bytes.data, bytes.bytes);
}

static inline void zc_pack_array(zc_pack_t *pack, size_t count) {
    if (count <= 15) {
        *zc_pack_skip(pack, 1) = (uint8_t)(0x90 | count);
    } else {
        zc_pack_long_array(pack, count);
    }
}

void zc_pack_int(zc_pack_t *pack, int64_t value);
void zc_pack_str(zc_pack_t *pack, zc_slice_t text);

/* Of fixed width, to be filled in later: five bytes for the count of an array, nine for an
 * integer. */
void zc_pack_array_fixed(uint8_t *at, uint32_t count);
void zc_pack_uint_fixed(uint8_t *at, uint64_t value);
enum { ZC_PACK_ARRAY_FIXED_BYTES = 5, ZC_PACK_UINT_FIXED_BYTES = 9 };

#endif
