/* SPDX-License-Identifier: MPL-2.0 */
/* Any bytes as values of msgpack, one behind the other: what the reader in place takes and what it
 * refuses is what msgpack-c finds there, and the writer in place makes the bytes that msgpack-c
 * makes of it. The first two bytes of an input are the range that numbers and sizes are asked for.
 *
 * Of arrays only the head is looked at, and their items are the values that follow: msgpack-c makes
 * room for as many items as the bytes claim. */
#include <msgpack.h>

#include "lib/base/assert.h"
#include "lib/wire/pack.h"
#include "lib/wire/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    VALUES_MAX = 128,  /* of an input that are looked at */
    ITEMS_MAX = 65536, /* of an array that is made to compare its head */
};

typedef struct range {
    uint64_t least;
    uint64_t most;
} range_t;

/* What msgpack-c finds at the beginning of the bytes. */
typedef struct found {
    bool whole;
    size_t bytes;
    msgpack_unpacked memory;
} found_t;

/* Has our writer and msgpack-c's write the same. */
typedef struct writers {
    zc_pack_t pack;
    zc_buffer_t ours;
    msgpack_packer packer;
    msgpack_sbuffer theirs;
} writers_t;

static void open_writers(writers_t *writers, size_t bytes_max) {
    zc_buffer_init(&writers->ours, zc_allocator_system());
    bool opened = zc_pack_open(&writers->pack, &writers->ours, bytes_max);
    ZC_ASSERT(opened);
    msgpack_sbuffer_init(&writers->theirs);
    msgpack_packer_init(&writers->packer, &writers->theirs, msgpack_sbuffer_write);
}

static void close_writers(writers_t *writers) {
    zc_pack_close(&writers->pack);
    ZC_ASSERT(zc_slice_equal(zc_buffer_slice(&writers->ours),
                             zc_slice(writers->theirs.data, writers->theirs.size)));
    zc_buffer_fini(&writers->ours);
    msgpack_sbuffer_destroy(&writers->theirs);
}

/* A reader that failed has said so and stands at its end; one that did not has read `bytes`. */
static void expect(const zc_unpack_t *unpack, zc_slice_t from, bool taken, size_t bytes) {
    ZC_ASSERT(zc_unpack_failed(unpack) != taken);
    ZC_ASSERT(zc_unpack_left(unpack) == (taken ? from.bytes - bytes : 0));
}

static bool is_within(const range_t *range, uint64_t number) {
    return number >= range->least && number <= range->most;
}

static bool is_array(zc_slice_t from) {
    uint8_t marker = *(const uint8_t *)from.data;
    return (marker & 0xf0) == 0x90 || marker == 0xdc || marker == 0xdd;
}

static bool is_map(zc_slice_t from) {
    uint8_t marker = *(const uint8_t *)from.data;
    return (marker & 0xf0) == 0x80 || marker == 0xde || marker == 0xdf;
}

/* -- Numbers ------------------------------------------------------------------ */

static void check_uint(zc_slice_t from, const range_t *range, const found_t *found) {
    const msgpack_object *value = &found->memory.data;
    bool taken = found->whole && value->type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
                 is_within(range, value->via.u64);
    zc_unpack_t unpack = zc_unpack_open(from);
    uint64_t number = zc_unpack_uint(&unpack, range->least, range->most);
    expect(&unpack, from, taken, found->bytes);
    ZC_ASSERT(number == (taken ? value->via.u64 : 0));
    if (taken) {
        writers_t writers;
        open_writers(&writers, ZC_PACK_UINT_BYTES_MAX);
        zc_pack_uint(&writers.pack, number);
        msgpack_pack_uint64(&writers.packer, number);
        close_writers(&writers);
    }
}

static void check_int(zc_slice_t from, const range_t *range, const found_t *found) {
    const msgpack_object *value = &found->memory.data;
    bool positive = value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 <= INT64_MAX;
    int64_t most = (int64_t)(range->most >> 1);
    int64_t least = -most - 1;
    bool taken = found->whole && (positive || value->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) &&
                 value->via.i64 >= least && value->via.i64 <= most;
    zc_unpack_t unpack = zc_unpack_open(from);
    int64_t number = zc_unpack_int(&unpack, least, most);
    expect(&unpack, from, taken, found->bytes);
    ZC_ASSERT(number == (taken ? value->via.i64 : 0));
    if (taken) {
        writers_t writers;
        open_writers(&writers, ZC_PACK_UINT_BYTES_MAX);
        zc_pack_int(&writers.pack, number);
        msgpack_pack_int64(&writers.packer, number);
        close_writers(&writers);
    }
}

/* -- Bytes, texts and the rest ------------------------------------------------- */

static void check_slice(zc_slice_t from, const range_t *range, const found_t *found, bool text) {
    const msgpack_object *value = &found->memory.data;
    bool taken = found->whole && value->type == (text ? MSGPACK_OBJECT_STR : MSGPACK_OBJECT_BIN) &&
                 is_within(range, value->via.bin.size);
    zc_unpack_t unpack = zc_unpack_open(from);
    zc_slice_t slice = (text ? zc_unpack_str : zc_unpack_bin)(&unpack, range->least, range->most);
    expect(&unpack, from, taken, found->bytes);
    if (!taken) {
        ZC_ASSERT(slice.data == NULL && slice.bytes == 0);
        return;
    }
    ZC_ASSERT(zc_slice_equal(slice, zc_slice(value->via.bin.ptr, value->via.bin.size)));
    writers_t writers;
    open_writers(&writers, ZC_PACK_HEAD_BYTES_MAX + slice.bytes);
    if (text) {
        zc_pack_str(&writers.pack, slice);
        msgpack_pack_str_with_body(&writers.packer, slice.data, slice.bytes);
    } else {
        zc_pack_bin(&writers.pack, slice);
        msgpack_pack_bin_with_body(&writers.packer, slice.data, slice.bytes);
    }
    close_writers(&writers);
}

static void check_nil_and_bool(zc_slice_t from, const found_t *found) {
    const msgpack_object *value = &found->memory.data;
    zc_unpack_t unpack = zc_unpack_open(from);
    bool nil = zc_unpack_nil(&unpack);
    ZC_ASSERT(nil == (found->whole && value->type == MSGPACK_OBJECT_NIL));
    ZC_ASSERT(zc_unpack_left(&unpack) == from.bytes - (nil ? 1 : 0));
    bool taken = found->whole && value->type == MSGPACK_OBJECT_BOOLEAN;
    unpack = zc_unpack_open(from);
    bool truth = zc_unpack_bool(&unpack);
    expect(&unpack, from, taken, found->bytes);
    ZC_ASSERT(truth == (taken && value->via.boolean));
}

/* -- Arrays -------------------------------------------------------------------- */

/* The array that this head begins, filled with nils, is one to msgpack-c. */
static void check_head(zc_slice_t head, uint32_t count) {
    msgpack_sbuffer bytes;
    msgpack_sbuffer_init(&bytes);
    msgpack_sbuffer_write(&bytes, head.data, head.bytes);
    for (uint32_t i = 0; i < count; i++) {
        msgpack_sbuffer_write(&bytes, "\xc0", 1);
    }
    found_t found;
    msgpack_unpacked_init(&found.memory);
    size_t end = 0;
    msgpack_unpack_return result = msgpack_unpack_next(&found.memory, bytes.data, bytes.size, &end);
    ZC_ASSERT(result == MSGPACK_UNPACK_SUCCESS && end == bytes.size);
    ZC_ASSERT(found.memory.data.type == MSGPACK_OBJECT_ARRAY);
    ZC_ASSERT(found.memory.data.via.array.size == count);
    msgpack_unpacked_destroy(&found.memory);
    msgpack_sbuffer_destroy(&bytes);
    writers_t writers;
    open_writers(&writers, ZC_PACK_HEAD_BYTES_MAX);
    zc_pack_array(&writers.pack, count);
    msgpack_pack_array(&writers.packer, count);
    close_writers(&writers);
}

/* What a head says in plain code. False: it is cut short, or none. */
static bool count_of(zc_slice_t from, uint64_t *count) {
    const uint8_t *at = from.data;
    size_t bytes = at[0] == 0xdc ? 2 : at[0] == 0xdd ? 4 : 0;
    if (!is_array(from) || from.bytes < 1 + bytes) {
        return false;
    }
    *count = bytes == 0 ? at[0] & 0x0f : 0;
    for (size_t i = 1; i <= bytes; i++) {
        *count = *count << 8 | at[i];
    }
    return *count <= from.bytes - 1 - bytes;
}

/* Returns the bytes of the head, 0: it is none that can be taken. */
static size_t check_array(zc_slice_t from, const range_t *range) {
    uint32_t most = range->most < UINT32_MAX ? (uint32_t)range->most : UINT32_MAX;
    uint64_t expected = 0;
    bool taken = count_of(from, &expected) && expected >= range->least && expected <= most;
    zc_unpack_t unpack = zc_unpack_open(from);
    uint32_t count = zc_unpack_array(&unpack, (uint32_t)range->least, most, 1);
    ZC_ASSERT(zc_unpack_failed(&unpack) != taken);
    ZC_ASSERT(count == (taken ? expected : 0));
    if (!taken) {
        ZC_ASSERT(zc_unpack_left(&unpack) == 0);
        return 0;
    }
    size_t left = zc_unpack_left(&unpack);
    if (count < ITEMS_MAX) {
        check_head(zc_slice(from.data, from.bytes - left), count);
    }
    /* Of items that take more there has to be room for as many. */
    size_t item_bytes = 1 + left % 7;
    zc_unpack_t larger = zc_unpack_open(from);
    zc_unpack_array(&larger, (uint32_t)range->least, most, item_bytes);
    ZC_ASSERT(zc_unpack_failed(&larger) == (count > left / item_bytes));
    return from.bytes - left;
}

/* -- All of them --------------------------------------------------------------- */

/* Returns the bytes of the value, or of an array's head; 0: there is none that goes on. */
static size_t check_value(zc_slice_t from, const range_t *range) {
    found_t found = {.whole = false};
    msgpack_unpacked_init(&found.memory);
    size_t head = check_array(from, range);
    if (!is_array(from) && !is_map(from)) {
        ZC_ASSERT(head == 0);
        msgpack_unpack_return result =
            msgpack_unpack_next(&found.memory, from.data, from.bytes, &found.bytes);
        found.whole = result == MSGPACK_UNPACK_SUCCESS;
    }
    check_uint(from, range, &found);
    check_int(from, range, &found);
    check_slice(from, range, &found, false);
    check_slice(from, range, &found, true);
    check_nil_and_bool(from, &found);
    size_t bytes = found.whole ? found.bytes : head;
    msgpack_unpacked_destroy(&found.memory);
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return 0;
    }
    const range_t range = {.least = data[0], .most = UINT64_MAX >> (data[1] % 64)};
    size_t at = 2;
    for (int i = 0; i < VALUES_MAX && at < size; i++) {
        size_t bytes = check_value(zc_slice(data + at, size - at), &range);
        if (bytes == 0) {
            break;
        }
        if (bytes > 1) { /* cut short it is nothing */
            size_t none = check_value(zc_slice(data + at, bytes - 1), &range);
            ZC_ASSERT(none == 0);
        }
        at += bytes;
    }
    return 0;
}
