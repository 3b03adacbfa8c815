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

#include "lib/wire/buffer.h"

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

void zc_pack_nil(zc_pack_t *pack);
void zc_pack_bool(zc_pack_t *pack, bool value);
void zc_pack_uint(zc_pack_t *pack, uint64_t value);
void zc_pack_int(zc_pack_t *pack, int64_t value);
void zc_pack_bin(zc_pack_t *pack, zc_slice_t bytes);
void zc_pack_str(zc_pack_t *pack, zc_slice_t text);
void zc_pack_array(zc_pack_t *pack, size_t count);

/* Of fixed width, to be filled in later: five bytes for the count of an array, nine for an
 * integer. */
void zc_pack_array_fixed(uint8_t *at, uint32_t count);
void zc_pack_uint_fixed(uint8_t *at, uint64_t value);
enum { ZC_PACK_ARRAY_FIXED_BYTES = 5, ZC_PACK_UINT_FIXED_BYTES = 9 };

/* Passes over `bytes` that are filled in later, and returns where they are. */
uint8_t *zc_pack_skip(zc_pack_t *pack, size_t bytes);

#endif
