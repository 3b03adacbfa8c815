/* SPDX-License-Identifier: MPL-2.0 */
/* Texts for tables and lines: never more than one line, whatever the bytes are. */
#include "cli/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/msgpack.h"
#include "cli/output.h"

char *zc_text_of_value(const void *data, size_t size, zcache_type type, size_t most) {
    json_t *json = type == ZCACHE_MSGPACK ? zc_msgpack_to_json(data, size) : NULL;
    if (json == NULL) {
        return zc_output_escaped(data, size, most);
    }
    char *dumped = zc_json_text(json, ZC_DIGITS_EXACT);
    json_decref(json);
    if (dumped == NULL || most == 0) {
        return dumped; /* JSON is one line as it is */
    }
    char *cut = zc_output_escaped(dumped, strlen(dumped), most);
    free(dumped);
    return cut;
}

const char *zc_text_of_ms(uint64_t ms, bool people, char text[ZC_DURATION_BYTES]) {
    if (ms == UINT64_MAX) {
        return "-";
    }
    if (!people) {
        snprintf(text, ZC_DURATION_BYTES, "%" PRIu64, ms);
    } else if (ms < 1000) {
        snprintf(text, ZC_DURATION_BYTES, "%" PRIu64 " ms", ms);
    } else if (ms < 600000) {
        snprintf(text, ZC_DURATION_BYTES, "%.1f s", (double)ms / 1000);
    } else {
        snprintf(text, ZC_DURATION_BYTES, "%.1f h", (double)ms / 3600000);
    }
    return text;
}
