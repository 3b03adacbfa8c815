/* SPDX-License-Identifier: MPL-2.0 */
/* Payloads, and the digest that all nodes and implementations agree on. */
#include <criterion/criterion.h>

#include "lib/base/hash.h"
#include "lib/store/payload.h"
#include "tests/support/failing_allocator.h"

static zc_failing_allocator_t failing;
static zc_slab_t slab;

static zc_store_item_t sample(void) {
    return (zc_store_item_t){.type = 1,
                             .hlc = 0x0102030405060708,
                             .key_hash = zc_key_hash(zc_slice_text("key")),
                             .key = zc_slice_text("key"),
                             .value = zc_slice_text("value"),
                             .deadline_ms = zc_hlc_ms(0x0102030405060708) + 1000,
                             .used_ms = 77};
}

static void start(void) {
    zc_failing_allocator_init(&failing);
    zc_slab_init(&slab, &failing.allocator);
}

static void stop(void) {
    zc_slab_fini(&slab);
    cr_assert_eq(failing.blocks, 0);
}

TestSuite(store_payload, .init = start, .fini = stop);

/* Makes a payload of the item, which is to be whole in it, and gives it back. True: a long one. */
static bool keeps(const zc_store_item_t *item) {
    zc_block_t block = zc_payload_new(&slab, item, 5);
    cr_assert_neq(block, ZC_BLOCK_NONE);
    const zc_payload_t *payload = zc_slab_at(&slab, block);
    cr_assert(zc_slice_equal(zc_payload_key(payload), item->key));
    cr_assert(zc_slice_equal(zc_payload_value(payload), item->value));
    cr_assert_eq(zc_payload_key_hash(payload), zc_key_hash(item->key));
    cr_assert_eq(zc_payload_deadline_ms(payload, item->hlc), item->deadline_ms);
    cr_assert_eq(zc_payload_type(payload), item->type);
    bool is_long = zc_payload_is_long(payload);
    cr_assert(!is_long || zc_payload_digest(payload) == 5);
    zc_slab_give(&slab, block);
    return is_long;
}

Test(store_payload, copies_key_and_value) {
    zc_store_item_t item = sample();
    cr_assert_not(keeps(&item));
    cr_assert_eq(zc_payload_size(&item), 8 + 3 + 5);
    item.deadline_ms = 0;
    cr_assert_not(keeps(&item));
    cr_assert_eq(zc_payload_size(&item), 4 + 3 + 5);
}

Test(store_payload, no_memory_is_told) {
    zc_store_item_t item = sample();
    zc_failing_allocator_fail_after(&failing, 0);
    cr_assert_eq(zc_payload_new(&slab, &item, 5), ZC_BLOCK_NONE);
    cr_assert_eq(slab.live, 0);
}

Test(store_payload, deadline_from_the_stamp_of_the_write_on_is_short) {
    zc_store_item_t item = sample();
    uint64_t since_ms = zc_hlc_ms(item.hlc);
    const struct {
        uint64_t deadline_ms;
        bool is_long;
    } cases[] = {
        {since_ms, false},
        {since_ms + 1, false},
        {since_ms + UINT32_MAX, false},
        {since_ms + UINT32_MAX + 1, true},
        {since_ms - 1, true},
        {1, true},
        {UINT64_MAX, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        item.deadline_ms = cases[i].deadline_ms;
        cr_assert_eq(keeps(&item), cases[i].is_long);
    }
}

Test(store_payload, keys_and_values_of_all_sizes_are_kept) {
    static uint8_t bytes[70000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    const size_t keys[] = {0, 1, 2, 3, 4, 255, 256, 65535};
    const size_t values[] = {0, 1, 2, 3, 100, 1023, 1024, 70000};
    zc_store_item_t item = sample();
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            item.key = zc_slice(bytes, keys[k]);
            item.value = zc_slice(bytes + 1, values[v] - (values[v] == 70000));
            item.type = (uint8_t)(v == 3 ? 255 : 1);
            cr_assert_eq(keeps(&item), keys[k] > 255 || values[v] > 1023);
        }
    }
}

/* As PROTOCOL.md says it. */
Test(store_payload, digest_mixes_six_numbers_in_their_order) {
    zc_store_item_t item = sample();
    zc_origin_t origin = {.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    const uint64_t numbers[] = {item.key_hash,
                                item.hlc,
                                0x0807060504030201,
                                0x100f0e0d0c0b0a09,
                                item.deadline_ms + ((uint64_t)item.type << 56),
                                zc_key_hash(item.value)};
    uint64_t digest = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        digest ^= numbers[i];
        digest = (digest ^ digest >> 30) * 0xbf58476d1ce4e5b9u;
        digest = (digest ^ digest >> 27) * 0x94d049bb133111ebu;
        digest ^= digest >> 31;
    }
    cr_assert_eq(zc_item_digest(&item, &origin), digest);
    cr_assert_eq(digest, 0x30dc56f1f9b62294u); /* as the Python peer computes it */
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
    keeps(&item);
    item.value = zc_slice_text("v");
    keeps(&item);
}
