/* SPDX-License-Identifier: MPL-2.0 */
/* The table of checks. */
#include "tests/sim/checks.h"

static const char *const texts[] = {
#define ZC_CHECK_TEXT(name, text) text,
    ZC_CHECK_MAP(ZC_CHECK_TEXT)
#undef ZC_CHECK_TEXT
};

const char *zc_check_text(zc_check_t check) {
    return texts[check];
}
