/* SPDX-License-Identifier: MPL-2.0 */
/* The parts that messages are made of, each written and read in one place: heads, origins, stamps,
 * texts, registers, identities, members, vectors, floors and records.
 *
 * A reader checks all that lib/PROTOCOL.md says about its part, and fails the zc_unpack_t where
 * something is wrong. Writers do not fail: X_bytes, or the constants here, are upper bounds for the
 * room that they take. */
#ifndef ZC_WIRE_FIELDS_H
#define ZC_WIRE_FIELDS_H

#include "lib/replica/message.h"
#include "lib/wire/pack.h"
#include "lib/wire/scratch.h"
#include "lib/wire/unpack.h"

/* Milliseconds on the wire, of clocks and of durations, stay below this: nothing that is computed
 * from a few of them overflows. */
#define ZC_WIRE_MS_MAX (((uint64_t)1 << 48) - 1)

enum {
    ZC_WIRE_HEAD_BYTES_MAX = 16, /* array, code, version */
    ZC_WIRE_ORIGIN_BYTES = 18,   /* the smallest and the largest: bin 8 */
    ZC_WIRE_STAMP_BYTES_MAX = 28,
    ZC_WIRE_REGISTERS_BYTES_MAX = 128,
    ZC_WIRE_RECORD_BYTES_MIN = 3, /* a ghost of a batch */
};

/* -- Heads: [code, version, ...] ------------------------------------------- */

/* The head of a message whose array has `fields` items after code and version. */
void zc_pack_head(zc_pack_t *pack, uint32_t code, size_t fields);

typedef struct zc_head {
    uint64_t code;
    uint64_t version;
    uint32_t fields; /* that follow */
} zc_head_t;

/* These two numbers stay where they are in every version of the protocol. */
zc_head_t zc_unpack_head(zc_unpack_t *unpack);

/* -- Small parts ----------------------------------------------------------- */

void zc_pack_origin(zc_pack_t *pack, const zc_origin_t *origin);
zc_origin_t zc_unpack_origin(zc_unpack_t *unpack); /* never none */

/* A stamp, or nil where its hlc is 0. */
void zc_pack_stamp(zc_pack_t *pack, const zc_stamp_t *stamp);
zc_stamp_t zc_unpack_stamp(zc_unpack_t *unpack);

zc_hlc_t zc_unpack_hlc(zc_unpack_t *unpack); /* 1 to ZC_HLC_MAX */

uint64_t zc_unpack_clock(zc_unpack_t *unpack); /* milliseconds that a HLC can hold */

zc_slice_t zc_unpack_text(zc_unpack_t *unpack);
zc_slice_t zc_unpack_endpoint(zc_unpack_t *unpack);

void zc_pack_registers(zc_pack_t *pack, const zc_registers_t *registers);
zc_registers_t zc_unpack_registers(zc_unpack_t *unpack);

size_t zc_identity_bytes(const zc_identity_t *identity);
void zc_pack_identity(zc_pack_t *pack, const zc_identity_t *identity);
zc_identity_t zc_unpack_identity(zc_unpack_t *unpack);

/* -- Lists. Those that are read lie in the scratch. ------------------------ */

size_t zc_members_bytes(const zc_members_t *members);
void zc_pack_members(zc_pack_t *pack, const zc_members_t *members);
zc_members_t zc_unpack_members(zc_unpack_t *unpack, zc_wire_scratch_t *scratch);

/* Origins ascend; see lib/PROTOCOL.md. A vector that does not is our own fault when it is
 * written. */
size_t zc_vector_bytes(const zc_vector_t *vector);
void zc_pack_vector(zc_pack_t *pack, const zc_vector_t *vector);
zc_vector_t zc_unpack_vector(zc_unpack_t *unpack, zc_wire_scratch_t *scratch);

size_t zc_floors_bytes(size_t count);
void zc_pack_floors(zc_pack_t *pack, const zc_floor_t *floors, size_t count);
const zc_floor_t *zc_unpack_floors(zc_unpack_t *unpack, zc_wire_scratch_t *scratch, size_t *count);

/* -- Records, in the form of a batch, of a chunk or of a READ_ANSWER:
 *
 *              entry                                                ghost
 *     batch    [hlc, key, value, type, deadline]                    [hlc, key hash]
 *     chunk    [origin index, hlc, key, value, type, deadline, age] [origin index, hlc, key hash]
 *     answer   [hlc, key, value, type, deadline, age]               none
 *
 * Zeros at the end of an entry, from `type` on, are left out. */

size_t zc_records_bytes(const zc_record_t *records, size_t count);
void zc_pack_record(zc_pack_t *pack, const zc_record_t *record, bool indexed);
void zc_unpack_batch_record(zc_unpack_t *unpack, zc_record_t *record);
void zc_unpack_chunk_record(zc_unpack_t *unpack, size_t origin_count, zc_record_t *record);
void zc_unpack_answer_record(zc_unpack_t *unpack, zc_record_t *record);

#endif
