/* SPDX-License-Identifier: MPL-2.0 */
/* Vectors and floors at their limits. */
#include <criterion/criterion.h>

#include <zcache/limits.h>

#include "tests/support/codec.h"

static zc_codec_t codec;
static zc_origin_intervals_t rows[ZC_VECTOR_ORIGINS_MAX + 1];
static zc_floor_t floors[ZC_VECTOR_ORIGINS_MAX];
static zc_interval_t intervals[ZCACHE_INTERVALS_MAX];

static void set_up(void) {
    zc_codec_init(&codec);
    for (size_t i = 0; i < ZCACHE_INTERVALS_MAX; i++) {
        intervals[i] = (zc_interval_t){.after = 3 * i, .upto = 3 * i + 2};
    }
    for (size_t i = 0; i < ZC_VECTOR_ORIGINS_MAX; i++) {
        zc_origin_t origin = {{(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1}};
        rows[i] = (zc_origin_intervals_t){
            .origin = origin, .intervals = intervals, .count = i % (ZCACHE_INTERVALS_MAX + 1)};
        floors[i] = (zc_floor_t){.origin = origin, .hlc = i + 1};
    }
}

static void tear_down(void) {
    zc_codec_fini(&codec);
}

TestSuite(vector, .init = set_up, .fini = tear_down);

static zc_message_t end_of(size_t origins, size_t floor_count) {
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_END};
    message.sync_end.vector = (zc_vector_t){.origins = rows, .count = origins};
    message.sync_end.floors = floors;
    message.sync_end.floor_count = floor_count;
    message.sync_end.registers.settings = (zc_settings_t){
#define SETTING_ROW(name, initial, least, most, unit) .name = (initial),
        ZC_SETTING_MAP(SETTING_ROW)
#undef SETTING_ROW
    };
    return message;
}

Test(vector, as_many_origins_and_intervals_as_the_limits_say) {
    zc_message_t message = end_of(ZC_VECTOR_ORIGINS_MAX, ZC_VECTOR_ORIGINS_MAX);
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    const zc_vector_t *vector = &found.sync_end.vector;
    cr_assert_eq(vector->count, ZC_VECTOR_ORIGINS_MAX);
    for (size_t i = 0; i < vector->count; i++) {
        cr_assert_eq(vector->origins[i].count, rows[i].count);
        cr_assert(zc_origin_equal(&vector->origins[i].origin, &rows[i].origin));
        cr_assert_eq(
            memcmp(vector->origins[i].intervals, intervals, rows[i].count * sizeof *intervals), 0);
        cr_assert_eq(found.sync_end.floors[i].hlc, i + 1);
    }
}

Test(vector, what_it_takes_is_less_than_the_message) {
    zc_message_t message = end_of(ZC_VECTOR_ORIGINS_MAX, 0);
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    cr_assert_leq(codec.scratch.capacity, 24 * codec.buffer.bytes);
}

Test(vector, an_empty_one_has_no_origins) {
    zc_message_t message = end_of(0, 0);
    zc_message_t found;
    cr_assert_eq(zc_codec_pass(&codec, &message, &found), ZCACHE_OK);
    cr_assert_eq(found.sync_end.vector.count, 0);
    cr_assert_eq(found.sync_end.floor_count, 0);
    cr_assert_eq(codec.scratch.capacity, 0);
}

Test(vector, one_that_does_not_ascend_is_our_own_fault, .signal = 6) {
    rows[1].origin = rows[0].origin;
    zc_message_t message = end_of(2, 0);
    zc_message_t found;
    zc_codec_pass(&codec, &message, &found);
}
