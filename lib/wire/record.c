/* SPDX-License-Identifier: MPL-2.0 */
/* Records to and from bytes: entries and ghosts, in the three forms that fields.h shows.
 *
 * Invariant: the number of items alone tells a ghost from an entry, and a record that was read is
 * whole: what an entry leaves out is 0, and the key hash of an entry is that of its key. */
#include <zcache/client.h>
#include <zcache/limits.h>

#include "lib/base/assert.h"
#include "lib/base/hash.h"
#include "lib/wire/fields.h"

enum {
    GHOST_FIELDS = 2,     /* hlc, key hash */
    ENTRY_FIELDS_MIN = 3, /* hlc, key, value */
    ENTRY_FIELDS_MAX = 6, /* and type, deadline, age */
};

_Static_assert(ZC_WIRE_RECORD_BYTES_MIN == 1 + GHOST_FIELDS, "the smallest record is a ghost");

/* zc_record_bytes (message.h), by which batches and chunks are cut, is the bound here too: array,
 * origin index and hlc, heads of key and value, type, deadline and age. */
_Static_assert(ZC_RECORD_OVERHEAD_BYTES >=
                   1 + 5 * ZC_PACK_UINT_BYTES_MAX + 2 * ZC_PACK_HEAD_BYTES_MAX,
               "a record takes more than it counts for");

size_t zc_records_bytes(const zc_record_t *records, size_t count) {
    size_t bytes = ZC_PACK_HEAD_BYTES_MAX;
    for (size_t i = 0; i < count; i++) {
        bytes += zc_record_bytes(&records[i]);
    }
    return bytes;
}

static size_t entry_fields(const zc_record_t *record) {
    size_t fields = ENTRY_FIELDS_MAX;
    if (record->age_ms == 0) {
        fields--;
        if (record->deadline_ms == 0) {
            fields--;
            fields -= record->type == 0 ? 1 : 0;
        }
    }
    return fields;
}

void zc_pack_record(zc_pack_t *pack, const zc_record_t *record, bool indexed) {
    size_t fields = record->ghost ? GHOST_FIELDS : entry_fields(record);
    zc_pack_array(pack, fields + (indexed ? 1 : 0));
    if (indexed) {
        zc_pack_uint(pack, record->origin);
    }
    zc_pack_uint(pack, record->hlc);
    if (record->ghost) {
        zc_pack_uint(pack, record->key_hash);
        return;
    }
    zc_pack_bin(pack, record->key);
    zc_pack_bin(pack, record->value);
    if (fields > ENTRY_FIELDS_MIN) {
        zc_pack_uint(pack, record->type);
    }
    if (fields > ENTRY_FIELDS_MIN + 1) {
        zc_pack_uint(pack, record->deadline_ms);
    }
    if (fields > ENTRY_FIELDS_MIN + 2) {
        zc_pack_uint(pack, record->age_ms);
    }
}

/* Whatever follows the origin index, which is set to 0. */
static void unpack_fields(zc_unpack_t *unpack, size_t fields, zc_record_t *record) {
    *record = (zc_record_t){.ghost = fields == GHOST_FIELDS};
    record->hlc = zc_unpack_hlc(unpack);
    if (record->ghost) {
        record->key_hash = zc_unpack_uint(unpack, 0, UINT64_MAX);
        return;
    }
    record->key = zc_unpack_bin(unpack, 1, ZCACHE_KEY_MAX);
    record->value = zc_unpack_bin(unpack, 0, ZCACHE_VALUE_MAX_CEILING);
    if (fields > ENTRY_FIELDS_MIN) {
        record->type = (uint8_t)zc_unpack_uint(unpack, ZCACHE_RAW, ZCACHE_MSGPACK);
    }
    if (fields > ENTRY_FIELDS_MIN + 1) {
        record->deadline_ms = zc_unpack_uint(unpack, 0, ZC_WIRE_MS_MAX);
    }
    if (fields > ENTRY_FIELDS_MIN + 2) {
        record->age_ms = zc_unpack_uint(unpack, 0, ZC_WIRE_MS_MAX);
    }
    if (!zc_unpack_failed(unpack)) {
        record->key_hash = zc_key_hash(record->key);
    }
}

void zc_unpack_batch_record(zc_unpack_t *unpack, zc_record_t *record) {
    uint32_t fields = zc_unpack_array(unpack, GHOST_FIELDS, ENTRY_FIELDS_MAX - 1, 1);
    unpack_fields(unpack, fields, record);
}

void zc_unpack_chunk_record(zc_unpack_t *unpack, size_t origin_count, zc_record_t *record) {
    uint32_t fields = zc_unpack_array(unpack, 1 + GHOST_FIELDS, 1 + ENTRY_FIELDS_MAX, 1);
    uint64_t origin = zc_unpack_uint(unpack, 0, UINT32_MAX);
    if (origin >= origin_count) {
        zc_unpack_fail(unpack, ZCACHE_MALFORMED);
    }
    unpack_fields(unpack, fields - 1, record);
    record->origin = (uint32_t)origin;
}

void zc_unpack_answer_record(zc_unpack_t *unpack, zc_record_t *record) {
    uint32_t fields = zc_unpack_array(unpack, ENTRY_FIELDS_MIN, ENTRY_FIELDS_MAX, 1);
    unpack_fields(unpack, fields, record);
}
