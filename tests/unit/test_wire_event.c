/* SPDX-License-Identifier: MPL-2.0 */
/* Events of a change stream against the vectors and against what is wrong with them. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include <zcache/watch.h>

#include "lib/base/random.h"
#include "lib/wire/event.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/message_json.h"

static zc_buffer_t buffer;
static zc_buffer_t memory;
static json_t *cases;

static void set_up(void) {
    zc_buffer_init(&buffer, zc_allocator_system());
    zc_buffer_init(&memory, zc_allocator_system());
    cr_assert_not_null(zc_buffer_reserve(&memory, 1 << 20));
    cases = zc_vectors_load("event");
}

static void tear_down(void) {
    json_decref(cases);
    zc_buffer_fini(&buffer);
    zc_buffer_fini(&memory);
}

TestSuite(event, .init = set_up, .fini = tear_down);

static void check_message(json_t *vector, zc_slice_t bytes) {
    static zc_watch_event_t event;
    json_t *json = json_object_get(vector, "message");
    cr_assert_eq(zc_event_decode(bytes, &event), ZCACHE_OK, "%s", zc_vectors_name(vector));
    json_t *found = zc_watch_event_to_json(&event);
    cr_assert(json_equal(found, json), "%s", zc_vectors_name(vector));
    json_decref(found);
    zc_watch_event_from_json(json, &memory, &event);
    cr_assert_eq(zc_event_encode(&event, &buffer), ZCACHE_OK);
    cr_assert(zc_slice_equal(zc_buffer_slice(&buffer), bytes), "%s", zc_vectors_name(vector));
    cr_assert(zc_vectors_oracle(bytes, true));
}

Test(event, reads_and_writes_every_vector) {
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *vector = json_array_get(cases, i);
        zc_slice_t bytes = zc_vectors_bytes(vector, "bytes");
        memory.bytes = 0;
        if (json_object_get(vector, "refused") == NULL) {
            check_message(vector, bytes);
        } else {
            zc_watch_event_t event = {.change = 77};
            cr_assert_eq(zc_event_decode(bytes, &event), ZCACHE_MALFORMED, "%s",
                         zc_vectors_name(vector));
            cr_assert_eq(event.change, 77);
        }
        free((void *)bytes.data);
    }
}

Test(event, survives_truncations_and_changes) {
    zc_random_t random = {.state = 1};
    static zc_watch_event_t event;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        zc_slice_t bytes = zc_vectors_bytes(json_array_get(cases, i), "bytes");
        for (size_t cut = 0; cut < bytes.bytes; cut++) {
            uint8_t *part = malloc(bytes.bytes);
            cr_assert_not_null(part);
            memcpy(part, bytes.data, bytes.bytes);
            part[cut] = (uint8_t)zc_random_next(&random);
            if (zc_event_decode(zc_slice(part, bytes.bytes), &event) == ZCACHE_OK) {
                cr_assert_eq(zc_event_encode(&event, &buffer), ZCACHE_OK);
            }
            part = realloc(part, cut + 1);
            cr_assert_not_null(part);
            cr_assert_eq(zc_event_decode(zc_slice(part, cut), &event), ZCACHE_MALFORMED);
            free(part);
        }
        free((void *)bytes.data);
    }
}

Test(event, a_failed_allocation_is_told) {
    zc_failing_allocator_t failing;
    zc_failing_allocator_init(&failing);
    zc_failing_allocator_fail_after(&failing, 0);
    zc_buffer_t small;
    zc_buffer_init(&small, &failing.allocator);
    static zc_watch_event_t event = {.change = ZCACHE_CHANGE_CLEAR, .ttl_ms = UINT64_MAX};
    event.stamp = (zc_stamp_t){.hlc = 1, .origin = {{1}}};
    cr_assert_eq(zc_event_encode(&event, &small), ZCACHE_NO_MEMORY);
    cr_assert_eq(small.bytes, 0);
    cr_assert_eq(zc_event_encode(&event, &small), ZCACHE_OK);
    zc_buffer_fini(&small);
    cr_assert_eq(failing.blocks, 0);
}
