/* SPDX-License-Identifier: MPL-2.0 */
/* What a node publishes to all others: BATCH, HEARTBEAT, TOUCH, REGISTERS, GOODBYE.
 *
 * Invariant: a batch that was read covers (prev, last], and its records ascend within it. */
#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/wire/family.h"

/* -- BATCH: origin, prev, last, clear, [record, ...] ----------------------- */

static size_t batch_bytes(const zc_message_t *message) {
    const zc_batch_t *batch = &message->batch;
    return 2 * ZC_WIRE_ORIGIN_BYTES + 3 * ZC_PACK_UINT_BYTES_MAX + ZC_PACK_HEAD_BYTES_MAX +
           zc_records_bytes(batch->records, batch->count);
}

static void pack_batch(zc_pack_t *pack, const zc_message_t *message) {
    const zc_batch_t *batch = &message->batch;
    ZC_ASSERT(batch->count <= ZCACHE_BATCH_RECORDS_MAX);
    ZC_ASSERT(batch->prev < batch->last);
    zc_pack_origin(pack, &batch->origin);
    zc_pack_uint(pack, batch->prev);
    zc_pack_uint(pack, batch->last);
    zc_pack_stamp(pack, &batch->clear);
    zc_pack_array(pack, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        ZC_ASSERT(batch->records[i].age_ms == 0);
        zc_pack_record(pack, &batch->records[i], false);
    }
}

static void unpack_batch(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                         zc_message_t *message) {
    (void)fields;
    zc_batch_t *batch = &message->batch;
    batch->origin = zc_unpack_origin(unpack);
    batch->prev = zc_unpack_uint(unpack, 0, ZC_HLC_MAX - 1);
    batch->last = zc_unpack_uint(unpack, batch->prev + 1, ZC_HLC_MAX);
    batch->clear = zc_unpack_stamp(unpack);
    batch->count = zc_unpack_array(unpack, 0, ZCACHE_BATCH_RECORDS_MAX, ZC_WIRE_RECORD_BYTES_MIN);
    zc_record_t *records = zc_scratch_take(scratch, unpack, batch->count * sizeof *records);
    zc_hlc_t before = batch->prev;
    for (size_t i = 0; i < batch->count && !zc_unpack_failed(unpack); i++) {
        zc_unpack_batch_record(unpack, &records[i]);
        if (records[i].hlc <= before || records[i].hlc > batch->last) {
            zc_unpack_fail(unpack, ZCACHE_MALFORMED);
        }
        before = records[i].hlc;
    }
    batch->records = records;
}

/* -- HEARTBEAT: origin, last, clock, state hash, members hash, digest, joining -- */

static size_t heartbeat_bytes(const zc_message_t *message) {
    (void)message;
    return ZC_WIRE_ORIGIN_BYTES + 5 * ZC_PACK_UINT_BYTES_MAX + 1;
}

static void pack_heartbeat(zc_pack_t *pack, const zc_message_t *message) {
    const zc_heartbeat_t *heartbeat = &message->heartbeat;
    zc_pack_origin(pack, &heartbeat->origin);
    zc_pack_uint(pack, heartbeat->last);
    zc_pack_uint(pack, heartbeat->clock_ms);
    zc_pack_uint(pack, heartbeat->state_hash);
    zc_pack_uint(pack, heartbeat->members_hash);
    zc_pack_uint(pack, heartbeat->digest);
    zc_pack_bool(pack, heartbeat->joining);
}

static void unpack_heartbeat(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                             zc_message_t *message) {
    (void)fields;
    (void)scratch;
    zc_heartbeat_t *heartbeat = &message->heartbeat;
    heartbeat->origin = zc_unpack_origin(unpack);
    heartbeat->last = zc_unpack_uint(unpack, 0, ZC_HLC_MAX);
    heartbeat->clock_ms = zc_unpack_clock(unpack);
    heartbeat->state_hash = zc_unpack_uint(unpack, 0, UINT64_MAX);
    heartbeat->members_hash = zc_unpack_uint(unpack, 0, UINT64_MAX);
    heartbeat->digest = zc_unpack_uint(unpack, 0, UINT64_MAX);
    heartbeat->joining = zc_unpack_bool(unpack);
}

/* -- TOUCH: origin, [key hash, ...] ---------------------------------------- */

static size_t touch_bytes(const zc_message_t *message) {
    return ZC_WIRE_ORIGIN_BYTES + ZC_PACK_HEAD_BYTES_MAX +
           message->touch.count * ZC_PACK_UINT_BYTES_MAX;
}

static void pack_touch(zc_pack_t *pack, const zc_message_t *message) {
    const zc_touch_t *touch = &message->touch;
    ZC_ASSERT(touch->count >= 1 && touch->count <= ZCACHE_TOUCHES_MAX);
    zc_pack_origin(pack, &touch->origin);
    zc_pack_array(pack, touch->count);
    for (size_t i = 0; i < touch->count; i++) {
        zc_pack_uint(pack, touch->key_hashes[i]);
    }
}

static void unpack_touch(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                         zc_message_t *message) {
    (void)fields;
    zc_touch_t *touch = &message->touch;
    touch->origin = zc_unpack_origin(unpack);
    touch->count = zc_unpack_array(unpack, 1, ZCACHE_TOUCHES_MAX, 1);
    uint64_t *hashes = zc_scratch_take(scratch, unpack, touch->count * sizeof *hashes);
    for (size_t i = 0; i < touch->count && !zc_unpack_failed(unpack); i++) {
        hashes[i] = zc_unpack_uint(unpack, 0, UINT64_MAX);
    }
    touch->key_hashes = hashes;
}

/* -- REGISTERS: origin, registers ------------------------------------------ */

static size_t registers_bytes(const zc_message_t *message) {
    (void)message;
    return ZC_WIRE_ORIGIN_BYTES + ZC_WIRE_REGISTERS_BYTES_MAX;
}

static void pack_registers(zc_pack_t *pack, const zc_message_t *message) {
    zc_pack_origin(pack, &message->registers.origin);
    zc_pack_registers(pack, &message->registers.registers);
}

static void unpack_registers(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                             zc_message_t *message) {
    (void)fields;
    (void)scratch;
    message->registers.origin = zc_unpack_origin(unpack);
    message->registers.registers = zc_unpack_registers(unpack);
}

/* -- GOODBYE: origin ------------------------------------------------------- */

static size_t goodbye_bytes(const zc_message_t *message) {
    (void)message;
    return ZC_WIRE_ORIGIN_BYTES;
}

static void pack_goodbye(zc_pack_t *pack, const zc_message_t *message) {
    zc_pack_origin(pack, &message->goodbye.origin);
}

static void unpack_goodbye(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                           zc_message_t *message) {
    (void)fields;
    (void)scratch;
    message->goodbye.origin = zc_unpack_origin(unpack);
}

const zc_wire_form_t *zc_wire_broadcast_form(uint64_t code) {
    static const zc_wire_form_t forms[] = {
        {ZC_MESSAGE_BATCH, 5, 5, batch_bytes, NULL, pack_batch, unpack_batch},
        {ZC_MESSAGE_HEARTBEAT, 7, 7, heartbeat_bytes, NULL, pack_heartbeat, unpack_heartbeat},
        {ZC_MESSAGE_TOUCH, 2, 2, touch_bytes, NULL, pack_touch, unpack_touch},
        {ZC_MESSAGE_REGISTERS, 2, 2, registers_bytes, NULL, pack_registers, unpack_registers},
        {ZC_MESSAGE_GOODBYE, 1, 1, goodbye_bytes, NULL, pack_goodbye, unpack_goodbye},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (code == (uint64_t)forms[i].type) {
            return &forms[i];
        }
    }
    return NULL;
}
