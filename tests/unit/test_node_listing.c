/* SPDX-License-Identifier: MPL-2.0 */
/* What a node tells of itself. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/counters.h"
#include "lib/replica/message.h"
#include "tests/support/nodes.h"

static zcache_node_t *node;
static zcache_t *cache;

static void setup(void) {
    zcache_node_options_t options;
    zc_nodes_options(&options);
    options.name = "north";
    options.region = "attic";
    node = zc_nodes_start(&options);
    cr_assert_not_null(node);
    cache = zc_nodes_open(zcache_node_endpoint(node));
}

static void teardown(void) {
    zcache_close(&cache);
    zcache_node_stop(&node);
}

TestSuite(listing, .init = setup, .fini = teardown);

Test(listing, stats_have_every_counter_and_who_the_node_is) {
    static const char *const numbers[] = {
        "uptime_ms",         "peers_live", "entries",  "ghosts", "bytes",
        "expire_after_ms",   "max_memory", "max_size",
#define NAME(name, text) #name,
        ZC_COUNTER_MAP(NAME)
#undef NAME
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        cr_assert_neq(zc_nodes_number(cache, numbers[i]), UINT64_MAX, "%s", numbers[i]);
    }
    char text[256];
    zc_nodes_text(cache, "name", text);
    cr_assert_str_eq(text, "north");
    zc_nodes_text(cache, "region", text);
    cr_assert_str_eq(text, "attic");
    zc_nodes_text(cache, "endpoint", text);
    cr_assert_str_eq(text, zcache_node_endpoint(node));
    zc_nodes_text(cache, "state", text);
    cr_assert_str_eq(text, "live");
    zc_nodes_text(cache, "version", text);
    cr_assert_str_eq(text, ZCACHE_VERSION);
    zc_nodes_text(cache, "digest", text);
    cr_assert_str_eq(text, "0000000000000000");
    zc_nodes_text(cache, "origin", text);
    cr_assert_eq(strlen(text), 32);
}

Test(listing, counters_follow_what_is_done) {
    zcache_value_t value = ZCACHE_VALUE_INIT;
    cr_assert_eq(zcache_set(cache, "a", 1, "1", 1, 0), ZCACHE_OK);
    cr_assert_eq(zcache_set(cache, "b", 1, "1", 1, 0), ZCACHE_OK);
    cr_assert_eq(zcache_get(cache, "a", 1, &value), ZCACHE_OK);
    cr_assert_eq(zcache_get(cache, "c", 1, &value), ZCACHE_MISS);
    cr_assert_eq(zcache_delete(cache, "a", 1), ZCACHE_OK);
    cr_assert_eq(zc_nodes_number(cache, "sets"), 2);
    cr_assert_eq(zc_nodes_number(cache, "hits"), 1);
    cr_assert_eq(zc_nodes_number(cache, "misses"), 1);
    cr_assert_eq(zc_nodes_number(cache, "deletes"), 1);
    cr_assert_eq(zc_nodes_number(cache, "entries"), 1);
    cr_assert_eq(zc_nodes_number(cache, "ghosts"), 1);
    cr_assert(zc_nodes_number(cache, "requests") > 5);
    zcache_value_fini(&value);
}

static bool count_setting(void *context, const char *name, const char *text, uint64_t number) {
    size_t *count = context;
    cr_assert_eq(text, NULL);
    if (strcmp(name, "max_size") == 0) {
        cr_assert_eq(number, 10000);
    }
    (*count)++;
    return true;
}

Test(listing, config_has_every_setting) {
    size_t count = 0;
    size_t expected = 0;
#define COUNT(name, initial, least, most, unit) expected++;
    ZC_SETTING_MAP(COUNT)
#undef COUNT
    cr_assert_eq(zcache_config(cache, count_setting, &count), ZCACHE_OK);
    cr_assert_eq(count, expected);
}

Test(listing, settings_change_live_within_their_range) {
    cr_assert_eq(zcache_config_set(cache, "max_size", 77), ZCACHE_OK);
    cr_assert_eq(zc_nodes_number(cache, "max_size"), 77);
    cr_assert_eq(zcache_config_set(cache, "max_size", 0), ZCACHE_INVALID);
    cr_assert_eq(zcache_config_set(cache, "colour", 1), ZCACHE_INVALID);
    cr_assert_eq(zc_nodes_number(cache, "max_size"), 77);
}

typedef struct members {
    size_t count;
    char states[4][16];
    char names[4][256];
} members_t;

static bool take_peer(void *context, const zcache_peer_t *peer) {
    members_t *members = context;
    if (members->count < 4) {
        snprintf(members->states[members->count], 16, "%s", peer->state);
        snprintf(members->names[members->count], 256, "%s", peer->name);
    }
    members->count++;
    return true;
}

Test(listing, peers_begin_with_the_node_itself) {
    zcache_node_t *other = zc_nodes_join(zcache_node_endpoint(node));
    cr_assert_not_null(other);
    cr_assert(zc_nodes_wait_number(cache, "peers_live", 1));
    members_t members = {.count = 0};
    cr_assert_eq(zcache_peers(cache, take_peer, &members), ZCACHE_OK);
    cr_assert_eq(members.count, 2);
    cr_assert_str_eq(members.states[0], "self");
    cr_assert_str_eq(members.names[0], "north");
    cr_assert_str_eq(members.states[1], "live");
    cr_assert_str_eq(members.names[1], zcache_node_endpoint(other));
    zcache_node_stop(&other);
}

static bool take_entry(void *context, const zcache_entry_t *entry) {
    uint8_t *seen = context;
    char key[16];
    cr_assert(entry->key_size < sizeof(key));
    memcpy(key, entry->key, entry->key_size);
    key[entry->key_size] = '\0';
    seen[strtoul(key, NULL, 10)]++;
    return true;
}

Test(listing, spy_shows_every_entry_once_over_many_pages) {
    enum { ENTRIES = 5000 };
    static uint8_t seen[ENTRIES];
    zcache_t *local = zc_nodes_open(zcache_node_inproc_endpoint(node));
    for (unsigned i = 0; i < ENTRIES; i++) {
        char key[16];
        char value[100];
        size_t key_bytes = (size_t)snprintf(key, sizeof(key), "%u", i);
        memset(value, 'v', sizeof(value));
        cr_assert_eq(zcache_set(local, key, key_bytes, value, sizeof(value), 0), ZCACHE_OK);
    }
    cr_assert_eq(zcache_spy(cache, take_entry, seen), ZCACHE_OK);
    for (size_t i = 0; i < ENTRIES; i++) {
        cr_assert_eq(seen[i], 1, "%zu", i);
    }
    zcache_close(&local);
}

static bool stop_at_once(void *context, const zcache_entry_t *entry) {
    (void)entry;
    (*(int *)context)++;
    return false;
}

Test(listing, spies_that_stop_early_leave_room_for_others) {
    zcache_t *local = zc_nodes_open(zcache_node_inproc_endpoint(node));
    for (unsigned i = 0; i < 2000; i++) {
        cr_assert_eq(zcache_set(local, &i, sizeof(i), "v", 1, 0), ZCACHE_OK);
    }
    int shown = 0;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(zcache_spy(cache, stop_at_once, &shown), ZCACHE_OK);
    }
    cr_assert_eq(shown, 3);
    zcache_close(&local);
}
