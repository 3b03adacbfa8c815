/* SPDX-License-Identifier: MPL-2.0 */
/* The families of messages, as a table of what each is made of. */
#include "tests/support/fuzz_frame.h"

#include <stdio.h>
#include <string.h>

#include <zcache/limits.h>

#include "lib/base/hash.h"
#include "lib/replica/message.h"

enum { KEYS = 8, VALUE_BYTES_MAX = 1100, RECORDS_MAX = 6, ROWS_MAX = 4, TEXT_BYTES = 64 };

typedef struct maker {
    zc_fuzz_input_t *input;
    const zc_fuzz_world_t *world;
    msgpack_packer packer;
    uint64_t hlc; /* that the next record is above */
} maker_t;

const char *zc_fuzz_endpoint(unsigned index, unsigned offset) {
    static char text[TEXT_BYTES];
    snprintf(text, sizeof text, "tcp://10.0.0.%u:%u", index + 1, 5000 + offset);
    return text;
}

static bool one_in(maker_t *maker, unsigned chance) {
    return zc_fuzz_below(maker->input, chance) == 1;
}

static uint64_t below(maker_t *maker, uint64_t bound) {
    return zc_fuzz_below(maker->input, bound);
}

/* -- Parts ----------------------------------------------------------------- */

static void put_array(maker_t *maker, size_t count) {
    msgpack_pack_array(&maker->packer, count);
}

static void put_uint(maker_t *maker, uint64_t number) {
    msgpack_pack_uint64(&maker->packer, number);
}

static void put_bool(maker_t *maker) {
    if (one_in(maker, 3)) {
        msgpack_pack_true(&maker->packer);
    } else {
        msgpack_pack_false(&maker->packer);
    }
}

static void put_bin(maker_t *maker, const void *data, size_t bytes) {
    msgpack_pack_bin(&maker->packer, bytes);
    msgpack_pack_bin_body(&maker->packer, data, bytes);
}

static void put_text(maker_t *maker, const char *text) {
    msgpack_pack_str(&maker->packer, strlen(text));
    msgpack_pack_str_body(&maker->packer, text, strlen(text));
}

/* A number that is often small, sometimes at an edge and sometimes any. */
static uint64_t some_number(maker_t *maker) {
    switch (below(maker, 8)) {
    case 5:
        return zc_fuzz_uint(maker->input, 8);
    case 6:
        return (uint64_t)1 << below(maker, 64);
    case 7:
        return UINT64_MAX >> below(maker, 64);
    default:
        return below(maker, 16);
    }
}

/* Around mesh time: long ago, just now, as far ahead as is taken, and further. */
static uint64_t some_ms(maker_t *maker) {
    static const int64_t steps_ms[] = {0, 1, 50, 1000, 100000, -1, -50, -1000, -100000, 99, 101};
    uint64_t chosen = below(maker, 16);
    uint64_t count = sizeof steps_ms / sizeof steps_ms[0];
    if (chosen >= count) {
        return chosen == count ? some_number(maker) & (((uint64_t)1 << 47) - 1) : 0;
    }
    return maker->world->mesh_ms + (uint64_t)steps_ms[chosen];
}

static uint64_t some_hlc(maker_t *maker) {
    return (some_ms(maker) << 16) + below(maker, 16);
}

static const zc_origin_t *some_origin(maker_t *maker) {
    return &maker->world->origins[below(maker, ZC_FUZZ_ORIGINS)];
}

static void put_origin(maker_t *maker) {
    put_bin(maker, some_origin(maker)->bytes, sizeof(zc_origin_t));
}

static void put_stamp(maker_t *maker) {
    if (one_in(maker, 2)) {
        msgpack_pack_nil(&maker->packer);
        return;
    }
    put_array(maker, 2);
    put_uint(maker, some_hlc(maker));
    put_origin(maker);
}

static void put_key(maker_t *maker) {
    char key[] = "k0";
    key[1] = (char)('0' + below(maker, KEYS));
    put_bin(maker, key, 2);
}

static uint64_t some_hash(maker_t *maker) {
    char key[] = "k0";
    key[1] = (char)('0' + below(maker, KEYS));
    return one_in(maker, 8) ? some_number(maker) : zc_key_hash(zc_slice(key, 2));
}

static void put_value(maker_t *maker) {
    static const char zeros[VALUE_BYTES_MAX];
    zc_slice_t value = one_in(maker, 8) ? zc_slice(zeros, below(maker, VALUE_BYTES_MAX))
                                        : zc_fuzz_slice(maker->input, 8);
    put_bin(maker, value.data, value.bytes);
}

static void put_settings(maker_t *maker) {
#define SETTING_ROW(name, initial, least, most, unit) {(initial), (least), (most)},
    static const uint64_t settings[][3] = {ZC_SETTING_MAP(SETTING_ROW)};
#undef SETTING_ROW
    size_t count = sizeof settings / sizeof settings[0];
    put_array(maker, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t chosen = below(maker, 5);
        put_uint(maker, chosen < 3 ? settings[i][chosen] : settings[i][1] + below(maker, 64));
    }
}

static void put_registers(maker_t *maker) {
    put_array(maker, 3);
    put_stamp(maker);
    put_settings(maker);
    put_stamp(maker);
}

static void put_identity(maker_t *maker) {
    unsigned index = (unsigned)below(maker, ZC_FUZZ_ORIGINS);
    put_array(maker, 6);
    put_bin(maker, maker->world->origins[index].bytes, sizeof(zc_origin_t));
    put_text(maker, "n");
    put_text(maker, "");
    unsigned place = one_in(maker, 4) ? (unsigned)below(maker, 256) : index;
    put_text(maker, zc_fuzz_endpoint(place, 0));
    put_text(maker, zc_fuzz_endpoint(place, 1));
    put_text(maker, zc_fuzz_endpoint(place, 2));
}

static void put_members(maker_t *maker) {
    size_t count = below(maker, 8);
    put_array(maker, count);
    for (size_t i = 0; i < count; i++) {
        put_array(maker, 2);
        put_origin(maker);
        put_text(maker, zc_fuzz_endpoint((unsigned)below(maker, 256), 0));
    }
}

/* Ascending origins, each with ascending intervals that do not touch. */
static void put_vector(maker_t *maker) {
    unsigned first = (unsigned)below(maker, ZC_FUZZ_ORIGINS);
    unsigned rows = (unsigned)below(maker, ROWS_MAX);
    rows = rows < ZC_FUZZ_ORIGINS - first ? rows : ZC_FUZZ_ORIGINS - first;
    put_array(maker, rows);
    for (unsigned i = 0; i < rows; i++) {
        size_t intervals = below(maker, 4);
        uint64_t after = one_in(maker, 4) ? some_hlc(maker) : 0;
        put_array(maker, 1 + 2 * intervals);
        put_bin(maker, maker->world->origins[first + i].bytes, sizeof(zc_origin_t));
        for (size_t j = 0; j < intervals; j++) {
            uint64_t upto = one_in(maker, 2) ? some_hlc(maker) : after + 1 + below(maker, 8);
            put_uint(maker, after);
            put_uint(maker, upto);
            after = upto + 1 + below(maker, 4);
        }
    }
}

static void put_floors(maker_t *maker) {
    unsigned first = (unsigned)below(maker, ZC_FUZZ_ORIGINS);
    unsigned count = one_in(maker, 2) ? ZC_FUZZ_ORIGINS - first : 0;
    put_array(maker, count);
    for (unsigned i = 0; i < count; i++) {
        put_array(maker, 2);
        put_bin(maker, maker->world->origins[first + i].bytes, sizeof(zc_origin_t));
        put_uint(maker, some_hlc(maker));
    }
}

/* -- Records --------------------------------------------------------------- */

typedef enum form { FORM_BATCH, FORM_CHUNK, FORM_ANSWER } form_t;

static void put_record(maker_t *maker, form_t form) {
    bool ghost = form != FORM_ANSWER && one_in(maker, 3);
    bool chunk = form == FORM_CHUNK;
    size_t more = ghost ? 0 : below(maker, form == FORM_BATCH ? 3 : 4);
    put_array(maker, (ghost ? 2u : 3u) + (chunk ? 1u : 0u) + more);
    if (chunk) {
        put_uint(maker, below(maker, 3));
    }
    maker->hlc = form == FORM_BATCH ? maker->hlc + 1 + below(maker, 4) : some_hlc(maker);
    put_uint(maker, maker->hlc);
    if (ghost) {
        put_uint(maker, some_hash(maker));
        return;
    }
    put_key(maker);
    put_value(maker);
    for (size_t i = 0; i < more; i++) {
        put_uint(maker, i == 0 ? below(maker, 2) : some_ms(maker));
    }
}

static void put_records(maker_t *maker, form_t form, size_t count) {
    put_array(maker, count);
    for (size_t i = 0; i < count; i++) {
        put_record(maker, form);
    }
}

/* -- Messages: what follows code and version ------------------------------- */

/* Consecutive writes: prev, then records above it, then last at or above them. */
static void put_batch(maker_t *maker) {
    put_origin(maker);
    uint64_t prev = one_in(maker, 3) ? 0 : some_hlc(maker);
    size_t count = below(maker, RECORDS_MAX);
    uint64_t last = prev + 1 + (one_in(maker, 2) ? 4 * count : below(maker, (uint64_t)1 << 24));
    put_uint(maker, prev);
    put_uint(maker, last);
    put_stamp(maker);
    maker->hlc = one_in(maker, 2) && last > 4 * count ? last - 4 * count : prev;
    put_records(maker, FORM_BATCH, count);
}

static void put_heartbeat(maker_t *maker) {
    put_origin(maker);
    put_uint(maker, some_hlc(maker));
    put_uint(maker, some_ms(maker));
    put_uint(maker, some_number(maker));
    put_uint(maker, some_number(maker));
    put_uint(maker, some_number(maker));
    put_bool(maker);
}

static void put_touch(maker_t *maker) {
    put_origin(maker);
    size_t count = 1 + below(maker, 8);
    put_array(maker, count);
    for (size_t i = 0; i < count; i++) {
        put_uint(maker, some_hash(maker));
    }
}

static void put_registers_message(maker_t *maker) {
    put_origin(maker);
    put_registers(maker);
}

static void put_hello(maker_t *maker) {
    put_identity(maker);
    put_uint(maker, some_ms(maker));
    put_bool(maker);
}

static void put_welcome(maker_t *maker) {
    put_hello(maker);
    put_uint(maker, some_number(maker));
    put_registers(maker);
    put_members(maker);
}

static void put_ping(maker_t *maker) {
    put_uint(maker, some_number(maker));
}

static void put_pong(maker_t *maker) {
    put_uint(maker, maker->world->number);
}

static void put_nothing(maker_t *maker) {
    (void)maker;
}

static void put_sync_ask(maker_t *maker) {
    put_uint(maker, below(maker, 4));
    put_bool(maker);
    put_uint(maker, some_number(maker) & UINT32_MAX);
    put_registers(maker);
    put_vector(maker);
}

static void put_chunk(maker_t *maker) {
    put_uint(maker, maker->world->session);
    put_uint(maker, below(maker, 4));
    put_bool(maker);
    size_t origins = 1 + below(maker, 3);
    put_array(maker, origins);
    for (size_t i = 0; i < origins; i++) {
        put_origin(maker);
    }
    put_records(maker, FORM_CHUNK, below(maker, RECORDS_MAX));
}

static void put_credit(maker_t *maker) {
    put_uint(maker, below(maker, 4));
    put_uint(maker, some_number(maker) & UINT32_MAX);
}

static void put_end(maker_t *maker) {
    put_uint(maker, maker->world->session);
    put_uint(maker, below(maker, 4));
    put_uint(maker, below(maker, 5));
    put_bool(maker);
    put_uint(maker, some_number(maker));
    put_vector(maker);
    put_floors(maker);
    put_stamp(maker);
    put_registers(maker);
}

static void put_read(maker_t *maker) {
    put_uint(maker, some_number(maker));
    put_key(maker);
}

static void put_answer(maker_t *maker) {
    put_pong(maker);
    put_origin(maker);
    put_record(maker, FORM_ANSWER);
}

static void put_reason(maker_t *maker) {
    put_uint(maker, 1 + below(maker, 2));
}

static const struct {
    unsigned code;
    unsigned items;
    void (*put)(maker_t *maker);
} messages[] = {
    {ZC_MESSAGE_BATCH, 5, put_batch},      {ZC_MESSAGE_HEARTBEAT, 7, put_heartbeat},
    {ZC_MESSAGE_TOUCH, 2, put_touch},      {ZC_MESSAGE_REGISTERS, 2, put_registers_message},
    {ZC_MESSAGE_GOODBYE, 1, put_origin},   {ZC_MESSAGE_HELLO, 3, put_hello},
    {ZC_MESSAGE_WELCOME, 6, put_welcome},  {ZC_MESSAGE_PING, 1, put_ping},
    {ZC_MESSAGE_PONG, 1, put_pong},        {ZC_MESSAGE_MEMBERS_ASK, 0, put_nothing},
    {ZC_MESSAGE_MEMBERS, 1, put_members},  {ZC_MESSAGE_SYNC_ASK, 5, put_sync_ask},
    {ZC_MESSAGE_SYNC_CHUNK, 5, put_chunk}, {ZC_MESSAGE_SYNC_CREDIT, 2, put_credit},
    {ZC_MESSAGE_SYNC_END, 9, put_end},     {ZC_MESSAGE_READ, 2, put_read},
    {ZC_MESSAGE_READ_ANSWER, 1, put_pong}, {ZC_MESSAGE_READ_ANSWER, 3, put_answer},
    {ZC_MESSAGE_REFUSED, 1, put_reason},
};

void zc_fuzz_frame(zc_fuzz_input_t *input, const zc_fuzz_world_t *world, msgpack_sbuffer *frame) {
    maker_t maker = {.input = input, .world = world};
    size_t row = zc_fuzz_below(input, sizeof messages / sizeof messages[0]);
    msgpack_sbuffer_clear(frame);
    msgpack_packer_init(&maker.packer, frame, msgpack_sbuffer_write);
    put_array(&maker, 2 + messages[row].items);
    put_uint(&maker, messages[row].code);
    put_uint(&maker, one_in(&maker, 32) ? 2 : ZC_PROTOCOL_VERSION);
    messages[row].put(&maker);
}
