/* SPDX-License-Identifier: MPL-2.0 */
/* The results of DIGEST and LOOK at their bounds; the vectors are read by test_wire_response. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "lib/wire/request.h"

static zc_buffer_t buffer;
static zc_wire_scratch_t scratch;
static uint64_t parts[ZC_DIGEST_PARTS];

static void set_up(void) {
    zc_buffer_init(&buffer, zc_allocator_system());
    zc_wire_scratch_init(&scratch, zc_allocator_system());
    for (size_t i = 0; i < ZC_DIGEST_PARTS; i++) {
        parts[i] = UINT64_MAX - i;
    }
    cr_assert_eq(zc_response_begin(&buffer, 1, 2), ZCACHE_OK);
}

static void tear_down(void) {
    zc_wire_scratch_fini(&scratch);
    zc_buffer_fini(&buffer);
}

TestSuite(wire_digest, .init = set_up, .fini = tear_down);

static zc_digest_t digest_of(size_t origins, size_t intervals) {
    zc_origin_intervals_t *rows = calloc(origins, sizeof *rows);
    zc_interval_t *held = calloc(intervals, sizeof *held);
    cr_assert(rows != NULL && held != NULL);
    for (size_t i = 0; i < intervals; i++) {
        held[i] =
            (zc_interval_t){.after = ZC_HLC_MAX - 1000 + 2 * i, .upto = ZC_HLC_MAX - 999 + 2 * i};
    }
    for (size_t i = 0; i < origins; i++) {
        rows[i] = (zc_origin_intervals_t){
            .origin = {{1, (uint8_t)(i >> 8), (uint8_t)i}}, .intervals = held, .count = intervals};
    }
    zc_digest_t digest = {
        .origin = {{1}},
        .clock_ms = ((uint64_t)1 << 47) - 1,
        .entries = UINT64_MAX,
        .horizon = {.hlc = ZC_HLC_MAX, .origin = {{1}}},
        .vector = {.origins = rows, .count = origins},
        .parts = parts,
    };
    zc_settings_init(&digest.registers.settings);
    return digest;
}

static void free_rows(zc_digest_t *digest) {
    free((void *)digest->vector.origins[0].intervals);
    free((void *)digest->vector.origins);
}

Test(wire_digest, the_largest_one_is_within_its_bound_and_a_message) {
    zc_digest_t digest = digest_of(ZCACHE_ORIGINS_MAX, ZCACHE_INTERVALS_MAX);
    size_t before = buffer.bytes;
    cr_assert_eq(zc_response_add_digest(&buffer, &digest), ZCACHE_OK);
    cr_assert_leq(buffer.bytes - before, zc_response_digest_bytes(&digest));
    cr_assert_leq(zc_response_digest_bytes(&digest), ZCACHE_MESSAGE_MAX);
    free_rows(&digest);
}

Test(wire_digest, the_scratch_is_used_again_and_holds_the_last_one) {
    zc_digest_t large = digest_of(300, 3);
    zc_digest_t small = digest_of(2, 1);
    cr_assert_eq(zc_response_add_digest(&buffer, &large), ZCACHE_OK);
    cr_assert_eq(zc_response_add_digest(&buffer, &small), ZCACHE_OK);
    zc_response_t response;
    zcache_status status = ZCACHE_SYSTEM;
    zc_digest_t found = {.joining = true};
    cr_assert_eq(zc_response_open(zc_buffer_slice(&buffer), &response), ZCACHE_OK);
    cr_assert_eq(zc_response_next_digest(&response, &scratch, &status, &found), ZCACHE_OK);
    cr_assert(found.vector.count == 300 && found.vector.origins[299].count == 3);
    const void *block = scratch.block;
    cr_assert_eq(zc_response_next_digest(&response, &scratch, &status, &found), ZCACHE_OK);
    cr_assert_eq(scratch.block, block);
    cr_assert(found.vector.count == 2 && found.entries == UINT64_MAX && !found.joining);
    cr_assert_eq(found.parts[ZC_DIGEST_PARTS - 1], parts[ZC_DIGEST_PARTS - 1]);
    free_rows(&large);
    free_rows(&small);
}

Test(wire_digest, a_ghost_has_no_key) {
    const zc_look_t looks[] = {
        {.stamp = {.hlc = 5, .origin = {{1}}}, .digest = 7, .key = zc_slice_text("key")},
        {.ghost = true, .stamp = {.hlc = 5, .origin = {{1}}}, .key = zc_slice_text("key")},
    };
    cr_assert_eq(zc_response_add_look(&buffer, &looks[0]), ZCACHE_OK);
    cr_assert_eq(zc_response_add_look(&buffer, &looks[1]), ZCACHE_OK);
    zc_response_t response;
    zcache_status status = ZCACHE_SYSTEM;
    zc_look_t found = {.digest = 0};
    cr_assert_eq(zc_response_open(zc_buffer_slice(&buffer), &response), ZCACHE_OK);
    cr_assert_eq(zc_response_next_look(&response, &status, &found), ZCACHE_OK);
    cr_assert(found.digest == 7 && zc_slice_equal(found.key, zc_slice_text("key")));
    cr_assert_eq(zc_response_next_look(&response, &status, &found), ZCACHE_MALFORMED);
}
