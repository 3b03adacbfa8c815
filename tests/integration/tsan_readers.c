/* SPDX-License-Identifier: MPL-2.0 */
/* Readers without a lock beside the one writer, for ThreadSanitizer: see readers_trial.h. */
#include <stdio.h>

#include "tests/support/readers_trial.h"

enum { READERS = 4, WRITES = 30000, TRIALS = 2 };

int main(void) {
    uint64_t hits = 0;
    for (uint64_t seed = 1; seed <= TRIALS; seed++) {
        hits += zc_readers_trial(READERS, WRITES, seed);
    }
    printf("%d writes beside %d readers, %llu hits\n", TRIALS * WRITES, (int)READERS,
           (unsigned long long)hits);
    return hits > 0 ? 0 : 1;
}
