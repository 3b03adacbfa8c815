/* SPDX-License-Identifier: MPL-2.0 */
/* Whole messages: the head, then what the form of the message's family says.
 *
 * Invariant: *message is touched only by a message that was read to its last byte without a fault
 * (or by the REFUSED that stands for another version of the protocol). */
#include "lib/wire/wire.h"

#include "lib/base/assert.h"
#include "lib/wire/family.h"

static const zc_wire_form_t *find_form(uint64_t code) {
    const zc_wire_form_t *form = zc_wire_broadcast_form(code);
    if (form == NULL) {
        form = zc_wire_join_form(code);
    }
    return form != NULL ? form : zc_wire_sync_form(code);
}

uint32_t zc_wire_code(zc_slice_t bytes) {
    zc_unpack_t unpack = zc_unpack_open(bytes);
    zc_head_t head = zc_unpack_head(&unpack);
    return zc_unpack_failed(&unpack) ? 0 : (uint32_t)head.code;
}

zcache_status zc_wire_encode(const zc_message_t *message, zc_buffer_t *buffer) {
    const zc_wire_form_t *form = find_form((uint64_t)message->type);
    ZC_ASSERT(form != NULL);
    zc_pack_t pack;
    if (!zc_pack_open_anew(&pack, buffer, ZC_WIRE_HEAD_BYTES_MAX + form->bytes(message))) {
        return ZCACHE_NO_MEMORY;
    }
    uint32_t fields = form->fields != NULL ? form->fields(message) : form->fields_min;
    zc_pack_head(&pack, (uint32_t)message->type, fields);
    form->pack(&pack, message);
    zc_pack_close(&pack);
    return ZCACHE_OK;
}

/* What a head of another version stands for. */
static zcache_status read_other_version(zc_unpack_t *unpack, const zc_head_t *head,
                                        zc_message_t *message) {
    zc_message_t refused = {
        .type = ZC_MESSAGE_REFUSED,
        .refused = {.reason = ZC_REFUSED_VERSION, .version = (uint32_t)head->version},
    };
    switch (head->code) {
    case ZC_MESSAGE_HELLO:
    case ZC_MESSAGE_WELCOME:
        *message = refused;
        return ZCACHE_INCOMPATIBLE;
    case ZC_MESSAGE_REFUSED:
        if (head->fields != 1) {
            return ZCACHE_MALFORMED;
        }
        zc_unpack_uint(unpack, 1, UINT32_MAX);
        zc_unpack_finish(unpack);
        if (zc_unpack_failed(unpack)) {
            return unpack->status;
        }
        *message = refused;
        return ZCACHE_OK;
    default:
        return ZCACHE_MALFORMED;
    }
}

/* Reads the message once: NO_MEMORY asks for a larger scratch. */
static zcache_status read_message(zc_slice_t bytes, zc_wire_scratch_t *scratch,
                                  zc_message_t *message) {
    zc_unpack_t unpack = zc_unpack_open(bytes);
    zc_head_t head = zc_unpack_head(&unpack);
    if (zc_unpack_failed(&unpack)) {
        return unpack.status;
    }
    if (head.version != ZC_PROTOCOL_VERSION) {
        return read_other_version(&unpack, &head, message);
    }
    const zc_wire_form_t *form = find_form(head.code);
    if (form == NULL || head.fields < form->fields_min || head.fields > form->fields_max) {
        return ZCACHE_MALFORMED;
    }
    zc_message_t found;
    memset(&found, 0, sizeof found);
    found.type = form->type;
    form->unpack(&unpack, head.fields, scratch, &found);
    zc_unpack_finish(&unpack);
    if (zc_unpack_failed(&unpack)) {
        return unpack.status;
    }
    *message = found;
    return ZCACHE_OK;
}

zcache_status zc_wire_decode(zc_slice_t bytes, zc_wire_scratch_t *scratch, zc_message_t *message) {
    for (;;) {
        zc_scratch_reset(scratch);
        zcache_status status = read_message(bytes, scratch, message);
        if (status != ZCACHE_NO_MEMORY) {
            return status;
        }
        if (!zc_scratch_grow(scratch)) {
            return ZCACHE_NO_MEMORY;
        }
    }
}
