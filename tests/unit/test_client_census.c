/* SPDX-License-Identifier: MPL-2.0 */
/* A census: which writes a member lacks of what all had, and the members of a real mesh. */
#include <criterion/criterion.h>

#include "lib/client/census.h"
#include "tests/support/fake_node.h"
#include "tests/support/nodes.h"
#include "tests/support/wait.h"

/* -- Vectors --------------------------------------------------------------- */

static zc_origin_t origin_of(char letter) {
    return (zc_origin_t){.bytes = {(uint8_t)letter}};
}

/* A member that has received 10..20 and 30..40 of b, and all up to 50 of d. */
static zc_census_member_t some_member(void) {
    static const zc_interval_t of_b[] = {{.after = 10, .upto = 20}, {.after = 30, .upto = 40}};
    static const zc_interval_t of_d[] = {{.after = 0, .upto = 50}};
    static zc_origin_intervals_t rows[2];
    rows[0] = (zc_origin_intervals_t){.origin = origin_of('b'), .intervals = of_b, .count = 2};
    rows[1] = (zc_origin_intervals_t){.origin = origin_of('d'), .intervals = of_d, .count = 1};
    return (zc_census_member_t){.digest = {.vector = {.origins = rows, .count = 2}}};
}

/* "0-10 20-25 ": what the member lacks of (after, upto] of an origin. */
static const char *lacked(char letter, zc_hlc_t after, zc_hlc_t upto) {
    static char text[100];
    const zc_census_member_t member = some_member();
    const zc_span_t span = {.origin = origin_of(letter),
                            .interval = {.after = after, .upto = upto}};
    zc_hlc_t at = 0;
    zc_interval_t part;
    size_t length = 0;
    text[0] = '\0';
    while (zc_census_lacks(&member, &span, &at, &part)) {
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%u-%u ",
                                   (unsigned)part.after, (unsigned)part.upto);
    }
    return text;
}

Test(client_census, a_member_lacks_what_is_not_in_its_intervals) {
    cr_assert_str_eq(lacked('b', 0, 50), "0-10 20-30 40-50 ");
    cr_assert_str_eq(lacked('b', 0, 5), "0-5 ");
    cr_assert_str_eq(lacked('b', 0, 15), "0-10 ");
    cr_assert_str_eq(lacked('b', 12, 20), "");
    cr_assert_str_eq(lacked('b', 15, 35), "20-30 ");
    cr_assert_str_eq(lacked('b', 20, 30), "20-30 ");
    cr_assert_str_eq(lacked('b', 45, 50), "45-50 ");
    cr_assert_str_eq(lacked('d', 0, 50), "");
    cr_assert_str_eq(lacked('d', 0, 51), "50-51 ");
    cr_assert_str_eq(lacked('a', 0, 7), "0-7 ", "nothing of it");
    cr_assert_str_eq(lacked('c', 3, 7), "3-7 ");
}

Test(client_census, a_write_is_covered_by_the_interval_that_it_ends_in) {
    const zc_census_member_t member = some_member();
    static const struct {
        zc_hlc_t hlc;
        bool covered;
    } cases[] = {{10, false}, {11, true}, {20, true}, {21, false}, {30, false}, {31, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const zc_stamp_t stamp = {.hlc = cases[i].hlc, .origin = origin_of('b')};
        cr_assert_eq(zc_census_covers(&member, &stamp), cases[i].covered, "%zu", i);
    }
}

Test(client_census, settled_is_who_answers_has_the_target_and_the_registers) {
    zc_span_t target = {.origin = origin_of('b'), .interval = {.after = 12, .upto = 20}};
    zc_census_t census = {.target = &target, .target_count = 1};
    zc_census_member_t member = some_member();
    cr_assert(zc_census_is_settled(&census, &member));
    target.interval.upto = 21;
    cr_assert_not(zc_census_is_settled(&census, &member));
    target.interval.upto = 20;
    census.clear = (zc_stamp_t){.hlc = 5};
    cr_assert_not(zc_census_is_settled(&census, &member));
    member.digest.registers.clear = (zc_stamp_t){.hlc = 5};
    cr_assert(zc_census_is_settled(&census, &member));
    census.settings = (zc_stamp_t){.hlc = 5};
    cr_assert_not(zc_census_is_settled(&census, &member));
    census.settings.hlc = 0;
    member.digest.joining = true;
    cr_assert_not(zc_census_is_settled(&census, &member));
    member.digest.joining = false;
    member.status = ZCACHE_TIMEOUT;
    cr_assert_not(zc_census_is_settled(&census, &member));
}

/* -- Nodes ----------------------------------------------------------------- */

static bool count(void *context, const zcache_peer_t *peer) {
    (void)peer;
    (*(size_t *)context)++;
    return true;
}

static bool is_alone(void *cache) {
    size_t members = 0;
    return zcache_peers(cache, count, &members) == ZCACHE_OK && members == 1;
}

Test(client_census, all_members_of_a_mesh_are_asked_and_the_target_is_what_any_has) {
    zcache_node_t *nodes[2] = {zc_nodes_join(NULL)};
    cr_assert_not_null(nodes[0]);
    nodes[1] = zc_nodes_join(zcache_node_endpoint(nodes[0]));
    cr_assert_not_null(nodes[1]);
    zcache_t *cache = zc_nodes_open(zcache_node_inproc_endpoint(nodes[0]));
    cr_assert(zc_nodes_wait_number(cache, "peers_live", 1));
    cr_assert_eq(zcache_set(cache, "key", 3, "value", 5, 0), ZCACHE_OK);
    zc_census_t census;
    cr_assert_eq(zc_census_take(cache, false, &census), ZCACHE_OK);
    cr_assert_eq(census.count, 2);
    cr_assert_str_eq(census.members[0].endpoint, zcache_node_endpoint(nodes[0]));
    cr_assert_str_eq(census.members[1].endpoint, zcache_node_endpoint(nodes[1]));
    cr_assert_eq(census.target_count, 1, "one node has written");
    cr_assert(zc_origin_equal(&census.target[0].origin, &census.members[0].origin));
    cr_assert(zc_census_is_settled(&census, &census.members[0]));
    cr_assert_str_eq(zc_census_name(&census, &census.members[1].origin), census.members[1].name);
    const zc_origin_t nobody = origin_of('x');
    cr_assert_str_eq(zc_census_name(&census, &nobody), "");
    zcache_node_stop(&nodes[1]);
    zc_census_ask(&census.members[1]);
    cr_assert_neq(census.members[1].status, ZCACHE_OK);
    cr_assert_not(zc_census_counts(&census.members[1]));
    cr_assert(zc_wait_for(is_alone, cache, ZC_NODES_PATIENCE_MS));
    cr_assert_eq(zc_census_drop_left(&census), ZCACHE_OK);
    cr_assert_eq(census.count, 1, "it has said goodbye");
    zc_census_fini(&census);
    zcache_close(&cache);
    zcache_node_stop(&nodes[0]);
}

Test(client_census, what_the_asked_node_says_is_returned) {
    zc_fake_node_t *fake = zc_fake_node_start(NULL, ZC_FAKE_ANSWER);
    zcache_t *cache = NULL;
    cr_assert_eq(zcache_open(zc_fake_node_endpoint(fake), &cache), ZCACHE_OK);
    zc_census_t census;
    cr_assert_eq(zc_census_take(cache, false, &census), ZCACHE_BUSY, "it knows no DIGEST");
    zc_fake_node_set_mode(fake, ZC_FAKE_SHORT_RESULT);
    cr_assert_eq(zc_census_take(cache, false, &census), ZCACHE_INCOMPATIBLE);
    zcache_close(&cache);
    zc_fake_node_stop(&fake);
}
