/* SPDX-License-Identifier: MPL-2.0 */
/* spy, peers, stats and config. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lib/client/client.h"
#include "tests/support/fake_node.h"

static zc_fake_node_t *node;
static zcache_t *cache;

static void begin(void) {
    node = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    cr_assert_eq(zcache_open(zc_fake_node_endpoint(node), &cache), ZCACHE_OK);
}

static void end(void) {
    zcache_close(&cache);
    zc_fake_node_stop(&node);
}

TestSuite(client_listing, .init = begin, .fini = end, .timeout = 60);

typedef struct seen {
    char text[256];
    unsigned count;
    unsigned most;
} seen_t;

static bool see(seen_t *seen, const char *text, size_t bytes) {
    size_t before = strlen(seen->text);
    snprintf(seen->text + before, sizeof(seen->text) - before, "%.*s", (int)bytes, text);
    return ++seen->count < seen->most;
}

static bool see_entry(void *context, const zcache_entry_t *entry) {
    cr_assert_eq(entry->age_ms, 7);
    cr_assert_eq(entry->hlc, 99);
    cr_assert_eq(entry->origin[0], 1);
    cr_assert_eq(entry->value_size, 1);
    seen_t *seen = context;
    cr_assert_eq(entry->ttl_ms, seen->count == 0 ? UINT64_MAX : 1000);
    return see(seen, entry->key, entry->key_size);
}

Test(client_listing, spy_goes_through_all_pages) {
    seen_t nothing = {.most = 100};
    cr_assert_eq(zcache_spy(cache, see_entry, &nothing), ZCACHE_OK);
    cr_assert_eq(nothing.count, 0);
    for (const char *key = "abcde"; *key != '\0'; key++) {
        cr_assert_eq(zcache_set(cache, key, 1, "v", 1, 0), ZCACHE_OK);
    }
    seen_t all = {.most = 100};
    cr_assert_eq(zcache_spy(cache, see_entry, &all), ZCACHE_OK);
    cr_assert_str_eq(all.text, "abcde");
    seen_t some = {.most = 2};
    cr_assert_eq(zcache_spy(cache, see_entry, &some), ZCACHE_OK);
    cr_assert_str_eq(some.text, "ab");
}

static bool see_peer(void *context, const zcache_peer_t *peer) {
    cr_assert_str_eq(peer->endpoint, "tcp://127.0.0.1:5000");
    cr_assert_str_eq(peer->region, "here");
    cr_assert_eq(peer->origin[1], 2);
    cr_assert_eq(peer->rtt_us, 5);
    cr_assert_eq(peer->lag_ms, 6);
    see(context, peer->name, strlen(peer->name));
    return see(context, peer->state, strlen(peer->state));
}

Test(client_listing, peers_are_shown_whole) {
    seen_t seen = {.most = 100};
    cr_assert_eq(zcache_peers(cache, see_peer, &seen), ZCACHE_OK);
    cr_assert_str_eq(seen.text, "oneselftwolive");
    seen_t one = {.most = 1};
    cr_assert_eq(zcache_peers(cache, see_peer, &one), ZCACHE_OK);
    cr_assert_str_eq(one.text, "oneself");
}

static bool see_stat(void *context, const char *name, const char *text, uint64_t number) {
    char line[100];
    snprintf(line, sizeof(line), "%s=%s/%d ", name, text == NULL ? "" : text, (int)number);
    return see(context, line, strlen(line));
}

Test(client_listing, stats_and_settings_are_texts_and_numbers) {
    seen_t stats = {.most = 100};
    cr_assert_eq(zcache_stats(cache, see_stat, &stats), ZCACHE_OK);
    cr_assert_str_eq(stats.text, "state=live/0 value_max=/1048576 ");
    seen_t config = {.most = 1};
    cr_assert_eq(zcache_config(cache, see_stat, &config), ZCACHE_OK);
    cr_assert_str_eq(config.text, "state=live/0 ");
}

Test(client_listing, what_is_no_listing_is_incompatible) {
    seen_t seen = {.most = 100};
    zc_fake_node_set_mode(node, ZC_FAKE_SHORT_RESULT);
    cr_assert_eq(zcache_spy(cache, see_entry, &seen), ZCACHE_INCOMPATIBLE);
    cr_assert_eq(zcache_peers(cache, see_peer, &seen), ZCACHE_INCOMPATIBLE);
    cr_assert_eq(zcache_stats(cache, see_stat, &seen), ZCACHE_INCOMPATIBLE);
    zc_fake_node_set_mode(node, ZC_FAKE_REFUSE);
    cr_assert_eq(zcache_spy(cache, see_entry, &seen), ZCACHE_BUSY);
    cr_assert_eq(zcache_config(cache, see_stat, &seen), ZCACHE_BUSY);
    cr_assert_eq(seen.count, 0);
}
