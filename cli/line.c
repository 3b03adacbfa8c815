/* SPDX-License-Identifier: MPL-2.0 */
/* A line of JSON as a key, a value and a ttl. A string is kept as its bytes, and so are the bytes
 * of
 * {"base64": "..."}; whatever else JSON has is kept as msgpack. */
#include "cli/line.h"

#include <stdlib.h>
#include <string.h>

#include <zcache/limits.h>

#include "cli/json.h"
#include "cli/msgpack.h"

static bool refuse(char error[ZC_LINE_ERROR_BYTES], const char *text) {
    snprintf(error, ZC_LINE_ERROR_BYTES, "%s", text);
    return false;
}

static bool take_value(json_t *json, zc_line_t *line) {
    if (zc_json_take_bytes(json, &line->value, &line->value_size)) {
        line->type = ZCACHE_RAW;
        return true;
    }
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    bool done = zc_msgpack_of_json(json, &packed);
    if (done) {
        line->type = ZCACHE_MSGPACK;
        line->value_size = packed.size;
        line->value = msgpack_sbuffer_release(&packed);
    }
    msgpack_sbuffer_destroy(&packed);
    return done;
}

/* Seconds, with fractions; null and nothing are no ttl. */
static bool take_ttl(const json_t *json, zc_line_t *line) {
    if (json == NULL || json_is_null(json)) {
        line->ttl_ms = 0;
        return true;
    }
    double seconds = json_number_value(json);
    if (!json_is_number(json) || !(seconds >= 0.001 && seconds <= ZCACHE_TTL_MAX_SECONDS)) {
        return false;
    }
    line->ttl_ms = (uint64_t)(seconds * 1000 + 0.5);
    return true;
}

static bool take_members(const json_t *json, zc_line_t *line, char error[ZC_LINE_ERROR_BYTES]) {
    const json_t *key = json_object_get(json, "key");
    json_t *value = json_object_get(json, "value");
    const json_t *ttl = json_object_get(json, "ttl");
    if (!json_is_object(json) || key == NULL || value == NULL) {
        return refuse(error, "must be an object with \"key\" and \"value\"");
    }
    if (!zc_json_take_bytes(key, &line->key, &line->key_size)) {
        return refuse(error, "\"key\" must be a string, or {\"base64\": \"...\"}");
    }
    if (!take_ttl(ttl, line)) {
        char *text = json_dumps(ttl, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
        snprintf(error, ZC_LINE_ERROR_BYTES,
                 "\"ttl\" %.60s: must be a number of seconds from 0.001 to %d",
                 text == NULL ? "" : text, ZCACHE_TTL_MAX_SECONDS);
        free(text);
        return false;
    }
    if (!take_value(value, line)) {
        snprintf(error, ZC_LINE_ERROR_BYTES, "\"value\" is nested deeper than %d levels",
                 ZC_MSGPACK_DEPTH_MAX);
        return false;
    }
    return true;
}

bool zc_line_parse(const char *text, size_t size, zc_line_t *line,
                   char error[ZC_LINE_ERROR_BYTES]) {
    json_error_t wrong;
    json_t *json = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &wrong);
    if (json == NULL) {
        snprintf(error, ZC_LINE_ERROR_BYTES, "not JSON: %s at column %d", wrong.text, wrong.column);
        return false;
    }
    zc_line_t found = {.key = NULL};
    bool done = take_members(json, &found, error);
    json_decref(json);
    if (!done) {
        zc_line_fini(&found);
        return false;
    }
    *line = found;
    return true;
}

void zc_line_fini(zc_line_t *line) {
    free(line->key);
    free(line->value);
    *line = (zc_line_t){.key = NULL};
}
