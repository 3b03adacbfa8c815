/* SPDX-License-Identifier: MPL-2.0 */
/* Stamps, registers, identities and members at their limits. */
#include <criterion/criterion.h>
#include <stdio.h>

#include <zcache/limits.h>

#include "lib/wire/fields.h"
#include "tests/support/codec.h"

static zc_codec_t codec;

static void set_up(void) {
    zc_codec_init(&codec);
}

static void tear_down(void) {
    zc_codec_fini(&codec);
}

TestSuite(fields, .init = set_up, .fini = tear_down);

static zc_message_t initial_registers(void) {
    zc_message_t message = {.type = ZC_MESSAGE_REGISTERS, .registers = {.origin = {{1}}}};
    message.registers.registers.settings = (zc_settings_t){
#define SETTING_ROW(name, initial, least, most, unit) .name = (initial),
        ZC_SETTING_MAP(SETTING_ROW)
#undef SETTING_ROW
    };
    return message;
}

Test(fields, every_setting_is_held_to_its_range) {
    zc_message_t found;
#define SETTING_ROW(setting, initial, least, most, unit)                                           \
    {                                                                                              \
        zc_message_t message = initial_registers();                                                \
        uint64_t *value = &message.registers.registers.settings.setting;                           \
        *value = (least);                                                                          \
        cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);                          \
        cr_assert_eq(found.registers.registers.settings.setting, (uint64_t)(least));               \
        *value = (most);                                                                           \
        cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);                          \
        cr_assert_eq(found.registers.registers.settings.setting, (uint64_t)(most));                \
        *value = (uint64_t)(most) + 1;                                                             \
        cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_MALFORMED);                   \
        *value = (uint64_t)(least)-1;                                                              \
        cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_MALFORMED);                   \
    }
    ZC_SETTING_MAP(SETTING_ROW)
#undef SETTING_ROW
}

Test(fields, a_stamp_without_a_reading_is_no_stamp) {
    zc_message_t message = initial_registers();
    message.registers.registers.clear = (zc_stamp_t){.hlc = 0, .origin = {{7}}};
    message.registers.registers.settings_stamp = (zc_stamp_t){.hlc = ZC_HLC_MAX, .origin = {{7}}};
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    cr_assert_eq(found.registers.registers.clear.hlc, 0);
    cr_assert(zc_origin_is_none(&found.registers.registers.clear.origin));
    cr_assert_eq(found.registers.registers.settings_stamp.hlc, ZC_HLC_MAX);
    cr_assert_eq(found.registers.registers.settings_stamp.origin.bytes[0], 7);
    message.registers.registers.settings_stamp.hlc = ZC_HLC_MAX + 1;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_MALFORMED);
}

static zc_message_t hello(void) {
    zc_message_t message = {.type = ZC_MESSAGE_HELLO};
    message.hello.identity = (zc_identity_t){
        .origin = {{1}},
        .name = zc_slice_text("name"),
        .region = zc_slice_text(""),
        .endpoint = zc_slice_text("tcp://h:1"),
        .publish_endpoint = zc_slice_text("tcp://h:2"),
        .watch_endpoint = zc_slice_text("tcp://h:3"),
    };
    return message;
}

Test(fields, an_identity_is_read_back_part_by_part) {
    zc_message_t message = hello();
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    const zc_identity_t *a = &message.hello.identity;
    const zc_identity_t *b = &found.hello.identity;
    cr_assert(zc_origin_equal(&a->origin, &b->origin));
    cr_assert(zc_slice_equal(a->name, b->name));
    cr_assert(zc_slice_equal(a->region, b->region));
    cr_assert(zc_slice_equal(a->endpoint, b->endpoint));
    cr_assert(zc_slice_equal(a->publish_endpoint, b->publish_endpoint));
    cr_assert(zc_slice_equal(a->watch_endpoint, b->watch_endpoint));
}

Test(fields, texts_have_at_most_the_limit_of_bytes) {
    char name[ZCACHE_NAME_BYTES_MAX + 1];
    memset(name, 'n', sizeof name);
    zc_message_t message = hello();
    zc_message_t found;
    message.hello.identity.name = zc_slice(name, ZCACHE_NAME_BYTES_MAX);
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    message.hello.identity.name.bytes++;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_MALFORMED);
}

Test(fields, a_clock_is_what_a_reading_can_hold) {
    zc_message_t message = hello();
    zc_message_t found;
    message.hello.clock_ms = zc_hlc_ms(ZC_HLC_MAX);
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    message.hello.clock_ms++;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_MALFORMED);
}

Test(fields, as_many_members_as_the_limit_says) {
    static zc_member_t members[ZCACHE_MEMBERS_MAX];
    static char endpoints[ZCACHE_MEMBERS_MAX][32];
    for (size_t i = 0; i < ZCACHE_MEMBERS_MAX; i++) {
        int length = snprintf(endpoints[i], sizeof endpoints[i], "tcp://10.0.0.1:%zu", i + 1);
        members[i] = (zc_member_t){.origin = {{(uint8_t)(i >> 8), (uint8_t)i, 1}},
                                   .endpoint = zc_slice(endpoints[i], (size_t)length)};
    }
    zc_message_t message = {.type = ZC_MESSAGE_MEMBERS};
    message.members = (zc_members_t){.members = members, .count = ZCACHE_MEMBERS_MAX};
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    for (size_t i = 0; i < ZCACHE_MEMBERS_MAX; i++) {
        cr_assert(zc_origin_equal(&found.members.members[i].origin, &members[i].origin));
        cr_assert(zc_slice_equal(found.members.members[i].endpoint, members[i].endpoint));
    }
    /* The count, two bytes behind array, code, version and marker, becomes one more; so do the
     * members. */
    cr_assert_eq(codec.buffer.data[3], 0xdc);
    codec.buffer.data[5]++;
    static const uint8_t one_more[] = "\x92\xc4\x10"
                                      "0123456789abcdef\xa9tcp://h:1";
    uint8_t *at = zc_buffer_reserve(&codec.buffer, sizeof one_more - 1);
    memcpy(at, one_more, sizeof one_more - 1);
    codec.buffer.bytes += sizeof one_more - 1;
    cr_assert_eq(zc_wire_decode(zc_buffer_slice(&codec.buffer), &codec.scratch, &found),
                 ZCACHE_MALFORMED);
}
