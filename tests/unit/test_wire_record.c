/* SPDX-License-Identifier: MPL-2.0 */
/* Records: limits of keys and values, what is left out, and the bound by which batches are cut. */
#include <criterion/criterion.h>

#include <zcache/limits.h>

#include "lib/base/hash.h"
#include "lib/wire/fields.h"
#include "tests/support/codec.h"

static zc_codec_t codec;
static uint8_t bytes[ZCACHE_VALUE_MAX_CEILING + 1];

static void set_up(void) {
    zc_codec_init(&codec);
}

static void tear_down(void) {
    zc_codec_fini(&codec);
}

TestSuite(record, .init = set_up, .fini = tear_down);

static zcache_status pass(const zc_record_t *record, zc_message_t *found) {
    zc_message_t message = {.type = ZC_MESSAGE_BATCH};
    message.batch =
        (zc_batch_t){.origin = {{1}}, .last = record->hlc, .records = record, .count = 1};
    return zc_codec_pass(&codec, &message, found);
}

Test(record, the_longest_key_and_value_pass_and_no_longer_ones) {
    zc_record_t record = {
        .hlc = 5,
        .key = zc_slice(bytes, ZCACHE_KEY_MAX),
        .value = zc_slice(bytes, ZCACHE_VALUE_MAX_CEILING),
    };
    zc_message_t found;
    cr_assert_eq(pass(&record, &found), ZCACHE_OK);
    cr_assert(zc_slice_equal(found.batch.records[0].key, record.key));
    cr_assert(zc_slice_equal(found.batch.records[0].value, record.value));
    record.value.bytes++;
    cr_assert_eq(pass(&record, &found), ZCACHE_MALFORMED);
    record.value.bytes = 0;
    record.key.bytes++;
    cr_assert_eq(pass(&record, &found), ZCACHE_MALFORMED);
    record.key.bytes = 0;
    cr_assert_eq(pass(&record, &found), ZCACHE_MALFORMED);
}

Test(record, an_entry_comes_with_the_hash_of_its_key) {
    zc_record_t record = {.hlc = 5, .key = zc_slice("key", 3), .key_hash = 99};
    zc_message_t found;
    cr_assert_eq(pass(&record, &found), ZCACHE_OK);
    cr_assert_eq(found.batch.records[0].key_hash, zc_key_hash(record.key));
}

Test(record, a_ghost_is_its_key_hash) {
    zc_record_t record = {.ghost = true, .hlc = 5, .key_hash = UINT64_MAX};
    zc_message_t found;
    cr_assert_eq(pass(&record, &found), ZCACHE_OK);
    cr_assert(found.batch.records[0].ghost);
    cr_assert_eq(found.batch.records[0].key_hash, UINT64_MAX);
    cr_assert_eq(found.batch.records[0].key.bytes, 0);
}

Test(record, every_combination_of_what_may_be_left_out_is_read_back) {
    for (unsigned bits = 0; bits < 8; bits++) {
        zc_record_t record = {
            .hlc = 5,
            .key = zc_slice("k", 1),
            .type = (uint8_t)(bits & 1),
            .deadline_ms = (bits & 2) != 0 ? ZC_WIRE_MS_MAX : 0,
            .age_ms = (bits & 4) != 0 ? ZC_WIRE_MS_MAX : 0,
        };
        zc_origin_t origin = {{9}};
        zc_message_t message = {.type = ZC_MESSAGE_SYNC_CHUNK};
        message.sync_chunk = (zc_sync_chunk_t){
            .origins = &origin, .origin_count = 1, .records = &record, .count = 1};
        zc_message_t found;
        cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
        const zc_record_t *back = &found.sync_chunk.records[0];
        cr_assert_eq(back->type, record.type);
        cr_assert_eq(back->deadline_ms, record.deadline_ms);
        cr_assert_eq(back->age_ms, record.age_ms);
    }
}

Test(record, takes_no_more_than_it_counts_for) {
    static const size_t sizes[] = {1, 255, 256, 65535};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        zc_record_t record = {
            .type = 1,
            .origin = ZCACHE_ORIGINS_MAX - 1,
            .hlc = ZC_HLC_MAX,
            .key = zc_slice(bytes, sizes[i]),
            .value = zc_slice(bytes, sizes[i] * 17),
            .deadline_ms = ZC_WIRE_MS_MAX,
            .age_ms = ZC_WIRE_MS_MAX,
        };
        zc_pack_t pack;
        cr_assert(zc_pack_open_anew(&pack, &codec.buffer, zc_record_bytes(&record)));
        zc_pack_record(&pack, &record, true);
        zc_pack_close(&pack);
        cr_assert_leq(codec.buffer.bytes, zc_record_bytes(&record));
    }
}
