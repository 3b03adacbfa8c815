/* SPDX-License-Identifier: MPL-2.0 */
/* Transfers at their limits. The vectors have the rest. */
#include <criterion/criterion.h>

#include <zcache/limits.h>

#include "tests/support/codec.h"

static zc_codec_t codec;
static zc_origin_t origins[ZCACHE_ORIGINS_MAX];
static zc_record_t records[ZCACHE_BATCH_RECORDS_MAX];

static void set_up(void) {
    zc_codec_init(&codec);
    for (size_t i = 0; i < ZCACHE_ORIGINS_MAX; i++) {
        origins[i] = (zc_origin_t){{(uint8_t)i, (uint8_t)(i >> 8), 1}};
    }
    for (size_t i = 0; i < ZCACHE_BATCH_RECORDS_MAX; i++) {
        records[i] = (zc_record_t){
            .origin = (uint32_t)(ZCACHE_ORIGINS_MAX - 1 - i),
            .hlc = ZC_HLC_MAX - i,
            .key = zc_slice("key", 3),
            .value = zc_slice("value", 5),
            .age_ms = i,
        };
    }
}

static void tear_down(void) {
    zc_codec_fini(&codec);
}

TestSuite(sync, .init = set_up, .fini = tear_down);

static zc_message_t chunk_of(size_t origin_count, size_t count) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CHUNK};
    message.sync_chunk = (zc_sync_chunk_t){.session = 1,
                                           .origins = origins,
                                           .origin_count = origin_count,
                                           .records = records,
                                           .count = count};
    return message;
}

Test(sync, a_chunk_has_as_many_origins_and_records_as_the_limits_say) {
    zc_message_t message = chunk_of(ZCACHE_ORIGINS_MAX, ZCACHE_BATCH_RECORDS_MAX);
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    cr_assert_eq(found.sync_chunk.origin_count, ZCACHE_ORIGINS_MAX);
    cr_assert_eq(memcmp(found.sync_chunk.origins, origins, sizeof origins), 0);
    for (size_t i = 0; i < ZCACHE_BATCH_RECORDS_MAX; i++) {
        cr_assert_eq(found.sync_chunk.records[i].origin, records[i].origin);
        cr_assert_eq(found.sync_chunk.records[i].hlc, records[i].hlc);
        cr_assert_eq(found.sync_chunk.records[i].age_ms, i);
    }
}

Test(sync, a_record_of_an_origin_that_is_not_there_is_our_own_fault, .signal = 6) {
    zc_message_t message = chunk_of(1, 1);
    zc_message_t found;
    zc_codec_pass(&codec, &message, &found);
}

Test(sync, the_same_message_again_takes_no_more_memory) {
    zc_message_t message = chunk_of(ZCACHE_ORIGINS_MAX, ZCACHE_BATCH_RECORDS_MAX);
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    void *block = codec.scratch.block;
    size_t capacity = codec.scratch.capacity;
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    }
    cr_assert(codec.scratch.block == block && codec.scratch.capacity == capacity);
}
