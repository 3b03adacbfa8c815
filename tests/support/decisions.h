/* SPDX-License-Identifier: MPL-2.0 */
/* What a replica decided, as text: one line for each effect, so that a test reads as a script of
 * expected decisions.
 *
 *     dial 0 tcp://10.0.0.2:5000        broadcast batch a=1 ghost
 *     to peer 0: sync_ask replace       notice joined n0 3
 *
 * HLCs, sessions and other numbers that are random are left out; long values are cut. */
#ifndef ZC_TESTS_SUPPORT_DECISIONS_H
#define ZC_TESTS_SUPPORT_DECISIONS_H

#include "lib/replica/replica.h"

typedef struct zc_decisions {
    char *text; /* lines, NUL-terminated */
    size_t bytes;
    size_t capacity;
} zc_decisions_t;

/* Zeroed: empty. */
void zc_decisions_fini(zc_decisions_t *decisions);

void zc_decisions_add(zc_decisions_t *decisions, const zc_effect_t *effect);

/* The lines so far, "" for none; borrowed until the next call. */
const char *zc_decisions_text(const zc_decisions_t *decisions);
void zc_decisions_clear(zc_decisions_t *decisions);

/* How many lines begin with `begin`. */
size_t zc_decisions_count(const zc_decisions_t *decisions, const char *begin);

const char *zc_message_name(zc_message_type_t type);

#endif
