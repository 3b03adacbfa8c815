/* SPDX-License-Identifier: MPL-2.0 */
/* The texts of the statuses, from their table. */
#include <zcache/status.h>

const char *zcache_status_text(zcache_status status) {
    switch (status) {
#define STATUS_ROW(name, number, text)                                                             \
    case ZCACHE_##name:                                                                            \
        return text;
        ZCACHE_STATUS_MAP(STATUS_ROW)
#undef STATUS_ROW
    }
    return "a status that zcache does not have";
}
