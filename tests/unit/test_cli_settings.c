/* SPDX-License-Identifier: MPL-2.0 */
/* Settings by the names and units of people. The ranges are those of the replica. */
#include "cli/settings.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <string.h>

#include "lib/replica/message.h"

Test(cli_settings, every_setting_of_the_mesh_is_known_with_its_range) {
#define CHECK_ROW(setting, initial, least_value, most_value, unit)                                 \
    do {                                                                                           \
        const zc_shown_setting_t *found = zc_shown_setting_find(#setting);                         \
        cr_assert_not_null(found, #setting);                                                       \
        cr_assert_str_eq(found->api_name, #setting);                                               \
        cr_assert_eq(found->least, (uint64_t)(least_value), #setting);                             \
        cr_assert_eq(found->most, (uint64_t)(most_value), #setting);                               \
        cr_assert_eq(zc_shown_setting_find(found->name), found);                                   \
    } while (false);
    ZC_SETTING_MAP(CHECK_ROW)
#undef CHECK_ROW
    cr_assert_null(zc_shown_setting_find("nonsense"));
}

Test(cli_settings, long_times_are_seconds_and_the_names_of_the_api_milliseconds,
     .init = cr_redirect_stderr) {
    const zc_shown_setting_t *setting = zc_shown_setting_find("expire_after");
    uint64_t number = 0;
    cr_assert_eq(zc_shown_setting_parse(setting, "expire_after", "0.5", &number), 0);
    cr_assert_eq(number, 500);
    cr_assert_eq(zc_shown_setting_parse(setting, "expire_after_ms", "7", &number), 0);
    cr_assert_eq(number, 7);
    cr_assert_eq(zc_shown_setting_parse(setting, "--expire-after", "x", &number), EINVAL);
    cr_assert_eq(zc_shown_setting_parse(setting, "expire_after_ms", "0.5", &number), EINVAL);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "zcache: --expire-after x: must be a number of seconds from 0 to 315360000; 0: never\n"
        "zcache: expire_after_ms 0.5: must be a number of milliseconds from 0 to 315360000000\n");
}

Test(cli_settings, lines_are_shown_by_the_names_of_people, .init = cr_redirect_stdout) {
    for (int json = 0; json < 2; json++) {
        zc_shown_t *shown = zc_shown_new(json == 1);
        cr_assert_not_null(shown);
        cr_assert(zc_shown_add(shown, "state", "live", 0));
        cr_assert(zc_shown_add(shown, "expire_after_ms", NULL, 1250));
        cr_assert(zc_shown_add(shown, "heartbeat_ms", NULL, 250));
        cr_assert(zc_shown_add(shown, "unknown", NULL, 5));
        cr_assert(zc_shown_print(shown));
        zc_shown_destroy(&shown);
    }
    fflush(stdout);
    cr_assert_stdout_eq_str("state\tlive\nexpire_after\t1.25\nheartbeat\t250\nunknown\t5\n"
                            "{\"state\":\"live\",\"expire_after\":1.25,\"heartbeat\":250,"
                            "\"unknown\":5}\n");
}
