/* SPDX-License-Identifier: MPL-2.0 */
/* A small store for tests: writes by text, looks by text, and what its listener was told as one
 * line of text, "set a=1@5 evict b@3 ". */
#ifndef TESTS_SUPPORT_STORE_FIXTURE_H
#define TESTS_SUPPORT_STORE_FIXTURE_H

#include "lib/store/store.h"
#include "lib/store/walk.h"
#include "tests/support/failing_allocator.h"

enum { FIXTURE_LOG_BYTES = 65536, FIXTURE_TEXT_BYTES = 65536 };

/* Origins A to D are indexes 0 to 3, in the order of their ids. */
enum { A, B, C, D };

typedef struct zc_fixture {
    zc_failing_allocator_t failing;
    zc_store_options_t options; /* to be changed before fixture_start */
    zc_store_t *store;
    uint64_t now_ms;
    zc_store_item_t last; /* the item of fixture_put and fixture_ghost, to be sent again */
    bool was_held;
    char log[FIXTURE_LOG_BYTES];
    char text[FIXTURE_TEXT_BYTES];
} zc_fixture_t;

/* max_size 4, ghosts_max 4, nothing expires, every read is a touch; not started. */
void fixture_init(zc_fixture_t *fixture);
void fixture_start(zc_fixture_t *fixture);
/* Checks the store, destroys it, and that nothing was left behind. */
void fixture_stop(zc_fixture_t *fixture);

/* Both write at fixture->now_ms. */
zc_outcome_t fixture_put(zc_fixture_t *fixture, const char *key, const char *value,
                         zc_origin_index_t origin, zc_hlc_t hlc);
zc_outcome_t fixture_put_until(zc_fixture_t *fixture, const char *key, zc_hlc_t hlc,
                               uint64_t deadline_ms);
zc_outcome_t fixture_ghost(zc_fixture_t *fixture, const char *key, zc_origin_index_t origin,
                           zc_hlc_t hlc);

/* The value of a key as a read sees it, "" for a miss; without a trace. */
const char *fixture_peek(zc_fixture_t *fixture, const char *key);
/* The same by zc_store_read. */
const char *fixture_read(zc_fixture_t *fixture, const char *key);
bool fixture_is_ghost(zc_fixture_t *fixture, const char *key);
zc_store_stats_t fixture_stats(const zc_fixture_t *fixture);
/* Sweeps until there is no more to do. */
void fixture_sweep(zc_fixture_t *fixture);
/* "b a": the keys in a walk, coldest first. */
const char *fixture_keys(zc_fixture_t *fixture);
/* "5 7!": the HLCs in an origin's chain, oldest first, ghosts with a mark. */
const char *fixture_chain(zc_fixture_t *fixture, zc_origin_index_t origin);
/* What the listener was told since the last call. */
const char *fixture_log(zc_fixture_t *fixture);

uint64_t fixture_hash(const char *key);

/* Keys that differ in `number` alone and have all the same key hash: where eight bytes are those of
 * XXH3's secret, what they are multiplied with does not count. */
enum { FIXTURE_TWIN_BYTES = 32 };
void fixture_twin(unsigned number, char key[FIXTURE_TWIN_BYTES + 1]);
zc_origin_t fixture_origin(unsigned number);
zc_stamp_t fixture_stamp(zc_hlc_t hlc, unsigned number);

#endif
