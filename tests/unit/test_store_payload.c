/* SPDX-License-Identifier: MPL-2.0 */
/* Payloads, and the digest that all nodes and implementations agree on. */
#include <criterion/criterion.h>

#include "lib/base/hash.h"
#include "lib/store/payload.h"
#include "tests/support/failing_allocator.h"

static zc_store_item_t sample(void) {
    return (zc_store_item_t){.type = 1,
                             .hlc = 0x0102030405060708,
                             .key_hash = zc_key_hash(zc_slice_text("key")),
                             .key = zc_slice_text("key"),
                             .value = zc_slice_text("value"),
                             .deadline_ms = 1000,
                             .used_ms = 77};
}

Test(store_payload, copies_key_and_value) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_store_item_t item = sample();
    zc_payload_t *payload = zc_payload_new(&failing.allocator, &item, 5);
    cr_assert(zc_slice_equal(zc_payload_key(payload), item.key));
    cr_assert(zc_slice_equal(zc_payload_value(payload), item.value));
    cr_assert_eq(zc_payload_digest(payload), 5);
    cr_assert_eq(zc_payload_key_hash(payload), item.key_hash);
    cr_assert(zc_payload_deadline_ms(payload) == 1000 && zc_payload_type(payload) == 1);
    zc_free(&failing.allocator, payload);
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_null(zc_payload_new(&failing.allocator, &item, 5));
    cr_assert_eq(failing.blocks, 0);
}

Test(store_payload, digest_is_of_49_bytes_lowest_first) {
    zc_store_item_t item = sample();
    zc_origin_t origin = {.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    uint8_t bytes[49] = {0};
    uint64_t value_hash = zc_key_hash(item.value);
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(item.key_hash >> (8 * i));
        bytes[8 + i] = (uint8_t)(8 - i);
        bytes[40 + i] = (uint8_t)(value_hash >> (8 * i));
    }
    memcpy(bytes + 16, origin.bytes, 16);
    bytes[32] = 0xe8;
    bytes[33] = 0x03;
    bytes[48] = 1;
    cr_assert_eq(zc_item_digest(&item, &origin), zc_hash(zc_slice(bytes, 49), 0));
}

Test(store_payload, digest_tells_every_part_of_a_write) {
    zc_origin_t origin = {.bytes = {1}};
    zc_store_item_t item = sample();
    uint64_t digest = zc_item_digest(&item, &origin);
    item.used_ms = 1;
    item.origin = 9;
    cr_assert_eq(zc_item_digest(&item, &origin), digest);
    item.type = 0;
    cr_assert_neq(zc_item_digest(&item, &origin), digest);
    item = sample();
    item.hlc++;
    cr_assert_neq(zc_item_digest(&item, &origin), digest);
    item = sample();
    item.deadline_ms++;
    cr_assert_neq(zc_item_digest(&item, &origin), digest);
    item = sample();
    item.value = zc_slice_text("valuE");
    cr_assert_neq(zc_item_digest(&item, &origin), digest);
    item = sample();
    item.key_hash++;
    cr_assert_neq(zc_item_digest(&item, &origin), digest);
    item = sample();
    origin.bytes[15] = 1;
    cr_assert_neq(zc_item_digest(&item, &origin), digest);
}

Test(store_payload, key_and_value_may_be_empty_and_at_no_address) {
    zc_store_item_t item = {.hlc = 1};
    zc_payload_t *payload = zc_payload_new(zc_allocator_system(), &item, 5);
    cr_assert_eq(zc_payload_key(payload).bytes, 0);
    cr_assert_eq(zc_payload_value(payload).bytes, 0);
    item.value = zc_slice_text("v");
    zc_payload_t *other = zc_payload_new(zc_allocator_system(), &item, 5);
    cr_assert(zc_slice_equal(zc_payload_value(other), item.value));
    zc_free(zc_allocator_system(), payload);
    zc_free(zc_allocator_system(), other);
}
