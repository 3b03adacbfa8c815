/* SPDX-License-Identifier: MPL-2.0 */
/* The small parts of messages: heads, origins, stamps, texts, registers, identities, members.
 *
 * Invariant: what a reader here returns from a reader that has not failed is within the limits of
 * lib/PROTOCOL.md. */
#include "lib/wire/fields.h"

#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/wire/text.h"

void zc_pack_head(zc_pack_t *pack, uint32_t code, size_t fields) {
    zc_pack_array(pack, 2 + fields);
    zc_pack_uint(pack, code);
    zc_pack_uint(pack, ZC_PROTOCOL_VERSION);
}

zc_head_t zc_unpack_head(zc_unpack_t *unpack) {
    uint32_t count = zc_unpack_array(unpack, 2, UINT32_MAX, 1);
    uint64_t code = zc_unpack_uint(unpack, 1, UINT32_MAX);
    uint64_t version = zc_unpack_uint(unpack, 0, UINT32_MAX);
    return (zc_head_t){.code = code, .version = version, .fields = count >= 2 ? count - 2 : 0};
}

void zc_pack_origin(zc_pack_t *pack, const zc_origin_t *origin) {
    zc_pack_bin(pack, zc_slice(origin->bytes, ZC_ORIGIN_BYTES));
}

zc_origin_t zc_unpack_origin(zc_unpack_t *unpack) {
    zc_origin_t origin = {{0}};
    zc_slice_t bytes = zc_unpack_bin(unpack, ZC_ORIGIN_BYTES, ZC_ORIGIN_BYTES);
    if (!zc_unpack_failed(unpack)) {
        memcpy(origin.bytes, bytes.data, ZC_ORIGIN_BYTES);
        if (zc_origin_is_none(&origin)) {
            zc_unpack_fail(unpack, ZCACHE_MALFORMED);
        }
    }
    return origin;
}

zc_hlc_t zc_unpack_hlc(zc_unpack_t *unpack) {
    return zc_unpack_uint(unpack, 1, ZC_HLC_MAX);
}

uint64_t zc_unpack_clock(zc_unpack_t *unpack) {
    return zc_unpack_uint(unpack, 0, zc_hlc_ms(ZC_HLC_MAX));
}

void zc_pack_stamp(zc_pack_t *pack, const zc_stamp_t *stamp) {
    if (stamp->hlc == 0) {
        zc_pack_nil(pack);
        return;
    }
    zc_pack_array(pack, 2);
    zc_pack_uint(pack, stamp->hlc);
    zc_pack_origin(pack, &stamp->origin);
}

zc_stamp_t zc_unpack_stamp(zc_unpack_t *unpack) {
    zc_stamp_t stamp = {.hlc = 0};
    if (!zc_unpack_nil(unpack)) {
        zc_unpack_array(unpack, 2, 2, 1);
        stamp.hlc = zc_unpack_hlc(unpack);
        stamp.origin = zc_unpack_origin(unpack);
    }
    return stamp;
}

zc_slice_t zc_unpack_text(zc_unpack_t *unpack) {
    zc_slice_t text = zc_unpack_str(unpack, 0, ZCACHE_NAME_BYTES_MAX);
    if (!zc_text_valid(text)) {
        zc_unpack_fail(unpack, ZCACHE_MALFORMED);
    }
    return text;
}

zc_slice_t zc_unpack_endpoint(zc_unpack_t *unpack) {
    zc_slice_t text = zc_unpack_str(unpack, 1, ZCACHE_NAME_BYTES_MAX);
    if (!zc_endpoint_valid(text)) {
        zc_unpack_fail(unpack, ZCACHE_MALFORMED);
    }
    return text;
}

#define SETTING_COUNT_ROW(name, initial, least, most, unit) +1
enum { SETTING_COUNT = 0 ZC_SETTING_MAP(SETTING_COUNT_ROW) };
#undef SETTING_COUNT_ROW

_Static_assert(ZC_WIRE_REGISTERS_BYTES_MAX >=
                   2 + 2 * ZC_WIRE_STAMP_BYTES_MAX + SETTING_COUNT * ZC_PACK_UINT_BYTES_MAX,
               "registers need more room");

void zc_pack_registers(zc_pack_t *pack, const zc_registers_t *registers) {
    zc_pack_array(pack, 3);
    zc_pack_stamp(pack, &registers->settings_stamp);
    zc_pack_array(pack, SETTING_COUNT);
#define SETTING_ROW(name, initial, least, most, unit) zc_pack_uint(pack, registers->settings.name);
    ZC_SETTING_MAP(SETTING_ROW)
#undef SETTING_ROW
    zc_pack_stamp(pack, &registers->clear);
}

zc_registers_t zc_unpack_registers(zc_unpack_t *unpack) {
    zc_registers_t registers;
    zc_unpack_array(unpack, 3, 3, 1);
    registers.settings_stamp = zc_unpack_stamp(unpack);
    zc_unpack_array(unpack, SETTING_COUNT, SETTING_COUNT, 1);
#define SETTING_ROW(name, initial, least, most, unit)                                              \
    registers.settings.name = zc_unpack_uint(unpack, least, most);
    ZC_SETTING_MAP(SETTING_ROW)
#undef SETTING_ROW
    registers.clear = zc_unpack_stamp(unpack);
    return registers;
}

size_t zc_identity_bytes(const zc_identity_t *identity) {
    return 1 + ZC_WIRE_ORIGIN_BYTES + 5 * ZC_PACK_HEAD_BYTES_MAX + identity->name.bytes +
           identity->region.bytes + identity->endpoint.bytes + identity->publish_endpoint.bytes +
           identity->watch_endpoint.bytes;
}

void zc_pack_identity(zc_pack_t *pack, const zc_identity_t *identity) {
    zc_pack_array(pack, 6);
    zc_pack_origin(pack, &identity->origin);
    zc_pack_str(pack, identity->name);
    zc_pack_str(pack, identity->region);
    zc_pack_str(pack, identity->endpoint);
    zc_pack_str(pack, identity->publish_endpoint);
    zc_pack_str(pack, identity->watch_endpoint);
}

zc_identity_t zc_unpack_identity(zc_unpack_t *unpack) {
    zc_identity_t identity;
    zc_unpack_array(unpack, 6, 6, 1);
    identity.origin = zc_unpack_origin(unpack);
    identity.name = zc_unpack_text(unpack);
    identity.region = zc_unpack_text(unpack);
    identity.endpoint = zc_unpack_endpoint(unpack);
    identity.publish_endpoint = zc_unpack_endpoint(unpack);
    identity.watch_endpoint = zc_unpack_endpoint(unpack);
    return identity;
}

size_t zc_members_bytes(const zc_members_t *members) {
    size_t bytes = ZC_PACK_HEAD_BYTES_MAX;
    for (size_t i = 0; i < members->count; i++) {
        bytes +=
            1 + ZC_WIRE_ORIGIN_BYTES + ZC_PACK_HEAD_BYTES_MAX + members->members[i].endpoint.bytes;
    }
    return bytes;
}

void zc_pack_members(zc_pack_t *pack, const zc_members_t *members) {
    ZC_ASSERT(members->count <= ZCACHE_MEMBERS_MAX);
    zc_pack_array(pack, members->count);
    for (size_t i = 0; i < members->count; i++) {
        zc_pack_array(pack, 2);
        zc_pack_origin(pack, &members->members[i].origin);
        zc_pack_str(pack, members->members[i].endpoint);
    }
}

zc_members_t zc_unpack_members(zc_unpack_t *unpack, zc_wire_scratch_t *scratch) {
    const size_t item_bytes = 1 + ZC_WIRE_ORIGIN_BYTES + 1;
    size_t count = zc_unpack_array(unpack, 0, ZCACHE_MEMBERS_MAX, item_bytes);
    zc_member_t *members = zc_scratch_take(scratch, unpack, count * sizeof *members);
    for (size_t i = 0; i < count && !zc_unpack_failed(unpack); i++) {
        zc_unpack_array(unpack, 2, 2, 1);
        members[i].origin = zc_unpack_origin(unpack);
        members[i].endpoint = zc_unpack_endpoint(unpack);
    }
    return (zc_members_t){.members = members, .count = count};
}
