/* SPDX-License-Identifier: MPL-2.0 */
/* Hello and what answers it, across versions of the protocol; single reads. */
#include <criterion/criterion.h>

#include "tests/support/codec.h"

static zc_codec_t codec;

static void set_up(void) {
    zc_codec_init(&codec);
}

static void tear_down(void) {
    zc_codec_fini(&codec);
}

TestSuite(join, .init = set_up, .fini = tear_down);

Test(join, a_hello_of_another_version_is_told_apart_whatever_else_it_has) {
    zc_message_t found;
    cr_assert_eq(zc_codec_read(&codec, "92 10 02", &found), ZCACHE_INCOMPATIBLE);
    cr_assert_eq(found.type, ZC_MESSAGE_REFUSED);
    cr_assert_eq(found.refused.reason, ZC_REFUSED_VERSION);
    cr_assert_eq(found.refused.version, 2);
    cr_assert_eq(zc_codec_read(&codec, "93 10 cd 01 00 c1 c1", &found), ZCACHE_INCOMPATIBLE);
    cr_assert_eq(found.refused.version, 256);
}

Test(join, a_refusal_is_understood_from_any_version) {
    zc_message_t found;
    cr_assert_eq(zc_codec_read(&codec, "93 1d 07 01", &found), ZCACHE_OK);
    cr_assert(found.type == ZC_MESSAGE_REFUSED && found.refused.version == 7);
    cr_assert_eq(found.refused.reason, ZC_REFUSED_VERSION);
    cr_assert_eq(zc_codec_read(&codec, "93 1d 01 02", &found), ZCACHE_OK);
    cr_assert_eq(found.refused.reason, ZC_REFUSED_FULL);
    cr_assert_eq(found.refused.version, ZC_PROTOCOL_VERSION);
}

Test(join, a_refusal_says_our_own_version_whatever_it_is_given) {
    zc_message_t refused = {.type = ZC_MESSAGE_REFUSED};
    refused.refused = (zc_refused_t){.reason = ZC_REFUSED_VERSION, .version = 9};
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &refused, &found), ZCACHE_OK);
    cr_assert_eq(found.refused.version, ZC_PROTOCOL_VERSION);
}

Test(join, a_read_that_found_nothing_has_no_record) {
    zc_message_t message = {.type = ZC_MESSAGE_READ_ANSWER, .read_answer = {.number = 5}};
    message.read_answer.record.hlc = 7;
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    cr_assert(!found.read_answer.found && found.read_answer.record.hlc == 0);
    cr_assert_eq(codec.buffer.bytes, 4);
}

Test(join, a_read_that_found_its_key_brings_it_whole) {
    zc_message_t message = {.type = ZC_MESSAGE_READ_ANSWER};
    message.read_answer = (zc_read_answer_t){
        .number = UINT64_MAX,
        .found = true,
        .origin = {{3}},
        .record = {.hlc = 7, .key = zc_slice("k", 1), .value = zc_slice("v", 1), .age_ms = 4},
    };
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    cr_assert_eq(found.read_answer.number, UINT64_MAX);
    cr_assert_eq(found.read_answer.origin.bytes[0], 3);
    cr_assert_eq(found.read_answer.record.age_ms, 4);
    cr_assert(zc_slice_equal(found.read_answer.record.value, zc_slice("v", 1)));
}
