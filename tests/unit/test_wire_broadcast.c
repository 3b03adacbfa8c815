/* SPDX-License-Identifier: MPL-2.0 */
/* What is published, at its limits. The vectors have the rest. */
#include <criterion/criterion.h>

#include <zcache/limits.h>

#include "tests/support/codec.h"

static zc_codec_t codec;
static zc_record_t records[ZCACHE_BATCH_RECORDS_MAX + 1];

static void set_up(void) {
    zc_codec_init(&codec);
    for (size_t i = 0; i <= ZCACHE_BATCH_RECORDS_MAX; i++) {
        records[i] = (zc_record_t){.ghost = true, .hlc = i + 1, .key_hash = i * i};
    }
}

static void tear_down(void) {
    zc_codec_fini(&codec);
}

TestSuite(broadcast, .init = set_up, .fini = tear_down);

static zc_message_t batch_of(size_t count) {
    zc_message_t message = {.type = ZC_MESSAGE_BATCH};
    message.batch = (zc_batch_t){.origin = {{1}}, .last = 100000, .count = count};
    message.batch.records = records;
    return message;
}

Test(broadcast, a_batch_has_as_many_records_as_the_limit_says) {
    zc_message_t message = batch_of(ZCACHE_BATCH_RECORDS_MAX);
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    cr_assert_eq(found.batch.count, ZCACHE_BATCH_RECORDS_MAX);
    for (size_t i = 0; i < found.batch.count; i++) {
        cr_assert_eq(found.batch.records[i].hlc, i + 1);
        cr_assert_eq(found.batch.records[i].key_hash, i * i);
    }
}

Test(broadcast, a_batch_of_more_records_than_that_is_our_own_fault, .signal = 6) {
    zc_message_t message = batch_of(ZCACHE_BATCH_RECORDS_MAX + 1);
    zc_message_t found;
    zc_codec_pass(&codec, &message, &found);
}

Test(broadcast, an_age_has_no_place_in_a_batch, .signal = 6) {
    records[0] = (zc_record_t){.hlc = 1, .key = zc_slice("k", 1), .age_ms = 1};
    zc_message_t message = batch_of(1);
    zc_message_t found;
    zc_codec_pass(&codec, &message, &found);
}

Test(broadcast, records_of_a_batch_ascend_within_its_interval) {
    zc_message_t message = batch_of(3);
    zc_message_t found;
    message.batch.last = 3;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    message.batch.last = 2;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_MALFORMED);
    message.batch.last = 3;
    message.batch.prev = 1;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_MALFORMED);
    message.batch.prev = 0;
    records[1].hlc = 1;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_MALFORMED);
}

Test(broadcast, as_many_touches_as_the_limit_says) {
    static uint64_t hashes[ZCACHE_TOUCHES_MAX];
    for (size_t i = 0; i < ZCACHE_TOUCHES_MAX; i++) {
        hashes[i] = i * 0x9e3779b97f4a7c15u;
    }
    zc_message_t message = {.type = ZC_MESSAGE_TOUCH};
    message.touch =
        (zc_touch_t){.origin = {{1}}, .key_hashes = hashes, .count = ZCACHE_TOUCHES_MAX};
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    cr_assert_eq(found.touch.count, ZCACHE_TOUCHES_MAX);
    cr_assert_eq(memcmp(found.touch.key_hashes, hashes, sizeof hashes), 0);
}

Test(broadcast, a_heartbeat_is_a_few_dozen_bytes) {
    zc_message_t message = {.type = ZC_MESSAGE_HEARTBEAT};
    message.heartbeat = (zc_heartbeat_t){
        .origin = {{1}},
        .last = ZC_HLC_MAX,
        .clock_ms = zc_hlc_ms(ZC_HLC_MAX),
        .state_hash = UINT64_MAX,
        .members_hash = UINT64_MAX,
        .digest = UINT64_MAX,
    };
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    cr_assert_leq(codec.buffer.bytes, 72);
}
