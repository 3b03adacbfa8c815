/* SPDX-License-Identifier: MPL-2.0 */
/* Any subscriptions at a node's change stream, and changes between them: prefixes keep to their
 * limit, each event can be read by a watcher and has the number that its prefix has reached. */
#include <zcache/watch.h>

#include "lib/base/assert.h"
#include "node/watch.h"
#include "tests/support/fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_prefixes(const zc_prefixes_t *prefixes) {
    ZC_ASSERT(prefixes->count <= ZCACHE_WATCH_PREFIXES_MAX);
    for (size_t i = 0; i < prefixes->count; i++) {
        const zc_prefix_t *prefix = &prefixes->table[i];
        ZC_ASSERT(prefix->flavours != 0);
        ZC_ASSERT(prefix->bytes <= ZCACHE_WATCH_TOPIC_MAX);
        ZC_ASSERT(i == 0 || prefixes->table[i - 1].bytes <= prefix->bytes);
        ZC_ASSERT(zc_prefixes_find(prefixes, zc_slice(prefix->data, prefix->bytes)) == prefix);
    }
}

static void change(zc_watch_t *watch, zc_fuzz_input_t *input) {
    zc_effect_t effect = {.type = ZC_EFFECT_CHANGE};
    effect.change.change = (zc_change_t)zc_fuzz_below(input, ZC_CHANGE_DROP + 1);
    effect.change.stamp = (zc_stamp_t){.hlc = 1, .origin = {.bytes = {1}}};
    effect.change.ttl_ms = UINT64_MAX;
    effect.change.key = zc_fuzz_slice(input, 255);
    if (effect.change.key.bytes == 0) {
        effect.change.key = zc_slice("k", 1);
    }
    effect.change.value = zc_fuzz_slice(input, 16);
    zc_watch_change(watch, &effect);
}

static void subscription(zc_watch_t *watch, zc_fuzz_input_t *input, uint64_t now_us) {
    zc_slice_t bytes = zc_fuzz_slice(input, 255);
    zc_subscription_t parsed;
    bool ours = zc_subscription_parse(bytes, &parsed);
    uint64_t queued = watch->events_queued;
    bool wanted_before[2];
    bool wanted[2];
    zc_watch_wanted(watch, &wanted_before[0], &wanted_before[1]);
    bool changed = zc_watch_subscription(watch, bytes, now_us);
    zc_watch_wanted(watch, &wanted[0], &wanted[1]);
    ZC_ASSERT(!wanted[1] || wanted[0]);
    ZC_ASSERT(ours || !changed);
    ZC_ASSERT(changed || (wanted[0] == wanted_before[0] && wanted[1] == wanted_before[1]));
    ZC_ASSERT(watch->events_queued == queued + (ours && parsed.begins ? 1 : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    zc_fuzz_input_t input = {.at = data, .left = size};
    zc_ledger_t *ledger = zc_ledger_new();
    zc_origin_t origin = {.bytes = {1}};
    zc_watch_t watch;
    zc_watch_init(&watch, ledger, &origin);
    uint64_t now_us = 0;
    while (zc_fuzz_has_more(&input)) {
        if (zc_fuzz_below(&input, 4) == 0) {
            change(&watch, &input);
        } else {
            subscription(&watch, &input, now_us);
        }
        check_prefixes(&watch.prefixes);
        if (zc_fuzz_below(&input, 4) == 0) {
            zc_watch_send(zc_watch_take(&watch), NULL);
            now_us += ZC_WATCH_ENDING_US / 2;
            zc_watch_expire(&watch, now_us);
        }
    }
    ZC_ASSERT(watch.events_dropped == 0);
    zc_watch_fini(&watch);
    zc_ledger_release(ledger);
    return 0;
}
