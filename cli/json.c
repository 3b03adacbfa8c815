/* SPDX-License-Identifier: MPL-2.0 */
/* JSON for what zcache shows. Every output is valid JSON, whatever bytes a key or value has. */
#define _GNU_SOURCE
#include "cli/json.h"

#include <stdlib.h>
#include <string.h>

#include "cli/base64.h"
#include "cli/msgpack.h"
#include "cli/output.h"
#include "cli/utf8.h"

json_t *zc_json_of_bytes(const void *data, size_t size) {
    if (size == 0 || zc_utf8_valid(data, size)) {
        return json_stringn_nocheck(size == 0 ? "" : data, size);
    }
    char *text = zc_base64_encode(data, size);
    json_t *json = text == NULL ? NULL : json_pack("{s:s}", "base64", text);
    free(text);
    return json;
}

json_t *zc_json_of_value(const void *data, size_t size, zcache_type type) {
    json_t *json = type == ZCACHE_MSGPACK ? zc_msgpack_to_json(data, size) : NULL;
    return json != NULL ? json : zc_json_of_bytes(data, size);
}

const char *zc_origin_text(const uint8_t origin[16], char text[ZC_ORIGIN_TEXT_BYTES]) {
    for (size_t i = 0; i < 16; i++) {
        snprintf(text + 2 * i, 3, "%02x", origin[i]);
    }
    return text;
}

json_t *zc_json_of_origin(const uint8_t origin[16]) {
    char text[ZC_ORIGIN_TEXT_BYTES];
    return json_string(zc_origin_text(origin, text));
}

json_t *zc_json_of_uint(uint64_t number) {
    return number <= INT64_MAX ? json_integer((json_int_t)number) : json_real((double)number);
}

json_t *zc_json_of_ttl(uint64_t ttl_ms) {
    return ttl_ms == UINT64_MAX ? json_null() : zc_json_of_uint(ttl_ms);
}

bool zc_json_take_bytes(const json_t *json, void **data, size_t *size) {
    if (json_is_string(json)) {
        size_t length = json_string_length(json);
        char *copy = malloc(length + 1);
        if (copy != NULL) {
            memcpy(copy, json_string_value(json), length + 1);
            *data = copy;
            *size = length;
        }
        return copy != NULL;
    }
    const json_t *base64 = json_object_get(json, "base64");
    return json_object_size(json) == 1 && json_is_string(base64) &&
           zc_base64_decode(json_string_value(base64), json_string_length(base64), data, size);
}

/* The length of a control character above U+007E that the text begins with, and which; 0: none.
 * jansson writes them as they are, and terminals obey them; they stand in strings alone. */
static size_t take_control(const char *text, unsigned *control) {
    const uint8_t *bytes = (const uint8_t *)text;
    if (bytes[0] == 0x7f) {
        *control = bytes[0];
        return 1;
    }
    if (bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] <= 0x9f) {
        *control = bytes[1];
        return 2;
    }
    return 0;
}

char *zc_json_text(const json_t *json, zc_digits_t digits) {
    char *dumped = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(digits));
    char *text = NULL;
    size_t length = 0;
    FILE *stream = dumped == NULL ? NULL : open_memstream(&text, &length);
    if (stream == NULL) {
        free(dumped);
        return NULL;
    }
    for (const char *at = dumped; *at != '\0';) {
        unsigned control = 0;
        size_t taken = take_control(at, &control);
        if (taken > 0) {
            fprintf(stream, "\\u%04X", control);
        } else {
            fputc(*at, stream);
            taken = 1;
        }
        at += taken;
    }
    free(dumped);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static bool dump(json_t *json, zc_digits_t digits) {
    char *text = json == NULL ? NULL : zc_json_text(json, digits);
    bool done = text != NULL && fputs(text, stdout) >= 0;
    free(text);
    json_decref(json);
    return done;
}

bool zc_json_print(json_t *json, zc_digits_t digits) {
    bool done = dump(json, digits);
    fputc('\n', stdout);
    return done && !zc_output_broken();
}

bool zc_json_array_add(zc_json_array_t *array, json_t *item, zc_digits_t digits) {
    fputs(array->count == 0 ? "[" : ",\n ", stdout);
    array->count++;
    if (item == NULL) {
        fputs("null", stdout); /* no memory: the array stays valid, and the command fails */
    }
    return dump(item, digits) && !zc_output_broken();
}

void zc_json_array_end(zc_json_array_t *array) {
    fputs(array->count == 0 ? "[]\n" : "]\n", stdout);
}
