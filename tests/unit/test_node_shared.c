/* SPDX-License-Identifier: MPL-2.0 */
/* What the node's thread shares with clients: its life, and what fails while it is made. */
#include <criterion/criterion.h>
#include <string.h>

#include "node/process.h"
#include "node/shared.h"
#include "tests/support/failing_allocator.h"

static zc_replica_options_t options;

static void setup(void) {
    options = (zc_replica_options_t){
        .allocator = zc_allocator_system(),
        .random_seed = 1,
        .identity = {.origin = {{1}},
                     .name = zc_slice_text("shared"),
                     .region = zc_slice_text(""),
                     .endpoint = zc_slice_text("tcp://127.0.0.1:5000"),
                     .publish_endpoint = zc_slice_text("tcp://127.0.0.1:5001"),
                     .watch_endpoint = zc_slice_text("tcp://127.0.0.1:5002")},
        .now_us = zc_process_now_us(),
        .wall_ms = zc_process_wall_ms(),
    };
    zc_settings_init(&options.settings);
}

TestSuite(shared, .init = setup);

Test(shared, memory_goes_with_the_last_reference) {
    zc_shared_t *shared = NULL;
    cr_assert_eq(zc_shared_new("name", &options, &shared), ZCACHE_OK);
    cr_assert_eq(zc_local_register(&shared->local), ZCACHE_OK);
    zc_local_t *found = zc_local_find("name");
    cr_assert_eq(found, &shared->local);
    zc_local_unregister(&shared->local);
    cr_assert_eq(zc_local_find("name"), NULL);
    /* Still usable by whoever found it; freed here, where the address sanitizer looks. */
    cr_assert_str_eq(found->name, "name");
    zc_local_release(found);
}

Test(shared, replica_that_cannot_be_made_leaves_nothing_behind) {
    zc_failing_allocator_t failing;
    zc_shared_t *shared = NULL;
    zcache_status status = ZCACHE_NO_MEMORY;
    zc_failing_allocator_init(&failing);
    options.allocator = &failing.allocator;
    for (uint64_t requests = 0; status == ZCACHE_NO_MEMORY; requests++) {
        zc_failing_allocator_fail_after(&failing, requests);
        status = zc_shared_new("name", &options, &shared);
        cr_assert(status == ZCACHE_OK || failing.blocks == 0);
    }
    cr_assert_eq(status, ZCACHE_OK);
    zc_failing_allocator_stop(&failing);
    zc_shared_destroy(shared);
    cr_assert_eq(failing.blocks, 0);
}

Test(shared, settings_out_of_range_are_refused) {
    zc_shared_t *shared = NULL;
    options.settings.max_size = 0;
    cr_assert_eq(zc_shared_new("name", &options, &shared), ZCACHE_INVALID);
    cr_assert_eq(shared, NULL);
    zc_shared_destroy(NULL);
}
