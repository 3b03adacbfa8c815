/* SPDX-License-Identifier: MPL-2.0 */
/* Transfers: SYNC_ASK, SYNC_CHUNK, SYNC_CREDIT, SYNC_END.
 *
 * Invariant: every record of a chunk that was read names one of the chunk's own origins. */
#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/wire/family.h"

/* -- SYNC_ASK: session, replace, credit, registers, vector, left out ------- */

static size_t ask_bytes(const zc_message_t *message) {
    return 3 * ZC_PACK_UINT_BYTES_MAX + 1 + ZC_WIRE_REGISTERS_BYTES_MAX +
           zc_vector_bytes(&message->sync_ask.have);
}

static void pack_ask(zc_pack_t *pack, const zc_message_t *message) {
    const zc_sync_ask_t *ask = &message->sync_ask;
    zc_pack_uint(pack, ask->session);
    zc_pack_bool(pack, ask->replace);
    zc_pack_uint(pack, ask->credit_bytes);
    zc_pack_registers(pack, &ask->registers);
    zc_pack_vector(pack, &ask->have);
    zc_pack_uint(pack, ask->left_out);
}

static void unpack_ask(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                       zc_message_t *message) {
    (void)fields;
    zc_sync_ask_t *ask = &message->sync_ask;
    ask->session = zc_unpack_uint(unpack, 0, UINT64_MAX);
    ask->replace = zc_unpack_bool(unpack);
    ask->credit_bytes = (uint32_t)zc_unpack_uint(unpack, 0, UINT32_MAX);
    ask->registers = zc_unpack_registers(unpack);
    ask->have = zc_unpack_vector(unpack, scratch);
    ask->left_out = zc_unpack_uint(unpack, 0, UINT64_MAX);
}

/* -- SYNC_CHUNK: session, number, replace, [origin, ...], [record, ...] ---- */

static size_t chunk_bytes(const zc_message_t *message) {
    const zc_sync_chunk_t *chunk = &message->sync_chunk;
    return 2 * ZC_PACK_UINT_BYTES_MAX + 1 + ZC_PACK_HEAD_BYTES_MAX +
           chunk->origin_count * ZC_WIRE_ORIGIN_BYTES +
           zc_records_bytes(chunk->records, chunk->count);
}

static void pack_chunk(zc_pack_t *pack, const zc_message_t *message) {
    const zc_sync_chunk_t *chunk = &message->sync_chunk;
    ZC_ASSERT(chunk->origin_count <= ZCACHE_ORIGINS_MAX);
    ZC_ASSERT(chunk->count <= ZCACHE_BATCH_RECORDS_MAX);
    zc_pack_uint(pack, chunk->session);
    zc_pack_uint(pack, chunk->number);
    zc_pack_bool(pack, chunk->replace);
    zc_pack_array(pack, chunk->origin_count);
    for (size_t i = 0; i < chunk->origin_count; i++) {
        zc_pack_origin(pack, &chunk->origins[i]);
    }
    zc_pack_array(pack, chunk->count);
    for (size_t i = 0; i < chunk->count; i++) {
        ZC_ASSERT(chunk->records[i].origin < chunk->origin_count);
        zc_pack_record(pack, &chunk->records[i], true);
    }
}

static void unpack_chunk(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                         zc_message_t *message) {
    (void)fields;
    zc_sync_chunk_t *chunk = &message->sync_chunk;
    chunk->session = zc_unpack_uint(unpack, 0, UINT64_MAX);
    chunk->number = (uint32_t)zc_unpack_uint(unpack, 0, UINT32_MAX);
    chunk->replace = zc_unpack_bool(unpack);
    chunk->origin_count = zc_unpack_array(unpack, 0, ZCACHE_ORIGINS_MAX, ZC_WIRE_ORIGIN_BYTES);
    zc_origin_t *origins = zc_scratch_take(scratch, unpack, chunk->origin_count * sizeof *origins);
    for (size_t i = 0; i < chunk->origin_count && !zc_unpack_failed(unpack); i++) {
        origins[i] = zc_unpack_origin(unpack);
    }
    chunk->origins = origins;
    chunk->count =
        zc_unpack_array(unpack, 0, ZCACHE_BATCH_RECORDS_MAX, 1 + ZC_WIRE_RECORD_BYTES_MIN);
    zc_record_t *records = zc_scratch_take(scratch, unpack, chunk->count * sizeof *records);
    for (size_t i = 0; i < chunk->count && !zc_unpack_failed(unpack); i++) {
        zc_unpack_chunk_record(unpack, chunk->origin_count, &records[i]);
    }
    chunk->records = records;
}

/* -- SYNC_CREDIT: session, credit ------------------------------------------ */

static size_t credit_bytes(const zc_message_t *message) {
    (void)message;
    return 2 * ZC_PACK_UINT_BYTES_MAX;
}

static void pack_credit(zc_pack_t *pack, const zc_message_t *message) {
    zc_pack_uint(pack, message->sync_credit.session);
    zc_pack_uint(pack, message->sync_credit.credit_bytes);
}

static void unpack_credit(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                          zc_message_t *message) {
    (void)fields;
    (void)scratch;
    message->sync_credit.session = zc_unpack_uint(unpack, 0, UINT64_MAX);
    message->sync_credit.credit_bytes = (uint32_t)zc_unpack_uint(unpack, 0, UINT32_MAX);
}

/* -- SYNC_END: session, number, result, replace, entries, vector, floors, horizon, registers -- */

static size_t end_bytes(const zc_message_t *message) {
    const zc_sync_end_t *end = &message->sync_end;
    return 4 * ZC_PACK_UINT_BYTES_MAX + 1 + zc_vector_bytes(&end->vector) +
           zc_floors_bytes(end->floor_count) + ZC_WIRE_STAMP_BYTES_MAX +
           ZC_WIRE_REGISTERS_BYTES_MAX;
}

static void pack_end(zc_pack_t *pack, const zc_message_t *message) {
    const zc_sync_end_t *end = &message->sync_end;
    zc_pack_uint(pack, end->session);
    zc_pack_uint(pack, end->number);
    zc_pack_uint(pack, end->result);
    zc_pack_bool(pack, end->replace);
    zc_pack_uint(pack, end->entries);
    zc_pack_vector(pack, &end->vector);
    zc_pack_floors(pack, end->floors, end->floor_count);
    zc_pack_stamp(pack, &end->horizon);
    zc_pack_registers(pack, &end->registers);
}

static void unpack_end(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                       zc_message_t *message) {
    (void)fields;
    zc_sync_end_t *end = &message->sync_end;
    end->session = zc_unpack_uint(unpack, 0, UINT64_MAX);
    end->number = (uint32_t)zc_unpack_uint(unpack, 0, UINT32_MAX);
    end->result = (zc_sync_result_t)zc_unpack_uint(unpack, ZC_SYNC_COMPLETE, ZC_SYNC_PART);
    end->replace = zc_unpack_bool(unpack);
    end->entries = zc_unpack_uint(unpack, 0, UINT64_MAX);
    end->vector = zc_unpack_vector(unpack, scratch);
    end->floors = zc_unpack_floors(unpack, scratch, &end->floor_count);
    end->horizon = zc_unpack_stamp(unpack);
    end->registers = zc_unpack_registers(unpack);
}

const zc_wire_form_t *zc_wire_sync_form(uint64_t code) {
    static const zc_wire_form_t forms[] = {
        {ZC_MESSAGE_SYNC_ASK, 6, 6, ask_bytes, NULL, pack_ask, unpack_ask},
        {ZC_MESSAGE_SYNC_CHUNK, 5, 5, chunk_bytes, NULL, pack_chunk, unpack_chunk},
        {ZC_MESSAGE_SYNC_CREDIT, 2, 2, credit_bytes, NULL, pack_credit, unpack_credit},
        {ZC_MESSAGE_SYNC_END, 9, 9, end_bytes, NULL, pack_end, unpack_end},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (code == (uint64_t)forms[i].type) {
            return &forms[i];
        }
    }
    return NULL;
}
