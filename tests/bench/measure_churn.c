/* SPDX-License-Identifier: MPL-2.0 */
/* Whether memory that entries gave back is used again: an hour of sets of changing sizes, on
 * virtual time, and what is resident beside what is held.
 *
 *     measure_churn BYTES_OF_AN_ENTRY [TIMES]
 *
 * The store may hold 64 MiB. With every minute the usual size of values changes, so that it goes
 * from very many small entries to few large ones and back; TIMES makes all of them so many times as
 * large. Prints for every minute the bytes of keys and values that are held, how many entries that
 * are and what the process has grown by; and the most that were ever held, where each entry counts
 * for so many bytes beyond its key and value.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "lib/store/store.h"
#include "tests/bench/bench.h"

enum {
    MEMORY = 64 << 20,
    KEYS = 1 << 20,
    GHOSTS = 10000,
    MINUTES = 60,
    SECONDS_IN_A_MINUTE = 60,
    SETS_IN_A_SECOND = 5000,
    VALUE_BYTES_MAX = 8000,
    TIMES_MAX = 16,
};

typedef struct churn {
    zc_store_t *store;
    zc_origin_index_t origin;
    uint32_t bytes[KEYS]; /* of key and value; 0: it is not held */
    uint64_t payload;     /* of all of them */
    uint64_t entries;
    uint64_t beyond; /* bytes that an entry may take besides */
    uint64_t held_most;
    uint64_t random;
    uint64_t now_ms;
    zc_hlc_t hlc;
    char value[TIMES_MAX * VALUE_BYTES_MAX];
} churn_t;

static void note(void *context, zc_change_t change, const zc_store_item_t *item) {
    churn_t *churn = context;
    uint64_t number = 0;
    memcpy(&number, (const char *)item->key.data + sizeof(number), sizeof(number));
    churn->payload -= churn->bytes[number];
    churn->entries -= churn->bytes[number] > 0;
    churn->bytes[number] =
        change == ZC_CHANGE_SET ? (uint32_t)(item->key.bytes + item->value.bytes) : 0;
    churn->payload += churn->bytes[number];
    churn->entries += churn->bytes[number] > 0;
}

static void open_store(churn_t *churn) {
    const zc_store_options_t options = {
        .allocator = zc_allocator_system(),
        .seed = 1,
        .max_size = KEYS,
        .ghosts_max = GHOSTS,
        .max_memory = MEMORY,
        .touch_window_ms = 5000,
        .listener = note,
        .listener_context = churn,
    };
    const zc_origin_t origin = {.bytes = {1}};
    zc_bench_check(zc_store_new(&options, &churn->store), "store_new");
    zc_bench_check(zc_store_origin(churn->store, &origin, &churn->origin), "store_origin");
}

/* From half to twice the usual size. */
static size_t draw_bytes(churn_t *churn, size_t usual) {
    return usual / 2 + (size_t)(zc_bench_draw(&churn->random) % (usual + usual / 2));
}

static void set(churn_t *churn, size_t usual) {
    zc_bench_key_t key = zc_bench_key(zc_bench_draw(&churn->random) % KEYS);
    zc_store_item_t item = {
        .origin = churn->origin,
        .hlc = ++churn->hlc,
        .key = zc_slice(&key, sizeof(key)),
        .key_hash = zc_key_hash(zc_slice(&key, sizeof(key))),
        .value = zc_slice(churn->value, draw_bytes(churn, usual)),
        .used_ms = churn->now_ms,
    };
    zc_outcome_t outcome = ZC_OUTCOME_SAME;
    zc_bench_check(zc_store_apply(churn->store, &item, churn->now_ms, &outcome, NULL), "apply");
    zc_bench_require(outcome == ZC_OUTCOME_APPLIED, "a set was not applied");
}

static void pass_a_second(churn_t *churn, size_t usual, uint64_t sets) {
    churn->now_ms += 1000;
    for (uint64_t i = 0; i < sets; i++) {
        set(churn, usual);
    }
    uint64_t held = churn->payload + churn->entries * churn->beyond;
    churn->held_most = held > churn->held_most ? held : churn->held_most;
}

int main(int argc, char **argv) {
    static const size_t usual[] = {50, 3000, 120, 1000, 20, 4000, 300, 2000, 80, 600};
    zc_bench_require(argc == 2 || argc == 3, "usage: measure_churn BYTES_OF_AN_ENTRY [TIMES]");
    uint64_t times = argc == 3 ? zc_bench_number(argv[2]) : 1;
    zc_bench_require(times >= 1 && times <= TIMES_MAX, "TIMES is 1 to 16");
    churn_t *churn = malloc(sizeof(*churn));
    zc_bench_require(churn != NULL, "out of memory");
    explicit_bzero(churn,
                   sizeof(*churn)); /* it is resident from now on; no compiler leaves this out */
    churn->beyond = zc_bench_number(argv[1]);
    open_store(churn);
    uint64_t before = zc_bench_resident();
    printf("{\"minutes\": [");
    for (int minute = 0; minute < MINUTES; minute++) {
        for (int second = 0; second < SECONDS_IN_A_MINUTE; second++) {
            pass_a_second(churn, times * usual[(size_t)minute % (sizeof(usual) / sizeof(usual[0]))],
                          SETS_IN_A_SECOND / times);
        }
        printf("%s[%llu, %llu, %llu]", minute == 0 ? "" : ", ", (unsigned long long)churn->payload,
               (unsigned long long)churn->entries,
               (unsigned long long)(zc_bench_resident() - before));
    }
    printf("], \"held_most\": %llu}\n", (unsigned long long)churn->held_most);
    zc_store_destroy(&churn->store);
    free(churn);
    return 0;
}
