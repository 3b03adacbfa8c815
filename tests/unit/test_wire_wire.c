/* SPDX-License-Identifier: MPL-2.0 */
/* Whole messages against the test vectors and against what is wrong with them: cut short, changed,
 * made up, or met without memory. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "lib/base/random.h"
#include "lib/wire/request.h"
#include "lib/wire/wire.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/message_json.h"

enum { MEMORY_BYTES = 1 << 20, SCRATCH_MULTIPLE = 24, SCRATCH_SLACK = 64 };

static zc_wire_scratch_t scratch;
static zc_buffer_t memory; /* what vectors that are read point into */
static zc_buffer_t buffer;
static json_t *cases;

static void set_up(void) {
    zc_wire_scratch_init(&scratch, zc_allocator_system());
    zc_buffer_init(&memory, zc_allocator_system());
    zc_buffer_init(&buffer, zc_allocator_system());
    cr_assert_not_null(zc_buffer_reserve(&memory, MEMORY_BYTES));
    cases = zc_vectors_load("peer");
}

static void tear_down(void) {
    json_decref(cases);
    zc_buffer_fini(&buffer);
    zc_buffer_fini(&memory);
    zc_wire_scratch_fini(&scratch);
}

TestSuite(wire, .init = set_up, .fini = tear_down);

/* Calls `check` with every vector that is a message; returns how many there are. */
typedef void check_fn(json_t *vector, json_t *json, zc_slice_t bytes);

static size_t for_each_message(check_fn *check) {
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *vector = json_array_get(cases, i);
        json_t *json = json_object_get(vector, "message");
        if (json != NULL) {
            zc_slice_t bytes = zc_vectors_bytes(vector, "bytes");
            memory.bytes = 0;
            check(vector, json, bytes);
            free((void *)bytes.data);
            count++;
        }
    }
    return count;
}

/* Whether our writer makes these bytes: not those of other forms and of other versions. */
static bool is_ours(const json_t *vector, const json_t *json) {
    json_t *version = json_object_get(json, "version");
    return json_object_get(vector, "other_form") == NULL &&
           (version == NULL || json_integer_value(version) == ZC_PROTOCOL_VERSION);
}

static void check_encode(json_t *vector, json_t *json, zc_slice_t bytes) {
    if (!is_ours(vector, json)) {
        return;
    }
    zc_message_t message;
    zc_message_from_json(json, &memory, &message);
    cr_assert_eq(zc_wire_encode(&message, &buffer), ZCACHE_OK);
    cr_assert(zc_slice_equal(zc_buffer_slice(&buffer), bytes), "%s", zc_vectors_name(vector));
    cr_assert(zc_vectors_oracle(zc_buffer_slice(&buffer), true), "%s", zc_vectors_name(vector));
    cr_assert_eq(zc_wire_code(bytes), (uint32_t)message.type);
}

Test(wire, writes_every_vector_as_msgpack_does) {
    cr_assert_gt(for_each_message(check_encode), 40);
}

static void check_decode(json_t *vector, json_t *json, zc_slice_t bytes) {
    zc_message_t message;
    cr_assert_eq(zc_wire_decode(bytes, &scratch, &message), ZCACHE_OK, "%s",
                 zc_vectors_name(vector));
    json_t *found = zc_message_to_json(&message);
    /* The vector as it is written here: with every field, also one that is 0 or absent there. */
    zc_message_from_json(json, &memory, &message);
    json_t *expected = zc_message_to_json(&message);
    cr_assert(json_equal(found, expected), "%s", zc_vectors_name(vector));
    json_decref(found);
    json_decref(expected);
    cr_assert_leq(scratch.used, bytes.bytes * SCRATCH_MULTIPLE + SCRATCH_SLACK);
}

Test(wire, reads_every_vector) {
    cr_assert_gt(for_each_message(check_decode), 40);
}

Test(wire, refuses_every_wrong_vector_and_leaves_the_message_alone) {
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *vector = json_array_get(cases, i);
        const char *refused = json_string_value(json_object_get(vector, "refused"));
        if (refused == NULL) {
            continue;
        }
        zc_slice_t bytes = zc_vectors_bytes(vector, "bytes");
        bool incompatible = strcmp(refused, "INCOMPATIBLE") == 0;
        zc_message_t message = {.type = ZC_MESSAGE_PONG, .ping = {.number = 77}};
        cr_assert_eq(zc_wire_decode(bytes, &scratch, &message),
                     incompatible ? ZCACHE_INCOMPATIBLE : ZCACHE_MALFORMED, "%s",
                     zc_vectors_name(vector));
        if (incompatible) {
            cr_assert_eq(message.type, ZC_MESSAGE_REFUSED);
            cr_assert_eq(message.refused.reason, ZC_REFUSED_VERSION);
            cr_assert_neq(message.refused.version, ZC_PROTOCOL_VERSION);
        } else {
            cr_assert(message.type == ZC_MESSAGE_PONG && message.ping.number == 77);
        }
        free((void *)bytes.data);
        count++;
    }
    cr_assert_gt(count, 80);
}

static void check_truncations(json_t *vector, json_t *json, zc_slice_t bytes) {
    (void)json;
    for (size_t count = 0; count < bytes.bytes; count++) {
        /* A block of its own, so that ASan sees a read past the end. */
        uint8_t *part = malloc(count > 0 ? count : 1);
        cr_assert_not_null(part);
        memcpy(part, bytes.data, count);
        zc_message_t message;
        zcache_status status = zc_wire_decode(zc_slice(part, count), &scratch, &message);
        cr_assert_eq(status, ZCACHE_MALFORMED, "%s, %zu bytes", zc_vectors_name(vector), count);
        free(part);
    }
}

Test(wire, refuses_every_truncation) {
    for_each_message(check_truncations);
}

/* What may come of bytes that a stranger made: a status, and a message that can be written again
 * and then says the same. */
static void expect_sound(zc_slice_t bytes) {
    zc_message_t message;
    zcache_status status = zc_wire_decode(bytes, &scratch, &message);
    cr_assert_leq(scratch.used, bytes.bytes * SCRATCH_MULTIPLE + SCRATCH_SLACK);
    if (status != ZCACHE_OK) {
        cr_assert(status == ZCACHE_MALFORMED || status == ZCACHE_INCOMPATIBLE);
        return;
    }
    if (message.type == ZC_MESSAGE_REFUSED) {
        return;
    }
    cr_assert_eq(zc_wire_encode(&message, &buffer), ZCACHE_OK);
    json_t *before = zc_message_to_json(&message);
    cr_assert_eq(zc_wire_decode(zc_buffer_slice(&buffer), &scratch, &message), ZCACHE_OK);
    json_t *after = zc_message_to_json(&message);
    cr_assert(json_equal(before, after));
    json_decref(before);
    json_decref(after);
}

static void check_corruptions(json_t *vector, json_t *json, zc_slice_t bytes) {
    (void)vector;
    (void)json;
    static const uint8_t changes[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
    uint8_t *at = (uint8_t *)bytes.data;
    for (size_t i = 0; i < bytes.bytes; i++) {
        for (size_t change = 0; change < sizeof changes; change++) {
            at[i] ^= changes[change];
            expect_sound(bytes);
            at[i] ^= changes[change];
        }
    }
}

Test(wire, survives_every_changed_byte) {
    for_each_message(check_corruptions);
}

static uint64_t mutation_seed;

static void check_mutations(json_t *vector, json_t *json, zc_slice_t bytes) {
    (void)vector;
    (void)json;
    static const uint8_t markers[] = {0xc0, 0xc1, 0xc4, 0xc6, 0xca, 0xcf, 0xd3,
                                      0xd9, 0xdc, 0xdd, 0xdf, 0x9f, 0xff, 0x00};
    zc_random_t random = {.state = ++mutation_seed};
    for (int round = 0; round < 200; round++) {
        size_t room = bytes.bytes + 8;
        uint8_t *copy = calloc(1, room);
        cr_assert_not_null(copy);
        memcpy(copy, bytes.data, bytes.bytes);
        for (uint64_t i = zc_random_below(&random, 6) + 1; i > 0; i--) {
            uint8_t byte = zc_random_below(&random, 2) == 0
                               ? markers[zc_random_below(&random, sizeof markers)]
                               : (uint8_t)zc_random_next(&random);
            copy[zc_random_below(&random, room)] = byte;
        }
        expect_sound(zc_slice(copy, zc_random_below(&random, 3) == 0
                                        ? (size_t)zc_random_below(&random, room + 1)
                                        : bytes.bytes));
        free(copy);
    }
}

Test(wire, survives_random_changes) {
    for_each_message(check_mutations);
}

Test(wire, counts_that_lie_take_no_memory) {
    /* A batch, a chunk's origins, a vector and touches that announce as much as they can. */
    static const uint8_t origin[] = "\xc4\x10"
                                    "0123456789abcdef";
    static const struct {
        const char *head;
        size_t head_bytes;
        bool with_origin;
        const char *tail;
        size_t tail_bytes;
    } lies[] = {
        {"\x96\x01\x01", 3, true, "\x00\x01\xdd\x00\x00\x20\x00", 7},
        {"\x94\x03\x01", 3, true, "\xdc\x10\x00", 3},
        {"\x97\x17\x01\x01\x00\xc2", 6, false, "\xdd\x00\x00\x40\x00", 5},
        {"\x93\x15\x01", 3, false, "\xdc\x04\x00", 3},
        {"\xdd\xff\xff\xff\xff", 5, false, "", 0},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        uint8_t bytes[64];
        size_t count = lies[i].head_bytes;
        memcpy(bytes, lies[i].head, count);
        if (lies[i].with_origin) {
            memcpy(bytes + count, origin, sizeof origin - 1);
            count += sizeof origin - 1;
        }
        memcpy(bytes + count, lies[i].tail, lies[i].tail_bytes);
        count += lies[i].tail_bytes;
        zc_message_t message;
        cr_assert_eq(zc_wire_decode(zc_slice(bytes, count), &scratch, &message), ZCACHE_MALFORMED);
        cr_assert_eq(scratch.capacity, 0);
    }
}

static void check_failed_allocations(json_t *vector, json_t *json, zc_slice_t bytes) {
    if (!is_ours(vector, json)) {
        return;
    }
    zc_message_t message;
    zc_message_from_json(json, &memory, &message);
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        zc_failing_allocator_t failing;
        zc_failing_allocator_init(&failing);
        zc_failing_allocator_fail_after(&failing, n);
        zc_buffer_t written;
        zc_wire_scratch_t read;
        zc_buffer_init(&written, &failing.allocator);
        zc_wire_scratch_init(&read, &failing.allocator);
        zcache_status status = zc_wire_encode(&message, &written);
        cr_assert_eq(status, failing.failed ? ZCACHE_NO_MEMORY : ZCACHE_OK);
        cr_assert_eq(written.bytes, failing.failed ? 0 : bytes.bytes);
        zc_message_t found = {.type = ZC_MESSAGE_PONG, .ping = {.number = 77}};
        bool before = failing.failed;
        status = zc_wire_decode(bytes, &read, &found);
        if (failing.failed && !before) {
            cr_assert_eq(status, ZCACHE_NO_MEMORY);
            cr_assert(found.type == ZC_MESSAGE_PONG && found.ping.number == 77);
            status = zc_wire_decode(bytes, &read, &found);
        }
        cr_assert_eq(status, ZCACHE_OK);
        zc_buffer_fini(&written);
        zc_wire_scratch_fini(&read);
        cr_assert_eq(failing.blocks, 0);
        failed = failing.failed;
    }
}

Test(wire, each_failed_allocation_is_told_and_harmless) {
    for_each_message(check_failed_allocations);
}

Test(wire, a_failed_encode_keeps_what_was_there) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_failing_allocator_fail_after(&failing, 1);
    zc_buffer_t kept;
    zc_buffer_init(&kept, &failing.allocator);
    zc_message_t ping = {.type = ZC_MESSAGE_PING, .ping = {.number = 5}};
    cr_assert_eq(zc_wire_encode(&ping, &kept), ZCACHE_OK);
    static uint8_t key[4096];
    zc_message_t read = {.type = ZC_MESSAGE_READ, .read = {.key = zc_slice(key, sizeof key)}};
    cr_assert_eq(zc_wire_encode(&read, &kept), ZCACHE_NO_MEMORY);
    cr_assert(zc_slice_equal(zc_buffer_slice(&kept), zc_slice("\x93\x12\x01\x05", 4)));
    cr_assert_eq(zc_wire_encode(&read, &kept), ZCACHE_OK);
    zc_buffer_fini(&kept);
}

Test(wire, the_code_tells_peers_from_clients) {
    cr_assert_eq(zc_wire_code(zc_slice("\x92\x20\x02", 3)), ZC_REQUEST_CODE);
    cr_assert_eq(zc_wire_code(zc_slice("\x93\x12\x01\x05", 4)), ZC_MESSAGE_PING);
    cr_assert_eq(zc_wire_code(zc_slice("\x93\xa0\x01\x05", 4)), 0);
    cr_assert_eq(zc_wire_code(zc_slice("GET / HTTP/1.1", 14)), 0);
    cr_assert_eq(zc_wire_code(zc_slice(NULL, 0)), 0);
}
