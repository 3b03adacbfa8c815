/* SPDX-License-Identifier: MPL-2.0 */
/* The messages by family, a file for each: broadcast.c, join.c, sync.c. Inside lib/wire alone. */
#ifndef ZC_WIRE_FAMILY_H
#define ZC_WIRE_FAMILY_H

#include "lib/wire/fields.h"

/* How one message is written and read: a row of its family's table. */
typedef struct zc_wire_form {
    zc_message_type_t type;
    /* How many items follow code and version. */
    uint32_t fields_min;
    uint32_t fields_max;
    /* An upper bound for what `pack` writes. */
    size_t (*bytes)(const zc_message_t *message);
    /* Writes `fields(message)` items; NULL for a message whose count never changes. */
    uint32_t (*fields)(const zc_message_t *message);
    void (*pack)(zc_pack_t *pack, const zc_message_t *message);
    /* Reads `fields` items, a number within the bounds above, into a message of this type. */
    void (*unpack)(zc_unpack_t *unpack, uint32_t fields, zc_wire_scratch_t *scratch,
                   zc_message_t *message);
} zc_wire_form_t;

/* The row of a code; NULL: it is not of this family. */
const zc_wire_form_t *zc_wire_broadcast_form(uint64_t code);
const zc_wire_form_t *zc_wire_join_form(uint64_t code);
const zc_wire_form_t *zc_wire_sync_form(uint64_t code);

#endif
