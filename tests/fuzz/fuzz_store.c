/* SPDX-License-Identifier: MPL-2.0 */
/* The store under a history that the fuzzer chooses does what the naive model does. */
#include "tests/support/fuzz_input.h"
#include "tests/support/store_trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t choose(void *context, uint64_t bound) {
    return zc_fuzz_below(context, bound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    zc_fuzz_input_t input = {.at = data, .left = size};
    zc_store_trial_start(choose, &input);
    while (zc_fuzz_has_more(&input)) {
        zc_store_trial_operate();
    }
    zc_store_trial_stop();
    return 0;
}
