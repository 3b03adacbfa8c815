/* SPDX-License-Identifier: MPL-2.0 */
/* Comparing key by key, at real nodes that know nothing of each other: all that one holds the other
 * lacks, until the census says that it has received it. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/client/differ.h"
#include "tests/support/nodes.h"
#include "tests/support/wait.h"

enum { KEYS = 5000 }; /* more than a page, and more than one look takes */

static zcache_node_t *nodes[2];
static zcache_t *caches[2];
static zc_census_member_t members[2];
static zc_census_t census;
static zc_differ_t differ;

static void begin(void) {
    for (size_t i = 0; i < 2; i++) {
        nodes[i] = zc_nodes_join(NULL);
        cr_assert_not_null(nodes[i]);
        caches[i] = zc_nodes_open(zcache_node_endpoint(nodes[i]));
        members[i] = (zc_census_member_t){.cache = caches[i], .borrowed = true};
        snprintf(members[i].name, sizeof(members[i].name), "%c", i == 0 ? 'a' : 'b');
        snprintf(members[i].endpoint, sizeof(members[i].endpoint), "%s",
                 zcache_node_endpoint(nodes[i]));
        zc_wire_scratch_init(&members[i].scratch, zc_allocator_system());
    }
    census = (zc_census_t){.allocator = zc_allocator_system(), .members = members, .count = 2};
    zc_differ_init(&differ, &census);
}

static void end(void) {
    zc_differ_fini(&differ);
    for (size_t i = 0; i < 2; i++) {
        zc_wire_scratch_fini(&members[i].scratch);
        zcache_close(&caches[i]);
        zcache_node_stop(&nodes[i]);
    }
}

TestSuite(client_differ, .init = begin, .fini = end);

static void set(size_t node, const char *key) {
    cr_assert_eq(zcache_set(caches[node], key, strlen(key), "value", 5, 0), ZCACHE_OK);
}

static void set_many(size_t node) {
    zcache_t *local = zc_nodes_open(zcache_node_inproc_endpoint(nodes[node]));
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        int bytes = snprintf(key, sizeof(key), "%d", i);
        cr_assert_eq(zcache_set(local, key, (size_t)bytes, "value", 5, 0), ZCACHE_OK);
    }
    zcache_close(&local);
}

static void ask(void) {
    for (size_t i = 0; i < 2; i++) {
        zc_census_ask(&members[i]);
        cr_assert_eq(members[i].status, ZCACHE_OK);
    }
}

typedef struct shown {
    char text[400];
    size_t count;
    size_t most;
} shown_t;

static bool show(void *context, const zcache_finding_t *finding) {
    shown_t *shown = context;
    size_t length = strlen(shown->text);
    snprintf(shown->text + length, sizeof(shown->text) - length, "%s %s %.*s; ", finding->name,
             zcache_difference_word(finding->difference), (int)finding->key_size,
             (const char *)finding->key);
    cr_assert_str_eq(finding->from, members[strcmp(finding->name, "a") == 0].endpoint);
    cr_assert_eq(finding->after, finding->upto - 1);
    return ++shown->count < shown->most;
}

Test(client_differ, nodes_that_hold_the_same_are_not_looked_through) {
    ask();
    cr_assert_eq(zc_differ_find(&differ), ZCACHE_OK);
    cr_assert(differ.same && differ.suspect_count == 0 && differ.evicted == 0);
    cr_assert_eq(differ.row_capacity, 0);
}

Test(client_differ, what_the_other_has_not_received_is_missing_there) {
    set(0, "one");
    set(1, "two");
    ask();
    cr_assert_eq(zc_differ_find(&differ), ZCACHE_OK);
    cr_assert_not(differ.same);
    cr_assert_eq(differ.suspect_count, 2);
    shown_t shown = {.most = 10};
    bool going = true;
    cr_assert_eq(zc_differ_show(&differ, 10, show, &shown, &going), ZCACHE_OK);
    cr_assert(going && shown.count == 2);
    cr_assert_not_null(strstr(shown.text, "b missing one; "));
    cr_assert_not_null(strstr(shown.text, "a missing two; "));
}

Test(client_differ, many_keys_are_counted_and_as_many_shown_as_are_asked_for) {
    set_many(0);
    ask();
    cr_assert_eq(zc_differ_find(&differ), ZCACHE_OK);
    cr_assert_eq(differ.suspect_count, KEYS);
    shown_t shown = {.most = 100};
    bool going = true;
    cr_assert_eq(zc_differ_show(&differ, 7, show, &shown, &going), ZCACHE_OK);
    cr_assert(going && shown.count == 7);
    shown = (shown_t){.most = 3};
    cr_assert_eq(zc_differ_show(&differ, 7, show, &shown, &going), ZCACHE_OK);
    cr_assert(!going && shown.count == 3, "the visitor has had enough");
}

/* The clocks of the two know nothing of each other: what is written later at one may be a
 * millisecond older than what was first seen at the other. */
static bool newer_ones_clear(void *context) {
    (void)context;
    set(1, "one");
    set(0, "one");
    ask();
    return zc_differ_again(&differ) == ZCACHE_OK && differ.suspect_count == 0;
}

Test(client_differ, a_suspect_is_cleared_by_what_comes_later_and_not_suspected_again) {
    set(0, "one");
    ask();
    cr_assert_eq(zc_differ_find(&differ), ZCACHE_OK);
    cr_assert_eq(differ.suspect_count, 1);
    cr_assert_eq(zc_differ_again(&differ), ZCACHE_OK);
    cr_assert_eq(differ.suspect_count, 1, "nothing has changed");
    cr_assert(zc_wait_for(newer_ones_clear, NULL, ZC_NODES_PATIENCE_MS));
    cr_assert_eq(differ.suspect_count, 0, "the other has a newer one than was first seen");
}

Test(client_differ, a_member_that_stops_answering_is_left_out) {
    set(0, "one");
    ask();
    zcache_node_stop(&nodes[1]);
    zcache_set_timeout(caches[1], 200);
    cr_assert_eq(zc_differ_find(&differ), ZCACHE_OK);
    cr_assert_neq(members[1].status, ZCACHE_OK);
    cr_assert(differ.same && differ.suspect_count == 0, "there is nobody to differ from");
}
