/* SPDX-License-Identifier: MPL-2.0 */
/* Reading msgpack in place: every form of every value, of which the header has the frequent ones.
 *
 * Invariant: at <= end, and a byte is looked at only after take() has said that it is there. A
 * reader that failed stands at its end, so that nothing more can be taken. */
#include "lib/wire/unpack.h"

#include "lib/base/assert.h"

zc_unpack_t zc_unpack_open(zc_slice_t bytes) {
    static const uint8_t nothing[1] = {0};
    const uint8_t *at = bytes.data != NULL ? bytes.data : nothing;
    return (zc_unpack_t){.at = at, .end = at + bytes.bytes, .status = ZCACHE_OK};
}

void zc_unpack_fail(zc_unpack_t *unpack, zcache_status status) {
    ZC_ASSERT(status != ZCACHE_OK);
    if (unpack->status == ZCACHE_OK) {
        unpack->status = status;
        unpack->at = unpack->end;
    }
}

static void fail(zc_unpack_t *unpack) {
    zc_unpack_fail(unpack, ZCACHE_MALFORMED);
}

void zc_unpack_finish(zc_unpack_t *unpack) {
    if (unpack->at != unpack->end) {
        fail(unpack);
    }
}

/* The next `bytes` bytes, or NULL, and then the reader has failed. */
static const uint8_t *take(zc_unpack_t *unpack, size_t bytes) {
    if (zc_unpack_failed(unpack) || bytes > (size_t)(unpack->end - unpack->at)) {
        fail(unpack);
        return NULL;
    }
    const uint8_t *at = unpack->at;
    unpack->at += bytes;
    return at;
}

/* A big-endian number of 1, 2, 4 or 8 bytes; 0 where there are not that many. */
static uint64_t take_number(zc_unpack_t *unpack, size_t bytes) {
    const uint8_t *at = take(unpack, bytes);
    uint64_t value = 0;
    for (size_t i = 0; at != NULL && i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* The marker of the next value; 0xc1, which msgpack never uses, where there is none. */
static uint8_t take_marker(zc_unpack_t *unpack) {
    const uint8_t *at = take(unpack, 1);
    return at != NULL ? *at : 0xc1;
}

/* An integer as its 64 bits, and whether it is below zero. */
static uint64_t take_integer(zc_unpack_t *unpack, bool *negative) {
    *negative = false;
    uint8_t marker = take_marker(unpack);
    if (marker <= 0x7f) {
        return marker;
    }
    if (marker >= 0xe0) {
        *negative = true;
        return (uint64_t)(int64_t)(int8_t)marker;
    }
    if (marker >= 0xcc && marker <= 0xcf) {
        return take_number(unpack, (size_t)1 << (marker - 0xcc));
    }
    if (marker >= 0xd0 && marker <= 0xd3) {
        unsigned bytes = 1u << (marker - 0xd0);
        uint64_t value = take_number(unpack, bytes);
        if ((value >> (8 * bytes - 1) & 1) != 0) {
            *negative = true;
            value |= bytes == 8 ? 0 : UINT64_MAX << (8 * bytes);
        }
        return value;
    }
    fail(unpack);
    return 0;
}

uint64_t zc_unpack_any_uint(zc_unpack_t *unpack, uint64_t least, uint64_t most) {
    bool negative = false;
    uint64_t value = take_integer(unpack, &negative);
    if (zc_unpack_failed(unpack) || negative || value < least || value > most) {
        fail(unpack);
        return 0;
    }
    return value;
}

int64_t zc_unpack_int(zc_unpack_t *unpack, int64_t least, int64_t most) {
    bool negative = false;
    uint64_t value = take_integer(unpack, &negative);
    if (zc_unpack_failed(unpack) || (!negative && value > INT64_MAX)) {
        fail(unpack);
        return 0;
    }
    int64_t number = (int64_t)value;
    if (number < least || number > most) {
        fail(unpack);
        return 0;
    }
    return number;
}

bool zc_unpack_bool(zc_unpack_t *unpack) {
    uint8_t marker = take_marker(unpack);
    if (marker != 0xc2 && marker != 0xc3) {
        fail(unpack);
        return false;
    }
    return marker == 0xc3;
}

bool zc_unpack_nil(zc_unpack_t *unpack) {
    if (unpack->at == unpack->end || *unpack->at != 0xc0) {
        return false;
    }
    unpack->at++;
    return true;
}

bool zc_unpack_is_str(const zc_unpack_t *unpack) {
    if (unpack->at == unpack->end) {
        return false;
    }
    uint8_t marker = *unpack->at;
    return (marker >= 0xa0 && marker <= 0xbf) || (marker >= 0xd9 && marker <= 0xdb);
}

static zc_slice_t take_slice(zc_unpack_t *unpack, uint64_t bytes, size_t least, size_t most) {
    if (bytes < least || bytes > most) {
        fail(unpack);
    }
    const uint8_t *at = take(unpack, (size_t)bytes);
    return at != NULL ? zc_slice(at, (size_t)bytes) : zc_slice(NULL, 0);
}

zc_slice_t zc_unpack_any_bin(zc_unpack_t *unpack, size_t least, size_t most) {
    uint8_t marker = take_marker(unpack);
    if (marker < 0xc4 || marker > 0xc6) {
        fail(unpack);
        return zc_slice(NULL, 0);
    }
    uint64_t bytes = take_number(unpack, (size_t)1 << (marker - 0xc4));
    return take_slice(unpack, bytes, least, most);
}

zc_slice_t zc_unpack_str(zc_unpack_t *unpack, size_t least, size_t most) {
    uint8_t marker = take_marker(unpack);
    if (marker >= 0xa0 && marker <= 0xbf) {
        return take_slice(unpack, marker & 0x1f, least, most);
    }
    if (marker < 0xd9 || marker > 0xdb) {
        fail(unpack);
        return zc_slice(NULL, 0);
    }
    uint64_t bytes = take_number(unpack, (size_t)1 << (marker - 0xd9));
    return take_slice(unpack, bytes, least, most);
}

uint32_t zc_unpack_any_array(zc_unpack_t *unpack, uint32_t least, uint32_t most,
                             size_t item_bytes) {
    ZC_ASSERT(item_bytes > 0);
    uint8_t marker = take_marker(unpack);
    uint64_t count = 0;
    if (marker >= 0x90 && marker <= 0x9f) {
        count = marker & 0x0f;
    } else if (marker == 0xdc || marker == 0xdd) {
        count = take_number(unpack, marker == 0xdc ? 2 : 4);
    } else {
        fail(unpack);
    }
    size_t left = zc_unpack_left(unpack);
    if (zc_unpack_failed(unpack) || count < least || count > most || count > left / item_bytes) {
        fail(unpack);
        return 0;
    }
    return (uint32_t)count;
}
