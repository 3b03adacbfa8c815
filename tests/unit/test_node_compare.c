/* SPDX-License-Identifier: MPL-2.0 */
/* What a node tells of itself so that it can be compared: digests, scans, looks, and the repair
 * that somebody asks of it. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/client/client.h"
#include "tests/support/nodes.h"

enum { KEYS = 9000 }; /* more than two pages */

static zcache_node_t *node;
static zcache_t *cache;
static zc_wire_scratch_t scratch;

static void begin(void) {
    node = zc_nodes_join(NULL);
    cr_assert_not_null(node);
    cache = zc_nodes_open(zcache_node_endpoint(node));
    zc_wire_scratch_init(&scratch, zc_allocator_system());
}

static void end(void) {
    zc_wire_scratch_fini(&scratch);
    zcache_close(&cache);
    zcache_node_stop(&node);
}

TestSuite(node_compare, .init = begin, .fini = end);

static void set(const char *key) {
    cr_assert_eq(zcache_set(cache, key, strlen(key), "value", 5, 0), ZCACHE_OK);
}

static zc_digest_t ask_digest(void) {
    const zc_operation_t operation = {.type = ZC_OPERATION_DIGEST};
    zc_response_t response;
    zcache_status status = ZCACHE_SYSTEM;
    zc_digest_t digest = {.entries = 77};
    cr_assert_eq(zc_client_ask(cache, &operation, &response), ZCACHE_OK);
    cr_assert_eq(zc_response_next_digest(&response, &scratch, &status, &digest), ZCACHE_OK);
    cr_assert_eq(zc_client_done(cache, ZCACHE_OK, status), ZCACHE_OK);
    return digest;
}

static uint64_t sum_of(const zc_digest_t *digest) {
    uint64_t sum = 0;
    for (size_t i = 0; i < ZC_DIGEST_PARTS; i++) {
        sum += digest->parts[i];
    }
    return sum;
}

Test(node_compare, a_digest_has_parts_vector_and_registers_of_one_moment) {
    zc_digest_t digest = ask_digest();
    cr_assert(digest.entries == 0 && sum_of(&digest) == 0 && digest.vector.count == 0);
    cr_assert(!digest.joining && digest.horizon.hlc == 0);
    cr_assert_eq(digest.registers.settings.max_size, 10000);
    set("one");
    set("two");
    digest = ask_digest();
    char text[256];
    char expected[256];
    zc_nodes_text(cache, "digest", text);
    digest = ask_digest();
    snprintf(expected, sizeof(expected), "%016" PRIx64, sum_of(&digest));
    cr_assert_str_eq(text, expected);
    cr_assert_eq(digest.entries, 2);
    cr_assert_eq(digest.vector.count, 1);
    cr_assert(zc_origin_equal(&digest.vector.origins[0].origin, &digest.origin));
    cr_assert_eq(digest.vector.origins[0].intervals[0].after, 0);
}

Test(node_compare, a_scan_shows_every_entry_once_over_many_pages) {
    zcache_t *local = zc_nodes_open(zcache_node_inproc_endpoint(node));
    for (int i = 0; i < KEYS; i++) {
        cr_assert_eq(zcache_set(local, &i, sizeof(i), "v", 1, 0), ZCACHE_OK);
    }
    zcache_close(&local);
    zc_digest_set_t parts;
    memset(parts.bits, 0xff, sizeof(parts.bits));
    zc_operation_t scan = {.type = ZC_OPERATION_SCAN, .parts = &parts};
    uint64_t sum = 0;
    unsigned entries = 0;
    unsigned pages = 0;
    do {
        zc_response_t page;
        zcache_status status = ZCACHE_SYSTEM;
        uint32_t count = 0;
        cr_assert_eq(zc_client_ask(cache, &scan, &page), ZCACHE_OK);
        cr_assert_eq(zc_response_next_list(&page, true, &status, &scan.number, &count), ZCACHE_OK);
        for (uint32_t i = 0; i < count; i++) {
            zc_scan_row_t row;
            cr_assert_eq(zc_response_read_scan_row(&page, &row), ZCACHE_OK);
            sum += row.digest;
        }
        entries += count;
        pages++;
        zc_client_done(cache, ZCACHE_OK, status);
    } while (scan.number != 0);
    cr_assert_eq(entries, KEYS);
    cr_assert(pages >= 3);
    const zc_digest_t digest = ask_digest();
    cr_assert_eq(sum, sum_of(&digest));
    scan.number = UINT64_MAX;
    zc_response_t page;
    zcache_status status = ZCACHE_SYSTEM;
    uint32_t count = 77;
    cr_assert_eq(zc_client_ask(cache, &scan, &page), ZCACHE_OK);
    cr_assert_eq(zc_response_next_list(&page, true, &status, &scan.number, &count), ZCACHE_OK);
    cr_assert(count == 0 && scan.number == 0, "a place beyond the end is the end");
    zc_client_done(cache, ZCACHE_OK, status);
}

Test(node_compare, looks_show_entries_ghosts_and_nothing) {
    set("one");
    set("two");
    cr_assert_eq(zcache_delete(cache, "two", 3), ZCACHE_OK);
    static const char *const keys[] = {"one", "two", "three"};
    zc_operation_t looks[3];
    for (size_t i = 0; i < 3; i++) {
        looks[i] = (zc_operation_t){.type = ZC_OPERATION_LOOK,
                                    .number = zc_key_hash(zc_slice_text(keys[i]))};
    }
    zc_response_t response;
    zc_look_t look = {.digest = 0};
    zcache_status status = ZCACHE_SYSTEM;
    cr_assert_eq(zc_client_ask_all(cache, looks, 3, &response), ZCACHE_OK);
    cr_assert_eq(zc_response_next_look(&response, &status, &look), ZCACHE_OK);
    cr_assert(status == ZCACHE_OK && !look.ghost && look.digest != 0);
    cr_assert(zc_slice_equal(look.key, zc_slice_text("one")));
    zc_hlc_t written = look.stamp.hlc;
    cr_assert_eq(zc_response_next_look(&response, &status, &look), ZCACHE_OK);
    cr_assert(status == ZCACHE_OK && look.ghost && look.digest == 0 && look.key.bytes == 0);
    cr_assert_gt(look.stamp.hlc, written);
    cr_assert_eq(zc_response_next_look(&response, &status, &look), ZCACHE_OK);
    cr_assert_eq(status, ZCACHE_MISS);
    zc_client_done(cache, ZCACHE_OK, ZCACHE_OK);
}

static zcache_status repair_from(const zc_origin_t *origin) {
    const zc_operation_t repair = {.type = ZC_OPERATION_REPAIR,
                                   .key = zc_slice(origin->bytes, ZC_ORIGIN_BYTES)};
    zc_response_t response;
    zcache_status status = ZCACHE_SYSTEM;
    cr_assert_eq(zc_client_ask(cache, &repair, &response), ZCACHE_OK);
    cr_assert_eq(zc_response_next_status(&response, &status), ZCACHE_OK);
    zc_client_done(cache, ZCACHE_OK, status);
    return status;
}

static bool take_origin(void *context, const zcache_peer_t *peer) {
    zc_origin_t *origin = context;
    memcpy(origin->bytes, peer->origin, ZC_ORIGIN_BYTES);
    return true;
}

Test(node_compare, a_repair_asks_the_member_that_is_named) {
    const zc_origin_t stranger = {{9}};
    cr_assert_eq(repair_from(&stranger), ZCACHE_MISS);
    zcache_node_t *other = zc_nodes_join(zcache_node_endpoint(node));
    cr_assert_not_null(other);
    cr_assert(zc_nodes_wait_number(cache, "peers_live", 1));
    zc_origin_t origin = {{0}};
    cr_assert_eq(zcache_peers(cache, take_origin, &origin), ZCACHE_OK);
    uint64_t before = zc_nodes_number(cache, "deltas");
    cr_assert_eq(repair_from(&origin), ZCACHE_OK);
    cr_assert(zc_nodes_wait_number(cache, "deltas", before + 1));
    zcache_node_stop(&other);
}
