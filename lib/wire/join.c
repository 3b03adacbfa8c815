/* SPDX-License-Identifier: MPL-2.0 */
/* What nodes say to one another to become and stay members, and single reads: HELLO, WELCOME, PING,
 * PONG, MEMBERS_ASK, MEMBERS, READ, READ_ANSWER, REFUSED.
 *
 * Invariant: a REFUSED has the same three items in every version of the protocol, as it is the
 * answer to a version that is not spoken: its version is the second of them. */
#include <zcache/limits.h>

#include "lib/wire/family.h"

static size_t no_bytes(const zc_message_t *message) {
    (void)message;
    return 0;
}

static size_t number_bytes(const zc_message_t *message) {
    (void)message;
    return ZC_PACK_UINT_BYTES_MAX;
}

/* -- HELLO: identity, clock, wants_members ---------------------------------  */

static size_t hello_bytes(const zc_message_t *message) {
    return zc_identity_bytes(&message->hello.identity) + ZC_PACK_UINT_BYTES_MAX + 1;
}

static void pack_hello(zc_pack_t *pack, const zc_message_t *message) {
    zc_pack_identity(pack, &message->hello.identity);
    zc_pack_uint(pack, message->hello.clock_ms);
    zc_pack_bool(pack, message->hello.wants_members);
}

static void unpack_hello(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                         zc_message_t *message) {
    (void)fields;
    (void)scratch;
    message->hello.identity = zc_unpack_identity(unpack);
    message->hello.clock_ms = zc_unpack_clock(unpack);
    message->hello.wants_members = zc_unpack_bool(unpack);
}

/* -- WELCOME: identity, clock, joining, entries, registers, members -------- */

static size_t welcome_bytes(const zc_message_t *message) {
    const zc_welcome_t *welcome = &message->welcome;
    return zc_identity_bytes(&welcome->identity) + 2 * ZC_PACK_UINT_BYTES_MAX + 1 +
           ZC_WIRE_REGISTERS_BYTES_MAX + zc_members_bytes(&welcome->members);
}

static void pack_welcome(zc_pack_t *pack, const zc_message_t *message) {
    const zc_welcome_t *welcome = &message->welcome;
    zc_pack_identity(pack, &welcome->identity);
    zc_pack_uint(pack, welcome->clock_ms);
    zc_pack_bool(pack, welcome->joining);
    zc_pack_uint(pack, welcome->entries);
    zc_pack_registers(pack, &welcome->registers);
    zc_pack_members(pack, &welcome->members);
}

static void unpack_welcome(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                           zc_message_t *message) {
    (void)fields;
    zc_welcome_t *welcome = &message->welcome;
    welcome->identity = zc_unpack_identity(unpack);
    welcome->clock_ms = zc_unpack_clock(unpack);
    welcome->joining = zc_unpack_bool(unpack);
    welcome->entries = zc_unpack_uint(unpack, 0, UINT64_MAX);
    welcome->registers = zc_unpack_registers(unpack);
    welcome->members = zc_unpack_members(unpack, scratch);
}

/* -- PING, PONG: number ---------------------------------------------------- */

static void pack_ping(zc_pack_t *pack, const zc_message_t *message) {
    zc_pack_uint(pack, message->ping.number);
}

static void unpack_ping(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                        zc_message_t *message) {
    (void)fields;
    (void)scratch;
    message->ping.number = zc_unpack_uint(unpack, 0, UINT64_MAX);
}

/* -- MEMBERS_ASK: nothing. MEMBERS: members -------------------------------- */

static void pack_nothing(zc_pack_t *pack, const zc_message_t *message) {
    (void)pack;
    (void)message;
}

static void unpack_nothing(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                           zc_message_t *message) {
    (void)unpack;
    (void)fields;
    (void)scratch;
    (void)message;
}

static size_t members_bytes(const zc_message_t *message) {
    return zc_members_bytes(&message->members);
}

static void pack_members(zc_pack_t *pack, const zc_message_t *message) {
    zc_pack_members(pack, &message->members);
}

static void unpack_members(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                           zc_message_t *message) {
    (void)fields;
    message->members = zc_unpack_members(unpack, scratch);
}

/* -- READ: number, key ----------------------------------------------------- */

static size_t read_bytes(const zc_message_t *message) {
    return ZC_PACK_UINT_BYTES_MAX + ZC_PACK_HEAD_BYTES_MAX + message->read.key.bytes;
}

static void pack_read(zc_pack_t *pack, const zc_message_t *message) {
    zc_pack_uint(pack, message->read.number);
    zc_pack_bin(pack, message->read.key);
}

static void unpack_read(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                        zc_message_t *message) {
    (void)fields;
    (void)scratch;
    message->read.number = zc_unpack_uint(unpack, 0, UINT64_MAX);
    message->read.key = zc_unpack_bin(unpack, 1, ZCACHE_KEY_MAX);
}

/* -- READ_ANSWER: number; and if the key was found: origin, record --------- */

enum { ANSWER_FIELDS_MISS = 1, ANSWER_FIELDS_FOUND = 3 };

static size_t answer_bytes(const zc_message_t *message) {
    return ZC_PACK_UINT_BYTES_MAX + ZC_WIRE_ORIGIN_BYTES +
           (message->read_answer.found ? zc_record_bytes(&message->read_answer.record) : 0);
}

static uint32_t answer_fields(const zc_message_t *message) {
    return message->read_answer.found ? ANSWER_FIELDS_FOUND : ANSWER_FIELDS_MISS;
}

static void pack_answer(zc_pack_t *pack, const zc_message_t *message) {
    const zc_read_answer_t *answer = &message->read_answer;
    zc_pack_uint(pack, answer->number);
    if (answer->found) {
        zc_pack_origin(pack, &answer->origin);
        zc_pack_record(pack, &answer->record, false);
    }
}

static void unpack_answer(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                          zc_message_t *message) {
    (void)scratch;
    if (fields != ANSWER_FIELDS_MISS && fields != ANSWER_FIELDS_FOUND) {
        zc_unpack_fail(unpack, ZCACHE_MALFORMED);
        return;
    }
    zc_read_answer_t *answer = &message->read_answer;
    answer->number = zc_unpack_uint(unpack, 0, UINT64_MAX);
    answer->found = fields == ANSWER_FIELDS_FOUND;
    if (answer->found) {
        answer->origin = zc_unpack_origin(unpack);
        zc_unpack_answer_record(unpack, &answer->record);
    }
}

/* -- REFUSED: reason. Its version is that of the head. --------------------- */

static void pack_refused(zc_pack_t *pack, const zc_message_t *message) {
    zc_pack_uint(pack, message->refused.reason);
}

static void unpack_refused(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                           zc_message_t *message) {
    (void)fields;
    (void)scratch;
    message->refused = (zc_refused_t){
        .reason = (zc_refusal_t)zc_unpack_uint(unpack, ZC_REFUSED_VERSION, ZC_REFUSED_FULL),
        .version = ZC_PROTOCOL_VERSION,
    };
}

const zc_wire_form_t *zc_wire_join_form(uint64_t code) {
    static const zc_wire_form_t forms[] = {
        {ZC_MESSAGE_HELLO, 3, 3, hello_bytes, NULL, pack_hello, unpack_hello},
        {ZC_MESSAGE_WELCOME, 6, 6, welcome_bytes, NULL, pack_welcome, unpack_welcome},
        {ZC_MESSAGE_PING, 1, 1, number_bytes, NULL, pack_ping, unpack_ping},
        {ZC_MESSAGE_PONG, 1, 1, number_bytes, NULL, pack_ping, unpack_ping},
        {ZC_MESSAGE_MEMBERS_ASK, 0, 0, no_bytes, NULL, pack_nothing, unpack_nothing},
        {ZC_MESSAGE_MEMBERS, 1, 1, members_bytes, NULL, pack_members, unpack_members},
        {ZC_MESSAGE_READ, 2, 2, read_bytes, NULL, pack_read, unpack_read},
        {ZC_MESSAGE_READ_ANSWER, ANSWER_FIELDS_MISS, ANSWER_FIELDS_FOUND, answer_bytes,
         answer_fields, pack_answer, unpack_answer},
        {ZC_MESSAGE_REFUSED, 1, 1, number_bytes, NULL, pack_refused, unpack_refused},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (code == (uint64_t)forms[i].type) {
            return &forms[i];
        }
    }
    return NULL;
}
