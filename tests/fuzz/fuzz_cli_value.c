/* SPDX-License-Identifier: MPL-2.0 */
/* Any bytes as a value that the command shows: as JSON and as a field of a table, whatever its type
 * says; and what JSON makes of msgpack can be set again and shows the same. */
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/msgpack.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/utf8.h"
#include "lib/base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing that does something on a terminal. */
static void check_shown(char *text) {
    ZC_ASSERT(text != NULL);
    size_t bytes = strlen(text);
    for (size_t at = 0; at < bytes;) {
        size_t printable = zc_utf8_printable((const uint8_t *)text + at, bytes - at);
        ZC_ASSERT(printable > 0);
        at += printable;
    }
    free(text);
}

static void check_msgpack(const uint8_t *data, size_t size) {
    json_t *shown = zc_msgpack_to_json(data, size);
    ZC_ASSERT(shown == NULL || zc_msgpack_valid(data, size));
    if (shown == NULL) {
        return;
    }
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    if (zc_msgpack_of_json(shown, &packed)) {
        ZC_ASSERT(zc_msgpack_valid(packed.data, packed.size));
        json_t *again = zc_msgpack_to_json(packed.data, packed.size);
        ZC_ASSERT(again != NULL);
        char *first = json_dumps(shown, JSON_ENCODE_ANY | JSON_SORT_KEYS);
        char *second = json_dumps(again, JSON_ENCODE_ANY | JSON_SORT_KEYS);
        ZC_ASSERT(first != NULL);
        ZC_ASSERT(second != NULL);
        ZC_ASSERT(strcmp(first, second) == 0);
        free(first);
        free(second);
        json_decref(again);
    }
    msgpack_sbuffer_destroy(&packed);
    json_decref(shown);
}

/* Bytes are the same after JSON. */
static void check_bytes(const uint8_t *data, size_t size) {
    json_t *shown = zc_json_of_bytes(data, size);
    void *taken = NULL;
    size_t taken_size = 0;
    ZC_ASSERT(shown != NULL);
    ZC_ASSERT(json_is_string(shown) == zc_utf8_valid(data, size));
    ZC_ASSERT(zc_json_take_bytes(shown, &taken, &taken_size));
    ZC_ASSERT(taken_size == size);
    ZC_ASSERT(size == 0 || memcmp(taken, data, size) == 0);
    free(taken);
    json_decref(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_msgpack(data, size);
    check_bytes(data, size);
    check_shown(zc_text_of_value(data, size, ZCACHE_RAW, 0));
    check_shown(zc_text_of_value(data, size, ZCACHE_MSGPACK, 0));
    check_shown(zc_text_of_value(data, size, ZCACHE_MSGPACK, ZC_TEXT_SHORT));
    json_t *value = zc_json_of_value(data, size, ZCACHE_MSGPACK);
    ZC_ASSERT(value != NULL);
    json_decref(value);
    return 0;
}
