/* SPDX-License-Identifier: MPL-2.0 */
/* JSON, and its way to the bytes of a value and back.
 *
 * Bytes are a JSON string where they are UTF-8, else {"base64": "..."}. A msgpack value is the JSON
 * that says the same; one that is not whole msgpack is treated as bytes. */
#ifndef ZC_CLI_JSON_H
#define ZC_CLI_JSON_H

#include <jansson.h>
#include <stdio.h>

#include <zcache/client.h>

/* New references; NULL: no memory. */
json_t *zc_json_of_bytes(const void *data, size_t size);
json_t *zc_json_of_value(const void *data, size_t size, zcache_type type);
json_t *zc_json_of_origin(const uint8_t origin[16]);
json_t *zc_json_of_uint(uint64_t number);
json_t *zc_json_of_ttl(uint64_t ttl_ms); /* UINT64_MAX: null */

/* The origin as 32 hexadecimal digits. */
enum { ZC_ORIGIN_TEXT_BYTES = 33 };
const char *zc_origin_text(const uint8_t origin[16], char text[ZC_ORIGIN_TEXT_BYTES]);

/* Bytes out of JSON: of a string, or of {"base64": "..."}. On success *data is the caller's, to be
 * freed. False: it is neither, or no memory. */
bool zc_json_take_bytes(const json_t *json, void **data, size_t *size);

/* Digits of numbers that are no integers: enough to read the same number back, or enough for
 * figures that were measured or are of milliseconds. */
typedef enum zc_digits { ZC_DIGITS_EXACT = 17, ZC_DIGITS_SHORT = 12 } zc_digits_t;

/* The JSON in one line, with all control characters escaped, so that it does nothing on a terminal.
 * The caller frees it; NULL: no memory. */
char *zc_json_text(const json_t *json, zc_digits_t digits);

/* Takes the reference, writes it to standard output without line breaks inside, and a line end
 * behind. False: no memory, or nobody reads any more. */
bool zc_json_print(json_t *json, zc_digits_t digits);

/* Takes the reference and writes it as one item of an array that begins with the first item, and
 * ends with zc_json_array_end. */
typedef struct zc_json_array {
    size_t count;
} zc_json_array_t;
bool zc_json_array_add(zc_json_array_t *array, json_t *item, zc_digits_t digits);
void zc_json_array_end(zc_json_array_t *array);

#endif
