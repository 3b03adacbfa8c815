/* SPDX-License-Identifier: MPL-2.0 */
/* Reading msgpack in place: strict, without memory of its own, and never past the end of the bytes.
 *
 * The first thing that is wrong makes the reader fail, and from then on every read returns nothing
 * (0, false, an empty slice), so that a decoder reads straight through and looks at `status` at its
 * end. Loops that store what they read stop at zc_unpack_failed.
 *
 * msgpack-c is not used here because it builds a tree of objects first: 24 bytes for each nil of a
 * message, however many a peer claims, where rule L2 wants the bytes checked before they cost
 * anything. It is the oracle of the tests. */
#ifndef ZC_WIRE_UNPACK_H
#define ZC_WIRE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include <zcache/status.h>

#include "lib/base/slice.h"
#include "lib/wire/endian.h"

typedef struct zc_unpack {
    const uint8_t *at;
    const uint8_t *end;
    zcache_status status; /* OK until something was wrong */
} zc_unpack_t;

zc_unpack_t zc_unpack_open(zc_slice_t bytes);

/* The first failure stays: OK becomes `status`, anything else is kept. */
void zc_unpack_fail(zc_unpack_t *unpack, zcache_status status);

static inline bool zc_unpack_failed(const zc_unpack_t *unpack) {
    return unpack->status != ZCACHE_OK;
}

/* What has not been read yet. */
static inline zc_slice_t zc_unpack_rest(const zc_unpack_t *unpack) {
    return zc_slice(unpack->at, (size_t)(unpack->end - unpack->at));
}

/* Fails if there is a byte left. */
void zc_unpack_finish(zc_unpack_t *unpack);

/* The calls that follow these three, for every form that msgpack has: see unpack.c. */
uint64_t zc_unpack_any_uint(zc_unpack_t *unpack, uint64_t least, uint64_t most);
zc_slice_t zc_unpack_any_bin(zc_unpack_t *unpack, size_t least, size_t most);
uint32_t zc_unpack_any_array(zc_unpack_t *unpack, uint32_t least, uint32_t most, size_t item_bytes);

static inline size_t zc_unpack_left(const zc_unpack_t *unpack) {
    return (size_t)(unpack->end - unpack->at);
}

/* An integer from `least` to `most`, in any form that msgpack has for it. The shortest and the
 * longest are read here. A reader that failed has nothing left, here and below. */
static inline uint64_t zc_unpack_uint(zc_unpack_t *unpack, uint64_t least, uint64_t most) {
    size_t left = zc_unpack_left(unpack);
    const uint8_t *at = unpack->at;
    if (left > 0 && at[0] <= 0x7f && at[0] >= least && at[0] <= most) {
        unpack->at += 1;
        return at[0];
    }
    if (left >= 9 && at[0] == 0xcf) {
        uint64_t value = zc_endian_load64(at + 1);
        if (value >= least && value <= most) {
            unpack->at += 9;
            return value;
        }
    }
    return zc_unpack_any_uint(unpack, least, most);
}
int64_t zc_unpack_int(zc_unpack_t *unpack, int64_t least, int64_t most);
bool zc_unpack_bool(zc_unpack_t *unpack);

/* True: a nil was next, and is read. */
bool zc_unpack_nil(zc_unpack_t *unpack);

/* True: a str is next; nothing is read. */
bool zc_unpack_is_str(const zc_unpack_t *unpack);

/* `least` to `most` bytes of a bin or of a str; the slice points into what is read. What the bytes
 * of a str are is not looked at. */
static inline zc_slice_t zc_unpack_bin(zc_unpack_t *unpack, size_t least, size_t most) {
    size_t left = zc_unpack_left(unpack);
    const uint8_t *at = unpack->at;
    if (left >= 2 && at[0] == 0xc4 && at[1] <= left - 2 && at[1] >= least && at[1] <= most) {
        unpack->at += 2 + at[1];
        return zc_slice(at + 2, at[1]);
    }
    return zc_unpack_any_bin(unpack, least, most);
}

zc_slice_t zc_unpack_str(zc_unpack_t *unpack, size_t least, size_t most);

/* The count of an array, `least` to `most` items. It is believed only if the bytes that are left
 * can hold that many items of `item_bytes`, at least 1, each. */
static inline uint32_t zc_unpack_array(zc_unpack_t *unpack, uint32_t least, uint32_t most,
                                       size_t item_bytes) {
    size_t left = zc_unpack_left(unpack);
    if (left > 0 && (unpack->at[0] & 0xf0) == 0x90) {
        uint32_t count = unpack->at[0] & 0x0f;
        if (count >= least && count <= most && count * item_bytes <= left - 1) {
            unpack->at += 1;
            return count;
        }
    }
    return zc_unpack_any_array(unpack, least, most, item_bytes);
}

#endif
