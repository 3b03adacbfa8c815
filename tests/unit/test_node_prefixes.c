/* SPDX-License-Identifier: MPL-2.0 */
/* Prefixes that are watched, and their numbers. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "node/prefixes.h"

static zc_prefixes_t prefixes;
static zc_event_number_t numbers[ZC_EVENT_NUMBERS_MAX];
static size_t number_count;

static void setup(void) {
    zc_prefixes_init(&prefixes);
}

static void teardown(void) {
    zc_prefixes_fini(&prefixes);
}

TestSuite(prefixes, .init = setup, .fini = teardown);

/* One subscription of "FLAVOURprefix". */
static zc_subscription_t subscription_of(const char *topic) {
    char bytes[3 + ZCACHE_WATCH_TOPIC_MAX];
    zc_subscription_t parsed;
    size_t topic_bytes = strlen(topic);
    snprintf(bytes, sizeof(bytes), "\1%s", topic);
    cr_assert(zc_subscription_parse(zc_slice(bytes, topic_bytes + 1), &parsed));
    parsed.topic.data = topic;
    parsed.prefix.data = topic + 1;
    return parsed;
}

static void add(const char *topic) {
    zc_subscription_t subscription = subscription_of(topic);
    cr_assert_eq(zc_prefixes_add(&prefixes, &subscription), ZCACHE_OK);
}

static void drop(const char *topic) {
    zc_subscription_t subscription = subscription_of(topic);
    zc_prefixes_end(&prefixes, &subscription, 30);
    zc_prefixes_expire(&prefixes, 30);
}

static unsigned count(const char *key) {
    return zc_prefixes_count(&prefixes, zc_slice_text(key), numbers, &number_count);
}

Test(prefixes, subscription_has_flavour_and_prefix) {
    zc_subscription_t subscription;
    cr_assert(zc_subscription_parse(zc_slice("\1kab", 4), &subscription));
    cr_assert(subscription.begins);
    cr_assert_eq(subscription.flavour, ZC_FLAVOUR_KEYS);
    cr_assert(zc_slice_equal(subscription.prefix, zc_slice_text("ab")));
    cr_assert(zc_slice_equal(subscription.topic, zc_slice_text("kab")));
    cr_assert(zc_subscription_parse(zc_slice("\0v", 2), &subscription));
    cr_assert_not(subscription.begins);
    cr_assert_eq(subscription.flavour, ZC_FLAVOUR_VALUES);
    cr_assert_eq(subscription.prefix.bytes, 0);
}

Test(prefixes, garbage_is_no_subscription) {
    static const char *const garbage[] = {"", "\1", "\2k", "\1x", "k", "hello"};
    zc_subscription_t subscription;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        cr_assert_not(zc_subscription_parse(zc_slice_text(garbage[i]), &subscription));
    }
    char longer[3 + ZCACHE_WATCH_TOPIC_MAX] = "\1k";
    cr_assert(zc_subscription_parse(zc_slice(longer, sizeof(longer) - 1), &subscription));
    cr_assert_not(zc_subscription_parse(zc_slice(longer, sizeof(longer)), &subscription));
    cr_assert_not(zc_subscription_parse(zc_slice(NULL, 0), &subscription));
}

Test(prefixes, event_counts_for_every_prefix_that_it_matches) {
    add("kab");
    add("k");
    add("vabc");
    add("kx");
    cr_assert_eq(count("abcd"), ZC_FLAVOUR_KEYS | ZC_FLAVOUR_VALUES);
    cr_assert_eq(number_count, 3);
    cr_assert(numbers[0].prefix_bytes == 0 && numbers[0].number == 1);
    cr_assert(numbers[1].prefix_bytes == 2 && numbers[1].number == 1);
    cr_assert(numbers[2].prefix_bytes == 3 && numbers[2].number == 1);
    cr_assert_eq(count("ab"), ZC_FLAVOUR_KEYS);
    cr_assert_eq(number_count, 2);
    cr_assert(numbers[0].number == 2 && numbers[1].number == 2);
    cr_assert_eq(count("x"), ZC_FLAVOUR_KEYS);
    cr_assert(numbers[0].number == 3 && numbers[1].prefix_bytes == 1 && numbers[1].number == 1);
}

Test(prefixes, key_that_nobody_watches_is_sent_to_nobody) {
    cr_assert_eq(count("a"), 0);
    add("kb");
    cr_assert_eq(count("a"), 0);
    cr_assert_eq(number_count, 0);
}

Test(prefixes, both_flavours_share_one_count) {
    add("ka");
    add("va");
    cr_assert_eq(prefixes.count, 1);
    cr_assert_eq(count("a"), ZC_FLAVOUR_KEYS | ZC_FLAVOUR_VALUES);
    drop("ka");
    cr_assert_eq(count("a"), ZC_FLAVOUR_VALUES);
    cr_assert_eq(numbers[0].number, 2);
}

Test(prefixes, prefix_that_nobody_watches_any_more_loses_its_count) {
    add("ka");
    count("a");
    drop("ka");
    cr_assert_eq(prefixes.count, 0);
    cr_assert_eq(zc_prefixes_flavours(&prefixes), 0);
    add("ka");
    cr_assert_eq(zc_prefixes_find(&prefixes, zc_slice_text("a"))->number, 0);
    drop("kb");
    cr_assert_eq(prefixes.count, 1);
}

Test(prefixes, table_ends_at_its_limit) {
    char topic[16];
    for (int i = 0; i < ZCACHE_WATCH_PREFIXES_MAX; i++) {
        snprintf(topic, sizeof(topic), "k%d", i);
        add(topic);
    }
    zc_subscription_t further = subscription_of("kone too many");
    cr_assert_eq(zc_prefixes_add(&prefixes, &further), ZCACHE_BUSY);
    cr_assert_eq(zc_prefixes_find(&prefixes, further.prefix), NULL);
    add("v17");
    drop("k999");
    cr_assert_eq(zc_prefixes_add(&prefixes, &further), ZCACHE_OK);
}

Test(prefixes, one_key_may_match_a_prefix_of_every_length) {
    char topic[2 + ZCACHE_WATCH_TOPIC_MAX];
    char key[ZCACHE_WATCH_TOPIC_MAX + 1];
    memset(key, 'a', sizeof(key));
    for (size_t i = ZCACHE_WATCH_TOPIC_MAX + 1; i > 0; i--) {
        snprintf(topic, sizeof(topic), "k%.*s", (int)(i - 1), key);
        add(topic);
    }
    zc_prefixes_count(&prefixes, zc_slice(key, sizeof(key)), numbers, &number_count);
    cr_assert_eq(number_count, ZC_EVENT_NUMBERS_MAX);
    for (uint32_t i = 0; i < ZC_EVENT_NUMBERS_MAX; i++) {
        cr_assert_eq(numbers[i].prefix_bytes, i);
    }
}

Test(prefixes, what_ends_stays_for_a_while_and_for_good_if_it_is_repeated) {
    zc_subscription_t subscription = subscription_of("kab");
    add("kab");
    cr_assert_eq(count("abc"), ZC_FLAVOUR_KEYS);
    zc_prefixes_end(&prefixes, &subscription, 30);
    zc_prefixes_expire(&prefixes, 29);
    cr_assert_eq(count("abc"), ZC_FLAVOUR_KEYS);
    add("kab");
    zc_prefixes_expire(&prefixes, 100);
    cr_assert_eq(count("abc"), ZC_FLAVOUR_KEYS);
    cr_assert_eq(numbers[0].number, 3, "nothing was counted anew");
}

Test(prefixes, end_of_one_flavour_leaves_the_other) {
    add("kab");
    add("vab");
    drop("kab");
    cr_assert_eq(count("abc"), ZC_FLAVOUR_VALUES);
}

Test(prefixes, at_the_limit_the_one_goes_that_ends_next) {
    char topic[16];
    for (int i = 0; i < ZCACHE_WATCH_PREFIXES_MAX; i++) {
        snprintf(topic, sizeof(topic), "k%d", i);
        add(topic);
    }
    zc_subscription_t more = subscription_of("kmore");
    cr_assert_eq(zc_prefixes_add(&prefixes, &more), ZCACHE_BUSY);
    zc_subscription_t ending = subscription_of("k9");
    zc_prefixes_end(&prefixes, &ending, 31);
    ending = subscription_of("k7");
    zc_prefixes_end(&prefixes, &ending, 30);
    cr_assert_eq(zc_prefixes_add(&prefixes, &more), ZCACHE_OK);
    cr_assert_null(zc_prefixes_find(&prefixes, zc_slice_text("7")));
    cr_assert_not_null(zc_prefixes_find(&prefixes, zc_slice_text("9")));
}
