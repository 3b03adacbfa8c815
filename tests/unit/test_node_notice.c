/* SPDX-License-Identifier: MPL-2.0 */
/* Notices in words. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <zcache/limits.h>

#include "node/notice.h"

static zc_effect_t notice_of(zc_notice_t notice, const char *name, const char *endpoint) {
    zc_effect_t effect = {.type = ZC_EFFECT_NOTICE};
    effect.notice.notice = notice;
    effect.notice.name = zc_slice_text(name);
    effect.notice.endpoint = zc_slice_text(endpoint);
    return effect;
}

Test(notice, joining_tells_where_and_how_much) {
    char line[ZC_NOTICE_BYTES];
    zc_effect_t effect = notice_of(ZC_NOTICE_JOINED, "", "tcp://127.0.0.1:5000");
    effect.notice.number = 847;
    zc_notice_text(&effect, line);
    cr_assert_str_eq(line, "joined the mesh at tcp://127.0.0.1:5000, 847 entries");
}

Test(notice, adopting_tells_both_values) {
    char line[ZC_NOTICE_BYTES];
    zc_effect_t effect = notice_of(ZC_NOTICE_ADOPTED, "max_size", "");
    effect.notice.number = 100000;
    effect.notice.own = 1000;
    zc_notice_text(&effect, line);
    cr_assert_str_eq(line, "max_size is 1000 here, the mesh has 100000: taken over");
}

Test(notice, peer_without_a_name_of_its_own_is_named_once) {
    char line[ZC_NOTICE_BYTES];
    zc_effect_t effect =
        notice_of(ZC_NOTICE_PEER_LEFT, "tcp://127.0.0.1:5000", "tcp://127.0.0.1:5000");
    zc_notice_text(&effect, line);
    cr_assert_str_eq(line, "peer tcp://127.0.0.1:5000 said goodbye");
    effect = notice_of(ZC_NOTICE_PEER_LEFT, "north", "tcp://127.0.0.1:5000");
    zc_notice_text(&effect, line);
    cr_assert_str_eq(line, "peer north (tcp://127.0.0.1:5000) said goodbye");
}

Test(notice, every_notice_is_one_line_that_fits) {
    char name[2 * ZCACHE_NAME_BYTES_MAX];
    char line[ZC_NOTICE_BYTES];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int i = ZC_NOTICE_PEER_LIVE; i <= ZC_NOTICE_FAULT; i++) {
        zc_effect_t effect = notice_of((zc_notice_t)i, name, "tcp://127.0.0.1:5000");
        memset(line, 0xff, sizeof(line));
        zc_notice_text(&effect, line);
        cr_assert(memchr(line, '\0', sizeof(line)) != NULL);
        cr_assert(strlen(line) > 20);
        cr_assert_eq(strchr(line, '\n'), NULL);
    }
}

enum { ALL_BYTES = 1024 };

static void collect(void *context, const char *line) {
    char *all = context;
    size_t bytes = strlen(all);
    snprintf(all + bytes, ALL_BYTES - bytes, "%s|", line);
}

Test(notice, lines_wait_until_they_are_flushed) {
    char all[ALL_BYTES] = "";
    zc_log_t log;
    zc_effect_t effect = notice_of(ZC_NOTICE_PEER_LEFT, "a", "");
    zc_log_init(&log, collect, all);
    zc_log_notice(&log, &effect);
    zc_log_notice(&log, &effect);
    cr_assert_str_eq(all, "");
    zc_log_flush(&log);
    cr_assert_str_eq(all, "peer a said goodbye|peer a said goodbye|");
    zc_log_flush(&log);
    cr_assert_str_eq(all, "peer a said goodbye|peer a said goodbye|");
    zc_log_fini(&log);
}

Test(notice, nobody_to_tell_is_no_fault) {
    zc_log_t log;
    zc_effect_t effect = notice_of(ZC_NOTICE_FAULT, "", "");
    zc_log_init(&log, NULL, NULL);
    zc_log_notice(&log, &effect);
    zc_log_flush(&log);
    cr_assert_eq(log.lines.bytes, 0);
    zc_log_fini(&log);
}
